"""What IB's Gateway says, as ib_async's decoder reads it, in the place of the library's own orders.

The library gives an order a status that is at times wrong: one that a preset changed (10349) is cancelled for it, and lives. Here messages
are kept as they come, and an answer is one once its list was read to the end.
"""

# ruff: noqa: N802, ARG002 (names and arguments are those that the decoder calls with)

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from springback.brokers.ib_words import LOST, REFUSALS, RETURNED, UNSENT, instant
from springback.brokers.patience import Later

PENDING = ("PendingSubmit", "ApiPending")
ENDED = ("Cancelled", "ApiCancelled", "Filled", "Inactive")
FIRST_QUESTION = 2_000_000_000
"""Numbers of questions begin here; those of orders rise from TWS' own."""


class Ear:
    """What the Gateway says: `orders` by their numbers and `executions` by their ids over all connections, lists of the last reading."""

    def __init__(self, client_id: int) -> None:
        self.client_id = client_id
        self.defaultTimezone, self.ib = UTC, SimpleNamespace(TimezoneTWS="US/Eastern")
        self.waiting: dict[object, asyncio.Future[Any]] = {}
        self.open: list[tuple[Any, Any, Any]] = []
        self.completed: dict[int, tuple[Any, Any, Any]] = {}
        self.positions: list[tuple[str, Any, float, float]] = []
        self.details: dict[int, list[Any]] = {}
        self.orders: dict[int, tuple[Any, Any, Any]] = {}
        self.executions: dict[str, tuple[Any, Any]] = {}
        self.commissions: dict[str, Any] = {}
        self.values: dict[tuple[str, str], str] = {}
        self.prices: dict[int, float] = {}
        self.notices: dict[int, tuple[int, str]] = {}
        self.accounts: tuple[str, ...] = ()
        self.next_id = 0
        self.lost_since: datetime | None = None
        self.breaks = 0
        self.word = ""

    def forget(self, before: datetime) -> None:
        """What happened before an instant is not kept."""
        self.executions = {name: one for name, one in self.executions.items() if one[1].time >= before}
        self.commissions = {name: one for name, one in self.commissions.items() if name in self.executions}
        self.completed = {name: one for name, one in self.completed.items() if (instant(one[2].completedTime) or before) > before}
        over = [number for number, (_, order, _) in self.orders.items() if order.permId in self.completed]
        for number in over:
            del self.orders[number]
        self.notices = {number: one for number, one in self.notices.items() if number in self.orders}

    def finish(self, key: object, value: object = None) -> None:
        """The answer under `key` is whole."""
        future = self.waiting.get(key)
        if future is not None and not future.done():
            future.set_result(value)

    def fail(self, error: Exception) -> None:
        """Nobody waits any longer."""
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(error)

    # What the decoder calls.

    def connectAck(self) -> None:
        """Nothing follows from it."""

    def setEventsDone(self) -> None:
        """Nobody listens to events."""

    def connectionClosed(self) -> None:
        """The line broke."""
        self.fail(ConnectionError("the line broke"))

    def nextValidId(self, number: int) -> None:
        """The first number that an order may have."""
        self.next_id = max(self.next_id, number)

    def managedAccounts(self, accounts: str) -> None:
        """The accounts that the login opens."""
        self.accounts = tuple(one for one in accounts.split(",") if one)

    def currentTime(self, seconds: int) -> None:
        """What time it is at IB."""
        self.finish("time", datetime.fromtimestamp(seconds, UTC))

    def openOrder(self, number: int, contract: Any, order: Any, state: Any) -> None:
        """An order lives, or just ended."""
        self.open.append((contract, order, state))
        if order.clientId == self.client_id and number > 0:
            self.orders[number] = (contract, order, state)
            if state.status not in PENDING:
                self.finish(("order", number))

    def orderStatus(self, number: int, status: str, *more: object) -> None:
        """A status is a word of TWS, and ends the waiting for a cancellation alone."""
        if status in ENDED:
            self.finish(("cancel", number))

    def openOrderEnd(self) -> None:
        """All open orders were told."""
        self.finish("open orders")

    def completedOrder(self, contract: Any, order: Any, state: Any) -> None:
        """An order is over."""
        self.completed[order.permId] = (contract, order, state)

    def completedOrdersEnd(self) -> None:
        """All completed orders were told."""
        self.finish("completed orders")

    def execDetails(self, question: int, contract: Any, execution: Any) -> None:
        """An execution; told again it is the same."""
        self.executions[execution.execId] = (contract, execution)

    def execDetailsEnd(self, question: int) -> None:
        """All executions since midnight were told."""
        self.finish("executions")

    def commissionReport(self, report: Any) -> None:
        """What an execution cost."""
        self.commissions[report.execId] = report

    def position(self, account: str, contract: Any, shares: float, cost: float) -> None:
        """One position."""
        self.positions.append((account, contract, shares, cost))

    def positionEnd(self) -> None:
        """All positions were told."""
        self.finish("positions")

    def updateAccountValue(self, tag: str, value: str, currency: str, account: str) -> None:
        """One figure of the account."""
        self.values[tag, currency] = value

    def updatePortfolio(self, contract: Any, shares: float, price: float, *more: object) -> None:
        """One line of the portfolio: its price is IB's own."""
        self.prices[contract.conId] = price

    def accountDownloadEnd(self, account: str) -> None:
        """The whole account was told."""
        self.finish("account")

    def contractDetails(self, question: int, details: Any) -> None:
        """One contract that fits a question."""
        self.details.setdefault(question, []).append(details)

    def contractDetailsEnd(self, question: int) -> None:
        """All that fit were told."""
        self.finish(question)

    def error(self, number: int, code: int, text: str, more: str = "") -> None:
        """A verdict, a notice or a warning; section by section of IB's codes."""
        text = " ".join(text.split())[:300]
        if code in LOST:
            self.lost_since = self.lost_since or datetime.now(UTC)
            self.breaks += 1
        elif code in RETURNED:
            self.lost_since = None
            self.finish("link")
        elif number >= FIRST_QUESTION:
            future = self.waiting.get(number)
            if code == 200:
                self.finish(number)
            elif future is not None and not future.done():
                future.set_exception(Later(f"IB's Gateway does not answer a question ({code}): {text}"))
        elif number >= 0:
            self.notices[number] = (code, text)
            if code in REFUSALS or code in UNSENT:
                self.finish(("order", number))
            self.finish(("cancel", number))
        elif not 2100 <= code < 2200:
            self.word = f" ({code}: {text})"
