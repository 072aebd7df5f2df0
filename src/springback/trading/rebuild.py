"""A journal made good again from what the broker says: pure, and written by `OrderJournal.rebuild` once a person had it so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from springback.errors import Disagrees, InputError
from springback.market.prose import Prose
from springback.state.order_rows import OrderFill, OrderIntent
from springback.state.rows import Row
from springback.trading.journal import CLOSED, STATES, Order, id_parts, settled, with_fill

CODE = "rebuild"
WORDS = Prose("rebuilt from the broker: it has no such order")


@dataclass(frozen=True)
class BrokerOrder:
    """An order as the broker reports it: `state` in the journal's words, shares, and when it came and ended."""

    client_id: str
    broker_id: str
    symbol: str
    side: str
    quantity: Decimal
    filled_quantity: Decimal
    state: str
    at: datetime
    closed_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise InputError(f"{self.client_id}: the state must be one of {', '.join(STATES)}, was '{self.state}'", value=self.state)


@dataclass(frozen=True)
class Activity(Row):
    """What the broker booked beside orders: a split, a dividend, a fee; shares and dollars, signed as the account sees them."""

    activity_id: str
    at: datetime
    kind: str
    symbol: str = ""
    quantity: Decimal = Decimal(0)
    dollars: Decimal = Decimal(0)


@dataclass(frozen=True)
class Truth:
    """All that the broker says of an account since before the journal was lost: its orders, open and closed, executions (corrections and
    busts among them), and what else it booked.
    """

    orders: tuple[BrokerOrder, ...]
    fills: tuple[OrderFill, ...]
    activities: tuple[Activity, ...] = ()


def rebuilt(orders: Mapping[str, Order], truth: Truth, number: str, at: datetime) -> dict[str, Order]:
    """The orders that are to be written anew, by client id: those of the broker that the journal lacks or tells otherwise, and those
    of the journal that may be at the market and are not. Orders of others are left alone.

    Raises `Disagrees` where executions are missing, or belong to no order.
    """
    own = {one.client_id: one for one in truth.orders if _ours(one.client_id, number)}
    fills = {name: [one for one in truth.fills if one.client_id == name] for name in {one.client_id for one in truth.fills}}
    lost = [name for name in fills if _ours(name, number) and name not in own and name not in orders]
    if lost:
        raise Disagrees(
            f"the broker has executions of {lost[0]} and no such order was given: read its orders of further back", value=lost[0]
        )
    found = {name: _after(_known(orders, one), one, fills.get(name, [])) for name, one in own.items()}
    for name, order in orders.items():
        if name not in found:
            found[name] = _without(_filled(order, fills.get(name, [])), at)
    return {name: order for name, order in found.items() if order != orders.get(name)}


def _ours(name: str, number: str) -> bool:
    parts = id_parts(name)
    return parts is not None and "".join(one for one in number if one.isalnum()).endswith(parts[0])


def _known(orders: Mapping[str, Order], one: BrokerOrder) -> Order:
    """The journal's own, unless it meant another order; else one that its client id tells of."""
    order, parts = orders.get(one.client_id), id_parts(one.client_id)
    meant = (one.symbol, one.side, one.quantity)
    if order is not None and (order.intent.symbol, order.intent.side, order.intent.quantity) == meant:
        return order
    if parts is None or parts[2] != one.symbol:
        raise Disagrees(f"{one.client_id} is an order of {one.symbol} at the broker: a person decides", value=one.symbol)
    _, session, symbol, purpose, count = parts
    return Order(OrderIntent(one.client_id, session, symbol, one.side, purpose, count, one.quantity, None, CODE), one.state, one.at)


def _filled(order: Order, fills: list[OrderFill]) -> Order:
    for one in sorted(fills, key=lambda fill: (bool(fill.corrects), fill.at)):
        order = with_fill(order, one)
    return order


def _after(order: Order, one: BrokerOrder, fills: list[OrderFill]) -> Order:
    changed = _filled(order, fills)
    if changed.filled_quantity < one.filled_quantity:
        words = f"{one.filled_quantity} shares of {one.client_id} were filled, and executions of {changed.filled_quantity} were given"
        raise Disagrees(f"{words}: read its executions of further back", value=changed.filled_quantity, limit=one.filled_quantity)
    changed = replace(
        changed, state=one.state, broker_id=one.broker_id, sent_at=changed.sent_at or one.at, sendings=max(changed.sendings, 1)
    )
    state = settled(changed)
    closed_at = (changed.closed_at or one.closed_at or one.at) if state in CLOSED else None
    return replace(changed, state=state, closed_at=closed_at)


def _without(order: Order, at: datetime) -> Order:
    """What the broker does not have is over, so that it never goes out again; what was never sent may go out yet."""
    if order.closed or order.state == "planned":
        return replace(order, state=settled(order))
    gone = replace(order, state="missed", code=CODE, why=WORDS, closed_at=at)
    return replace(gone, state=settled(gone))


def body_of(order: Order) -> dict[str, Any]:
    """What the event says beside intent and executions."""
    instants = {
        name: None if (value := getattr(order, name)) is None else value.isoformat() for name in ("planned_at", "sent_at", "closed_at")
    }
    return {"state": order.state, "code": order.code, "why": str(order.why), "sendings": order.sendings, **instants}
