"""What the session loop reads and what it writes: the market as panels, the account as a book and a log of rows with named fields."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.market.book import Book, empty_book
from springback.market.costs import Charges
from springback.strategy.decide import FUNNEL, Orders, empty_orders
from springback.strategy.knobs import RuleParameters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.void]
"""A structured array: columns by name, of which compiled code and plain Python read and write one row at a time."""
Row = Any
"""One row of `Rows`, a view of it: `row["equity"]`."""


class LoopInputs(NamedTuple):
    """The market data and the forecasts as the loop reads them: panels (T, N), series (T,), columns (N,), actions (E,), recalls (R,).

    `open` and `close` are of bars alone, so that nothing fills or is ranked on a mark; `mark`, the close of every row, values positions
    in the profile `realistic`. `adv` is the mean volume that the forecasts name, `mean_volume` that of the bars.
    `high_before`, `low_before` and `trend` (see `Today`) have no rows where their variant is off. `entry_factor` multiplies the gross of
    the entries decided after each close, and nothing is entered beyond the shares `day_loss` and `drawdown` of equity (0: off). `end_name`
    are all names by their last row, which `end_row` has. A recall asks at the open of
    `recall_row` (ascending) for the shares of `recall_name` back; only stress scenarios have any.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    mark: Floats
    qpi: Floats
    p_long: Floats
    p_short: Floats
    adv: Floats
    mean_volume: Floats
    mean_dollars: Floats
    high_before: Floats
    low_before: Floats
    trend: Floats
    vix: Floats
    vix_mean: Floats
    risk_free: Floats
    nights: Floats
    entry_factor: Floats
    end_row: Ints
    end_name: Ints
    ending: NDArray[np.int8]
    payout: Floats
    action_row: Ints
    action_name: Ints
    action_kind: Ints
    action_value: Floats
    recall_row: Ints
    recall_name: Ints
    day_loss: float
    drawdown: float


class Rules(NamedTuple):
    """What the loop goes by: the rule's numbers, the profile's charges, the multiple of the regime. Without `entries` nothing is opened or
    increased.
    """

    parameters: RuleParameters
    charges: Charges
    multiple: float
    entries: bool = True


FILLED, CANCELLED, DROPPED, WAITING = range(4)
STATUSES = ("filled", "cancelled", "dropped", "waiting")
"""What became of an order: it was filled; taken back; dropped by an event; or it waits at the end of the run."""
PLAIN, UNFILLED, REPLACED, DELISTED_AWAY, SPLIT_AWAY = range(5)
WHYS = ("", "unfilled", "replaced", "delisted", "split")
"""Why it was not filled: it lived its life without a fill; an exit or another size took its place; the name was delisted, or split so that
no share was left."""


def _fields(kind: type, *names: str) -> list[tuple[str, type]]:
    return [(name, kind) for name in names]


ORDER = np.dtype(_fields(np.float64, "order_id", "row", "name", "quantity", "reason", "level", "status", "ended", "why"))
FILL = np.dtype(
    _fields(np.float64, "order_id", "row", "midnight", "name", "quantity", "price", "fee", "slippage", "reason", "at_level"),
)
LIFE = np.dtype(
    _fields(np.int64, "entry_row", "quantity")
    + _fields(np.float64, "entry_price", "fees", "slippage", "dividends", "borrow", "flow", "bear", "probability", "qpi", "value")
)
"""The life of an open position, for the trades table. `quantity` is the most it ever held, on today's split scale, `value` the dollars
that were put in for them, `flow` what it moved into the cash."""
TRADE = np.dtype(
    _fields(np.float64, "name", "side", "entry_row", "exit_row", "quantity", "entry_price", "exit_price", "reason", "fees", "slippage")
    + _fields(np.float64, "dividends", "borrow", "profit", "bear", "probability", "qpi", "value")
)
DAY = np.dtype(
    _fields(np.float64, "equity", "cash", "n_long", "n_short", "bear", "vix", "vix_sma15", "long_value", "short_value", "traded", "fees")
    + _fields(np.float64, "slippage", "dividends", "borrow", "financing", "long_candidates", "short_candidates", "long_entries")
    + _fields(np.float64, "short_entries", "equity_midnight", "long_positions", "long_waiting", "short_positions", "short_waiting")
)
TICKET = np.dtype(_fields(np.int64, "order_id", "name", "quantity", "reason", "row", "line") + _fields(np.float64, "level"))
"""An order at the market; `line` is its row in the log, `level` the price at which a stop rests."""
COUNTS = np.dtype(_fields(np.int64, "orders", "fills", "trades", "tickets", "order_id"))
"""Rows written so far, orders at the market, and the id of the newest order."""


class Log(NamedTuple):
    """What the loop writes: growing tables of ORDER, FILL and TRADE, a row of DAY and of the funnel (S, 2, len(FUNNEL)) a session."""

    orders: Rows
    fills: Rows
    trades: Rows
    daily: Rows
    funnel: Ints


class Account(NamedTuple):
    """What changes as sessions go by: the book, the LIFE of each position (N,), the orders at the market, a TICKET each, ascending by id,
    the COUNTS (1,), and the log. `heights` (3,): equity in dollars at the close before, at the newest, and at the highest one.
    """

    book: Book
    lives: Rows
    tickets: Rows
    counts: Rows
    log: Log
    heights: Floats


class Paper(NamedTuple):
    """What a session's decision is worked out on: its orders, names whose order was `cancelled`, names on their `final` session, and NaN
    (N,) for what is `unknown`.
    """

    orders: Orders
    cancelled: Ints
    final: NDArray[np.bool_]
    unknown: Floats


def empty_account(cash: float, sessions: int, names: int, slots: int) -> Account:
    """An account of `cash` dollars that holds nothing, with room for `sessions` of `names` names and `slots` positions a side."""
    entries = sessions * 2 * min(slots, names)  # and as many exits, resting stops and, at most, changes of size
    log = Log(
        orders=np.empty(4 * entries + 1, ORDER),
        fills=np.empty(3 * entries + 1, FILL),
        trades=np.empty(entries + 1, TRADE),
        daily=np.zeros(sessions, DAY),
        funnel=np.zeros((sessions, 2, len(FUNNEL)), np.int64),
    )
    tickets = np.zeros(2 * names + 2 * slots, TICKET)
    return Account(empty_book(names, cash), np.zeros(names, LIFE), tickets, np.zeros(1, COUNTS), log, np.full(3, cash))


def empty_paper(names: int, slots: int) -> Paper:
    """Room for one decision after the other over `names` names."""
    unknown, final = np.full(names, np.nan), np.zeros(names, np.bool_)
    return Paper(empty_orders(names, slots), np.zeros(names, np.int64), final, unknown)


def columns(table: Rows) -> dict[str, Floats]:
    """The fields of `table` as columns of their own, (R,) each, as floats."""
    return {name: np.ascontiguousarray(table[name]).astype(np.float64, copy=False) for name in table.dtype.names or ()}
