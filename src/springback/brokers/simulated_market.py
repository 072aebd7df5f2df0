"""What a session does to a simulated account: the backtest's own law of fills, costs and corporate actions, one event after the other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from springback.market import actions
from springback.market.bars import Panel
from springback.market.book import CHARGED, DELISTED, DIVIDEND, FILLED, MARKED, SPLIT, Book, Event, apply, empty_book
from springback.market.costs import DAYS_PER_YEAR, Charges, borrow_rate, commission
from springback.market.liquidity import mean_dollar_volume, mean_volume
from springback.market.market_data import BANKRUPT, TRADING, MarketData, payouts
from springback.market.market_data import DELISTED as KNOWN_END


@dataclass(frozen=True)
class Law:
    """Where an order fills and what it pays: `stop_trigger`, `paid_price` and `delisting_price` of `backtest.fills`, and the `charges`."""

    charges: Charges
    stop_trigger: Callable[[int, float, float, float, float], float]
    paid_price: Callable[[Charges, int, float, float, float, bool], float]
    delisting_price: Callable[[Charges, int, float, bool, bool, float], float]


@dataclass(frozen=True)
class Moved:
    """What moved at a midnight: `kind` as an activity's, the column `name` (-1: the whole account), shares and dollars."""

    kind: str
    name: int
    quantity: int
    amount: float


class SimulatedMarket:
    """An account on `market_data` from `cash` dollars: its `book`, the last close of each name (N,) in dollars, NaN before the first, and
    the `row` of the session that is played or comes next.
    """

    def __init__(self, market_data: MarketData, law: Law, cash: float) -> None:
        bars = market_data.bars
        self.market_data, self.law = market_data, law
        self.open, self.close = bars.printed("open"), bars.printed("close")
        self.high, self.low = bars.high, bars.low
        self.volume, self.dollars = mean_volume(bars), mean_dollar_volume(bars)
        self.payout = payouts(market_data)
        self.book: Book = empty_book(len(bars.symbols), cash)
        self.last_close = np.full(len(bars.symbols), np.nan)
        self.row, self.played = 0, False

    def equity(self) -> float:
        """Cash and positions at the last closes, dollars."""
        held = self.book.quantity != 0
        return float(self.book.cash[0] + (self.book.quantity[held] * self.book.mark[held]).sum())

    def borrowable(self, name: int) -> bool:
        """Whether there is anything to borrow, by the profile's floors of price and dollar volume, dollars."""
        price, dollars = self.last_close[name], self._before(self.dollars, name)
        charges = self.law.charges
        return not (
            price < charges.no_short_price or (charges.no_short_dollar_volume > 0 and not dollars >= charges.no_short_dollar_volume)
        )

    def midnight(self, row: int) -> list[Moved]:
        """Interest and borrow fees of the nights before `row`, delistings, dividends and splits, shares and dollars."""
        moved = [*self._accrue(row), *self._delist(row)] if self.played else []
        self.played, events = True, self.market_data.actions
        self.row = row
        for k in np.flatnonzero(events.row == row):
            name, held = int(events.name[k]), int(self.book.quantity[events.name[k]])
            kind = DIVIDEND if events.kind[k] == actions.DIVIDEND else SPLIT
            amount = apply(self.book, Event(kind, name, 0, float(events.value[k])))
            if kind == SPLIT:
                self.last_close[name] *= events.value[k]
            if held:
                word = "dividend" if kind == DIVIDEND else "split"
                moved.append(Moved(word, name, held if kind == DIVIDEND else int(self.book.quantity[name]) - held, amount))
        return moved

    def opening(self, row: int, name: int) -> float:
        """The opening print of a name, dollars; NaN where it was not traded."""
        return float(self.open[row, name])

    def stop_price(self, row: int, name: int, quantity: int, level: float) -> float:
        """Dollars at which a stop of signed `quantity` shares at `level` fills in the session, before costs; NaN where it does not."""
        return float(self.law.stop_trigger(quantity, level, self.open[row, name], self.high[row, name], self.low[row, name]))

    def fill(self, row: int, name: int, quantity: int, price: float, level: float | None = None) -> tuple[float, float]:
        """Signed shares change hands at `price` dollars, of a stop at `level`: what a share cost after slippage, and the fee, dollars."""
        charges, worth = self.law.charges, float(self.close[row, name])
        if level is not None:
            worth = max(level, worth) if quantity < 0 else min(level, worth)
        at_open = price == self.open[row, name]
        paid = self.law.paid_price(charges, quantity, price, self._before(self.volume, name), self._before(self.dollars, name), at_open)
        fee = commission(charges, quantity, worth)
        apply(self.book, Event(FILLED, name, quantity, paid, fee))
        return float(paid), float(fee)

    def mark(self, row: int) -> None:
        """The closes of the session are known."""
        closes = self.market_data.bars.close[row] if self.law.charges.financed else self.close[row]
        self.last_close = np.where(np.isnan(closes), self.last_close, closes)
        for name in np.flatnonzero((self.book.quantity != 0) & ~np.isnan(closes)):
            apply(self.book, Event(MARKED, int(name), 0, float(closes[name])))
        self.row = row + 1

    def _before(self, panel: Panel, name: int) -> float:
        return float(panel[self.row - 1, name]) if self.row else float("nan")

    def _accrue(self, row: int) -> list[Moved]:
        """Borrow and financing for the nights before the session; nothing in the profile `lean`."""
        charges, book, market_data = self.law.charges, self.book, self.market_data
        if not charges.financed:
            return []
        nights = float((market_data.bars.sessions[row] - market_data.bars.sessions[row - 1]).astype(int))
        years, proceeds, borrow = nights / DAYS_PER_YEAR, 0.0, 0.0
        for name in np.flatnonzero(book.quantity < 0):
            value = -book.quantity[name] * book.mark[name]
            borrow += value * borrow_rate(charges, book.mark[name], self.dollars[row - 1, name]) * years
            proceeds += value
        free = book.cash[0] - proceeds
        rate = 0.0 if market_data.risk_free is None else float(np.nan_to_num(market_data.risk_free[row - 1]))
        over = rate + charges.debit_over if free < 0 else max(0.0, rate - charges.credit_under)
        financing = -free * over * years
        apply(book, Event(CHARGED, -1, 0, borrow + financing))
        return [one for one in (Moved("interest", -1, 0, -financing), Moved("fee", -1, 0, -borrow)) if one.amount]

    def _delist(self, row: int) -> list[Moved]:
        """Positions in names whose last session was the one before are closed, free of fee."""
        charges, book, moved = self.law.charges, self.book, []
        for name in map(int, np.flatnonzero((self.market_data.last == row - 1) & (book.quantity != 0))):
            kind, held = self.market_data.ending[name], int(book.quantity[name])
            if kind != TRADING:
                price = self.law.delisting_price(
                    charges, held, book.mark[name], bool(kind == BANKRUPT), bool(kind == KNOWN_END), self.payout[name]
                )
                moved.append(Moved("reorganisation", name, -held, apply(book, Event(DELISTED, name, 0, price))))
        return moved
