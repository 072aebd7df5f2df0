"""The unmodified alpaca-py talks to the fake server: orders, account and positions are what it takes Alpaca's for."""

import warnings
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.brokers.broker_cases import at, fake_market
from tests.brokers.fake_alpaca import KEYS, FakeAlpaca, running

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports websockets' older client
    from alpaca.common.exceptions import APIError
    from alpaca.trading.client import TradingClient
    from alpaca.trading.enums import OrderSide, OrderStatus, PositionIntent, PositionSide, QueryOrderStatus, TimeInForce
    from alpaca.trading.models import Order, Position, TradeAccount
    from alpaca.trading.requests import GetOrdersRequest, MarketOrderRequest


@pytest.fixture
def fake() -> Iterator[FakeAlpaca]:
    """The three names on the evening of 3 March 2026."""
    with running(fake_market()) as one:
        yield one


@pytest.fixture
def trading(fake: FakeAlpaca) -> Iterator[TradingClient]:
    """The vendor's client on this server."""
    client = TradingClient(*KEYS, url_override=fake.url)
    yield client
    client._session.close()


def ordered(trading: TradingClient, client_id: str, shares: int, symbol: str = "AAA") -> Order:
    """An order for the open."""
    words = MarketOrderRequest(
        symbol=symbol,
        qty=shares,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.OPG,
        client_order_id=client_id,
        position_intent=PositionIntent.BUY_TO_OPEN,
    )
    order = trading.submit_order(words)
    assert isinstance(order, Order)
    return order


def test_an_order_is_read_through_its_life(trading: TradingClient, fake: FakeAlpaca) -> None:
    order = ordered(trading, "sb-1", 10)
    assert (order.client_order_id, order.status, order.time_in_force) == ("sb-1", OrderStatus.ACCEPTED, TimeInForce.OPG)
    found = trading.get_order_by_client_id("sb-1")
    assert isinstance(found, Order) and found.id == order.id
    fake.move_to(at("2026-03-04 09:31"))
    (done,) = trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED))
    assert isinstance(done, Order) and done.status == OrderStatus.FILLED
    assert (Decimal(str(done.filled_qty)), Decimal(str(done.filled_avg_price))) == (10, 51)
    (position,) = trading.get_all_positions()
    assert isinstance(position, Position)
    assert (position.symbol, Decimal(str(position.qty)), position.side) == ("AAA", 10, PositionSide.LONG)
    account = trading.get_account()
    assert isinstance(account, TradeAccount) and account.account_number == fake.number
    assert Decimal(str(account.cash)) == Decimal(str(fake.cash)).quantize(Decimal("0.01"))


def test_a_cancellation_and_a_refusal_are_read(trading: TradingClient) -> None:
    order = ordered(trading, "sb-1", 10)
    trading.cancel_order_by_id(order.id)
    found = trading.get_order_by_client_id("sb-1")
    assert isinstance(found, Order) and found.status == OrderStatus.CANCELED
    with pytest.raises(APIError) as again:
        ordered(trading, "sb-1", 10)
    assert (again.value.status_code, again.value.code) == (422, 40010001)
    with pytest.raises(APIError) as broke:
        ordered(trading, "sb-2", 1_000_000)
    assert (broke.value.status_code, broke.value.code) == (403, 40310000)
