"""New York's trading days and their hours, from exchange_calendars."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np

NEW_YORK = ZoneInfo("America/New_York")
UTC = ZoneInfo("UTC")
OPENING = time(9, 30)
MIDNIGHT = time(0, 0)


@lru_cache(maxsize=1)
def _calendar() -> Any:
    return exchange_calendars.get_calendar("XNYS", start="1990-01-02")


@lru_cache(maxsize=1)
def trading_days() -> np.ndarray:
    """All sessions known to the calendar, datetime64[D]."""
    return _calendar().sessions.to_numpy().astype("datetime64[D]")


@lru_cache(maxsize=1)
def _early() -> dict[date, time]:
    calendar = _calendar()
    closes = calendar.schedule.loc[calendar.early_closes, "close"]
    return {day.date(): close.tz_convert(NEW_YORK).time() for day, close in closes.items()}


def closing(day: date) -> datetime:
    """16:00 of a session, 13:00 on half days."""
    return datetime.combine(day, _early().get(day, time(16, 0)))


@lru_cache(maxsize=16)
def to_utc(moment: datetime) -> datetime:
    """Naive New York to naive UTC, as LEAN shows them."""
    return moment.replace(tzinfo=NEW_YORK).astimezone(UTC).replace(tzinfo=None)


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


class SecurityExchangeHours:
    """Hours of the New York exchange; moments are naive New York."""

    def is_date_open(self, local_date_time: datetime | date, extended_market_hours: bool = False) -> bool:
        days = trading_days()
        at = np.searchsorted(days, np.datetime64(_day(local_date_time)))
        return bool(at < len(days) and days[at] == np.datetime64(_day(local_date_time)))

    def is_open(self, local_date_time: datetime, extended_market_hours: bool = False) -> bool:
        if not self.is_date_open(local_date_time):
            return False
        return datetime.combine(local_date_time.date(), OPENING) <= local_date_time < closing(local_date_time.date())

    def get_next_trading_day(self, date: datetime | date) -> datetime:
        days = trading_days()
        found = days[np.searchsorted(days, np.datetime64(_day(date)), side="right")]
        return datetime.combine(found.item(), MIDNIGHT)

    def get_previous_trading_day(self, local_date: datetime | date) -> datetime:
        days = trading_days()
        found = days[np.searchsorted(days, np.datetime64(_day(local_date))) - 1]
        return datetime.combine(found.item(), MIDNIGHT)

    def get_next_market_open(self, local_date_time: datetime, extended_market_hours: bool) -> datetime:
        day = _day(local_date_time)
        if self.is_date_open(day) and local_date_time < datetime.combine(day, OPENING):
            return datetime.combine(day, OPENING)
        return datetime.combine(self.get_next_trading_day(day).date(), OPENING)

    def get_next_market_close(self, local_date_time: datetime, extended_market_hours: bool) -> datetime:
        day = _day(local_date_time)
        if self.is_date_open(day) and local_date_time < closing(day):
            return closing(day)
        return closing(self.get_next_trading_day(day).date())

    @property
    def regular_market_duration(self) -> timedelta:
        return timedelta(hours=6, minutes=30)

    @property
    def time_zone(self) -> str:
        return "America/New_York"
