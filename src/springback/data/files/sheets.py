"""A table as somebody else wrote it: CSV with any separator, gzipped or in a zip of one; Parquet; a frame of pandas, Polars, Arrow."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from springback.data.files import cells, headers
from springback.data.files.headers import Columns
from springback.data.files.packed import in_short, most_bytes, plain, swollen, workbook
from springback.errors import BadTable, MissingData
from springback.market.symbols import check_symbols

Table = Path | Any
"""A file's path, or a frame: pandas', Polars', Arrow's."""
LONGEST_HEADER = 1 << 16
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
PARQUET = (".parquet", ".pq")
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
NAMES = ("symbol", "old", "new")
"""Text columns that hold symbols."""


@dataclass(frozen=True, eq=False)
class NamedFrame:
    """A frame that was handed over, and what an error calls it; or a frame for each name by its symbol."""

    frame: Any
    name: str = "the frame"

    def __str__(self) -> str:
        return self.name


class NoRows(BadTable):
    """A table has a header, or not even that, and no rows."""


def line(row: int) -> int:
    """The line of a file, counted from 1 with the header, on which row `row` stands."""
    return int(row) + 2


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table whose columns have names and no meaning yet.

    `where` is what an error calls it, `header` its columns, `title` the name of the file without folder. `texts` and `values` give the
    columns at some places of the header as an Arrow table with columns "0", "1" ...: as the texts written, or as values of these kinds
    (None where they are not written plainly). `above` are the lines before the first row less one; `rows` the rows' places in the file
    where they are not one below the other. `words` say what is known of it already.
    """

    where: object
    header: list[str]
    title: str
    texts: Callable[[Sequence[int]], Any]
    values: Callable[[dict[int, Any]], Any] | None = None
    above: int = 0
    rows: NDArray[np.int64] | None = None
    words: tuple[str, ...] = ()

    def index(self, count: int) -> Any:
        """For each of `count` rows the one that `line` makes its line of."""
        return pd.RangeIndex(self.above, self.above + count) if self.rows is None else pd.Index(self.rows)


def sheet_of(source: Table) -> Sheet:
    """The table in a file or a frame. Raises `MissingData`, `BadTable`."""
    if not isinstance(source, Path | str):
        return of_frame(source if isinstance(source, NamedFrame) else NamedFrame(source))
    path = Path(source)
    if not path.is_file():
        raise MissingData(f"{path} does not exist" if not path.exists() else f"{path} is not a file")
    if path.suffix.lower() in WORKBOOKS:
        raise workbook(path)
    return _parquet(path) if path.suffix in PARQUET else _csv(path)


def typed(sheet: Sheet, columns: Columns) -> pd.DataFrame:
    """The wanted columns with their meaning (see `files.read_table`)."""
    found = headers.match(sheet.where, sheet.header, columns)
    frame, words = _meant(sheet, columns, found)
    headers.say(sheet.where, (*sheet.words, *headers.words(sheet.header, found), *words))
    return frame


def _meant(sheet: Sheet, columns: Columns, places: dict[str, int]) -> tuple[pd.DataFrame, list[str]]:
    kinds = columns.arrow()
    table, words = None, list[str]()
    if sheet.values is not None:
        table = sheet.values({place: kinds[name] for name, place in places.items()})
    if table is not None:
        frame = pd.DataFrame({name: _to_pandas(table.column(str(place))) for name, place in places.items()})
    else:
        frame, words = _read(sheet, columns, places)
    if len(frame) == 0:
        raise NoRows(f"{sheet.where} has a header and no rows")
    frame.index = sheet.index(len(frame))
    for name in (*columns.dates, *columns.texts):
        if name in frame and name not in columns.sparse:
            empty = np.flatnonzero((frame[name].isna() | (frame[name] == "")).to_numpy())
            if len(empty):
                raise BadTable(f"{sheet.where}: line {line(frame.index[empty[0]])}: {name} is empty")
    for name in NAMES:
        if name in frame:
            check_symbols((str(word) for word in frame[name].cat.categories), sheet.where)
    return frame, words


def _read(sheet: Sheet, columns: Columns, places: dict[str, int]) -> tuple[pd.DataFrame, list[str]]:
    """The same the patient way: a column at a time, as it is written."""
    table = sheet.texts(sorted(places.values()))
    index = sheet.index(table.num_rows)

    def fail(name: str, row: int, must: str, was: str) -> BadTable:
        return BadTable(f"{sheet.where}: line {line(index[row])}: {name} must be {must}, was '{was}'")

    read, words = {}, []
    texts = {}
    for name, place in places.items():
        column = table.column(str(place))
        if name in columns.dates:
            read[name], said = dates(column, name, partial(fail, name))
            words += [said] if said else []
        elif name in columns.texts:
            read[name] = _to_pandas(column.cast(pa.string()).dictionary_encode())
        elif pa.types.is_string(column.type):
            texts[name] = column
        else:
            read[name] = _number(sheet, column, name)
    if texts:
        numbers, said_ = cells.numbers(texts, fail)
        read |= numbers
        words += said_
    return pd.DataFrame({name: read[name] for name in places}), words


def dates(column: Any, name: str, fail: cells.Fail) -> tuple[Any, str]:
    """The days of a column of texts, dates or time stamps as datetime64[s], and words on how they are written (see `cells.days`).

    Raises what `fail` makes of the first cell that is none.
    """
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("s")).to_pandas().to_numpy().astype("datetime64[s]"), ""
    if pa.types.is_timestamp(column.type):
        walls = column if column.type.tz is None else pa.compute.local_timestamp(column)
        here = pd.Series(walls.cast(pa.timestamp("ns"), safe=False).to_numpy())
        if column.type.tz is None:
            days = here.to_numpy().astype("datetime64[D]").astype("datetime64[s]")
            plain_ = np.array_equal(days, here.to_numpy().astype("datetime64[s]"), equal_nan=True)
            return days, "" if plain_ else f"{name} as time stamps, the day written"
        moments = pd.Series(column.cast(pa.timestamp("ns", tz="UTC"), safe=False).cast(pa.timestamp("ns"), safe=False).to_numpy())
        days, said = cells.of_moments(here, here - moments)
        if isinstance(days, str):
            raise fail(0, days, str(here.iloc[0]))
        return days, f"{name} as {said}"
    if pa.types.is_string(column.type):
        return cells.days(column.to_pandas(), name, fail)
    raise fail(0, "a date such as 2020-03-31", str(column[0].as_py()))


def _number(sheet: Sheet, column: Any, name: str) -> Any:
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    except (pa.ArrowException, ValueError) as error:
        raise BadTable(f"{sheet.where}: {name} cannot be read as numbers: {in_short(error)}") from None


def _csv(path: Path) -> Sheet:
    content, name = plain(path)
    if content.startswith(OLD_WORKBOOK):
        raise workbook(path)
    content = content.removeprefix(b"\xef\xbb\xbf")
    header = headers_of(path, content, 1)[0]
    between = headers.separator(header)
    check_quotes(path, content, between)
    words = () if between == "," else (f"cells parted by {'a tab' if between == chr(9) else f'`{between}`'}",)
    return csv_sheet(path, content, headers.cells(header, between), between, 1, name, words)


def csv_sheet(path: Path, content: bytes, header: list[str], between: str, skip: int, title: str, words: tuple[str, ...] = ()) -> Sheet:
    """The sheet of a CSV whose rows begin after `skip` lines.

    One thread: Arrow's pool of threads crashes the process now and then when it leaves a damaged file, and 140 MB take 0.4 s without.
    """
    parse = pa.csv.ParseOptions(delimiter=between)
    names = [str(k) for k in range(len(header))]
    read = pa.csv.ReadOptions(use_threads=False, block_size=1 << 23, column_names=names, skip_rows=skip)

    def values(kinds: dict[int, Any]) -> Any:
        options = pa.csv.ConvertOptions(
            column_types={str(k): kind for k, kind in kinds.items()},
            include_columns=[str(k) for k in kinds],
            null_values=[""],
            strings_can_be_null=False,
        )
        try:
            return pa.csv.read_csv(pa.BufferReader(content), read, parse, options)
        except (pa.ArrowException, ValueError):
            return None

    def texts(places: Sequence[int]) -> Any:
        options = pa.csv.ConvertOptions(
            column_types={str(k): pa.string() for k in places},
            include_columns=[str(k) for k in places],
            strings_can_be_null=False,
        )
        try:
            return pa.csv.read_csv(pa.BufferReader(content), read, parse, options)
        except (pa.ArrowException, ValueError) as error:
            raise BadTable(f"{path} cannot be read: {in_short(error)}") from None

    return Sheet(path, header, title, texts, values, skip - 1, words=words)


def headers_of(path: Path, content: bytes, count: int) -> list[str]:
    """The first `count` lines of a CSV, fewer where it has not so many. Raises `BadTable` where the first is no header."""
    head = content[: count * LONGEST_HEADER]
    found = re.split(rb"\r\n|\r|\n", head, maxsplit=count)[:count]
    if len(found[0]) >= LONGEST_HEADER:
        raise BadTable(f"{path}: its first line is longer than {LONGEST_HEADER:,} bytes: a header line is needed")
    try:
        lines = [one.decode() for one in found]
    except UnicodeDecodeError:
        raise BadTable(f"{path} is not UTF-8 text") from None
    if not lines[0].strip():
        raise NoRows(f"{path} is empty: a header line and rows are needed")
    return lines


def check_quotes(path: Path, content: bytes, between: str) -> None:
    """Raises `BadTable` on a quotation mark inside a cell, neither opening nor closing it: Arrow reads `"10"5` as 105; no writer of CSV
    means that.
    """
    if b'"' not in content:
        return
    inside = re.escape(between).encode()
    wrong = re.search(rb'[^%b\r\n"]"[^%b\r\n"]|[%b\r\n]""[^%b\r\n"]' % (inside, inside, inside, inside), b"\n" + content)
    if wrong:
        shown = wrong[0].decode("utf-8", "replace")
        raise BadTable(f"{path}: a quotation mark stands inside a cell, in '{shown}': close it before a comma, or leave it out")


def _parquet(path: Path) -> Sheet:
    try:
        told = pa.parquet.read_metadata(path)
        header = [str(name) for name in told.schema.to_arrow_schema().names]
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise BadTable(f"{path} cannot be read: {in_short(error)}") from None

    def texts(places: Sequence[int]) -> Any:
        most = most_bytes(path.stat().st_size)
        if told.num_rows * len(places) * 8 > most:
            raise swollen(path, most)
        try:
            table = pa.parquet.read_table(path, columns=[header[k] for k in places], page_checksum_verification=True)
            return _unwrapped(table.rename_columns([str(k) for k in places]))
        except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
            raise BadTable(f"{path} cannot be read: {in_short(error)}") from None

    return Sheet(path, header, path.name, texts)


def of_frame(source: NamedFrame) -> Sheet:
    """The sheet of a frame; a named index, or one of dates, is a column too, and its rows are counted from 1.

    Raises `BadTable` on what is no frame.
    """
    frame = source.frame
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("close" if frame.name is None else str(frame.name))
    try:
        table = pa.Table.from_pandas(_flat(frame), preserve_index=False) if isinstance(frame, pd.DataFrame) else pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise BadTable(f"{source} must be one of pandas, Polars or Arrow, or a file's path: {in_short(error)}") from None
    header = [str(name) for name in table.column_names]

    def texts(places: Sequence[int]) -> Any:
        return _unwrapped(pa.table({str(k): table.column(k) for k in places}))

    return Sheet(source, header, "", texts, above=-1)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.columns.nlevels == 2:
        named = 1 if headers.quoted([str(one) for one in frame.columns.get_level_values(0)]) else 0
        frame = frame.stack(level=named, future_stack=True).dropna(how="all")  # type: ignore[assignment]
        frame.index.names = [frame.index.names[0] or "date", "symbol"]
        frame.columns.name = None
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.name is None:
        frame = frame.rename_axis(index="date")
    named = any(name is not None for name in frame.index.names)
    return (frame.reset_index() if named else frame).rename(columns=str)


def _unwrapped(table: Any) -> Any:
    """Categories and long texts as texts, what is null in a column of nulls as empty."""
    for k, name in enumerate(table.column_names):
        column = table.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_null(column.type) or pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
            column = column.cast(pa.string())
        if pa.types.is_string(column.type):
            column = pa.compute.fill_null(column, "")
        table = table.set_column(k, name, column)
    return table


def _to_pandas(column: Any) -> Any:
    if pa.types.is_date32(column.type):
        return column.cast(pa.timestamp("s")).to_pandas()
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries() if hasattr(column, "unify_dictionaries") else column
    return column.to_pandas()
