"""The trader as a service: waits for the next act of the timetable and does it, whenever it was begun and however long it was away."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from springback.data.files.reading import atomic
from springback.data.hours import newest_closed
from springback.errors import InputError, StateError, Taken, Unwritable
from springback.market.prose import Prose
from springback.operation.frozen_decision import Reason
from springback.state.rows import Incident
from springback.state.trading_rows import Step
from springback.trading.timetable import ActName, Timetable
from springback.workflow.broker_events import heard
from springback.workflow.daily import Fetch
from springback.workflow.progress import Progress
from springback.workflow.trade_batch import coded
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_decide import decide
from springback.workflow.trade_outcome import DONE, EXITS_ONLY, NO_DECISION, UNKNOWN, TradeOutcome
from springback.workflow.trade_targets import table_of
from springback.workflow.trading_account import TradingAccount, holding

HEARTBEAT = "heartbeat.json"
"""The file in the account's folder that the service writes over and over: it is alive."""
BEAT, RETRY = 60.0, 60.0
"""Seconds between two signs of life, and until an act that did not come to its end is tried again."""
SLOW = 300.0
"""Seconds until one is tried again that waits for data or for a person."""
SLOWLY = frozenset((3, 6))
PATIENT, AGAIN = 6, 10.0
"""How often, and after how many seconds, an account is asked for again that another holds: a person who kills or resumes does so for a
moment, another trader for good."""
LONGEST = 3600.0
"""Seconds after which an act that is still at work is no sign of life any more."""
LOOK = 2.0
"""Seconds between two looks at what a person wants of it."""
UNKNOWN_ORDERS = "trade.unknown_orders"
"""Cause of the incident of orders that nobody knows of."""
STEPS: Mapping[str, tuple[ActName, ...]] = {"reconcile": ("night", "morning")}
"""Acts by the name of the step that does them, where there is more than one."""
ACTS = get_args(ActName)
Acts = Mapping[ActName, Callable[[], TradeOutcome]]


def serve(
    account: TradingAccount,
    clock: TradeClock,
    acts: Acts,
    until: datetime | None = None,
    heed: Callable[[], TradeOutcome | None] = lambda: None,
) -> Iterator[TradeOutcome]:
    """The outcome of each act as it is done, for ever or `until` an instant; what is done is known from the state and not done again.

    Before each act, and every `LOOK` seconds of a wait, `heed` does what a person wants; what came of it, None: nothing was wanted.
    Raises `Ended` in a wait once the clock is over, `Taken` where another trades the account and does not let go of it within a minute.
    """
    again: dict[tuple[date, str], datetime] = {}
    over: set[tuple[date, str]] = set()
    turn = _Turn(account, clock)
    while until is None or clock.now() < until:
        if (heeded := heed()) is not None:
            yield heeded
        now = clock.now()
        table = current(account, now)
        finished = done(account, table) | {name for session, name in over if session == table.session} | _before_the_first(account)
        waiting = {name for (session, name), instant in again.items() if session == table.session and instant > now}
        act = table.due(now, finished | waiting | (set(ACTS) - set(acts)))
        beat(account, now, act.name if act else "")
        if act is None:
            retries = [one for (session, _), one in again.items() if session == table.session]
            if (heeded := _waited(clock, _pause(clock, table, finished, retries), heed)) is not None:
                yield heeded
            continue
        if (outcome := turn.take(act.name, acts[act.name])) is None:
            continue
        if ended(outcome.code, outcome.facts):
            over.add((table.session, act.name))
        else:
            again[table.session, act.name] = clock.now() + timedelta(seconds=SLOW if outcome.code in SLOWLY else RETRY)
        yield outcome


@dataclass
class _Turn:
    """Does acts of the service; `busy` counts how often in a row another held the account."""

    account: TradingAccount
    clock: TradeClock
    busy: int = 0

    def take(self, name: str, act: Callable[[], TradeOutcome]) -> TradeOutcome | None:
        """What the act came to; None, after a wait, where another holds the account. Raises `Taken` once that lasts."""
        try:
            with living(self.account, self.clock, name), self.account.live.state.kept_open():
                outcome = act()
        except Taken:
            self.busy += 1
            if self.busy > PATIENT:
                raise
            self.clock.wait(AGAIN)
            return None
        self.busy = 0
        return outcome


def current(account: TradingAccount, now: datetime) -> Timetable:
    """The timetable in force: of the newest session whose decision is due."""
    live = account.live
    return table_of(account, newest_closed(now, timedelta(minutes=live.settings.daily.earliest), live.closed).day)


def done(account: TradingAccount, table: Timetable) -> set[str]:
    """The acts of the timetable that came to their end, as the state knows them."""
    found: set[str] = set()
    acts = {one.name: one for one in table.acts()}
    for row in account.live.state.kept(account.live.name, Step, table.session):
        if ended(row.code, json.loads(row.body).get("facts", {})):
            names = [name for name in STEPS.get(row.step, (row.step,)) if name in acts]
            found |= {name for name in names if acts[name].start <= row.at < acts[name].end}
    return found


def _before_the_first(account: TradingAccount) -> set[str]:
    """The acts that an account without any decision has nothing to do in."""
    return set() if account.live.folder.sessions() else set(ACTS) - {"decide"}


def ended(code: int, facts: Mapping[str, Any]) -> bool:
    """Whether an act came to its end: a reconciliation has, whatever it found."""
    return code in {DONE, EXITS_ONLY} or "phase" in facts


def _pause(clock: TradeClock, table: Timetable, finished: set[str], retries: list[datetime]) -> float:
    """Seconds until the next act that is not finished, or the next sign of life; a clock that jumps goes on to the act at once."""
    now = clock.now()
    after = table.following(now, finished)
    instant = min([table.end if after is None else after.start, *(one for one in retries if one > now)])
    seconds = (instant - now).total_seconds()
    return seconds if clock.jumps else min(seconds, BEAT)


def _waited(clock: TradeClock, seconds: float, heed: Callable[[], TradeOutcome | None]) -> TradeOutcome | None:
    """What a person wanted meanwhile; None once the wait is over. A clock that jumps leaves no time in which to want anything."""
    if clock.jumps:
        clock.wait(seconds)
        return None
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        clock.wait(min(LOOK, left))
        if (heeded := heed()) is not None:
            return heeded
    return None


def beat(account: TradingAccount, now: datetime, act: str) -> None:
    """A sign of life in the account's folder: when, which process, and what it is about to do. One that cannot be written is none."""
    with suppress(OSError), atomic(account.folder / HEARTBEAT) as part:
        part.write_text(json.dumps({"at": now.isoformat(), "pid": os.getpid(), "act": act}), encoding="utf-8")


@contextmanager
def living(account: TradingAccount, clock: TradeClock, act: str) -> Iterator[None]:
    """Signs of life while an act is at work: fills are collected for a quarter of an hour."""
    over, end = threading.Event(), time.monotonic() + LONGEST

    def beating() -> None:
        while not over.wait(BEAT) and time.monotonic() < end:
            beat(account, clock.now(), act)

    thread = threading.Thread(target=beating, name=f"signs of life of {account.live.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def last_beat(folder: Path) -> dict[str, Any] | None:
    """The newest sign of life; None where there is none."""
    try:
        found: dict[str, Any] = json.loads((folder / HEARTBEAT).read_text(encoding="utf-8"))
        datetime.fromisoformat(found["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def page(account: TradingAccount, clock: TradeClock) -> TradeOutcome:
    """Before the open: asks the broker once more, and opens an incident where orders are left of which nobody knows what became."""
    table = current(account, clock.now())

    def asked() -> TradeOutcome:
        with holding(account):
            unknown = heard(account, clock, "page").unknown
        _incident(account, table.session, [one.client_id for one in unknown], clock.now())
        reasons = tuple(Reason("unknown", f"nobody knows what became of {one.client_id}", one.intent.symbol) for one in unknown)
        return TradeOutcome("page", str(table.session), UNKNOWN if unknown else DONE, {"unknown": len(unknown)}, reasons)

    outcome = coded(account, clock, "page", table.session, asked)
    with suppress(Unwritable, StateError):
        account.live.state.keep(account.live.name, outcome.row(clock.now(), account.rehearsal))
    return outcome


def evening(
    account: TradingAccount, clock: TradeClock, fetch: Fetch | None, progress: Progress, session: date | None = None
) -> TradeOutcome:
    """The decision of the newest session that is over, taken while the account is held; the `session` that is asked for must be it, or be
    decided already. Raises as `decide` does, `InputError` on an older session.
    """
    newest = newest_closed(clock.now(), timedelta(minutes=account.live.settings.daily.earliest), account.live.closed).day
    if session is not None and session != newest:
        if str(session) in account.live.folder.sessions():
            return TradeOutcome("decide", str(session), facts={"decisions": []})
        if session < newest:
            words = f"the session {session} is over and {newest} is the newest: only that one is decided"
            raise InputError(words, session=str(session))
        reason = Reason("early", f"the session {session} is not over, {newest} is the newest that is")
        return TradeOutcome("decide", str(session), NO_DECISION, reasons=(reason,))

    def decided() -> TradeOutcome:
        with holding(account):
            return decide(account, clock, fetch, progress)

    return coded(account, clock, "decide", None, decided)


def _incident(account: TradingAccount, session: date, unknown: list[str], at: datetime) -> None:
    live = account.live
    if not unknown:
        live.state.close_incident(live.name, UNKNOWN_ORDERS, at)
        return
    words = Prose(f"{len(unknown)} orders, such as {unknown[0]}, are unknown before the open: no entries until that ends")
    live.state.open_incident(live.name, Incident(UNKNOWN_ORDERS, at, session, words, "springback status"))
