"""New York's sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.errors import SettingsError
from springback.market.bars import Dates

REACH = 30
"""Days back among which there is always a session that is over."""


@dataclass(frozen=True)
class Calendar:
    """What the exchange's calendar cannot know beforehand (table `calendar`): `closed` are days on which it was closed unannounced, such as
    a day of mourning or a storm, ISO dates. They are no sessions wherever this is asked.
    """

    closed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for word in self.closed:
            try:
                known = str(date.fromisoformat(word)) == word
            except ValueError:
                known = False
            if not known:
                raise SettingsError(f"calendar.closed must be dates such as 2025-01-09, was '{word}'", value=word)


def exchange_days(first: object, last: object, closed: Sequence[str] = ()) -> Dates:
    """The sessions of the New York Stock Exchange from `first` to `last`, both included, without the days `closed`; days as anything that
    prints as 2024-01-02.
    """
    return _open(_sessions(str(np.datetime64(str(first), "D")), str(np.datetime64(str(last), "D"))), closed).copy()


def newest(now: datetime, settled: timedelta, closed: Sequence[str] = ()) -> np.datetime64:
    """The last session, `closed` apart, whose close lies at least `settled` before `now`."""
    closes = _closes(now - timedelta(days=REACH), now + timedelta(days=1))
    days = _open(np.array([day for day, close in closes.items() if close + settled <= now], dtype="datetime64[D]"), closed)
    return np.datetime64(days[-1], "D")


def close_of(session: object, closed: Sequence[str] = ()) -> datetime | None:
    """When New York closes on `session` (UTC; half days too); None on a day that is no session, or one of `closed`."""
    day = np.datetime64(str(session), "D")
    if str(day) in closed:
        return None
    noon = datetime.fromisoformat(f"{day}T12:00+00:00")
    return _closes(noon - timedelta(days=REACH), noon + timedelta(days=1)).get(day)


def open_on(days: Dates, closed: Sequence[str] = ()) -> NDArray[np.bool_]:
    """Whether the exchange was open on each of `days` (D,), which may stand in any order, the days `closed` apart."""
    if len(days) == 0:
        return np.zeros(0, dtype=bool)
    first, last = (str(one)[:4] for one in (days.min(), days.max()))
    return np.asarray(np.isin(days, _open(_sessions(f"{first}-01-01", f"{last}-12-31"), closed)))


def _open(days: Dates, closed: Sequence[str]) -> Dates:
    return days[~np.isin(days, np.array(closed, dtype="datetime64[D]"))] if closed else days


def _calendar(first: object, last: object) -> Any:
    import exchange_calendars

    return exchange_calendars.get_calendar("XNYS", start=str(first), end=str(last))


def _closes(first: datetime, last: datetime) -> dict[np.datetime64, datetime]:
    """The close of each session between two instants, by day."""
    closes = _calendar(*(one.astimezone(UTC).date() for one in (first, last))).closes
    return {np.datetime64(session, "D"): close.to_pydatetime() for session, close in closes.items()}


@lru_cache(maxsize=64)
def _sessions(first: str, last: str) -> Dates:
    begin, end = (np.datetime64(one, "D") for one in (first, last))
    week = np.timedelta64(7, "D")
    known = _calendar(begin - week, end + week).sessions.to_numpy().astype("datetime64[D]")
    return np.asarray(known[(known >= begin) & (known <= end)])
