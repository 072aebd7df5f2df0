"""The market a run happens in: bars on the sessions of the New York exchange, corporate actions, delistings."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from lean_standin.hours import OPENING, closing, trading_days

ALIVE = np.iinfo(np.int64).max
FIELDS = ("open", "high", "low", "close", "volume")


class Action(NamedTuple):
    """One corporate action: at midnight of the ex-date's row."""

    row: int
    column: int
    event: str
    value: float


class World:
    """Raw daily bars (T sessions, N names), NaN where a name has no bar.

    `bars`: columns date, symbol, open, high, low, close, volume; dates are sessions, the grid runs from the first to the last of them.
    `events`: columns date (ex-date), symbol, event (split or dividend), value; splits are old shares per new share.
    `delistings`: ticker -> last session. By default every name whose last bar comes before the last session of the bars.
    `vix`: closes by date, only for `add_index("VIX")`; custom data comes from files.
    """

    def __init__(
        self,
        bars: pd.DataFrame,
        events: pd.DataFrame | None = None,
        delistings: Mapping[str, date | str] | None = None,
        vix: pd.Series | None = None,
    ) -> None:
        dates = pd.to_datetime(bars["date"]).to_numpy().astype("datetime64[D]")
        known = trading_days()
        self.sessions = known[(known >= dates.min()) & (known <= dates.max())]
        rows = np.searchsorted(self.sessions, dates)
        stray = dates[self.sessions[rows] != dates]
        if len(stray):
            raise ValueError(f"the exchange is closed on {stray[0]}, but a bar is dated so")
        columns, names = pd.factorize(bars["symbol"], sort=True)
        self.symbols = tuple(str(name) for name in names)
        self.column = {name: k for k, name in enumerate(self.symbols)}
        shape = len(self.sessions), len(self.symbols)
        self.open, self.high, self.low, self.close, self.volume = (np.full(shape, np.nan) for _ in FIELDS)
        for field in FIELDS:
            getattr(self, field)[rows, columns] = bars[field].to_numpy(np.float64)
        real = ~np.isnan(self.close)
        self.last_bar = np.maximum.accumulate(np.where(real, np.arange(shape[0])[:, None], -1), axis=0)
        self.last_traded = self.traded()
        self.delisting = self._delistings(delistings)
        self.endings: dict[int, list[int]] = {}
        for column, row in enumerate(self.delisting.tolist()):
            if row != ALIVE:
                self.endings.setdefault(row, []).append(column)
        self.actions = self._actions(events)
        self.vix = {} if vix is None else {pd.Timestamp(day).date(): float(close) for day, close in vix.items()}

    def traded(self) -> np.ndarray:
        """Row of the last bar with a volume above 0, up to each session."""
        return np.maximum.accumulate(np.where(self.volume > 0, np.arange(len(self.sessions))[:, None], -1), axis=0)

    def _delistings(self, said: Mapping[str, date | str] | None) -> np.ndarray:
        last = self.last_bar[-1]
        found = np.where(last < len(self.sessions) - 1, last, ALIVE).astype(np.int64)
        if said is not None:
            found[:] = ALIVE
            for name, day in said.items():
                found[self.column[name]] = self.row_of(pd.Timestamp(day).date())
        return found

    def _actions(self, events: pd.DataFrame | None) -> dict[int, list[Action]]:
        """By row, in the order of the events; an action on a closed day comes at the next session, one outside the bars not at all."""
        found: dict[int, list[Action]] = {}
        if events is None:
            return found
        days = pd.to_datetime(events["date"]).to_numpy().astype("datetime64[D]")
        for row, name, event, value in zip(
            np.searchsorted(self.sessions, days), events["symbol"], events["event"], events["value"], strict=True
        ):
            if row < len(self.sessions) and name in self.column:
                found.setdefault(int(row), []).append(Action(int(row), self.column[name], event, float(value)))
        return found

    def row_of(self, day: date) -> int:
        """Row of a session; raises ValueError for a day that is none."""
        row = int(np.searchsorted(self.sessions, np.datetime64(day)))
        if row == len(self.sessions) or self.sessions[row] != np.datetime64(day):
            raise ValueError(f"{day} is no session of this world")
        return row

    def day(self, row: int) -> date:
        return self.sessions[row].item()

    def opening(self, row: int) -> datetime:
        return datetime.combine(self.day(row), OPENING)

    def closing(self, row: int) -> datetime:
        return closing(self.day(row))
