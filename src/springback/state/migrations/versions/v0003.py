"""What a trader leaves behind: steps, snapshots, bookings, adoptions, reconciliations, attributions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WHY = "what a trader did and saw is never changed"


def upgrade() -> None:
    """Makes the tables, and what keeps their rows from being changed."""
    _grows("step", _day(), *_texts("step"), _instant("at"), sa.Column("code", sa.Integer, nullable=False), *_texts("body"), _rehearsal())
    money = [sa.Column(name, sa.String) for name in ("equity", "cash", "buying_power")]
    _grows("snapshot", _day(), *_texts("step"), _instant("at"), *money, *_texts("positions"), _rehearsal())
    amounts = [sa.Column(name, sa.String) for name in ("quantity", "amount")]
    _grows("booking", *_texts("activity_id", "kind", "word", "symbol"), *amounts, _instant("at"), _instant("heard_at"), *_texts("status"))
    terms = [sa.Column("price", sa.Double), sa.Column("opened", sa.Date)]
    _grows("adoption", *_texts("symbol", "claim", "quantity"), *terms, _instant("at"), *_texts("by", "why"))
    count = sa.Column("unexplained", sa.Integer, nullable=False)
    _grows("reconciliation", _day(), *_texts("phase"), _instant("at"), count, *_texts("body"), _rehearsal())
    final = sa.Column("final", sa.Boolean, nullable=False)
    _grows("attribution", _day(), _instant("at"), final, *_texts("residual", "body"), _rehearsal())
    op.create_index("booking_activity_id", "booking", ["account", "activity_id"])


def _grows(name: str, *columns: sa.Column[Any]) -> None:
    keys = sa.Column("account", sa.String, primary_key=True), sa.Column("n", sa.Integer, primary_key=True, autoincrement=False)
    op.create_table(name, *keys, *columns)
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"CREATE TRIGGER {name}_{verb} BEFORE {verb} ON {name} BEGIN SELECT RAISE(ABORT, '{WHY}'); END")
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION trading_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{WHY}'; END $$"
    )
    op.execute(f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} EXECUTE FUNCTION trading_only_grows()")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String, nullable=False) for name in names]


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _day() -> sa.Column[Any]:
    return sa.Column("session", sa.Date, nullable=False)


def _rehearsal() -> sa.Column[Any]:
    return sa.Column("rehearsal", sa.Boolean, nullable=False)
