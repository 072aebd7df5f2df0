"""The evening's command: catch up, decide, freeze. It may be called every ten minutes; what is done is not done again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from springback.data.hours import Hours, at, between, following, newest_closed
from springback.data.store.store import Store
from springback.errors import InputError, SourceError
from springback.market.market_data import MarketData
from springback.operation.evening import Curbs, play
from springback.operation.freezing import Circumstances
from springback.operation.frozen_decision import FrozenDecision, Kind, Reason
from springback.operation.spoken import ModelsInUse, session_forecasts
from springback.operation.window import without_bars
from springback.quality.fresh import fresh_errors
from springback.workflow.catch_up import Fetched
from springback.workflow.curbs import DataFaults, Forbidden, curbs_of, plain
from springback.workflow.evening import Decided, LiveAccount, Remembered, caught_up, corrections_of, frozen, registered, remembered, trusted
from springback.workflow.forecast_cache import program
from springback.workflow.governance import Governed, governed
from springback.workflow.inputs import Loaded
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
    `fetch` does.
    """
    now = clock.now()
    after = _mended(account, now, dry, progress)
    sessions = due(account, now)
    if not sessions:
        return DailyOutcome(account.folder.sessions()[-1], governed=after)
    memory = remembered(account, str(sessions[0].day))
    fetched, faults = _fetched(account, sessions[-1], memory, fetch, progress)
    outcome = DailyOutcome(str(sessions[-1].day), fetched=fetched, governed=after)
    for one in sessions:
        wait, decided = _decided(account, one, now, fetched, faults)
        if wait:
            return replace(outcome, waits=(*outcome.waits, *wait))
        if decided is None:
            continue
        if dry:
            return replace(outcome, dry=decided)
        decision = frozen(account, decided)
        outcome = replace(outcome, decisions=(*outcome.decisions, decision))
        outcome = replace(outcome, governed=(*outcome.governed, *governed(account, decision, now, progress, decided.market_data)))
    return outcome


def _mended(account: LiveAccount, now: datetime, dry: bool, progress: Progress) -> tuple[Governed, ...]:
    """What a kill left undone: a decision without its row in the database gets it, and what follows it is done. One that is not what its
    row says is refused.
    """
    newest = account.folder.sessions()[-1:]
    for decision in (trusted(account, session) for session in newest):
        if not dry:
            if account.state.evening(account.name, date.fromisoformat(decision.session)) is None:
                registered(account, decision)
            return governed(account, decision, now, progress)
    return ()


def _fetched(
    account: LiveAccount, newest: Hours, memory: Remembered, fetch: Fetch | None, progress: Progress
) -> tuple[Fetched | None, tuple[Reason, ...]]:
    """What the source brought where the store lacks the newest session; why it brought nothing where it does not answer."""
    if fetch is None or not _missing(account, newest):
        return None, ()
    step = progress.step("fetch")
    step(0, 1, "asking the source")
    try:
        found = fetch(memory.state.symbols)
    except SourceError as error:
        return None, (Reason("source", str(error)),)
    step(1, 1, f"{found.session}")
    return found, ()


def _missing(account: LiveAccount, session: Hours) -> tuple[Reason, ...]:
    """What of the data of `session` is not in the store."""
    store = Store(account.store)
    if not store.exists():
        return (Reason("bars", f"{account.store} holds no store: run 'springback fetch' first"),)
    known = store.series()
    row = known[known["date"].to_numpy().astype("datetime64[D]") == np.datetime64(session.day, "D")]
    if len(row) == 0:
        return (Reason("bars", f"the bars of {session.day} are not there yet"),)
    if not np.isfinite(row["vix"].iloc[0]):
        return (Reason("vix", f"the VIX of {session.day} is not there yet"),)
    return ()


def _decided(
    account: LiveAccount, session: Hours, now: datetime, fetched: Fetched | None, faults: tuple[Reason, ...]
) -> tuple[tuple[Reason, ...], Decided | None]:
    """What the decision of `session` waits for, or the evening as it was decided; neither where a morning passed without data, and a later
    session may bring them.
    """
    after = following(session.day, account.closed)
    missing = _missing(account, session)
    late = now >= after.opens
    if missing and not late and now < at(after.opens.date(), account.settings.daily.deadline):
        return (*missing, *faults), None
    if any(one.code == "bars" for one in missing):
        return ((*missing, *faults), None) if late else ((), _blind(account, session, now, after, missing))
    return (), _seeing(account, session, now, after, fetched, "late" if late else "frozen")


def _seeing(account: LiveAccount, session: Hours, now: datetime, after: Hours, fetched: Fetched | None, kind: Kind) -> Decided:
    """The session played on its own data; one whose next open has passed without orders."""
    day = str(session.day)
    memory = caught_up(account, remembered(account, day))
    loaded = account.window(day, memory.state.symbols)
    models = models_in_use(account.models, day)
    said = session_forecasts(loaded.market_data, models, account.settings.universe, account.settings.strategy.indicator)
    forbidden = _forbidden(account, session.day)
    faults = data_faults(account, loaded.market_data, fetched)
    factor, damage = _factor(account, models.champion)
    curbs, reasons = curbs_of(loaded.market_data, account.settings, models, faults, forbidden, factor)
    corrections = corrections_of(memory.events, day, account.closed, memory.state.session)
    evening = play(memory.state, loaded.market_data, said.decisive, account.terms, None if kind == "late" else curbs, (), corrections)
    if kind == "late":
        curbs, reasons = Curbs(entries=False), (Reason("late", f"the open of {after.day} had passed: a record, without orders"),)
    around = _around(account, now, after, loaded, models, forbidden, (*reasons, *damage))
    return Decided(evening, loaded, said, curbs, replace(around, book_event=_newest(account)), kind)


def _factor(account: LiveAccount, champion: str) -> tuple[float, tuple[Reason, ...]]:
    """What the watch over the champion leaves of new entries; where its state is damaged, as much as an alarm would."""
    try:
        return entry_factor(account.settings, account.folder.path, champion), ()
    except InputError as error:
        return account.settings.monitor.alarm_size, (Reason("watch", str(error)),)


def _blind(account: LiveAccount, session: Hours, now: datetime, after: Hours, missing: tuple[Reason, ...]) -> Decided:
    """The session as it is decided at the deadline without its data: the exits that time alone asks for."""
    day = str(session.day)
    memory = caught_up(account, remembered(account, day))
    newest = memory.state.session or str(Store(account.store).describe()["last_session"])
    loaded = account.window(newest, memory.state.symbols)
    dark = replace(loaded, market_data=without_bars(loaded.market_data, np.datetime64(day)))
    said = session_forecasts(dark.market_data, ModelsInUse(), account.settings.universe, account.settings.strategy.indicator)
    curbs, forbidden = Curbs(entries=False), _forbidden(account, session.day)
    corrections = corrections_of(memory.events, day, account.closed, memory.state.session)
    evening = play(memory.state, dark.market_data, said.decisive, account.terms, curbs, (), corrections)
    reasons = (Reason("deadline", f"{account.settings.daily.deadline} in New York and no data: exits by time alone"), *missing)
    around = _around(account, now, after, dark, ModelsInUse(), forbidden, reasons)
    return Decided(evening, dark, said, curbs, around, "deadline")


def data_faults(account: LiveAccount, market_data: MarketData, fetched: Fetched | None) -> DataFaults:
    """What is wrong with the newest session of `market_data` (T, N), by its own checks and by what the source told."""
    settings, session = account.settings, market_data.bars.sessions[-1:]
    barred = {symbol: ", ".join(checks) for symbol, checks in fresh_errors(market_data, settings.quality, session).items()}
    if fetched is not None:
        barred |= {symbol: f"the source: {why}" for symbol, why in fetched.failed.items()}
    return DataFaults(
        barred, fetched.failed_share if fetched else 0.0, fetched.restated_share if fetched else 0.0, *_membership(account, market_data)
    )


def _membership(account: LiveAccount, market_data: MarketData) -> tuple[int | None, int | None]:
    """The age of the membership on the newest session in days, and how many are members then; None where none is known or asked for."""
    if account.settings.universe.members != "index" or market_data.members is None:
        return None, None
    told = Store(account.store).membership_told()
    age = None if told is None else max(0, int((market_data.bars.sessions[-1] - told).astype(int)))
    return age, int(market_data.members[-1].sum())


def _forbidden(account: LiveAccount, session: date) -> Forbidden:
    return Forbidden(account.state.halts(account.name), account.state.restricted(account.name, session))


def _newest(account: LiveAccount) -> int:
    """The number of the newest event of the book."""
    return max((one.n for one in account.state.book_events(account.name)), default=0)


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
