"""New York's sessions."""

from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Dates


def exchange_days(first: object, last: object) -> Dates:
    """The sessions of the New York Stock Exchange from `first` to `last`, both included; days as anything that prints as 2024-01-02."""
    return _sessions(str(np.datetime64(str(first), "D")), str(np.datetime64(str(last), "D"))).copy()


def newest(now: datetime, settled: timedelta) -> np.datetime64:
    """The last session whose close lies at least `settled` before `now`."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar(
        "XNYS", start=str((now - timedelta(days=15)).date()), end=str((now + timedelta(days=1)).date())
    )
    closes = calendar.closes
    return np.datetime64(str(max(session for session, close in closes.items() if close.to_pydatetime() + settled <= now))[:10], "D")


def open_on(days: Dates) -> NDArray[np.bool_]:
    """Whether the exchange was open on each of `days` (D,), which may stand in any order."""
    if len(days) == 0:
        return np.zeros(0, dtype=bool)
    first, last = (str(one)[:4] for one in (days.min(), days.max()))
    return np.asarray(np.isin(days, _sessions(f"{first}-01-01", f"{last}-12-31")))


@lru_cache(maxsize=64)
def _sessions(first: str, last: str) -> Dates:
    import exchange_calendars

    begin, end = (np.datetime64(one, "D") for one in (first, last))
    week = np.timedelta64(7, "D")
    calendar = exchange_calendars.get_calendar("XNYS", start=str(begin - week), end=str(end + week))
    known = calendar.sessions.to_numpy().astype("datetime64[D]")
    return np.asarray(known[(known >= begin) & (known <= end)])
