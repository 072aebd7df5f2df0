"""Files of the edge: whole or not at all when written, one clear line when they cannot be read."""

import csv
import difflib
import gzip
import io
import lzma
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from springback.errors import BadTable, InputError, MissingData, Unwritable
from springback.market.symbols import check_symbols, harmless

SMALL, SWELLS = 1 << 28, 100
"""A packed file may hold up to 256 MB, or up to this many times its own size: real prices are 4 times as large unpacked."""
LONGEST_HEADER = 1 << 16
ASTRAY = re.compile(rb'[^,\r\n"]"[^,\r\n"]|[,\r\n]""[^,\r\n"]')
"""A quotation mark that neither opens nor closes a cell."""
NAMES = ("symbol", "old", "new")
"""Text columns that hold symbols."""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` to write to; renamed to `path` when the block ends well, removed when it does not.

    It keeps the suffixes of `path`, so that writers which look at them do the same. Raises `Unwritable` when the folder cannot be written.
    """
    path = Path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix=f"-{path.name}", dir=path.parent)
        os.close(handle)
    part = Path(name)
    try:
        with writing(path):
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.chmod(0o666 & ~_umask())
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the operating system's refusal to write `path` into `Unwritable`."""
    try:
        yield
    except OSError as error:
        raise Unwritable(f"{path} cannot be written ({error.strerror or error}): choose another place or free it") from None


@dataclass(frozen=True)
class Columns:
    """The columns a table must have, by what they hold; all others are passed over.

    `optional` may be absent. Dates and texts are never empty but for those in `sparse`; an empty number is NaN.
    """

    dates: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    sparse: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, dates first."""
        return self.dates + self.texts + self.numbers

    def arrow(self) -> dict[str, Any]:
        """Name -> Arrow type."""
        kinds = dict.fromkeys(self.dates, pa.date32()) | dict.fromkeys(self.texts, pa.dictionary(pa.int32(), pa.string()))
        return kinds | dict.fromkeys(self.numbers, pa.float64())


def read_table(path: Path, columns: Columns) -> pd.DataFrame:
    """The wanted columns of a CSV, gzipped CSV or (by suffix) Parquet file, rows in file order.

    Dates are datetime64[s], texts categories, numbers float64 with NaN where the cell is empty; a text such as `NA` or `TRUE` stays a text.
    Raises `MissingData` when there is no file, `BadTable` on an empty or damaged file, one that swells beyond measure when it is unpacked,
    a missing column, an unreadable cell and what is no symbol.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingData(f"{path} does not exist" if not path.exists() else f"{path} is not a file")
    parquet = path.suffix in (".parquet", ".pq")
    table = _read_parquet(path, columns) if parquet else _read_csv(path, columns)
    if table.num_rows == 0:
        raise BadTable(f"{path} has a header and no rows")
    frame = pd.DataFrame({name: _to_pandas(table.column(name)) for name in table.column_names})
    for name in (*columns.dates, *columns.texts):
        if name in frame and name not in columns.sparse:
            empty = np.flatnonzero((frame[name].isna() | (frame[name] == "")).to_numpy())
            if len(empty):
                raise BadTable(f"{path}: line {line(empty[0])}: {name} is empty")
    for name in NAMES:
        if name in frame:
            check_symbols((str(word) for word in frame[name].cat.categories), path)
    return frame


def line(row: int) -> int:
    """The line of a file, counted from 1 with the header, on which row `row` stands."""
    return int(row) + 2


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Writes `frame` as Parquet, CSV or gzipped CSV by the suffix of `path`, whole or not at all.

    Raises `InputError` on another suffix and `Unwritable`.
    """
    path = Path(path)
    if not path.name.endswith((".csv", ".csv.gz", ".parquet")):
        raise InputError(f"{path}: the suffix must be .csv, .csv.gz or .parquet")
    texts = [name for name in frame if frame[name].dtype == object and path.suffix != ".parquet"]
    calm = frame.assign(**{str(name): [harmless(one) if isinstance(one, str) else one for one in frame[name]] for name in texts})
    table = pa.Table.from_pandas(calm, preserve_index=False)
    with atomic(path) as part:
        if path.suffix == ".parquet":
            pa.parquet.write_table(table.replace_schema_metadata(), part, compression="zstd", write_page_checksum=True)
            return
        plain = part.open("wb")
        with plain, gzip.GzipFile("", "wb", 5, plain, mtime=0) if path.suffix == ".gz" else plain as file:
            file.write((",".join(table.column_names) + "\n").encode())
            pa.csv.write_csv(table, file, pa.csv.WriteOptions(include_header=False, quoting_style="needed"))


def _read_csv(path: Path, columns: Columns) -> Any:
    header = _header(path)
    _check_header(path, header, columns)
    options = pa.csv.ConvertOptions(
        column_types=columns.arrow(),
        include_columns=[name for name in columns.names if name in header],
        null_values=[""],
        strings_can_be_null=False,
    )
    try:
        return pa.csv.read_csv(_content(path), convert_options=options, read_options=pa.csv.ReadOptions(block_size=1 << 23))
    except (pa.ArrowException, OSError, EOFError, ValueError, zlib.error) as error:
        _explain(path, columns, error)


class _Plain(io.RawIOBase):
    """The plain bytes of a CSV or gzipped CSV file, which must not swell beyond measure, nor have a quote inside a cell.

    Arrow reads `"10"5` as 105; no writer of CSV means that.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        plain = pa.OSFile(str(path))
        self._source = pa.CompressedInputStream(plain, "gzip") if packed else plain
        self._path, self._most, self._told, self._end = path, most_bytes(path.stat().st_size), 0, b"\n"

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = bytes(self._source.read(min(size, 1 << 24) if size >= 0 else 1 << 24))
        self._told += len(content)
        if self._told > self._most:
            raise swollen(self._path, self._most)
        if b'"' in content or b'"' in self._end:
            wrong = ASTRAY.search(self._end + content)
            if wrong:
                shown = wrong[0].decode("utf-8", "replace")
                raise BadTable(
                    f"{self._path}: a quotation mark stands inside a cell, in '{shown}': close it before a comma, or leave it out"
                )
        self._end = (self._end + content)[-3:]
        return content

    def close(self) -> None:
        self._source.close()
        super().close()


def most_bytes(packed: int) -> int:
    """How much a packed file of `packed` bytes may hold."""
    return max(SMALL, SWELLS * packed)


def swollen(path: object, most: int) -> BadTable:
    """The error of a packed file that holds more than `most` bytes."""
    return BadTable(f"{path} holds more than {most:,} bytes when unpacked, {SWELLS} times its own size: unpack it yourself if it is sound")


def unzip(path: Path) -> bytes:
    """The one file in the zip at `path`, whatever its name. Raises `BadTable` on no sound zip of one file and on one that swells."""
    return unzipped(path, path.stat().st_size, path)


def unzipped(source: Path | IO[bytes], size: int, where: object) -> bytes:
    """The same of a zip of `size` bytes that is at hand; `where` names it."""
    most = most_bytes(size)
    try:
        with zipfile.ZipFile(source) as packed:
            names = packed.namelist()
            if len(names) != 1:
                raise BadTable(f"{where} holds {len(names)} files, one CSV is expected: copy it again")
            with packed.open(names[0]) as file:
                content = file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError, KeyError, struct.error) as error:
        raise BadTable(f"{where} is no sound zip ({_short(error)}): copy it again") from None
    if len(content) > most:
        raise swollen(where, most)
    return content


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The plain bytes of `path` as a stream; gzip is told by its first bytes, not by its name.

    Reading raises `BadTable` when a packed file swells beyond measure and on a quotation mark inside a cell.
    """
    with _Plain(path) as source:
        yield source


def _content(path: Path) -> Any:
    """The whole plain content for Arrow: a stream of Python's in its reading threads can abort the process when it ends on an error."""
    with opened(path) as stream:
        return pa.BufferReader(b"".join(iter(stream.read, b"")))


def _header(path: Path) -> list[str]:
    try:
        with opened(path) as stream:
            first = re.split(rb"[\r\n]", bytes(stream.read(LONGEST_HEADER)), maxsplit=1)[0]
    except (OSError, EOFError) as error:
        raise BadTable(f"{path} cannot be read: {_short(error)}") from None
    if len(first) == LONGEST_HEADER:
        raise BadTable(f"{path}: its first line is longer than {LONGEST_HEADER:,} bytes: a header line is needed")
    try:
        names = first.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadTable(f"{path} is not UTF-8 text") from None
    if not names.strip():
        raise BadTable(f"{path} is empty: a header line and rows are needed")
    return next(csv.reader([names]))


def _check_header(path: Path, header: Sequence[str], columns: Columns) -> None:
    for name in columns.names:
        if header.count(name) > 1:
            raise BadTable(f"{path} has the column '{name}' twice")
        if name not in header and name not in columns.optional:
            lower = {have.strip().lower(): have for have in header}
            near = difflib.get_close_matches(name, list(lower), n=1, cutoff=0.6)
            hint = f": did you mean '{lower[near[0]]}'?" if near else f": it has {', '.join(header)}"
            raise BadTable(f"{path} has no column '{name}'{hint}")


def _explain(path: Path, columns: Columns, error: Exception) -> NoReturn:
    """Finds the first cell that cannot be read, the slow way, and says on which line it stands."""
    texts = pa.csv.ConvertOptions(column_types=dict.fromkeys(_header(path), pa.string()), strings_can_be_null=False)
    try:
        table = pa.csv.read_csv(_content(path), convert_options=texts)
    except (pa.ArrowException, OSError, EOFError, ValueError, zlib.error) as worse:
        raise BadTable(f"{path} cannot be read: {_short(worse)}") from None
    for name in columns.names:
        cells = table.column(name).to_pandas() if name in table.column_names else pd.Series(dtype=str)
        if name in columns.dates:
            good = cells.str.fullmatch(r"\d{4}-\d{2}-\d{2}") & pd.to_datetime(cells, format="%Y-%m-%d", errors="coerce").notna()
            bad = ~good & (cells != "")
            must = "a date such as 2020-03-31"
        elif name in columns.numbers:
            bad, must = pd.to_numeric(cells.where(cells != ""), errors="coerce").isna() & ~cells.str.lower().isin(["", "nan"]), "a number"
        else:
            continue
        if bad.any():
            row = int(np.argmax(bad.to_numpy()))
            raise BadTable(f"{path}: line {line(row)}: {name} must be {must}, was '{cells.iloc[row]}'") from None
    raise BadTable(f"{path} cannot be read: {_short(error)}") from None


def _read_parquet(path: Path, columns: Columns) -> Any:
    try:
        told = pa.parquet.read_metadata(path)
        header = list(told.schema.to_arrow_schema().names)
        _check_header(path, header, columns)
        most = most_bytes(path.stat().st_size)
        if told.num_rows * len(columns.names) * 8 > most:
            raise swollen(path, most)
        kept = [name for name in columns.names if name in header]
        table = pa.parquet.read_table(path, columns=kept, page_checksum_verification=True)
        kinds = columns.arrow()
        for name in table.column_names:
            values = table.column(name)
            if name in columns.texts and pa.types.is_dictionary(values.type):
                values = values.cast(pa.string())
            kept = values.dictionary_encode() if name in columns.texts else values.cast(kinds[name])
            table = table.set_column(table.column_names.index(name), name, kept)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise BadTable(f"{path} cannot be read: {_short(error)}") from None
    return table


def _to_pandas(column: Any) -> Any:
    if pa.types.is_date32(column.type):
        return column.cast(pa.timestamp("s")).to_pandas()
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries() if hasattr(column, "unify_dictionaries") else column
    return column.to_pandas()


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    if "truncated" in text.lower() or isinstance(error, EOFError | gzip.BadGzipFile):
        return "its gzip data end early: copy or download it again"
    return text[:160]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
