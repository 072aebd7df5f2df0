"""LEAN's daily bars: one zip a ticker with one CSV in it, and the index bars of VIX.

Equity rows are `YYYYMMDD 00:00,open,high,low,close,volume` with prices in 1/10,000 dollar (LEAN's Data/equity/readme.md), index rows
the same with prices as they are (Common/Data/Market/TradeBar.cs, ParseIndex).
"""

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Bars, Dates

DECI_CENTS = 10_000
MOST = 2.0**53
"""The largest whole number that a float64 holds exactly; LEAN's own limit (2**63) lies above it."""
OFF_GRID = 1e-4
"""In deci-cents: what float64 may add to a price that was given with four decimals is far below it."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time a zip can say: equal rows give equal bytes on any day."""


@dataclass(frozen=True, eq=False)
class DailyBars:
    """What LEAN can hold of one name's bars.

    `row` (R,) the sessions kept, ascending; `cells` (R, 5) int64 open, high, low, close in deci-cents and volume in shares. Counted: rows
    left out because they are `marks`, or have a price or volume `beyond` what is written (under half a deci-cent or share, over
    `MOST`); kept rows with a price `rounded` to a deci-cent, or a volume to a whole share (`part_shares`).
    """

    row: NDArray[np.int64]
    cells: NDArray[np.int64]
    marks: int
    beyond: int
    rounded: int
    part_shares: int


def daily_bars(bars: Bars, column: int) -> DailyBars:
    """The bars of one column of the panel as LEAN can hold them: prices in dollars become deci-cents."""
    close = bars.close[:, column]
    row = np.flatnonzero(~np.isnan(close))
    prices = np.stack([panel[row, column] for panel in (bars.open, bars.high, bars.low, bars.close)], axis=1) * DECI_CENTS
    volume = bars.volume[row, column]
    whole = bars.traded[row, column]
    with np.errstate(invalid="ignore"):
        exact = np.column_stack([prices, volume])
        cells = np.rint(exact)
        held = whole & np.all((cells[:, :4] >= 1) & (cells[:, :4] <= MOST), axis=1) & (cells[:, 4] >= 1) & (cells[:, 4] <= MOST)
        off = np.abs(cells - exact)[held] > OFF_GRID
    return DailyBars(
        row=row[held],
        cells=cells[held].astype(np.int64),
        marks=int((~whole).sum()),
        beyond=int((whole & ~held).sum()),
        rounded=int(off[:, :4].any(axis=1).sum()),
        part_shares=int(off[:, 4].sum()),
    )


def day_words(sessions: Dates) -> list[str]:
    """`YYYYMMDD 00:00` for each session."""
    return [f"{str(day).replace('-', '')} 00:00" for day in sessions]


def csv_rows(words: list[str], bars: DailyBars, first: int, end: int) -> bytes:
    """The rows of sessions `first <= row < end`, without a newline at the end, as LEAN's own files."""
    a, b = np.searchsorted(bars.row, (first, end))
    days = map(words.__getitem__, bars.row[a:b].tolist())
    return "\n".join(map("%s,%d,%d,%d,%d,%d".__mod__, zip(days, *bars.cells[a:b].T.tolist(), strict=True))).encode()


def index_rows(words: list[str], closes: NDArray[np.float64]) -> bytes:
    """Index bars of which only the `closes` (T,) are known: each stands for all four prices, volume 0; sessions without one (NaN) are left
    out."""
    known = np.flatnonzero(~np.isnan(closes))
    cells = ((words[k], np.format_float_positional(closes[k], trim="-")) for k in known)
    return "\n".join(f"{day},{close},{close},{close},{close},0" for day, close in cells).encode()


def pack(ticker: str, rows: bytes) -> bytes:
    """The zip LEAN expects under `TICKER.zip`: `ticker.csv` inside. The same rows give the same bytes."""
    packed = io.BytesIO()
    entry = zipfile.ZipInfo(f"{ticker.lower()}.csv", EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    entry.create_system = 3
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(entry, rows, compresslevel=6)
    return packed.getvalue()
