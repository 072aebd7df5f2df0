"""One decision: dead entries, exits, then entries, from what is known after the close. The same lines in every host."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.compiled import compiled
from springback.market.book import CANCELLED, ORDERED, Book, Event, apply
from springback.strategy.knobs import RuleParameters
from springback.strategy.rule import BEYOND_YESTERDAY, ENTRY, REGIME, STAY, beyond_yesterday, exit_reason, rank, shares

LONG, SHORT = 0, 1
FUNNEL = (
    *("extreme", "no_bar", "last_session", "in_book", "not_shortable", "cooling", "against_trend"),
    *("below_probability", "no_slot", "no_shares", "entered"),
)
"""What became of the names beyond the QPI threshold: every stage counts the names that left there; `extreme` counts them all."""
OPTIONAL = ("cooling", "against_trend")
"""Stages that only a variant has."""
EXTREME, NO_BAR, LAST_SESSION, IN_BOOK, NOT_SHORTABLE, COOLING, AGAINST_TREND, BELOW_PROBABILITY, NO_SLOT, NO_SHARES, ENTERED = range(11)


class Today(NamedTuple):
    """One session as it is known after its close; every array is (N,) over the names of the panel.

    `close` NaN = no bar today, a mark or nothing; `qpi, p_long, p_short, ranked_volume` NaN = not ranked today, the last of them the mean
    volume that came with the forecast, shares, which caps an entry; `p_short` alone NaN = nobody lends the shares; `mean_dollars` the
    63-session mean dollar volume, read where shorts have a floor; `final` True on a name's last session before it is delisted. Only
    variants read the rest, NaN without them: `mean_volume` of 63 sessions, shares, of every name that has one, ranked or not, which caps an
    increase; `high_before, low_before` the range of the session before and `trend` the mean of 200 closes, dollars on today's split scale;
    `flipped` whether the regime is another than at the last decision. `entry_factor` multiplies the gross of new entries, 1 of an
    undisturbed day; slots and what is held stay as they are. Without `entries` nothing is opened or increased.
    """

    close: NDArray[np.float64]
    qpi: NDArray[np.float64]
    p_long: NDArray[np.float64]
    p_short: NDArray[np.float64]
    ranked_volume: NDArray[np.float64]
    mean_dollars: NDArray[np.float64]
    final: NDArray[np.bool_]
    mean_volume: NDArray[np.float64]
    high_before: NDArray[np.float64]
    low_before: NDArray[np.float64]
    trend: NDArray[np.float64]
    flipped: bool
    entry_factor: float
    entries: bool = True


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
def expire(parameters: RuleParameters, book: Book, names: NDArray[np.int64]) -> int:
    """Step 0: takes back the entries, and the orders for more shares of a position, that have waited `entry_life` openings without a fill.

    Writes their names to `names` (N,), ascending, and returns how many; their slots are free. Called once a session, the last one of a
    backtest too, after the book's session has closed and before `decide`. Exits wait until they fill.
    """
    count = 0
    for name in np.flatnonzero(book.waiting):
        if 0 < parameters.entry_life <= book.sessions[0] - book.ordered[name]:
            apply(book, Event(CANCELLED, name, 0, 0.0, 0.0))
            names[count] = name
            count += 1
    return count


@compiled
def decide(
    parameters: RuleParameters, bear: bool, equity: float, today: Today, book: Book, orders: Orders, funnel: NDArray[np.int64]
) -> int:
    """Writes this session's orders and returns how many: steps 1 to 4 of the rule, after `expire`. `funnel` (2, len(FUNNEL)) gets the
    counts of both sides.

    The new orders are events of `book`, whose session has closed. `equity` is cash plus holdings at the last closes, dollars.
    """
    count = _exits(parameters, today, book, orders)
    gross_long = parameters.bear_long if bear else parameters.bull_long
    gross_short = parameters.bear_short if bear else parameters.bull_short
    if parameters.resize and today.flipped:
        count = _resizes(parameters, equity, gross_long, gross_short, today, book, orders, count)
    gross_long, gross_short = gross_long * today.entry_factor, gross_short * today.entry_factor
    slots = parameters.slots if today.entries else 0
    long, short = _occupied(book)
    count = _entries(parameters, LONG, slots - long, equity, gross_long, today, book, orders, count, funnel)
    return _entries(parameters, SHORT, slots - short, equity, gross_short, today, book, orders, count, funnel)


@compiled
def _order(name: int, quantity: int, reason: int, book: Book, orders: Orders, count: int) -> int:
    orders.name[count] = name
    orders.quantity[count] = quantity
    orders.reason[count] = reason
    apply(book, Event(ORDERED, name, quantity, 0.0, 0.0))
    return count + 1


@compiled
def _exits(parameters: RuleParameters, today: Today, book: Book, orders: Orders) -> int:
    count = 0
    for name in np.flatnonzero(book.quantity):
        if book.closing[name] or today.final[name]:
            continue
        reason = exit_reason(
            book.quantity[name],
            book.entry_price[name],
            today.close[name],
            book.sessions[0] - book.opened[name],
            parameters.stop_loss,
            parameters.intraday,
            parameters.holding_sessions,
        )
        if (
            reason == STAY
            and parameters.exit_beyond
            and beyond_yesterday(book.quantity[name], today.close[name], today.high_before[name], today.low_before[name])
        ):
            reason = BEYOND_YESTERDAY
        if reason != STAY:
            count = _order(name, -book.quantity[name], reason, book, orders, count)
    return count


@compiled
def _resizes(
    parameters: RuleParameters, equity: float, gross_long: float, gross_short: float, today: Today, book: Book, orders: Orders, count: int
) -> int:
    """Brings each position with a bar today that is not closing to the size the regime gives it; to nothing is an exit.

    A side whose exposure is the same in both regimes is left alone.
    """
    for name in np.flatnonzero(book.quantity):
        if book.closing[name] or today.final[name] or np.isnan(today.close[name]):
            continue
        held = book.quantity[name]
        if parameters.bull_long == parameters.bear_long if held > 0 else parameters.bull_short == parameters.bear_short:
            continue
        gross = gross_long if held > 0 else gross_short
        target = int(max(0.0, np.floor(equity * gross / parameters.slots / today.close[name])))
        change = target - abs(held)
        if change > 0 and not today.entries:
            change = 0
        if change > 0 and held < 0 and not _shortable(parameters, today.close[name], today.mean_dollars[name]):
            change = 0
        if change > 0:
            volume = today.mean_volume[name]
            change = 0 if np.isnan(volume) else min(change, int(np.floor(parameters.max_adv_fraction * volume)))
        if change == 0:
            continue
        count = _order(name, change if held > 0 else -change, REGIME, book, orders, count)
    return count


@compiled
def _entries(
    parameters: RuleParameters,
    side: int,
    free: int,
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
    extreme = np.flatnonzero(today.qpi < parameters.qpi_low) if side == LONG else np.flatnonzero(today.qpi > parameters.qpi_high)
    wanted = _candidates(parameters, side, extreme, probability, today, book, funnel)
    if len(wanted) == 0:
        return count
    ranked = rank(wanted, probability[wanted], -sign * today.qpi[wanted])
    for name in ranked:
        if free <= 0:
            funnel[side, NO_SLOT] += 1
            continue
        quantity = shares(equity, gross, parameters.slots, today.close[name], today.ranked_volume[name], parameters.max_adv_fraction)
        if quantity < 1:
            funnel[side, NO_SHARES] += 1
            continue
        count = _order(name, sign * quantity, ENTRY, book, orders, count)
        free -= 1
        funnel[side, ENTERED] += 1
    return count


@compiled
def _candidates(
    parameters: RuleParameters,
    side: int,
    extreme: NDArray[np.int64],
    probability: NDArray[np.float64],
    today: Today,
    book: Book,
    funnel: NDArray[np.int64],
) -> NDArray[np.int64]:
    left = book.left_long if side == LONG else book.left_short
    kept = np.empty(len(extreme), np.int64)
    count = 0
    funnel[side, EXTREME] += len(extreme)
    for name in extreme:
        if np.isnan(today.close[name]):
            funnel[side, NO_BAR] += 1
        elif today.final[name]:
            funnel[side, LAST_SESSION] += 1
        elif book.quantity[name] != 0 or book.waiting[name] != 0:
            funnel[side, IN_BOOK] += 1
        elif side == SHORT and (np.isnan(probability[name]) or not _shortable(parameters, today.close[name], today.mean_dollars[name])):
            funnel[side, NOT_SHORTABLE] += 1
        elif parameters.cool_down > 0 and book.sessions[0] - left[name] <= parameters.cool_down:
            funnel[side, COOLING] += 1
        elif parameters.trend and not _with_trend(side, today.close[name], today.trend[name]):
            funnel[side, AGAINST_TREND] += 1
        elif not probability[name] > parameters.probability:
            funnel[side, BELOW_PROBABILITY] += 1
        else:
            kept[count] = name
            count += 1
    return kept[:count]


@compiled
def _with_trend(side: int, close: float, mean: float) -> bool:
    """Whether a long stands above its mean, a short below it; neither where the mean is unknown (NaN)."""
    return bool(close > mean) if side == LONG else bool(close < mean)


@compiled
def _shortable(parameters: RuleParameters, close: float, mean_dollars: float) -> bool:
    if close < parameters.short_min_price:
        return False
    return parameters.short_min_dollars <= 0 or mean_dollars >= parameters.short_min_dollars


@compiled
def _occupied(book: Book) -> tuple[int, int]:
    """Positions and waiting entries that are not closing, long and short."""
    long, short = 0, 0
    for name in range(len(book.quantity)):
        size = book.waiting[name] if book.quantity[name] == 0 or book.closing[name] else book.quantity[name]
        if size > 0:
            long += 1
        elif size < 0:
            short += 1
    return long, short
