"""One database, SQLite or PostgreSQL: opened, brought to the newest schema, read in one snapshot, written by one hand at a time."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from springback.errors import InputError, SettingsError, StateError, Unwritable
from springback.state.rows import Row
from springback.state.schema import migrate
from springback.state.tables import TABLE_OF

PATIENCE = 60
"""Seconds to wait for another writer."""
STILL = 30
"""Seconds that one may stand still within a write before PostgreSQL cuts it off: less than `PATIENCE`, for those who wait."""
POSTGRESQL = "postgresql+psycopg"
DRIVERS = {"sqlite": "sqlite", **dict.fromkeys(("postgresql", "postgres", POSTGRESQL), POSTGRESQL)}
CHANNEL = "springback"
"""Where PostgreSQL tells who listens that something was written."""
WRITERS = 0x5370_7262
"""The lock of PostgreSQL that whoever writes holds until its transaction ends, as SQLite's own does."""
BEGIN = {
    ("sqlite", False): "BEGIN",
    ("sqlite", True): "BEGIN IMMEDIATE",
    ("postgresql", False): "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    ("postgresql", True): f"SELECT pg_advisory_xact_lock({WRITERS})",
}
"""How a transaction begins, by database and whether it writes: what it reads is one moment, and of two that write one waits."""
QUERIES: dict[type[Row], Select[Any]] = {}
R = TypeVar("R", bound=Row)


class Database:
    """The state database at `url`: a file, made where there is none, or a `postgresql://` address.

    Raises `SettingsError` on an address of another kind, `Unwritable` where it cannot be written, `StateError` where it is of a newer
    version, damaged, not a state database, or does not answer.
    """

    def __init__(self, url: str | Path, patience: int | None = None) -> None:
        """`patience` are the seconds to wait for another writer, `PATIENCE` without."""
        self.url = _url(url)
        self.name = _name(self.url)
        self.patience = PATIENCE if patience is None else patience
        self._held = threading.local()
        self._anchor: sqlite3.Connection | None = None
        with self._as_one_line():
            self._engine = _engine(self.url, self.name, self.patience)
            migrate(self._reading, self._writing, self.name)

    def __reduce__(self) -> tuple[type["Database"], tuple[str, int]]:
        """Another process opens it by its address."""
        return type(self), (self.url.render_as_string(hide_password=False), self.patience)

    def stay_open(self) -> None:
        """Keeps a file open for as long as this value lives. Else whoever reads it and is the last to leave folds its log back and takes it
        away, each time anew. A server's database needs nothing of the kind.
        """
        if self.url.get_backend_name() == "sqlite" and self._anchor is None:
            with self._as_one_line():
                self._anchor = self._opened("ro")

    @contextmanager
    def moment(self) -> Iterator[None]:
        """What this thread reads in the block is of one moment, by one connection: nothing that is written meanwhile, by whomever."""
        with self._reading() as connection:
            self._held.connection = connection
            try:
                yield
            finally:
                self._held.connection = None

    @contextmanager
    def _reading(self, fresh: bool = False) -> Iterator[Connection]:
        """One moment of the database: that of the block `moment` where this thread is in one, unless a `fresh` one is asked for."""
        held = None if fresh else getattr(self._held, "connection", None)
        if held is not None:
            with self._as_one_line():
                yield held
            return
        with self._as_one_line(), self._engine.execution_options(writes=False).begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """The database, held alone: what the block did is kept whole, on the disk, or not at all."""
        with self._as_one_line(), self._engine.execution_options(writes=True).begin() as connection:
            yield connection
            if connection.dialect.name == "postgresql":  # a file tells by itself that it was written: `changes.py`
                connection.exec_driver_sql(f"NOTIFY {CHANNEL}")

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """A file stays open between the transactions of the block: else each brings the log in as it closes, and waits for the disk.

        What cannot be opened is not kept open; a server needs no such thing.
        """
        keeper = None
        if self.url.get_backend_name() == "sqlite":
            with suppress(sqlite3.Error):
                keeper = self._opened("rw")
        try:
            yield
        finally:
            if keeper is not None:
                keeper.close()

    def _opened(self, mode: str) -> sqlite3.Connection:
        """A connection that holds the file open until it is closed: one that was never asked anything holds nothing yet."""
        keeper = sqlite3.connect(f"{Path(self.name).absolute().as_uri()}?mode={mode}", self.patience, uri=True, check_same_thread=False)
        keeper.execute("SELECT 1 FROM sqlite_master").fetchall()
        return keeper

    def _rows(self, kind: type[R], account: str, *conditions: ColumnElement[bool]) -> tuple[R, ...]:
        """The rows of `account` that meet the conditions, in their order."""
        with self._reading() as connection:
            return found(connection, kind, account, *conditions)

    def _add(self, account: str, *new: R) -> tuple[R, ...]:
        """`new`, numbered and kept together or not at all."""
        with self._writing() as connection:
            return add(connection, account, *new)

    @contextmanager
    def _as_one_line(self) -> Iterator[None]:
        """A driver's complaints as one line of ours."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
            raise _plain(lines[0], self.name, self.patience) from None


def found(connection: Connection, kind: type[R], account: str, *conditions: ColumnElement[bool]) -> tuple[R, ...]:
    """The rows of `account` that meet the conditions, in their order."""
    query = _all_of(kind).where(TABLE_OF[kind].c.account == account, *conditions)
    return tuple(kind(*row) for row in connection.execute(query))


def _all_of(kind: type[Row]) -> Select[Any]:
    """All rows of a table, in their order; made once."""
    if (known := QUERIES.get(kind)) is None:
        table = TABLE_OF[kind]
        known = QUERIES[kind] = select(*(table.c[one.name] for one in fields(kind))).order_by(*table.primary_key)
    return known


def add(connection: Connection, account: str, *new: R) -> tuple[R, ...]:
    """`new`, each kept, with the next number of its table and account where it has none. Raises `InputError` without an account."""
    if not account.strip() or "\0" in account:
        raise InputError(f"the account must have a name, was {account!r}")
    kept = []
    for row in new:
        table = TABLE_OF[type(row)]
        if "n" in table.c and not getattr(row, "n"):  # noqa: B009
            last = connection.execute(select(func.max(table.c.n)).where(table.c.account == account)).scalar()
            row = replace(row, n=(last or 0) + 1)  # type: ignore[call-arg]  # noqa: PLW2901 (every numbered row has the field)
        connection.execute(table.insert().values(account=account, **_columns(row)))
        kept.append(row)
    return tuple(kept)


def change(connection: Connection, account: str, row: R, **values: Any) -> R:
    """`row` with other `values`, in the database too."""
    table, after = TABLE_OF[type(row)], replace(row, **values)
    number = _columns(row)["n"]
    connection.execute(table.update().where(table.c.account == account, table.c.n == number).values(**values))
    return after


def now(connection: Connection) -> datetime:
    """The database's time, UTC: one clock for all who share it."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    instant: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return instant.astimezone(UTC)


def _columns(row: Row) -> dict[str, Any]:
    return {one.name: getattr(row, one.name) for one in fields(row)}


def _url(place: str | Path) -> URL:
    """The address as SQLAlchemy takes it."""
    if "://" not in str(place):
        return URL.create("sqlite", database=str(Path(place).expanduser().absolute()))
    try:
        url = make_url(str(place))
        return url.set(drivername=DRIVERS[url.drivername])
    except (ArgumentError, KeyError, ValueError):
        kind = str(place).partition(":")[0]
        raise SettingsError(f"the state database must be a file or an address that begins with postgresql://, was {kind}://...") from None


def _name(url: URL) -> str:
    """What a message calls it, without a password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return url.difference_update_query(["password", "sslpassword"]).set(drivername="postgresql").render_as_string()


def _engine(url: URL, name: str, patience: int = PATIENCE) -> Engine:
    """Connections that are opened when they are needed and shared with nobody, so that a forked child or a server's restart harms none."""
    if url.get_backend_name() == "sqlite":
        try:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _plain(f"unable to open: {error.strerror}", name) from None
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": patience})
        event.listen(engine, "connect", _begin_sqlite)
    else:
        try:
            engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10})
        except ModuleNotFoundError:
            raise StateError(f"{name} needs psycopg, which is not installed: pip install 'springback[postgres]'") from None
        event.listen(engine, "connect", partial(_begin_postgresql, patience))
    event.listen(engine, "begin", _begin)
    return engine


def _begin_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin as `BEGIN` says, not as Python's driver would
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_postgresql(patience: int, connection: Any, _: Any) -> None:
    connection.autocommit = True
    settings = {"synchronous_commit": "'on'", "lock_timeout": f"'{patience}s'", "idle_in_transaction_session_timeout": f"'{STILL}s'"}
    for name, value in settings.items():
        connection.execute(f"SET {name} = {value}")
    connection.autocommit = False


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(BEGIN[connection.dialect.name, bool(connection.get_execution_options().get("writes"))])


def _plain(complaint: str, name: str, patience: int = PATIENCE) -> StateError | Unwritable:
    if "locked" in complaint or "lock timeout" in complaint:
        return Unwritable(f"the state database {name} is held by another process for {patience} s: wait until it is done, and try again")
    if any(words in complaint for words in ("readonly", "read-only", "unable to open", "is full", "I/O", "permission denied")):
        return Unwritable(f"the state database {name} cannot be written ({complaint}): free the place, or name another by [paths] state")
    return StateError(
        f"the state database {name} cannot be used ({complaint}): start it, or restore a backup into another by [paths] state"
    )
