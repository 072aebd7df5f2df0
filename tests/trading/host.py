"""A plain host of the desk: fills and corporate actions of market data, one session after the other, in a hundred lines of their own."""

from dataclasses import dataclass, field

import numpy as np

from springback.market.actions import DIVIDEND
from springback.market.book import ALL, CHARGED, Event
from springback.market.costs import NO_FLOOR, ShortFloor
from springback.market.market_data import TRADING, MarketData
from springback.market.membership import Membership
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe
from springback.trading.day_forecasts import ForecastSource
from springback.trading.desk import Desk


@dataclass
class Ticket:
    """An order at the market; `stop` NaN: at the next open."""

    symbol: str
    quantity: int
    reason: str
    stop: float = float("nan")


@dataclass
class Host:
    """Runs the desk over market data from row `first` and keeps the account; the fees are LEAN's."""

    market_data: MarketData
    outlook: ForecastSource
    strategy: Strategy
    regime: Regime = field(default_factory=Regime)
    universe: Universe = field(default_factory=Universe)
    members: Membership | None = None
    barred: Membership | None = None
    floor: ShortFloor = NO_FLOOR
    cash: float = 1_000_000.0
    first: int = 0
    entry_factor: np.ndarray | None = None

    def __post_init__(self) -> None:
        parts = self.outlook, self.strategy, self.regime, self.universe, self.members, self.barred, self.floor
        self.desk = Desk(self.market_data.bars.symbols, *parts)
        self.desk.apply(Event(CHARGED, ALL, value=-self.cash))
        self.tickets: list[Ticket] = []
        self.orders: list[tuple[str, str, int, str]] = []
        self.equity: list[float] = []
        self.desk.see_vix(self.market_data.vix[: self.first])
        bars = self.market_data.bars
        self.desk.rolling.fill(bars.sessions[: self.first], *(panel[: self.first] for panel in self._told()))
        for k in np.flatnonzero(self.market_data.actions.row < self.first):
            if self.market_data.actions.kind[k] != DIVIDEND:
                self.desk.rolling.split(
                    bars.sessions[self.market_data.actions.row[k]],
                    bars.symbols[self.market_data.actions.name[k]],
                    self.market_data.actions.value[k],
                )

    def run(self) -> "Host":
        """Every session to the end of the market data."""
        for row in range(self.first, self.market_data.bars.shape[0]):
            self.session(row)
        return self

    def session(self, row: int) -> None:
        """Midnight, open, close, decision."""
        self._delistings(row)
        self._actions(row)
        self._fills(row)
        bars = self.market_data.bars
        self.desk.close(bars.sessions[row], *(panel[row] for panel in self._told()))
        for name in np.flatnonzero((self.market_data.last == row) & (self.market_data.ending != TRADING)):
            self.desk.last_session(bars.symbols[name])
        book = self.desk.book
        equity = self.cash + sum(book.quantity[name] * book.mark[name] for name in np.flatnonzero(book.quantity))
        self.equity.append(equity)
        factor = 1.0 if self.entry_factor is None else float(self.entry_factor[row])
        decision = self.desk.decide(self.market_data.vix[row], equity, row == bars.shape[0] - 1, factor)
        self.tickets = [one for one in self.tickets if one.symbol not in decision.cancelled]
        for order in decision.orders:
            if not order.is_entry:
                self.tickets = [one for one in self.tickets if one.symbol != order.symbol]
            self._place(row, Ticket(order.symbol, order.quantity, order.reason))

    def _told(self) -> tuple[np.ndarray, ...]:
        """What the desk is told of each row; the profile `lean` does not see marks, so their closes value nothing; where shorts have a
        floor it is the profile `realistic`, which does."""
        bars = self.market_data.bars
        return bars.printed("close") if self.floor == NO_FLOOR else bars.close, bars.volume, bars.high, bars.low, bars.open

    def _place(self, row: int, ticket: Ticket) -> None:
        self.tickets.append(ticket)
        self.orders.append((str(self.market_data.bars.sessions[row]), ticket.symbol, ticket.quantity, ticket.reason))

    def _delistings(self, row: int) -> None:
        for name in np.flatnonzero((self.market_data.last == row - 1) & (self.market_data.ending != TRADING)):
            symbol = self.market_data.bars.symbols[name]
            self.cash += self.desk.book.quantity[name] * np.nan_to_num(self.desk.book.mark[name])
            self.desk.delist(symbol)
            self.tickets = [one for one in self.tickets if one.symbol != symbol]

    def _actions(self, row: int) -> None:
        actions, bars = self.market_data.actions, self.market_data.bars
        for k in np.flatnonzero(actions.row == row):
            name, value = actions.name[k], actions.value[k]
            held, mark = int(self.desk.book.quantity[name]), self.desk.book.mark[name]
            if actions.kind[k] == DIVIDEND:
                self.cash += held * value
                self.desk.dividend(bars.symbols[name], value)
                continue
            self.desk.split(bars.sessions[row], bars.symbols[name], value)
            if held and not self.desk.book.quantity[name]:  # paid out whole: nothing is left to be sold or stopped
                self.tickets = [one for one in self.tickets if one.symbol != bars.symbols[name]]
            if held:
                self.cash += (held / value - int(held / value)) * (mark * value)
            for one in self.tickets:
                if one.symbol == bars.symbols[name]:
                    one.quantity = int(one.quantity / value)
                    one.stop = one.stop if np.isnan(one.stop) else round(one.stop * value, 4 if one.stop * value < 1 else 2)

    def _fills(self, row: int) -> None:
        waiting, self.tickets = self.tickets, []
        placed: list[Ticket] = []
        for one in waiting:
            name = self.desk.columns[one.symbol]
            price = self._price(row, name, one)
            if one.quantity == 0:
                continue
            if np.isnan(price):
                self.tickets.append(one)
                continue
            close = self.market_data.bars.close[row, name]
            worth = close if np.isnan(one.stop) else (max(one.stop, close) if one.quantity < 0 else min(one.stop, close))
            fee = 0.005 * abs(one.quantity)
            fee = 1.0 if fee < 1 else min(fee, max(0.005 * abs(one.quantity) * worth, 0))
            self.cash -= one.quantity * price + fee
            self.desk.fill(one.symbol, one.quantity, price, fee)
            if one.reason == "entry" and self.strategy.stop_mode == "intraday":
                placed.append(Ticket(one.symbol, -one.quantity, "stop", self.desk.stop_of(one.symbol)))
        for one in placed:
            self.tickets.append(one)
            self.orders.append((str(self.market_data.bars.sessions[row]), one.symbol, one.quantity, f"resting_stop@{one.stop:g}"))

    def _price(self, row: int, name: int, ticket: Ticket) -> float:
        bars = self.market_data.bars
        open_, high, low = bars.printed("open")[row, name], bars.high[row, name], bars.low[row, name]
        if np.isnan(ticket.stop) or np.isnan(open_):
            return float(open_)
        if ticket.quantity < 0:
            return float(min(open_, ticket.stop)) if low <= ticket.stop else float("nan")
        return float(max(open_, ticket.stop)) if high >= ticket.stop else float("nan")
