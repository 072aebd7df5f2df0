"""Cboe: the daily history of VIX as one CSV file, `DATE,OPEN,HIGH,LOW,CLOSE` with American dates."""

import re
from datetime import date, datetime

from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.fred import by_day, columns_of, number
from springback.data.sources.line import Line
from springback.errors import SourceError


def read_vix(fetch: Fetch) -> dict[date, float]:
    """VIX's close by day. Raises `SourceError`."""
    text = Line("Cboe", fetch.cboe_url, fetch).text("", {}, "the history of VIX")
    rows = columns_of("Cboe", text, ("DATE", "CLOSE"))
    try:
        closes = [(_day(day), number(close)) for day, close in rows]
    except ValueError:
        raise SourceError("Cboe's history of VIX has a cell that is no date or number: its format may have changed") from None
    found = {day: close for day, close in by_day("Cboe", closes).items() if close > 0}
    if not found:
        raise SourceError("Cboe's history of VIX holds no close: run again later")
    return found


def _day(cell: str) -> date:
    if not re.fullmatch(r"[0-9]{2}/[0-9]{2}/[0-9]{4}", cell):
        raise ValueError(f"'{cell}' is no American date")
    return datetime.strptime(cell, "%m/%d/%Y").date()  # noqa: DTZ007 (a date, no instant)
