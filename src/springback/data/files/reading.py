"""Files of the edge: whole or not at all when written, one clear line when they cannot be read."""

import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from springback.data.files.headers import Columns
from springback.data.files.sheets import Table, line, sheet_of, typed
from springback.errors import InputError, Unwritable
from springback.market.symbols import harmless

__all__ = ["Columns", "Table", "atomic", "line", "read_table", "write_table", "writing"]


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
    """Raises `Unwritable` where the operating system refuses to write `path` in this block."""
    try:
        yield
    except OSError as error:
        raise Unwritable(f"{path} cannot be written ({error.strerror or error}): choose another place or free it") from None


def read_table(source: Table, columns: Columns) -> pd.DataFrame:
    """The wanted columns of a table, rows in its order: a file (see `sheets`), or a frame of pandas, Polars or Arrow.

    Dates are datetime64[s], texts categories, numbers float64 with NaN where the cell is empty; a text such as `NA` or `TRUE` stays a text.
    Columns are found by name or synonym (`headers`), cells as `cells` reads them; `understanding` hears what was made of them.
    Raises `MissingData` when there is no file, `BadTable` on an empty or damaged file, one that swells beyond measure when it is unpacked,
    all columns that are missing, an unreadable cell and what is no symbol.
    """
    return typed(sheet_of(source), columns)


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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
