"""What moved shares and cash of an account, session by session, and what of a session the bookings add to its fills. Pure, exact.

Each movement belongs to one session: an execution to that of its order, a correction or booking to that of its day in New York, or to the
next one where that day is none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from springback.state.trading_rows import Adoption, Booking
from springback.trading.attribution import Counted, Pair
from springback.trading.booked import NOTHING, Change, Receivable, cash_code, standing, unpaid, words_of
from springback.trading.journal import Order

NEW_YORK, MIDNIGHT = ZoneInfo("America/New_York"), time(0)
DIVIDENDS = ("dividend", "substitute")
TRADING_FEES = frozenset(("REG", "TAF", "LCT", "ORF", "OCC", "NRC", "NRV", "COM", "CAT"))
"""What brokers call fees of a trade; others are for what is borrowed."""
Shares = Mapping[str, Decimal]


@dataclass(frozen=True)
class Move:
    """What happened to the account in session `day` at the instant `at` (None: the broker names the day alone, heard at `heard_at`): signed
    shares of `symbol` and dollars, ours and `others`. `kind` is fill, correction, adoption, fee, financing, or the code of a booking.
    """

    day: date
    kind: str
    symbol: str
    shares: Decimal
    cash: Decimal
    at: datetime | None
    heard_at: datetime
    others: Decimal = NOTHING
    others_cash: Decimal = NOTHING
    client_id: str = ""
    fee: Decimal = NOTHING

    def seen(self, instant: datetime) -> bool:
        """Whether an account that was read at `instant` had it."""
        return (self.heard_at if self.at is None else self.at) <= instant


@dataclass(frozen=True)
class Calendar:
    """`session_of` is the first session of a day or after it; `filled_in` the one in whose open a decision's orders are."""

    session_of: Callable[[date], date]
    filled_in: Callable[[date], date]


def moves(
    orders: Iterable[Order], changes: Iterable[Change], bookings: Iterable[Booking], adoptions: Iterable[Adoption], calendar: Calendar
) -> tuple[Move, ...]:
    """Everything that moved shares or cash, by session; of a booking that no reconciliation has read yet its dollars alone."""
    found = [one for order in orders for one in _fills(order, calendar)]
    told = {one.activity_id: one for one in standing(bookings)}
    known = {one.activity_id: one for one in changes}
    found += [_booked(known.get(name) or _unread(one), one, calendar) for name, one in told.items()]
    for one in adoptions:
        if one.claim == "ours":
            day = calendar.session_of(one.at.astimezone(NEW_YORK).date())
            found.append(Move(day, "adoption", one.symbol, one.quantity, NOTHING, one.at, one.at))
    return tuple(sorted(found, key=lambda one: one.day))


def _fills(order: Order, calendar: Calendar) -> Iterable[Move]:
    """An execution, and what corrected it: of the same session it is as if it had been so from the first."""
    day = calendar.filled_in(order.intent.session)
    worth = {
        one.execution_id: (order.sign * one.quantity, -order.sign * one.quantity * one.price - one.fee, one.fee) for one in order.history
    }
    for one in order.history:
        shares, cash, fee = worth[one.execution_id]
        kind, session = "fill", day
        if one.corrects:
            before = worth[one.corrects]
            shares, cash, fee = shares - before[0], cash - before[1], fee - before[2]
            session = max(day, calendar.session_of(one.at.astimezone(NEW_YORK).date()))
            kind = "fill" if session == day else "correction"
        yield Move(session, kind, order.intent.symbol, shares, cash, one.at, one.at, client_id=order.client_id, fee=fee)


def _unread(one: Booking) -> Change:
    """What a booking that no reconciliation has read moved: dollars, ours but for those of another hand."""
    code, amount = cash_code(one), one.amount or NOTHING
    mine = NOTHING if code == "foreign" else amount
    return Change(one.activity_id, one.symbol, code, NOTHING, mine, NOTHING, amount - mine)


def _booked(change: Change, booking: Booking, calendar: Calendar) -> Move:
    at = booking.at.astimezone(NEW_YORK)
    named = None if booking.at.time() == MIDNIGHT or at.time() == MIDNIGHT else booking.at
    day = booking.at.date() if named is None and booking.at.time() == MIDNIGHT else at.date()
    kind = change.code
    if booking.kind in {"fee", "interest"}:
        kind = "fee" if booking.kind == "fee" and _of_a_trade(booking) else "financing"
    money = (change.quantity, change.amount, named, booking.heard_at, change.others, change.others_amount)
    return Move(calendar.session_of(day), kind, change.symbol, *money)


def _of_a_trade(booking: Booking) -> bool:
    """Whether a fee is of a trade: by its subtype, or where the broker names none and calls it a fee."""
    words = words_of(booking)
    return bool(TRADING_FEES & set(words)) or words in (["FEE"], ["PTC"])


def shares_at(ledger: Iterable[Move], day: date) -> dict[str, Decimal]:
    """Our signed shares at the close of session `day`."""
    held: dict[str, Decimal] = {}
    for one in ledger:
        if one.day <= day and one.shares:
            held[one.symbol] = held.get(one.symbol, NOTHING) + one.shares
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


@dataclass(frozen=True)
class Reading:
    """The account as the broker had it at the instant `at`: dollars and signed shares."""

    at: datetime
    cash: Decimal
    shares: Shares


def at_close(reading: Reading, ledger: Iterable[Move], day: date) -> Reading:
    """`reading` without what came after the session `day`, and with what came late."""
    cash, shares = reading.cash, dict(reading.shares)
    for one in ledger:
        sign = (one.day <= day) - one.seen(reading.at)
        if sign:
            cash += sign * (one.cash + one.others_cash)
            if one.symbol:
                shares[one.symbol] = shares.get(one.symbol, NOTHING) + sign * (one.shares + one.others)
    return Reading(reading.at, cash, {symbol: quantity for symbol, quantity in shares.items() if quantity})


def worth(shares: Shares, closes: Shares) -> Decimal:
    """Dollars of the shares that have a close."""
    return sum((quantity * closes[symbol] for symbol, quantity in shares.items() if symbol in closes), NOTHING)


@dataclass(frozen=True)
class OwnSession:
    """The session `day` after `before` as the loop played it with what was filled: whole shares at both closes, the `closes` themselves,
    what `dividends`, `financing` and all else but fills (`other`) moved into the cash, and the fills as `pairs` of whole shares, by orders
    of which client ids (`paired`), and what fractions of shares beside them moved (`rest`).
    """

    before: date
    day: date
    start: Shares
    end: Shares
    first_closes: Shares
    closes: Shares
    dividends: Decimal = NOTHING
    financing: Decimal = NOTHING
    other: Decimal = NOTHING
    pairs: tuple[Pair, ...] = ()
    paired: frozenset[str] = frozenset()
    rest: Decimal = NOTHING


@dataclass(frozen=True)
class Foreign:
    """What another hand held and had moved by a close: signed shares, dollars."""

    shares: Shares = field(default_factory=dict)
    cash: Decimal = NOTHING


def counted(own: OwnSession, ledger: Sequence[Move], owed: tuple[Decimal, Decimal], others: tuple[Foreign, Foreign]) -> Counted:
    """What journal and bookings add to the session `own`. `owed` are the receivables at both closes, dollars, `others` what was foreign."""
    today = [one for one in ledger if one.day == own.day]
    outside = [one for one in today if one.kind == "fill" and one.client_id not in own.paired]
    corrections = [one for one in today if one.kind == "correction"]
    adopted = worth(_summed(one for one in today if one.kind == "adoption"), own.closes)
    apart = [worth(_summed(some), own.closes) for some in (corrections, outside)]
    beside = _beside(shares_at(ledger, own.day), own.end, own.closes) - _beside(shares_at(ledger, own.before), own.start, own.first_closes)
    events = {
        "dividends": _cash(today, *DIVIDENDS) + owed[1] - owed[0] - own.dividends,
        "actions": _actions(today) + beside - sum(apart, adopted) - own.other,
        "corrections": _cash(corrections, "correction") + apart[0],
        "outside": _cash(outside, "fill") + apart[1] + own.rest,
    }
    flow = others[1].cash - others[0].cash + sum((one.others_cash for one in today), NOTHING)
    foreign = worth(others[1].shares, own.closes) - worth(others[0].shares, own.first_closes) + flow + adopted
    named = {name: value for name, value in events.items() if value}
    return Counted(own.pairs, _cash(today, "fee"), _cash(today, "financing"), own.financing, named, foreign)


def _actions(today: Iterable[Move]) -> Decimal:
    apart = {*DIVIDENDS, "fill", "correction", "adoption", "fee", "financing"}
    return sum((one.cash for one in today if one.kind not in apart), NOTHING)


def _cash(ledger: Iterable[Move], *kinds: str) -> Decimal:
    return sum((one.cash for one in ledger if one.kind in kinds), NOTHING)


def _summed(ledger: Iterable[Move]) -> dict[str, Decimal]:
    held: dict[str, Decimal] = {}
    for one in ledger:
        held[one.symbol] = held.get(one.symbol, NOTHING) + one.shares
    return held


def _beside(ours: Shares, whole: Shares, closes: Shares) -> Decimal:
    """Dollars of what we hold beside the loop's whole shares."""
    names = ours.keys() | whole.keys()
    return worth({symbol: ours.get(symbol, NOTHING) - whole.get(symbol, NOTHING) for symbol in names}, closes)


def receivables(before: Sequence[Receivable], declared: Sequence[Receivable], ledger: Iterable[Move], day: date) -> tuple[Receivable, ...]:
    """Dividends that are receivable or owed at the close of `day`: those from `before` and `declared` today, less what was booked today."""
    return unpaid((*before, *declared), ((day, one.symbol, one.cash) for one in ledger if one.day == day and one.kind in DIVIDENDS), day)


def total(owed: Iterable[Receivable]) -> Decimal:
    """Dollars."""
    return sum((one.amount for one in owed), NOTHING)


def foreign_at(latest: Foreign, ledger: Iterable[Move], day: date, read_at: datetime) -> Foreign:
    """What was foreign at the close of `day`, from the `latest` that is known of it, at `read_at`: bookings of other days are set right."""
    shares = dict(latest.shares)
    for one in ledger:
        sign = (one.day <= day) - one.seen(read_at)
        if sign and one.others and one.symbol:
            shares[one.symbol] = shares.get(one.symbol, NOTHING) + sign * one.others
    return replace(latest, shares={symbol: quantity for symbol, quantity in shares.items() if quantity})
