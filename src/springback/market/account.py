"""The account that a backtest starts with, and the days it runs over."""

from dataclasses import dataclass
from datetime import date

from springback.errors import SettingsError


@dataclass(frozen=True)
class Account:
    """`start` and `end` are calendar days, both included; `cash` in dollars."""

    start: date = date(2020, 1, 1)
    end: date = date(2023, 12, 31)
    cash: float = 1_000_000.0

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise SettingsError(f"backtest.start must be before backtest.end, was {self.start} and {self.end}")
        if self.cash <= 0:
            raise SettingsError(f"backtest.cash must be above 0, was {self.cash}")
