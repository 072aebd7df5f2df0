"""What the broker's bookings did to shares and cash, told apart by kind: pure, and read from the fields that brokers fill alike.

Brokers differ in what they count: a booking may tell the shares that came and went, the shares that are there afterwards, or how many went
without a sign. Whichever of the three accounts for the whole difference of a position is the one that was meant; none of them: unexplained.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from springback.state.trading_rows import Booking

CANCELED = "canceled"
"""A broker's word for a booking that it took back."""
CASH_ONLY = ("dividend", "fee", "interest")
"""Kinds whose quantity, where they tell one, is what they were counted on."""
CORPORATE = ("split", "name_change", "merger", "spin_off", "reorganisation")
CODES = {"split": "split", "merger": "merger", "spin_off": "spin_off", "reorganisation": "delisting", "name_change": "name_change"}
FOREIGN = ("transfer", "journal")
"""Kinds by which another hand moves cash or shares."""
STOCK_DIVIDEND, SUBSTITUTE, IN_LIEU = "SDIV", "SPD", "CIL"
NOTHING = Decimal(0)
FRACTION = "fraction"
"""Reason of an order that ends what no decision does: a fraction of a share, and shares that came by booking."""
FINEST = 10_000
"""No split is of more shares."""
UNPAID = timedelta(days=90)
"""After so long a dividend that the broker never booked is given up."""


@dataclass(frozen=True)
class Receivable:
    """A dividend of `day` that the broker has not booked, dollars; negative where it is owed."""

    day: date
    symbol: str
    amount: Decimal


@dataclass(frozen=True)
class Change:
    """What one booking did to a name: signed shares and dollars of `quantity` and `amount` ours, of `others` and `others_amount` another's;
    `code` says why. `arrival`: these shares are of a name that no decision of ours opened. `content` is what the booking said, so that one
    that the broker changes is read again.
    """

    activity_id: str
    symbol: str
    code: str
    quantity: Decimal
    amount: Decimal
    others: Decimal = NOTHING
    others_amount: Decimal = NOTHING
    arrival: bool = False
    content: str = ""


def told(one: Booking) -> str:
    """What a booking says, as one text to compare."""
    return f"{one.symbol} {one.quantity} {one.amount} {one.status}"


def words_of(one: Booking) -> list[str]:
    """The broker's own words for the kind."""
    return one.word.split("/")


def moves_shares(one: Booking) -> bool:
    """Whether the booking's quantity is of shares that came or went."""
    if one.kind == "name_change" or not one.quantity:
        return False
    return one.kind not in CASH_ONLY or (STOCK_DIVIDEND in words_of(one) and not one.amount)


def cash_code(one: Booking) -> str:
    """Why a booking moved cash."""
    if IN_LIEU in words_of(one) or (one.kind in {"split", "spin_off"} and one.amount):
        return "cash_in_lieu"
    if one.kind == "dividend":
        return "substitute" if SUBSTITUTE in words_of(one) or (one.amount or NOTHING) < 0 else "dividend"
    if one.kind in FOREIGN:
        return "foreign"
    return CODES.get(one.kind, one.kind)


def share_code(bookings: Sequence[Booking], before: Decimal, after: Decimal) -> str:
    """Why the bookings of a name, none of them without shares, moved it from `before` to `after` signed shares."""
    kinds = {one.kind for one in bookings}
    for kind in CORPORATE:
        if kind in kinds:
            paid = kind == "split" and any(one.amount for one in bookings)
            return "cash_in_lieu" if paid else CODES[kind]
    if kinds == {"dividend"}:
        return "dividend"
    if before < 0 and before < after <= 0:
        return "recall"
    return "foreign" if kinds <= set(FOREIGN) else "unexplained"


def share_changes(bookings: Sequence[Booking], before: Decimal, after: Decimal) -> dict[str, Decimal] | None:
    """Signed shares by activity that take a name from `before` to `after`, all of it; None where the bookings tell no such thing."""
    quantities = [one.quantity or NOTHING for one in bookings]
    total, moved = sum(quantities, NOTHING), after - before
    if not bookings:
        return None
    if total == moved:
        return dict(zip((one.activity_id for one in bookings), quantities, strict=True))
    if total == after or -total == moved:
        return {one.activity_id: moved if one is bookings[-1] else NOTHING for one in bookings}
    return None


def divided(value: Decimal, ours: Decimal, others: Decimal) -> tuple[Decimal, Decimal]:
    """`value` by whose shares it is on: our part, and another's; all of it is ours where nobody else holds the name."""
    if not others:
        return value, NOTHING
    if not ours or not ours + others:
        return NOTHING, value
    part = value * ours / (ours + others)
    return part, value - part


def standing(bookings: Iterable[Booking]) -> tuple[Booking, ...]:
    """Those that the broker did not take back."""
    return tuple(one for one in bookings if one.status.casefold() != CANCELED)


def after_split(shares: Decimal, factor: float | Decimal) -> Decimal:
    """What `shares` are after a split of `factor` old ones per new one, which is a ratio of whole numbers."""
    ratio = Fraction(factor).limit_denominator(FINEST)
    return shares * ratio.denominator / ratio.numerator if ratio else shares


def left_of(arrivals: Decimal, ended: Decimal, ours: Decimal) -> Decimal:
    """Signed shares that are left of `arrivals` by booking: orders for fractions have `ended` some, `ours` are all of the name."""
    left = arrivals + ended
    if left * arrivals <= 0 or left * ours <= 0:
        return NOTHING
    return min(left, arrivals, ours, key=abs)


def unpaid(receivables: Iterable[Receivable], paid: Iterable[tuple[date, str, Decimal]], day: date) -> tuple[Receivable, ...]:
    """Those of `receivables` that at the close of `day` nothing `paid` (day, symbol, dollars) has settled, and that are not given up.

    All lines of a name on one day are one payment, what is withheld in it: it settles an earlier dividend on its own side, the nearest in
    dollars, and others as far as it reaches.
    """
    left = [one for one in receivables if one.amount and day - one.day <= UNPAID]
    payments: dict[tuple[date, str], Decimal] = {}
    for at, symbol, amount in paid:
        payments[at, symbol] = payments.get((at, symbol), NOTHING) + amount
    for (at, symbol), payment in sorted(payments.items()):
        rest = payment
        due = [one for one in left if one.symbol == symbol and one.day <= at and one.amount * payment > 0]
        while due:
            nearest = min(due, key=lambda one, rest=rest: abs(one.amount - rest))  # type: ignore[misc]
            if rest / nearest.amount <= HALF:
                break
            rest -= nearest.amount
            left.remove(nearest)
            due.remove(nearest)
    return tuple(left)


HALF = Decimal("0.5")
"""So much of a dividend at least is paid out, whatever is withheld."""
