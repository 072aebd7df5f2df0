"""What the engine has shown so far: the moment, the row of the last delivered session, prices and bars up to it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

from lean_standin.data import Symbol, TradeBar
from lean_standin.securities import ZERO
from lean_standin.world import World

NEVER = np.iinfo(np.int64).max


class Feed:
    """The reader of a World that cannot look ahead."""

    def __init__(self, world: World, now: datetime) -> None:
        self.world = world
        self.now = now
        self.row = -1
        self.since = np.full(len(world.symbols), NEVER)
        self._prices: dict[int, Decimal] = {}
        self.given: dict[int, Decimal] = {}
        """Prices that the algorithm set, by column: they hold until the first bar."""

    def advance(self, row: int) -> None:
        """The bars of session `row` arrive."""
        self.row = row
        self._prices.clear()

    def source(self, column: int) -> int:
        """Row of the last real bar the subscription has seen, -1 for none."""
        if self.row < 0:
            return -1
        row = int(self.world.last_bar[self.row, column])
        return row if row >= self.since[column] else -1

    def price(self, column: int) -> Decimal:
        """Last close, after a split of this night the close at the new count; 0 before the first bar."""
        found = self._prices.get(column)
        if found is None:
            row = self.source(column)
            found = self._prices[column] = self.given.get(column, ZERO) if row < 0 else decimal(self.world.close[row, column])
        return found

    def volume(self, column: int) -> float:
        """The last volume of a bar that the subscription has seen and that was not 0; 0 before it."""
        row = int(self.world.last_traded[self.row, column]) if self.row >= 0 else -1
        return float(self.world.volume[row, column]) if row >= self.since[column] else 0.0

    def rescale(self, column: int, factor: Decimal) -> None:
        """A split at midnight: the price until the next bar."""
        self._prices[column] = self.price(column) * factor

    def seed(self, column: int, row: int) -> None:
        """A holding taken over at a restart has the price of its last bar."""
        self.since[column] = min(self.since[column], max(0, int(self.world.last_bar[row, column])))

    def bar(self, symbol: Symbol, column: int) -> TradeBar | None:
        """The bar of the last delivered session, a copy of an older one where it had none (volume 0)."""
        return None if self.source(column) < 0 else TradeBar(symbol, *self.values([column], self.row)[0])

    def values(self, columns: list[int], at: int) -> list[tuple[Any, ...]]:
        """The fields of a TradeBar after its symbol, for bars of session `at`."""
        world = self.world
        source = world.last_bar[at, columns]
        real = source == at
        prices = [getattr(world, field)[source, columns].tolist() for field in ("open", "high", "low", "close")]
        volume = np.where(real, world.volume[source, columns], 0.0).tolist()
        opened, closed = world.opening(at), world.closing(at)
        return [(opened, closed, *fields) for fields in zip(*prices, volume, (~real).tolist(), strict=True)]

    def is_real(self, column: int) -> bool:
        """Whether the last delivered session brought a bar of its own."""
        return self.row >= 0 and self.source(column) == self.row

    def arrived(self) -> np.ndarray:
        """Columns that have a bar in the slice of this session, filled forward or real: subscribed, begun and not delisted."""
        last = self.world.last_bar[self.row]
        return np.flatnonzero((last >= self.since) & (self.world.delisting >= self.row))


def decimal(value: float) -> Decimal:
    """The shortest decimal that reads back as `value`: what stands in LEAN's file."""
    return Decimal(repr(float(value)))
