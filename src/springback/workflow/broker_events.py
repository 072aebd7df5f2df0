"""The one place where a broker is asked how things stand, and where the journal, the bookings and the snapshots hear of it."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from springback.brokers.broker import Events, Fill, Position, State
from springback.brokers.broker import Order as BrokerOrder
from springback.data.hours import following
from springback.errors import Disagrees, SpringbackError
from springback.market.prose import Prose
from springback.state.order_rows import digits
from springback.state.rows import Halt
from springback.state.trading_rows import Snapshot
from springback.trading.journal import Answer, Order, Proof
from springback.workflow.broker_words import answers, booking, check_same, execution, in_turn, known, why_ended
from springback.workflow.daily import Clock
from springback.workflow.trading_account import TradingAccount

MARGIN, FIRST = timedelta(days=2), timedelta(days=7)
"""How far before the last hearing the broker is asked again, for what it tells late; how far back at the first one."""
NOT_THERE = "not_there"
"""Code of an order that one reading did not find: a second one, late enough, proves it absent."""
ASSET = "asset_id"
"""Of an order's identity: the broker's id of what it buys or sells."""
WHO = "springback"
"""Who halts what the broker disagrees on."""


@dataclass(frozen=True, eq=False)
class Heard:
    """How things stand after the broker was asked at the instant `at`: its own `state` and `events`, the `orders` of the journal by client
    id, the broker's positions by our names (`holdings`), what is there and is not ours, and the halts that it led to. `clock_gap` are the
    seconds by which the broker's clock is ahead of ours, as far as the answer's way does not explain them.
    """

    at: datetime
    state: State
    events: Events
    orders: Mapping[str, Order]
    holdings: Mapping[str, Position]
    foreign_orders: tuple[BrokerOrder, ...]
    foreign_fills: tuple[Fill, ...]
    halts: tuple[Halt, ...] = ()
    clock_gap: float = 0.0

    @property
    def positions(self) -> dict[str, Decimal]:
        """Signed shares at the broker by our names."""
        return {symbol: one.quantity for symbol, one in self.holdings.items()}

    @property
    def unknown(self) -> tuple[Order, ...]:
        """Orders of which nobody knows what became."""
        return tuple(one for one in self.orders.values() if one.state in {"sending", "unknown"})

    @property
    def live(self) -> tuple[Order, ...]:
        """Orders that the broker may have at the market."""
        return tuple(one for one in self.orders.values() if one.live)

    def of(self, session: date) -> tuple[Order, ...]:
        """The orders of a decision."""
        return tuple(one for one in self.orders.values() if one.intent.session == session)


def heard(account: TradingAccount, clock: Clock, step: str = "", symbols: Collection[str] = ()) -> Heard:
    """Begins anew and asks the broker once: what it says of our orders, fills and the rest is written, and a snapshot of the account.

    The orders asked for are those that are live, `symbols` are names to be told of beside theirs and those held. Raises `Unreachable` where
    the broker leaves it open, `WrongAccount`, and `StateError` where the journal is not whole.
    """
    account.journal.recover(clock.now())
    before = {one.client_id: one for one in account.journal.orders()}
    now = clock.now()
    events = _asked(account, before.values(), now)
    names = {*symbols, *(one.intent.symbol for one in before.values() if one.live), *_held(before.values())}
    asked = clock.now()
    state = account.broker.state(sorted(names))
    gap = _gap(state.time, asked, clock.now())
    hearing = _Hearing(account, before, events, state, now)
    halts = hearing.write()
    orders = {one.client_id: one for one in account.journal.orders()}
    foreign = tuple(one for one in events.orders if one.client_id not in orders)
    found = Heard(now, state, events, orders, hearing.holdings(), foreign, tuple(hearing.fills.get("", ())), halts, gap)
    account.live.state.keep(account.live.name, _snapshot(account, found, step))
    return found


def _asked(account: TradingAccount, orders: Collection[Order], now: datetime) -> Events:
    """What happened since the last hearing with a margin, and what became of every live order: of those that no list has by their id."""
    last = account.live.state.newest(account.live.name, Snapshot)
    open_ones = [one for one in orders if one.live or one.state == "absent" or untold(one)]
    starts = [one.sent_at for one in open_ones if one.sent_at is not None]
    since = min([now - FIRST if last is None else min(last.at, now) - MARGIN, *(one - timedelta(minutes=1) for one in starts)])
    events = account.broker.events(since, [one.client_id for one in orders if one.state in {"sending", "unknown"}])
    told = {one.client_id for one in events.orders} | events.absent
    missing = [one.client_id for one in orders if one.live and one.client_id not in told]
    return account.broker.events(since, [*missing, *events.absent]) if missing else events


def untold(order: Order) -> bool:
    """Whether executions are missing that the broker counts; one that was taken back is counted on by some."""
    return bool(order.untold) and not any(one.corrects for one in order.history)


def _gap(time: datetime, before: datetime, after: datetime) -> float:
    """Seconds by which `time` lies outside of the two instants between which it was told."""
    return (time - min(max(time, before), after)).total_seconds()


def _held(orders: Iterable[Order]) -> frozenset[str]:
    """The names in which our orders left shares."""
    shares: dict[str, Decimal] = {}
    for one in orders:
        shares[one.intent.symbol] = shares.get(one.intent.symbol, Decimal(0)) + one.sign * one.filled_quantity
    return frozenset(symbol for symbol, held in shares.items() if held)


@dataclass(frozen=True, eq=False)
class _Hearing:
    """One answer of the broker, and the journal's `orders` that hear it."""

    account: TradingAccount
    orders: Mapping[str, Order]
    events: Events
    state: State
    now: datetime

    @cached_property
    def fills(self) -> dict[str, list[Fill]]:
        """Executions by the client id of our order; those of others under the empty id."""
        owners = {one.broker_id: one.client_id for one in self.events.orders}
        owners |= {one.broker_id: name for name, one in self.orders.items() if one.broker_id}
        found: dict[str, list[Fill]] = {}
        for one in in_turn(self.events.fills, self.now):
            name = one.client_id or owners.get(one.broker_id, "")
            found.setdefault(name if name in self.orders else "", []).append(one)
        return found

    @cached_property
    def theirs(self) -> dict[str, BrokerOrder]:
        """The broker's orders by client id."""
        return {one.client_id: one for one in self.events.orders}

    def write(self) -> tuple[Halt, ...]:
        """Keeps all that was told of the orders, and what else was booked; the halts of names on which broker and journal disagree."""
        halts = [halt for one in self.orders.values() if (halt := self._order(one)) is not None]
        symbols = {one.broker_symbol: symbol for symbol, one in self.state.assets.items()}
        live = self.account.live
        live.state.book(live.name, *(booking(one, symbols, self.now) for one in self.events.activities))
        return tuple(halts)

    def holdings(self) -> dict[str, Position]:
        """The broker's positions, by our name of the asset where we have one."""
        names = {dict(one.identity).get(ASSET, ""): one.intent.symbol for one in self.orders.values()}
        names |= {one.asset_id: symbol for symbol, one in self.state.assets.items()}
        return {names.get(one.asset_id, one.symbol): one for one in self.state.positions}

    def _order(self, order: Order) -> Halt | None:
        try:
            self._answers(self._filled(order))
        except Disagrees as error:
            return halted_name(self.account, order.intent.symbol, "disagrees", error, self.now)
        return None

    def _filled(self, order: Order) -> Order:
        for one in self.fills.get(order.client_id, ()):
            fill = execution(one, order.client_id, self.now)
            if not known(fill, order):
                order = self.account.journal.fill(fill, self.now)
        return order

    def _answers(self, order: Order) -> None:
        there, journal = self.theirs.get(order.client_id), self.account.journal
        if there is not None:
            check_same(there, order, {symbol: one.asset_id for symbol, one in self.state.assets.items()})
            for answer in answers(there, order, self._why(there, order)):
                if journal.news(order, answer, self.now):  # asked first: a transaction for each order that is as it was would be most of it
                    order = journal.record(order.client_id, answer, self.now)
        elif order.client_id in self.events.absent and order.live:
            self._absent(order)

    def _why(self, there: BrokerOrder, order: Order) -> str:
        asset = self.state.assets.get(order.intent.symbol)
        opens = following(order.intent.session, self.account.live.closed).opens
        return why_ended(there, order, asset is None or asset.borrow == "easy", self.now >= opens)

    def _absent(self, order: Order) -> None:
        """Two readings prove it: the first is kept, the second must be late enough after the sending."""
        journal, sent = self.account.journal, order.sent_at or self.now
        if (order.state, order.code) != ("unknown", NOT_THERE):  # the code may be of an earlier sending
            journal.record(order.client_id, Answer("unknown", code=NOT_THERE, why=Prose("one reading did not find it")), self.now)
        elif self.now >= sent + timedelta(seconds=journal.settle):
            journal.absent(order.client_id, Proof(self.now, self.now, self.now, self.now), self.now)


def halted_name(account: TradingAccount, symbol: str, code: str, error: SpringbackError, at: datetime) -> Halt:
    """The halt of a name: nothing is entered in it until a person has looked."""
    return account.live.state.halt(account.live.name, Halt("name", code, Prose(str(error)), WHO, at, symbol))


def _snapshot(account: TradingAccount, hearing: Heard, step: str) -> Snapshot:
    sessions = account.live.folder.sessions()
    session = date.fromisoformat(sessions[-1]) if sessions else hearing.at.date()
    theirs, shares = hearing.state.account, {symbol: digits(one) for symbol, one in sorted(hearing.positions.items())}
    return Snapshot(
        session, step, hearing.at, theirs.equity, theirs.cash, theirs.buying_power, json.dumps(shares), rehearsal=account.rehearsal
    )
