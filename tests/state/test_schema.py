"""The migrations make what the queries name; an older database is taken along, a newer or foreign one refused in one line."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from springback.errors import SettingsError, StateError, Unwritable
from springback.state import database, schema
from springback.state.database import PATIENCE
from springback.state.rows import Evening
from springback.state.state import State
from springback.state.tables import METADATA, VERSION
from tests.state.samples import AT, FRIDAY, ME, event

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"


def upgrade() -> None:
    op.add_column("evening", sa.Column("note", sa.String, nullable=False, server_default="none yet"))
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Turns the package into its next version, which has one migration more; undone by `monkeypatch.undo`."""
    folder = shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    newest = schema.ScriptDirectory(str(folder)).get_current_head()
    (folder / "versions" / "v9999.py").write_text(NEXT.format(newest=newest))
    return lambda: monkeypatch.setattr(schema, "MIGRATIONS", folder)


def test_the_migrations_make_the_tables_that_the_queries_name(url: str) -> None:
    state = State(url)
    with state._reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "version_table": VERSION})
        assert compare_metadata(context, METADATA) == []
    assert all("account" in table.primary_key.columns for table in METADATA.tables.values())


def test_an_older_database_is_taken_along_and_a_newer_one_refused(
    url: str, next_version: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    evening, events = State(url).freeze(ME, Evening(FRIDAY, "frozen", "ab", AT)), State(url).record(ME, event())
    next_version()
    newer = State(url)
    assert newer.evenings(ME) == (evening,) and newer.book_events(ME) == events
    with newer._reading() as connection:
        assert connection.execute(text("SELECT note FROM evening")).scalar() == "none yet"
    monkeypatch.undo()
    with pytest.raises(StateError, match=r"has schema 9999, this version knows up to \d{4}: install") as refused:
        State(url)
    assert newer.name in str(refused.value)


def test_a_migration_that_fails_leaves_the_older_schema(
    url: str, next_version: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    State(url).freeze(ME, Evening(FRIDAY, "frozen", "ab", AT))
    next_version()
    file = schema.MIGRATIONS / "versions" / "v9999.py"
    file.write_text(file.read_text() + '    op.execute("SELECT * FROM nowhere")\n')
    with pytest.raises(StateError, match="nowhere"):
        State(url)
    monkeypatch.undo()
    assert len(State(url).evenings(ME)) == 1


def test_what_only_grows_is_held_by_the_database_itself(url: str) -> None:
    state = State(url)
    state.freeze(ME, Evening(FRIDAY, "frozen", "ab", AT))
    state.record(ME, event())
    for table in ("evening", "book_event"):
        for statement in (f"UPDATE {table} SET kind = 'late'", f"DELETE FROM {table}"):
            with pytest.raises(StateError, match="are never changed"), state._writing() as connection:
                connection.execute(text(statement))
    assert state.evenings(ME)[0].kind == "frozen" and len(state.book_events(ME)) == 1


def test_a_write_waits_for_the_disk(url: str) -> None:
    state = State(url)
    with state._writing() as connection:
        asked = (
            ("journal_mode", "synchronous", "foreign_keys")
            if connection.dialect.name == "sqlite"
            else ("synchronous_commit", "lock_timeout")
        )
        show = "PRAGMA" if connection.dialect.name == "sqlite" else "SHOW"
        found = {name: connection.exec_driver_sql(f"{show} {name}").scalar() for name in asked}
    assert found in (
        {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1},
        {"synchronous_commit": "on", "lock_timeout": f"{PATIENCE // 60}min"},
    )


def test_a_database_of_others_is_refused_and_left_alone(url: str) -> None:
    if "://" in url:
        with psycopg.connect(url) as theirs:
            theirs.execute("CREATE TABLE customers (name text)")
    else:
        with sqlite3.connect(url) as mine:
            mine.execute("CREATE TABLE customers (name text)")
        mine.close()
    with pytest.raises(StateError, match="holds other tables and no state"):
        State(url)
    with database._engine(database._url(url), url).connect() as connection:
        assert inspect(connection).get_table_names() == ["customers"]


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    file.write_text("What is this? " * 100)
    with pytest.raises(StateError, match="file is not a database") as refused:
        State(file)
    assert "\n" not in str(refused.value) and file.read_text().startswith("What is this?")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable, match="cannot be written"):
        State(tmp_path / "file" / "state.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unwritable, match="unable to open"):
        State(tmp_path / "folder")


def test_another_kind_of_database_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsError, match="begins with postgresql://, was mysql://") as refused:
        State("mysql://ann:secret@host/state")
    assert "secret" not in str(refused.value)


def test_a_server_that_does_not_answer_is_one_line_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be used") as refused:
        State(f"postgresql://ann:secret@/state?host={tmp_path}&password=secret&sslpassword=secret")
    assert "secret" not in str(refused.value) and "postgresql://ann:***@/state" in str(refused.value)
