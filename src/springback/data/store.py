"""The store: a tape on disk as Parquet, raw prices by year, splits and dividends beside them.

    STORE/manifest.json                       written last: what it names is the store, anything else is a leftover
    STORE/g000001/bars/year=2018/bars.parquet date, symbol, open, high, low, close, volume, known_at; by date, then symbol
    STORE/g000001/splits.parquet              date, symbol, old_shares_per_new, known_at
    STORE/g000001/dividends.parquet           date, symbol, dollars, known_at
    STORE/g000001/members.parquet             symbol, start, end (exclusive, empty = still in), known_at
    STORE/g000001/sessions.parquet            date, vix, benchmark, risk_free, known_at
    STORE/g000001/securities.parquet          symbol, first, last, ending, sector, known_at

Each write makes a new generation (g000002) and swaps the manifest; a write that is cut short leaves the old store as it was.
`known_at` is when a row was first learned as it stands: it survives later writes that bring the same row again.
"""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from springback.data import store_frames as frames
from springback.data.files import atomic, writing
from springback.data.store_hash import content_hash
from springback.data.store_read import BARS, read_bars, read_frame
from springback.errors import InputError, MissingData, StoreError
from springback.market.tape import TRADING, Tape, last_rows

FORMAT = 1
LEFTOVER = re.compile(r"(\.writing-)?g\d{6}")


class Store:
    """A tape on disk in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def write(self, tape: Tape, at: datetime | None = None) -> None:
        """Replaces what the store holds by `tape`, whole or not at all; `at` is when it was learned (now). Raises `Unwritable`."""
        at = (at or datetime.now(UTC)).astimezone(UTC)
        old = self._manifest() if self._readable() else None
        name = f"g{int(old['generation'][1:]) + 1 if old else 1:06d}"
        part = self.folder / f".writing-{name}"
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep(old)
        try:
            with writing(self.folder):
                files = frames.write_all(part, tape, at, self.folder / old["generation"] if old else None)
                part.rename(self.folder / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        manifest = _describe(tape, at, name, files)
        with atomic(self.folder / "manifest.json") as path:
            path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        self._sweep(manifest)

    def read(self, start: str | None = None, end: str | None = None) -> Tape:
        """The tape from `start` to `end`, both included; names without a bar in the window are left out.

        Each file read is checked against the manifest. Raises `MissingData` when there is no store or no session in the window,
        `StoreError` when it is damaged.
        """
        manifest = self._manifest()
        base = self.folder / manifest["generation"]
        sessions = read_frame(self.folder, base, manifest, "sessions.parquet")
        days = sessions["date"].to_numpy().astype("datetime64[D]")
        first, stop = _rows(days, start, end)
        securities = read_frame(self.folder, base, manifest, "securities.parquet")
        bars = read_bars(self.folder, base, manifest, days[first:stop], tuple(securities["symbol"]))
        securities = securities.set_index("symbol").loc[list(bars.symbols)].reset_index()
        stored_last = np.searchsorted(days, securities["last"].to_numpy().astype("datetime64[D]"))
        ended = (stored_last < stop - 1) | (stop == len(days))
        series = {name: sessions[name].to_numpy()[first:stop] if name in sessions else None for name in ("benchmark", "risk_free")}
        members = read_frame(self.folder, base, manifest, "members.parquet") if "members.parquet" in manifest["files"] else None
        return Tape(
            bars=bars,
            actions=frames.actions(
                bars,
                read_frame(self.folder, base, manifest, "splits.parquet"),
                read_frame(self.folder, base, manifest, "dividends.parquet"),
            ),
            vix=sessions["vix"].to_numpy()[first:stop],
            last=last_rows(bars.close),
            ending=np.where(ended, frames.endings(securities), TRADING).astype(np.int8),
            members=None if members is None else frames.members(bars, members),
            benchmark=series["benchmark"],
            risk_free=series["risk_free"],
            sectors=tuple(securities["sector"]) if "sector" in securities else None,
            origin=manifest["source"],
            findings=tuple(manifest["findings"]),
        )

    @property
    def hash(self) -> str:
        """SHA-256 of what the store holds, whatever the day it was written and the way it is packed."""
        return str(self._manifest()["content_hash"])

    def describe(self) -> dict[str, Any]:
        """The manifest: source, time, coverage, generation, content hash, findings and the SHA-256 of each file."""
        return self._manifest()

    def _readable(self) -> bool:
        try:
            manifest = self._manifest()
        except (MissingData, StoreError):
            return False
        return bool((self.folder / manifest["generation"]).is_dir())

    def _manifest(self) -> dict[str, Any]:
        path = self.folder / "manifest.json"
        if not path.is_file():
            raise MissingData(f"{self.folder} holds no store: run 'springback fetch' first")
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            known = manifest["format"] == FORMAT
            if known:
                _ = manifest["files"].items(), [str(manifest[name]) for name in ("content_hash", "generation", "source", "findings")]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise StoreError(f"{path} is damaged: run 'springback fetch' again") from None
        if not known:
            raise StoreError(f"{path} has format {manifest['format']}, this version reads {FORMAT}: run 'springback fetch' again")
        return dict(manifest)

    def _sweep(self, manifest: dict[str, Any] | None) -> None:
        """Removes what an interrupted write or the generation before left behind."""
        kept = manifest["generation"] if manifest else ""
        for path in self.folder.iterdir():
            if path.is_dir() and path.name != kept and LEFTOVER.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_file() and path.name.startswith(".writing-"):
                path.unlink(missing_ok=True)


def _rows(days: Any, start: str | None, end: str | None) -> tuple[int, int]:
    try:
        first = 0 if start is None else int(np.searchsorted(days, np.datetime64(start, "D")))
        stop = len(days) if end is None else int(np.searchsorted(days, np.datetime64(end, "D"), side="right"))
    except ValueError:
        raise InputError(f"start and end must be dates such as 2018-01-02, were '{start}' and '{end}'") from None
    if first >= stop:
        raise MissingData(f"the store has no session from {start} to {end}: it covers {days[0]} to {days[-1]}")
    return first, stop


def _describe(tape: Tape, at: datetime, generation: str, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    sessions = tape.bars.sessions
    return {
        "format": FORMAT,
        "source": tape.origin,
        "written_at": at.isoformat(timespec="seconds"),
        "generation": generation,
        "first_session": str(sessions[0]),
        "last_session": str(sessions[-1]),
        "sessions": len(sessions),
        "names": len(tape.bars.symbols),
        "rows": sum(file["rows"] for path, file in files.items() if path.startswith(BARS)),
        "content_hash": content_hash(tape),
        "findings": list(tape.findings),
        "files": files,
    }
