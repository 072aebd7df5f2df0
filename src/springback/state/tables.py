"""The tables of the newest schema, as the queries name them; `migrations/` makes them. Column names are the fields of
`rows.py`, `order_rows.py` and `trading_rows.py`."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, Dialect, Double, Index, Integer, MetaData, String, Table
from sqlalchemy.types import TypeDecorator

from springback.market.prose import Prose
from springback.state import order_rows, rows, trading_rows

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


class Exact(TypeDecorator[Decimal]):
    """A decimal number, kept digit by digit."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Its shortest digits."""
        return None if value is None else order_rows.digits(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """A decimal."""
        return None if value is None else Decimal(value)


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
REQUEST = _table(
    "request",
    *(_must("act", String), _must("numbers", String), _must("file", Boolean), _must("by", String), _must("why", Words)),
    *(_must("at", Instant), _may("answered_at", Instant), _must("outcome", String), _must("words", Words)),
)
LEASE = Table(
    "lease", METADATA, Column("account", String, primary_key=True), Column("holder", String, nullable=False), _must("until", Instant)
)
ORDER_INTENT = Table(
    "order_intent",
    METADATA,
    Column("account", String, primary_key=True),
    Column("client_id", String, primary_key=True),
    *(_must("session", Date), _must("symbol", String), _must("side", String), _must("purpose", String), _must("number", Integer)),
    *(_must("quantity", Exact), _may("reference_close", Double), _must("reason", String)),
    Index("order_intent_symbol", "account", "symbol", "session"),
)
ORDER_EVENT = _table(
    "order_event",
    *(_must("at", Instant), _must("client_id", String), _must("kind", String), _must("broker_id", String), _must("body", String)),
    *(_must("rehearsal", Boolean), _must("previous", String), _must("hash", String)),
)
Index("order_event_client_id", ORDER_EVENT.c.account, ORDER_EVENT.c.client_id)
ORDER_FILL = Table(
    "order_fill",
    METADATA,
    Column("account", String, primary_key=True),
    Column("execution_id", String, primary_key=True),
    *(_must("client_id", String), _must("at", Instant), _must("quantity", Exact), _must("price", Exact), _must("fee", Exact)),
    _must("corrects", String),
)
ORDER_HEAD = Table(
    "order_head", METADATA, Column("account", String, primary_key=True), _must("count", Integer), Column("hash", String, nullable=False)
)
STEP = _table(
    "step",
    *(_must("session", Date), _must("step", String), _must("at", Instant), _must("code", Integer), _must("body", String)),
    _must("rehearsal", Boolean),
)
SNAPSHOT = _table(
    "snapshot",
    *(_must("session", Date), _must("step", String), _must("at", Instant), _may("equity", Exact), _may("cash", Exact)),
    *(_may("buying_power", Exact), _must("positions", String), _must("rehearsal", Boolean)),
)
BOOKING = _table(
    "booking",
    *(_must("activity_id", String), _must("kind", String), _must("word", String), _must("symbol", String), _may("quantity", Exact)),
    *(_may("amount", Exact), _must("at", Instant), _must("heard_at", Instant), _must("status", String)),
)
Index("booking_activity_id", BOOKING.c.account, BOOKING.c.activity_id)
ADOPTION = _table(
    "adoption",
    *(_must("symbol", String), _must("claim", String), _must("quantity", Exact), _may("price", Double), _may("opened", Date)),
    *(_must("at", Instant), _must("by", String), _must("why", Words)),
)
RECONCILIATION = _table(
    "reconciliation",
    *(_must("session", Date), _must("phase", String), _must("at", Instant), _must("unexplained", Integer), _must("body", String)),
    _must("rehearsal", Boolean),
)
ATTRIBUTION = _table(
    "attribution",
    *(_must("session", Date), _must("at", Instant), _must("final", Boolean), _must("residual", Exact), _must("body", String)),
    _must("rehearsal", Boolean),
)
TABLE_OF: dict[type[rows.Row], Table] = {
    rows.Evening: EVENING,
    rows.BookEvent: BOOK_EVENT,
    rows.Halt: HALT,
    rows.Restriction: RESTRICTED,
    rows.Incident: INCIDENT,
    rows.Alarm: ALARM,
    rows.Attempt: ATTEMPT,
    rows.Request: REQUEST,
    order_rows.OrderIntent: ORDER_INTENT,
    order_rows.OrderEvent: ORDER_EVENT,
    order_rows.OrderFill: ORDER_FILL,
    order_rows.OrderHead: ORDER_HEAD,
    trading_rows.Step: STEP,
    trading_rows.Snapshot: SNAPSHOT,
    trading_rows.Booking: BOOKING,
    trading_rows.Adoption: ADOPTION,
    trading_rows.Reconciliation: RECONCILIATION,
    trading_rows.Attribution: ATTRIBUTION,
}
