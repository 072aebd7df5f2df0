"""Reading the store's files: checked against the manifest, bars scattered straight into their panels."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from springback.data.store_hash import file_hash
from springback.errors import StoreError
from springback.market.bars import FIELDS, Bars, Dates

BARS = "bars/"


def read_frame(folder: Path, base: Path, manifest: dict[str, Any], name: str) -> pd.DataFrame:
    """A small file of the store, without `known_at`."""
    table = _table(folder, base, manifest, name)
    return pd.DataFrame(
        {
            key: (
                table.column(key).cast(pa.timestamp("s")) if pa.types.is_date32(table.schema.field(key).type) else table.column(key)
            ).to_pandas()
            for key in table.column_names
            if key != "known_at"
        }
    )


def read_bars(folder: Path, base: Path, manifest: dict[str, Any], sessions: Dates, symbols: tuple[str, ...]) -> Bars:
    """The bars on `sessions`, of those of `symbols` that have one."""
    offset = np.full(int((sessions[-1] - sessions[0]).astype(np.int64)) + 1, -1, dtype=np.int64)
    offset[(sessions - sessions[0]).astype(np.int64)] = np.arange(len(sessions))
    panels = {name: np.full(len(sessions) * len(symbols), np.nan) for name in FIELDS}
    for year in np.unique(sessions.astype("datetime64[Y]")):
        name = f"{BARS}year={year}/bars.parquet"
        if name not in manifest["files"]:
            raise StoreError(f"{folder}: the manifest names no bars of {year}: run 'springback fetch' again")
        _scatter(_table(folder, base, manifest, name, ["date", "symbol", *FIELDS]), sessions, symbols, offset, panels)
    shaped = {name: panel.reshape(len(sessions), len(symbols)) for name, panel in panels.items()}
    kept = ~np.isnan(shaped["close"]).all(axis=0)
    if kept.all():
        return Bars(sessions, symbols, **shaped)
    names = tuple(symbol for symbol, has in zip(symbols, kept, strict=True) if has)
    return Bars(sessions, names, **{name: panel[:, kept] for name, panel in shaped.items()})


def _scatter(table: Any, sessions: Dates, symbols: tuple[str, ...], offset: Any, panels: dict[str, Any]) -> None:
    day = table.column("date").cast(pa.int32()).to_numpy() - sessions[0].astype("datetime64[D]").astype(np.int64)
    inside = (day >= 0) & (day < len(offset))
    row = np.where(inside, offset[np.where(inside, day, 0)], -1)
    words = table.column("symbol").unify_dictionaries().combine_chunks()
    words = words.chunk(0) if isinstance(words, pa.ChunkedArray) else words
    place = {symbol: k for k, symbol in enumerate(symbols)}
    column = np.array([place.get(word, -1) for word in words.dictionary.to_pylist()])[words.indices.to_numpy()]
    kept = (row >= 0) & (column >= 0)
    flat = row * len(symbols) + column
    whole = bool(kept.all())
    for name in FIELDS:
        values = table.column(name).to_numpy()
        panels[name][flat if whole else flat[kept]] = values if whole else values[kept]


def _table(folder: Path, base: Path, manifest: dict[str, Any], name: str, columns: list[str] | None = None) -> Any:
    path = base / name
    again = "run 'springback fetch' again"
    if name not in manifest["files"] or not path.is_file():
        raise StoreError(f"{folder}: {name} is missing: {again}")
    if file_hash(path) != manifest["files"][name]["sha256"]:
        raise StoreError(f"{folder}: {name} is not what the manifest says it was (SHA-256 differs): {again}")
    try:
        return pa.parquet.ParquetFile(path, read_dictionary=["symbol"] if columns else None).read(columns)
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        raise StoreError(f"{folder}: {name} cannot be read ({' '.join(str(error).split())[:80]}): {again}") from None
