"""The line to IB's Gateway: ib_async's client and decoder with an ear of our own. A message that cannot be read leaves a question."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from ib_async import Client, Contract, ExecutionFilter
from ib_async import Order as TwsOrder

from springback.brokers.broker_settings import Brokers
from springback.brokers.ib_ear import FIRST_QUESTION, Ear
from springback.brokers.ib_words import REFUSALS, UNSENT
from springback.brokers.patience import Later

logging.getLogger("ib_async").addHandler(logging.NullHandler())  # what it says is no word for the user's terminal
Value = TypeVar("Value")
Sent = Callable[[], None]
PACE = 45
"""Messages a second; TWS takes 50."""


class Line:
    """One connection, made when it is needed; messages are read while something is asked. `settings` say where and how long."""

    def __init__(self, settings: Brokers) -> None:
        self.settings, self.ear = settings, Ear(settings.ib_client_id)
        self.pace = PACE
        self.client: Any = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.times: deque[float] = deque()
        self.question = FIRST_QUESTION

    @property
    def connected(self) -> bool:
        """Whether the Gateway took us, and the line did not break since."""
        return self.client is not None and self.client.isReady()

    def run(self, task: Coroutine[Any, Any, Value]) -> Value:
        """What the task returns."""
        if self.loop is None:
            self.loop = asyncio.new_event_loop()
        return self.loop.run_until_complete(task)

    def close(self) -> None:
        """Hangs up, and leaves nothing behind."""
        if self.loop is not None:
            self.loop.run_until_complete(self.drop())
            self.loop.close()
            self.loop = None

    async def drop(self) -> None:
        """Hangs up: what the Gateway still had to say is said again by the next connection."""
        client, self.client, self.ear.lost_since = self.client, None, None
        if client is not None:
            with suppress(OSError):
                client.disconnect()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def connect(self) -> None:
        """Raises `Later` where nobody listens, nobody answers, or another holds our client id."""
        await self.drop()
        self.ear.word = ""
        where = f"{self.settings.ib_host}:{self.settings.ib_port}"
        client: Any = Client(self.ear)  # type: ignore[no-untyped-call]
        client.MaxRequests = 0  # the pace is ours: a time-out counts from the sending
        client.decoder.interpret = self._strict(client.decoder.handlers)
        self.client = client
        try:
            await client.connectAsync(self.settings.ib_host, self.settings.ib_port, self.settings.ib_client_id, self.settings.timeout)
        except TimeoutError:
            await self.drop()
            way = "it may be on its login page, wait for a person, or serve another client of this brokers.ib_client_id"
            raise Later(f"IB's Gateway at {where} takes the line and says nothing{self.ear.word}: {way}") from None
        except (OSError, ConnectionError) as error:
            await self.drop()
            raise Later(f"no IB Gateway at {where} ({type(error).__name__}): start it, or see brokers.ib_host and ib_port") from None

    async def ask(self, key: object, what: str, sent: Sent) -> Any:
        """The answer under `key` to the message that `sent` sends. Raises `Later` where it does not come."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.ear.waiting[key] = future
        try:
            await self._turn()
            sent()
            return await asyncio.wait_for(future, self.settings.timeout)
        except TimeoutError:
            await self.drop()
            raise Later(f"IB's Gateway did not answer about {what} within {self.settings.timeout:g} s (brokers.timeout)") from None
        except Later:  # what is still on its way would end the next list
            await self.drop()
            raise
        except ConnectionError:
            await self.drop()
            raise Later(f"the line to IB's Gateway broke while {what} was asked for{self.ear.word}") from None
        finally:
            self.ear.waiting.pop(key, None)

    # Questions.

    async def time(self) -> datetime:
        """IB's time, UTC."""
        return await self.ask("time", "its time", self.client.reqCurrentTime)  # type: ignore[no-any-return]

    async def returned(self) -> bool:
        """Whether the link to IB's servers is back, or comes within the time-out."""
        if self.ear.lost_since is None:
            return True
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.ear.waiting["link"] = future
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(future, self.settings.timeout)
        self.ear.waiting.pop("link", None)
        return self.ear.lost_since is None

    async def open_orders(self) -> None:
        """Every open order, of every client."""
        self.ear.open = []
        await self.ask("open orders", "open orders", self.client.reqAllOpenOrders)

    async def completed_orders(self) -> None:
        """The day's orders that are over."""
        await self.ask("completed orders", "completed orders", lambda: self.client.reqCompletedOrders(False))

    async def executions(self, account: str) -> None:
        """The executions since midnight, with what they cost."""
        only, number = ExecutionFilter(acctCode=account), self._number()
        await self.ask("executions", "executions", lambda: self.client.reqExecutions(number, only))

    async def positions(self) -> None:
        """Every position."""
        self.ear.positions = []
        await self.ask("positions", "positions", self.client.reqPositions)
        self.client.cancelPositions()

    async def account(self, number: str) -> None:
        """The account's figures, and IB's prices of what it holds."""
        self.ear.values, self.ear.prices = {}, {}
        await self.ask("account", "the account", lambda: self.client.reqAccountUpdates(True, number))
        self.client.reqAccountUpdates(False, number)

    async def contracts(self, symbol: str) -> list[Any]:
        """What fits the symbol, as shares in dollars."""
        number, contract = self._number(), Contract(secType="STK", symbol=symbol, exchange="SMART", currency="USD")
        await self.ask(number, f"the name {symbol}", lambda: self.client.reqContractDetails(number, contract))
        return self.ear.details.pop(number, [])

    # What changes something.

    async def place(self, number: int, con_id: int, symbol: str, words: dict[str, Any]) -> tuple[int, str] | None:
        """Sends an order once: the verdict on it, None where it is there. Raises `Later` where neither came."""
        contract = Contract(secType="STK", conId=con_id, symbol=symbol, exchange="SMART", currency="USD")
        order = TwsOrder(orderId=number, clientId=self.ear.client_id, **words)
        self.ear.notices.pop(number, None)
        self.ear.orders.pop(number, None)
        try:
            await self.ask(("order", number), f"order {order.orderRef}", lambda: self.client.placeOrder(number, contract, order))
        except Later:
            if number not in self.ear.orders:
                raise
        code, text = self.ear.notices.get(number, (0, ""))
        return (code, text) if code in REFUSALS or code in UNSENT else None

    async def cancel(self, number: int) -> tuple[int, str]:
        """Asks once for the end of order `number`; the last notice about it, (0, "") where there is none."""
        self.ear.notices.pop(number, None)
        await self.ask(("cancel", number), "a cancellation", lambda: self.client.cancelOrder(number))
        return self.ear.notices.get(number, (0, ""))

    def _number(self) -> int:
        self.question += 1
        return self.question

    async def _turn(self) -> None:
        while len(self.times) >= self.pace:
            wait = self.times[0] + 1.0 - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                self.times.popleft()
        self.times.append(time.monotonic())

    def _strict(self, readers: dict[int, Callable[[list[str]], None]]) -> Callable[[list[str]], None]:
        """Reads a message or leaves a question: the decoder's own passes over what it cannot read, and a list would seem whole."""

        def interpret(fields: list[str]) -> None:
            reader = readers.get(int(fields[0])) if fields and fields[0].isdigit() else None
            try:
                if reader is not None:
                    reader(fields)
            except Exception as error:  # noqa: BLE001 (whatever the vendor's reader trips over)
                what = f"message {fields[0]} ({type(error).__name__})"
                self.ear.fail(Later(f"IB's Gateway sends what cannot be read, {what}: its version may not be the known one"))

        return interpret
