"""The life of an order as a fold of what happened to it: every transition that there is, in one table. Pure.

    planned -> sending -> accepted -> partly_filled -> filled
                  |           `-> cancelling -> cancelled | expired
                  |-> refused
                  `-> unknown -> accepted ... | absent -> sending, with the same id

What is not in the table raises. Fills come before the answer, after the end, twice: each execution counts once.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from springback.errors import Disagrees, InputError
from springback.market.prose import Prose
from springback.state.order_rows import OrderEvent, OrderFill, OrderIntent, digits, fill_of, intent_of
from springback.state.rows import NOTHING

STATES = (
    *("planned", "sending", "unknown", "accepted", "partly_filled", "filled", "cancelling", "cancelled", "expired", "refused", "absent"),
    "missed",
)
LIVE = frozenset(("sending", "unknown", "accepted", "partly_filled", "cancelling"))
"""States in which the broker may have the order: a slot, shares and buying power are taken, nothing else is sent in its name."""
CLOSED = frozenset(("filled", "cancelled", "expired", "refused", "missed"))
"""States that end an order: a verdict. Planned and absent are neither live nor closed: they may be sent."""
SENDINGS = 4
"""How often an order goes out under one id: once, and three times more after its absence was proven."""
SETTLE = 60.0
"""Seconds after the sending before a reading proves that the broker does not have an order."""
LONGEST = 48
"""Characters of a client id."""
TAIL = 4

_ENDED = {one: one for one in CLOSED}
_THERE = dict.fromkeys(("sending", "unknown", "accepted", "partly_filled", "absent"), "accepted") | {"cancelling": "cancelling"} | _ENDED


def _over(state: str) -> dict[str, str]:
    """The broker's word that an order is over: a live one ends, an ended one is as it was."""
    return dict.fromkeys((*LIVE, "absent"), state) | _ENDED


TRANSITIONS: dict[str, dict[str, str]] = {
    "planned": {"": "planned"},
    "sending": {"planned": "sending", "absent": "sending"},
    "accepted": _THERE,
    "refused": _over("refused"),
    "cancelled": {**_over("cancelled"), "planned": "cancelled"},
    "expired": _over("expired"),
    "unknown": dict.fromkeys(("sending", "unknown", "accepted", "cancelling"), "unknown"),
    "absent": {"unknown": "absent"},
    "missed": dict.fromkeys(("planned", "absent", "missed"), "missed"),
    "cancelling": dict.fromkeys(("accepted", "partly_filled", "cancelling"), "cancelling"),
    "cancel_refused": {"cancelling": "accepted", **_ENDED},
    "reopened": {**dict.fromkeys(CLOSED - {"filled", "missed"}, "accepted")},
    "fill": _THERE,
    "correct": {**dict.fromkeys(LIVE, "accepted"), "cancelling": "cancelling", **_ENDED, "filled": "cancelled"},
    "bust": {**dict.fromkeys(LIVE, "accepted"), "cancelling": "cancelling", **_ENDED, "filled": "cancelled"},
    "note": {one: one for one in STATES},
}
"""Kind of event -> state before it -> state after it, which the shares that are filled then settle: `settled`."""
REBUILT = "rebuilt"
"""A person's word, from what the broker says: any state, from any."""
ANSWERS = frozenset(TRANSITIONS) - {"planned", "sending", "absent", "fill", "correct", "bust"}
"""What `Answer` may tell."""
READINGS = ("lookup", "open_orders", "closed_orders", "fills")


@dataclass(frozen=True)
class Answer:
    """What became of an order: `kind` of `ANSWERS`; `code` for a program and `why` for a person; how many shares the broker `reported`
    filled in all (None: it did not say), which may be ahead of the executions that it told.
    """

    kind: str
    broker_id: str = ""
    code: str = ""
    why: Prose = NOTHING
    reported: Decimal | None = None

    def __post_init__(self) -> None:
        if self.kind not in ANSWERS:
            raise InputError(f"an answer must be one of {', '.join(sorted(ANSWERS))}, was '{self.kind}'", value=self.kind)

    def body(self) -> dict[str, Any]:
        """As JSON."""
        reported = {} if self.reported is None else {"reported": digits(self.reported)}
        return {"code": self.code, "why": str(self.why), **reported}


@dataclass(frozen=True)
class Proof:
    """That the broker does not have an order: when each reading ended, UTC, without error, whole, and without it."""

    lookup: datetime
    open_orders: datetime
    closed_orders: datetime
    fills: datetime

    def body(self, settle: float) -> dict[str, Any]:
        """As JSON, with the seconds after the sending that a reading must let pass."""
        return {"proof": {name: getattr(self, name).isoformat() for name in READINGS}, "settle": settle}


@dataclass(frozen=True)
class Order:
    """An order as its events left it.

    `fills` are the executions in force, a correction in the place of what it corrects, `history` all of them. `sent_at` and `sendings` tell
    of the last sending and how many there were, `identity` what else the broker knows it by, `closed_at` when it was over; `code` and `why`
    are of the last word that had one.
    """

    intent: OrderIntent
    state: str
    planned_at: datetime
    broker_id: str = ""
    code: str = ""
    why: Prose = NOTHING
    reported: Decimal | None = None
    sent_at: datetime | None = None
    closed_at: datetime | None = None
    sendings: int = 0
    identity: tuple[tuple[str, str], ...] = ()
    fills: tuple[OrderFill, ...] = ()
    history: tuple[OrderFill, ...] = ()
    rehearsal: bool = False

    @property
    def client_id(self) -> str:
        """Its name, here and at the broker."""
        return self.intent.client_id

    @property
    def filled_quantity(self) -> Decimal:
        """Shares."""
        return sum((one.quantity for one in self.fills), Decimal(0))

    @property
    def average_price(self) -> Decimal | None:
        """Dollars a share; None where nothing is filled."""
        total = self.filled_quantity
        return sum((one.quantity * one.price for one in self.fills), Decimal(0)) / total if total else None

    @property
    def rest(self) -> Decimal:
        """Shares that are not filled."""
        return self.intent.quantity - self.filled_quantity

    @property
    def untold(self) -> Decimal:
        """Shares that the broker reported filled and told no execution of: they are to be asked for."""
        return max((self.reported or Decimal(0)) - self.filled_quantity, Decimal(0))

    @property
    def live(self) -> bool:
        """Whether the broker may have it at the market."""
        return self.state in LIVE

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self.state in CLOSED

    @property
    def sign(self) -> int:
        """1 where it buys, -1 where it sells."""
        return 1 if self.intent.side == "buy" else -1


def client_id(number: str, session: date, symbol: str, purpose: str, count: int) -> str:
    """The id of the `count`-th order of a purpose, for the broker's account `number`. Raises `InputError` where it were too long."""
    tail = "".join(one for one in number if one.isalnum())[-TAIL:]
    name = f"sb-{tail}-{session:%Y%m%d}-{symbol}-{purpose}-{count}"
    if not tail or not name.isascii() or len(name) > LONGEST:
        raise InputError(f"the client id {name} must have an account and at most {LONGEST} characters, has {len(name)}", symbol=symbol)
    return name


def id_parts(name: str) -> tuple[str, date, str, str, int] | None:
    """Account tail, session, symbol, purpose and count of a client id; None where it is none of ours."""
    first, _, rest = name.partition("-")
    try:
        tail, day, rest = rest.split("-", 2)
        symbol, purpose, count = rest.rsplit("-", 2)
        parts = tail, datetime.strptime(day, "%Y%m%d").date(), symbol, purpose, int(count)  # noqa: DTZ007 (a session)
    except ValueError:
        return None
    return parts if first == "sb" and name == client_id(*parts) else None


def fold(events: Iterable[OrderEvent], former: Mapping[str, Order] = MappingProxyType({})) -> dict[str, Order]:
    """Every order by its client id, as `events` leave it after `former`, in their order; one that was rebuilt begins there.

    Raises `Disagrees` as `after` does.
    """
    told = [one for one in events if one.client_id]
    rebuilt = {one.client_id: one.n for one in told if one.kind == REBUILT}
    orders: dict[str, Order] = dict(former)
    for one in told:
        if one.n >= rebuilt.get(one.client_id, 0):
            orders[one.client_id] = after(orders.get(one.client_id), one)
    return {name: orders[name] for name in dict.fromkeys((*former, *(one.client_id for one in told)))}


def after(order: Order | None, event: OrderEvent) -> Order:
    """`order` after `event` (None: it was not planned yet). Raises `Disagrees` where no row of `TRANSITIONS` leads on."""
    try:
        body = json.loads(event.body)
        return _rebuilt(event, body) if event.kind == REBUILT else _after(order, event, body)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, InputError) as error:
        words = f"event {event.n} of {event.client_id} cannot be read ({type(error).__name__})"
        raise Disagrees(f"{words}: 'springback journal --verify' finds what was changed", value=event.n) from None


def _after(order: Order | None, event: OrderEvent, body: dict[str, Any]) -> Order:
    state = TRANSITIONS.get(event.kind, {}).get(order.state if order else "")
    if state is None:
        was = order.state if order else "never planned"
        raise Disagrees(f"{event.client_id} is {was}, so that '{event.kind}' cannot follow: a person decides", value=event.kind, limit=was)
    if order is None:
        return Order(intent_of(body["intent"]), state, event.at, rehearsal=event.rehearsal)
    changed = replace(order, state=state, broker_id=event.broker_id or order.broker_id, **_words(order, body))
    if event.kind == "sending":
        changed = _sent(changed, event, body)
    if event.kind == "absent":
        _check_proof(order, body)
    for fill in body.get("fills", ()):
        changed = with_fill(changed, fill_of(fill))
    state = settled(changed)
    return replace(changed, state=state, closed_at=(order.closed_at or event.at) if state in CLOSED else None)


def _words(order: Order, body: dict[str, Any]) -> dict[str, Any]:
    reported = Decimal(body["reported"]) if "reported" in body else order.reported
    if body.get("code") or body.get("why"):
        return {"code": body.get("code", ""), "why": Prose(body.get("why", "")), "reported": reported}
    return {"reported": reported}


def _sent(order: Order, event: OrderEvent, body: dict[str, Any]) -> Order:
    if order.sendings >= SENDINGS:
        raise Disagrees(f"{order.client_id} was sent {SENDINGS} times and never arrived: it is not sent again", limit=SENDINGS)
    return replace(order, sent_at=event.at, sendings=order.sendings + 1, identity=tuple(sorted(body.get("identity", {}).items())))


def _check_proof(order: Order, body: dict[str, Any]) -> None:
    """Absent is who was not there when everything had been read, long enough after the sending, and who has no fill."""
    settle = timedelta(seconds=float(body["settle"]))
    early = [name for name in READINGS if order.sent_at is None or datetime.fromisoformat(body["proof"][name]) < order.sent_at + settle]
    if early or order.history or order.untold:
        lacks = f"{', '.join(early)} read within {settle.total_seconds():g} s of its sending" if early else "shares of it were filled"
        raise Disagrees(f"{order.client_id} is not proven absent: {lacks}; read the broker again", value=lacks)


def with_fill(order: Order, fill: OrderFill) -> Order:
    """The order with an execution, or with what corrects one; it counts once. Raises `Disagrees` on more shares than were ordered."""
    if fill in order.history:
        return order
    if any(one.execution_id == fill.execution_id for one in order.history):
        raise Disagrees(f"{order.client_id}: execution {fill.execution_id} was told before with other numbers", value=fill.execution_id)
    kept = tuple(one for one in order.fills if one.execution_id != fill.corrects)
    if fill.corrects and len(kept) == len(order.fills):
        raise Disagrees(f"{order.client_id}: execution {fill.execution_id} corrects {fill.corrects}, which is none of its own in force")
    place = next((k for k, one in enumerate(order.fills) if one.execution_id == fill.corrects), len(kept))
    fills = (*kept[:place], *([fill] if fill.quantity else []), *kept[place:])
    changed = replace(order, fills=fills, history=(*order.history, fill))
    if changed.rest < 0:
        raise Disagrees(f"{order.client_id}: {changed.filled_quantity} shares of {order.intent.quantity} were filled: a person decides")
    return changed


def settled(order: Order) -> str:
    """The state, by what is filled: whole, partly, nothing. An order that traded was neither refused nor missed."""
    if order.fills and not order.rest:
        return "filled"
    if order.fills:
        return {"accepted": "partly_filled", "refused": "cancelled", "missed": "cancelled"}.get(order.state, order.state)
    return "accepted" if order.state == "partly_filled" else order.state


def _rebuilt(event: OrderEvent, body: dict[str, Any]) -> Order:
    """The order as a person had it written, whatever was known before."""
    planned_at, sent_at, closed_at = (datetime.fromisoformat(body[k]) if body[k] else None for k in ("planned_at", "sent_at", "closed_at"))
    order = Order(intent_of(body["intent"]), body["state"], planned_at or event.at, event.broker_id, body["code"], Prose(body["why"]))
    order = replace(order, sent_at=sent_at, closed_at=closed_at, sendings=body["sendings"], rehearsal=event.rehearsal)
    for fill in body.get("fills", ()):
        order = with_fill(order, fill_of(fill))
    return order


def next_number(orders: Sequence[Order]) -> int:
    """The number of another order of the same session, symbol and purpose: a new one only after a verdict. Raises `Disagrees`."""
    if not orders:
        return 1
    last = max(orders, key=lambda one: one.intent.number)
    if not last.closed:
        raise Disagrees(f"{last.client_id} is {last.state}: only an order that is over is followed by another", value=last.state)
    return last.intent.number + 1


def line(order: Order) -> dict[str, Any]:
    """The order under its fixed names; quantities in shares, the mean price in dollars, None where nothing is filled."""
    intent, price = order.intent, order.average_price
    return {
        **{name: str(getattr(intent, name)) for name in ("client_id", "session", "symbol", "side", "purpose")},
        "quantity": _number(intent.quantity),
        "filled_quantity": _number(order.filled_quantity),
        "average_price": None if price is None else float(price),
        "state": order.state,
        "broker_id": order.broker_id,
        "reason": str(order.why) or order.code or intent.reason,
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)
