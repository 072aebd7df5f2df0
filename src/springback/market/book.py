"""The book: what is held, what is waiting to be filled, as one column a name."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Book(NamedTuple):
    """Columns over the names of a panel, each (N,).

    `quantity` filled shares, short negative; `waiting` signed shares of an entry not yet filled; `closing` True once an exit was sent;
    `held` decisions taken since the fill, the fill's own session included; `entry_price` the fill price, dollars on today's split
    scale; `mark` the last close, dollars, valid where `quantity` is not 0.
    """

    quantity: NDArray[np.int64]
    waiting: NDArray[np.int64]
    closing: NDArray[np.bool_]
    held: NDArray[np.int64]
    entry_price: NDArray[np.float64]
    mark: NDArray[np.float64]


def empty_book(names: int) -> Book:
    """A book of `names` names that holds nothing."""
    return Book(
        np.zeros(names, np.int64),
        np.zeros(names, np.int64),
        np.zeros(names, np.bool_),
        np.zeros(names, np.int64),
        np.full(names, np.nan),
        np.full(names, np.nan),
    )
