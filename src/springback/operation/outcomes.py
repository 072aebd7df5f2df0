"""What became of the orders of an account: told by a broker, not assumed from bars."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from springback.operation.account_state import WorkingOrder
from springback.strategy.rule import ENTRY, REASONS, RESTING_STOP

Purpose = Literal["entry", "exit", "stop"]


@dataclass(frozen=True)
class OrderOutcome:
    """What of an order was filled in a session, its executions together: signed shares at their mean `price` in dollars; `fee` and
    `slippage` in dollars (NaN: against the session's bar).
    """

    quantity: int
    price: float
    fee: float = 0.0
    slippage: float = float("nan")


@dataclass(frozen=True)
class Holding:
    """What is held of a name: signed shares at a mean entry `price` in dollars since the session `opened`, `age` sessions ago; price NaN
    and `opened` empty: as the account has it.
    """

    quantity: int
    price: float = float("nan")
    opened: str = ""
    age: int = 0


@dataclass(frozen=True)
class Outcomes:
    """What a session was for an account at a broker: `fills` by the id of the working order (not there: nothing of it was filled), and at
    its close the `cash` in dollars and all `positions` by symbol (None: as the fills leave them).
    """

    fills: Mapping[int, OrderOutcome] = field(default_factory=dict)
    cash: float | None = None
    positions: Mapping[str, Holding] | None = None


def purpose_of(order: WorkingOrder, shares: int) -> Purpose:
    """What an order at the market is for, beside the signed `shares` of its name: an entry opens or increases, an exit lessens."""
    if order.reason == REASONS[RESTING_STOP]:
        return "stop"
    return "entry" if order.reason == REASONS[ENTRY] or shares * order.quantity > 0 else "exit"
