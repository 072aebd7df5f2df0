"""What of a broker's account is ours: cash and positions as the fold of our fills, the splits and dividends of what they left, and what the
broker booked. Pure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from springback.state.trading_rows import Adoption, Booking
from springback.trading.booked import FRACTION, NOTHING, Change, Receivable, after_split, left_of, unpaid
from springback.trading.journal import Order

NEW_YORK = ZoneInfo("America/New_York")
Act = tuple[date, int, Callable[[], None]]
"""What happened on a day, and its turn in it."""
STANDS_NO_MORE = frozenset(("canceled", "cancelled", "reversed"))
"""What a broker calls a booking that it took back."""
MOVES = frozenset(("reorganisation", "merger"))
"""Bookings whose shares count before a reconciliation has read them."""
EARLY, LATE = timedelta(days=3), timedelta(days=10)
"""So long before and after a split of the market data the broker may book it."""


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
class OwnAccount:
    """`cash` in dollars, what is `receivable` not in it, and what is held by symbol; `apart` are signed shares of ours that no decision
    ends: fractions, and what came by booking.
    """

    cash: Decimal
    positions: Mapping[str, Held]
    receivables: tuple[Receivable, ...]
    apart: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def cash_and_receivables(self) -> Decimal:
        """Dollars."""
        return self.cash + sum((one.amount for one in self.receivables), NOTHING)


@dataclass(frozen=True)
class Beginning:
    """What an account began with, `cash` in dollars at the instant `at`, which all that was booked before is part of."""

    cash: Decimal
    at: datetime


@dataclass(frozen=True)
class Sources:
    """What is known of an account: its `orders`, the `events` of their names in their order, the broker's `bookings` and which `changes`
    reconciliations read in them, the `adoptions`; `names` are what those are called now that were renamed, by the older symbol.
    """

    orders: Sequence[Order]
    events: Sequence[Event] = ()
    bookings: Sequence[Booking] = ()
    adoptions: Sequence[Adoption] = ()
    changes: Sequence[Change] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def called(self, symbol: str) -> str:
        """What the name is called now."""
        return self.names.get(symbol, symbol)


def own_account(beginning: Beginning, sources: Sources, until: date, session_of: Callable[[date], date]) -> OwnAccount:
    """The account at the close of the session `until`; `session_of` is the session in whose open a decision's orders are.

    An execution belongs to the session of its order, whenever it was told; a correction or bust takes the place of what it corrects. What
    came by booking is no position: orders for fractions end it.
    """
    walk, called = _Walk(), sources.called
    ours = {called(one.intent.symbol) for one in sources.orders} | {called(one.symbol) for one in sources.adoptions if one.claim == "ours"}
    ours |= {called(one.symbol) for one in sources.changes if one.quantity}
    foreign = {called(one.symbol) for one in {one.symbol: one for one in sources.adoptions}.values() if one.claim == "foreign"}
    bookings = [replace(one, symbol=called(one.symbol)) for one in sources.bookings if one.at > beginning.at]
    booked = [one for one in bookings if _day(one.at) <= until and _ours(one, ours - foreign)]
    acts = [*_acts(walk, sources, bookings), *_unread(walk, sources, booked)]
    traded = [(session_of(one.intent.session), one) for one in sources.orders if one.fills]
    acts += [(day, 1, _call(walk.trade, one, called(one.intent.symbol), day)) for day, one in traded]
    acts += [(_day(one.at), 2, _call(walk.adopt, one, called(one.symbol))) for one in sources.adoptions if one.claim == "ours"]
    for _, _, act in sorted((one for one in acts if one[0] <= until), key=lambda one: one[:2]):
        act()
    cash = beginning.cash + walk.cash + sum((one.amount or NOTHING for one in booked), NOTHING)
    paid = [(_day(one.at), one.symbol, one.amount or NOTHING) for one in booked if one.kind == "dividend"]
    held = walk.held()
    shares = {symbol: lot.shares - (held[symbol].quantity if symbol in held else 0) for symbol, lot in sorted(walk.lots.items())}
    return OwnAccount(cash, held, unpaid(walk.receivables, paid, until), {symbol: part for symbol, part in shares.items() if part})


def _acts(walk: "_Walk", sources: Sources, bookings: Sequence[Booking]) -> Iterator[Act]:
    """What actions did: a split once, as the broker booked it where that is known, on the day of the market data."""
    told = {one.activity_id: one for one in bookings}
    moved = [(told[one.activity_id], one) for one in sources.changes if one.quantity and one.activity_id in told]
    events = {(one.day, sources.called(one.symbol), one.kind): one for one in sources.events}
    days: dict[str, list[date]] = {}
    for day, symbol, kind in events:
        if kind == "split":
            days.setdefault(symbol, []).append(day)
    for booking, one in moved:
        walk.book(booking.symbol, _day(booking.at), one.quantity)
    for (day, symbol, kind), event in events.items():
        own = [one for one in moved if kind == "split" and one[0].symbol == symbol and _split_of(one[0], days[symbol]) == day]
        moved = [one for one in moved if one not in own]
        shares = sum((one.quantity for _, one in own), NOTHING) if own else None
        split, dividend = _call(walk.split, symbol, day, event.value, shares), _call(walk.dividend, symbol, day, event.value)
        yield day, 0, split if kind == "split" else dividend
    for booking, one in moved:
        day, symbol = _day(booking.at), sources.called(one.symbol)
        split, move = _call(walk.split, symbol, day, None, one.quantity), _call(walk.move, symbol, one.quantity, day, one.arrival)
        yield day, 0, split if booking.kind == "split" else move


def _split_of(booking: Booking, days: Sequence[date]) -> date | None:
    """Of the `days` on which a name split the nearest that the booking may be of; None where it is of none."""
    near = [one for one in days if booking.kind == "split" and one - EARLY <= _day(booking.at) <= one + LATE]
    return min(near, key=lambda one: abs(_day(booking.at) - one), default=None)


def _unread(walk: "_Walk", sources: Sources, booked: Iterable[Booking]) -> Iterator[Act]:
    """What no reconciliation has read yet."""
    known = {one.activity_id for one in sources.changes}
    for one in booked:
        if one.kind in MOVES and one.activity_id not in known:
            walk.book(one.symbol, _day(one.at), one.quantity or NOTHING)
            yield _day(one.at), 0, _call(walk.move, one.symbol, one.quantity or NOTHING, _day(one.at))


def _day(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()


def _call(act: Callable[..., None], *values: object) -> Callable[[], None]:
    return lambda: act(*values)


def _ours(one: Booking, names: Iterable[str]) -> bool:
    return one.status.lower() not in STANDS_NO_MORE and (not one.symbol or one.symbol in names)


@dataclass(frozen=True)
class _Lot:
    """Signed shares of a name, fractions among them, at a mean price in dollars since a day."""

    shares: Decimal
    price: Decimal
    opened: date


@dataclass
class _Walk:
    """The account from day to day: what is held, what of it came by booking, what of a name was booked on a day; what moved the cash; every
    dividend, signed dollars.
    """

    lots: dict[str, _Lot] = field(default_factory=dict)
    arrivals: dict[str, Decimal] = field(default_factory=dict)
    ended: dict[str, Decimal] = field(default_factory=dict)
    booked: dict[tuple[str, date], Decimal] = field(default_factory=dict)
    cash: Decimal = NOTHING
    receivables: list[Receivable] = field(default_factory=list)

    def held(self) -> dict[str, Held]:
        """Whole shares by symbol, without what came by booking."""
        found = {}
        for symbol, lot in sorted(self.lots.items()):
            left = left_of(self.arrivals.get(symbol, NOTHING), self.ended.get(symbol, NOTHING), lot.shares)
            if shares := int(lot.shares - left):
                found[symbol] = Held(shares, lot.price, lot.opened)
        return found

    def book(self, symbol: str, day: date, shares: Decimal) -> None:
        """So many signed shares more were booked on a day."""
        self.booked[symbol, day] = self.booked.get((symbol, day), NOTHING) + shares

    def _gone(self, symbol: str, day: date) -> bool:
        """Whether all that was held went by booking on that day, before anything else of it: no split and no dividend is its own."""
        return symbol not in self.lots or self.lots[symbol].shares + self.booked.get((symbol, day), NOTHING) == 0

    def dividend(self, symbol: str, day: date, value: float) -> None:
        """Dollars a share."""
        if not self._gone(symbol, day):
            self.receivables.append(Receivable(day, symbol, self.lots[symbol].shares * Decimal(repr(value))))

    def split(self, symbol: str, day: date, factor: float | None, shares: Decimal | None) -> None:
        """`factor` old shares per new one; `shares` came, signed; one of them tells the other."""
        lot = self.lots.get(symbol)
        if lot is None or (shares is None and self._gone(symbol, day)):
            return
        total = lot.shares + shares if shares is not None else after_split(lot.shares, factor or 1.0)
        ratio = Decimal(repr(factor)) if factor is not None else lot.shares / (total or lot.shares)
        self._hold(symbol, _Lot(total, lot.price * ratio, lot.opened))

    def trade(self, order: Order, symbol: str, day: date) -> None:
        """The executions in force of an order."""
        self.cash -= sum((order.sign * one.quantity * one.price + one.fee for one in order.fills), NOTHING)
        price, shares = order.average_price, order.sign * order.filled_quantity
        if price is None or not shares:
            return
        if order.intent.reason == FRACTION:
            self.ended[symbol] = self.ended.get(symbol, NOTHING) + shares
        lot = self.lots.get(symbol)
        total = shares + (lot.shares if lot else NOTHING)
        if lot is None or not int(lot.shares) or total * lot.shares <= 0:
            self._hold(symbol, _Lot(total, price, day))
        elif shares * lot.shares < 0:
            self._hold(symbol, _Lot(total, lot.price, lot.opened))
        else:
            self._hold(symbol, _Lot(total, (lot.shares * lot.price + shares * price) / total, lot.opened))

    def move(self, symbol: str, shares: Decimal, day: date, arrival: bool = False) -> None:
        """Shares that came or went without an order; those that came may be a name's that no decision opened."""
        lot = self.lots.get(symbol)
        if arrival:
            self.arrivals[symbol] = self.arrivals.get(symbol, NOTHING) + shares
        if lot is not None:
            self._hold(symbol, replace(lot, shares=lot.shares + shares))
        elif arrival:
            self._hold(symbol, _Lot(shares, NOTHING, day))

    def adopt(self, adoption: Adoption, symbol: str) -> None:
        """Shares that a person said are ours."""
        price, opened = Decimal(repr(adoption.price or 0.0)), adoption.opened or adoption.at.date()
        lot = self.lots.get(symbol)
        self._hold(symbol, _Lot(adoption.quantity + (lot.shares if lot else NOTHING), price, opened))

    def _hold(self, symbol: str, lot: _Lot) -> None:
        self.lots.pop(symbol, None)
        if lot.shares:
            self.lots[symbol] = lot
