"""The order journal: what was meant, what happened, what was filled, and the head of the chain."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ONLY_GROW = ("order_intent", "order_event", "order_fill")
WHY = "the order journal is never changed"


def upgrade() -> None:
    """Makes the tables, and what keeps all but the head from being changed."""
    numbers = [sa.Column("session", sa.Date, nullable=False), _whole("number"), sa.Column("reference_close", sa.Double)]
    _table("order_intent", _key("client_id"), *_texts("symbol", "side", "purpose", "quantity", "reason"), *numbers)
    texts = _texts("client_id", "kind", "broker_id", "body", "previous", "hash")
    rehearsal = sa.Column("rehearsal", sa.Boolean, nullable=False)
    _table("order_event", sa.Column("n", sa.Integer, primary_key=True, autoincrement=False), *texts, _instant("at"), rehearsal)
    _table("order_fill", _key("execution_id"), *_texts("client_id", "quantity", "price", "fee", "corrects"), _instant("at"))
    _table("order_head", _whole("count"), *_texts("hash"))
    op.create_index("order_intent_symbol", "order_intent", ["account", "symbol", "session"])
    op.create_index("order_event_client_id", "order_event", ["account", "client_id"])
    for table in ONLY_GROW:
        _only_grows(table)


def _table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, _key("account"), *columns)


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, primary_key=True)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String, nullable=False) for name in names]


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _only_grows(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{WHY}'); END")
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION journal_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{WHY}'; END $$"
    )
    op.execute(f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} EXECUTE FUNCTION journal_only_grows()")
