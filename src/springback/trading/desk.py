"""The desk: what a host saw comes in, session by session, and orders go out. It knows no host."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.errors import MissingData
from springback.market.book import (
    ALL,
    CANCELLED,
    CORRECTED,
    DELISTED,
    DIVIDEND,
    DROPPED,
    FILLED,
    MARKED,
    ORDERED,
    RECALLED,
    SESSION_CLOSED,
    SPLIT,
    Event,
    apply,
    empty_book,
)
from springback.market.costs import NO_FLOOR, ShortFloor
from springback.market.liquidity import WINDOW
from springback.market.membership import Membership
from springback.strategy.decide import FUNNEL, NO_SLOT, Today, decide, empty_orders, expire
from springback.strategy.knobs import Regime, RuleParameters, Strategy, rule_parameters
from springback.strategy.lookback import look_back
from springback.strategy.rule import ENTRY, REASONS, RECALL, is_bear, stop_level, vix_mean
from springback.strategy.universe import Universe
from springback.trading.day_forecasts import ForecastSource
from springback.trading.rolling import Rolling


@dataclass(frozen=True)
class Order:
    """A market order for the next open: signed whole shares and why."""

    symbol: str
    quantity: int
    reason: str

    @property
    def is_entry(self) -> bool:
        """Whether it opens a position."""
        return self.reason == REASONS[ENTRY]


@dataclass(frozen=True)
class Decision:
    """One session's decision: the regime it was taken in, dollars of `equity`, positions and waiting entries of each side before it and
    how many of them are `positions` (long, short), names that passed every test (`candidates`, long and short), the symbols whose
    waiting order is `cancelled` (an entry, or more of what is held: the host takes it from the market before it sends anything), and
    the orders in the order they are to be sent.
    """

    session: np.datetime64
    bear: bool
    vix: float
    vix_mean: float
    equity: float
    n_long: int
    n_short: int
    positions: tuple[int, int]
    candidates: tuple[int, int]
    cancelled: tuple[str, ...]
    orders: tuple[Order, ...]


class Desk:
    """The strategy at work for one host: rolling bars, VIX, the book, the decision.

    The host tells what happens in the order it happens: `split`, `fill`, `drop`, `delist`, `recall`, `correct` as they come, `close` with
    each session's bars, then `decide`. Each is an event of `book`, which has one column for each of `symbols` (alphabetical); `journal`
    keeps the events since the start: their fold, on what a restart remembered, is the book. `vix` holds the closes of the regime's window.
    For who is `barred` on a day nothing is bought or sold short, and under `floor` nothing is sold short; what is held goes on to its exit.
    A host that keeps the account itself need tell neither fees nor dividends: then `book.cash` says nothing.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        source: ForecastSource,
        strategy: Strategy,
        regime: Regime,
        universe: Universe,
        members: Membership | None = None,
        barred: Membership | None = None,
        floor: ShortFloor = NO_FLOOR,
    ) -> None:
        length = max(WINDOW, universe.window, look_back(strategy.trend, strategy.indicator))
        self.rolling = Rolling(sorted(symbols), length, strategy.indicator)
        self.symbols = self.rolling.symbols
        self.columns = {symbol: column for column, symbol in enumerate(self.symbols)}
        self.book = empty_book(len(self.symbols))
        self.journal: list[Event] = []
        self._source, self._members, self._barred = source, members, barred
        self._strategy, self._regime = strategy, regime
        self._parameters = rule_parameters(strategy, regime, *floor)
        self.cool_down = strategy.cool_down
        self.was_bear: bool | None = None
        self.vix: deque[float] = deque(maxlen=regime.window)
        self._final = np.zeros(len(self.symbols), np.bool_)
        self._foreign = np.zeros(len(self.symbols), np.bool_)
        self._cancelled = np.zeros(len(self.symbols), np.int64)
        self._paper = empty_orders(len(self.symbols), strategy.slots)

    def see_vix(self, closes: Iterable[float]) -> None:
        """VIX closes of sessions before the first decision, oldest first: they fill the regime's window."""
        self.vix.extend(closes)

    def close(
        self,
        session: np.datetime64,
        close: NDArray[np.float64],
        volume: NDArray[np.float64],
        high: NDArray[np.float64] | None = None,
        low: NDArray[np.float64] | None = None,
        open_: NDArray[np.float64] | None = None,
    ) -> None:
        """The rows of a session, (N,) raw; NaN: no row. Marks what is held.

        Only bars (`market.bars.is_bar`) are ranked and stand in windows, judged by what is told: a host whose rows may lack an open, a
        high or a low tells them too. A row that is only a mark marks what is held; a host that values by bars alone leaves it out.
        Raises `MissingData` where the rule compares with yesterday's range and the host does not tell it.
        """
        if self._parameters.exit_beyond and (high is None or low is None):
            raise MissingData(
                "strategy.exit_rule=above_yesterday_high needs highs and lows, and this host tells closes alone: set it to none"
            )
        self.rolling.push(session, close, volume, high, low, open_)
        for name in np.flatnonzero((self.book.quantity != 0) & ~np.isnan(close)):
            self.apply(Event(MARKED, int(name), value=float(close[name])))

    def apply(self, event: Event) -> float:
        """Lets `event` change the book and keeps it in the journal; the dollars it moved."""
        self.journal.append(event)
        return float(apply(self.book, Event(event.kind, event.name, event.quantity, float(event.value), float(event.fee))))

    def split(self, day: np.datetime64, symbol: str, factor: float) -> None:
        """A split before the open of `day`: `factor` old shares per new one."""
        self.rolling.split(day, symbol, factor)
        self.apply(Event(SPLIT, self.columns[symbol], value=factor))

    def dividend(self, symbol: str, value: float) -> None:
        """`value` dollars a share are paid on what is held."""
        self.apply(Event(DIVIDEND, self.columns[symbol], value=value))

    def fill(self, symbol: str, quantity: int, price: float, fee: float = 0.0) -> None:
        """Shares were bought (+) or sold (-): a part of an entry, a whole one, or of an exit; `fee` in dollars."""
        self.apply(Event(FILLED, self.columns[symbol], quantity, price, fee))

    def correct(self, symbol: str, quantity: int, price: float = float("nan")) -> None:
        """The host holds `quantity` signed shares, entered at the mean `price` (NaN: the book's), whatever the book thought."""
        self.apply(Event(CORRECTED, self.columns[symbol], quantity, price))

    def delist(self, symbol: str) -> None:
        """The name is gone; what the book still held of it is closed at its last close."""
        name = self.columns[symbol]
        self.apply(Event(DELISTED, name, value=float(self.book.mark[name])))

    def drop(self, symbol: str, quantity: int) -> None:
        """An order over `quantity` shares was refused or taken back: an entry's slot is free again, an exit is sent again next session.

        Fewer shares than are held were a change of size: it is not repeated, and an exit that took its place stands.
        """
        self.apply(Event(DROPPED, self.columns[symbol], quantity))

    def recall(self, symbol: str) -> Order | None:
        """The lender wants the shares of a short back: the order that buys them at the next open; None where it is leaving anyway.

        The host takes what else waits for the name from the market before it sends the order.
        """
        name = self.columns[symbol]
        quantity = int(self.book.quantity[name])
        if quantity >= 0 or self.book.closing[name]:
            return None
        self.apply(Event(RECALLED, name))
        return Order(symbol, -quantity, REASONS[RECALL])

    def last_session(self, symbol: str) -> None:
        """Today is the last session of `symbol` before it is delisted: it gets no more orders."""
        self._final[self.columns[symbol]] = True

    def refuse(self, symbol: str) -> None:
        """The account holds shares or orders of `symbol` that are not ours: it is no candidate while this desk lives."""
        self._foreign[self.columns[symbol]] = True

    def is_foreign(self, symbol: str) -> bool:
        """Whether `symbol` was refused."""
        return bool(self._foreign[self.columns[symbol]])

    def age_of_models(self) -> int | None:
        """Days from the newest session known to the models that speak now until the newest session; None where the source does not say."""
        return self._source.age(self.rolling.newest)

    def stop_of(self, symbol: str) -> float:
        """Price of the stop order that rests for a filled position, dollars."""
        name = self.columns[symbol]
        return float(stop_level(self.book.quantity[name], self.book.entry_price[name], self._strategy.stop_loss))

    def held(self) -> dict[str, int]:
        """Filled shares by symbol, short negative."""
        return {self.symbols[name]: int(self.book.quantity[name]) for name in np.flatnonzero(self.book.quantity)}

    def decide(self, vix: float, equity: float, last: bool = False, entry_factor: float = 1.0) -> Decision:
        """The orders after the close of the newest session. `vix` is today's close, `equity` cash plus holdings, dollars.

        Entries that have waited their life are taken off the book first, whatever else is known. A NaN `vix` leaves the regime unknown:
        exits are decided, entries and sizes are not. On the `last` session of a backtest nothing is ordered. `entry_factor` multiplies the
        gross of new entries.
        """
        self.apply(Event(SESSION_CLOSED, ALL))
        dead = self._cancelled[: expire(self._parameters, self.book, self._cancelled)]
        self.journal += [Event(CANCELLED, int(name)) for name in dead]
        self.vix.append(vix)
        mean = float(vix_mean(np.array(self.vix), len(self.vix) - 1, self._regime.window))
        bear = bool(is_bear(vix, mean, self._regime.multiple))
        sizes = self.book.quantity + self.book.waiting
        long, short = int((sizes > 0).sum()), int((sizes < 0).sum())
        positions = (int((self.book.quantity > 0).sum()), int((self.book.quantity < 0).sum()))
        unknown = bool(np.isnan(vix))
        parameters = self._parameters._replace(slots=0, resize=False) if unknown else self._parameters
        funnel = np.zeros((2, len(FUNNEL)), np.int64)
        orders = () if last else self._orders(parameters, bear, float(equity), entry_factor, funnel)
        candidates = (int(funnel[0, NO_SLOT:].sum()), int(funnel[1, NO_SLOT:].sum()))
        self.was_bear = self.was_bear if unknown else bear
        cancelled = tuple(self.symbols[name] for name in dead)
        return Decision(self.rolling.newest, bear, vix, mean, equity, long, short, positions, candidates, cancelled, orders)

    def _orders(
        self, parameters: RuleParameters, bear: bool, equity: float, entry_factor: float, funnel: NDArray[np.int64]
    ) -> tuple[Order, ...]:
        members = None if self._members is None else self._members.on(self.rolling.newest, self.symbols)
        said = self._source.today(self.rolling, members)
        if self._barred is not None:
            said.qpi[self._barred.on(self.rolling.newest, self.symbols)] = np.nan
        said.qpi[self._foreign] = np.nan
        nothing = np.full(len(self.symbols), np.nan)
        floored = parameters.short_min_dollars > 0
        high, low = self.rolling.yesterday() if parameters.exit_beyond else (nothing, nothing)
        today = Today(
            self.rolling.close,
            said.qpi,
            said.p_long,
            said.p_short,
            said.adv,
            self.rolling.mean_dollars(WINDOW) if floored else nothing,
            self._final,
            self.rolling.mean_volume(WINDOW) if parameters.resize else nothing,
            high,
            low,
            self.rolling.trend() if parameters.trend else nothing,
            self.was_bear is not None and self.was_bear != bear,
            float(entry_factor),
        )
        out = self._paper
        count = decide(parameters, bear, equity, today, self.book, out, funnel)
        self.journal += [Event(ORDERED, int(out.name[k]), int(out.quantity[k])) for k in range(count)]
        return tuple(Order(self.symbols[out.name[k]], int(out.quantity[k]), REASONS[out.reason[k]]) for k in range(count))
