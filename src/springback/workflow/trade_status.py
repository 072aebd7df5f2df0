"""An account at a broker on one screen, from its own state: nobody is asked, so that it is there when the broker is not."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from springback.data.hours import following, hours_of, newest_closed
from springback.errors import MissingData
from springback.operation.desk_folder import DAY, DeskFolder
from springback.operation.frozen_decision import ACCOUNT
from springback.state.order_rows import fill_of
from springback.state.rows import Halt
from springback.state.state import State
from springback.state.trading_rows import Adoption, Reconciliation, Snapshot, Step
from springback.trading.journal import Order, id_parts
from springback.trading.timetable import Timetable, timetable
from springback.workflow.evening import HEAD
from springback.workflow.halting import KILL, kill_files
from springback.workflow.order_journal import journal_of
from springback.workflow.reconcile import remembered
from springback.workflow.settings import Settings
from springback.workflow.state_place import FILE, open_state, place
from springback.workflow.trade_clock import lasting
from springback.workflow.trade_outcome import ENDS
from springback.workflow.trade_service import last_beat
from springback.workflow.trader import CALLS

Mode = Literal["PAPER", "LIVE", "REHEARSAL", "NO BROKER"]
PAPER = ("PA", "DU", "DF")
"""How the numbers of paper accounts begin, at Alpaca and at IB."""
SECOND = timedelta(seconds=1)
"""What the instant of a freezing is cut to."""
OLD, DEAD, PAST = 3 * 60.0, 600.0, 86_400.0
"""Seconds after which a sign of life is an old one; after which no service runs a rehearsal without one; and after which that is no fault,
since its clock was set to another day.
"""


@dataclass(frozen=True)
class TradeStatus:
    """How an account stands: `mode` PAPER, LIVE or REHEARSAL (NO BROKER: a desk's own account), its `state` in one sentence,
    halts in force, orders of which nobody knows, signed shares by our book and at the broker when it was last asked, what comes next, and
    the age of the newest sign of life in seconds.
    """

    mode: Mode
    account: str
    state: str
    halts: tuple[Mapping[str, Any], ...]
    unknown_orders: tuple[str, ...]
    positions: Mapping[str, float]
    broker_positions: Mapping[str, float]
    asked_at: str | None
    next_act: str
    next_at: str | None
    heartbeat_age: float | None


def account_folder(desk: Path, settings: Settings, traded: bool = False) -> Path:
    """The folder of the account that `desk` means: that of `brokers.account` in it, its own, else of the only account at a broker in it.

    Where one that is `traded` is meant, the desk's own account goes before that one only if it is at a broker itself. Raises `MissingData`
    where it has several and none is meant.
    """
    named = desk / settings.brokers.account
    if settings.brokers.account and opened(named):
        return named
    if (desk / HEAD).is_file() or (opened(desk) and not traded):
        return desk
    inner = [one for one in (desk.iterdir() if desk.is_dir() else ()) if one.is_dir() and not DAY.fullmatch(one.name) and opened(one)]
    traders = [one for one in inner if (one / HEAD).is_file()] or ([] if opened(desk) else inner)
    if len(traders) > 1 and not opened(desk):
        names = sorted(one.name for one in traders)
        raise MissingData(f"{desk} has the accounts {', '.join(names)}: name one with --desk {desk / names[0]}")
    return traders[0] if len(traders) == 1 else desk


def opened(folder: Path) -> bool:
    """Whether an account lies in the folder itself."""
    return (folder / FILE).is_file() or bool(DeskFolder(folder).sessions())


def status_of(folder: Path, settings: Settings, now: datetime, known: DeskFolder | None = None, state: State | None = None) -> TradeStatus:
    """How the account in `folder` stands at the instant `now`; its decisions as they are `known`, and its `state`, where they are at hand.

    Raises `MissingData` where there is none.
    """
    where, known = place(folder), known or DeskFolder(folder)
    if "://" not in where and not Path(where).exists():
        raise MissingData(f"{folder} holds no account: begin with 'springback trade', or name its folder with --desk")
    state, name = state or open_state(folder), folder.resolve().name
    orders, halts, snapshot = journal_of(folder, state=state).orders(_since(known)), state.halts(name), state.newest(name, Snapshot)
    table = _table(settings, now)
    done = {one.step for one in state.kept(name, Step, table.session) if not one.code}
    act, told = table.following(now, done), last_beat(folder)
    age = None if told is None else (now - datetime.fromisoformat(told["at"])).total_seconds()
    unknown = state.unanswered(name)
    killed, rowed = any(one.exists() for one in kill_files(folder)), any(one.code == KILL for one in halts)
    mode = mode_of(folder, state) if (folder / HEAD).is_file() else "NO BROKER"
    awaited = None if mode == "REHEARSAL" and age is not None and age > PAST else age
    return TradeStatus(
        mode=mode,
        account=name,
        state=_sentence(killed, halts, unknown, state.newest(name, Step), awaited),
        halts=tuple(_halt(one) for one in halts) + (() if not killed or rowed else ({"scope": "all", "code": "kill", "symbol": ""},)),
        unknown_orders=unknown,
        positions=_positions(folder, known, state, orders),
        broker_positions={} if snapshot is None else {symbol: float(one) for symbol, one in json.loads(snapshot.positions).items()},
        asked_at=None if snapshot is None else snapshot.at.isoformat(),
        next_act="decide" if act is None else act.name,
        next_at=(table.end if act is None else act.start).isoformat(),
        heartbeat_age=age,
    )


def alive(folder: Path, now: datetime) -> bool:
    """Whether the trader of the account in `folder` gave a sign of life just before the instant `now`."""
    told = last_beat(folder)
    return told is not None and (now - datetime.fromisoformat(told["at"])).total_seconds() <= OLD


def _table(settings: Settings, now: datetime) -> Timetable:
    """The timetable in force; whether orders go out at once or in the evening changes nothing of what comes next but an hour."""
    closed, earliest = settings.calendar.closed, settings.daily.earliest
    session = newest_closed(now, timedelta(minutes=earliest), closed).day
    own, after = hours_of(session), following(session, closed)
    return timetable(session, own.closes, after.opens, after.closes, settings.execution, earliest, at_once=False)


def mode_of(folder: Path, state: State | None = None) -> Mode:
    """What is traded in the account of `folder`: nothing real where it is simulated or its newest record is of a rehearsal; what the broker
    said when it was laid beside the journal; before that, or without the `state`, real money unless its number is a paper account's.
    """
    name = folder.resolve().name
    snapshot, step, row = None, None, None
    if state is not None:
        snapshot, step, row = state.newest(name, Snapshot), state.newest(name, Step), state.newest(name, Reconciliation)
    if (folder / CALLS).exists() or any(one is not None and one.rehearsal for one in (snapshot, step)):
        return "REHEARSAL"
    said = "" if row is None else json.loads(row.body).get("venue", {}).get("mode", "")
    known: dict[str, Mode] = {"paper": "PAPER", "live": "LIVE", "rehearsal": "REHEARSAL"}
    return known.get(said) or ("PAPER" if name.startswith(PAPER) else "LIVE")


def _since(known: DeskFolder) -> date | None:
    """The session whose book the fills since change; None where none is known."""
    decision = known.decision() if known.sessions() else None
    return None if decision is None or ACCOUNT not in decision.files else date.fromisoformat(decision.session)


def _positions(folder: Path, known: DeskFolder, state: State, orders: tuple[Order, ...]) -> dict[str, float]:
    """The book of the newest decision with what happened to it since: executions, also late ones of older orders, shares that bookings
    moved, and those that a person adopted.
    """
    decision = known.decision() if known.sessions() else None
    book = None if decision is None else decision.state()
    shares = {} if book is None else {symbol: Decimal(one.quantity) for symbol, one in book.positions.items()}
    since = date.min if decision is None or book is None else date.fromisoformat(decision.session)
    moved = [(one.intent.symbol, one.sign * one.filled_quantity) for one in orders if one.intent.session >= since]
    if decision is not None and book is not None:
        frozen = datetime.fromisoformat(decision.frozen_at) + SECOND
        moved += _moved_since(folder, state, frozen, since)
    for symbol, quantity in moved:
        shares[symbol] = shares.get(symbol, Decimal(0)) + quantity
    return {symbol: float(one) for symbol, one in sorted(shares.items()) if one}


def _moved_since(folder: Path, state: State, frozen: datetime, since: date) -> Iterator[tuple[str, Decimal]]:
    """Signed shares by name that the book frozen at an instant does not know: executions of orders before the session `since` that were
    told later, bookings heard later that a reconciliation read, shares adopted later as ours.
    """
    name = folder.resolve().name
    named = [(one, id_parts(one.client_id)) for one in state.executions_heard(name, frozen)]
    late = [one for one, parts in named if parts is not None and parts[1] < since]  # all orders are folded for these alone
    orders = {one.client_id: one for one in journal_of(folder, state=state).orders()} if late else {}
    for event in late:
        order = orders[event.client_id]
        before = {one.execution_id: one.quantity for one in order.history}
        for one in map(fill_of, json.loads(event.body).get("fills", ())):
            yield order.intent.symbol, order.sign * (one.quantity - before.get(one.corrects, Decimal(0)))
    heard = {one.activity_id for one in state.bookings(name) if one.heard_at > frozen}
    for change in remembered(state, name).changes if heard else ():
        if change.activity_id in heard:
            yield change.symbol, change.quantity
    for adoption in state.kept(name, Adoption):
        if adoption.claim == "ours" and adoption.at > frozen:
            yield adoption.symbol, adoption.quantity


def _sentence(killed: bool, halts: tuple[Halt, ...], unknown: tuple[str, ...], step: Step | None, age: float | None) -> str:
    """The worst first."""
    scopes = {one.scope for one in halts}
    failed = step is not None and step.code not in {0, 3, 4}
    still = age is not None and age > OLD
    told = (
        (killed or "all" in scopes, "Everything is stopped: 'springback resume' lifts it."),
        (bool(unknown), f"{len(unknown)} orders are unknown: no entries until it is known what became of them."),
        (failed, f"The step {step.step} of {step.session} ended with exit code {step.code}: {ENDS[step.code]}." if step else ""),
        ("entries" in scopes, "Entries are halted, exits go on."),
        (still, f"The service has given no sign of life for {lasting(age or 0)}."),
        ("name" in scopes, "Trading, with halted names."),
        (step is not None, "Trading."),
    )
    return next((words for applies, words in told if applies), "Nothing was done yet.")


def _halt(one: Halt) -> dict[str, Any]:
    return {"scope": one.scope, "symbol": one.symbol, "code": one.code, "why": str(one.why), "by": one.by, "at": one.at.isoformat()}
