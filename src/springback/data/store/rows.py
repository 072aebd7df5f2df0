"""The bars of a calendar year as long rows: cut from a panel, to and from Parquet, laid over one another, compared."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from springback.data.store.pack import INSTANT, packed
from springback.market.bars import FIELDS, Bars

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StoreRows:
    """Long rows (R,), by day and then symbol, no pair twice.

    `day` int32 days since 1970, `code` int32 into `symbols` (ascending), `values` the five fields with NaN for empty, `known_at`
    and `superseded_at` microseconds since 1970 UTC, empty where nobody asked.
    """

    day: NDArray[np.int32]
    code: NDArray[np.int32]
    symbols: tuple[str, ...]
    values: dict[str, NDArray[np.float64]]
    known_at: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    superseded_at: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.day)

    def at(self, which: NDArray[Any]) -> "StoreRows":
        """The rows of a mask (R,) or of places (K,)."""
        known, superseded = (one[which] if len(one) else one for one in (self.known_at, self.superseded_at))
        values = {name: one[which] for name, one in self.values.items()}
        return StoreRows(self.day[which], self.code[which], self.symbols, values, known, superseded)

    def digest(self) -> str:
        """SHA-256 of what the rows say, whoever holds which code and whenever it was learned."""
        used = np.unique(self.code)
        place = np.full(len(self.symbols), -1, dtype=np.int32)
        place[used] = np.arange(len(used), dtype=np.int32)
        digest = hashlib.sha256("\n".join(self.symbols[k] for k in used).encode())
        digest.update(np.ascontiguousarray(self.day.astype(np.int32)).data)
        digest.update(np.ascontiguousarray(place[self.code]).data)
        for name in FIELDS:
            digest.update(np.ascontiguousarray(plain(self.values[name])).data)
        return digest.hexdigest()

    def pack(self) -> bytes:
        """As a Parquet file: date, symbol, the five fields, known_at and, where it is known, superseded_at."""
        columns = {
            "date": pa.array(self.day, pa.int32()).cast(pa.date32()),
            "symbol": pa.DictionaryArray.from_arrays(pa.array(self.code, pa.int32()), pa.array(self.symbols, pa.string())),
            **{name: pa.array(self.values[name], from_pandas=True) for name in FIELDS},
            "known_at": pa.array(self.known_at, pa.int64()).cast(INSTANT),
        }
        if len(self.superseded_at):
            columns["superseded_at"] = pa.array(self.superseded_at, pa.int64()).cast(INSTANT)
        return packed(pa.table(columns))


def plain(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`values` (R,) with one NaN for every kind of NaN."""
    unknown = np.isnan(values)
    return np.where(unknown, np.nan, values) if unknown.any() else values


def rows_of(bars: Bars, first: int, end: int) -> StoreRows:
    """The bars of the sessions `first <= row < end`, raw prices in dollars and shares traded, not saying when they were learned."""
    row, column = np.nonzero(~np.isnan(bars.close[first:end]))
    flat = row * len(bars.symbols) + column
    days = bars.sessions[first:end].astype("datetime64[D]").astype(np.int32)
    values = {name: getattr(bars, name)[first:end].reshape(-1)[flat] for name in FIELDS}
    return StoreRows(days[row], column.astype(np.int32), bars.symbols, values)


def rows_from(table: Any) -> StoreRows:
    """The rows of a table read from a file, with `known_at` where it was read."""
    words = table.column("symbol").unify_dictionaries().combine_chunks()
    words = words.chunk(0) if isinstance(words, pa.ChunkedArray) else words
    if not pa.types.is_dictionary(words.type):
        words = words.dictionary_encode()
    symbols = words.dictionary.to_pylist()
    code = words.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    if symbols != sorted(symbols):
        order = np.array(sorted(range(len(symbols)), key=symbols.__getitem__), dtype=np.int64)
        rank = np.empty(len(symbols), dtype=np.int32)
        rank[order] = np.arange(len(symbols), dtype=np.int32)
        code, symbols = rank[code], [symbols[k] for k in order]
    known, superseded = (
        table.column(name).cast(pa.int64()).to_numpy() if name in table.column_names else np.empty(0, dtype=np.int64)
        for name in ("known_at", "superseded_at")
    )
    values = {name: table.column(name).to_numpy() for name in FIELDS}
    return StoreRows(table.column("date").cast(pa.int32()).to_numpy(), code, tuple(symbols), values, known, superseded)


def known_since(rows: StoreRows, at: int) -> StoreRows:
    """`rows` as learned at `at`."""
    return replace(rows, known_at=np.full(len(rows), at, dtype=np.int64))


def together(parts: Sequence[StoreRows]) -> StoreRows:
    """The rows of all `parts` in order; no pair of day and symbol may be in two of them."""
    if not parts:
        return StoreRows(np.empty(0, np.int32), np.empty(0, np.int32), (), dict.fromkeys(FIELDS, np.empty(0)))
    symbols = tuple(sorted(set().union(*(part.symbols for part in parts))))
    day = np.concatenate([part.day for part in parts])
    code = np.concatenate([_recoded(part, symbols) for part in parts])
    order = np.argsort(day.astype(np.int64) * (len(symbols) + 1) + code, kind="stable")
    values = {name: np.concatenate([part.values[name] for part in parts])[order] for name in FIELDS}
    return StoreRows(day[order], code[order], symbols, values, np.concatenate([part.known_at for part in parts])[order])


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two versions of the same days: `before` (K,) and `after` (K,) places of the rows both have, and which of them differ in a field."""

    before: Ints
    after: Ints
    differs: dict[str, NDArray[np.bool_]]

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Pairs that differ in any field, (K,)."""
        return np.asarray(np.logical_or.reduce(list(self.differs.values())))


def pairs(before: StoreRows, after: StoreRows) -> Pairs:
    """The rows that both versions have."""
    symbols = tuple(sorted({*before.symbols, *after.symbols}))
    keys = [one.day.astype(np.int64) * (len(symbols) + 1) + _recoded(one, symbols) for one in (before, after)]
    _, left, right = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    differs = {name: _bits(before.values[name][left]) != _bits(after.values[name][right]) for name in FIELDS}
    return Pairs(left, right, differs)


def settle(before: StoreRows, after: StoreRows, at: int) -> tuple[StoreRows, StoreRows]:
    """`after` with the time each row was first learned as it stands, and the rows of `before` that are no more."""
    found = pairs(before, after)
    same = ~found.changed
    known = np.full(len(after), at, dtype=np.int64)
    known[found.after[same]] = before.known_at[found.before[same]]
    gone = np.ones(len(before), dtype=bool)
    gone[found.before[same]] = False
    return replace(after, known_at=known), before.at(gone)


def _recoded(rows: StoreRows, symbols: tuple[str, ...]) -> NDArray[np.int32]:
    if rows.symbols == symbols:
        return rows.code
    place = {symbol: k for k, symbol in enumerate(symbols)}
    return np.array([place[symbol] for symbol in rows.symbols], dtype=np.int32)[rows.code] if len(rows.symbols) else rows.code


def _bits(values: NDArray[np.float64]) -> Ints:
    return np.ascontiguousarray(plain(values)).view(np.int64)
