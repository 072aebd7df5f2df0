"""What a run leaves behind, and what a broker holds between two lives of an algorithm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from lean_standin.algorithm import QCAlgorithm
from lean_standin.names import OrderType
from lean_standin.orders import Order, OrderEvent


class OpenOrder(NamedTuple):
    """An order left at the broker."""

    symbol: str
    type: OrderType
    quantity: Decimal
    stop_price: Decimal | None


@dataclass(frozen=True)
class Account:
    """What a broker holds between two lives of an algorithm: cash, (quantity, average price) by ticker, open orders."""

    cash: Decimal
    positions: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    open_orders: tuple[OpenOrder, ...] = ()


@dataclass
class Result:
    """Everything a run left behind. Frames: orders as sent, fills, daily (equity and cash after the close), midnights (equity)."""

    algorithm: QCAlgorithm
    orders: pd.DataFrame
    fills: pd.DataFrame
    events: list[OrderEvent]
    daily: pd.DataFrame
    midnights: pd.DataFrame
    plots: dict[tuple[str, str], list[tuple[datetime, float]]]
    logs: list[tuple[datetime, str, str]]
    statistics: dict[str, str]
    account: Account
    order: dict[int, Order]
    quit_message: str | None
    seconds: float
    seconds_in_algorithm: float
