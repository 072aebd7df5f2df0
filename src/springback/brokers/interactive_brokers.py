"""Interactive Brokers for one account, through its Gateway. Truth is open orders, completed orders, executions and positions.

TWS does not hold an `orderRef` unique, so each order is looked up under it before it goes out, and is known by a number beside it, which
the journal keeps before the sending: under one number TWS has one order, however often it is sent. What was booked comes from Flex.
"""

import re
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from springback.brokers import ib_words as words
from springback.brokers.broker import Answer, Asset, Events, Mode, Order, OrderRequest, Position, State
from springback.brokers.broker_settings import Brokers
from springback.brokers.flex import Flex
from springback.brokers.flex_words import Statement, unread
from springback.brokers.ib_borrow import BorrowList, read_borrow_list
from springback.brokers.ib_reading import Reading, booked_order, reading_of
from springback.brokers.patience import Later, asked
from springback.errors import Disagrees, InputError, MissingData, Refused, Unreachable, WrongAccount

Value = TypeVar("Value")
KINDS = re.compile(r"(?P<paper>D)?(?:(?P<advisor>F)|U)\d")
"""DU1234567 is a paper account, U1234567 a live one, F1234567 an advisor's."""
GRACE = timedelta(minutes=15)
"""How long the Gateway may look for IB's servers before the line is made anew; LEAN's own figure."""
MEMORY = timedelta(days=7)
"""How long is remembered what TWS tells of one day alone."""
CLOCK = "SPY"
"""A name that is never gone: its sessions are the exchange's."""


@dataclass
class _Session:
    """What is known of the account behind the line: until it breaks, and no longer."""

    number: str = ""
    mode: Mode = "rehearsal"
    time: datetime | None = None
    fit: bool = False
    names: dict[tuple[str, date], words.Found | None] = field(default_factory=dict)


class InteractiveBrokers:
    """One account behind a Gateway; `live` says that real money is meant. `flex` tells what was booked; None: nobody does. It holds a line
    and an event loop of its own, which runs while something is asked, in the thread that asks: who made it closes it.
    """

    name = "ib"

    def __init__(self, settings: Brokers, live: bool = False, flex: Flex | None = None) -> None:
        """Nothing is asked yet. Raises `MissingData` where ib_async is not installed, `WrongAccount` where `brokers.account` is a live one
        and `live` is not meant, or the other way.
        """
        try:
            from springback.brokers.ib_line import Line
        except ModuleNotFoundError as error:
            raise MissingData(f"Interactive Brokers needs {error.name}, which is not installed: pip install 'springback[ib]'") from None
        self.mode: Mode = _account_of((), settings.account, live)[1] if settings.account else "rehearsal"
        self.settings, self.live, self.flex = settings, live, flex
        self.line, self.session = Line(settings), _Session()
        self.numbers: dict[str, int] = {}
        self.spent: set[int] = set()

    def close(self) -> None:
        """Hangs up; the next request connects anew."""
        self.line.close()

    def identity(self, client_id: str, former: Mapping[str, str] | None = None) -> dict[str, str]:
        """The numbers under which an order goes out next, to be kept before it does: those of its `former` sending while they are ours and
        good, else new ones. Raises `Unreachable` and `WrongAccount`.
        """
        if client_id not in self.numbers:
            self._asked(self._ready)
            before = {"orderId": "", "clientId": "", **(former or {})}
            again = int(before["orderId"]) if before["orderId"].isdigit() and before["clientId"] == str(self.settings.ib_client_id) else 0
            taken = {*self.spent, *self.numbers.values()}
            self.numbers[client_id] = again if again and again not in taken else max(self.line.ear.next_id, *(one + 1 for one in taken), 1)
        return {"orderId": str(self.numbers[client_id]), "clientId": str(self.settings.ib_client_id)}

    def submit(self, order: OrderRequest) -> Answer:
        """See `Broker`. Raises `WrongAccount` before anything is sent where the login opens another account than `brokers.account`."""
        if order.quantity % 1:
            raise Refused(f"IB takes whole shares through its API, was {order.quantity} {order.symbol}", "whole_shares")
        found = self._asked(lambda: self._before(order))
        if found is not None:
            return Answer(self._ours(found, order), duplicate=True)
        number = int(self.identity(order.client_id)["orderId"])
        return self._run(self._place(order, number))

    def cancel(self, client_id: str) -> Answer:
        """See `Broker`. Raises `WrongAccount` as `submit` does, `Refused` where there is no such order or it cannot be cancelled now."""
        reading = self._asked(self._pinned)
        found = reading.find(client_id)
        if found is None:
            raise Refused(f"IB has no order {client_id}: nothing to cancel", "404")
        if not found.live:
            return Answer(found)
        client, number = reading.numbers.get(client_id, (-1, 0))
        if client != self.settings.ib_client_id:
            raise Refused(f"{client_id} was given by client {client}, and brokers.ib_client_id is {self.settings.ib_client_id}", "client")
        code, text = self._run(self.line.cancel(number))
        after = self._asked(self._pinned).find(client_id)
        if after is None:
            raise Unreachable(f"IB does not say what became of {client_id}, which was to be cancelled: ask again")
        if after.live and after.state != "cancelling":
            raise Refused(f"IB does not cancel {client_id} ({code}): {text}", str(code), text)
        return Answer(after)

    def events(self, since: datetime, client_ids: Collection[str] = ()) -> Events:
        """See `Broker`. Executions and completed orders are those of the day; what is older, and all activities, is the statement's."""
        reading = self._asked(self._read)
        statement = self._statement()
        booked = unread(statement.fills, reading.fills) if statement else ()
        found = {one: reading.find(one) or booked_order(one, booked) for one in client_ids}
        asked_for = [one for one in found.values() if one is not None]
        orders = [one for one in reading.orders if one.live or one.submitted_at is None or one.submitted_at > since]
        activities = statement.activities if statement else ()
        return Events(
            tuple({(one.broker_id, one.client_id): one for one in (*orders, *asked_for)}.values()),
            tuple(one for one in (*reading.fills, *booked) if one.at is None or one.at > since),
            tuple(one for one in activities if one.at is None or one.at > since),
            frozenset(name for name, order in found.items() if order is None) if reading.whole else frozenset(),
            corrections=reading.whole,
            statement=statement is not None,
            booked_until=statement.end if statement else None,
            silence=self.flex.refusal if self.flex else "",
        )

    def state(self, symbols: Sequence[str] = ()) -> State:
        """See `Broker`. Raises `WrongAccount` where the login opens another account than `brokers.account`."""
        return self._asked(lambda: self._state(symbols))

    # Questions, each of which may be put again.

    def _asked(self, question: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        return asked(self.settings, lambda: self._run(question()))

    def _run(self, task: Coroutine[Any, Any, Value]) -> Value:
        """What the task returns. Raises `Unreachable` where TWS' figures are not what they were: nothing is known then."""
        try:
            return self.line.run(task)
        except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
            what = type(error).__name__
            raise Unreachable(
                f"IB's answer is not the known one ({what}: {error}): its version may have changed, nothing is known"
            ) from None

    async def _ready(self) -> datetime:
        """IB's time, once the Gateway is there, has IB's servers, and opens the account that is meant."""
        if not await self.line.returned():
            since = self.line.ear.lost_since
            if since is not None and datetime.now(UTC) - since > GRACE:
                await self.line.drop()
            raise Later(f"IB's Gateway lost IB's servers at {since:%H:%M:%S} UTC (1100), and did not find them again: look at it")
        if not self.line.connected:
            self.session = _Session()
            await self.line.connect()
            await self._judge()
        time = await self.line.time()
        if self.line.ear.lost_since is not None:
            raise Later("IB's Gateway has no line to IB's servers (1100): nothing that it says is whole")
        if self.session.time and _day(self.session.time) != _day(time):
            self.line.ear.forget(time - MEMORY)
        self.session.time = time
        return time

    async def _judge(self) -> None:
        """Raises `WrongAccount`, and hangs up, where another account is opened than is meant."""
        try:
            self.session.number, self.session.mode = _account_of(self.line.ear.accounts, self.settings.account, self.live)
        except WrongAccount:
            await self.line.drop()
            raise

    async def _pinned(self) -> Reading:
        """All orders, of an account that may be traded: the one named, in dollars, on margin."""
        await self._ready()
        if not self.settings.account:
            await self.line.drop()
            raise WrongAccount(f"brokers.account is empty, the Gateway opens {self.session.number}: name it there before anything is sent")
        if not self.session.fit:
            await self.line.account(self.session.number)
            account = words.account_of(self.line.ear.values, self.session.number, self.session.mode)
            if account.currency != "USD" or account.shorting is False:
                kind = f"in {account.currency or 'an unknown currency'}" if account.currency != "USD" else "without margin"
                raise WrongAccount(f"account {account.number} is {kind}: it must be in US dollars, on margin")
            self.session.fit = True
        return await self._read()

    async def _read(self) -> Reading:
        """Executions after the orders; where a commission was heard and its execution was not, they are asked for once more."""
        time = await self._ready()
        line, number = self.line, self.session.number
        breaks = line.ear.breaks
        await line.open_orders()
        await line.completed_orders()
        await line.executions(number)
        if set(line.ear.commissions) - set(line.ear.executions):
            await line.executions(number)
        if line.ear.breaks != breaks:
            raise Later("IB's Gateway lost IB's servers (1100) while it told of the orders: they are asked for again")
        fills = words.fills_of(line.ear.executions, line.ear.commissions, number)
        return reading_of(line.ear, fills, number, time)

    async def _before(self, order: OrderRequest) -> Order | None:
        """The order, if it is there already. Raises `Refused` where it closes more than is held and not being closed."""
        reading = await self._pinned()
        found = reading.find(order.client_id)
        if found is None and order.purpose != "entry":
            held = {one.asset_id: one for one in await self._positions(reading)}.get(order.asset_id)
            free = held.available if held and held.available is not None else Decimal(0)
            if free * (1 if order.side == "sell" else -1) < order.quantity:
                text = f"{order.side} {order.quantity} {order.symbol} closes more than the {abs(free)} shares that are free"
                raise Refused(f"not sent to IB: {text}", "position", text)
        mine = (self.settings.ib_client_id, self.numbers.get(order.client_id, 0))
        if found is None and any(pair == mine and name != order.client_id for name, pair in reading.numbers.items()):
            self._spend(order.client_id)
            raise Unreachable(f"number {mine[1]} of {order.client_id} has become another order's at IB: its absence is to be proven")
        return found

    def _spend(self, client_id: str) -> None:
        """The number of this order is never used again."""
        self.spent.add(self.numbers.pop(client_id))

    async def _positions(self, reading: Reading) -> tuple[Position, ...]:
        await self.line.positions()
        closing: dict[tuple[str, str], Decimal] = {}
        for one in (one for one in reading.orders if one.live):
            rest = (one.quantity or Decimal(0)) - (one.filled_quantity or Decimal(0))
            closing[one.asset_id, one.side] = closing.get((one.asset_id, one.side), Decimal(0)) + rest
        prices = self.line.ear.prices
        own = [one for one in self.line.ear.positions if one[0] == self.session.number and one[2]]
        return tuple(
            words.position_of(contract, shares, cost, prices.get(contract.conId), closing.get(_closing(contract, shares), Decimal(0)))
            for _, contract, shares, cost in own
        )

    async def _state(self, symbols: Sequence[str]) -> State:
        reading = await self._read()
        number, mode, time = self.session.number, self.session.mode, reading.time
        await self.line.account(number)
        ear = self.line.ear
        if ear.values.get(("AccountReady", ""), "true").lower() == "false":
            raise Later("IB's servers are being reset (AccountReady is false): the account's figures are not its own yet")
        account = words.account_of(ear.values, number, mode)
        positions = await self._positions(reading)
        clock, *found = [await self._name(one, _day(time)) for one in (CLOCK, *symbols)]
        loans = self._loans() if symbols else None
        assets = {symbol: self._asset(one, loans, time) for symbol, one in zip(symbols, found, strict=True) if one}
        return State(account, positions, time, assets, words.next_open(clock, time) if clock else None)

    def _loans(self) -> BorrowList | None:
        """What can be borrowed; None where there is no list, or none that can be read: then nothing can, and nothing else stops."""
        try:
            return read_borrow_list(Path(self.settings.ib_borrow)) if self.settings.ib_borrow else None
        except InputError:
            return None

    def _asset(self, name: words.Found, loans: BorrowList | None, now: datetime) -> Asset:
        if loans is None:
            return name.asset
        return replace(name.asset, borrow=loans.of(name.asset.asset_id, self.settings.ib_borrow_fee, now))

    async def _name(self, symbol: str, day: date) -> words.Found | None:
        """The name as it resolves on this day; asked for once."""
        key = (symbol, day)
        if key not in self.session.names:
            self.session.names[key] = words.found_in(await self.line.contracts(words.spelled(symbol)), symbol)
        return self.session.names[key]

    # What changes something, sent once.

    async def _place(self, order: OrderRequest, number: int) -> Answer:
        """Sends it, and takes it for there once the open, completed or executed orders tell so."""
        verdict = await self.line.place(number, int(order.asset_id), order.symbol, words.order_words(order, self.session.number))
        code, text = verdict or (0, "")
        if code in words.REFUSALS:
            self._spend(order.client_id)
            raise Refused(f"IB refuses ({code}): {text}", str(code), text, self.session.time)
        reading = await self._read()
        found = reading.find(order.client_id)
        if found is not None:
            return Answer(self._ours(found, order), duplicate=code in words.UNSENT)
        late, text = self.line.ear.notices.get(number, (0, ""))
        if late in words.REFUSALS:
            raise Refused(f"IB refuses ({late}): {text}", str(late), text, self.session.time)
        self._spend(order.client_id)
        raise Unreachable(
            f"IB has no order {order.client_id}, sent as number {number} ({code or 'no verdict'}): its absence is to be proven"
        )

    def _ours(self, there: Order, order: OrderRequest) -> Order:
        if not there.same(order):
            raise Disagrees(
                f"IB has another order under {order.client_id}: {there.side} {there.quantity} {there.symbol} {there.time_in_force}, "
                f"ours is {order.side} {order.quantity} {order.symbol} {order.time_in_force}: a preset of the Gateway, or another hand; "
                f"look at the account before more is sent",
                symbol=order.symbol,
            )
        return there

    def _statement(self) -> Statement | None:
        """What was booked, None where nobody tells; a service that does not answer stops nothing."""
        if self.flex is None or self.session.time is None:
            return None
        try:
            return self.flex.booked(_day(self.session.time))
        except Unreachable:  # a refusal too: `Flex.refusal` tells it
            return self.flex.statement


def _closing(contract: Any, shares: float) -> tuple[str, str]:
    """The orders that close a position."""
    return str(contract.conId), "sell" if shares > 0 else "buy"


def _day(at: datetime) -> date:
    return at.astimezone(words.NEW_YORK).date()


def _account_of(accounts: Sequence[str], meant: str, live: bool) -> tuple[str, Mode]:
    """The account that is `meant` and its mode; without `accounts` the Gateway was not asked. Raises `WrongAccount` where it may not be
    traded.
    """
    shown = ", ".join(accounts)[:60]
    kinds = [KINDS.match(one) for one in accounts]
    if any(kind and kind["advisor"] for kind in kinds):
        raise WrongAccount(f"the Gateway's login is an advisor's ({shown}), which is not supported: nothing is sent")
    if accounts and ((meant and meant not in accounts) or not (meant or len(accounts) == 1)):
        raise WrongAccount(f"the Gateway opens {shown}, brokers.account is '{meant}': name one of them; nothing is sent")
    account = meant or accounts[0]
    kind = KINDS.match(account)
    if kind is None or kind["advisor"]:
        raise WrongAccount(f"account {account} is neither a paper account (DU...) nor a live one (U...): nothing is sent")
    mode: Mode = "paper" if kind["paper"] else "live"
    if (mode == "live") != live:
        raise WrongAccount(f"account {account} is {mode}, {'live' if live else 'paper'} was meant: name the other, or see --live")
    return account, mode
