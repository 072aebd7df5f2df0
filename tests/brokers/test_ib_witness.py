"""The unmodified ib_async talks to the fake Gateway: what it makes of each message is what was meant."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from ib_async import IB, Contract, ExecutionFilter, MarketOrder, Stock, StopOrder

from tests.brokers.broker_cases import EVENING, at
from tests.brokers.fake_tws import FakeTws, Fault, running


@pytest.fixture
def fake() -> Iterator[FakeTws]:
    """Two names on the evening of 3 March 2026."""
    market = FakeTws(at(EVENING))
    market.enlist("AAA", 50.0, opening=51.0)
    market.enlist("BRK B", 200.0, opening=202.0, primary="NYSE")
    with running(market):
        yield market


def played(fake: FakeTws, play: Callable[[IB], Coroutine[Any, Any, None]]) -> None:
    """`play` with a client that is connected."""

    async def whole() -> None:
        ib = IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync("127.0.0.1", fake.port, clientId=7, timeout=5)
        try:
            await play(ib)
        finally:
            ib.disconnect()
            await asyncio.sleep(0.02)

    asyncio.run(whole())


def order(symbol: str, side: str, shares: int, **more: Any) -> MarketOrder:
    """A market order for the open."""
    return MarketOrder(side, shares, tif="OPG", orderRef=f"sb-{symbol}", account="DU1234567", **more)


def test_an_order_lives_fills_and_is_told_again(fake: FakeTws) -> None:
    async def play(ib: IB) -> None:
        (found,) = await ib.qualifyContractsAsync(Stock("BRK B", "SMART", "USD"))
        assert isinstance(found, Contract) and found.primaryExchange == "NYSE" and found.conId == 1001
        trade = ib.placeOrder(found, order("BRK", "BUY", 10))
        await trade.statusEvent
        assert trade.orderStatus.status == "PreSubmitted" and trade.order.permId == 900_001
        (there,) = await ib.reqAllOpenOrdersAsync()
        assert (there.order.orderRef, there.order.tif, there.order.totalQuantity) == ("sb-BRK", "OPG", 10)
        fake.move_to(at("2026-03-04 09:31"))
        await trade.filledEvent
        (fill,) = await ib.reqExecutionsAsync(ExecutionFilter())
        assert (fill.execution.shares, fill.execution.price, fill.execution.orderRef) == (10, 202.0, "sb-BRK")
        assert fill.execution.time == at("2026-03-04 09:30") and ib.fills()[0].commissionReport.commission == 1.0
        (position,) = await ib.reqPositionsAsync()
        assert (position.contract.conId, position.position) == (1001, 10)
        (done,) = await ib.reqCompletedOrdersAsync(False)
        assert (done.order.orderRef, done.order.filledQuantity, done.orderStatus.status) == ("sb-BRK", 10, "Filled")

    played(fake, play)


def test_an_order_that_a_preset_changed_is_cancelled_for_the_library_and_lives(fake: FakeTws) -> None:
    fake.faults = [Fault("day")]

    async def play(ib: IB) -> None:
        (found,) = await ib.qualifyContractsAsync(Stock("AAA", "SMART", "USD"))
        assert isinstance(found, Contract)
        trade = ib.placeOrder(found, order("AAA", "BUY", 10))
        await trade.cancelledEvent
        (there,) = await ib.reqAllOpenOrdersAsync()
        assert there.orderStatus.status == "PreSubmitted" and fake.orders[0]["tif"] == "DAY"
        assert there.order.tif == "OPG"  # it keeps what was sent: nothing is read out of the library's orders

    played(fake, play)


def test_a_stop_a_cancellation_and_the_account_are_read(fake: FakeTws) -> None:
    async def play(ib: IB) -> None:
        (found,) = await ib.qualifyContractsAsync(Stock("AAA", "SMART", "USD"))
        assert isinstance(found, Contract)
        trade = ib.placeOrder(found, StopOrder("SELL", 5, 40.0, tif="DAY", orderRef="sb-stop"))
        await trade.statusEvent
        (there,) = await ib.reqAllOpenOrdersAsync()
        assert (there.order.orderType, there.order.auxPrice) == ("STP", 40.0)
        ib.cancelOrder(trade.order)
        await trade.cancelledEvent
        (done,) = await ib.reqCompletedOrdersAsync(False)
        assert done.orderStatus.status == "Cancelled" and not await ib.reqAllOpenOrdersAsync()
        values = {one.tag: one.value for one in ib.accountValues()}
        assert values["NetLiquidation"] == "100000.00" and values["BuyingPower"] == "400000.00"
        assert (await ib.reqCurrentTimeAsync()).timestamp() == fake.now.timestamp()

    played(fake, play)
