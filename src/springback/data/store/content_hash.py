"""Fingerprints: of a file's bytes, and of what market data says."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback.data.store.frames import Tables, tables_of, values_of
from springback.data.store.pack import ORDER, SPARE
from springback.data.store.rows import plain
from springback.market.market_data import MarketData


def file_hash(path: Path) -> str:
    """SHA-256 of the bytes of `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(market_data: MarketData) -> str:
    """SHA-256 of all that market data holds but its origin and findings; equal markets have equal hashes on every machine.

    It is the hash of one hash a calendar year of bars and of the small tables, so that a store can tell its own without reading old years.
    """
    tables = tables_of(market_data)
    return combined({year: rows.digest() for year, rows in tables.years.items()}, tables)


def combined(years: Mapping[int, str], tables: Tables) -> str:
    """The content hash from the hash of each year's bars, and the small tables."""
    digest = hashlib.sha256("\n".join(f"{year} {years[year]}" for year in sorted(years)).encode())
    digest.update(" ".join(sorted(tables.has)).encode())
    for name in ORDER:
        frame = tables.frames[name]
        if name in SPARE and len(frame) == 0:
            continue
        for column in values_of(frame):
            digest.update(f"\n{name}.{column} {len(frame)}\n".encode())
            digest.update(_bytes(frame[column]))
    return digest.hexdigest()


def _bytes(column: "pd.Series[Any]") -> bytes:
    values = column.to_numpy()
    if values.dtype.kind == "M":
        return values.astype("datetime64[D]").astype(np.int64).tobytes()
    if values.dtype.kind == "f":
        return plain(values).tobytes()
    if values.dtype.kind in "iu":
        return values.astype(np.int64).tobytes()
    return "\0".join(np.where(pd.isna(values), "", values).tolist()).encode()
