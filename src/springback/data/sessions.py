"""New York's sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from springback.data.hours import newest_closed, schedule
from springback.errors import SettingsError
from springback.market.bars import Dates


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
    return np.datetime64(newest_closed(now, settled, closed).day, "D")


def open_on(days: Dates, closed: Sequence[str] = ()) -> NDArray[np.bool_]:
    """Whether the exchange was open on each of `days` (D,), which may stand in any order, the days `closed` apart."""
    if len(days) == 0:
        return np.zeros(0, dtype=bool)
    first, last = (str(one)[:4] for one in (days.min(), days.max()))
    return np.asarray(np.isin(days, _open(_sessions(f"{first}-01-01", f"{last}-12-31"), closed)))


def _open(days: Dates, closed: Sequence[str]) -> Dates:
    return days[~np.isin(days, np.array(closed, dtype="datetime64[D]"))] if closed else days


def _sessions(first: str, last: str) -> Dates:
    begin, end = np.datetime64(first, "D"), np.datetime64(last, "D")
    known = schedule(begin.item(), end.item()).days
    return known[(known >= begin) & (known <= end)]
