"""The account that a backtest starts with, and the days it runs over."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from springback.errors import MissingData, SettingsError
from springback.market.bars import Dates

YEARS, HISTORY = 4, 252
"""A window that nobody names is at most so many years long, and has so many sessions before it, to learn from."""


@dataclass(frozen=True)
class Account:
    """`start` and `end` are calendar days, both included, those of the original plan; `cash` in dollars."""

    start: date = date(2020, 1, 1)
    end: date = date(2023, 12, 31)
    cash: float = 1_000_000.0

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise SettingsError(f"backtest.start must be before backtest.end, was {self.start} and {self.end}", value=self.start)
        if self.cash <= 0:
            raise SettingsError(f"backtest.cash must be above 0, was {self.cash}", value=self.cash, limit=0)


def usual_start(sessions: Dates, history: int = HISTORY) -> date:
    """The first session of the first quarter that begins at most `YEARS` years before the last of `sessions` and has `history` before it.

    Raises `MissingData` where there is none.
    """
    if len(sessions):
        last = sessions[-1].astype("datetime64[D]").item()
        quarter = sessions.astype("datetime64[M]").astype(np.int64) // 3
        for row in (np.flatnonzero(np.diff(quarter)) + 1).tolist():
            begins = date(1970 + int(quarter[row]) // 4, 1 + int(quarter[row]) % 4 * 3, 1)
            if row >= history and begins.replace(year=begins.year + YEARS) >= last:
                return sessions[row].astype("datetime64[D]").item()  # type: ignore[no-any-return]
    held = f"{sessions[0]} to {sessions[-1]}, {len(sessions)} sessions" if len(sessions) else "no session"
    raise MissingData(
        f"no quarter of the bars' last {YEARS} years has {history} sessions before it (the bars hold {held}): set backtest.start, or fetch "
        "an earlier history"
    )
