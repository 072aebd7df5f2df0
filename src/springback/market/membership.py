"""Who is in an index when: as ranges of days, and as a panel over sessions and names. The one type of both, and the ways between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Dates


@dataclass(frozen=True, eq=False)
class Membership:
    """Ranges (M,): `symbols` were in from `starts` up to `ends`, which is exclusive, NaT: still in. A name may have several."""

    symbols: tuple[str, ...]
    starts: Dates
    ends: Dates

    @classmethod
    def of(cls, panel: NDArray[np.bool_], sessions: Dates, symbols: Sequence[str]) -> "Membership":
        """The unbroken runs of True in each column of `panel` (T, N), by name; one that reaches the last session has no end."""
        edge = np.diff(panel.astype(np.int8), axis=0, prepend=0, append=0).T
        name, first = np.nonzero(edge == 1)
        _, stop = np.nonzero(edge == -1)
        after = np.append(sessions, np.datetime64("NaT").astype(sessions.dtype))
        return cls(tuple(symbols[k] for k in name), sessions[first], after[stop])

    @classmethod
    def through(cls, symbols: Sequence[str], starts: Sequence[str], lasts: Sequence[str]) -> "Membership":
        """Ranges whose last day is said, not the day after it, as LEAN's files do; ISO days."""
        ends = np.array([np.datetime64(day, "D") + 1 for day in lasts], dtype="datetime64[D]")
        return cls(tuple(symbols), np.asarray(starts, "datetime64[D]"), ends)

    def rows(self, sessions: Dates) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First row, and the row after the last, of each range among `sessions` (T,): two times (M,)."""
        first, stop = np.searchsorted(sessions, self.starts), np.searchsorted(sessions, self.ends)
        return first, np.where(np.isnat(self.ends), len(sessions), stop)

    def panel(self, sessions: Dates, symbols: Sequence[str]) -> NDArray[np.bool_]:
        """True where a name was in, (T, N); ranges of other names count for nothing."""
        members = np.zeros((len(sessions), len(symbols)), dtype=np.bool_)
        columns = {symbol: column for column, symbol in enumerate(symbols)}
        for symbol, first, stop in zip(self.symbols, *self.rows(sessions), strict=True):
            if symbol in columns:
                members[first:stop, columns[symbol]] = True
        return members

    def between(self, first: np.datetime64, last: np.datetime64) -> list[str]:
        """Everyone who was in on some day of `first` to `last`, alphabetical."""
        there = (self.starts <= last) & (np.isnat(self.ends) | (self.ends > first))
        return sorted({symbol for symbol, has in zip(self.symbols, there, strict=True) if has})

    def on(self, day: np.datetime64, symbols: Sequence[str]) -> NDArray[np.bool_]:
        """Which of `symbols` (N,) are in on `day`, (N,)."""
        members = set(self.between(day, day))
        return np.array([symbol in members for symbol in symbols], dtype=np.bool_)
