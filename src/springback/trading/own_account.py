"""What of a broker's account is ours: cash and positions as the fold of our fills, the splits and dividends of what they left, and what the
broker booked. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from springback.state.trading_rows import Adoption, Booking
from springback.trading.journal import Order

NEW_YORK = ZoneInfo("America/New_York")
STANDS_NO_MORE = frozenset(("canceled", "cancelled", "reversed"))
"""What a broker calls a booking that it took back."""
MOVES = frozenset(("reorganisation", "merger"))
"""Bookings whose shares count; splits are those of the market data, as everywhere."""


@dataclass(frozen=True)
class Event:
    """A split (old shares per new one) or a dividend (dollars a share) of `symbol`, effective before the open of `day`."""

    day: date
    symbol: str
    kind: Literal["split", "dividend"]
    value: float


@dataclass(frozen=True)
class Held:
    """Signed whole shares at a mean entry `price`, dollars on today's split scale, since the session `opened`."""

    quantity: int
    price: Decimal
    opened: date


@dataclass(frozen=True)
class Receivable:
    """Dollars of a dividend that the broker has not booked, negative where it is owed."""

    day: date
    symbol: str
    amount: Decimal


@dataclass(frozen=True)
class OwnAccount:
    """`cash` in dollars, what is `receivable` not in it, and what is held by symbol."""

    cash: Decimal
    positions: Mapping[str, Held]
    receivables: tuple[Receivable, ...]

    @property
    def cash_and_receivables(self) -> Decimal:
        """Dollars."""
        return self.cash + sum((one.amount for one in self.receivables), Decimal(0))


@dataclass(frozen=True)
class Beginning:
    """What an account began with, `cash` in dollars at the instant `at`, which all that was booked before is part of."""

    cash: Decimal
    at: datetime


@dataclass(frozen=True)
class Sources:
    """What is known of an account: its `orders`, the `events` of their names in their order, the broker's `bookings`, the `adoptions`."""

    orders: Sequence[Order]
    events: Sequence[Event] = ()
    bookings: Sequence[Booking] = ()
    adoptions: Sequence[Adoption] = ()


def own_account(beginning: Beginning, sources: Sources, until: date, session_of: Callable[[date], date]) -> OwnAccount:
    """The account at the close of the session `until`; `session_of` is the session in whose open a decision's orders are.

    An execution belongs to the session of its order, whenever it was told; a correction or bust takes the place of what it corrects.
    """
    walk = _Walk()
    ours = {one.intent.symbol for one in sources.orders} | {one.symbol for one in sources.adoptions if one.claim == "ours"}
    foreign = {one.symbol for one in {one.symbol: one for one in sources.adoptions}.values() if one.claim == "foreign"}
    booked = [one for one in sources.bookings if one.at > beginning.at and _day(one.at) <= until and _ours(one, ours - foreign)]
    acts: list[tuple[date, int, Callable[[], None]]] = []
    acts += [(one.day, 0, _call(walk.happen, one)) for one in sources.events if one.day <= until]
    acts += [(_day(one.at), 0, _call(walk.reorganise, one)) for one in booked if one.kind in MOVES]
    traded = [(session_of(one.intent.session), one) for one in sources.orders if one.fills]
    acts += [(day, 1, _call(walk.trade, one, day)) for day, one in traded if day <= until]
    acts += [(_day(one.at), 2, _call(walk.adopt, one)) for one in sources.adoptions if one.claim == "ours" and _day(one.at) <= until]
    for _, _, act in sorted(acts, key=lambda one: one[:2]):
        act()
    cash = beginning.cash + walk.cash + sum((one.amount or Decimal(0) for one in booked), Decimal(0))
    return OwnAccount(cash, {symbol: walk.positions[symbol] for symbol in sorted(walk.positions)}, _open(walk.receivables, booked))


def _day(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()


def _call(act: Callable[..., None], *values: object) -> Callable[[], None]:
    return lambda: act(*values)


def _ours(one: Booking, names: Iterable[str]) -> bool:
    return one.status.lower() not in STANDS_NO_MORE and (not one.symbol or one.symbol in names)


def _open(receivables: Iterable[Receivable], booked: Iterable[Booking]) -> tuple[Receivable, ...]:
    """Those that no booking has settled: each settles the oldest of its name that had begun."""
    left = [one for one in receivables if one.amount]
    for booking in (one for one in booked if one.kind == "dividend"):
        settled = next((one for one in left if one.symbol == booking.symbol and one.day <= _day(booking.at)), None)
        if settled is not None:
            left.remove(settled)
    return tuple(left)


@dataclass
class _Walk:
    """The account from day to day: what is held, what moved the cash, and every dividend, signed dollars."""

    positions: dict[str, Held] = field(default_factory=dict)
    cash: Decimal = Decimal(0)
    receivables: list[Receivable] = field(default_factory=list)

    def happen(self, event: Event) -> None:
        """A split or a dividend of what is held."""
        held = self.positions.get(event.symbol)
        if held is None:
            return
        if event.kind == "dividend":
            self.receivables.append(Receivable(event.day, event.symbol, held.quantity * Decimal(repr(event.value))))
            return
        self._hold(event.symbol, Held(int(held.quantity / event.value), held.price * Decimal(repr(event.value)), held.opened))

    def trade(self, order: Order, day: date) -> None:
        """The executions in force of an order; a fraction of a share moves cash alone."""
        self.cash -= sum((order.sign * one.quantity * one.price + one.fee for one in order.fills), Decimal(0))
        price, shares = order.average_price, order.sign * int(order.filled_quantity)
        if price is None or not shares:
            return
        old = self.positions.get(order.intent.symbol)
        total = shares + (old.quantity if old else 0)
        if old is None or total * old.quantity <= 0:
            self._hold(order.intent.symbol, Held(total, price, day))
        elif shares * old.quantity < 0:
            self._hold(order.intent.symbol, Held(total, old.price, old.opened))
        else:
            self._hold(order.intent.symbol, Held(total, (old.quantity * old.price + shares * price) / total, old.opened))

    def reorganise(self, booking: Booking) -> None:
        """Shares that came or went without an order."""
        held = self.positions.get(booking.symbol)
        if held is not None and booking.quantity:
            self._hold(booking.symbol, Held(held.quantity + int(booking.quantity), held.price, held.opened))

    def adopt(self, adoption: Adoption) -> None:
        """Shares that a person said are ours."""
        price, opened = Decimal(repr(adoption.price or 0.0)), adoption.opened or adoption.at.date()
        old = self.positions.get(adoption.symbol)
        self._hold(adoption.symbol, Held(int(adoption.quantity) + (old.quantity if old else 0), price, opened))

    def _hold(self, symbol: str, position: Held) -> None:
        self.positions.pop(symbol, None)
        if position.quantity:
            self.positions[symbol] = position
