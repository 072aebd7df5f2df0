"""When New York opens and closes on a session, half days and daylight saving included, as instants in UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from springback.errors import InputError
from springback.market.bars import Dates

if TYPE_CHECKING:
    import pandas as pd

NEW_YORK = ZoneInfo("America/New_York")
LONGEST = timedelta(days=200)
"""Longer than the exchange was ever closed: from July to December 1914."""
MARGIN = timedelta(days=400)


@dataclass(frozen=True)
class Hours:
    """One session and its hours, instants in UTC."""

    day: date
    opens: datetime
    closes: datetime


def hours_of(day: date, closed: Sequence[str] = ()) -> Hours:
    """The hours of the session `day`. Raises `InputError` where it is none, or one of the days `closed`."""
    found = between(day, day, closed)
    if not found:
        raise InputError(f"{day} is no session of the New York Stock Exchange", value=str(day))
    return found[0]


def following(day: date, closed: Sequence[str] = ()) -> Hours:
    """The hours of the first session after `day`, the days `closed` apart."""
    return between(day + timedelta(days=1), day + LONGEST, closed)[0]


def between(first: date, last: date, closed: Sequence[str] = ()) -> tuple[Hours, ...]:
    """The sessions from `first` to `last`, both included, the days `closed` apart, in UTC."""
    known = schedule(first, last)
    low, high = np.searchsorted(known.days, np.datetime64(first)), np.searchsorted(known.days, np.datetime64(last), side="right")
    found = known.hours[low:high]
    return tuple(one for one in found if str(one.day) not in closed) if closed else found


def newest_closed(now: datetime, after: timedelta, closed: Sequence[str] = ()) -> Hours:
    """The newest session that closed at least `after` before `now`, an aware instant."""
    today = now.astimezone(NEW_YORK).date()
    over = [one for one in between(today - timedelta(days=20), today, closed) if one.closes + after <= now]
    return over[-1]


def at(day: date, clock: str) -> datetime:
    """The instant, in UTC, at which clocks in New York show `clock` ("08:00") on `day`."""
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


@dataclass(frozen=True, eq=False)
class Schedule:
    """The sessions from `first` to `last`: their `days` (S,) and hours."""

    first: date
    last: date
    days: Dates
    opens: "pd.DatetimeIndex"
    closes: "pd.DatetimeIndex"

    @cached_property
    def hours(self) -> tuple[Hours, ...]:
        """The hours of each session, instants in UTC."""
        times = zip(self.days.tolist(), self.opens.to_pydatetime(), self.closes.to_pydatetime(), strict=True)
        return tuple(Hours(*one) for one in times)


_MADE: list[Schedule] = []
"""The widest schedule so far: the library takes a third of a second for one, however short it is, and an evening asks a dozen times."""


def schedule(first: date, last: date) -> Schedule:
    """A schedule, in UTC, that holds the sessions from `first` to `last` and may hold more."""
    import exchange_calendars
    import pandas as pd

    for one in _MADE:
        if one.first <= first and last <= one.last:
            return one
    low = min([first - MARGIN, *(one.first for one in _MADE)])
    high = max([last + MARGIN, *(one.last for one in _MADE)])
    table = exchange_calendars.get_calendar("XNYS", start=str(low), end=str(high)).schedule
    made = Schedule(
        low, high, table.index.to_numpy().astype("datetime64[D]"), pd.DatetimeIndex(table["open"]), pd.DatetimeIndex(table["close"])
    )
    _MADE[:] = [made]
    return made
