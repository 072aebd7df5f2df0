"""The journal's part of the book: what its orders did, as the events that alone change one."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from springback.market.book import CHARGED, DROPPED, FILLED, ORDERED, Event
from springback.trading.journal import Order


def book_events(orders: Iterable[Order], columns: Mapping[str, int]) -> list[tuple[datetime, Event]]:
    """What the orders did to a book whose names are `columns`, each with its instant, in time: orders, fills, and what ended unfilled.

    Quantities in signed shares, prices and fees in dollars. Only executions in force count, so that a busted one was never there. Of a
    fraction of a share the dollars are charged. Stops rest apart from the book: only their fills are in it. The host adds what is not an
    order's: marks, splits, dividends, the close of each session.
    """
    found: list[tuple[datetime, Event]] = []
    for one in orders:
        name, quantity, resting = columns[one.intent.symbol], one.sign * int(one.intent.quantity), one.intent.purpose == "stop"
        if not resting and quantity:
            found.append((one.planned_at, Event(ORDERED, name, quantity)))
        found += _fills(one, name)
        if one.closed_at is not None and one.rest and quantity and not resting:
            found.append((one.closed_at, Event(DROPPED, name, quantity)))
    return sorted(found, key=lambda pair: pair[0])


def _fills(order: Order, name: int) -> Iterable[tuple[datetime, Event]]:
    total = Decimal(0)
    for one in order.fills:
        whole, total = int(total + one.quantity) - int(total), total + one.quantity
        if whole:
            yield one.at, Event(FILLED, name, order.sign * whole, float(one.price), float(one.fee))
        dollars = order.sign * (one.quantity - whole) * one.price + (0 if whole else one.fee)
        if dollars:
            yield one.at, Event(CHARGED, name, 0, float(dollars))
