"""Orders and instants for the tests of the journal; it imports only journal and state, as the children that are killed do."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from springback.state.order_rows import OrderFill
from springback.trading.journal import Proof
from springback.trading.order_journal import Plan

AT = datetime(2026, 11, 28, 0, 5, 0, 123456, UTC)
FRIDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 30)
NUMBER = "PA3XYZ1234"
BUY = Plan(FRIDAY, "BRK.B", "buy", "entry", Decimal(100), 490.5, "entry")
NAME = "sb-1234-20261127-BRK.B-entry-1"


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def proof(at: datetime) -> Proof:
    return Proof(at, at, at, at)


def execution(k: int, quantity: object, name: str = NAME, price: object = 490, corrects: str = "", fee: object = 0) -> OrderFill:
    return OrderFill(f"{name}/{k}", name, later(100 + k), Decimal(str(quantity)), Decimal(str(price)), Decimal(str(fee)), corrects)
