"""Tiingo: end-of-day prices with a key, delisted names included unless their ticker was given away again.

`/tiingo/daily/TICKER/prices` gives raw prices beside adjusted ones; `divCash` and `splitFactor` (new shares per old) stand on the ex-date.
Tiingo writes BRK.A as BRK-A. Its list of names with their first and last day is a zip that it renews daily.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

import numpy as np

from springback.data.files.packed import unzipped
from springback.data.roster import Roster, roster
from springback.data.sources import Event, History, day_of, history, nothing, number_of
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.keys import Keys
from springback.data.sources.line import Line
from springback.errors import BadTable, GoneName, OddName, SourceError

EXCHANGES = {"NYSE", "NASDAQ", "AMEX", "NYSE ARCA", "NYSE MKT", "BATS"}
FIELDS = ("open", "high", "low", "close", "volume")
KEY = "TIINGO_API_KEY"


class Tiingo:
    """Tiingo's end-of-day API."""

    name = "tiingo"
    batch = 1

    def __init__(self, fetch: Fetch, keys: Keys) -> None:
        token = keys.of(KEY)[0]
        hint = f"check {KEY} and what the account may ask for"
        self.line = Line("Tiingo", fetch.tiingo_url, fetch, {"Authorization": f"Token {token}"}, hint)
        self.line.secrets = (token,)
        self.names = Line("Tiingo", fetch.tiingo_names_url, fetch)

    def histories(self, symbols: Sequence[str], start: date, end: date) -> Iterator[History]:
        """See `Source`."""
        for symbol in symbols:
            yield self._one(symbol, start, end)

    def listing(self, start: date, end: date) -> Roster:
        """The stocks of American exchanges in Tiingo's list whose span touches `start` to `end`. Raises `SourceError`."""
        told = self.names.file("", {}, "its list of names")
        try:
            content = unzipped(told, told.getbuffer().nbytes, "Tiingo's list of names")
            rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"))))
            found = sorted(
                row["ticker"].upper()
                for row in rows
                if row["assetType"] == "Stock" and row["exchange"] in EXCHANGES and row["startDate"]
                if row["startDate"] <= str(end) and (row["endDate"] or "9999") >= str(start)
            )
            return roster((word.replace("-", ".") if word[:1] != "-" else word for word in found), "other_owner")
        except (BadTable, KeyError, AttributeError, TypeError, csv.Error, UnicodeDecodeError) as error:
            shown = f" ({error})" if isinstance(error, BadTable) else ""
            raise SourceError(f"Tiingo's list of names cannot be read{shown}: run again later, or give --symbols") from None

    def _one(self, symbol: str, start: date, end: date) -> History:
        params = {"startDate": str(start), "endDate": str(end), "format": "json"}
        try:
            told = self.line.json(f"/tiingo/daily/{quote(symbol.replace('.', '-'), safe='')}/prices", params, symbol)
        except GoneName:
            return nothing(symbol, gone=True)
        if isinstance(told, dict) and "detail" in told:
            if "not found" in str(told["detail"]).lower():
                return nothing(symbol, gone=True)
            raise OddName(
                f"Tiingo says of {symbol}: {self.line.scrubbed(str(told['detail']))}: run again later, or check the account", symbol=symbol
            )
        try:
            rows = [(_day(one), *(one[name] for name in FIELDS)) for one in told]
            return history("Tiingo", symbol, rows, _events(told), start, end)
        except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
            shown = f"no field '{error.args[0]}'" if isinstance(error, KeyError) else "another shape"
            raise OddName(
                f"Tiingo's answer about {symbol} is not the known one ({self.line.scrubbed(shown)}): its format may have changed: use "
                "another source",
                symbol=symbol,
            ) from None


def _events(rows: Sequence[dict[str, Any]]) -> Iterator[Event]:
    for one in rows:
        if one["divCash"]:
            yield Event(np.datetime64(_day(one)), "dividend", number_of(one["divCash"]))
        if one["splitFactor"] != 1:
            yield Event(np.datetime64(_day(one)), "split", 1 / number_of(one["splitFactor"]))


def _day(one: dict[str, Any]) -> date:
    return day_of(one["date"][:10])
