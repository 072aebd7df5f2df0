"""One decision: exits, then entries, from what is known after the close. The same lines in every host."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.compiled import compiled
from springback.market.book import Book
from springback.strategy.knobs import Knobs
from springback.strategy.rule import ENTRY, STAY, exit_reason, rank, shares

LONG, SHORT = 0, 1
FUNNEL = ("extreme", "no_bar", "last_session", "in_book", "not_shortable", "below_probability", "no_slot", "no_shares", "entered")
"""What became of the names beyond the QPI threshold: every stage counts the names that left there; `extreme` counts them all."""


class Today(NamedTuple):
    """One session as it is known after its close; every array is (N,) over the names of the panel.

    `close` NaN = no bar today; `qpi, p_long, p_short, adv` NaN = not ranked today; `mean_dollars` the 63-session mean dollar volume;
    `final` True on a name's last session before it is delisted.
    """

    close: NDArray[np.float64]
    qpi: NDArray[np.float64]
    p_long: NDArray[np.float64]
    p_short: NDArray[np.float64]
    adv: NDArray[np.float64]
    mean_dollars: NDArray[np.float64]
    final: NDArray[np.bool_]


class Orders(NamedTuple):
    """Where a decision writes its orders, in the order they are sent: columns of at least N + 2 * slots rows."""

    name: NDArray[np.int64]
    quantity: NDArray[np.int64]
    reason: NDArray[np.int64]


def empty_orders(names: int, slots: int) -> Orders:
    """Room for one decision over `names` names."""
    size = names + 2 * slots
    return Orders(np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64))


@compiled
def decide(knobs: Knobs, bear: bool, equity: float, today: Today, book: Book, orders: Orders, funnel: NDArray[np.int64]) -> int:
    """Writes this session's orders and returns how many; `funnel` (2, len(FUNNEL)) gets the counts of both sides.

    Reads and advances `book`: `held` counts this session, `closing` and `waiting` take the new orders. `equity` is cash plus holdings
    at the last closes, dollars.
    """
    count = _exits(knobs, today, book, orders)
    gross_long = knobs.bear_long if bear else knobs.bull_long
    gross_short = knobs.bear_short if bear else knobs.bull_short
    count = _entries(knobs, LONG, equity, gross_long, today, book, orders, count, funnel)
    return _entries(knobs, SHORT, equity, gross_short, today, book, orders, count, funnel)


@compiled
def _exits(knobs: Knobs, today: Today, book: Book, orders: Orders) -> int:
    count = 0
    for name in np.flatnonzero(book.quantity):
        book.held[name] += 1
        if book.closing[name] or today.final[name]:
            continue
        reason = exit_reason(
            book.quantity[name],
            book.entry_price[name],
            book.mark[name],
            book.held[name],
            knobs.stop_loss,
            knobs.intraday,
            knobs.holding_sessions,
        )
        if reason != STAY:
            book.closing[name] = True
            orders.name[count] = name
            orders.quantity[count] = -book.quantity[name]
            orders.reason[count] = reason
            count += 1
    return count


@compiled
def _entries(
    knobs: Knobs,
    side: int,
    equity: float,
    gross: float,
    today: Today,
    book: Book,
    orders: Orders,
    count: int,
    funnel: NDArray[np.int64],
) -> int:
    sign = 1 if side == LONG else -1
    probability = today.p_long if side == LONG else today.p_short
    extreme = np.flatnonzero(today.qpi < knobs.qpi_low) if side == LONG else np.flatnonzero(today.qpi > knobs.qpi_high)
    wanted = _candidates(knobs, side, extreme, probability, today, book, funnel)
    if len(wanted) == 0:
        return count
    ranked = rank(wanted, probability[wanted], -sign * today.qpi[wanted])
    free = knobs.slots - _occupied(book, sign)
    for name in ranked:
        if free <= 0:
            funnel[side, 6] += 1
            continue
        quantity = shares(equity, gross, knobs.slots, today.close[name], today.adv[name], knobs.max_adv_fraction)
        if quantity < 1:
            funnel[side, 7] += 1
            continue
        book.waiting[name] = sign * quantity
        orders.name[count] = name
        orders.quantity[count] = sign * quantity
        orders.reason[count] = ENTRY
        count += 1
        free -= 1
        funnel[side, 8] += 1
    return count


@compiled
def _candidates(
    knobs: Knobs,
    side: int,
    extreme: NDArray[np.int64],
    probability: NDArray[np.float64],
    today: Today,
    book: Book,
    funnel: NDArray[np.int64],
) -> NDArray[np.int64]:
    kept = np.empty(len(extreme), np.int64)
    count = 0
    funnel[side, 0] += len(extreme)
    for name in extreme:
        if np.isnan(today.close[name]):
            funnel[side, 1] += 1
        elif today.final[name]:
            funnel[side, 2] += 1
        elif book.quantity[name] != 0 or book.waiting[name] != 0:
            funnel[side, 3] += 1
        elif side == SHORT and not _shortable(knobs, today.close[name], today.mean_dollars[name]):
            funnel[side, 4] += 1
        elif not probability[name] > knobs.probability:
            funnel[side, 5] += 1
        else:
            kept[count] = name
            count += 1
    return kept[:count]


@compiled
def _shortable(knobs: Knobs, close: float, mean_dollars: float) -> bool:
    if close < knobs.short_min_price:
        return False
    return knobs.short_min_dollars <= 0 or mean_dollars >= knobs.short_min_dollars


@compiled
def _occupied(book: Book, sign: int) -> int:
    """Positions and waiting entries of one side that are not closing."""
    count = 0
    for name in range(len(book.quantity)):
        if (sign * book.quantity[name] > 0 and not book.closing[name]) or sign * book.waiting[name] > 0:
            count += 1
    return count
