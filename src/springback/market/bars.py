"""Daily bars of many names as one aligned panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from springback.errors import BadTable

Panel = NDArray[np.float64]
Dates = NDArray[np.datetime64]
Mask = NDArray[np.bool_]
FIELDS = ("open", "high", "low", "close", "volume")


def is_bar(open_: Panel, high: Panel, low: Panel, close: Panel, volume: Panel) -> Mask:
    """Where a row was traded, (T, N) or any other one shape: it has an open, a high, a low, a close and a volume, all above 0.

    Any other row is a mark: a copy of the last close with a volume of 0 is a mark, one with a volume was printed and is a bar.
    """
    return np.asarray((open_ > 0) & (high > 0) & (low > 0) & (close > 0) & (volume > 0))


@dataclass(frozen=True, eq=False)
class Bars:
    """Raw (unadjusted) daily bars: what was printed on the day.

    `sessions` (T,) datetime64[D], strictly increasing; `symbols` (N,) strictly increasing by code point, so that a name's column
    is its alphabetical rank. `open, high, low, close` in dollars and `volume` in shares are (T, N) float64, C-ordered, read-only.

    NaN rule: `close` NaN = no row that session (not listed, halted, delisted). A row is a bar where `is_bar` says so; any other row is
    a mark: it may value a position and end a label, and is as good as missing to everything else, which asks `printed`.
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

    @cached_property
    def traded(self) -> Mask:
        """Where a row is a bar, (T, N)."""
        return is_bar(self.open, self.high, self.low, self.close, self.volume)

    @cached_property
    def marks(self) -> Mask:
        """Where a row has a close and is no bar, (T, N)."""
        return np.asarray(~self.traded & ~np.isnan(self.close))

    def printed(self, field: str) -> Panel:
        """The panel `field` of the bars alone, (T, N), read-only: NaN where a row is no bar, as where there is none."""
        panel: Panel = getattr(self, field)
        if not np.any(~self.traded & ~np.isnan(panel)):
            return panel
        panel = np.where(self.traded, panel, np.nan)
        panel.flags.writeable = False
        return panel

    @property
    def shape(self) -> tuple[int, int]:
        """(n_sessions, n_names)."""
        return len(self.sessions), len(self.symbols)

    def row(self, session: np.datetime64 | str) -> int:
        """Index of the first session on or after `session`; n_sessions when there is none."""
        return int(np.searchsorted(self.sessions, np.datetime64(session, "D")))

    def between(self, first: int, end: int) -> "Bars":
        """The rows `first <= row < end`, all names, dollars and shares as printed; the past is handed over this way."""
        panels = {field: getattr(self, field)[first:end] for field in FIELDS}
        return Bars(self.sessions[first:end], self.symbols, **panels)

    def of(self, symbols: Sequence[str]) -> "Bars":
        """The same sessions for some of the names, in alphabetical order; dollars and shares as printed."""
        columns = {symbol: column for column, symbol in enumerate(self.symbols)}
        kept = tuple(sorted(set(symbols)))
        picked = [columns[symbol] for symbol in kept]
        return Bars(self.sessions, kept, **{field: getattr(self, field)[:, picked] for field in FIELDS})
