"""What `springback review` does: the quarterly document, and signing what it proposes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from springback.cluster import Workers, workers_at
from springback.errors import InputError, MissingData
from springback.review import review_page
from springback.review.document import Review, quarter_from
from springback.review.governance import shown as setting
from springback.verbs.console import Console, table
from springback.workflow import places, versions
from springback.workflow import review as workflow
from springback.workflow.forecasts import Choice
from springback.workflow.inputs import Inputs
from springback.workflow.recorder import Recorder
from springback.workflow.review import JSON, PAGE, Ground
from springback.workflow.settings import Settings, choose
from springback.workflow.trade_status import account_folder

__all__ = ["Choice", "Console", "Ground", "Inputs", "Recorder", "choose", "places", "workers_at"]


@dataclass(frozen=True)
class Work:
    """Who does the backtests of the thresholds, and who writes them into the ledger."""

    workers: Workers
    recorder: Recorder


def desk(place: Path | None) -> Path:
    """The folder of the account that `place` means, or of the usual desk, which need not be there.

    Raises `MissingData` where one that is named is none, or has several.
    """
    found = account_folder(Path("desk") if place is None else place, choose())
    if place is not None and not workflow.sessions_of(found):
        raise MissingData(f"{place} holds no decision yet: name the folder of an account, or leave --desk out")
    return found


def quarter(desk: Path, name: str | None) -> str:
    """The quarter that `name` writes, or the usual one of the account in `desk`. Raises `InputError`."""
    return str(quarter_from(name) if name else workflow.usual_quarter(workflow.sessions_of(desk), datetime.now(UTC).date()))


def review(console: Console, settings: Settings, ground: Ground, name: str, out: Path, work: Work) -> None:
    """Builds the review of the quarter `name`, writes it into `out` and says where it stands."""
    document = workflow.review(settings, ground, name, work.workers, work.recorder, console)
    console.payload["review"] = workflow.write(document, out)
    console.payload["page"] = str(out / PAGE)
    _say(console, document)
    console.say(f"page: {out / PAGE}")


def _say(console: Console, document: Review) -> None:
    for flag in document.flags:
        console.say(flag)
    console.say(f"{review_page.title(document)}.")
    shown = table("", "", "", "")
    shown.columns[1].justify = shown.columns[2].justify = "left"
    shown.columns[2].no_wrap = False
    for number, section in enumerate(document.sections, start=1):
        shown.add_row(f"{number}. {section.title}", section.state, "; ".join(one.words for one in section.absent))
    console.show(shown)
    for trigger in document.triggers:
        if trigger.fired:
            console.say(f"  asks for an extra review: {trigger.words}")
    for one in document.proposals:
        console.say(f"  proposed: {one.knob} from {setting(one.current)} to {setting(one.value)}: {one.why}")
    if not document.proposals:
        console.say("  nothing is proposed")


def sign(console: Console, out: Path, by: str | None, only: tuple[str, ...]) -> None:
    """Signs what the review in `out` proposes. Raises `InputError`, `SettingsError`."""
    if by is None:
        raise InputError("--apply needs --by WHO: a version of the settings is signed by a person")
    signed = versions.sign(versions.asked(out / JSON, only), by)
    console.payload["settings_version"] = {
        "number": signed.number,
        "file": str(signed.file),
        "by": signed.by,
        "changed": list(signed.changed),
    }
    changed = ", ".join(signed.changed) or "nothing: the settings as they were"
    console.say(f"settings version {signed.number}, signed by {signed.by}: {signed.file}; it changes {changed}")


def alone(options: Mapping[str, Any]) -> None:
    """Refuses beside `--apply` what a review is built with: what was written is signed. Raises `InputError`."""
    names = {"sets": "set"}
    for name, value in options.items():
        if value:
            raise InputError(
                f"--{names.get(name, name).replace('_', '-')} goes with the review itself: --apply signs the one that was written"
            )


def unsigned(by: str | None, only: list[str] | None) -> None:
    """Refuses what goes with `--apply` alone. Raises `InputError`."""
    for name, value in (("--by", by), ("--only", only)):
        if value:
            raise InputError(f"{name} goes with --apply: without it nothing is signed")
