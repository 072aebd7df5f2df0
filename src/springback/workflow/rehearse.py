"""The evenings of a past period played one by one as if they were live, and laid beside the backtest of the same days."""

import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.backtest.result import orders_frame
from springback.data.hours import Hours, between
from springback.errors import InputError, MissingData
from springback.forecasting.archive import ARCHIVE, write_timeline
from springback.forecasting.timeline import Timeline
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.order_table import for_the_open
from springback.operation.window import window
from springback.state.state import State
from springback.training.rows import gather
from springback.workflow import places, retrain, watch
from springback.workflow.backtests import loop_inputs, simulate
from springback.workflow.book import Word, opened
from springback.workflow.causes import Cause, causes
from springback.workflow.curbs import NO_BORROW
from springback.workflow.daily import Clock, DailyOutcome, daily, deadline
from springback.workflow.desk_laws import DeskLaws
from springback.workflow.evening import LiveAccount
from springback.workflow.faulty import ErringVendor, killed
from springback.workflow.inputs import Inputs, Loaded, stored
from springback.workflow.ledger_place import FILE as LEDGER
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import prepare_world
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings
from springback.workflow.settings import between as spanning
from springback.workflow.state_place import FILE

BY = "springback rehearse"
STORE = "store"
STARTING = 1.0
"""Seconds that a process needs before it is at work."""
OWN = ("models", FILE, f"{FILE}-wal", f"{FILE}-shm", LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm", watch.STATE, STORE)
"""What lies in the folder of a rehearsal beside its evenings."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
COLUMNS = ["order_id", "decided", "symbol", "quantity", "reason"]


@dataclass(frozen=True, eq=False)
class Difference:
    """The first thing in which evenings and backtest differ: of which `session`, `what`, and what each says."""

    session: str
    what: str
    evening: Any
    backtest: Any


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What a rehearsal gave: its `sessions` and number of `orders`, whether they are those of the backtest line by line, the last session
    apart, and by how many dollars equity differs at most. Training is told apart from the evenings, both in seconds. Where other data
    were seen than today's, `causes` are all that set evenings apart; `broken` are the laws of the desk that did not hold, and `kills`
    how often the process was killed.
    """

    sessions: int
    orders: int
    orders_equal: bool
    first_difference: Difference | None
    largest_equity_difference: float
    champions: tuple[str, ...]
    training_seconds: float
    evening_seconds: float
    folder: Path
    causes: tuple[Cause, ...] = ()
    broken: tuple[Prose, ...] = ()
    kills: int = 0


@dataclass(frozen=True)
class Period:
    """From which day to which, on which data: "today" cuts today's store at each evening, "known" takes each session as the first write
    that held it; with a `seed` of faults today's store is told evening by evening by a vendor that errs, to a process that is killed.
    """

    first: date
    last: date
    data: str = "today"
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.first >= self.last:
            raise InputError(f"--from must lie before --to, were {self.first} and {self.last}")
        if self.data not in ("today", "known"):
            raise InputError(f"--data must be today or known, was '{self.data}'", value=self.data)
        if self.seed is not None and self.seed < 0:
            raise InputError(f"--faults must be a seed of 0 or more, was {self.seed}", value=self.seed, limit=0)
        if self.seed is not None and self.data == "known":
            raise InputError("--faults makes faults in today's data: leave --data known out")


def rehearse(settings: Settings, inputs: Inputs, models: Path, folder: Path, period: Period, progress: Progress = SILENT) -> Rehearsal:
    """Plays every session of `period` with a desk in `folder`, which is made anew, and the models of the folder `models` where they are
    found; contests are judged evening by evening and their wins signed at once.

    Raises `InputError` where `folder` holds what no rehearsal wrote, `MissingData`, and as `daily` does.
    """
    loaded = stored(inputs)
    sessions = _sessions(loaded.market_data, period)
    settings = _dated(settings, sessions)
    account = _begun(settings, inputs.folder, models, folder, sessions[0], period)
    began = time.monotonic()
    _first_champion(account, loaded, sessions[0])
    trained = time.monotonic() - began
    step, evenings = progress.step("evenings"), _Evenings(account, loaded.market_data, period, sessions)
    for count, session in enumerate(sessions, 1):
        trained += evenings.play(session)
        step(count, len(sessions), str(session.day))
    played = time.monotonic() - began - trained
    decisions = tuple(account.folder.decisions())
    difference, largest, orders = compared(account, loaded, decisions)
    champions = tuple(dict.fromkeys(one.champion for one in decisions if one.champion))
    equal = len(decisions), orders, difference is None, difference, largest, champions
    return Rehearsal(*equal, trained, played, folder, tuple(evenings.causes), tuple(evenings.broken), evenings.kills)


class _Evenings:
    """The evenings of a rehearsal, played one after the other: what set them apart, which laws they broke, how often one was killed."""

    def __init__(self, account: LiveAccount, market_data: MarketData, period: Period, sessions: Sequence[Hours]) -> None:
        self.account, self.market_data, self.last = account, market_data, sessions[-1]
        self.differs = period.data == "known" or period.seed is not None
        self.causes: list[Cause] = []
        self.broken: list[Prose] = []
        self.kills, self.seconds = 0, 0.1
        self.laws = DeskLaws(account)
        self.vendor = None if period.seed is None else ErringVendor(market_data, account.store, period.seed)
        if self.vendor is not None:
            self.vendor.begin(market_data.bars.row(str(sessions[0].day)))

    def play(self, session: Hours) -> float:
        """Plays the evening of `session`; the seconds that training took."""
        outcomes = self._calls(session)
        for decision in (one for outcome in outcomes for one in outcome.decisions):
            if self.differs:
                row = self.market_data.bars.row(decision.session)
                then, now = self.account.window(decision.session, ()).market_data, window(self.market_data, row + 1, self.account.length)
                self.causes += causes(decision, then, now)
        if self.differs:
            self.broken += self.laws.broken(self.market_data)
        return sum(one.seconds for outcome in outcomes for one in outcome.governed)

    def _calls(self, session: Hours) -> list[DailyOutcome]:
        """The calls of one evening: half an hour after the close, and in the morning where something has not come by then."""
        evening = session.closes + timedelta(minutes=self.account.settings.daily.earliest)
        if self.vendor is not None:
            fault = self.vendor.fault(self.market_data.bars.row(str(session.day)))
            if fault.missed and session != self.last and self.account.folder.sessions():  # an account begins with its first evening
                return []
            if session == self.last or not fault.late:
                self.vendor.tell(self.market_data.bars.row(str(session.day)))
            self._killed(evening, fault.kills)
        outcomes = [self._call(evening)]
        if outcomes[-1].waits:  # what has not come in the past comes no more
            outcomes.append(self._call(deadline(self.account, session)))
        if outcomes[-1].waits:
            raise MissingData(f"the evening of {session.day} waits: {outcomes[-1].waits[0].text}", session=session.day)
        return outcomes

    def _call(self, now: datetime) -> DailyOutcome:
        began = time.monotonic()
        outcome = daily(self.account, Clock(now))
        if outcome.decisions:
            self.seconds = time.monotonic() - began
        return outcome

    def _killed(self, now: datetime, times: int) -> None:
        """So many calls that are killed at a moment of their own, as long as one lasted before."""
        for _ in range(times):
            share = np.random.default_rng([int(now.timestamp()), self.kills]).uniform(0, 1.2)
            self.kills += killed(_alone, (self.account, now), share * (STARTING + self.seconds))


def _alone(account: LiveAccount, now: datetime) -> None:
    """One evening in a process of its own."""
    daily(account, Clock(now))


def _sessions(market_data: MarketData, period: Period) -> tuple[Hours, ...]:
    """The sessions of the period that the market has. Raises `MissingData` on fewer than two."""
    known = {str(day) for day in market_data.bars.sessions}
    found = tuple(one for one in between(period.first, period.last) if str(one.day) in known)
    if len(found) < 2:
        words = f"a rehearsal from {period.first} to {period.last} has {len(found)} sessions, needs 2 at least"
        raise MissingData(f"{words}; the bars hold {market_data.bars.sessions[0]} to {market_data.bars.sessions[-1]}")
    return found


def _dated(settings: Settings, sessions: Sequence[Hours]) -> Settings:
    """The settings of the rehearsal: its days, a champion who takes over at once where a contest is won, and a backtest that retrains when
    the desk does.
    """
    dated = spanning(settings, sessions[0].day, sessions[-1].day)
    walk = replace(dated.walk_forward, months=dated.retraining.months)
    return replace(dated, walk_forward=walk, retraining=replace(dated.retraining, sign="auto"))


def _begun(settings: Settings, store: Path, models: Path, folder: Path, first: Hours, period: Period) -> LiveAccount:
    """A new account in `folder`, with models of its own that are found where they were trained before."""
    places.writable(folder)
    strange = [one.name for one in folder.iterdir() if one.name not in OWN and not DAY.fullmatch(one.name)] if folder.is_dir() else []
    if strange:
        raise InputError(f"{folder} would be made anew, and holds {strange[0]}, which no rehearsal wrote: give another folder with --desk")
    shutil.rmtree(folder, ignore_errors=True)
    own = folder / "models"
    own.mkdir(parents=True)
    (models / ARCHIVE).mkdir(parents=True, exist_ok=True)
    (own / ARCHIVE).symlink_to((models / ARCHIVE).resolve())
    if (models / watch.WALKED).is_file():  # what the watch over the first champion is held against
        (own / watch.WALKED).parent.mkdir()
        (own / watch.WALKED).symlink_to((models / watch.WALKED).resolve())
    state = State(str(folder / FILE))
    hindsight, as_known = settings.backtest.endings == "known", period.data == "known"
    store = store if period.seed is None else folder / STORE
    account = LiveAccount("rehearsal", DeskFolder(folder), settings, state, store, own, hindsight, as_known, folder / LEDGER)
    opened(account, settings.backtest.cash, Word(BY, first.opens - timedelta(hours=1)))
    return account


def _first_champion(account: LiveAccount, loaded: Loaded, first: Hours) -> None:
    """The pair that a walk-forward from `first` on begins with: on what was known at the close before. Raises `MissingData` as it does."""
    row = loaded.market_data.bars.row(str(first.day))
    prepared = prepare_world(loaded.market_data.until(row), account.settings)
    rows = gather(prepared.market_data, prepared.eligible, prepared.features, account.settings.training)
    known, least = len(np.unique(rows.session)), account.settings.walk_forward.min_sessions
    if known < least:
        words = f"a rehearsal from {first.day}: {known} earlier sessions have known labels, walk_forward.min_sessions is {least}"
        raise MissingData(f"{words}: start later or fetch an earlier history", session=first.day, value=known, limit=least)
    pair, after = retrain.trained(account.models, prepared, account.settings), str(loaded.market_data.bars.sessions[row - 1])
    timeline = Timeline(hashes={pair.card.name: pair.card.hash}, tried=after).begun(pair.card.name, after, BY, "the first")
    write_timeline(account.models, timeline)


def compared(account: LiveAccount, loaded: Loaded, decisions: Sequence[FrozenDecision]) -> tuple[Difference | None, float, int]:
    """The first difference between `decisions` and the backtest of the same days under the same policy, the largest of equity in dollars,
    and how many orders there were; names that the gate barred are barred there too, and the alarm's factor is played by both.
    """
    market_data, settings = loaded.market_data, account.settings
    walk = forecast_walk_forward(prepare_world(market_data, settings, loaded.hash), settings, account.models)
    forecasts, factor = _as_curbed(market_data, walk.forecasts, decisions)
    result = simulate(market_data, forecasts, settings, inputs=loop_inputs(market_data, forecasts, settings, factor))
    theirs = orders_frame(result)[COLUMNS]
    frames = [*(one.orders() for one in decisions[:-1]), _placed_by_fills(decisions[-1])]
    ours = pd.concat([one[COLUMNS] for one in frames], ignore_index=True)
    equity = np.array([one.daily["equity"] for one in decisions], dtype=np.float64)
    gap = np.abs(equity - result.daily["equity"])
    return _first(ours, theirs, decisions, gap), float(gap.max()), len(ours)


def _placed_by_fills(decision: FrozenDecision) -> pd.DataFrame:
    """The orders of `decision` that its session's fills brought with them, which are no decision: the stops that rest at the market."""
    orders = decision.orders()
    return orders[~orders["order_id"].isin(for_the_open(decision)["order_id"])]


def _as_curbed(market_data: MarketData, forecasts: Forecasts, decisions: Sequence[FrozenDecision]) -> tuple[Forecasts, NDArray[np.float64]]:
    """`forecasts` without the names that each evening barred, on the side it barred, and what it left of the gross of entries."""
    bars, qpi, p_short, factor = market_data.bars, forecasts.qpi.copy(), forecasts.p_short.copy(), np.ones(market_data.bars.shape[0])
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    for one in decisions:
        row = bars.row(one.session)
        sized = 1.0 if one.sized_on is None or not one.equity else one.sized_on / one.equity
        factor[row] = 0.0 if one.exits_only else one.alarm_factor * sized
        for reason in one.reasons:
            if reason.symbol in columns:
                panel = p_short if reason.code == NO_BORROW else qpi
                panel[row, columns[reason.symbol]] = np.nan
    return replace(forecasts, qpi=qpi, p_short=p_short), factor


def _first(ours: pd.DataFrame, theirs: pd.DataFrame, decisions: Sequence[FrozenDecision], gap: NDArray[np.float64]) -> Difference | None:
    """The first line that is another, or the first session whose equity is another by more than a cent."""
    theirs = theirs.assign(decided=theirs["decided"].astype(str))
    for k in range(max(len(ours), len(theirs))):
        one, other = (frame.iloc[k].to_dict() if k < len(frame) else None for frame in (ours, theirs))
        if one != other:
            session = min(str(line["decided"]) for line in (one, other) if line is not None)
            return Difference(session, "order", one, other)
    far = np.flatnonzero(gap > 0.01)
    if len(far) == 0:
        return None
    return Difference(decisions[far[0]].session, "equity", decisions[far[0]].equity, float(decisions[far[0]].equity - gap[far[0]]))
