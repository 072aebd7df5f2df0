"""What a broker's executions come to, reckoned apart from the journal."""

from collections.abc import Iterable
from decimal import Decimal

from springback.brokers.broker import Fill, counted


def net_shares(fills: Iterable[Fill]) -> dict[str, Decimal]:
    """Signed shares by broker's order id, out of the executions that stand."""
    out: dict[str, Decimal] = {}
    for one in counted(fills):
        out[one.broker_id] = out.get(one.broker_id, Decimal(0)) + (one.quantity if one.side == "buy" else -one.quantity)
    return out
