"""One evening of an account: from its newest frozen decision and the store to the next one, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np

from springback.data.hours import following, hours_of
from springback.data.sessions import exchange_days
from springback.data.store import frames
from springback.data.store.store import Store
from springback.errors import BadTable, MissingData
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, Correction, opening
from springback.operation.desk_folder import DeskFolder
from springback.operation.evening import Corrections, Curbs, Evening, Terms, play
from springback.operation.freezing import Circumstances, decision_of
from springback.operation.frozen_decision import FrozenDecision, Kind, freeze
from springback.operation.funnel import funnel
from springback.operation.order_table import forecasts_frame, orders_frame
from springback.operation.spoken import ModelsInUse, SessionForecasts, session_forecasts
from springback.operation.window import sessions_needed
from springback.state.rows import BookEvent
from springback.state.rows import Evening as Row
from springback.state.state import State
from springback.workflow.catch_up import window
from springback.workflow.inputs import Loaded
from springback.workflow.settings import Settings

CASH = "cash"


@dataclass(frozen=True, eq=False)
class LiveAccount:
    """An account and what its evenings stand on: its `name` and `folder`, the settings, what persons said of it (`state`), the store and
    the folder of models.

    A rehearsal may see more than a desk can: with `hindsight` it knows on a name's last session that it is, as the past turned out; and it
    may read each session as the first write that held it (`as_known`).
    """

    name: str
    folder: DeskFolder
    settings: Settings
    state: State
    store: Path
    models: Path
    hindsight: bool = False
    as_known: bool = False

    @property
    def closed(self) -> tuple[str, ...]:
        """Days on which the exchange was closed unannounced."""
        return self.settings.calendar.closed

    @property
    def terms(self) -> Terms:
        """What it goes by."""
        settings = self.settings
        account = settings.backtest if self.hindsight else replace(settings.backtest, endings="learned")
        return Terms(settings.strategy, settings.regime, settings.costs, account)

    @property
    def length(self) -> int:
        """Sessions that a window of it needs."""
        return sessions_needed(self.settings.strategy, self.settings.regime, self.settings.universe)

    def window(self, session: str, names: Collection[str]) -> Loaded:
        """What the store knows of the sessions up to `session`, with a column for each of `names`. Raises `MissingData`, `StoreError`."""
        as_of = Store(self.store).first_told(session).isoformat() if self.as_known else None
        loaded = window(self.store, session, self.length, names, as_of)
        return replace(loaded, market_data=_ended(self.store, loaded.market_data)) if self.hindsight else loaded


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
    """The account before a session: its state, the events of the book that its decisions do not know yet, and the decisions since the
    state that were taken without data and are to be played with their own orders.
    """

    state: AccountState
    events: tuple[BookEvent, ...]
    unplayed: tuple[FrozenDecision, ...] = ()


def remembered(account: LiveAccount, session: str) -> Remembered:
    """The account as it stands before `session`. Raises `MissingData` where it was never opened, `BadTable` on a damaged decision."""
    older = [one for one in account.folder.sessions() if one < session]
    unplayed: list[FrozenDecision] = []
    for one in reversed(older):
        decision = trusted(account, one)
        state = decision.state()
        if state is not None:
            events = account.state.book_events(account.name, decision.book_event)
            return Remembered(state, events, tuple(reversed(unplayed)))
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


def corrections_of(events: Sequence[BookEvent], session: str, closed: Sequence[str], before: str) -> Corrections:
    """What `events` say, earlier and later than the open of `session`; a position whose opening nobody named counts from it. `before` is
    the session before (empty: there is none).
    """
    opens = hours_of(date.fromisoformat(session), closed).opens
    earlier = tuple(_correction(one, session, before, closed) for one in events if one.at < opens)
    later = tuple(_correction(one, session, session, closed) for one in events if one.at >= opens)
    return Corrections(earlier, later)


def _correction(event: BookEvent, session: str, counted: str, closed: Sequence[str]) -> Correction:
    """The event as the account takes it; a position's age is counted up to the session `counted`."""
    if event.kind == CASH:
        return Correction("", price=event.quantity)
    opened = str(event.opened or session)
    age = len(exchange_days(opened, counted, closed)) - 1 if counted and opened <= counted else -1
    return Correction(event.symbol, int(event.quantity), float("nan") if event.price is None else event.price, opened, age)


def caught_up(account: LiveAccount, memory: Remembered) -> Remembered:
    """`memory` with the decisions that were taken without data played, each with the orders that were frozen for it.

    Raises `MissingData` where the data of one have not come.
    """
    state, events = memory.state, memory.events
    for decision in memory.unplayed:
        loaded = account.window(decision.session, state.symbols)
        if str(loaded.market_data.bars.sessions[-1]) != decision.session:
            raise MissingData(f"the bars of {decision.session} have not come, without which nothing after it is known: fetch them")
        until = following(date.fromisoformat(decision.session), account.closed).opens
        now = [one for one in events if one.at < until]
        nobody = session_forecasts(loaded.market_data, ModelsInUse(), account.settings.universe, account.settings.strategy.indicator)
        said = corrections_of(now, decision.session, account.closed, state.session)
        played = play(state, loaded.market_data, nobody.decisive, account.terms, None, decision.working(), said)
        state, events = played.after, tuple(one for one in events if one.at >= until)
    return Remembered(state, events)


@dataclass(frozen=True, eq=False)
class Decided:
    """An evening that was played, not yet frozen: the window it was played on and the hash of the store, what the models said, the curbs
    and what stood around it.
    """

    evening: Evening
    loaded: Loaded
    forecasts: SessionForecasts
    curbs: Curbs
    around: Circumstances
    kind: Kind

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
    state = None if decided.kind == "deadline" else decided.evening.after
    written = freeze(decision, account.folder.place(session), orders, said, state)
    registered(account, written)
    return written


def registered(account: LiveAccount, decision: FrozenDecision) -> None:
    """Writes into the state database that `decision` is frozen; again is nothing new. Raises `StateError` where another is."""
    at = datetime.fromisoformat(decision.frozen_at)
    account.state.freeze(account.name, Row(date.fromisoformat(decision.session), decision.kind, decision.hash, at))
