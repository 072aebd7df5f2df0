"""Bars as the world lays them out: one table of many names, the table of one name, yfinance's two header rows, newest day first."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from springback.data import rows
from springback.data.files import headers
from springback.data.files.cells import NOTHING, numbers
from springback.data.files.sheets import NoRows, Sheet, Table, dates, sheet_of, typed
from springback.errors import BadTable
from springback.market.bars import FIELDS
from springback.market.symbols import is_symbol, is_ticker

NAMED = re.compile(r"[A-Za-z0-9]{1,6}(?:[._=^-][A-Za-z0-9]{1,6})*")
"""What the name of a file looks like that is a symbol."""
NO_NAMES = frozenset(
    (
        *(
            "bars",
            "data",
            "daily",
            "download",
            "export",
            "history",
            "market",
            "ohlc",
            "ohlcv",
            "price",
            "prices",
            "quotes",
            "stock",
            "stocks",
        ),
        *("table", "ticker", "vix"),
    ),
)
SUFFIX = re.compile(r"\.(?:csv|txt|tsv|parquet|pq|zip)$|\.gz$", re.IGNORECASE)
STOOQ = re.compile(r"[._]us(?:_d)?$", re.IGNORECASE)
"""How Stooq marks a name of the United States: aapl.us.txt, aapl_us_d.csv, AAPL.US."""
SYMBOL = "symbol"
BARE = replace(rows.BARS, optional=(*rows.BARS.optional, SYMBOL))
"""The bars of one name, which need not say whose they are."""


class Nameless(BadTable):
    """A table has no column of symbols, and its own name is no symbol."""


def read_bars(source: Table, symbol: str = "") -> pd.DataFrame:
    """The rows of bars in a file or frame: date, symbol, open, high, low, close, volume, and `adj_close` where it is there.

    Without a column of symbols they are all of `symbol`, else of the name of the file, where that is one. The days of each name rise; a
    table that has them fall is turned round. The index is of those that `line` makes lines of.
    Raises `MissingData`, `BadTable`.
    """
    sheet = unfolded(sheet_of(source))
    with headers.understanding() as heard:
        frame = typed(sheet, rows.BARS) if headers.means(sheet.where, sheet.header, SYMBOL) else _of_one(sheet, symbol)
    frame, words = _turned(*_stooq(frame, sheet))
    told = [one.words for one in heard]
    headers.say(sheet.where, (*told, *words))
    return frame


def as_written(path: Path) -> pd.DataFrame:
    """Every row of bars in a file, whatever the door will say of it: date and symbol as texts, the fields as numbers or NaN.

    Days are ISO dates where the whole column is understood, else what is written. Raises `MissingData`, `BadTable`.
    """
    sheet = unfolded(sheet_of(path))
    name = symbol_of(sheet.title)
    found = headers.match(path, sheet.header, replace(BARE, optional=("adj_close", SYMBOL) if name else ("adj_close",)))
    table = sheet.texts(sorted(found.values()))
    column = {wanted: table.column(str(place)) for wanted, place in found.items() if wanted != "adj_close"}
    frame = pd.DataFrame({SYMBOL: name, **{wanted: cells.to_pandas() for wanted, cells in column.items()}})
    try:
        frame["date"] = pd.Series(dates(column["date"], "date", _refused)[0]).dt.strftime("%Y-%m-%d")
    except BadTable:
        frame["date"] = frame["date"].astype(str)
    try:
        frame = frame.assign(**numbers({name: column[name].cast(pa.string()) for name in FIELDS}, _refused)[0])
    except BadTable:
        frame = frame.assign(**{name: pd.to_numeric(frame[name], errors="coerce") for name in FIELDS})
    return frame[["date", SYMBOL, *FIELDS]].astype({"date": "string", SYMBOL: "string"})


def _refused(*words: object) -> BadTable:
    return BadTable(str(words))


def symbol_of(title: str) -> str:
    """The symbol that the name of a file is, as `brk-b.us.txt` and `AAPL.csv.gz`; empty where it is none."""
    stem = STOOQ.sub("", stem_of(title)).upper()
    return stem if NAMED.fullmatch(stem) and is_symbol(stem) and stem.lower() not in NO_NAMES else ""


def stem_of(title: str) -> str:
    """The name of a file without the endings that say how it is written."""
    while SUFFIX.search(title):
        title = SUFFIX.sub("", title)
    return title


def _of_one(sheet: Sheet, symbol: str) -> pd.DataFrame:
    name = symbol or symbol_of(sheet.title)
    if not name:
        try:
            headers.match(sheet.where, sheet.header, rows.BARS)
        except BadTable as error:
            way = "a table of one name is called after it, as AAPL.csv" if sheet.title else "or give {'AAPL': frame, ...}, a frame a name"
            raise Nameless(f"{error}; {way}") from None
    said = () if symbol else (f"symbol {name} from the file's name",)
    frame = typed(replace(sheet, words=(*sheet.words, *said)), BARE)
    return frame.assign(symbol=pd.Categorical([name] * len(frame)))[["date", SYMBOL, *frame.columns.drop("date")]]


def _stooq(frame: pd.DataFrame, sheet: Sheet) -> tuple[pd.DataFrame, list[str]]:
    """Symbols without the `.US` that Stooq's layout puts behind each."""
    words = frame[SYMBOL].cat.categories.astype(str)
    if "<TICKER>" not in sheet.header or not all(word.upper().endswith(".US") for word in words):
        return frame, []
    return frame.assign(symbol=frame[SYMBOL].cat.rename_categories({word: word[:-3].upper() for word in words})), ["symbols without .US"]


def _turned(frame: pd.DataFrame, words: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The rows the other way round where the days of every name fall."""
    codes, days = frame[SYMBOL].cat.codes.to_numpy(), frame["date"].to_numpy()
    by_name = np.argsort(codes, kind="stable")
    same = np.diff(codes[by_name]) == 0
    step = np.diff(days[by_name]).astype(np.int64)[same]
    if len(step) == 0 or not (step < 0).all():
        return frame, words
    return frame.iloc[::-1], [*words, "newest day first"]


def unfolded(sheet: Sheet) -> Sheet:
    """A table with a column for each field and name as one with a row for each name and day; another is handed back as it is.

    The first header row has the fields and the second the names, or the other way round; pandas writes the name of the index into a third.
    Raises `BadTable` on two columns for a field of one name, `NoRows` where there is no row.
    """
    if len(sheet.header) < 2 or headers.means(sheet.where, sheet.header, "date"):
        return sheet
    table = sheet.texts(range(len(sheet.header)))
    if table.num_rows == 0 or not all(pa.types.is_string(column.type) for column in table.columns):
        return sheet
    below = [[column[k].as_py() for column in table.columns] for k in range(min(2, table.num_rows))]
    both = _fields_and_names(sheet.header[1:], below[0][1:])
    if both is None:
        return sheet
    fields, names = both
    places = {(name, headers.bare(field)): k for k, (field, name) in enumerate(zip(fields, names, strict=True), start=1)}
    if len(places) < len(fields):
        raise BadTable(f"{sheet.where} has a field of one name in two columns: leave one of them out")
    deep = 2 if len(below) > 1 and not any(below[1][1:]) else 1
    rest, first = table.slice(deep), sheet.above + deep
    kept = [name for name in rows.BARS.numbers if any(field == headers.bare(name) for _, field in places)]
    parts, at = [], []
    for symbol in dict.fromkeys(names):
        part, mine = _part(rest, symbol, [places.get((symbol, headers.bare(name))) for name in kept])
        parts.append(part)
        at.append(first + mine)
    whole = pa.concat_tables(parts)
    if whole.num_rows == 0:
        raise NoRows(f"{sheet.where} has a header and no rows")
    words = (*sheet.words, f"two header rows, {len(parts):,} name{'s' if len(parts) > 1 else ''}")
    header = ["date", SYMBOL, *kept]
    return replace(
        sheet, header=header, texts=lambda wanted: whole.select([str(k) for k in wanted]), values=None, rows=np.concatenate(at), words=words
    )


def _fields_and_names(upper: list[str], lower: list[str]) -> tuple[list[str], list[str]] | None:
    """Which of two header rows has the fields and which the names; None where they are no such rows."""
    if headers.quoted(upper) and all(map(is_ticker, lower)):
        return upper, lower
    if headers.quoted(lower) and all(map(is_ticker, upper)):
        return lower, upper
    return None


def _part(table: Any, symbol: str, places: list[int | None]) -> tuple[Any, NDArray[np.int64]]:
    """The long rows of one name, whose fields stand at `places`, and which rows of `table` they are: those with any cell."""
    cells = [_column(table, place) for place in places]
    empty = [pa.compute.is_in(pa.compute.utf8_lower(one), pa.array(NOTHING)).to_numpy(zero_copy_only=False) for one in cells]
    known = ~np.logical_and.reduce(empty)
    part = pa.table([table.column(0), pa.array([symbol] * table.num_rows), *cells], names=[str(k) for k in range(len(cells) + 2)])
    return part.filter(pa.array(known)), np.flatnonzero(known)


def _column(table: Any, place: int | None) -> Any:
    """The column at `place`, empty where a name has none."""
    return pa.array([""] * table.num_rows) if place is None else table.column(place).combine_chunks()
