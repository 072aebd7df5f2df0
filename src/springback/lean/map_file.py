"""LEAN's map files: under which ticker a name traded, from its first session to its last.

A row is `date,ticker,exchange`: the ticker held up to and with that date (Common/Data/Auxiliary/MapFile.cs, GetMappedSymbol). The first
row is the first session, the last one 2050-12-31, or the last session of a name that ended: LEAN closes what is left at the last close at
midnight after it. That is what our replay does with every ending, so a series that merely stops (END_OF_DATA) is given its last date as
well: without it LEAN would carry the position at a frozen price for ever. Bars lie in the daily zip of the ticker of their day.

Read in LEAN's source, not seen in a run: ticker changes; and that some versions pass over map files whose name ends in `con.csv` or
`prn.csv` (MapFile.GetMapFiles), so that the end of such a name is not known to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from springback.data.files.reading import Columns, line, read_table
from springback.errors import BadTable, InputError
from springback.lean.factor_file import FOREVER
from springback.lean.ticker import check_tickers
from springback.market.bars import Dates

EXCHANGE = "Q"
"""The market data knows no exchange; the golden runs had Nasdaq for every name."""


@dataclass(frozen=True)
class Rename:
    """From session `date` on, what was called `old` is called `new`."""

    date: np.datetime64
    old: str
    new: str


@dataclass(frozen=True)
class Listing:
    """One name in LEAN: `symbol`, its newest ticker, names its files; bars in sessions `first <= row <= last`; `ended` after them.

    `tickers` are (ticker, end row): it traded under the ticker before that row, and from the end row before it; the last is `symbol`.
    """

    symbol: str
    first: int
    last: int
    ended: bool
    tickers: tuple[tuple[str, int], ...]


def read_renames(path: Path) -> tuple[Rename, ...]:
    """The ticker changes of a file with the columns date, old, new, in the order of the file. Raises `BadTable` and `InputError`."""
    frame = read_table(path, Columns(("date",), ("old", "new")))
    dates = frame["date"].to_numpy().astype("datetime64[D]")
    found = tuple(map(Rename, dates, frame["old"].astype(str), frame["new"].astype(str)))
    for k, rename in enumerate(found):
        if rename.old == rename.new:
            raise BadTable(f"{path}: line {line(k)}: old and new must differ, were both '{rename.old}'")
        if any(other.date == rename.date and rename.new == other.new for other in found[:k]):
            raise BadTable(f"{path}: line {line(k)}: {rename.new} is a new name on {rename.date} twice")
    try:
        check_tickers(word for rename in found for word in (rename.old, rename.new))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return found


def listing(symbol: str, first: int, last: int, ended: bool, sessions: Dates, renames: Sequence[Rename]) -> tuple[Listing, set[Rename]]:
    """The tickers of `symbol` worked out backwards from its newest one, and the renames that were used for it."""
    used: set[Rename] = set()
    tickers, ticker, end = [(symbol, len(sessions))], symbol, len(sessions)
    while True:
        earlier = [(int(np.searchsorted(sessions, one.date)), k) for k, one in enumerate(renames) if one.new == ticker]
        earlier = [(row, k) for row, k in earlier if first < row <= last and row < end]
        if not earlier:
            return Listing(symbol, first, last, ended, tuple(tickers)), used
        end, k = max(earlier)
        ticker = renames[k].old
        used.add(renames[k])
        tickers.insert(0, (ticker, end))


def check_owners(listings: Sequence[Listing]) -> None:
    """Raises `InputError` when two names want the same ticker: LEAN keeps the bars of a ticker in one file."""
    owner: dict[str, str] = {}
    for one in listings:
        for ticker, _ in one.tickers:
            other = owner.setdefault(ticker.lower(), one.symbol)
            if other != one.symbol:
                raise InputError(
                    f"the ticker {ticker} is claimed by two names, {other} and {one.symbol}: LEAN keeps one file of bars a ticker: "
                    "give one of them another symbol in the bars, or take it out of the renames",
                    symbol=ticker,
                )


def map_text(one: Listing, sessions: Dates) -> str:
    """The text of the map file."""
    days = {sessions[one.first]: one.tickers[0][0]}
    days |= {sessions[end - 1]: ticker for ticker, end in one.tickers[:-1]}
    rows = {str(day).replace("-", ""): ticker for day, ticker in days.items()}
    rows[str(sessions[one.last]).replace("-", "") if one.ended else FOREVER] = one.symbol
    return "".join(f"{day},{ticker.lower()},{EXCHANGE}\n" for day, ticker in rows.items())


def spans(one: Listing) -> list[tuple[str, int, int]]:
    """(ticker, first row, end row) of each ticker in time; a ticker that came back is there twice."""
    starts = [0, *(end for _, end in one.tickers[:-1])]
    return [(ticker, start, end) for (ticker, end), start in zip(one.tickers, starts, strict=True)]
