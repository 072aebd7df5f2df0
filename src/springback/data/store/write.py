"""Writing a generation of the store: new files for what is new, the manifest swapped last, leftovers taken away after that."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from springback.data.store import frames
from springback.data.store import rows as store_rows
from springback.data.store.content_hash import combined
from springback.data.store.frames import Tables
from springback.data.store.pack import ORDER, SPARE, pack_frame, pack_writes
from springback.data.store.place import Place
from springback.data.store.provenance import StoreRecord, columns_of
from springback.data.store.read import BARS, SUPERSEDED, WRITES, Generation
from springback.data.store.rows import StoreRows, known_since, together
from springback.errors import Damaged

MANIFEST = "manifest.json"
OURS = re.compile(
    rf"((superseded/)?({'|'.join(('bars', *ORDER, 'writes'))})/(year=\d+/)?\d{{6}}\.parquet)|\.writing-.*|(\.writing-)?g\d{{6}}/.*"
)
"""Files that a store may take away: of any generation, half-written, or of an older format."""


class Draft:
    """The next generation of a store, being written at `now`; `forget` leaves out all that was known before."""

    def __init__(self, place: Place, old: Generation | None, now: int, format_: int, forget: bool = False) -> None:
        self.place = place
        self.old = old
        self.known = None if forget else old
        self.now = now
        self.format = format_
        self.number = int(old.manifest["generation"]) + 1 if old else 1 + max(map(number_of, place.files()), default=0)
        self.files: dict[str, dict[str, Any]] = {}
        self.lost: dict[str, int] = dict(self.known.manifest.get("lost", {})) if self.known else {}
        self.unknown: list[str] = []
        self.fresh = False

    def stored(self, tables: Tables) -> Tables | None:
        """What the store holds, of the bars only the years that `tables` says differently.

        The years that stay as they are are carried over to this generation; they are in the years of `tables`, and not read. What a damaged
        file held is `lost` for whoever asks what was known before now; where nobody can tell whether `tables` says the same, it is
        `unknown`.
        """
        if self.known is None:
            return None
        years = {}
        for year, path in self.known.bars.items():
            rows = tables.years.get(year)
            if rows is not None and self._unchanged(path, rows):
                self._carry(path)
                continue
            try:
                years[year] = self.known.rows(year)
            except Damaged:
                self.lost[f"bars of {year}"] = self.now
                if rows is None or self.known.files[path].get("content") != rows.digest():
                    self.unknown.append(path)
        small = {}
        for name in ORDER:
            try:
                small[name] = self.known.frame(name)
            except Damaged:
                small[name] = tables.frames[name].iloc[:0].assign(known_at=np.int64(0))
                self.lost[name] = self.now
                self.unknown.append(name)
        return Tables(years, small, frozenset(self.known.manifest["has"]))

    def finish(self, before: Tables | None, tables: Tables, record: StoreRecord, others: Iterable[int] = ()) -> None:
        """Writes what `tables` says and `before` does not, and swaps the manifest if there is anything new. `others`: years not touched."""
        if self.known is not None:
            for year in others:
                self._carry(self.known.bars[year])
            for path in self.known.files:
                if path.startswith(SUPERSEDED):
                    self._carry(path)
        self._bars(before, tables)
        for name in ORDER:
            self._small(name, before.frames[name] if before else None, tables.frames[name])
        digests = {_year(path): entry["content"] for path, entry in self.files.items() if path.startswith(BARS)}
        manifest = self._manifest(tables, combined(digests, tables), record)
        if (
            self.known
            and not self.fresh
            and record == self.known.record
            and manifest["content_hash"] == self.known.manifest["content_hash"]
        ):
            return
        self._writes(manifest, record)
        self.place.swap(MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
        sweep(self.place, manifest)

    def _bars(self, before: Tables | None, tables: Tables) -> None:
        carried = {_year(path) for path in self.files if path.startswith(BARS)}
        gone = []
        for year, rows in tables.years.items():
            if year in carried:
                continue
            if before and year in before.years:
                settled, lost = store_rows.settle(before.years[year], rows, self.now)
                gone.append(lost)
                if self.known and len(lost) == 0 and self._unchanged(self.known.bars[year], rows):
                    self._carry(self.known.bars[year])
                    continue
            else:
                settled = known_since(rows, self.now)
            self._put(f"{BARS}year={year}/{self.number:06d}.parquet", settled.pack(), len(settled), settled.digest())
        gone += [rows for year, rows in before.years.items() if year not in tables.years] if before else []
        lost = together([one for one in gone if len(one)])
        if len(lost):
            ended = StoreRows(lost.day, lost.code, lost.symbols, lost.values, lost.known_at, np.full(len(lost), self.now, dtype=np.int64))
            self._put(f"{SUPERSEDED}{BARS}{self.number:06d}.parquet", ended.pack(), len(ended))

    def _small(self, name: str, before: pd.DataFrame | None, after: pd.DataFrame) -> None:
        if before is None:
            before = after.iloc[:0].assign(known_at=np.int64(0))
        settled, lost = frames.settle(before, after, self.now)
        if name in SPARE and len(before) == len(settled) == 0:
            return
        if self.known is not None and before[settled.columns].equals(settled):
            self._carry(self.known.path_of(name))
            return
        self._put(f"{name}/{self.number:06d}.parquet", pack_frame(name, settled), len(settled))
        if len(lost):
            self._put(
                f"{SUPERSEDED}{name}/{self.number:06d}.parquet", pack_frame(name, lost.assign(superseded_at=np.int64(self.now))), len(lost)
            )

    def _writes(self, manifest: dict[str, Any], record: StoreRecord) -> None:
        row = {
            "at": self.now,
            "generation": self.number,
            "content_hash": manifest["content_hash"],
            "has": " ".join(manifest["has"]),
            **columns_of(record),
        }
        parts = [pd.DataFrame([row])]
        if self.known is not None:
            try:
                parts.insert(0, self.known.writes())
            except Damaged:
                parts = parts[-1:]
                self.lost["writes"] = self.now
        every = pd.concat(parts, ignore_index=True)
        self._put(f"{WRITES}{self.number:06d}.parquet", pack_writes(every), len(every))

    def _manifest(self, tables: Tables, content: str, record: StoreRecord) -> dict[str, Any]:
        sessions = tables.frames["sessions"]["date"]
        old = self.old.files if self.old else {}
        return {
            "format": self.format,
            "generation": self.number,
            "written_at": f"{np.datetime64(self.now, 'us')}+00:00",
            "first_session": str(sessions.iloc[0])[:10],
            "last_session": str(sessions.iloc[-1])[:10],
            "sessions": len(sessions),
            "names": len(tables.frames["securities"]),
            "rows": sum(entry["rows"] for path, entry in self.files.items() if path.startswith(BARS)),
            "content_hash": content,
            "has": sorted(tables.has),
            **record.plain(),
            "files": self.files,
            "lost": self.lost,
            "retired": sorted(path for path in old if path not in self.files and not path.startswith(SUPERSEDED)),
        }

    def _unchanged(self, path: str, rows: StoreRows) -> bool:
        """Whether the stored year says what `rows` say, and its file is sound."""
        if self.known is None or self.known.files[path].get("content") != rows.digest():
            return False
        try:
            self.known.checked(path)
        except Damaged:
            return False
        return True

    def _carry(self, path: str) -> None:
        if self.known is not None:
            self.files[path] = self.known.files[path]

    def _put(self, path: str, content: bytes, rows: int, digest: str = "") -> None:
        self.place.write(path, content)
        told = {"rows": rows, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        self.files[path] = told | ({"content": digest} if digest else {})
        self.fresh = True


def sweep(place: Place, manifest: dict[str, Any]) -> None:
    """Takes away what neither this manifest nor the readers of the one before it need."""
    kept = {*manifest["files"], *manifest["retired"]}
    for path in place.files():
        if path not in kept and OURS.fullmatch(path):
            place.remove(path)


def _year(path: str) -> int:
    return int(path.split("/")[1].removeprefix("year="))


def number_of(path: str) -> int:
    """The write that made a file of a store; 0 for any other file."""
    found = re.search(r"/(\d{6})\.parquet$", path)
    return int(found[1]) if found and OURS.fullmatch(path) else 0
