"""Orders, tickets and events, as an algorithm sees them."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from lean_standin.data import Symbol
from lean_standin.names import CLOSED, OrderDirection, OrderField, OrderStatus, OrderType, TimeInForce

if TYPE_CHECKING:
    from lean_standin.broker import Broker


class CashAmount(NamedTuple):
    amount: float
    currency: str = "USD"


class OrderFee(NamedTuple):
    value: CashAmount


NO_FEE = OrderFee(CashAmount(0.0))


class OrderResponse(NamedTuple):
    """What a request came to; `is_success` and `is_error` are opposites."""

    order_id: int
    error_message: str = ""

    @property
    def is_error(self) -> bool:
        return bool(self.error_message)

    @property
    def is_success(self) -> bool:
        return not self.error_message


class OrderProperties:
    """What an order is given beside its price and size."""

    def __init__(self) -> None:
        self.time_in_force = TimeInForce.GOOD_TIL_CANCELED


@dataclass(eq=False)
class Order:
    """An order; `time` is UTC as in LEAN. `stop_price` only for stops."""

    id: int
    type: OrderType
    symbol: Symbol
    _quantity: Decimal
    time: datetime
    tag: str = ""
    _stop_price: Decimal | None = None
    _limit_price: Decimal | None = None
    status: OrderStatus = OrderStatus.NEW
    last_fill_time: datetime | None = None
    canceled_time: datetime | None = None
    time_in_force: TimeInForce = TimeInForce.GOOD_TIL_CANCELED
    _local_time: datetime | None = field(default=None, repr=False)
    _filled: Decimal = Decimal(0)
    _spent: Decimal = Decimal(0)

    @property
    def quantity(self) -> float:
        return float(self._quantity)

    @property
    def absolute_quantity(self) -> float:
        return abs(self.quantity)

    @property
    def stop_price(self) -> float:
        if self._stop_price is None:
            raise AttributeError(f"an order of type {self.type.name} has no stop_price")
        return float(self._stop_price)

    @property
    def price(self) -> float:
        """Average fill price, 0 before a fill."""
        return float(self._spent / self._filled) if self._filled else 0.0

    @property
    def created_time(self) -> datetime:
        return self.time

    @property
    def direction(self) -> OrderDirection:
        if self._quantity == 0:
            return OrderDirection.HOLD
        return OrderDirection.BUY if self._quantity > 0 else OrderDirection.SELL


@dataclass(frozen=True, eq=False)
class OrderEvent:
    """A change of an order. `utc_time` is naive UTC; `fill_quantity` is signed."""

    order_id: int
    id: int
    symbol: Symbol
    utc_time: datetime
    status: OrderStatus
    direction: OrderDirection
    quantity: float
    fill_price: float = 0.0
    fill_quantity: float = 0.0
    order_fee: OrderFee = NO_FEE
    message: str = ""
    stop_price: float | None = None
    limit_price: float | None = None
    ticket: "OrderTicket | None" = None
    fill_price_currency: str = "USD"
    is_assignment: bool = False
    is_in_the_money: bool = False

    @property
    def absolute_fill_quantity(self) -> float:
        return abs(self.fill_quantity)


class UpdateOrderFields:
    """What `OrderTicket.update` changes; None leaves a field as it is."""

    def __init__(self) -> None:
        self.quantity: float | None = None
        self.stop_price: float | None = None
        self.limit_price: float | None = None
        self.tag: str | None = None


class OrderTicket:
    """The algorithm's handle of an order."""

    def __init__(self, broker: "Broker", order: Order) -> None:
        self._broker = broker
        self._order = order
        self.order_events: list[OrderEvent] = []

    @property
    def order_id(self) -> int:
        return self._order.id

    @property
    def symbol(self) -> Symbol:
        return self._order.symbol

    @property
    def status(self) -> OrderStatus:
        return self._order.status

    @property
    def order_type(self) -> OrderType:
        return self._order.type

    @property
    def quantity(self) -> float:
        return self._order.quantity

    @property
    def quantity_filled(self) -> float:
        return float(self._order._filled)

    @property
    def quantity_remaining(self) -> float:
        return float(self._order._quantity - self._order._filled)

    @property
    def average_fill_price(self) -> float:
        return self._order.price

    @property
    def tag(self) -> str:
        return self._order.tag

    @property
    def time(self) -> datetime:
        return self._order.time

    def get(self, field: OrderField) -> float:
        if field == OrderField.STOP_PRICE:
            return self._order.stop_price
        raise AttributeError(f"an order of type {self.order_type.name} has no {field.name}")

    def cancel(self, tag: str | None = None) -> OrderResponse:
        return self._broker.cancel(self._order, tag)

    def update(self, fields: UpdateOrderFields) -> OrderResponse:
        return self._broker.update(self._order, fields)

    def update_stop_price(self, stop_price: float, tag: str | None = None) -> OrderResponse:
        fields = UpdateOrderFields()
        fields.stop_price, fields.tag = stop_price, tag
        return self.update(fields)

    def update_quantity(self, quantity: float, tag: str | None = None) -> OrderResponse:
        fields = UpdateOrderFields()
        fields.quantity, fields.tag = quantity, tag
        return self.update(fields)

    def update_tag(self, tag: str) -> OrderResponse:
        fields = UpdateOrderFields()
        fields.tag = tag
        return self.update(fields)


def is_closed(status: OrderStatus) -> bool:
    return status in CLOSED
