"""Alpaca's records as the desk's values: unknown fields and words are kept, a number may be a text, and what is gone is None.

Words of Alpaca's trading API, OpenAPI 2.0.1.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from springback.brokers.broker import (
    Account,
    Activity,
    ActivityKind,
    Asset,
    Borrow,
    Execution,
    Fill,
    Mode,
    Order,
    OrderRequest,
    OrderState,
    Position,
)

STATES: Mapping[str, OrderState] = {
    "filled": "filled",
    "canceled": "cancelled",
    "expired": "expired",
    "rejected": "refused",
    "replaced": "replaced",
    "pending_cancel": "cancelling",
}
"""Every other word is a live order, `done_for_day` and `stopped` too."""
ACTIVITIES: tuple[tuple[str, ActivityKind], ...] = (
    ("DIV", "dividend"),
    ("CGD", "dividend"),
    ("SPLIT", "split"),
    ("NC", "name_change"),
    ("MA", "merger"),
    ("SPIN", "spin_off"),
    ("REORG", "reorganisation"),
    ("WRM", "reorganisation"),
    ("FEE", "fee"),
    ("CFEE", "fee"),
    ("PTC", "fee"),
    ("INT", "interest"),
    ("CSD", "transfer"),
    ("CSW", "transfer"),
    ("ACAT", "transfer"),
    ("JNL", "journal"),
)
"""How a type of activity begins, and what it is."""
EXECUTIONS: Mapping[str, Execution] = {"trade_bust": "bust", "trade_correct": "correction"}
SIDES = {"buy": "buy", "sell": "sell", "sell_short": "sell"}
BORROW: Mapping[str, Borrow] = {"easy_to_borrow": "easy", "hard_to_borrow": "hard"}


def text(record: Mapping[str, Any], name: str) -> str:
    """The field as a text, empty where it is gone or null."""
    value = record.get(name)
    return "" if value is None else str(value)


def number(record: Mapping[str, Any], name: str) -> Decimal | None:
    """The field, a text or a number, as an exact number; None where it is gone, null or neither."""
    value = record.get(name)
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def instant(record: Mapping[str, Any], name: str) -> datetime | None:
    """The field as an instant in UTC; None where it is gone or is none. A day alone is its midnight."""
    try:
        found = datetime.fromisoformat(text(record, name))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def needed(record: Mapping[str, Any], *names: str) -> list[str]:
    """The fields without which a record says nothing. Raises `KeyError` that names the first one gone."""
    for name in names:
        if not text(record, name):
            raise KeyError(name)
    return [text(record, name) for name in names]


def order_body(order: OrderRequest) -> dict[str, str]:
    """What `POST /v2/orders` takes; quantities and prices are texts."""
    body = {
        "symbol": order.symbol,
        "qty": f"{order.quantity:f}",
        "side": order.side,
        "type": order.type,
        "time_in_force": order.time_in_force,
        "client_order_id": order.client_id,
        "position_intent": order.position_intent,
    }
    return body if order.stop_price is None else {**body, "stop_price": f"{order.stop_price:f}"}


def order_of(record: Mapping[str, Any]) -> Order:
    """One order. Raises `KeyError` where it has no id."""
    (broker_id,) = needed(record, "id")
    word, filled = text(record, "status"), number(record, "filled_qty")
    quantity = number(record, "qty")
    return Order(
        client_id=text(record, "client_order_id"),
        broker_id=broker_id,
        asset_id=text(record, "asset_id"),
        symbol=text(record, "symbol"),
        side=text(record, "side"),
        quantity=quantity,
        state=STATES.get(word, "partly_filled" if filled else "accepted"),
        word=word,
        filled_quantity=quantity if filled is None and word == "filled" else filled,
        average_price=number(record, "filled_avg_price"),
        time_in_force=text(record, "time_in_force"),
        type=text(record, "type") or text(record, "order_type"),
        stop_price=number(record, "stop_price"),
        submitted_at=instant(record, "submitted_at") or instant(record, "created_at"),
        replaced_by=text(record, "replaced_by"),
        record=record,
    )


def fill_of(record: Mapping[str, Any], orders: Mapping[str, Order]) -> Fill:
    """One execution of the activities' pages; `orders` by broker's id. Its own id stands behind the time in the activity's. Raises
    `KeyError` without id, shares or price, `ValueError` where nobody says whether it was bought or sold.
    """
    identity, broker_id = needed(record, "id", "order_id")
    order = orders.get(broker_id)
    return Fill(
        execution_id=identity.rpartition("::")[2],
        broker_id=broker_id,
        client_id=order.client_id if order else "",
        symbol=text(record, "symbol") or (order.symbol if order else ""),
        side=_side(text(record, "side") or (order.side if order else "")),
        quantity=_above_nothing(record, "qty"),
        price=_above_nothing(record, "price"),
        at=instant(record, "transaction_time"),
        record=record,
    )


def correction_of(record: Mapping[str, Any]) -> Fill | None:
    """A bust or correction out of the stream of activities; None where it is another message. Raises `KeyError` without its ids."""
    details = record.get("details")
    execution = EXECUTIONS.get(text(details, "execution_type")) if isinstance(details, Mapping) else None
    if execution is None or not isinstance(details, Mapping):
        return None
    identity, previous_id = needed(record, "ref_id", "previous_id")
    return Fill(
        execution_id=identity,
        broker_id=text(details, "order_id"),
        client_id=text(details, "client_order_id"),
        symbol=text(details, "symbol"),
        side=_side(text(details, "side")),
        quantity=_above_nothing(record, "qty") if execution == "correction" else number(record, "qty") or Decimal(0),
        price=_above_nothing(record, "price") if execution == "correction" else number(record, "price") or Decimal(0),
        at=instant(record, "executed_at"),
        execution=execution,
        previous_id=previous_id,
        fee=number(details, "commission"),
        record=record,
    )


def activity_of(record: Mapping[str, Any]) -> Activity:
    """One activity that is no execution. Raises `KeyError` where it has no id."""
    (identity,) = needed(record, "id")
    word = text(record, "activity_type")
    return Activity(
        activity_id=identity,
        kind=next((kind for start, kind in ACTIVITIES if word.startswith(start)), "other"),
        word="/".join(filter(None, (word, text(record, "activity_sub_type")))),
        symbol=text(record, "symbol"),
        quantity=number(record, "qty"),
        amount=number(record, "net_amount"),
        at=instant(record, "created_at") or instant(record, "date"),
        status=text(record, "status"),
        record=record,
    )


def account_of(record: Mapping[str, Any], mode: Mode) -> Account:
    """The account in dollars; a mark that says blocked in any way blocks."""
    shorting = record.get("shorting_enabled")
    marks = ("account_blocked", "trading_blocked", "trade_suspended_by_user")
    return Account(
        number=text(record, "account_number") or text(record, "id"),
        mode=mode,
        currency=text(record, "currency"),
        equity=number(record, "equity"),
        cash=number(record, "cash"),
        buying_power=number(record, "buying_power"),
        multiplier=number(record, "multiplier"),
        shorting=shorting if isinstance(shorting, bool) else None,
        blocked=any(record.get(mark) is True for mark in marks) or text(record, "status") not in {"", "ACTIVE"},
        record=record,
    )


def position_of(record: Mapping[str, Any]) -> Position:
    """One position, short negative whichever way it is told. Raises `KeyError` without name or shares."""
    asset_id, symbol, _ = needed(record, "asset_id", "symbol", "qty")
    quantity = _number(record, "qty")
    return Position(
        asset_id=asset_id,
        symbol=symbol,
        quantity=-abs(quantity) if text(record, "side") == "short" else quantity,
        available=number(record, "qty_available"),
        average_price=number(record, "avg_entry_price"),
        market_price=number(record, "current_price"),
        record=record,
    )


def asset_of(record: Mapping[str, Any], symbol: str) -> Asset:
    """What Alpaca knows of the name that we call `symbol`. `easy_to_borrow`, past its sunset, speaks where `borrow_status` does not."""
    asset_id, spelling = needed(record, "id", "symbol")
    older = {"True": "easy_to_borrow", "False": "hard_to_borrow"}.get(text(record, "easy_to_borrow"), "")
    word = text(record, "borrow_status") or older
    return Asset(
        symbol=symbol,
        asset_id=asset_id,
        broker_symbol=spelling,
        tradable=record.get("tradable") is True and text(record, "status") in {"", "active"},
        borrow="hard" if record.get("shortable") is False else BORROW.get(word, "unknown"),
        exchange=text(record, "exchange"),
    )


def _side(word: str) -> str:
    """buy or sell; a short sale is a sale."""
    if word not in SIDES:
        raise ValueError("side")
    return SIDES[word]


def _number(record: Mapping[str, Any], name: str) -> Decimal:
    found = number(record, name)
    if found is None:
        raise KeyError(name)
    return found


def _above_nothing(record: Mapping[str, Any], name: str) -> Decimal:
    found = _number(record, name)
    if found <= 0:
        raise ValueError(name)
    return found
