"""Arrow tables as the bytes of a Parquet file, and back; the columns of the small tables."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

INSTANT = pa.timestamp("us", tz="UTC")
COLUMNS: dict[str, dict[str, Any]] = {
    "sessions": {"date": pa.date32(), "vix": pa.float64(), "benchmark": pa.float64(), "risk_free": pa.float64()},
    "securities": {
        **dict.fromkeys(("symbol",), pa.string()),
        **dict.fromkeys(("first", "last"), pa.date32()),
        **dict.fromkeys(("ending", "sector"), pa.string()),
    },
    "splits": {"date": pa.date32(), "symbol": pa.string(), "old_shares_per_new": pa.float64(), "place": pa.int64()},
    "dividends": {"date": pa.date32(), "symbol": pa.string(), "dollars": pa.float64(), "place": pa.int64()},
    "members": {"symbol": pa.string(), "start": pa.date32(), "end": pa.date32()},
    "delistings": {"symbol": pa.string(), "date": pa.date32(), "reason": pa.string(), "value": pa.float64()},
}
"""The small tables, each in the order of its rows' keys; every row has `known_at` too."""
ORDER = {
    "sessions": ["date"],
    "securities": ["symbol"],
    "splits": ["date", "place"],
    "dividends": ["date", "place"],
    "members": ["symbol", "start"],
    "delistings": ["symbol"],
}
SPARE = ("delistings",)
"""Tables that a store has only where they have a row."""


def packed(table: Any) -> bytes:
    """`table` as a Parquet file: zstd, dictionaries where the values repeat."""
    texts = [name for name in table.column_names if not pa.types.is_floating(table.schema.field(name).type)]
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink, compression="zstd", compression_level=1, use_dictionary=texts, row_group_size=1 << 20)
    return bytes(sink.getvalue())


def pack_frame(name: str, frame: pd.DataFrame) -> bytes:
    """A small table with `known_at` (and `superseded_at` where it is there), microseconds since 1970 UTC."""
    arrays = {column: pa.array(frame[column], kind, from_pandas=True) for column, kind in _stored(COLUMNS[name]).items()}
    made = pa.table({column: array.cast(COLUMNS[name][column]) for column, array in arrays.items()})
    for column in ("known_at", "superseded_at"):
        if column in frame:
            made = made.append_column(column, pa.array(frame[column].to_numpy(), pa.int64()).cast(INSTANT))
    return packed(made)


def frame_of(table: Any) -> pd.DataFrame:
    """A table as pandas: dates datetime64[s], instants microseconds since 1970 UTC, texts objects."""
    out = {}
    for name in table.column_names:
        column, kind = table.column(name), table.schema.field(name).type
        if pa.types.is_date32(kind):
            column = column.cast(pa.timestamp("s"))
        elif pa.types.is_timestamp(kind):
            column = column.cast(pa.int64())
        out[name] = column.to_pandas()
    return pd.DataFrame(out)


def _stored(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: pa.timestamp("s") if pa.types.is_date32(kind) else kind for name, kind in columns.items()}


WRITES = {
    "at": INSTANT,
    "generation": pa.int64(),
    **dict.fromkeys(("origin", "content_hash", "has", "findings"), pa.string()),
}


OLD_WRITES = {name: kind for name, kind in WRITES.items() if name != "origin"} | {"source": pa.string()}
"""Those of the format before, which is read as well."""


def pack_writes(frame: pd.DataFrame) -> bytes:
    """The table of all writes."""
    arrays = {name: pa.array(frame[name], pa.int64() if name == "at" else kind) for name, kind in WRITES.items()}
    return packed(pa.table({name: array.cast(WRITES[name]) for name, array in arrays.items()}))
