"""A tape as a source: what a plain CSV file, a folder of files or the demo market bring."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from springback.data.roster import Roster
from springback.data.sources import Event, History, nothing
from springback.market.actions import KINDS
from springback.market.bars import FIELDS
from springback.market.tape import Tape


class Taped:
    """The names of `tape`, one by one. An action stands on the session before whose open it takes effect."""

    batch = 1

    def __init__(self, name: str, tape: Tape) -> None:
        self.name, self.tape = name, tape
        self.columns = {symbol: column for column, symbol in enumerate(tape.bars.symbols)}

    def histories(self, symbols: Sequence[str], start: date, end: date) -> Iterator[History]:
        """See `Source`."""
        first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
        for symbol in symbols:
            yield self._one(symbol, first, last) if symbol in self.columns else nothing(symbol, gone=True)

    def listing(self, start: date, end: date) -> Roster:
        """The names with a bar in the span."""
        days = self.tape.bars.sessions
        inside = (days >= np.datetime64(start, "D")) & (days <= np.datetime64(end, "D"))
        has = ~np.isnan(self.tape.bars.close[inside]).all(axis=0)
        return Roster(tuple(symbol for symbol, one in zip(self.tape.bars.symbols, has, strict=True) if one))

    def _one(self, symbol: str, first: np.datetime64, last: np.datetime64) -> History:
        bars, actions, column = self.tape.bars, self.tape.actions, self.columns[symbol]
        rows = np.flatnonzero((bars.sessions >= first) & (bars.sessions <= last) & ~np.isnan(bars.close[:, column]))
        events = tuple(
            Event(bars.sessions[actions.row[k]], KINDS[actions.kind[k]], float(actions.value[k]))
            for k in np.flatnonzero(actions.name == column)
            if first <= bars.sessions[actions.row[k]] <= last
        )
        prices = np.stack([getattr(bars, name)[rows, column] for name in FIELDS], axis=1)
        return History(symbol, bars.sessions[rows], prices, events)
