"""What the order journal holds, as values: what was meant, what happened, what was filled, and where the chain of events ends."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from springback.errors import InputError
from springback.state.rows import Row, one_of

SIDES = ("buy", "sell")
PURPOSES = ("entry", "exit", "stop")


@dataclass(frozen=True)
class OrderIntent(Row):
    """An order as it was meant when it was planned: `quantity` in shares, above 0; `reference_close` in dollars (None: there is none);
    `reason` is the rule's, `session` the decision's. `number` counts the orders of one session, symbol and purpose from 1.
    """

    client_id: str
    session: date
    symbol: str
    side: str
    purpose: str
    number: int
    quantity: Decimal
    reference_close: float | None
    reason: str

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("the side of an order", self.side, SIDES)
        one_of("the purpose of an order", self.purpose, PURPOSES)
        if not self.quantity > 0:
            raise InputError(f"{self.client_id}: the quantity must be above 0 shares, was {self.quantity}", symbol=self.symbol)


@dataclass(frozen=True)
class OrderEvent(Row):
    """What happened to the order `client_id`, or to the journal itself where that is empty.

    `body` is the kind's own JSON; a `rehearsal` is no trading. `previous` and `hash` seal it: `state/chain.py`.
    """

    at: datetime
    client_id: str
    kind: str
    broker_id: str = ""
    body: str = "{}"
    rehearsal: bool = False
    previous: str = ""
    hash: str = ""
    n: int = 0


@dataclass(frozen=True)
class OrderFill(Row):
    """An execution: `quantity` in shares, above 0 (0: a trade that was busted), `price` in dollars a share, `fee` in dollars, `at` the
    market's time. `corrects` is the execution whose place it takes (empty: none).
    """

    execution_id: str
    client_id: str
    at: datetime
    quantity: Decimal
    price: Decimal
    fee: Decimal
    corrects: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.execution_id or self.quantity < 0 or self.price < 0 or not (self.quantity or self.corrects):
            words = f"{self.execution_id!r}, {self.quantity} at {self.price}"
            raise InputError(f"{self.client_id}: an execution needs an id, shares above 0 and a price, was {words}")


@dataclass(frozen=True)
class OrderHead(Row):
    """Where an account's chain ends: the number and the hash of its last event."""

    count: int
    hash: str


def plain(row: Row) -> dict[str, Any]:
    """The fields of `row` as JSON has them: dates and instants in ISO, decimals digit by digit."""
    return {one.name: _plain(getattr(row, one.name)) for one in fields(row)}


def digits(value: Decimal) -> str:
    """`value` without an exponent or trailing zeros."""
    return f"{value.normalize():f}" if value else "0"


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return digits(value)
    return value.isoformat() if isinstance(value, date) else value


def intent_of(row: dict[str, Any]) -> OrderIntent:
    """The intent that `plain` laid out."""
    return OrderIntent(**(row | {"session": date.fromisoformat(row["session"]), "quantity": Decimal(row["quantity"])}))


def fill_of(row: dict[str, Any]) -> OrderFill:
    """The execution that `plain` laid out."""
    numbers = {name: Decimal(row[name]) for name in ("quantity", "price", "fee")}
    return OrderFill(**(row | numbers | {"at": datetime.fromisoformat(row["at"])}))


def with_body(event: OrderEvent, body: dict[str, Any], intent: OrderIntent | None = None, fills: Sequence[OrderFill] = ()) -> OrderEvent:
    """`event` with its `body`, and the rows that it lays down in it."""
    rows: dict[str, Any] = {"intent": plain(intent)} if intent else {}
    rows |= {"fills": [plain(one) for one in fills]} if fills else {}
    return replace(event, body=json.dumps(body | rows, sort_keys=True))
