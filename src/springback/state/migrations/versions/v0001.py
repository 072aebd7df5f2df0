"""The first schema: evenings, the book's events, halts, restrictions, incidents, alarms, attempts, the lease."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ONLY_GROW = ("evening", "book_event")
Columns = Sequence[sa.Column[Any]]
WHY = "a decision and an event of the book are never changed"


def upgrade() -> None:
    """Makes the tables, and what keeps two of them from being changed."""
    numbers = [_session(), sa.Column("opened", sa.Date), _number("quantity"), _number("price", True)]
    _numbered("book_event", _texts("kind", "symbol", "by", "why"), _instants("at"), numbers)
    _numbered("halt", _texts("scope", "symbol", "code", "why", "by", "lifted_by"), _instants("at"), _instants("lifted_at", nullable=True))
    days = [sa.Column("start", sa.Date, nullable=False), sa.Column("end", sa.Date)]
    _numbered("restricted", _texts("symbol", "why", "by", "removed_by"), days, _instants("at"), _instants("removed_at", nullable=True))
    since, until = _instants("opened_at"), _instants("closed_at", "notified_at", nullable=True)
    _numbered("incident", _texts("cause", "words", "verb", "heard"), since, until, [sa.Column("session", sa.Date)])
    numbers = [_session(), _number("value"), _number("limit")]
    _numbered("alarm", _texts("model", "cleared_by"), numbers, _instants("cleared_at", nullable=True))
    _numbered("attempt", _texts("kind", "outcome", "detail"), _instants("at"), [_session()])
    _table("evening", [sa.Column("session", sa.Date, primary_key=True)], _texts("kind", "hash"), _instants("frozen_at"))
    _table("lease", _texts("holder"), _instants("until"))
    for table in ONLY_GROW:
        _only_grows(table)


def _table(name: str, *columns: Columns) -> None:
    op.create_table(name, sa.Column("account", sa.String, primary_key=True), *chain.from_iterable(columns))


def _numbered(name: str, *columns: Columns) -> None:
    _table(name, [sa.Column("n", sa.Integer, primary_key=True, autoincrement=False)], *columns)


def _texts(*names: str) -> Columns:
    return [sa.Column(name, sa.String, nullable=False) for name in names]


def _instants(*names: str, nullable: bool = False) -> Columns:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _session() -> sa.Column[Any]:
    return sa.Column("session", sa.Date, nullable=False)


def _number(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _only_grows(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{WHY}'); END")
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION state_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{WHY}'; END $$"
    )
    op.execute(f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} EXECUTE FUNCTION state_only_grows()")
