"""What a person asks of a trader, and what it answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the table."""
    keys = sa.Column("account", sa.String, primary_key=True), sa.Column("n", sa.Integer, primary_key=True, autoincrement=False)
    texts = [sa.Column(name, sa.String, nullable=False) for name in ("act", "numbers", "by", "why", "outcome", "words")]
    at = sa.Column("at", sa.DateTime(timezone=True), nullable=False), sa.Column("answered_at", sa.DateTime(timezone=True))
    op.create_table("request", *keys, *texts, sa.Column("file", sa.Boolean, nullable=False), *at)
