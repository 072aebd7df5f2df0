"""Yahoo: the chart API v8, without a key and without a promise.

The address `/v8/finance/chart/SYMBOL` gives prices, volumes and dividends that are adjusted for every split up to today; `adjclose` is
adjusted for dividends too. Here all are put back on the scale of their day, with the splits of the same answer: that is why each question
reaches to today, whatever the end asked for. Now and then a split is listed and the prices before it are as printed, or a dividend before
it is told per old share: what the prices and `adjclose` say is taken (`unadjust`), and noted.

It is asked directly and not through yfinance: that library answers a fault, a web page and a delisted name alike with an empty table,
does not hear Retry-After, asks each name twice, and wants a newer peewee than a witness of our tests allows. Delisted names are absent
here: a universe of Yahoo's names has survivorship bias.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import numpy as np

from springback.data.roster import Roster
from springback.data.sources import Event, History, foreign, history, nothing, number_of
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.line import Answered, Line
from springback.data.sources.unadjust import Row, Series, in_shares_of_the_day, unadjusted
from springback.errors import GoneName, OddName

DIGITS = 4
"""Of a raw price: Yahoo's numbers are single precision, an un-adjusted 499.23 comes out as 499.23001."""
NO_DATA = "Data doesn't exist"
GONE = re.compile(r"not found|no data found|delisted", re.IGNORECASE)
"""How it says in a whole answer that it does not know a name."""
FIELDS = ("open", "high", "low", "close", "volume")


class Yahoo:
    """Yahoo's chart API."""

    name = "yahoo"
    batch = 1

    def __init__(self, fetch: Fetch) -> None:
        self.line = Line("Yahoo", fetch.yahoo_url, fetch)

    def histories(self, symbols: Sequence[str], start: date, end: date) -> Iterator[History]:
        """See `Source`."""
        for symbol in symbols:
            yield self._one(symbol, start, end)

    def listing(self, start: date, end: date) -> Roster:  # noqa: ARG002
        """Yahoo keeps no list."""
        return Roster(())

    def _one(self, symbol: str, start: date, end: date) -> History:
        params = {
            "period1": int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp()),
            "period2": int((datetime.now(UTC) + timedelta(days=1)).timestamp()),
            "interval": "1d",
            "events": "div,splits",
            "includeAdjustedClose": "true",
        }
        try:
            told = self.line.json(f"/v8/finance/chart/{quote(symbol.replace('.', '-'), safe='')}", params, symbol)
        except GoneName as error:
            return nothing(symbol, gone=NO_DATA not in getattr(error, "answer", ""))
        except Answered as error:
            if NO_DATA in error.answer:
                return nothing(symbol)
            raise
        try:
            return self._read(symbol, told["chart"], start, end)
        except (KeyError, TypeError, IndexError, AttributeError, ValueError, ArithmeticError, OSError) as error:
            shown = str(error).strip("'") if isinstance(error, KeyError) else "another shape"
            raise OddName(
                f"Yahoo's answer about {symbol} is not the known one ({self.line.scrubbed(shown)} where chart.result[0] with timestamp and "
                "indicators.quote was expected): its format may have changed; use another source",
                symbol=symbol,
            ) from None

    def _read(self, symbol: str, chart: dict[str, Any], start: date, end: date) -> History:
        if chart.get("error"):
            if GONE.search(str(chart["error"])):
                return nothing(symbol, gone=True)
            raise OddName(
                f"Yahoo says of {symbol}: {self.line.scrubbed(str(chart['error'].get('description')))}: check the symbol", symbol=symbol
            )
        return _raw(symbol, chart["result"][0], start, end)


def _raw(symbol: str, result: dict[str, Any], start: date, end: date) -> History:
    if "timestamp" not in result and not result["indicators"]["quote"][0]:
        return nothing(symbol)
    told = result.get("events") or {}
    splits = sorted((_day(one["date"]), _ratio(one)) for one in (told.get("splits") or {}).values())
    days = [_day(stamp) for stamp in result["timestamp"]]
    quotes = result["indicators"]["quote"][0]
    columns = [quotes[name] for name in FIELDS]
    if any(len(column) != len(days) for column in columns):
        raise ValueError
    adjusted = (result["indicators"].get("adjclose") or [{}])[0].get("adjclose") or [None] * len(days)
    cells = zip(*columns, adjusted, strict=True)
    listed: list[tuple[date, Row]] = [(day, tuple(map(_number, row))) for day, row in zip(days, cells, strict=True)]
    told_rows = dict(sorted(listed, key=_fullness))  # of a day that is there twice, the row that `laws.judge` keeps
    series = Series.of(told_rows)
    scale, notes = unadjusted(series, splits)
    shares = dict(zip(sorted(told_rows), map(float, scale.prices), strict=True))
    rows = [(day, *_on_scale(row[:5], shares[day])) for day, row in listed]
    events = [Event(np.datetime64(day), "split", 1 / ratio) for day, ratio in scale.splits]
    money = result.get("meta", {}).get("currency")
    paid = sorted(_dividend(one) for one in (told.get("dividends") or {}).values())
    for day, amount, currency in paid:
        if currency and money and currency != money:
            notes.append(foreign(np.datetime64(day), amount, currency))
            continue
        value, note = in_shares_of_the_day(series, scale, (day, amount), [one[:2] for one in paid])
        events.append(Event(np.datetime64(day), "dividend", round(value, 6)))
        notes += note
    return history("Yahoo", symbol, rows, events, start, end, notes)


def _number(cell: Any) -> float | None:
    return None if cell is None else number_of(cell)


def _fullness(row: tuple[date, Row]) -> tuple[bool, bool, float]:
    """Larger for a row with a close, then one with an open, then of a larger volume."""
    open_, _, _, close, volume, *_ = row[1]
    return close is not None, bool(open_), volume or 0.0


def _dividend(one: dict[str, Any]) -> tuple[date, float, str]:
    amount = number_of(one["amount"])
    if not amount > 0:
        raise ValueError(f"a dividend of {amount:g}")
    return _day(one["date"]), amount, str(one.get("currency") or "")


def _on_scale(cells: Sequence[float | None], shares: float) -> list[float | None]:
    """Prices times, volume divided by, the shares that one share of the day has since become."""
    *prices, volume = cells
    raw = [None if price is None else round(price * shares, DIGITS) for price in prices]
    return [*raw, None if volume is None else float(round(volume / shares))]


def _ratio(split: dict[str, Any]) -> float:
    """New shares for an old one. Raises `ValueError` on what no split can be."""
    ratio = number_of(split["numerator"]) / number_of(split["denominator"])
    if not ratio > 0:
        raise ValueError(f"a split of {ratio:g} new shares for one")
    return ratio


def _day(stamp: float) -> date:
    """The session of a time stamp: New York's day is UTC's at the open, 13:30 or 14:30 UTC."""
    return datetime.fromtimestamp(number_of(stamp), UTC).date()
