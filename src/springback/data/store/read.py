"""Reading a generation of the store: each file checked against the manifest, bars scattered straight into their panels, side by side."""

import hashlib
import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from springback.data.store import frames
from springback.data.store.pack import COLUMNS, ORDER, SPARE, frame_of
from springback.data.store.place import Place
from springback.data.store.provenance import StoreRecord, manifest_record, renewed, write_record
from springback.data.store.rows import StoreRows, rows_from, together
from springback.errors import Damaged, MissingData
from springback.market.bars import FIELDS, Bars, Dates
from springback.market.market_data import TRADING, MarketData, last_rows

BARS, SUPERSEDED, WRITES = "bars/", "superseded/", "writes/"
AGAIN = "run 'springback data verify' to see what is wrong, 'springback fetch' of the whole span to write it again"
THREADS = min(4, os.cpu_count() or 1)


class Generation:
    """What one manifest of a store names."""

    def __init__(self, place: Place, manifest: dict[str, Any]) -> None:
        self.place = place
        self.manifest = manifest
        self.files: dict[str, dict[str, Any]] = manifest["files"]
        self.bars: dict[int, str] = {int(path.split("/")[1].removeprefix("year=")): path for path in self.files if path.startswith(BARS)}

    @property
    def record(self) -> StoreRecord:
        """Where it comes from, and what was found."""
        return manifest_record(self.manifest)

    def table(self, path: str, columns: Sequence[str] | None = None) -> Any:
        """A file as an Arrow table. Raises `Damaged` when it is gone or not what the manifest says, `StoreError`."""
        content = self.checked(path)
        try:
            words = ["symbol"] if path.startswith((BARS, f"{SUPERSEDED}{BARS}")) else None
            return pa.parquet.ParquetFile(pa.BufferReader(content), read_dictionary=words).read(columns, use_threads=False)
        except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
            raise Damaged(f"{self.place.name}: {path} cannot be read ({' '.join(str(error).split())[:80]})", AGAIN) from None

    def checked(self, path: str) -> bytes:
        """The bytes of a file, which are those that were written. Raises `Damaged`."""
        try:
            content = self.place.read(path)
        except FileNotFoundError:
            raise Damaged(f"{self.place.name}: {path} is missing", AGAIN) from None
        if hashlib.sha256(content).hexdigest() != self.files[path]["sha256"]:
            raise Damaged(f"{self.place.name}: {path} is not what the manifest says it was (SHA-256 differs)", AGAIN)
        return content

    def frame(self, name: str) -> pd.DataFrame:
        """A small table, with `known_at`."""
        if name in SPARE and not any(path.startswith(f"{name}/") for path in self.files):
            return frames.delistings_frame(()).assign(known_at=np.int64(0))
        return frame_of(self.table(self.path_of(name)))

    def path_of(self, name: str) -> str:
        """The file of a small table. Raises `Damaged` where the manifest names none, or several."""
        paths = [path for path in self.files if path.startswith(f"{name}/")]
        if len(paths) != 1:
            raise Damaged(f"{self.place.name}: the manifest names {len(paths)} files of {name}", AGAIN)
        return paths[0]

    def frames(self) -> dict[str, pd.DataFrame]:
        """All small tables."""
        return {name: self.frame(name) for name in ORDER}

    def rows(self, year: int) -> StoreRows:
        """The bars of a year, with `known_at`."""
        return rows_from(self.table(self._year(year)))

    def market_data(self, start: int, end: int, names: Collection[str] = ()) -> MarketData:
        """The market data of the days `start` to `end`, days since 1970; `names` keep their columns."""
        small = self.frames()
        days = small["sessions"]["date"].to_numpy().astype("datetime64[D]")
        first, stop = window(days, start, end, self.place.name)
        symbols = tuple(small["securities"]["symbol"])
        panels = Panels(days[first:stop], symbols, names)
        wanted = ["date", "symbol", *FIELDS]
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda year: panels.lay(rows_from(self.table(self._year(year), wanted))), panels.years))
        last = small["securities"]["last"].to_numpy().astype("datetime64[D]")
        return assembled(panels, days, (first, stop), small, last, self.record, frozenset(self.manifest["has"]))

    def market_data_as_of(self, start: int, end: int, instant: int, names: Collection[str] = ()) -> tuple[MarketData, str]:
        """The market data of the days `start` to `end` as known at `instant`, microseconds since 1970 UTC, and the content hash that the
        whole store had then.
        """
        self._not_lost(start, end, instant)
        write = self.write_as_of(instant)
        small = {name: self._frame_as_of(name, instant) for name in ORDER}
        days = small["sessions"]["date"].to_numpy().astype("datetime64[D]")
        first, stop = window(days, start, end, self.place.name)
        symbols = tuple(small["securities"]["symbol"])
        panels = Panels(days[first:stop], symbols, names)
        last = np.full(len(symbols), -1, dtype=np.int64)
        old = [rows_from(table) for table in self._superseded("bars")]
        for year in sorted({int(one) for one in frames.years_of(days[first:])}):
            rows = self._rows_as_of(year, instant, old)
            panels.lay(rows)
            at = np.searchsorted(np.array(symbols, dtype=object), np.array(rows.symbols, dtype=object))
            np.maximum.at(last, at[rows.code], rows.day.astype(np.int64))
        told = write_record(write), frozenset(write["has"].split())
        return assembled(panels, days, (first, stop), small, last.astype("datetime64[D]"), *told), str(write["content_hash"])

    def _not_lost(self, start: int, end: int, instant: int) -> None:
        """Refuses a question about what was known before a damaged file was written again. Raises `Damaged`."""
        years = range(*(int(frames.years_of(np.array([day]).astype("datetime64[D]"))[0]) + k for k, day in enumerate((start, end))))
        for what, until in self.manifest.get("lost", {}).items():
            if instant < until and not (what.startswith("bars of ") and int(what.split()[-1]) not in years):
                then = np.datetime64(until, "us").item()
                raise Damaged(
                    f"{self.place.name}: what was known of its {what} before {then:%Y-%m-%d %H:%M} UTC was lost with a damaged file: ask "
                    "for a later day"
                )

    def writes(self) -> pd.DataFrame:
        """Every write that changed something: at, generation, origin, content_hash, has, findings."""
        return renewed(frame_of(self.table(self.path_of(WRITES.rstrip("/")))))

    def write_as_of(self, instant: int) -> Any:
        """The newest write at `instant`. Raises `MissingData` when there was none yet."""
        writes = self.writes()
        then = writes[writes["at"] <= instant]
        if len(then) == 0:
            first = np.datetime64(int(writes["at"].iloc[0]), "us").item()
            raise MissingData(
                f"{self.place.name} knew nothing then: it was first written at {first:%Y-%m-%d %H:%M} UTC: ask for a later day"
            )
        return then.iloc[-1]

    def _year(self, year: int) -> str:
        if year not in self.bars:
            raise Damaged(f"{self.place.name}: the manifest names no bars of {year}", AGAIN)
        return str(self.bars[year])

    def superseded(self, name: str) -> list[pd.DataFrame]:
        """The rows of a small table that were replaced, a frame for each write that replaced some."""
        return [frame_of(table) for table in self._superseded(name)]

    def _superseded(self, name: str) -> list[Any]:
        return [self.table(path) for path in sorted(self.files) if path.startswith(f"{SUPERSEDED}{name}/")]

    def _frame_as_of(self, name: str, instant: int) -> pd.DataFrame:
        now = self.frame(name)
        parts = [now[now["known_at"] <= instant]]
        for table in self._superseded(name):
            old = frame_of(table)
            parts.append(old[(old["known_at"] <= instant) & (old["superseded_at"] > instant)])
        kept = [part for part in parts if len(part)]
        return frames.in_order(name, pd.concat(kept)[list(COLUMNS[name])] if kept else now.iloc[:0])

    def _rows_as_of(self, year: int, instant: int, old: Sequence[Any]) -> StoreRows:
        first, stop = (int(np.datetime64(f"{one}-01-01", "D").astype(np.int64)) for one in (year, year + 1))
        parts = [one.at((one.day >= first) & (one.day < stop) & (one.known_at <= instant) & (one.superseded_at > instant)) for one in old]
        if year in self.bars:
            rows = self.rows(year)
            parts.append(rows.at(rows.known_at <= instant))
        return together(parts)


class Panels:
    """Empty panels of `sessions` and `symbols`, filled by laying long rows into them; `names` keep a column without a bar too."""

    def __init__(self, sessions: Dates, symbols: tuple[str, ...], names: Collection[str] = ()) -> None:
        self.sessions = sessions
        self.symbols = symbols
        self.names = frozenset(names)
        self.years = sorted({int(one) for one in frames.years_of(sessions)})
        self._place = {symbol: column for column, symbol in enumerate(symbols)}
        self._first = int(sessions[0].astype("datetime64[D]").astype(np.int64))
        self._row = np.full(int((sessions[-1] - sessions[0]).astype(np.int64)) + 1, -1, dtype=np.int64)
        self._row[(sessions - sessions[0]).astype(np.int64)] = np.arange(len(sessions))
        self._flat = {name: np.full(len(sessions) * len(symbols), np.nan) for name in FIELDS}

    def lay(self, rows: StoreRows) -> None:
        """Puts the rows of these sessions and symbols where they belong; others are passed over."""
        day = rows.day.astype(np.int64) - self._first
        inside = (day >= 0) & (day < len(self._row))
        row = self._row[day] if inside.all() else np.where(inside, self._row[np.where(inside, day, 0)], -1)
        column = np.array([self._place.get(symbol, -1) for symbol in rows.symbols], dtype=np.int64)[rows.code]
        flat = row * len(self.symbols) + column
        kept = (row >= 0) & (column >= 0)
        whole = bool(kept.all())
        for name in FIELDS:
            self._flat[name][flat if whole else flat[kept]] = rows.values[name] if whole else rows.values[name][kept]

    def bars(self) -> tuple[Bars, NDArray[np.bool_]]:
        """The bars (raw dollars, shares traded) of the names that have one or keep their column, and which names these are, (N,)."""
        shaped = {name: panel.reshape(len(self.sessions), len(self.symbols)) for name, panel in self._flat.items()}
        kept = ~np.isnan(shaped["close"]).all(axis=0) | np.array([symbol in self.names for symbol in self.symbols], dtype=bool)
        if kept.all():
            return Bars(self.sessions, self.symbols, **shaped), kept
        names = tuple(symbol for symbol, has in zip(self.symbols, kept, strict=True) if has)
        return Bars(self.sessions, names, **{name: panel[:, kept] for name, panel in shaped.items()}), kept


def window(days: Dates, start: int, end: int, name: str) -> tuple[int, int]:
    """The rows of `days` from `start` to `end`, both included. Raises `MissingData` when there is none."""
    number = days.astype(np.int64)
    first, stop = int(np.searchsorted(number, start)), int(np.searchsorted(number, end, side="right"))
    if first >= stop:
        raise MissingData(f"{name} has no session in the window asked for: it covers {days[0]} to {days[-1]}")
    return first, stop


def assembled(
    panels: Panels,
    days: Dates,
    rows: tuple[int, int],
    small: dict[str, pd.DataFrame],
    last: Dates,
    record: StoreRecord,
    has: frozenset[str],
) -> MarketData:
    """The market data of the sessions `rows` of `days`; `last` (N,) says on which day each security's bars end, in or after the window."""
    first, stop = rows
    bars, kept = panels.bars()
    sessions, securities = small["sessions"], small["securities"][kept]
    ended = (np.searchsorted(days, last[kept]) < stop - 1) | (stop == len(days))
    series = {name: sessions[name].to_numpy()[first:stop] if name in has else None for name in ("benchmark", "risk_free")}
    return MarketData(
        bars=bars,
        actions=frames.actions(bars, small["splits"], small["dividends"]),
        vix=sessions["vix"].to_numpy()[first:stop],
        last=last_rows(bars.close),
        ending=np.where(ended, frames.endings(securities), TRADING).astype(np.int8),
        members=frames.members(bars.sessions, bars.symbols, small["members"]) if "members" in has else None,
        benchmark=series["benchmark"],
        risk_free=series["risk_free"],
        sectors=tuple(securities["sector"]) if "sectors" in has else None,
        delistings=frames.delistings(small["delistings"], bars.symbols),
        origin=record.origin,
        findings=(*record.findings, *record.updates),
    )
