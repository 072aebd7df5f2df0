"""One evening of an account: from its newest frozen decision and the store to the next one, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import takewhile
from pathlib import Path
from typing import Protocol

import numpy as np

from springback.data.hours import between, following, hours_of
from springback.data.sessions import exchange_days
from springback.data.store import frames
from springback.data.store.store import Store
from springback.errors import BadTable, MissingData, StateError
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, Correction, WorkingOrder, opening, sent
from springback.operation.desk_folder import DeskFolder
from springback.operation.evening import Corrections, Curbs, Evening, Terms, play
from springback.operation.freezing import Circumstances, decision_of
from springback.operation.frozen_decision import FrozenDecision, Kind, freeze
from springback.operation.funnel import funnel
from springback.operation.order_table import forecasts_frame, orders_frame
from springback.operation.outcomes import Outcomes
from springback.operation.spoken import ModelsInUse, SessionForecasts, session_forecasts
from springback.operation.window import sessions_needed, without_bars
from springback.quality.fresh import barless
from springback.state.rows import BookEvent
from springback.state.rows import Evening as Row
from springback.state.state import State
from springback.workflow.catch_up import window
from springback.workflow.curbs import Limits
from springback.workflow.inputs import Loaded
from springback.workflow.losses import afresh
from springback.workflow.settings import Settings

CASH = "cash"
HEAD = "journal.head"
"""The file in an account's folder that keeps the head of its order journal, where it has one."""


class Trader(Protocol):
    """What a broker's account knows of itself."""

    def outcomes(self, session: str, state: AccountState) -> Outcomes:
        """What became in `session` of the orders at the market of `state`, and how the account stood at its close."""

    def limits(self, session: str, symbols: Collection[str]) -> Limits:
        """What the account leaves of the decision of `session`, whose candidates are `symbols`."""


@dataclass(frozen=True, eq=False)
class LiveAccount:
    """An account and what its evenings stand on: its `name` and `folder`, the settings, what persons said of it (`state`), the store and
    the folder of models.

    A rehearsal may see more than a desk can: with `hindsight` it knows on a name's last session that it is, as the past turned out; it may
    read each session as the first write that held it (`as_known`), and its contests are written into a `ledger` of its own.

    Of an account at a broker the `trader` tells what happened; nothing is assumed then, and no person says what it holds.
    """

    name: str
    folder: DeskFolder
    settings: Settings
    state: State
    store: Path
    models: Path
    hindsight: bool = False
    as_known: bool = False
    ledger: Path | None = None
    trader: Trader | None = None

    @property
    def closed(self) -> tuple[str, ...]:
        """Days on which the exchange was closed unannounced."""
        return self.settings.calendar.closed

    @property
    def terms(self) -> Terms:
        """What it goes by."""
        settings = self.settings
        account = settings.backtest if self.hindsight else replace(settings.backtest, endings="learned")
        return Terms(settings.strategy, settings.regime, settings.costs, account, settings.guard)

    def outcomes(self, session: str, state: AccountState) -> Outcomes | None:
        """What the trader says became of the orders of `state` in `session`; None where nobody trades, and all is assumed."""
        return None if self.trader is None else self.trader.outcomes(session, state)

    @property
    def dark_terms(self) -> Terms:
        """What it goes by in sessions of which nothing is known: no name has ended because none was heard of."""
        return replace(self.terms, account=replace(self.settings.backtest, endings="known"))

    @property
    def length(self) -> int:
        """Sessions that a window of it needs."""
        return sessions_needed(self.settings.strategy, self.settings.regime, self.settings.universe)

    def window(self, session: str, names: Collection[str]) -> Loaded:
        """What the store knows of the sessions up to `session`, with a column for each of `names`. Raises `MissingData`, `StoreError`."""
        as_of = Store(self.store).first_told(session).isoformat() if self.as_known else None
        loaded = window(self.store, session, self.length, names, as_of)
        return replace(loaded, market_data=_ended(self.store, loaded.market_data)) if self.hindsight else loaded

    def dark(self, session: str, state: AccountState) -> Loaded:
        """What was known when the account closed its newest session, and every session since, up to `session`, without a bar of any name.
        Raises `MissingData`, `StoreError`.
        """
        newest = self.window(state.session or session, state.symbols)
        last: date = newest.market_data.bars.sessions[-1].item()
        market_data = newest.market_data
        for one in between(last, date.fromisoformat(session), self.closed)[1:]:
            market_data = without_bars(market_data, np.datetime64(one.day))
        return replace(newest, market_data=market_data)


def _ended(store: Path, market_data: MarketData) -> MarketData:
    """`market_data` that tells also of names whose last session is its newest how they end, as the store knows it now."""
    known = Store(store).securities()
    newest = market_data.bars.sessions[-1]
    ends = known[known["last"].to_numpy().astype("datetime64[D]") == newest]
    told = dict(zip(ends["symbol"], frames.endings(ends), strict=True))
    own = [told.get(symbol, now) for symbol, now in zip(market_data.bars.symbols, market_data.ending, strict=True)]
    return replace(market_data, ending=np.array(own, np.int8))


@dataclass(frozen=True)
class Remembered:
    """The account before a session: its state, the events of the book that its decisions do not know yet, the number of the newest one that
    they know, the decisions since the state that were taken without data and are to be played with their own orders, and the evenings that
    were played so, by session.
    """

    state: AccountState
    events: tuple[BookEvent, ...]
    unplayed: tuple[FrozenDecision, ...] = ()
    event: int = 0
    passed: Mapping[str, Evening] = field(default_factory=dict)

    @property
    def book_event(self) -> int:
        """The number of the newest event of the book."""
        return max((one.n for one in self.events), default=self.event)

    def until(self, instant: datetime) -> "Remembered":
        """Without the events from the first on that is of `instant` or later."""
        return replace(self, events=tuple(takewhile(lambda one: one.at < instant, self.events)))


def remembered(account: LiveAccount, session: str) -> Remembered:
    """The account as it stands before `session`. Raises `MissingData` where it was never opened, `BadTable` on a damaged decision."""
    older = [one for one in account.folder.sessions() if one < session]
    unplayed: list[FrozenDecision] = []
    for one in reversed(older):
        decision = trusted(account, one)
        state = decision.state()
        if state is not None:
            events = account.state.book_events(account.name, decision.book_event)
            state = afresh(account.state, account.name, decision, state)
            return Remembered(state, events, tuple(reversed(unplayed)), decision.book_event)
        unplayed.append(decision)
    events = account.state.book_events(account.name)
    cash = [one for one in events if one.kind == CASH]
    if not cash:
        raise MissingData(f"account {account.name} has no cash yet: run 'springback book init --cash 1000000' first")
    return Remembered(opening(cash[0].quantity), events, tuple(reversed(unplayed)))


def trusted(account: LiveAccount, session: str) -> FrozenDecision:
    """The decision of `session`, if it is the one that the state database knows. Raises `BadTable`, `MissingData`."""
    decision = account.folder.decision(session)
    known = account.state.evening(account.name, date.fromisoformat(session))
    if known is not None and known.hash != decision.hash:
        raise BadTable(
            f"{decision.folder} is not what was frozen on {known.frozen_at:%Y-%m-%d %H:%M} UTC: it is not used: bring back a copy of it",
            session=session,
        )
    return decision


def whole(account: LiveAccount, newest: str = "") -> None:
    """Raises `StateError` where the folder and the state database are not of one account: a decision after `newest` is gone that the
    database knows, or the database does not know what the newest decision knew of the book.
    """
    known = account.state.evenings(account.name)
    if known and str(known[-1].session) > newest:
        gone = account.folder.place(str(known[-1].session))
        raise StateError(f"{gone} is gone, which was frozen on {known[-1].frozen_at:%Y-%m-%d %H:%M} UTC: bring back a copy of it")
    said = account.folder.decision(newest).book_event if newest else 0
    if said and not account.state.book_events(account.name, said - 1):
        words = f"the state database {account.state.name} has no event {said} of the book, which {account.folder.place(newest)} knows"
        raise StateError(f"{words}: restore a backup with 'springback state restore'")


def corrections_of(events: Sequence[BookEvent], session: str, closed: Sequence[str], before: str) -> Corrections:
    """What `events` say, earlier and later than the open of `session`; a position whose opening nobody named counts from it where it is
    new. `before` is the session before (empty: there is none).
    """
    opens = hours_of(date.fromisoformat(session), closed).opens
    earlier = tuple(_correction(one, session, before, closed) for one in events if one.at < opens)
    later = tuple(_correction(one, session, session, closed) for one in events if one.at >= opens)
    return Corrections(earlier, later)


def _correction(event: BookEvent, session: str, counted: str, closed: Sequence[str]) -> Correction:
    """The event as the account takes it; a position's age is counted up to the session `counted`, the one it was opened in among them."""
    if event.kind == CASH:
        return Correction("", price=event.quantity)
    opened = str(event.opened or session)
    age = len(exchange_days(opened, counted, closed)) if counted and opened <= counted else 0
    price = float("nan") if event.price is None else event.price
    return Correction(event.symbol, int(event.quantity), price, opened, age, event.opened is not None)


def unclosed(account: LiveAccount, memory: Remembered, session: str) -> tuple[date, ...]:
    """The sessions before `session` that the account has decided or passed, and not closed."""
    if not memory.state.session:
        return tuple(date.fromisoformat(one.session) for one in memory.unplayed if one.session not in account.closed)
    first, last = date.fromisoformat(memory.state.session), date.fromisoformat(session)
    return tuple(one.day for one in between(first, last, account.closed) if first < one.day < last)


def caught_up(account: LiveAccount, memory: Remembered, session: str, dark: bool = False) -> Remembered:
    """`memory` with the sessions before `session` played that the account has not closed, each with the orders that were frozen for it;
    with `dark` also those whose bars have not come: nothing is filled in them.

    Raises `MissingData` where the data of one have not come, and that is not said.
    """
    frozen_for = {one.session: one for one in memory.unplayed}
    ids = (order.order_id for one in memory.unplayed for order in one.working())
    state, events = memory.state, memory.events
    state = replace(state, order_id=max([state.order_id, *ids]))
    days, passed = {str(one) for one in unclosed(account, memory, session)}, {}
    for day in sorted(days | set(frozen_for)):
        orders = frozen_for[day].working() if day in frozen_for else ()
        if day not in days:  # it turned out to be no session: what was sent after it waits for the next one
            state = sent(state, orders)
            continue
        until = following(date.fromisoformat(day), account.closed).opens
        now = [one for one in events if one.at < until]
        passed[day] = _passed(account, state, day, orders, corrections_of(now, day, account.closed, state.session), dark)
        state, events = passed[day].after, tuple(one for one in events if one.at >= until)
    event = max([memory.event, *(one.n for one in memory.events if one not in events)])
    return Remembered(state, events, event=event, passed=passed)


def _passed(
    account: LiveAccount, state: AccountState, day: str, orders: Sequence[WorkingOrder], corrections: Corrections, dark: bool
) -> Evening:
    """The session `day` as it passed, without a decision."""
    market_data = account.window(day, state.symbols).market_data
    known = not barless(market_data, [date.fromisoformat(day)])
    if not known and not dark:
        raise MissingData(f"the bars of {day} have not come, without which nothing after it is known: fetch them", session=day)
    terms = account.terms if known else account.dark_terms
    market_data = market_data if known else account.dark(day, state).market_data
    nobody = session_forecasts(market_data, ModelsInUse(), account.settings.universe, account.settings.strategy.indicator)
    return play(state, market_data, nobody.decisive, terms, None, orders, corrections, account.outcomes(day, state))


@dataclass(frozen=True, eq=False)
class Decided:
    """An evening that was played, not yet frozen: the window it was played on and the hash of the store, what the models said, the curbs
    and what stood around it; `blind`: nothing of the session was known, so that it is played again once it is.
    """

    evening: Evening
    loaded: Loaded
    forecasts: SessionForecasts
    curbs: Curbs
    around: Circumstances
    kind: Kind
    blind: bool = False

    @property
    def market_data(self) -> MarketData:
        """The window it was played on."""
        return self.loaded.market_data


def frozen(account: LiveAccount, decided: Decided) -> FrozenDecision:
    """Writes the decision into the account's folder, and into the state database that it is there. Raises `Unwritable`, `StateError`."""
    market_data, terms = decided.market_data, account.terms
    session = str(market_data.bars.sessions[-1])
    parts = decided.evening, session, decided.forecasts, terms, decided.curbs, decided.around, decided.kind
    stages = funnel(decided.evening, market_data, decided.forecasts.decisive, account.settings.universe, terms, decided.curbs)
    decision = decision_of(*parts, stages.plain())
    orders = orders_frame(decided.evening, market_data, decided.forecasts.decisive, terms)
    said = forecasts_frame(decided.forecasts.by_model, decided.forecasts.features, market_data.bars.symbols)
    state = None if decided.blind else decided.evening.after
    written = freeze(decision, account.folder.place(session), orders, said, state)
    registered(account, written)
    return written


def registered(account: LiveAccount, decision: FrozenDecision) -> None:
    """Writes into the state database that `decision` is frozen; again is nothing new. Raises `StateError` where another is."""
    at = datetime.fromisoformat(decision.frozen_at)
    account.state.freeze(account.name, Row(date.fromisoformat(decision.session), decision.kind, decision.hash, at))
