"""A copy of the state as one SQLite file, whatever database it comes from and goes back to."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Table, func, select

from springback.errors import MissingData, StateError, Unwritable
from springback.state.chain import RESTORED
from springback.state.database import Database
from springback.state.order_rows import OrderEvent
from springback.state.orders import Page
from springback.state.tables import LEASE, METADATA

KEPT: tuple[Table, ...] = tuple(table for table in METADATA.sorted_tables if table is not LEASE)
"""Who works on an account at this moment is no part of a copy."""


def backup(state: Database, out: Path) -> dict[str, int]:
    """The rows of each table, written as of one moment to the new file `out`, which is there whole or not at all. Raises `Unwritable`."""
    out = Path(out)
    if out.exists():
        raise Unwritable(f"{out} is there already: a backup never takes the place of another, name a new file")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".backup-", dir=out.parent) as folder:
            part = Path(folder) / out.name
            copy = _fill(state, Database(part))
            part.replace(out)
    except OSError as error:
        raise Unwritable(f"the backup {out} cannot be written ({error.strerror}): free the place, or name another") from None
    return copy


def restore(state: Database, file: Path) -> dict[str, int]:
    """The rows of each table of the backup `file`, written into `state`, which holds none: all of them or none.

    What happened since the backup was taken is not in it, so that each account's order journal counts as cut until it is rebuilt.
    The file is read from a copy, so that one of an older version is brought to this one and stays as it is. Raises `MissingData` where
    there is no file, `StateError` where it is damaged or no backup, or where `state` holds rows.
    """
    file = Path(file)
    if not file.is_file():
        raise MissingData(f"there is no backup {file}: name a file that 'springback state backup' wrote")
    with TemporaryDirectory() as folder:
        part = Path(folder) / file.name
        shutil.copyfile(file, part)
        _whole(part, file)
        return _fill(Database(part), state, datetime.now(UTC))


def _whole(part: Path, file: Path) -> None:
    """Raises `StateError` where SQLite finds the file damaged, or finds no tables in it."""
    try:
        with closing(sqlite3.connect(part)) as db:
            fault = str(db.execute("PRAGMA integrity_check").fetchone()[0])
            tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error as error:
        fault, tables = str(error), 0
    if fault != "ok" or not tables:
        raise StateError(f"{file} is no whole backup ({fault if fault != 'ok' else 'it is empty'}): take another one")


def _fill(source: Database, target: Database, restored_at: datetime | None = None) -> dict[str, int]:
    rows, accounts = {}, set()
    with source._reading() as out, target._writing() as into:
        _empty(into, target.name)
        for table in KEPT:
            found = [dict(row._mapping) for row in out.execute(select(table))]
            if found:
                into.execute(table.insert(), found)
            rows[table.name] = len(found)
            accounts |= {one["account"] for one in found}
        if restored_at is not None:  # orders may have been sent since: nothing is, until somebody rebuilds
            for account in sorted(accounts):
                Page(into, account).append(OrderEvent(restored_at, "", RESTORED))
    return rows


def _empty(connection: Connection, name: str) -> None:
    for table in KEPT:
        count = connection.execute(select(func.count()).select_from(table)).scalar_one()
        if count:
            raise StateError(f"{name} holds {count:,} rows of {table.name}: restore into an empty state, which [paths] state can name")
