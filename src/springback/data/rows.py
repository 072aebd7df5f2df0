"""Long rows (date, symbol, open, high, low, close, volume) -> an aligned panel, under the laws a row must obey."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.files import Columns, line
from springback.errors import BadTable
from springback.market.bars import FIELDS, Bars, Dates, Panel

BARS = Columns(("date",), ("symbol",), (*FIELDS, "adj_close"), optional=("adj_close",))
"""`adj_close`, where a file has it, is its close adjusted for what came later."""
PRICES = ("open", "high", "low", "close")
MOST_CELLS, THINNEST = 20_000_000, 200
"""A panel above this many cells must have a bar in one of `THINNEST`: a few odd dates and names must not fill the memory."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Where each row of a table stands: `sessions` (T,), `symbols` (N,) sorted, and per row `row` (R,) and `column` (R,)."""

    sessions: Dates
    symbols: tuple[str, ...]
    row: NDArray[np.int64]
    column: NDArray[np.int64]

    def scatter(self, values: Any) -> Panel:
        """The (T, N) panel of `values` (R,); NaN where no row is."""
        panel = np.full(len(self.sessions) * len(self.symbols), np.nan)
        panel[self.row * len(self.symbols) + self.column] = np.asarray(values, dtype=np.float64)
        return panel.reshape(len(self.sessions), len(self.symbols))


def place(frame: pd.DataFrame) -> Rows:
    """Sessions and symbols of `frame` (columns date, symbol), and the place of each of its rows.

    Raises `BadTable` when so few of all sessions and names have a row that it cannot be a market.
    """
    days = frame["date"].to_numpy().astype("datetime64[D]")
    first = days.min()
    offset = (days - first).astype(np.int64)
    seen = np.zeros(int(offset.max()) + 1, dtype=bool)
    seen[offset] = True
    row = (np.cumsum(seen) - 1)[offset]
    words = frame["symbol"].cat.categories.to_numpy(dtype=object)
    used = np.bincount(frame["symbol"].cat.codes.to_numpy(), minlength=len(words)) > 0
    order = sorted(np.flatnonzero(used), key=lambda k: str(words[k]))
    rank = np.zeros(len(words), dtype=np.int64)
    rank[order] = np.arange(len(order))
    column = rank[frame["symbol"].cat.codes.to_numpy()]
    cells = int(seen.sum()) * len(order)
    if cells > max(MOST_CELLS, THINNEST * len(frame)):
        raise BadTable(f"{int(seen.sum()):,} dates and {len(order):,} symbols in {len(frame):,} rows: these are no daily bars of a market")
    return Rows(first + np.flatnonzero(seen).astype("timedelta64[D]"), tuple(str(words[k]) for k in order), row, column)


def check_order(path: object, frame: pd.DataFrame, rows: Rows) -> None:
    """Each name's dates must rise down the file, with no day twice; sorting by date or by symbol first are both fine.

    Raises `BadTable` naming the first row that breaks it, and on a year that cannot be meant.
    """
    _check_years(path, rows)
    by_name = np.argsort(rows.column, kind="stable")
    same = np.diff(rows.column[by_name]) == 0
    step = np.diff(rows.row[by_name])
    if np.all(step[same] > 0):
        return
    key = rows.row * len(rows.symbols) + rows.column
    twice = pd.Series(key).duplicated().to_numpy()
    if twice.any():
        k = int(np.argmax(twice))
        first = int(np.argmax(key == key[k]))
        raise BadTable(f"{path}: line {_line(frame, k)}: {_who(frame, k)} is there twice (first on line {_line(frame, first)})")
    k = int(by_name[1:][same & (step < 0)].min())
    raise BadTable(
        f"{path}: line {_line(frame, k)}: {_who(frame, k)} comes after a later date of the same name: sort the file by symbol and date"
    )


def check_prices(path: object, frame: pd.DataFrame) -> None:
    """Raises `BadTable` on the first row whose prices or volume cannot be: empty, infinite, not above 0, high below low.

    Open, high and low may be empty together: a close-only row. An open or close outside high-low is a finding, not an error.
    """
    value = {name: frame[name].to_numpy() for name in FIELDS}
    absent = {name: np.isnan(value[name]) for name in PRICES}
    partly = (absent["open"] != absent["high"]) | (absent["open"] != absent["low"])
    _refuse(path, frame, "close", absent["close"], "a number: leave out the row of a session without a bar")
    for name in ("open", "high", "low"):
        _refuse(path, frame, name, absent[name] & partly, "a number, or empty together with the other two of open, high and low")
    for name in PRICES:
        _refuse(path, frame, name, ~absent[name] & ~(np.isfinite(value[name]) & (value[name] > 0)), "above 0 and finite")
    _refuse(path, frame, "volume", ~(np.isfinite(value["volume"]) & (value["volume"] >= 0)), "a number, 0 or more")
    low = np.flatnonzero(value["high"] < value["low"])
    if len(low):
        k = int(low[0])
        must = f"must not be below its low {value['low'][k]:g}, was {value['high'][k]:g}"
        raise BadTable(f"{path}: line {_line(frame, k)}: high of {_who(frame, k)} {must}")


def to_bars(frame: pd.DataFrame, rows: Rows) -> Bars:
    """The checked rows as `Bars`."""
    return Bars(rows.sessions, rows.symbols, **{name: rows.scatter(frame[name]) for name in FIELDS})


def _check_years(path: object, rows: Rows) -> None:
    for day in (rows.sessions[0], rows.sessions[-1]):
        if not np.datetime64("1900-01-01") <= day < np.datetime64("2200-01-01"):
            raise BadTable(f"{path}: the date must be in 1900 to 2199, was {day}")


def _refuse(path: object, frame: pd.DataFrame, name: str, bad: NDArray[np.bool_], must: str) -> None:
    if bad.any():
        k = int(np.argmax(bad))
        was = frame[name].iloc[k]
        shown = "empty or NaN" if np.isnan(was) else f"{was:g}"
        raise BadTable(f"{path}: line {_line(frame, k)}: {name} of {_who(frame, k)} must be {must}, was {shown}")


def _line(frame: pd.DataFrame, row: int) -> int:
    return line(frame.index[row])


def _who(frame: pd.DataFrame, row: int) -> str:
    return f"{frame['symbol'].iloc[row]} on {frame['date'].iloc[row]:%Y-%m-%d}"
