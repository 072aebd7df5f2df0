"""Profit of closed positions by LEAN's two books: at average price with fees, and first in first out without them."""

from dataclasses import dataclass, field
from math import copysign

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
DUST = 1e-8
"""LEAN counts in decimals: what is nearer to 0 than this is 0 there, and a profit of 0 is a loss."""


@dataclass(frozen=True)
class Move:
    """A fill, or a split (`factor` old shares per new share) when `quantity` is 0."""

    time: pd.Timestamp
    symbol: str
    quantity: float = 0.0
    price: float = 0.0
    fee: float = 0.0
    factor: float = 1.0


def moves(fills: pd.DataFrame, events: pd.DataFrame | None = None) -> list[Move]:
    """Fills (fills.csv) and splits (date, symbol, event, value) by session, those of one session as they stand in the file: LEAN fills a
    session's orders in one moment. A split comes before the fills of its day but after those of that midnight, which belong to the day
    before."""
    columns = (fills[name].to_numpy() for name in ("symbol", "quantity", "price", "fee"))
    times = pd.to_datetime(fills["time"])
    rows = [
        (time.normalize(), 0 if time == time.normalize() else 2, Move(time, str(s), float(q), float(p), float(f)))
        for time, s, q, p, f in zip(times, *columns, strict=True)
    ]
    if events is not None:
        splits = events[events["event"] == "split"]
        for date, symbol, value in zip(pd.to_datetime(splits["date"]), splits["symbol"], splits["value"], strict=True):
            rows.append((date, 1, Move(date, str(symbol), factor=float(value))))
    return [move for _, _, move in sorted(rows, key=lambda row: row[:2])]


@dataclass
class _Holding:
    quantity: float = 0.0
    average: float = 0.0


def closings(history: list[Move]) -> Numbers:
    """Profit of each fill that reduces a position, dollars (C,), in order: gross at average price less twice the closing order's fee.

    LEAN: SecurityPortfolioModel.cs `AddTransactionRecord`. A split scales the position, its fraction of a share is dropped.
    """
    held: dict[str, _Holding] = {}
    profits: list[float] = []
    for move in history:
        holding = held.setdefault(move.symbol, _Holding())
        if move.quantity == 0:
            holding.quantity = float(int(holding.quantity / move.factor))
            holding.average *= move.factor
            continue
        if holding.quantity * move.quantity < 0:
            closed = min(abs(move.quantity), abs(holding.quantity))
            profit = copysign(closed, holding.quantity) * (move.price - holding.average) - 2 * move.fee
            profits.append(0.0 if abs(profit) < DUST else profit)
        _take(holding, move)
    return np.array(profits, dtype=np.float64)


def _take(holding: _Holding, move: Move) -> None:
    after = holding.quantity + move.quantity
    if holding.quantity * move.quantity >= 0:
        holding.average = (holding.quantity * holding.average + move.quantity * move.price) / after
    elif after * holding.quantity < 0:
        holding.average = move.price
    holding.quantity = after


@dataclass
class _Lot:
    quantity: float
    price: float


@dataclass
class _Queue:
    lots: list[_Lot] = field(default_factory=list)

    def split(self, factor: float) -> None:
        for lot in self.lots:
            lot.quantity /= factor
            lot.price *= factor

    def fill(self, move: Move) -> list[float]:
        """Profits of the lots that this fill closes, to the cent."""
        left, profits = move.quantity, []
        while self.lots and left * self.lots[0].quantity < 0 and abs(left) > DUST:
            lot = self.lots[0]
            closed = copysign(min(abs(left), abs(lot.quantity)), lot.quantity)
            profits.append(round(closed * (move.price - lot.price), 2))
            left += closed
            lot.quantity -= closed
            if abs(lot.quantity) < DUST:
                self.lots.pop(0)
        if abs(left) > DUST:
            self.lots.append(_Lot(left, move.price))
        return profits


def matched(history: list[Move]) -> Numbers:
    """Profit of each closed trade, dollars (C,), without fees, first in first out (LEAN: TradeBuilder.cs, FillToFill).

    After a split LEAN keeps the fraction of a share as an open lot, which the next exit in the name closes as a trade of its own.
    """
    queues: dict[str, _Queue] = {}
    profits: list[float] = []
    for move in history:
        queue = queues.setdefault(move.symbol, _Queue())
        if move.quantity == 0:
            queue.split(move.factor)
        else:
            profits.extend(queue.fill(move))
    return np.array(profits, dtype=np.float64)


def win_and_loss(profits: Numbers, cash: float) -> tuple[int, int, float, float]:
    """(wins, losses, mean win, mean loss) of `profits` (C,) in dollars: each over start cash plus the closed profits before it; zero counts
    as a loss."""
    capital = cash + np.concatenate([[0.0], np.cumsum(profits)])[: len(profits)]
    share = profits / capital
    won = profits > 0
    wins, losses = int(won.sum()), int((~won).sum())
    return wins, losses, float(share[won].sum() / max(wins, 1)), float(share[~won].sum() / max(losses, 1))
