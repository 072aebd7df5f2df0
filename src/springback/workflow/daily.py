"""The evening's command: catch up, decide, freeze. It may be called every ten minutes; what is done is not done again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from springback.data.hours import Hours, at, between, following, newest_closed
from springback.data.store.store import Store
from springback.errors import InputError, SourceError, SpringbackError
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.evening import Curbs, play
from springback.operation.freezing import Circumstances, ended, fills
from springback.operation.frozen_decision import FrozenDecision, Kind, Reason
from springback.operation.spoken import ModelsInUse, session_forecasts
from springback.quality.fresh import fresh_errors
from springback.workflow.awaited import BARS, DARK, absent, before, closure, restated_share, silent
from springback.workflow.catch_up import Fetched
from springback.workflow.curbs import NO_LIMITS, DataFaults, Forbidden, Limits, by_losses, curbs_of, plain
from springback.workflow.evening import (
    Decided,
    LiveAccount,
    Remembered,
    caught_up,
    corrections_of,
    frozen,
    registered,
    remembered,
    trusted,
    whole,
)
from springback.workflow.forecast_cache import program
from springback.workflow.governance import Governed, governed
from springback.workflow.inputs import Loaded
from springback.workflow.losses import halted_by_losses
from springback.workflow.models_in_use import models_in_use
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import hash_of, plain_settings
from springback.workflow.versions import version_of
from springback.workflow.watch import entry_factor

DONE, FAILED, WAITING, EXITS_ONLY = 0, 1, 3, 4
"""Exit codes: done or nothing due; failed; the data are not there yet; exits only."""
Fetch = Callable[[frozenset[str]], Fetched]
"""Asks the source for what is new, with columns for the names held."""


@dataclass(frozen=True, eq=False)
class DailyOutcome:
    """What one call did: the decisions it froze, oldest first (`dry`: only worked out), the newest session that is due, what it `waits`
    for, and what became of the models after each decision.
    """

    session: str
    decisions: tuple[FrozenDecision, ...] = ()
    waits: tuple[Reason, ...] = ()
    fetched: Fetched | None = None
    dry: Decided | None = None
    governed: tuple[Governed, ...] = ()

    @property
    def code(self) -> int:
        """The exit code."""
        if self.waits:
            return WAITING
        if self.dry is not None:
            return DONE if self.dry.curbs.entries or self.dry.kind == "late" else EXITS_ONLY
        newest = self.decisions[-1] if self.decisions else None
        return EXITS_ONLY if newest is not None and newest.exits_only and newest.kind != "late" else DONE


class Clock:
    """What time it is: the system's, or one that a test or a rehearsal set."""

    def __init__(self, fixed: datetime | None = None) -> None:
        self.fixed = fixed

    def now(self) -> datetime:
        """This instant, UTC."""
        return self.fixed or datetime.now(UTC)


def due(account: LiveAccount, now: datetime) -> tuple[Hours, ...]:
    """The sessions that are over and not frozen, oldest first; before the first evening the newest one alone."""
    newest = newest_closed(now, timedelta(minutes=account.settings.daily.earliest), account.closed)
    known = account.folder.sessions()
    if not known:
        return (newest,)
    return tuple(one for one in between(date.fromisoformat(known[-1]), newest.day, account.closed) if str(one.day) > known[-1])


def daily(account: LiveAccount, clock: Clock, fetch: Fetch | None = None, dry: bool = False, progress: Progress = SILENT) -> DailyOutcome:
    """Brings the account up to the newest session that is over: what is due and decidable is frozen, for what is not it says what it waits
    for. The caller holds the account's lease. With `dry` nothing is written.

    Raises `MissingData` where the account was never opened, `BadTable`, `StateError` where a decision is not what was frozen, and as
    `fetch` does while there is time.
    """
    now = clock.now()
    after = _mended(account, now, dry, progress)
    sessions = due(account, now)
    if not sessions:
        return DailyOutcome(account.folder.sessions()[-1], governed=after)
    memory = remembered(account, str(sessions[0].day))
    call = _Call(now, sessions[-1], *_fetched(account, sessions[-1], now, memory, fetch, progress))
    outcome = DailyOutcome(str(sessions[-1].day), fetched=call.fetched, governed=after)
    for one in sessions:
        wait, decided = _decided(account, one, call)
        if decided is None:
            return replace(outcome, waits=wait)
        if dry:
            return replace(outcome, dry=decided)
        decision = frozen(account, decided)
        if account.trader is not None:
            halted_by_losses(account.state, account.name, decision)
        outcome = replace(outcome, decisions=(*outcome.decisions, decision))
        outcome = replace(outcome, governed=(*outcome.governed, *governed(account, decision, now, progress, decided.market_data)))
    return outcome


@dataclass(frozen=True, eq=False)
class _Call:
    """One call: its instant, the `newest` session that is due, what the source brought, and why it brought nothing."""

    now: datetime
    newest: Hours
    fetched: Fetched | None
    faults: tuple[Reason, ...]


def _mended(account: LiveAccount, now: datetime, dry: bool, progress: Progress) -> tuple[Governed, ...]:
    """What a kill left undone: a decision without its row in the database gets it, and what follows it is done. One that is gone, or not
    what its row says, is refused.
    """
    newest = account.folder.sessions()[-1:]
    whole(account, *newest)
    for decision in (trusted(account, session) for session in newest):
        if not dry:
            if account.state.evening(account.name, date.fromisoformat(decision.session)) is None:
                registered(account, decision)
            if account.trader is not None:
                halted_by_losses(account.state, account.name, decision)
            return governed(account, decision, now, progress)
    return ()


def _fetched(
    account: LiveAccount, newest: Hours, now: datetime, memory: Remembered, fetch: Fetch | None, progress: Progress
) -> tuple[Fetched | None, tuple[Reason, ...]]:
    """What the source brought where the store lacks some of the newest session; why it brought nothing where it does not answer."""
    if fetch is None or not _missing(account, newest):
        return None, ()
    step = progress.step("fetch")
    step(0, 1, "asking the source")
    try:
        found = fetch(memory.state.symbols)
    except SourceError as error:
        return None, (Reason("source", str(error)),)
    except SpringbackError as error:
        if now < deadline(account, newest):
            raise
        return None, (Reason("source", str(error)),)
    step(1, 1, f"{found.session}")
    return found, ()


def _missing(account: LiveAccount, session: Hours) -> tuple[Reason, ...]:
    """What of the data of `session` is not in the store, or not of enough names."""
    missing = absent(account, session.day)
    return missing or silent(account.window(str(session.day), ()).market_data, account.settings.daily)


def deadline(account: LiveAccount, session: Hours) -> datetime:
    """The instant until which the data of `session` are waited for, UTC."""
    return at(following(session.day, account.closed).opens.date(), account.settings.daily.deadline)


def _decided(account: LiveAccount, session: Hours, call: _Call) -> tuple[tuple[Reason, ...], Decided | None]:
    """What the decision of `session` waits for, or the evening as it was decided. Data that a morning passed without are waited for until
    the newest session can wait no more.
    """
    day, after = str(session.day), following(session.day, account.closed)
    memory = remembered(account, day)
    missing = (*before(account, memory, day), *absent(account, session.day))
    loaded = None
    if not any(one.code in DARK for one in missing):
        memory = caught_up(account, memory, day)
        loaded = account.window(day, memory.state.symbols)
        missing = (*missing, *silent(loaded.market_data, account.settings.daily))
    over, late = call.now >= deadline(account, session), call.now >= after.opens
    if any(one.code in DARK for one in missing):
        missing = _suspected(missing, session) if over and not call.faults else missing
        if call.now < deadline(account, call.newest if late else session) or (late and session == call.newest):
            return (*missing, *call.faults), None
        return (), _blind(account, session, call, "late" if late else "deadline", (*missing, *call.faults))
    if missing and not over:
        return (*missing, *call.faults), None
    assert loaded is not None
    return (), _seeing(account, session, call, memory, loaded, "late" if late else "frozen")


def _suspected(missing: tuple[Reason, ...], session: Hours) -> tuple[Reason, ...]:
    """`missing`, with the question whether the exchange was closed where the source answered and has no bar of the session."""
    return tuple(closure(session.day) if one.code == BARS else one for one in missing)


def _seeing(account: LiveAccount, session: Hours, call: _Call, memory: Remembered, loaded: Loaded, kind: Kind) -> Decided:
    """The session played on its own data; one whose next open has passed without orders, and without what was said of the account since."""
    day, after = str(session.day), following(session.day, account.closed)
    memory = memory.until(after.opens) if kind == "late" else memory
    models = models_in_use(account.models, day)
    said = session_forecasts(loaded.market_data, models, account.settings.universe, account.settings.strategy.indicator)
    forbidden = _forbidden(account, session.day, after.day)
    faults = data_faults(account, loaded, call.fetched)
    factor, damage = _factor(account, models.champion)
    limits = _limits(account, day, said.decisive, loaded.market_data) if kind != "late" else NO_LIMITS
    curbs, reasons = curbs_of(loaded.market_data, account.settings, models, faults, forbidden, factor, limits)
    corrections = corrections_of(memory.events, day, account.closed, memory.state.session)
    outcomes, decides = account.outcomes(day, memory.state), None if kind == "late" else curbs
    evening = play(memory.state, loaded.market_data, said.decisive, account.terms, decides, (), corrections, outcomes)
    curbs = replace(curbs, entries=curbs.entries and not evening.losses)
    reasons = (*by_losses(evening, account.settings.guard), *reasons)
    if kind == "late":
        curbs, reasons = Curbs(entries=False), (_late(after),)
    around = _around(account, call.now, after, loaded, models, forbidden, (*reasons, *damage))
    filled = tuple(fill for session, one in memory.passed.items() for fill in fills(one, session))
    unfilled = tuple(order for one in memory.passed.values() for order in ended(one))
    around = replace(around, book_event=memory.book_event, fills=filled, ended=unfilled, broker=limits.facts)
    return Decided(evening, loaded, said, curbs, around, kind)


def _limits(account: LiveAccount, session: str, forecasts: Forecasts, market_data: MarketData) -> Limits:
    """What the trader leaves of the decision: asked about the names that the indicator makes candidates."""
    if account.trader is None:
        return NO_LIMITS
    rule, qpi = account.settings.strategy, forecasts.qpi[-1]
    extreme = np.flatnonzero((qpi < rule.qpi_low) | (qpi > rule.qpi_high))
    return account.trader.limits(session, [market_data.bars.symbols[one] for one in extreme])


def _factor(account: LiveAccount, champion: str) -> tuple[float, tuple[Reason, ...]]:
    """What the watch over the champion leaves of new entries; where its state is damaged, as much as an alarm would."""
    try:
        return entry_factor(account.settings, account.folder.path, champion), ()
    except InputError as error:
        return account.settings.monitor.alarm_size, (Reason("watch", str(error)),)


def _late(after: Hours) -> Reason:
    return Reason("late", f"the open of {after.day} had passed: a record, without orders")


def _blind(account: LiveAccount, session: Hours, call: _Call, kind: Kind, missing: tuple[Reason, ...]) -> Decided:
    """The session without its data: at the deadline the exits that time alone asks for, a record without orders after its next open."""
    day, after = str(session.day), following(session.day, account.closed)
    memory = caught_up(account, remembered(account, day), day, dark=True)
    dark = account.dark(day, memory.state)
    said = session_forecasts(dark.market_data, ModelsInUse(), account.settings.universe, account.settings.strategy.indicator)
    curbs, forbidden = Curbs(entries=False), _forbidden(account, session.day, after.day)
    corrections = corrections_of(memory.events, day, account.closed, memory.state.session)
    decides = None if kind == "late" else curbs
    outcomes = account.outcomes(day, memory.state)
    evening = play(memory.state, dark.market_data, said.decisive, account.dark_terms, decides, (), corrections, outcomes)
    why = Reason("deadline", f"{account.settings.daily.deadline} in New York and no data: exits by time alone")
    around = _around(account, call.now, after, dark, ModelsInUse(), forbidden, (_late(after) if kind == "late" else why, *missing))
    return Decided(evening, dark, said, curbs, around, kind, blind=True)


def data_faults(account: LiveAccount, loaded: Loaded, fetched: Fetched | None) -> DataFaults:
    """What is wrong with the newest session of the window, by its own checks, by what the source told, and by what was known when the
    account decided last.
    """
    market_data, settings, session = loaded.market_data, account.settings, loaded.market_data.bars.sessions[-1:]
    barred = {symbol: ", ".join(checks) for symbol, checks in fresh_errors(market_data, settings.quality, session).items()}
    if fetched is not None:
        barred |= {symbol: f"the source: {why}" for symbol, why in fetched.failed.items()}
    failed, restated = fetched.failed_share if fetched else 0.0, restated_share(account, loaded)
    return DataFaults(barred, failed, restated, *_membership(account, market_data), silent(market_data, settings.daily))


def _membership(account: LiveAccount, market_data: MarketData) -> tuple[int | None, int | None]:
    """The age of the membership on the newest session in days, and how many are members then; None where none is known or asked for."""
    if account.settings.universe.members != "index" or market_data.members is None:
        return None, None
    told = Store(account.store).membership_told()
    age = None if told is None else max(0, int((market_data.bars.sessions[-1] - told).astype(int)))
    return age, int(market_data.members[-1].sum())


def _forbidden(account: LiveAccount, session: date, following: date) -> Forbidden:
    """What persons forbid in `session` or in the `following` one, in whose open its orders are filled."""
    both = (*account.state.restricted(account.name, session), *account.state.restricted(account.name, following))
    return Forbidden(account.state.halts(account.name), tuple({one.n: one for one in both}.values()))


def _around(
    account: LiveAccount,
    now: datetime,
    after: Hours,
    loaded: Loaded,
    models: ModelsInUse,
    forbidden: Forbidden,
    reasons: tuple[Reason, ...],
) -> Circumstances:
    knobs = plain_settings(account.settings)
    return Circumstances(
        account=account.name,
        frozen_at=now,
        next_open=after.opens,
        settings=knobs,
        hashes={"data": loaded.hash, "settings": hash_of(knobs), "program": program(), "models": dict(models.hashes)},
        settings_version=version_of(account.settings),
        reasons=reasons,
        halts=plain(forbidden.halts),
        restricted=tuple(sorted({one.symbol for one in forbidden.restricted})),
        challengers=models.challengers,
        book_event=0,
    )
