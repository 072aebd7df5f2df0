"""Random evenings: silences, late and double answers, lost and double fills, cancellations and restarts, on a real journal in memory.

The broker takes every order that reaches it, whatever its id: only the journal keeps an id from living twice.
"""

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springback.errors import Disagrees
from springback.state.lease import Lease
from springback.state.order_rows import OrderFill
from springback.state.state import State
from springback.trading.journal import CLOSED, SENDINGS, Answer, Order, fold
from springback.trading.order_journal import OrderJournal
from tests.journal.samples import BUY, NUMBER, execution, later, proof

PLANS = (BUY, replace(BUY, symbol="AAPL", side="sell", purpose="exit", quantity=Decimal(3)))
ACCOUNTS = itertools.count()
ACTS = (*["send"] * 5, *["poll"] * 4, *["fill"] * 2, "plan", "twice", "cancel", "end", "end", "restart", "wait", "retry")
FATES = ("answered", "silent", "late", "lost", "refused", "filled first")
"""What becomes of a request: taken and answered, taken in silence, taken 50 s later, never taken, refused, filled before the answer."""


@dataclass
class Held:
    """An order at the broker: when it arrives, its executions, and its last word once it is over."""

    quantity: Decimal
    arrives: float
    fills: list[OrderFill] = field(default_factory=list)
    over: str = ""

    def fill(self, name: str, part: Decimal) -> None:
        left = self.quantity - sum(one.quantity for one in self.fills)
        if not self.over and left:
            self.fills.append(execution(len(self.fills), min(part, left), name))


@dataclass
class World:
    """A sender and its broker; `now` in seconds. Every step holds the laws."""

    journal: OrderJournal
    lease: Lease
    now: float = 0.0
    held: dict[str, list[Held]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)

    def orders(self) -> list[Order]:
        return list(self.journal.orders())

    def at_market(self, name: str) -> list[Held]:
        return [one for one in self.held.get(name, []) if one.arrives <= self.now]

    def send(self, order: Order, fate: str) -> None:
        name = order.client_id
        try:
            self.journal.send(name, later(self.now), self.lease)
        except Disagrees:
            return
        assert {one.client_id: one.state for one in self.orders()}[name] == "sending", "the row is there before the request"
        self.sent[name] += 1
        if fate not in {"lost", "refused"}:
            self.held.setdefault(name, []).append(Held(order.intent.quantity, self.now + (50 if fate == "late" else 0)))
        if fate == "filled first":
            self.at_market(name)[0].fill(name, Decimal(1))
            self.tell(name)
        if fate in {"answered", "filled first"}:
            self.journal.record(name, Answer("accepted", "b1"), later(self.now))
        elif fate == "refused":
            self.journal.record(name, Answer("refused", code="403"), later(self.now))
        else:
            self.journal.record(name, Answer("unknown", code="timeout"), later(self.now))

    def tell(self, name: str) -> None:
        for held in self.at_market(name):
            for fill in held.fills:
                self.journal.fill(fill, later(self.now))

    def poll(self, order: Order) -> None:
        """Looks an order up, and takes what the broker says."""
        name, held = order.client_id, self.at_market(order.client_id)
        if order.state == "unknown" and not held:
            try:
                self.journal.absent(name, proof(later(self.now)), later(self.now))
            except Disagrees:
                assert self.now < (order.sent_at - later(0)).total_seconds() + 60  # type: ignore[operator]
        for one in held:
            self.journal.record(name, Answer(one.over or "accepted", "b1"), later(self.now))

    def step(self, act: str, order: Order, fate: str, part: int) -> None:
        self.now += 1
        if act == "plan":
            self.journal.plan(PLANS[part % 2], later(self.now))
        elif act == "restart":
            self.journal = replace(self.journal)
            assert all(one.state == "unknown" for one in self.journal.recover(later(self.now)))
        elif act == "wait":
            self.now += 61
        else:
            self.work(act, order, fate, part)
        self.check()

    def work(self, act: str, order: Order, fate: str, part: int) -> None:
        name = order.client_id
        if act == "send":
            self.send(order, fate)
        elif act == "poll":
            self.poll(order)
        elif act in {"fill", "twice"}:
            for held in self.at_market(name):
                held.fill(name, Decimal(part + 1))
            self.tell(name)
            if act == "twice":
                self.tell(name)
        elif act == "cancel" and order.state in {"accepted", "partly_filled"}:
            self.journal.record(name, Answer("cancelling"), later(self.now))
        elif act == "end":
            for held in self.at_market(name):
                held.over = held.over or ("cancelled" if part % 2 else "expired")
        elif act == "retry":
            self.retry(order)

    def retry(self, order: Order) -> None:
        """Another of the same purpose, which a verdict on the last alone allows."""
        last = [one for one in self.orders() if one.intent.symbol == order.intent.symbol][-1]
        plan = next(one for one in PLANS if one.symbol == order.intent.symbol)
        try:
            self.journal.plan(plan, later(self.now), another=True)
        except Disagrees:
            assert not last.closed

    def check(self) -> None:
        orders = self.orders()
        whole = fold(self.journal.state.order_events(self.journal.account))
        assert list(orders) == list(whole.values()), "what was folded on is what the whole chain says"
        for one in orders:
            name, before = one.client_id, self.states.get(one.client_id, "")
            assert len(self.held.get(name, [])) <= 1, "one order of an id, dead or alive"
            assert before not in CLOSED or one.state in CLOSED, f"{name} went from {before} to {one.state}"
            assert one.sendings == self.sent[name] <= SENDINGS
            self.states[name] = one.state
        for symbol in {one.intent.symbol for one in orders}:
            alive = [one for one in orders if one.intent.symbol == symbol and not one.closed]
            assert len(alive) <= 1, "the next number only after a verdict"

    def close(self) -> None:
        """Reconciles: whatever is open ends at the broker, and everything is read."""
        self.now += 1000
        self.journal.recover(later(self.now))
        for one in self.orders():
            for held in self.at_market(one.client_id):
                held.over = held.over or "cancelled"
            self.tell(one.client_id)
            self.poll(one)
            if one.state in {"unknown", "planned"} and not self.at_market(one.client_id):
                self.journal.record(one.client_id, Answer("missed"), later(self.now))
        self.check()
        for one in self.orders():
            theirs = [fill for held in self.held.get(one.client_id, []) for fill in held.fills]
            assert one.closed or one.state == "absent"
            assert one.filled_quantity == sum((fill.quantity for fill in theirs), Decimal(0)) and set(one.fills) == set(theirs)
        assert self.journal.verify() == ()


acts = st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.sampled_from(FATES), st.integers(0, 40))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(acts, min_size=20, max_size=40))
def test_whatever_happens_an_order_lives_once_and_every_share_is_counted(memory: Path, script: list[tuple[str, int, str, int]]) -> None:
    account = f"desk{next(ACCOUNTS)}"
    state = State(memory / "state.sqlite")
    with state.lease(account, "sender", 600) as lease:
        world = World(OrderJournal(state, account, memory / f"{account}.head", NUMBER), lease)
        for plan in PLANS:
            world.journal.plan(plan, later(0))
        for act, of, fate, part in script:
            orders = world.orders()
            world.step(act, orders[of % len(orders)], fate, part)
        world.close()
