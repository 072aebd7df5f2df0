"""What `springback attribution` and `springback paper` say."""

from datetime import UTC, datetime
from pathlib import Path

from springback.errors import MissingData
from springback.operation.attribution_page import NAMES, flags, money, title
from springback.verbs.console import Console, table
from springback.workflow.attribution import attribution as attributed
from springback.workflow.attribution import write_page
from springback.workflow.evening import LiveAccount
from springback.workflow.paper import accounts, progress_of
from springback.workflow.settings import Settings, choose

__all__ = ["attribution", "choose", "paper"]


def attribution(console: Console, account: LiveAccount, session: str, out: Path | None) -> bool:
    """Brings the chains up and tells them; whether every session is explained to the cent."""
    study = attributed(account, datetime.now(UTC), session, console)
    console.payload |= study.plain()
    for flag in flags(study):
        console.say(flag)
    console.say(f"{title(study)}. {study.shadow.sentence}")
    if study.days:
        shown = table("", "world", "dollars")
        for name, value in study.terms.items():
            shown.add_row(NAMES[name][0].lower(), money(value))
        shown.add_row("account", money(study.change))
        shown.add_row("not explained", money(study.residual))
        console.show(shown)
    if out is not None:
        write_page(study, out)
        console.payload["page"] = str(out)
        console.say(f"page: {out}")
    return all(one.state != "unreconciled" for one in study.days)


def paper(console: Console, desk: Path, settings: Settings) -> bool:
    """How far every account of the desk is on paper; whether one has passed. Raises `MissingData` where there is none."""
    found = {one.name: progress_of(one, settings) for one in accounts(desk)}
    if not found:
        raise MissingData(f"{desk} holds no account at a broker: 'springback trade decide' begins one, or name the folder with --desk")
    console.payload["accounts"] = [
        {
            "account": name,
            "sessions": one.sessions,
            "fills": one.fills,
            "passed": one.passed,
            "began": one.began,
            "rehearsed": one.rehearsed,
            "since": None if one.since is None else str(one.since),
        }
        for name, one in found.items()
    ]
    console.payload["needed"] = {"sessions": settings.paper.sessions, "fills": settings.paper.fills}
    shown = table("", "account", "sessions", "fills", "since")
    for name, one in found.items():
        sessions, fills = f"{one.sessions} of {one.rules.sessions}", f"{one.fills} of {one.rules.fills}"
        shown.add_row(name, sessions, fills, "" if one.since is None else str(one.since))
    console.show(shown)
    best = max(found.values(), key=lambda one: (one.passed, one.sessions))
    console.say(str(best.sentence))
    return best.passed
