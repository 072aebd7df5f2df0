"""What a source has told so far, on disk: one Parquet file a name, and a journal; a kill at any moment loses no finished answer.

    DOWNLOADS/yahoo/AAPL.parquet     date, open, high, low, close, volume; in its metadata events, notes, the span asked for and the time
    DOWNLOADS/yahoo/journal.jsonl    a line for each answer kept: symbol, start, end, at, rows, gone, sha256

A name's file appears whole or not at all, then its line is added. A kill between the two leaves a file without a line, which is read and
entered; one inside the line leaves half a line, which is passed over. What answered for a name before stays when the vendor drops it.
"""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from springback.data.files.reading import atomic, writing
from springback.data.laws import LeftOut
from springback.data.sessions import exchange_days
from springback.data.sources import Event, EventNote, History
from springback.data.store.content_hash import file_hash
from springback.market import older_prose
from springback.market.bars import FIELDS, Dates
from springback.market.symbols import check_symbols, is_reserved

MARK = b"springback"
AWAIT = timedelta(days=14)
"""How long the bar of a session may be awaited; a name that has had none for so long is none of the session's."""


class Downloads:
    """The answers of one source under `folder`; those older than `fresh` count as unasked, as do those that lack the session asked for and
    came while it could still be late.
    """

    def __init__(self, folder: Path, source: str, fresh: timedelta) -> None:
        self.folder, self.fresh = Path(folder) / source, fresh
        self.journal = self.folder / "journal.jsonl"
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        for part in self.folder.glob(".writing-*"):
            part.unlink(missing_ok=True)
        self.lines = self._read_journal()

    def known(self, symbol: str, start: date, end: date, now: datetime) -> History | None:
        """The kept answer about `symbol` if it covers `start` to `end`, is fresh and whole; else None: the vendor must be asked."""
        path = self._path(symbol)
        if not path.is_file():
            return None
        line = self.lines.get(symbol)
        if line is None or line["sha256"] != file_hash(path):
            found = _read(path)
            if found is None:
                return None
            line = self._enter(symbol, found[1])
        at = datetime.fromisoformat(line["at"])
        if not _covers(line, start, end) or now - at >= self.fresh:
            return None
        found = _read(path)
        return None if found is None or _awaited(found[0], end, at) else _cut(found[0], start, end)

    def keep(self, history: History, start: date, end: date, now: datetime) -> History:
        """Writes the answer for `start` to `end` and returns it.

        What was kept of other days stays in the file, without counting as told now; of a name that is gone, all that was known of it.
        """
        path = self._path(history.symbol)
        if path.is_file() and (before := _read(path)) is not None:
            history = _joined(before[0], history, start, end)
        told = {"start": str(start), "end": str(end), "at": now.astimezone(UTC).isoformat(timespec="seconds"), "gone": history.gone}
        with atomic(path) as part:
            _write(part, history, told)
        self._enter(history.symbol, told | {"rows": len(history.days)})
        return _cut(history, start, end)

    def _path(self, symbol: str) -> Path:
        check_symbols([symbol.removeprefix("^")], self.folder)
        name = quote(symbol, safe="^=")
        name = f"%{ord(name[0]):02X}{name[1:]}" if is_reserved(name) else name  # CON.parquet can be no file on Windows
        return self.folder / f"{''.join(f'%{ord(one):02X}' if one.islower() else one for one in name)}.parquet"  # nor aapl beside AAPL

    def _enter(self, symbol: str, answer: Mapping[str, Any]) -> dict[str, Any]:
        line = {"symbol": symbol, **answer, "sha256": file_hash(self._path(symbol))}
        with writing(self.journal), self.journal.open("ab") as file:
            torn = file.tell() > 0 and not self._ends_a_line()
            file.write(b"\n" * torn + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.lines[symbol] = line
        return line

    def _ends_a_line(self) -> bool:
        with self.journal.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _read_journal(self) -> dict[str, dict[str, Any]]:
        lines: dict[str, dict[str, Any]] = {}
        if self.journal.is_file():
            for text in self.journal.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    line = json.loads(text)
                    _ = date.fromisoformat(line["start"]), date.fromisoformat(line["end"]), datetime.fromisoformat(line["at"])
                    lines[str(line["symbol"])] = dict(line) | {"sha256": str(line["sha256"])}
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue
        return lines


def _joined(before: History, now: History, start: date, end: date) -> History:
    """`now` with what `before` has outside `start` to `end`; with all of `before` where the name is gone and nothing came."""
    first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    if now.gone and not len(now.days):
        return replace(before, symbol=now.symbol, gone=True)
    kept = (before.days < first) | (before.days > last)
    days = np.concatenate([before.days[kept], now.days])
    order = np.argsort(days, kind="stable")
    events = [one for one in before.events if not first <= one.day <= last] + list(now.events)
    notes = [one for one in before.notes if not first <= one.day <= last] + list(now.notes)
    prices = np.concatenate([before.prices[kept], now.prices])[order]
    by_day = (tuple(sorted(events, key=lambda one: one.day)), now.gone, tuple(sorted(notes, key=lambda one: one.day)))
    left = (*(one for one in before.left if not first <= one.day <= last), *now.left)
    return History(now.symbol, days[order], prices, *by_day, left=left)


def _awaited(history: History, end: date, at: datetime) -> bool:
    """Whether the session `end` may only be late in an answer of `at`: it came within AWAIT of it, without the session, of a name that had
    bars until lately or of which nothing is known though it is there.
    """
    sessions = exchange_days(end - AWAIT, end)
    if len(sessions) == 0 or at.date() > sessions[-1].item() + AWAIT:
        return False
    days = history.days[history.days <= sessions[-1]]
    return bool(sessions[0] <= days[-1] < sessions[-1]) if len(days) else not history.gone


def _covers(answer: Mapping[str, Any], start: date, end: date) -> bool:
    return date.fromisoformat(answer["start"]) <= start and end <= date.fromisoformat(answer["end"])


def _cut(history: History, start: date, end: date) -> History:
    first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    kept = (history.days >= first) & (history.days <= last)
    events = tuple(one for one in history.events if first <= one.day <= last)
    notes = tuple(one for one in history.notes if first <= one.day <= last)
    left = tuple(one for one in history.left if first <= one.day and (one.day <= last or one.law == "to_come"))
    return History(history.symbol, history.days[kept], history.prices[kept], events, history.gone, notes, left=left)


def _write(path: Path, history: History, answer: Mapping[str, Any]) -> None:
    columns = {"date": pa.array(history.days.astype("datetime64[D]"), pa.date32())}
    columns |= {name: pa.array(history.prices[:, k]) for k, name in enumerate(FIELDS)}
    events = [(str(one.day), one.kind, one.value) for one in history.events]
    notes = [(str(one.day), one.kind, one.text) for one in history.notes]
    left = [(one.law, str(one.day), one.note) for one in history.left]
    more = ({"notes": notes} if notes else {}) | ({"left": left} if left else {})
    answer = {**answer, "symbol": history.symbol, "events": events, **more}
    mark = json.dumps({**answer, "seal": _seal(answer, history.days, history.prices)}).encode()
    pa.parquet.write_table(pa.table(columns).replace_schema_metadata({MARK: mark}), path, compression="zstd")


def _seal(answer: Mapping[str, Any], days: Dates, prices: NDArray[np.float64]) -> str:
    """SHA-256 of all that a file says: a damaged one that can still be read is found out, with a line in the journal or without."""
    words = json.dumps(answer, sort_keys=True).encode()
    return hashlib.sha256(words + days.astype("datetime64[D]").tobytes() + np.ascontiguousarray(prices, np.float64).tobytes()).hexdigest()


def _read(path: Path) -> tuple[History, dict[str, Any]] | None:
    """The history in a file and what was told with it; None when it is damaged."""
    try:
        table = pa.parquet.ParquetFile(io.BytesIO(path.read_bytes())).read()
        told = json.loads(table.schema.metadata[MARK])
        days = table.column("date").to_numpy().astype("datetime64[D]")
        prices = np.stack([table.column(name).to_numpy() for name in FIELDS], axis=1)
        if told.pop("seal", "") != _seal(told, days, prices):
            return None
        events = tuple(Event(np.datetime64(day, "D"), str(kind), float(value)) for day, kind, value in told.pop("events"))
        notes = tuple(EventNote(np.datetime64(day, "D"), *older_prose.note(kind, said)) for day, kind, said in told.pop("notes", ()))
        symbol = str(told.pop("symbol"))
        left = tuple(LeftOut(str(law), symbol, np.datetime64(day, "D"), str(note)) for law, day, note in told.pop("left", ()))
        _ = date.fromisoformat(told["start"]), date.fromisoformat(told["end"]), datetime.fromisoformat(told["at"])
        return History(symbol, days, prices, events, bool(told["gone"]), notes, left=left), {**told, "rows": len(days)}
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, RecursionError, MemoryError):
        return None
