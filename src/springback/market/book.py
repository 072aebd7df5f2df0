"""The book: what is held, what is waiting to be filled and the cash, as one column a name; and `apply`, which alone changes it.

All that happens to an account is an `Event`. A backtest, a live host, a restart and a stress scenario hand the same events to the same
`apply`, so that a book is the fold of its events, wherever they come from; `remember` only lays out what was known before the first.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.compiled import compiled

(ORDERED, FILLED, CANCELLED, SPLIT, DIVIDEND, DROPPED, CORRECTED, RECALLED, DELISTED, CHARGED, MARKED, SESSION_CLOSED) = range(12)
KINDS = (
    *("ordered", "filled", "cancelled", "split", "dividend", "dropped", "corrected", "recalled", "delisted", "charged", "marked"),
    "session_closed",
)
ALL = -1
"""The name of an event that concerns the whole book."""
NEVER = 1 << 40


class Event(NamedTuple):
    """What happened to column `name` of a book (`ALL`: to the whole of it), by `kind`:

    | kind | `quantity`, signed shares | `value` |
    |---|---|---|
    | ORDERED | sent to the market; all that is held, with the other sign, is its exit | |
    | FILLED | bought or sold: a whole order, or a part | price, dollars; `fee` in dollars beside it |
    | CANCELLED | | the order that opens or increases a position was taken back by its own host |
    | SPLIT | | old shares per new one; the fraction of a share is paid out at the mark |
    | DIVIDEND | | dollars a share |
    | DROPPED | the order that was refused or ended by the broker | |
    | CORRECTED | held, whatever the book says | mean entry price, dollars; NaN: as it was |
    | RECALLED | | the lender wants the shares of a short back: its exit is at the market |
    | DELISTED | | dollars that a share is closed at, free of fee |
    | CHARGED | | dollars of interest and borrow fees for the nights before the session |
    | MARKED | | the session's close, dollars |
    | SESSION_CLOSED | | a decision follows: all counts of sessions go up by one |
    """

    kind: int
    name: int
    quantity: int = 0
    value: float = 0.0
    fee: float = 0.0


class Book(NamedTuple):
    """Columns over the names of a panel, each (N,), and two of one element.

    `quantity` filled shares, short negative; `waiting` signed shares of an entry, or of an order that increases a position, not yet
    filled; `closing` True once an exit was sent; `entry_price` the mean fill price, dollars on today's split scale; `mark` the last close,
    dollars; both NaN where nothing is held. `sessions` (1,) how many have closed; `opened`, `ordered` that count when the position
    was opened, when the last order was sent; `left_long`, `left_short` when the last long or short of the name was closed, `-NEVER`:
    none was. `cash` (1,) dollars, as far as the host tells fees, dividends and charges.
    """

    quantity: NDArray[np.int64]
    waiting: NDArray[np.int64]
    closing: NDArray[np.bool_]
    entry_price: NDArray[np.float64]
    mark: NDArray[np.float64]
    opened: NDArray[np.int64]
    ordered: NDArray[np.int64]
    left_long: NDArray[np.int64]
    left_short: NDArray[np.int64]
    sessions: NDArray[np.int64]
    cash: NDArray[np.float64]


class Line(NamedTuple):
    """One name's line of a book, as it is remembered over a restart; counts are of sessions up to now: `waited` since the order was sent,
    `age` since the fill, `since_long`, `since_short` since the last long or short was closed (`NEVER`: none was).
    """

    quantity: int = 0
    waiting: int = 0
    waited: int = 0
    closing: bool = False
    age: int = 0
    entry_price: float = float("nan")
    mark: float = float("nan")
    since_long: int = NEVER
    since_short: int = NEVER


def empty_book(names: int, cash: float = 0.0) -> Book:
    """A book of `names` names that holds nothing but `cash`, dollars."""
    return Book(
        quantity=np.zeros(names, np.int64),
        waiting=np.zeros(names, np.int64),
        closing=np.zeros(names, np.bool_),
        entry_price=np.full(names, np.nan),
        mark=np.full(names, np.nan),
        opened=np.zeros(names, np.int64),
        ordered=np.zeros(names, np.int64),
        left_long=np.full(names, -NEVER, np.int64),
        left_short=np.full(names, -NEVER, np.int64),
        sessions=np.zeros(1, np.int64),
        cash=np.array([float(cash)]),
    )


def fold(book: Book, events: Iterable[Event]) -> Book:
    """`book` after `events`, shares and dollars, in their order; it is changed in place."""
    for event in events:
        apply(book, event)
    return book


def line_of(book: Book, name: int) -> Line:
    """What the book says of column `name`: signed shares, dollars, and counts of sessions up to now."""
    now, held, waiting = int(book.sessions[0]), int(book.quantity[name]), int(book.waiting[name])
    return Line(
        quantity=held,
        waiting=waiting,
        waited=now - int(book.ordered[name]) if waiting else 0,
        closing=bool(book.closing[name]),
        age=now - int(book.opened[name]) if held else 0,
        entry_price=float(book.entry_price[name]),
        mark=float(book.mark[name]),
        since_long=min(NEVER, now - int(book.left_long[name])),
        since_short=min(NEVER, now - int(book.left_short[name])),
    )


def remember(book: Book, name: int, line: Line) -> None:
    """Writes what was known of column `name`, shares and dollars, into a book that is being restored, before the events since."""
    now = book.sessions[0]
    book.quantity[name], book.waiting[name], book.closing[name] = line.quantity, line.waiting, line.closing
    book.entry_price[name], book.mark[name] = line.entry_price, line.mark
    book.opened[name] = now - line.age if line.quantity else 0
    book.ordered[name] = now - line.waited if line.waiting else 0
    book.left_long[name], book.left_short[name] = now - line.since_long, now - line.since_short


@compiled
def apply(book: Book, event: Event) -> float:  # noqa: C901 (a branch for each kind)
    """Changes `book`, in place, as `event` says, and returns the dollars it moved into the cash. The only function that changes a book."""
    name = event.name
    moved = 0.0
    if event.kind == MARKED:
        book.mark[name] = event.value
    elif event.kind == ORDERED:
        _order(book, name, event.quantity)
    elif event.kind == FILLED:
        moved = -(event.quantity * event.value + event.fee)
        _fill(book, name, event.quantity, event.value)
    elif event.kind == CANCELLED:
        _wait(book, name, 0)
    elif event.kind == SESSION_CLOSED:
        book.sessions[0] += 1
    elif event.kind == SPLIT:
        moved = _split(book, name, event.value)
    elif event.kind == DIVIDEND:
        moved = book.quantity[name] * event.value
    elif event.kind == DROPPED:
        _drop(book, name, event.quantity)
    elif event.kind == CORRECTED:
        _correct(book, name, event.quantity, event.value)
    elif event.kind == RECALLED and book.quantity[name] < 0:
        _order(book, name, -book.quantity[name])
    elif event.kind == DELISTED:
        moved = book.quantity[name] * event.value if book.quantity[name] != 0 else 0.0
        _leave(book, name)
    elif event.kind == CHARGED:
        moved = -event.value
    book.cash[0] += moved
    return moved


@compiled
def _wait(book: Book, name: int, quantity: int) -> None:
    book.waiting[name] = quantity
    book.ordered[name] = book.sessions[0]


@compiled
def _order(book: Book, name: int, quantity: int) -> None:
    """An exit is all that is held; an order over less of it takes the place of one that waits, as an exit does."""
    held = book.quantity[name]
    if held != 0 and quantity == -held:
        book.closing[name] = True
    _wait(book, name, 0 if held * quantity < 0 else quantity)


@compiled
def _fill(book: Book, name: int, quantity: int, price: float) -> None:
    """More shares move the mean entry price, fewer do not; what of an entry is not filled yet goes on waiting."""
    held = book.quantity[name]
    total = held + quantity
    if held * quantity < 0:
        if held * total > 0:
            book.quantity[name] = total
            return
        _leave(book, name)
        if total == 0:
            return
        held = 0
    if held == 0:
        book.opened[name] = book.sessions[0]
        book.entry_price[name] = price
        book.mark[name] = price
    else:
        book.entry_price[name] = (held * book.entry_price[name] + quantity * price) / total
    rest = book.waiting[name] - quantity
    if rest * quantity > 0:
        book.waiting[name] = rest
    else:
        _wait(book, name, 0)
    book.closing[name] = False
    book.quantity[name] = total


@compiled
def _drop(book: Book, name: int, quantity: int) -> None:
    """An entry's slot is free again, an exit can be sent again. Fewer shares than are held were a change of size: it is not repeated, and
    an exit that took its place stands.
    """
    held = book.quantity[name]
    if held * quantity >= 0:
        _wait(book, name, 0)
    elif abs(quantity) >= abs(held):
        book.closing[name] = False


@compiled
def _correct(book: Book, name: int, quantity: int, price: float) -> None:
    held = book.quantity[name]
    if held != 0 and held * quantity <= 0:
        _leave(book, name)
    if quantity == 0:
        _wait(book, name, 0)
        return
    if held * quantity <= 0:
        book.opened[name] = book.sessions[0]
        book.mark[name] = price
    if not np.isnan(price) or held * quantity <= 0:
        book.entry_price[name] = price
    book.quantity[name] = quantity


@compiled
def _leave(book: Book, name: int) -> None:
    """The position of `name` is gone, and whatever was waiting with it."""
    if book.quantity[name] > 0:
        book.left_long[name] = book.sessions[0]
    elif book.quantity[name] < 0:
        book.left_short[name] = book.sessions[0]
    book.quantity[name] = 0
    _wait(book, name, 0)
    book.closing[name] = False
    book.opened[name] = 0
    book.entry_price[name] = np.nan
    book.mark[name] = np.nan


@compiled
def _split(book: Book, name: int, factor: float) -> float:
    """A position of which no whole share is left is paid out and leaves the book."""
    paid = 0.0
    quantity = book.quantity[name]
    if quantity != 0:
        whole = int(quantity / factor)
        book.mark[name] *= factor
        book.entry_price[name] *= factor
        paid = (quantity / factor - whole) * book.mark[name]
        if whole == 0:
            _leave(book, name)
        book.quantity[name] = whole
    book.waiting[name] = int(book.waiting[name] / factor)
    return paid
