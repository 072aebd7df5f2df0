"""Which schema a database has, and the way from it to the newest: a newer one is refused, an older one taken along."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from springback.errors import StateError
from springback.state.tables import VERSION

MIGRATIONS = Path(__file__).with_name("migrations")
Opening = Callable[[], AbstractContextManager[Connection]]


def migrate(reading: Opening, writing: Opening, name: str) -> None:
    """Brings the database to the newest schema, in one transaction. Raises `StateError` where it is of a newer version or none of ours."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    with reading() as connection:
        if _current(connection) == scripts.get_current_head():
            return
    with writing() as connection:  # and asks again: another may have been first
        _upgrade(connection, scripts, name)


def _upgrade(connection: Connection, scripts: ScriptDirectory, name: str) -> None:
    current, newest = _current(connection), scripts.get_current_head()
    if current is None and inspect(connection).get_table_names():
        raise StateError(f"{name} holds other tables and no state: give the state a database of its own by [paths] state")
    if current is not None and current not in {one.revision for one in scripts.walk_revisions()}:
        raise StateError(f"{name} has schema {current}, this version knows up to {newest}: install the version that wrote it")
    context = MigrationContext.configure(connection, opts={"version_table": VERSION})
    with Operations.context(context):
        for step in reversed(list(scripts.iterate_revisions("head", current or "base"))):
            step.module.upgrade()
            context.stamp(scripts, step.revision)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION}).get_current_revision()
