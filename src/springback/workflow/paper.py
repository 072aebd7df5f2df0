"""How far the accounts of a desk are on paper, and whether real money may be traded."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from springback import __version__
from springback.data.hours import between, following
from springback.state.state import State
from springback.state.trading_rows import Attribution, Reconciliation, Snapshot, Step
from springback.trading.order_journal import OrderJournal
from springback.trading.paper_gate import Gate, PaperDay, PaperProgress, Venue, gate, paper_progress
from springback.workflow.champion_verdict import ChampionVerdict
from springback.workflow.order_journal import journal_of
from springback.workflow.settings import Settings
from springback.workflow.state_place import FILE, open_state, place

UNKNOWN = Venue("", "", "0")
"""Of a session that no reconciliation tells of."""


def accounts(desk: Path) -> tuple[Path, ...]:
    """The folders under `desk` of accounts at a broker, alphabetical."""
    found = sorted(one for one in desk.iterdir() if one.is_dir()) if desk.is_dir() else []
    return tuple(one for one in found if (one / FILE).exists() or "://" in place(one))


def paper_days(state: State, account: str, journal: OrderJournal, closed: Sequence[str] = ()) -> tuple[PaperDay, ...]:
    """The sessions of the account that its reconciliations tell of, ascending."""
    by_session: dict[date, list[Reconciliation]] = {}
    for one in state.kept(account, Reconciliation):
        by_session.setdefault(one.session, []).append(one)
    finals = {one.session: one for one in state.kept(account, Attribution)}
    fills: dict[date, int] = {}
    for order in journal.orders():
        counts = order.intent.purpose != "stop" and order.filled_quantity and not order.rehearsal
        fills[order.intent.session] = fills.get(order.intent.session, 0) + bool(counts)
    days = []
    for session, rows in sorted(by_session.items()):
        day, bodies = following(session, closed).day, [json.loads(one.body) for one in rows]
        final, venues = finals.get(day), [one.get("venue", {}) for one in bodies]
        said = venues[-1]
        venue = Venue(said["broker"], said["account"], said["version"]) if said else UNKNOWN
        genuine = all(one.get("mode") == "paper" for one in venues) and not any(one.rehearsal for one in rows)
        explained = not any(line["code"] == "unexplained" for one in bodies for line in one["lines"])
        reconciled = final is not None and final.final and not final.residual
        days.append(PaperDay(day, venue, genuine, explained, reconciled, fills.get(session, 0)))
    return tuple(days)


def progress_of(folder: Path, settings: Settings) -> PaperProgress:
    """How far the account in `folder` is; sessions whose attribution is not final yet do not count yet."""
    state, name = open_state(folder), folder.resolve().name
    days = paper_days(state, name, journal_of(folder, state=state), settings.calendar.closed)
    finals = [one.session for one in state.kept(name, Attribution) if one.final]
    days = tuple(one for one in days if finals and one.session <= max(finals))
    sessions = [one.day for one in between(days[0].session, days[-1].session, settings.calendar.closed)] if days else []
    now = Venue(days[-1].venue.broker, days[-1].venue.account, __version__) if days else None
    found = paper_progress(days, sessions, settings.paper, now)
    return replace(found, rehearsed=found.rehearsed or rehearsed(state, name))


def rehearsed(state: State, account: str) -> bool:
    """Whether the account has rows of a rehearsal."""
    steps, snapshots = state.kept(account, Step), state.kept(account, Snapshot)
    reconciliations, attributions = state.kept(account, Reconciliation), state.kept(account, Attribution)
    marks = (*(one.rehearsal for one in steps), *(one.rehearsal for one in snapshots), *(one.rehearsal for one in reconciliations))
    return any(marks) or any(one.rehearsal for one in attributions)


def live_gate(desk: Path, settings: Settings, folder: Path, broker: str, verdict: ChampionVerdict) -> Gate:
    """Whether the account in `folder` may trade real money at `broker`: an account on the broker's paper under `desk` has passed, and so
    has the champion by its `verdict`; or an override in the account's journal says so.
    """
    papers = [one for one in (progress_of(one, settings) for one in accounts(desk)) if one.venue and one.venue.broker == broker]
    if not (folder / FILE).exists() and "://" not in place(folder):
        return gate(papers, verdict.reasons)  # nothing was ever done there, and asking makes nothing
    state, name = open_state(folder), folder.resolve().name
    now = Venue(broker, name, __version__)
    typed = [one for one in journal_of(folder, state=state).overrides() if _covers(one, now, verdict.champion)]
    override = f"{typed[-1]['by']}: {typed[-1]['why']}" if typed else ""
    return gate(papers, verdict.reasons, override, rehearsed(state, name))


def override_facts(broker: str, account: str, champion: str) -> dict[str, str]:
    """What an override of the live gate is for: another broker, account, major version or champion needs another one."""
    return {"gate": "live", "broker": broker, "account": account, "major": Venue(broker, account, __version__).major, "champion": champion}


def _covers(one: dict[str, str], now: Venue, champion: str) -> bool:
    wanted = override_facts(now.broker, now.account, champion)
    return all(one.get(name) == value for name, value in wanted.items())
