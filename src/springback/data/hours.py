"""When New York opens and closes on a session, half days and daylight saving included, as instants in UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from springback.errors import InputError

NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Hours:
    """One session and its hours, instants in UTC."""

    day: date
    opens: datetime
    closes: datetime


def hours_of(day: date, closed: Sequence[str] = ()) -> Hours:
    """The hours of the session `day`. Raises `InputError` where it is none, or one of the days `closed`."""
    found = next((one for one in _year(day.year) if one.day == day and str(day) not in closed), None)
    if found is None:
        raise InputError(f"{day} is no session of the New York Stock Exchange", value=str(day))
    return found


def following(day: date, closed: Sequence[str] = ()) -> Hours:
    """The hours of the first session after `day`, the days `closed` apart."""
    return next(one for year in (day.year, day.year + 1) for one in _year(year) if one.day > day and str(one.day) not in closed)


def between(first: date, last: date, closed: Sequence[str] = ()) -> tuple[Hours, ...]:
    """The sessions from `first` to `last`, both included, the days `closed` apart, in UTC."""
    years = (one for year in range(first.year, last.year + 1) for one in _year(year))
    return tuple(one for one in years if first <= one.day <= last and str(one.day) not in closed)


def newest_closed(now: datetime, after: timedelta, closed: Sequence[str] = ()) -> Hours:
    """The newest session that closed at least `after` before `now`, an aware instant."""
    today = now.astimezone(NEW_YORK).date()
    over = [one for one in between(today - timedelta(days=20), today, closed) if one.closes + after <= now]
    return over[-1]


def at(day: date, clock: str) -> datetime:
    """The instant, in UTC, at which clocks in New York show `clock` ("08:00") on `day`."""
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


@lru_cache(maxsize=64)
def _year(year: int) -> tuple[Hours, ...]:
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XNYS", start=f"{year}-01-01", end=f"{year}-12-31")
    schedule = calendar.schedule
    times = zip(schedule.index, schedule["open"], schedule["close"], strict=True)
    return tuple(Hours(day.date(), opens.to_pydatetime(), closes.to_pydatetime()) for day, opens, closes in times)
