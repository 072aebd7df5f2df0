"""The transaction side of LEAN's backtesting: submission, scan, fills, fees, buying power, splits of orders, delistings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import cycle
from typing import TYPE_CHECKING, Any

from lean_standin.data import Symbol
from lean_standin.feed import decimal
from lean_standin.hours import SecurityExchangeHours
from lean_standin.names import BrokerageName, OrderStatus, OrderType, TimeInForce
from lean_standin.orders import (
    CashAmount,
    Order,
    OrderEvent,
    OrderFee,
    OrderProperties,
    OrderResponse,
    OrderTicket,
    UpdateOrderFields,
    is_closed,
)
from lean_standin.securities import LEVERAGE, ZERO, Security

if TYPE_CHECKING:
    from lean_standin.engine import Engine

GOOD_TIL_CANCELED = OrderProperties()
ONE = Decimal(1)
CENT, SUBCENT = Decimal("0.01"), Decimal("0.0001")
HOURS = SecurityExchangeHours()
UNSENT = -10  # LEAN's id of a request that was refused before it became an order
LATE = 15.5 * 60  # seconds before the close after which no market-on-close order is taken (lean.md §2)
WINDOWS = {BrokerageName.ALPACA: time(19), BrokerageName.INTERACTIVE_BROKERS_BROKERAGE: time(16), BrokerageName.TRADE_STATION: time(6)}
"""From when on a brokerage model takes orders for the open, until two minutes before it (Lean #8969); the default model always does."""
DELISTED = "Liquidate from delisting"


@dataclass(frozen=True)
class Refuse:
    """Verdict of a test's broker: the order becomes INVALID."""

    message: str = "refused by the broker"


@dataclass(frozen=True)
class Cancel:
    """Verdict: the broker cancels the order."""

    message: str = "cancelled by the broker"


@dataclass(frozen=True)
class Partial:
    """Verdict on a fill: only so many shares (a positive number).

    The rest is asked about at the next scan, the one at the end of the same slice: `Wait` keeps it for a later session.
    """

    shares: int


@dataclass(frozen=True)
class Wait:
    """Verdict on a fill: not in this scan."""


Verdict = Refuse | Cancel | Partial | Wait | None
Interference = Callable[[Order, str], Verdict]  # (order, "submit" or "fill") -> what the broker does instead


END = time(9, 28)
DELAYS = (1, 2, 5, 3)
"""Moments after which reports of cancellations from a scheduled event come, in turn: in the middle of that decision, after it, later."""


class Broker:
    """Orders by id; everything happens synchronously, events included, but for what is cancelled from a scheduled event: its report comes
    late, in the middle of the algorithm's code or after it, as LEAN's own thread gives it (lean.md §2).
    """

    def __init__(self, engine: "Engine", interfere: Interference | None) -> None:
        self._engine = engine
        self._interfere = interfere or (lambda _order, _moment: None)
        self.orders: dict[int, Order] = {}
        self.tickets: dict[int, OrderTicket] = {}
        self.open: dict[int, Order] = {}
        self.events: list[OrderEvent] = []
        self.sent: list[dict[str, Any]] = []
        self.fills: list[dict[str, Any]] = []
        self.last_id = 0
        self.in_scheduled_event = False
        self._late: list[tuple[int, Order]] = []
        self._delays = cycle(DELAYS)

    # Requests of the algorithm.

    def market_on_open(self, symbol: Any, quantity: float, asynchronous: bool, tag: str) -> OrderTicket:
        return self._submit(OrderType.MARKET_ON_OPEN, symbol, quantity, tag)

    def market_on_close(self, symbol: Any, quantity: float, asynchronous: bool, tag: str) -> OrderTicket:
        return self._submit(OrderType.MARKET_ON_CLOSE, symbol, quantity, tag)

    def stop_market(
        self,
        symbol: Any,
        quantity: float,
        stop_price: float,
        asynchronous: bool,
        tag: str,
        properties: OrderProperties | None = None,
    ) -> OrderTicket:
        return self._submit(OrderType.STOP_MARKET, symbol, quantity, tag, stop_price, properties or OrderProperties())

    def market(self, symbol: Any, quantity: float, asynchronous: bool, tag: str) -> OrderTicket:
        """With daily bars only there is no market order: closed it waits for the open, open for the close (lean.md §2)."""
        exchange, now = self._engine.security(symbol).exchange, self._engine.feed.now
        if exchange.exchange_open and (exchange.hours.get_next_market_close(now, False) - now).total_seconds() > LATE:
            return self._submit(OrderType.MARKET_ON_CLOSE, symbol, quantity, tag)
        return self._submit(OrderType.MARKET_ON_OPEN, symbol, quantity, tag)

    def liquidate(self, symbol: Any, asynchronous: bool, tag: str) -> list[OrderTicket]:
        """Cancels the open orders of one name or all, then one market order for each position, names in order."""
        chosen = sorted(self._engine.securities) if symbol is None else [self._engine.security(symbol).symbol]
        tickets = []
        for name in chosen:
            for order in [order for order in self.open.values() if order.symbol == name]:
                self.cancel(order, tag)
            held = self._engine.securities[name].holdings.quantity
            if held:
                tickets.append(self.market(name, -held, False, tag))
        return tickets

    def _submit(
        self,
        kind: OrderType,
        symbol: Any,
        quantity: float,
        tag: str,
        stop_price: float | None = None,
        properties: OrderProperties = GOOD_TIL_CANCELED,
    ) -> OrderTicket:
        with self._engine.engine_time():
            security = self._engine.security(symbol)
            order = self._new(UNSENT, kind, security.symbol, number(quantity), tag)
            order.time_in_force = properties.time_in_force
            problem = self._before(security, order)
            if problem:
                order.status = OrderStatus.INVALID
                self._engine.note("error", f"Order Error: {problem}")
                return OrderTicket(self, order)
            self.last_id += 1
            order.id = self.last_id
            order._quantity = Decimal(int(order._quantity))
            if stop_price is not None:
                order._stop_price = round_price(number(stop_price))
            self._book(order)
            self._place(security, order)
            if self.in_scheduled_event:
                self.report()
            return self.tickets[order.id]

    def _new(self, number_: int, kind: OrderType, symbol: Symbol, quantity: Decimal, tag: str) -> Order:
        return Order(number_, kind, symbol, quantity, self._engine.utc_now, tag, _local_time=self._engine.feed.now)

    def _before(self, security: Security, order: Order) -> str:
        """The pre-order checks; what they refuse has no id and no event."""
        if not self._engine.running:
            return "orders are not accepted before the algorithm runs"
        if abs(order._quantity) < ONE:
            return f"the quantity {order._quantity} of {order.symbol} is less than one share"
        if not security.is_tradable:
            return f"{order.symbol} cannot be traded"
        if security._price() == 0:
            return f"{order.symbol} has no price yet: it has not received its first bar"
        if order.type == OrderType.MARKET_ON_CLOSE:
            hours, now = security.exchange.hours, self._engine.feed.now
            if (hours.get_next_market_close(now, False) - now).total_seconds() < LATE:
                return "a market-on-close order has to come 15.5 minutes before the close"
        return ""

    def _book(self, order: Order) -> None:
        self.orders[order.id] = order
        self.tickets[order.id] = OrderTicket(self, order)
        self.sent.append(
            {"order": order, "quantity": order._quantity, "stop": order._stop_price, "time": order._local_time, "tag": order.tag}
        )

    def _place(self, security: Security, order: Order) -> None:
        verdict = self._interfere(order, "submit")
        if isinstance(verdict, Refuse):
            self._emit(order, OrderStatus.INVALID, message=verdict.message)
            return
        reason = self._shortfall(security, order) or self._outside(order)
        if reason:
            self._engine.note("error", f"Order Error: id: {order.id}, {reason}")
            self._emit(order, OrderStatus.INVALID, message=reason)
            return
        self.open[order.id] = order
        self._emit(order, OrderStatus.SUBMITTED)
        if isinstance(verdict, Cancel):
            self._emit(order, OrderStatus.CANCELED, message=verdict.message)

    def _outside(self, order: Order) -> str:
        """Why the brokerage model takes no order for the open now, or nothing; on a day without a session it takes any."""
        start, now = WINDOWS.get(self._engine.brokerage), self._engine.feed.now
        if start is None or order.type != OrderType.MARKET_ON_OPEN or not HOURS.is_date_open(now.date()):
            return ""
        inside = start <= now.time() <= END if start < END else now.time() >= start or now.time() <= END
        return "" if inside else f"MarketOnOpen submission time is invalid. Valid local times are {start:%H:%M} - {END:%H:%M}"

    def cancel(self, order: Order, tag: str | None) -> OrderResponse:
        """CANCEL_PENDING, then CANCELED: at once, but from a scheduled event the report is late."""
        with self._engine.engine_time():
            if order.id not in self.open or order.status == OrderStatus.CANCEL_PENDING:
                return OrderResponse(order.id, f"order {order.id} is {order.status.name} and cannot be cancelled")
            if tag is not None:
                order.tag = tag
            if self.in_scheduled_event:
                order.status = OrderStatus.CANCEL_PENDING
                self._late.append((next(self._delays), order))
            else:
                self._cancelled(order)
            return OrderResponse(order.id)

    def _cancelled(self, order: Order) -> None:
        self._emit(order, OrderStatus.CANCEL_PENDING)
        self._emit(order, OrderStatus.CANCELED)

    def report(self, everything: bool = False) -> None:
        """A moment passes: the cancellations whose turn it is are reported."""
        due = [order for moments, order in self._late if moments <= 1 or everything]
        self._late = [(moments - 1, order) for moments, order in self._late if moments > 1 and not everything]
        for order in due:
            self._cancelled(order)

    def update(self, order: Order, fields: UpdateOrderFields) -> OrderResponse:
        with self._engine.engine_time():
            if order.id not in self.open:
                return OrderResponse(order.id, f"order {order.id} is {order.status.name} and cannot be updated")
            if fields.quantity is not None:
                order._quantity = Decimal(int(number(fields.quantity)))
            if fields.stop_price is not None:
                order._stop_price = round_price(number(fields.stop_price))
            if fields.tag is not None:
                order.tag = fields.tag
            self._emit(order, OrderStatus.UPDATE_SUBMITTED)
            return OrderResponse(order.id)

    # Once or twice a slice.

    def scan(self) -> None:
        """Fills what can be filled, ascending by id; orders of this very moment wait (lean.md §2).

        Day orders end at the close of the session they were placed for: on LEAN's own account before they are filled with the daily bar,
        which comes at that very moment (BacktestingBrokerage.cs); at a real broker, who fills during the day, after it.
        """
        if self._engine.brokerage == BrokerageName.DEFAULT:
            self._expire()
        self._scan()
        if self._engine.brokerage != BrokerageName.DEFAULT:
            self._expire()

    def _expire(self) -> None:
        now = self._engine.feed.now
        for order in list(self.open.values()):
            assert order._local_time is not None
            if order.time_in_force == TimeInForce.DAY and now >= HOURS.get_next_market_close(order._local_time, False):
                self._emit(order, OrderStatus.CANCELED, message="The order has expired.")

    def _scan(self) -> None:
        for order in sorted(self.open.values(), key=lambda order: order.id):
            if order.id in self.open and order.status != OrderStatus.CANCEL_PENDING and order.time != self._engine.utc_now:
                self._try(order, self._engine.securities[order.symbol])

    def _try(self, order: Order, security: Security) -> None:
        feed = self._engine.feed
        column = security._column
        assert column is not None
        end = feed.world.closing(feed.row) if feed.source(column) >= 0 else None
        assert order._local_time is not None
        if order.type == OrderType.MARKET_ON_OPEN and (end is None or order._local_time >= end):
            return
        reason = self._shortfall(security, order)
        if reason:
            self._engine.note("error", f"Order Error: id: {order.id}, {reason}")
            self._emit(order, OrderStatus.INVALID, message=reason)
            return
        price = None if end is None or end <= order._local_time or not feed.is_real(column) else self._fill_price(order, column)
        if price is None:
            return
        verdict = self._interfere(order, "fill")
        if isinstance(verdict, Refuse | Cancel):
            self._emit(order, OrderStatus.INVALID if isinstance(verdict, Refuse) else OrderStatus.CANCELED, message=verdict.message)
        elif not isinstance(verdict, Wait):
            self._fill(order, security, price, verdict)

    def _fill_price(self, order: Order, column: int) -> Decimal | None:
        """The price in the bar just delivered, None for no fill (lean.md §2)."""
        feed = self._engine.feed
        world, row = feed.world, feed.row
        assert order._local_time is not None
        open_ = decimal(world.open[row, column])
        if order.type == OrderType.MARKET_ON_OPEN:
            return open_ if world.opening(row) >= order._local_time else None
        if order.type == OrderType.MARKET_ON_CLOSE:
            return decimal(world.close[row, column])
        stop = order._stop_price
        assert stop is not None
        if order._quantity < 0:
            return min(open_, stop) if decimal(world.low[row, column]) <= stop else None
        return max(open_, stop) if decimal(world.high[row, column]) >= stop else None

    def _fill(self, order: Order, security: Security, price: Decimal, verdict: Verdict) -> None:
        rest = order._quantity - order._filled
        if isinstance(verdict, Partial) and verdict.shares < abs(rest):
            self._settle(order, security, price, Decimal(verdict.shares).copy_sign(rest), ZERO, OrderStatus.PARTIALLY_FILLED)
        else:
            fee = commission(order, security._price()) if order._quantity else ZERO  # a split may leave no whole share to fill
            self._settle(order, security, price, rest, fee, OrderStatus.FILLED)

    def _settle(self, order: Order, security: Security, price: Decimal, quantity: Decimal, fee: Decimal, status: OrderStatus) -> None:
        """The account takes the fill, then the algorithm hears of it."""
        holding, portfolio = security.holdings, self._engine.portfolio
        paid = average(holding._quantity, holding._average, quantity, price)
        portfolio._set(holding, holding._quantity + quantity, paid)
        holding._fees += fee
        portfolio._cash -= quantity * price + fee
        portfolio._fees += fee
        order._filled += quantity
        order._spent += quantity * price
        order.last_fill_time = self._engine.utc_now
        self.fills.append(
            {
                "order_id": order.id,
                "time": self._engine.feed.now,
                "symbol": order.symbol.value,
                "quantity": int(quantity),
                "price": float(price),
                "fee": float(fee),
                "tag": order.tag,
            }
        )
        self._emit(order, status, price, quantity, fee)

    def _emit(
        self, order: Order, status: OrderStatus, price: Decimal = ZERO, quantity: Decimal = ZERO, fee: Decimal = ZERO, message: str = ""
    ) -> None:
        order.status = status
        if is_closed(status):
            self.open.pop(order.id, None)
        if status == OrderStatus.CANCELED:
            order.canceled_time = self._engine.utc_now
        ticket = self.tickets[order.id]
        event = OrderEvent(
            order.id,
            len(ticket.order_events) + 1,
            order.symbol,
            self._engine.utc_now,
            status,
            order.direction,
            order.quantity,
            float(price),
            float(quantity),
            OrderFee(CashAmount(float(fee))),
            message,
            None if order._stop_price is None else float(order._stop_price),
            ticket=ticket,
        )
        ticket.order_events.append(event)
        self.events.append(event)
        self._engine.tell("on_order_event", event)

    # Events of the market.

    def split(self, symbol: Symbol, factor: Decimal) -> None:
        """Open orders keep their value: the quantity truncated, stops to the cent, one UPDATE_SUBMITTED each (lean.md §4)."""
        for order in [order for order in self.open.values() if order.symbol == symbol and order.status != OrderStatus.CANCEL_PENDING]:
            order._quantity = Decimal(int(order._quantity / factor))
            if order._stop_price is not None:
                order._stop_price = round_price(order._stop_price * factor)
            self._emit(order, OrderStatus.UPDATE_SUBMITTED)

    def delist(self, security: Security) -> None:
        """A position is closed at the last price by a market order of its own, free of fee; open orders go (lean.md §4)."""
        held = security.holdings._quantity
        if held:
            self.last_id += 1
            order = self._new(self.last_id, OrderType.MARKET, security.symbol, -held, DELISTED)
            self._book(order)
            self._settle(order, security, security._price(), -held, ZERO, OrderStatus.FILLED)
        security.is_tradable, security.is_delisted = False, True
        for order in [order for order in self.open.values() if order.symbol == security.symbol]:
            self.cancel(order, None)

    def take_over(self, kind: OrderType, security: Security, quantity: Decimal, stop_price: Decimal | None) -> None:
        """An order found at the broker after a restart: a new number, no tag, as if sent the evening before."""
        self.last_id += 1
        order = self._new(self.last_id, kind, security.symbol, quantity, "")
        order._stop_price = stop_price
        order.status = OrderStatus.SUBMITTED
        self._book(order)
        self.open[order.id] = order

    def _shortfall(self, security: Security, order: Order) -> str:
        """Why there is not enough buying power, or nothing (lean.md §3)."""
        held, wanted = security.holdings._quantity, order._quantity
        if wanted == 0 or (held * wanted < 0 and abs(held) >= abs(wanted)):
            return ""
        portfolio, price = self._engine.portfolio, security._price()
        free = portfolio._total() - portfolio._margin_used()
        if held * wanted < 0:
            free += 2 * abs(held) * price / LEVERAGE
        needed = (abs(wanted) * price / LEVERAGE + commission(order, price)) * (1 - order._filled / wanted)
        if needed <= max(ZERO, free):
            return ""
        return f"Insufficient buying power to complete order: it needs {needed:.2f} of margin, {max(ZERO, free):.2f} is free"


def number(value: float) -> Decimal:
    """A float as the Python bridge makes it a decimal: 15 significant digits."""
    return Decimal(f"{float(value):.15g}")


def round_price(price: Decimal) -> Decimal:
    """To the cent, to 1/10,000 dollar under $1; halves to the even digit."""
    return price.quantize(SUBCENT if price < 1 else CENT, ROUND_HALF_EVEN)


def commission(order: Order, close: Decimal) -> Decimal:
    """Interactive Brokers' fixed fee as LEAN takes it, on the close of the fill's session (lean.md §3)."""
    worth = close
    if order._stop_price is not None:
        worth = max(order._stop_price, close) if order._quantity < 0 else min(order._stop_price, close)
    shares = abs(order._quantity)
    fee, most = Decimal("0.005") * shares, Decimal("0.005") * shares * worth
    if fee < 1:
        return ONE
    return min(fee, most)


def average(held: Decimal, price: Decimal, quantity: Decimal, paid: Decimal) -> Decimal:
    """Average price of a position after a fill: unchanged while it shrinks, the fill's when it crosses zero."""
    after = held + quantity
    if after == 0:
        return ZERO
    if held * quantity >= 0:
        return (held * price + quantity * paid) / after
    return price if held * after > 0 else paid
