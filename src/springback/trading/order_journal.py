"""The order journal at work: each step is read, checked and kept in one transaction, and nothing is sent that was not kept before."""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from springback.errors import Disagrees, InputError, SpringbackError, StateError
from springback.state.chain import EMPTY, REBUILT, Fault, Pages, acknowledge, faults, known_head
from springback.state.lease import Lease
from springback.state.order_rows import OrderEvent, OrderFill, OrderHead, OrderIntent, digits, plain, with_body
from springback.state.orders import Page
from springback.state.state import State
from springback.trading.journal import SETTLE, Answer, Order, Proof, after, client_id, fold, next_number, with_fill
from springback.trading.rebuild import Truth, body_of, rebuilt

OVERRIDE = "override"
"""Kind of an event of the journal itself: somebody opened a gate by hand."""
FOLDS: WeakKeyDictionary[State, dict[str, tuple[OrderHead, dict[str, Order]]]] = WeakKeyDictionary()
"""What this process has folded: by database and account the head of the chain, and every order as it left it there."""
ASKED = ("sending", "unknown")
"""Last events of an order of which nobody knows what became."""


@dataclass(frozen=True)
class Plan:
    """What is to be ordered: `quantity` in shares, above 0; the `reference_close` in dollars; `reason` is the rule's."""

    session: date
    symbol: str
    side: str
    purpose: str
    quantity: Decimal
    reference_close: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class OrderJournal:
    """The journal of `account`, whose number at the broker is `number`, and whose chain's head is kept in `file`.

    `settle` are the seconds after a sending before a reading proves anything; with `rehearsal` all that is written is marked as one.
    Every method raises `StateError` where the chain is cut, changed or came out of a backup, `Unwritable` where it cannot be kept, and
    `Disagrees` where what is told cannot follow what was known: then nothing is written.
    """

    state: State
    account: str
    file: Path
    number: str = ""
    settle: float = SETTLE
    rehearsal: bool = False

    def check(self, anew: bool = False) -> None:
        """Raises `StateError` where the chain is not whole; what this process has read before is read again only `anew`."""
        found = self.verify() if anew else self.state.new_faults(self.account, self.file)
        if found:
            first = found[0]
            raise StateError(
                f"the order journal of account {self.account} is not whole ({first.code} at event {first.n}, {len(found)} faults in all): "
                f"'springback journal --verify' lists them, 'springback journal rebuild' makes it good again",
                value=first.code,
            )

    def recover(self, at: datetime) -> tuple[Order, ...]:
        """Begins: the chain is checked, and each order that went out without an answer is unknown; the orders that nobody knows of.

        A process reads the whole chain once, and from then on what was added. Raises `StateError` where it is not whole.
        """
        self.check()
        with self._journal() as page:
            for name in page.pending("sending"):
                order = _order(page, name)
                if order.state == "sending":
                    _write(page, self._event(at, name, "unknown", {"code": "restart"}), order)
            asked = [_order(page, name) for name in page.pending("unknown")]
        return tuple(one for one in asked if one.state == "unknown")

    def plan(self, plan: Plan, at: datetime, another: bool = False) -> Order:
        """The order for `plan`: the one that there is, whatever became of it, else a new one.

        With `another` one that is over is followed by the next number. Raises `Disagrees` where the last is not over, or says other things.
        """
        with self._journal() as page:
            orders = [_order(page, one.client_id) for one in page.intents(plan.symbol, plan.session, plan.purpose)]
            if orders and not another:
                return _same(orders[-1], plan)
            number = next_number(orders)
            name = client_id(self.number, plan.session, plan.symbol, plan.purpose, number)
            intent = OrderIntent(client_id=name, number=number, **vars(plan))
            return _write(page, self._event(at, name, "planned", intent=intent), None)

    def send(self, name: str, at: datetime, lease: Lease, **identity: str) -> Order:
        """Keeps that order `name` goes out now, while `lease` is held: then, and only then, it may be sent.

        `identity` is what else the broker knows it by. Raises `Taken` where the lease is lost, `Disagrees` where the order may not go out:
        it was sent, or nobody knows what became of another order of the name.
        """
        with self._journal(lease) as page:
            order = _order(page, name)
            for other in page.pending(*ASKED, symbol=order.intent.symbol):
                if other != name and _order(page, other).state in ASKED:
                    raise Disagrees(f"{name} waits: nobody knows what became of {other}", symbol=order.intent.symbol, value=other)
            return _write(page, self._event(at, name, "sending", {"identity": identity}), order)

    def record(self, name: str, answer: Answer, at: datetime) -> Order:
        """The order after what became of it; what is known already is not written again."""
        with self._journal() as page:
            order = _order(page, name)
            return _write(page, self._answered(name, answer, at), order) if self.news(order, answer, at) else order

    def news(self, order: Order, answer: Answer, at: datetime) -> bool:
        """Whether `answer` says anything that is not known of `order` already. Raises `Disagrees` where it cannot follow."""
        return answer.kind == "note" or after(order, self._answered(order.client_id, answer, at)) != order

    def _answered(self, name: str, answer: Answer, at: datetime) -> OrderEvent:
        return self._event(at, name, answer.kind, answer.body(), broker_id=answer.broker_id)

    def absent(self, name: str, proof: Proof, at: datetime) -> Order:
        """The order, which the broker does not have: it may be sent again under its id. Raises `Disagrees` where that is not proven."""
        with self._journal() as page:
            return _write(page, self._event(at, name, "absent", proof.body(self.settle)), _order(page, name))

    def fill(self, fill: OrderFill, at: datetime) -> Order:
        """The order with an execution, a correction of one (`corrects`), or its bust (of 0 shares); known by its id, it counts once.

        Raises `Disagrees` on an execution that was told before with other numbers, and on more shares than were ordered.
        """
        kind = "fill" if not fill.corrects else "correct" if fill.quantity else "bust"
        with self._journal() as page:
            order, known = _order(page, fill.client_id), page.fill(fill.execution_id)
            if known is not None and known != fill:
                words = f"execution {fill.execution_id} was told before with other numbers, of {known.client_id}"
                raise Disagrees(f"{words}: a person decides", value=fill.execution_id)
            return order if known else _write(page, self._event(at, fill.client_id, kind, fills=(fill,)), order)

    def orders(self, since: date | None = None) -> tuple[Order, ...]:
        """The orders of the sessions from `since` on (None: all), as they were planned.

        A process folds each event once: what the chain has added is folded on.
        """
        return tuple(one for one in self._folded().values() if since is None or one.intent.session >= since)

    def _folded(self) -> dict[str, Order]:
        folds = FOLDS.setdefault(self.state, {})
        head, orders = folds.get(self.account, (EMPTY, {}))
        news = self.state.news(self.account, head)
        if news is None or any(one.kind == REBUILT for one in news):
            head, orders, news = EMPTY, {}, self.state.news(self.account, EMPTY) or ()
        if news:
            head, orders = OrderHead(news[-1].n, news[-1].hash), fold(news, orders)
            folds[self.account] = head, orders
        return orders

    def verify(self) -> tuple[Fault, ...]:
        """What is wrong with the journal, from its first event to its last; nothing where it is whole."""
        return self.state.journal_faults(self.account, self.file)

    def rebuild(self, truth: Truth, by: str, why: str, at: datetime) -> tuple[Order, ...]:
        """Makes the journal good again from all that the broker says, in one transaction; the orders that were written anew.

        What was wrong is written beside who had it rebuilt and why, and is no fault from then on. Raises `InputError` without both.
        """
        if not by.strip() or not why.strip():
            raise InputError("a rebuild of the journal is signed: say who does it, and why")
        with self._journal(rebuild=True) as page:
            pages = page.pages()
            found = faults(pages, known_head(self.file, self.account))
            anew = rebuilt(_readable(pages, {one.subject for one in found}), truth, self.number, at)
            last = OrderHead(pages.events[-1].n, pages.events[-1].hash) if pages.events else EMPTY
            end = OrderHead(max(last.count, pages.head.count), last.hash)
            body = {"before": [last.count, last.hash], "by": by, "why": why, **acknowledge(pages, end.count + 1, found)}
            page.append(self._event(at, "", REBUILT, body | {"activities": [plain(one) for one in truth.activities]}), end)
            for name, one in anew.items():
                page.append(self._event(at, name, REBUILT, body_of(one), one.intent, one.history, one.broker_id))
        return tuple(anew.values())

    def override(self, facts: Mapping[str, str], by: str, why: str, at: datetime) -> None:
        """Keeps that somebody opened a gate by hand, for what `facts` say. Raises `InputError` without who and why."""
        if not by.strip() or not why.strip():
            raise InputError("an override is signed: say who does it, and why")
        with self._journal() as page:
            page.append(self._event(at, "", OVERRIDE, {**facts, "by": by, "why": why}))

    def overrides(self) -> tuple[dict[str, str], ...]:
        """What `override` kept, oldest first."""
        with self._journal() as page:
            return tuple(json.loads(one.body) for one in page.events("") if one.kind == OVERRIDE)

    def _journal(self, lease: Lease | None = None, rebuild: bool = False) -> AbstractContextManager[Page]:
        return self.state.journal(self.account, self.file, lease, rebuild)

    def _event(
        self,
        at: datetime,
        name: str,
        kind: str,
        body: dict[str, Any] | None = None,
        intent: OrderIntent | None = None,
        fills: Sequence[OrderFill] = (),
        broker_id: str = "",
    ) -> OrderEvent:
        return with_body(OrderEvent(at, name, kind, broker_id, rehearsal=self.rehearsal), body or {}, intent, fills)


def _readable(pages: Pages, suspects: Collection[str]) -> dict[str, Order]:
    """The journal's orders; one whose events somebody changed is as its rows tell, and unknown."""
    orders: dict[str, Order] = {}
    for intent in pages.intents:
        name = intent.client_id
        own = [one for one in pages.events if one.client_id == name]
        try:
            order = fold(own)[name]
        except (SpringbackError, KeyError):
            order = None
        if order is None or name in suspects:
            order = Order(intent, "unknown", own[0].at if own else datetime.min.replace(tzinfo=UTC))
            for fill in (one for one in pages.fills if one.client_id == name):
                order = with_fill(order, fill)
        orders[name] = order
    return orders


def _order(page: Page, name: str) -> Order:
    """The order of that id. Raises `InputError` where there is none."""
    order = fold(page.events(name)).get(name) if name else None
    if order is None:
        raise InputError(f"the journal of account {page.account} has no order {name}: it is planned before anything else", value=name)
    return order


def _write(page: Page, event: OrderEvent, order: Order | None) -> Order:
    """The order after the event, which is kept once the fold has taken it."""
    changed = after(order, event)
    page.append(event)
    return changed


def _same(order: Order, plan: Plan) -> Order:
    """`order`, if it is what is planned. Raises `Disagrees`."""
    intent = order.intent
    if (intent.side, intent.quantity) != (plan.side, plan.quantity):
        was, now = f"{intent.side} {digits(intent.quantity)}", f"{plan.side} {digits(plan.quantity)}"
        raise Disagrees(f"{order.client_id} was planned as {was}, now {now}: end it before another is planned", symbol=plan.symbol)
    return order
