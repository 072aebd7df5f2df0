"""One reading of an account at IB: its orders out of what was heard, over all the lists that there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from springback.brokers import ib_words as words
from springback.brokers.broker import Fill, Order, OrderState, counted
from springback.errors import Disagrees


@dataclass(frozen=True)
class Reading:
    """Orders with the numbers that TWS knows them by, (client, order), and executions. `whole`: nothing is known to be missing."""

    orders: tuple[Order, ...]
    numbers: Mapping[str, tuple[int, int]]
    fills: tuple[Fill, ...]
    whole: bool
    time: datetime

    def find(self, client_id: str) -> Order | None:
        """The order of this id. Raises `Disagrees` where two of them live."""
        found = [one for one in self.orders if one.client_id == client_id]
        live = [one for one in found if one.live]
        if len(live) > 1:
            raise Disagrees(f"IB has more than one live order under {client_id}: a person cancels all but one", symbol=live[0].symbol)
        return live[0] if live else found[-1] if found else None


def reading_of(ear: Any, fills: tuple[Fill, ...], account: str, now: datetime) -> Reading:
    """The orders of an account: an order in both lists is over; one in neither that we heard of, and heard the end of, is over too."""
    by_order: dict[str, list[Fill]] = {}
    for one in counted(fills):
        by_order.setdefault(one.broker_id, []).append(one)
    over = set(ear.completed)
    live = {order.permId or order.orderId: (contract, order, state) for contract, order, state in ear.open if order.permId not in over}
    rows: list[tuple[Any, Any, Any, OrderState | None]] = [(*one, None) for one in live.values()]
    rows += [(*one, words.ending(one[2])) for one in ear.completed.values()]
    for number, (contract, order, state) in ear.orders.items():
        code = ear.notices.get(number, (0, ""))[0]
        ended: OrderState = "refused" if code in words.REFUSALS else "cancelled"
        known = code == words.CANCELLED or ended == "refused" or str(order.permId) in by_order
        if known and order.permId not in over and (order.permId or order.orderId) not in live:
            rows.append((contract, order, state, ended))
    own = [row for row in rows if row[1].account in {"", account}]
    orders = tuple(_order(row, by_order.get(str(row[1].permId), ()), now) for row in own)
    numbers = {order.orderRef: (order.clientId, order.orderId) for _, order, _ in (*ear.orders.values(), *live.values())}
    return Reading(orders, numbers, fills, not set(ear.commissions) - set(ear.executions), now)


def _order(row: tuple[Any, Any, Any, OrderState | None], fills: Sequence[Fill], now: datetime) -> Order:
    """One order. TWS does not say when it came: when it was over stands for it, so that none is left out for being old."""
    contract, order, state, ended = row
    found = words.order_of(contract, order, state, fills, ended)
    last = max((one.at for one in fills if one.at), default=now)
    return found if found.live else replace(found, submitted_at=words.instant(state.completedTime) or last)


def booked_order(client_id: str, booked: Sequence[Fill]) -> Order | None:
    """An order of an earlier day, as its booked executions tell of it: what was ordered beyond them is not known."""
    own = [one for one in counted(booked) if one.client_id == client_id]
    if not own:
        return None
    filled, first = sum((one.quantity for one in own), Decimal(0)), own[0]
    paid = sum((one.quantity * one.price for one in own), Decimal(0))
    return Order(client_id, first.broker_id, "", first.symbol, first.side, None, "filled", "booked", filled, paid / filled)
