"""The book: what is held, what is waiting to be filled, as one column a name; and what events do to it, the same in every host."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.compiled import compiled


class Book(NamedTuple):
    """Columns over the names of a panel, each (N,).

    `quantity` filled shares, short negative; `waiting` signed shares of an entry, or of an order that increases a position, not yet
    filled, and `waited` openings that it has waited; `closing` True once an exit was sent;
    `held` decisions taken since the fill, the fill's own session included; `entry_price` the fill price, dollars on today's split
    scale; `mark` the last close, dollars, valid where `quantity` is not 0. `since_long, since_short` decisions taken since the last long
    or short of the name was closed, counted only where the rule has a cool-down; `NEVER`: none was.
    """

    quantity: NDArray[np.int64]
    waiting: NDArray[np.int64]
    waited: NDArray[np.int64]
    closing: NDArray[np.bool_]
    held: NDArray[np.int64]
    entry_price: NDArray[np.float64]
    mark: NDArray[np.float64]
    since_long: NDArray[np.int64]
    since_short: NDArray[np.int64]


NEVER = 1 << 40


def empty_book(names: int) -> Book:
    """A book of `names` names that holds nothing."""
    return Book(
        np.zeros(names, np.int64),
        np.zeros(names, np.int64),
        np.zeros(names, np.int64),
        np.zeros(names, np.bool_),
        np.zeros(names, np.int64),
        np.full(names, np.nan),
        np.full(names, np.nan),
        np.full(names, NEVER, np.int64),
        np.full(names, NEVER, np.int64),
    )


@compiled
def wait(book: Book, name: int, quantity: int) -> None:
    """An order over `quantity` signed shares, an entry or more of what is held, goes to the market; 0: none is there any more."""
    book.waiting[name] = quantity
    book.waited[name] = 0


@compiled
def enter(book: Book, name: int, quantity: int, price: float, close: float) -> None:
    """A position of `quantity` signed shares was opened at `price`; `close` is its first mark."""
    book.quantity[name] = quantity
    wait(book, name, 0)
    book.closing[name] = False
    book.held[name] = 0
    book.entry_price[name] = price
    book.mark[name] = close


@compiled
def resize(book: Book, name: int, quantity: int, price: float) -> None:
    """`quantity` signed shares more (or fewer) of a position that goes on: more at `price` move the mean entry price, fewer do not."""
    held = book.quantity[name]
    total = held + quantity
    if abs(total) > abs(held):
        wait(book, name, 0)
        book.entry_price[name] = (held * book.entry_price[name] + quantity * price) / total
    book.quantity[name] = total


@compiled
def leave(book: Book, name: int) -> None:
    """The position of `name` is gone, and whatever was waiting with it."""
    if book.quantity[name] > 0:
        book.since_long[name] = 0
    elif book.quantity[name] < 0:
        book.since_short[name] = 0
    book.quantity[name] = 0
    wait(book, name, 0)
    book.closing[name] = False
    book.held[name] = 0
    book.entry_price[name] = np.nan
    book.mark[name] = np.nan


@compiled
def split(book: Book, name: int, factor: float) -> float:
    """Puts `name` on the scale after a split (`factor` old shares per new one); returns the cash paid for the fraction, dollars.

    A position of which no whole share is left is paid out and leaves the book.
    """
    paid = 0.0
    quantity = book.quantity[name]
    if quantity != 0:
        whole = int(quantity / factor)
        book.mark[name] *= factor
        book.entry_price[name] *= factor
        paid = (quantity / factor - whole) * book.mark[name]
        if whole == 0:
            leave(book, name)
        book.quantity[name] = whole
    book.waiting[name] = int(book.waiting[name] / factor)
    return paid
