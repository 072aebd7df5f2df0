"""Daily bars of many names as one aligned panel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.errors import BadTable

Panel = NDArray[np.float64]
Dates = NDArray[np.datetime64]
FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, eq=False)
class Bars:
    """Raw (unadjusted) daily bars: what was printed on the day.

    `sessions` (T,) datetime64[D], strictly increasing; `symbols` (N,) strictly increasing by code point, so that a name's column
    is its alphabetical rank. `open, high, low, close` in dollars and `volume` in shares are (T, N) float64, C-ordered, read-only.

    NaN rule: `close` NaN = no bar that session (not listed, halted, delisted). `open` NaN beside a close = a close-only row: it marks
    a position and feeds close-based features, but no order fills on it.
    """

    sessions: Dates
    symbols: tuple[str, ...]
    open: Panel
    high: Panel
    low: Panel
    close: Panel
    volume: Panel

    def __post_init__(self) -> None:
        object.__setattr__(self, "sessions", self.sessions.astype("datetime64[D]"))
        shape = (len(self.sessions), len(self.symbols))
        if np.any(np.diff(self.sessions) <= np.timedelta64(0, "D")):
            raise BadTable("bars: sessions must be strictly increasing")
        if list(self.symbols) != sorted(set(self.symbols)):
            raise BadTable("bars: symbols must be unique and in alphabetical order")
        for field in FIELDS:
            panel = np.ascontiguousarray(getattr(self, field), dtype=np.float64)
            if panel.shape != shape:
                raise BadTable(f"bars: {field} has shape {panel.shape}, sessions and symbols say {shape}")
            panel = panel.view()
            panel.flags.writeable = False
            object.__setattr__(self, field, panel)

    @property
    def shape(self) -> tuple[int, int]:
        """(n_sessions, n_names)."""
        return len(self.sessions), len(self.symbols)

    def row(self, session: np.datetime64 | str) -> int:
        """Index of the first session on or after `session`; n_sessions when there is none."""
        return int(np.searchsorted(self.sessions, np.datetime64(session, "D")))

    def between(self, first: int, end: int) -> "Bars":
        """The rows `first <= row < end`, all names; the past is handed over this way."""
        panels = {field: getattr(self, field)[first:end] for field in FIELDS}
        return Bars(self.sessions[first:end], self.symbols, **panels)

    def of(self, symbols: Sequence[str]) -> "Bars":
        """The same sessions for some of the names, in alphabetical order."""
        columns = {symbol: column for column, symbol in enumerate(self.symbols)}
        kept = tuple(sorted(set(symbols)))
        picked = [columns[symbol] for symbol in kept]
        return Bars(self.sessions, kept, **{field: getattr(self, field)[:, picked] for field in FIELDS})
