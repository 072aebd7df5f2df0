"""The account's chains as a study, brought up first; its page and its JSON."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from springback.errors import MissingData
from springback.market.prose import Prose
from springback.operation import attribution_page
from springback.operation.attribution_study import AttributionDay, AttributionStudy
from springback.state.trading_rows import Attribution, Reconciliation
from springback.trading.attribution import TERMS
from springback.workflow import places
from springback.workflow.attribute import attribute
from springback.workflow.evening import LiveAccount
from springback.workflow.order_journal import journal_of
from springback.workflow.progress import SILENT, Progress
from springback.workflow.state_place import open_state, place


def attribution(account: LiveAccount, now: datetime, session: str = "", progress: Progress = SILENT) -> AttributionStudy:
    """Every session of the account, or the one that is named, after what was due was worked out. Raises `MissingData` on one that has none,
    and as `attribute` does.
    """
    rows = account.state.kept(account.name, Reconciliation)
    rehearsal = any(one.rehearsal for one in rows)
    attribute(account, journal_of(account.folder.path, account.name, account.state, rehearsal), now, progress)
    found = study_of(account.name, _mode(rows), account.state.kept(account.name, Attribution))
    if not session:
        return found
    days = tuple(one for one in found.days if one.session == session)
    if not days:
        raise MissingData(f"account {account.name} has no attribution of {session}: it has {_span(found)}", session=session)
    return AttributionStudy(found.account, found.mode, days)


def chains_of(desk: Path, first: date, end: date) -> AttributionStudy | None:
    """What is kept of the sessions `first <= session < end` of the account in `desk`; None where no state database is there."""
    where = place(desk)
    if "://" not in where and not Path(where).exists():
        return None
    state, name = open_state(desk), desk.resolve().name
    rows = [one for one in state.kept(name, Attribution, since=first) if one.session < end]
    return study_of(name, _mode(state.kept(name, Reconciliation)), rows)


def _span(study: AttributionStudy) -> str:
    days = [one.session for one in study.days]
    return f"{len(days)} sessions, {days[0]} to {days[-1]}" if days else "none yet"


def _mode(rows: Sequence[Reconciliation]) -> str:
    """What the newest reconciliation says of the account."""
    return str(json.loads(rows[-1].body).get("venue", {}).get("mode", "")) if rows else ""


def write_page(study: AttributionStudy, out: Path) -> None:
    """Writes the page to the file `out`. Raises `Unwritable`."""
    places.write(out.parent, {out.name: attribution_page.page(study)})


def study_of(account: str, mode: str, rows: Sequence[Attribution]) -> AttributionStudy:
    """The newest row of each session, oldest session first."""
    newest = {str(one.session): one for one in rows}
    return AttributionStudy(account, mode, tuple(_day(newest[session]) for session in sorted(newest)))


def _day(row: Attribution) -> AttributionDay:
    body = json.loads(row.body)
    terms = None if body["terms"] is None else {name: Decimal(body["terms"][name]) for name in TERMS}
    change = None if body["change"] is None else Decimal(body["change"])
    events = {name: Decimal(value) for name, value in body["events"].items()}
    doubts = tuple(Prose(one["text"]) for one in body["doubts"])
    return AttributionDay(str(row.session), terms, change, row.residual, row.final, tuple(body["pairs"]), events, doubts)
