"""Who is in the index today, from ranges of days."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Members:
    """Index membership as ranges: `symbol` was a member from `start` to `end`, both included; (R,) each."""

    def __init__(self, symbols: Sequence[str], starts: Sequence[str], ends: Sequence[str]) -> None:
        self.symbols = np.asarray(symbols, dtype=object)
        self._starts = np.asarray(starts, dtype="datetime64[D]")
        self._ends = np.asarray(ends, dtype="datetime64[D]")

    def between(self, first: np.datetime64, last: np.datetime64) -> list[str]:
        """Everyone who was a member on some day of `first..last`, alphabetical."""
        return sorted(set(self.symbols[(self._starts <= last) & (self._ends >= first)]))

    def on(self, day: np.datetime64, symbols: Sequence[str]) -> NDArray[np.bool_]:
        """Which of `symbols` (N,) are members on `day`, (N,)."""
        known = set(self.symbols[(self._starts <= day) & (day <= self._ends)])
        return np.array([symbol in known for symbol in symbols], dtype=np.bool_)
