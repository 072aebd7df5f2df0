"""The ledger's file: an SQLite database to which rows are added and from which none is taken.

    looks     one row a look, each sealed with the hash of the row before: an edit or a removal breaks the chain and is said
    contests  one row for what happened to a contest of models, sealed likewise
    knobs     the settings of the looks, by their hash
    records   the sessions and daily returns of the looks, by their hash, zlib

A row is written in one transaction that locks the file first, so that two processes never take the same number and one that is killed
leaves nothing half-written. The chain shows carelessness and small lies; who writes the whole file anew, or deletes it, is not seen.
"""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType

import numpy as np

from springback.errors import LedgerError, Unwritable
from springback.ledger import contest_entry
from springback.ledger.contest_entry import ContestEvent, ContestRow
from springback.ledger.entry import Days, Entry, NewEntry, Numbers, digest

FORMAT = 3
OLD = (1, 2)
"""Formats that are read as well, and made this one by the first write: 1 had no column `hold_out_start`, both no contests."""
PATIENCE = 60.0  # seconds to wait for another writer
COLUMNS = tuple(Entry.__dataclass_fields__)
KINDS: dict[str, type | UnionType] = {"row": int, "sessions": int, "sharpe": float | None, "hold_out_start": str | None}
"""What a column holds that is no text."""


def _grows(table: str, verb: str) -> str:
    return f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"


TABLES = (
    "CREATE TABLE knobs (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE records (hash TEXT PRIMARY KEY, days BLOB NOT NULL, excess BLOB NOT NULL)",
    """CREATE TABLE looks (
        "row" INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, command TEXT NOT NULL, models TEXT NOT NULL,
        market TEXT NOT NULL, data_hash TEXT NOT NULL, profile TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
        sessions INTEGER NOT NULL, sharpe REAL, settings TEXT NOT NULL REFERENCES knobs (hash),
        returns TEXT NOT NULL REFERENCES records (hash), version TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL,
        hold_out_start TEXT)""",
    *(_grows(table, verb) for table in ("looks", "knobs", "records") for verb in ("update", "delete")),
)
CONTESTS = (contest_entry.TABLE, *(_grows("contests", verb) for verb in ("update", "delete")), f"PRAGMA user_version = {FORMAT}")
HOLD_OUT = "ALTER TABLE looks ADD COLUMN hold_out_start TEXT"
MIGRATIONS = {0: (*TABLES, *CONTESTS), 1: (HOLD_OUT, *CONTESTS), 2: CONTESTS}
"""What makes a ledger of an older format one of this: its rows stay as they are, with nothing in a new column."""
LAST = 'SELECT "row", hash FROM {table} ORDER BY "row" DESC LIMIT 1'
GIVEN = "SELECT seq FROM sqlite_sequence WHERE name = ?"


class Ledger:
    """The ledger in `file`. Raises `Unwritable` where it cannot be written and `LedgerError` where it is not a ledger or is damaged."""

    def __init__(self, file: Path) -> None:
        self.file = Path(file)

    def ready(self) -> None:
        """Raises `Unwritable` where a look could not be written down later; called before long work. Makes the folder, not the file."""
        if self.file.exists():
            with self._changing() as db:
                db.execute(f"PRAGMA user_version = {_format(db)}")  # only a write tells that the file may be read alone
            return
        probe = self.file.with_name(f".{self.file.name}.writable")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink(missing_ok=True)  # another that asks at the same moment has the same probe
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from None

    def record(self, look: NewEntry, version: str, at: datetime | None = None) -> Entry:
        """Adds one row and returns it; `at` is when (now)."""
        days, excess = look.record
        settings, returns = digest(look.settings_text.encode()), digest(days, excess)
        when = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
        first, last = str(look.days[0])[:10], str(look.days[-1])[:10]
        told = (when, look.kind, look.command, look.models, look.market, look.data_hash, look.profile, first, last)
        with self._changing() as db:
            row, previous = _next(db, "looks")
            open_ = Entry(row, *told, len(look.days), look.sharpe, settings, returns, version, look.hold_out_start, previous, "")
            entry = Entry(**{name: getattr(open_, name) for name in COLUMNS[:-1]}, hash=open_.sealed())
            db.execute("INSERT OR IGNORE INTO knobs VALUES (?, ?)", (settings, look.settings_text))
            db.execute("INSERT OR IGNORE INTO records VALUES (?, ?, ?)", (returns, zlib.compress(days), zlib.compress(excess)))
            db.execute(
                f"INSERT INTO looks ({_named(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})",
                [getattr(entry, name) for name in COLUMNS],
            )
        return entry

    def note(self, events: Sequence[ContestEvent], version: str, at: datetime | None = None) -> tuple[ContestRow, ...]:
        """Adds a row for each of `events` that is not there yet, all or none, and returns the rows added; `at` is when (now)."""
        when = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
        added: list[ContestRow] = []
        with self._changing() as db:
            row, previous = _next(db, "contests")
            known = {one.event.key for one in _contests(db)}
            for event in (one for one in events if one.key not in known):
                open_ = ContestRow(row + len(added), when, event, version, previous)
                added.append(ContestRow(open_.row, when, event, version, previous, open_.sealed()))
                previous = added[-1].hash
                places = ", ".join("?" * len(contest_entry.COLUMNS))
                db.execute(f"INSERT INTO contests ({_named(contest_entry.COLUMNS)}) VALUES ({places})", added[-1].values)
        return tuple(added)

    def contests(self) -> tuple[ContestRow, ...]:
        """Every row of the contests, in order; none where there is no file yet, or none of them."""
        with self._reading() as db:
            return () if db is None else _contests(db)

    def entries(self) -> tuple[Entry, ...]:
        """Every row, in order; none where there is no file yet."""
        with self._reading() as db:
            return () if db is None else _entries(db)

    def settings(self, hash_: str) -> str:
        """The settings of a row as JSON; none where they are not what `hash_`, which is `entry.settings`, says."""
        with self._reading() as db:
            found = None if db is None else db.execute("SELECT text FROM knobs WHERE hash = ?", (hash_,)).fetchone()
        text = str(found[0]) if found else ""
        return text if digest(text.encode()) == hash_ else "{}"

    def records(self, hashes: frozenset[str]) -> dict[str, tuple[Days, Numbers]]:
        """Sessions and daily excess returns by `entry.returns`, those of `hashes` that the ledger holds unharmed."""
        with self._reading() as db:
            rows = [] if db is None else db.execute("SELECT hash, days, excess FROM records").fetchall()
        return {hash_: found for hash_, days, excess in rows if hash_ in hashes and (found := _unpacked(hash_, days, excess))}

    def fault(self) -> str:
        """Which row was changed or removed, in words; nothing where the ledger is whole."""
        with self._reading() as db:
            if db is None or not _format(db):
                return ""
            entries = _entries(db)
            given, noted = (_given(db, table) for table in ("looks", "contests"))
            contests = _contests(db)
            knobs = {hash_ for hash_, text in db.execute("SELECT hash, text FROM knobs") if digest(str(text).encode()) == hash_}
            records = {row[0] for row in db.execute("SELECT hash, days, excess FROM records") if _unpacked(*row)}
        return _fault(entries, given, knobs, records) or contest_entry.fault(contests, noted)

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """The database, locked for this process; what the block did is kept whole or not at all."""
        with self._as_one_line(), closing(self._open("rwc")) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                _format(db)
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    with suppress(sqlite3.Error):
                        db.execute("ROLLBACK")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.file.exists():
            yield None
            return
        with self._as_one_line(), closing(self._open("ro")) as db:
            yield db if _format(db) else None

    def _open(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.file.absolute().as_uri()}?mode={mode}", timeout=PATIENCE, isolation_level=None, uri=True)

    @contextmanager
    def _as_one_line(self) -> Iterator[None]:
        """SQLite's complaints as one line of ours."""
        try:
            yield
        except (sqlite3.DatabaseError, _Foreign, UnicodeDecodeError) as error:
            said = str(error)
            if "locked" in said:
                raise self._unwritable(f"another process has held it for {PATIENCE:.0f} s") from None
            if any(words in said for words in ("readonly", "unable to open", "is full", "I/O")):
                raise self._unwritable(said) from None
            raise LedgerError(f"{self.file} is no whole trial ledger ({said}): bring back a copy, or move it away and count anew") from None

    def _unwritable(self, why: str) -> Unwritable:
        return Unwritable(
            f"the trial ledger {self.file} cannot be written ({why}), and no figure is shown that is not counted: free the place, or name "
            "another by [paths] ledger in springback.toml ('springback init')"
        )


class _Foreign(Exception):
    """A database, but not ours."""


def _format(db: sqlite3.Connection) -> int:
    """The format of the ledger, 0 for an empty file. Raises `_Foreign`."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version not in (0, *OLD, FORMAT) or (version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]):
        raise _Foreign(f"its format is {version}, this version reads {FORMAT}")
    return version


def _next(db: sqlite3.Connection, table: str) -> tuple[int, str]:
    """The number of the next row of `table` and the hash of the row before, in a database made one of this format."""
    for statement in MIGRATIONS.get(_format(db), ()):
        db.execute(statement)
    row, previous = db.execute(LAST.format(table=table)).fetchone() or (0, "")
    return max(row, _given(db, table)) + 1, previous


def _given(db: sqlite3.Connection, table: str) -> int:
    """How many rows `table` was ever given."""
    return int((db.execute(GIVEN, (table,)).fetchone() or (0,))[0])


def _contests(db: sqlite3.Connection) -> tuple[ContestRow, ...]:
    if _format(db) != FORMAT:
        return ()
    rows = db.execute(f'SELECT {_named(contest_entry.COLUMNS)} FROM contests ORDER BY "row"').fetchall()
    try:
        return tuple(contest_entry.row_of(row) for row in rows)
    except ValueError as error:
        raise _Foreign(str(error)) from None


def _named(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _entries(db: sqlite3.Connection) -> tuple[Entry, ...]:
    wanted = _named(COLUMNS) if _format(db) > 1 else _named(COLUMNS).replace('"hold_out_start"', "NULL")
    entries = tuple(Entry(*row) for row in db.execute(f'SELECT {wanted} FROM looks ORDER BY "row"'))
    for entry in entries:
        if not all(isinstance(getattr(entry, name), KINDS.get(name, str)) for name in COLUMNS) or entry.sessions < 1:
            raise _Foreign(f"row {entry.row} holds what no ledger writes")
    return entries


def _unpacked(hash_: str, days: bytes, excess: bytes) -> tuple[Days, Numbers] | None:
    """The record, or None where it is not what its hash says."""
    try:
        plain = zlib.decompress(days), zlib.decompress(excess)
    except (zlib.error, TypeError):
        return None
    if digest(*plain) != hash_:
        return None
    return np.frombuffer(plain[0], "<i4").astype("datetime64[D]"), np.frombuffer(plain[1], "<f8").astype(np.float64)


def _fault(entries: tuple[Entry, ...], newest: int, knobs: set[str], records: set[str]) -> str:
    previous, due = "", 1
    for entry in entries:
        if entry.row != due:
            return _rows(due, entry.row - 1, "was removed", "were removed")
        if entry.hash != entry.sealed():
            return f"row {entry.row} was changed"
        if entry.previous != previous:
            return f"row {entry.row - 1 or 1} was changed or removed"
        if entry.settings not in knobs or entry.returns not in records:
            return f"what row {entry.row} was run with or returned was changed or removed"
        previous, due = entry.hash, entry.row + 1
    return _rows(due, newest, "was removed", "were removed") if newest >= due else ""


def _rows(first: int, last: int, one: str, more: str) -> str:
    return f"row {first} {one}" if first == last else f"rows {first} to {last} {more}"
