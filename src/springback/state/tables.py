"""The tables of the newest schema, as the queries name them; `migrations/` makes them. Column names are the fields of `rows.py`."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Date, DateTime, Dialect, Double, Integer, MetaData, String, Table
from sqlalchemy.types import TypeDecorator

from springback.market.prose import Prose
from springback.state import rows

METADATA = MetaData()
VERSION = "state_version"
"""The table in which a database says which schema it has."""


class Instant(TypeDecorator[datetime]):
    """An aware instant: kept in UTC, which SQLite does not write down."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """UTC and aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[Prose]):
    """A text for people, which drivers know as a plain string."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Prose | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """A plain string."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Prose | None:  # noqa: ARG002
        """Prose."""
        return None if value is None else Prose(value)


def _table(name: str, *columns: Column[Any]) -> Table:
    """A table of rows that are numbered within their account."""
    return Table(name, METADATA, Column("account", String, primary_key=True), Column("n", Integer, primary_key=True), *columns)


def _must(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _may(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=True)


EVENING = Table(
    "evening",
    METADATA,
    Column("account", String, primary_key=True),
    Column("session", Date, primary_key=True),
    *(_must("kind", String), _must("hash", String), _must("frozen_at", Instant)),
)
BOOK_EVENT = _table(
    "book_event",
    *(_must("at", Instant), _must("session", Date), _must("kind", String), _must("symbol", String), _must("quantity", Double)),
    *(_may("price", Double), _must("by", String), _must("why", Words), _may("opened", Date)),
)
HALT = _table(
    "halt",
    *(_must("scope", String), _must("symbol", String), _must("code", String), _must("why", Words), _must("by", String)),
    *(_must("at", Instant), _must("lifted_by", String), _may("lifted_at", Instant)),
)
RESTRICTED = _table(
    "restricted",
    *(_must("symbol", String), _must("start", Date), _may("end", Date), _must("why", Words), _must("by", String), _must("at", Instant)),
    *(_must("removed_by", String), _may("removed_at", Instant)),
)
INCIDENT = _table(
    "incident",
    *(_must("cause", String), _must("opened_at", Instant), _may("session", Date), _must("words", Words), _must("verb", String)),
    *(_may("closed_at", Instant), _may("notified_at", Instant), _must("heard", String)),
)
ALARM = _table(
    "alarm",
    *(_must("model", String), _must("session", Date), _must("value", Double), _must("limit", Double)),
    *(_must("cleared_by", String), _may("cleared_at", Instant)),
)
ATTEMPT = _table(
    "attempt",
    *(_must("kind", String), _must("at", Instant), _must("session", Date), _must("outcome", String), _must("detail", Words)),
)
LEASE = Table(
    "lease", METADATA, Column("account", String, primary_key=True), Column("holder", String, nullable=False), _must("until", Instant)
)
TABLE_OF: dict[type[rows.Row], Table] = {
    rows.Evening: EVENING,
    rows.BookEvent: BOOK_EVENT,
    rows.Halt: HALT,
    rows.Restriction: RESTRICTED,
    rows.Incident: INCIDENT,
    rows.Alarm: ALARM,
    rows.Attempt: ATTEMPT,
}
