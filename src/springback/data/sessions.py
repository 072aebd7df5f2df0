"""New York's sessions."""

from datetime import datetime, timedelta

import numpy as np

from springback.market.bars import Dates


def exchange_days(first: object, last: object) -> Dates:
    """The sessions of the New York Stock Exchange from `first` to `last`, both included; days as anything that prints as 2024-01-02."""
    import exchange_calendars

    begin, end = (np.datetime64(str(one), "D") for one in (first, last))
    week = np.timedelta64(7, "D")
    calendar = exchange_calendars.get_calendar("XNYS", start=str(begin - week), end=str(end + week))
    known = calendar.sessions.to_numpy().astype("datetime64[D]")
    return np.asarray(known[(known >= begin) & (known <= end)])


def newest(now: datetime, settled: timedelta) -> np.datetime64:
    """The last session whose close lies at least `settled` before `now`."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar(
        "XNYS", start=str((now - timedelta(days=15)).date()), end=str((now + timedelta(days=1)).date())
    )
    closes = calendar.closes
    return np.datetime64(str(max(session for session, close in closes.items() if close.to_pydatetime() + settled <= now))[:10], "D")
