"""Long rows (date, symbol, open, high, low, close, volume) -> an aligned panel, under the laws a row must obey."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.files.reading import Columns, line
from springback.data.laws import OLDEST, LeftOut, impossible, judge, lines_of, why
from springback.data.sessions import open_on
from springback.errors import BadTable
from springback.market.bars import FIELDS, Bars, Dates, Panel
from springback.market.market_data import Delisting

BARS = Columns(("date",), ("symbol",), (*FIELDS, "adj_close"), optional=("adj_close",))
"""`adj_close`, where a file has it, is its close adjusted for what came later."""
MOST_CELLS, THINNEST = 20_000_000, 200
"""A panel above this many cells must have a bar in one of `THINNEST`: a few odd dates and names must not fill the memory."""


@dataclass(frozen=True, eq=False)
class LongRows:
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


def place(frame: pd.DataFrame) -> LongRows:
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
    return LongRows(first + np.flatnonzero(seen).astype("timedelta64[D]"), tuple(str(words[k]) for k in order), row, column)


def lawful(path: object, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LeftOut, ...]]:
    """The rows of `frame` that count under the laws of `judge`, in their order, and what is left out.

    Raises `BadTable` when none is left, naming the first that cannot be.
    """
    names, days = frame["symbol"].cat.codes.to_numpy().astype(np.int64), frame["date"].to_numpy().astype("datetime64[D]")
    values = {name: frame[name].to_numpy() for name in FIELDS}
    latest = np.datetime64(datetime.now(UTC).date(), "D") + 1
    sane = (days >= OLDEST) & (days <= latest)
    is_open = np.zeros(len(days), dtype=bool)
    if sane.any():
        span = np.arange(days[sane].min(), days[sane].max() + 1)
        is_open[sane] = open_on(span)[(days[sane] - span[0]).astype(np.int64)]
    found = judge(names, days, values, latest, is_open)
    left = tuple(_left(frame, values, law, rows) for law, rows in found.broken.items())
    if len(found.rows) == 0:
        raise BadTable(_nothing(path, frame, values, found.broken))
    kept = frame.iloc[found.rows] if len(found.rows) < len(frame) else frame
    return kept.assign(**found.values), left


def check_traded(where: object, bars: Bars) -> None:
    """Raises `BadTable` where no row of all is a bar, with prices and shares traded: nothing of it can be traded."""
    if bars.traded.any():
        return
    lacks = "an open, a high and a low" if np.isnan(bars.open).all() else "a volume above 0 beside an open, a high and a low"
    raise BadTable(f"{where}: no row has {lacks}: no order can be filled: daily bars with open, high, low, close and volume are needed")


def ended(bars: Bars, delistings: Sequence[Delisting]) -> tuple[Bars, tuple[LeftOut, ...]]:
    """`bars` without the prices that come after their name's delisting, where that lies within its life; and what is left out."""
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    late = np.zeros(bars.shape, dtype=bool)
    for one in delistings:
        column = columns.get(one.symbol)
        if column is not None:
            has = ~np.isnan(bars.close[:, column])
            late[:, column] = has & (bars.sessions > one.day) & (bars.sessions[np.argmax(has)] <= one.day)
    if not late.any():
        return bars, ()
    row, name = divmod(int(np.argmax(late)), late.shape[1])
    left = LeftOut("after_end", bars.symbols[name], bars.sessions[row], count=int(late.sum()))
    return Bars(bars.sessions, bars.symbols, **{name: np.where(late, np.nan, getattr(bars, name)) for name in FIELDS}), (left,)


def to_bars(frame: pd.DataFrame, rows: LongRows) -> Bars:
    """The checked rows as `Bars`: prices in dollars, volume in shares, on the panel of `rows`."""
    return Bars(rows.sessions, rows.symbols, **{name: rows.scatter(frame[name]) for name in FIELDS})


def _left(frame: pd.DataFrame, values: Mapping[str, NDArray[np.float64]], law: str, rows: NDArray[np.int64]) -> LeftOut:
    k = int(rows[0])
    name, day = str(frame["symbol"].iloc[k]), np.datetime64(frame["date"].iloc[k].date(), "D")
    return LeftOut(law, name, day, " ".join(why(values, k)) if law == "cannot_be" else "", len(rows))


def _nothing(path: object, frame: pd.DataFrame, values: Mapping[str, NDArray[np.float64]], broken: Mapping[str, NDArray[np.int64]]) -> str:
    """The error of a file of which no row counts."""
    wrong = np.flatnonzero(impossible(values) != "")
    if len(wrong):
        field, must = why(values, int(wrong[0]))
        return f"{path}: line {line(frame.index[wrong[0]])}: {field} of {_who(frame, int(wrong[0]))} {must}, and no other row counts"
    said = "; ".join(lines_of([_left(frame, values, one, rows) for one, rows in broken.items()]))
    return f"{path}: no row is left: {said}: give daily bars of days on which New York traded"


def _who(frame: pd.DataFrame, row: int) -> str:
    return f"{frame['symbol'].iloc[row]} on {frame['date'].iloc[row]:%Y-%m-%d}"
