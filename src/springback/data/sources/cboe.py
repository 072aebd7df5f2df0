"""Cboe: the daily history of VIX as one CSV file, `DATE,OPEN,HIGH,LOW,CLOSE` with American dates."""

from datetime import date, datetime

from springback.data.sources.fred import columns_of, number
from springback.data.sources.line import Line
from springback.data.sources.settings import Fetch
from springback.errors import SourceError


def read_vix(fetch: Fetch) -> dict[date, float]:
    """VIX's close by day. Raises `SourceError`."""
    text = Line("Cboe", fetch.cboe_url, fetch).text("", {}, "the history of VIX")
    rows = columns_of("Cboe", text, ("DATE", "CLOSE"))
    try:
        closes = {datetime.strptime(day, "%m/%d/%Y").date(): number(close) for day, close in rows}  # noqa: DTZ007 (a date, no instant)
    except ValueError:
        raise SourceError("Cboe's history of VIX has a cell that is no date or number: its format may have changed") from None
    found = {day: close for day, close in closes.items() if close is not None and close > 0}
    if not found:
        raise SourceError("Cboe's history of VIX holds no close: run again later")
    return found
