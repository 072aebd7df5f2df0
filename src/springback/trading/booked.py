"""What the broker's bookings did to shares and cash, told apart by kind: pure, and read from the fields that brokers fill alike.

Brokers differ in what they count: a booking may tell the shares that came and went, the shares that are there afterwards, or how many went
without a sign. Whichever of the three accounts for the whole difference of a position is the one that was meant; none of them: unexplained.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

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
