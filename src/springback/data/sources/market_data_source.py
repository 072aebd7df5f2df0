"""Market data as a source: what a plain CSV file, a folder of files or the demo market bring."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from springback.data.roster import Roster
from springback.data.sources import Event, History, nothing
from springback.market.actions import KINDS
from springback.market.bars import FIELDS
from springback.market.market_data import MarketData


class MarketDataSource:
    """The names of `market_data`, one by one. An action stands on the session before whose open it takes effect."""

    batch = 1

    def __init__(self, name: str, market_data: MarketData) -> None:
        self.name, self.market_data = name, market_data
        self.columns = {symbol: column for column, symbol in enumerate(market_data.bars.symbols)}

    def histories(self, symbols: Sequence[str], start: date, end: date) -> Iterator[History]:
        """See `Source`."""
        first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
        for symbol in symbols:
            yield self._one(symbol, first, last) if symbol in self.columns else nothing(symbol, gone=True)

    def listing(self, start: date, end: date) -> Roster:
        """The names with a bar in the span."""
        days = self.market_data.bars.sessions
        inside = (days >= np.datetime64(start, "D")) & (days <= np.datetime64(end, "D"))
        has = ~np.isnan(self.market_data.bars.close[inside]).all(axis=0)
        return Roster(tuple(symbol for symbol, one in zip(self.market_data.bars.symbols, has, strict=True) if one))

    def _one(self, symbol: str, first: np.datetime64, last: np.datetime64) -> History:
        bars, actions, column = self.market_data.bars, self.market_data.actions, self.columns[symbol]
        rows = np.flatnonzero((bars.sessions >= first) & (bars.sessions <= last) & ~np.isnan(bars.close[:, column]))
        events = tuple(
            Event(bars.sessions[actions.row[k]], KINDS[actions.kind[k]], float(actions.value[k]))
            for k in np.flatnonzero(actions.name == column)
            if first <= bars.sessions[actions.row[k]] <= last
        )
        prices = np.stack([getattr(bars, name)[rows, column] for name in FIELDS], axis=1)
        return History(symbol, bars.sessions[rows], prices, events)
