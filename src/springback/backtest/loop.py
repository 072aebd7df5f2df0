"""The session loop, compiled: midnight, fills, decision, one session after the other.

Longer than the house's limit for functions because compiled state cannot be passed around cheaply: it reads from top to bottom as
one session does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.backtest.fills import delisting_price, paid_price, stop_trigger
from springback.compiled import compiled
from springback.market.actions import DIVIDEND
from springback.market.book import Book, enter, leave, resize, split, wait
from springback.market.costs import DAYS_PER_YEAR, Charges, borrow_rate, commission
from springback.market.market_data import BANKRUPT, DELISTED, TRADING
from springback.strategy.decide import ENTERED, FUNNEL, LONG, NO_SHARES, NO_SLOT, SHORT, Orders, Today, decide, expire
from springback.strategy.knobs import Knobs
from springback.strategy.rule import DELISTING, ENTRY, RECALL, REGIME, RESTING_STOP, SPLIT_OUT, STOP_LOSS, is_bear, round_price, stop_level

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Market(NamedTuple):
    """The market data and the forecasts as the loop reads them: panels (T, N), series (T,), columns (N,), actions (E,), recalls (R,).

    `open` and `close` are of bars alone, so that nothing fills or is ranked on a mark; `mark`, the close of every row, values positions
    in the profile `realistic`.
    `high_before`, `low_before` and `trend` (see `Today`) have no rows where their variant is off. A recall asks at the open of `recall_row`
    (ascending) for the shares of `recall_name` back; only stress scenarios have any.
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
    last: Ints
    ending: NDArray[np.int8]
    payout: Floats
    action_row: Ints
    action_name: Ints
    action_kind: Ints
    action_value: Floats
    recall_row: Ints
    recall_name: Ints


class Log(NamedTuple):
    """What the loop writes; each field is a growing set of columns, `counts` (3,) how many rows of orders, fills and trades."""

    orders: Floats
    fills: Floats
    trades: Floats
    daily: Floats
    funnel: Ints
    counts: Ints


ORDER_COLUMNS = ("order_id", "row", "name", "quantity", "reason", "level", "status", "ended", "why")
FILLED, CANCELLED, DROPPED, WAITING = range(4)
STATUSES = ("filled", "cancelled", "dropped", "waiting")
"""What became of an order: it was filled; taken back; dropped by an event; or it waits at the end of the run."""
PLAIN, UNFILLED, REPLACED, DELISTED_AWAY, SPLIT_AWAY = range(5)
WHYS = ("", "unfilled", "replaced", "delisted", "split")
"""Why it was not filled: it lived its life without a fill; an exit or another size took its place; the name was delisted, or split so that
no share was left."""
FILL_COLUMNS = ("order_id", "row", "midnight", "name", "quantity", "price", "fee", "slippage", "reason", "at_level")
TRADE_COLUMNS = (
    "name",
    "side",
    "entry_row",
    "exit_row",
    "quantity",
    "entry_price",
    "exit_price",
    "reason",
    "fees",
    "slippage",
    "dividends",
    "borrow",
    "profit",
    "bear",
    "probability",
    "qpi",
    "value",
)
POSITION_COLUMNS = ("name", "entry_row", "quantity", "entry_price", "mark", "profit", "value", "closing")
"""Positions that are open at the end; `profit` is what they would have made at their marks, net of what they cost so far."""
DAILY_COLUMNS = (
    "equity",
    "cash",
    "n_long",
    "n_short",
    "bear",
    "vix",
    "vix_sma15",
    "long_value",
    "short_value",
    "traded",
    "fees",
    "slippage",
    "dividends",
    "borrow",
    "financing",
    "long_candidates",
    "short_candidates",
    "long_entries",
    "short_entries",
    "equity_midnight",
    "long_positions",
    "long_waiting",
    "short_positions",
    "short_waiting",
)
EQUITY, CASH, N_LONG, N_SHORT, BEAR, VIX, VIX_MEAN, LONG_VALUE, SHORT_VALUE, TRADED, FEES, SLIPPAGE, DIVIDENDS, BORROW, FINANCING = range(
    15
)
LONG_CANDIDATES, SHORT_CANDIDATES, LONG_ENTRIES, SHORT_ENTRIES, MIDNIGHT = range(15, 20)
LONG_POSITIONS, LONG_WAITING, SHORT_POSITIONS, SHORT_WAITING = range(20, 24)


class Open(NamedTuple):
    """Orders at the market, ascending by id: columns with room for all that can wait at once; `line` is an order's row in the log, `size`
    (1,) how many they are."""

    id: Ints
    name: Ints
    quantity: Ints
    reason: Ints
    level: Floats
    row: Ints
    line: Ints
    size: Ints


class Lives(NamedTuple):
    """The life of each open position, for the trades table; columns (N,). `quantity` is the most it ever held, on today's split scale,
    `value` the dollars that were put in for them."""

    entry_row: Ints
    quantity: Ints
    entry_price: Floats
    fees: Floats
    slippage: Floats
    dividends: Floats
    borrow: Floats
    flow: Floats
    bear: Floats
    probability: Floats
    qpi: Floats
    value: Floats


@compiled
def replay(
    market: Market,
    first: int,
    end: int,
    knobs: Knobs,
    charges: Charges,
    multiple: float,
    cash: float,
    book: Book,
    lives: Lives,
    waiting: Open,
    orders: Orders,
    log: Log,
) -> float:
    """Runs sessions `first <= row < end` and returns the cash at the end. Writes everything else into `log`."""
    next_id = 1
    action = int(np.searchsorted(market.action_row, first))
    recall = int(np.searchsorted(market.recall_row, first))
    final = np.zeros(len(book.quantity), np.bool_)
    unknown = np.full(len(book.quantity), np.nan)
    dead = np.zeros(len(book.quantity), np.int64)
    by_end = np.argsort(market.last, kind="mergesort")
    ends = market.last[by_end]
    gone = by_end[:0]
    was_bear = is_bear(market.vix[first], market.vix_mean[first], multiple)
    for row in range(first, end):
        daily = log.daily[row - first]
        if row > first:
            cash -= _accrue(market, row, charges, cash, book, lives, daily)
            cash, next_id = _delist(market, row, gone, charges, cash, next_id, book, lives, waiting, log)
        while action < len(market.action_row) and market.action_row[action] == row:
            cash += _act(market, action, book, lives, waiting, log, daily)
            action += 1
        while recall < len(market.recall_row) and market.recall_row[recall] == row:
            next_id = _recall(row, market.recall_name[recall], next_id, book, waiting, log)
            recall += 1
        daily[MIDNIGHT] = cash + _holdings(book)
        cash, next_id = _settle(market, row, knobs, charges, cash, next_id, book, lives, waiting, log, daily)
        _mark(market.mark[row] if charges.financed else market.close[row], book)
        equity = cash + _holdings(book)
        for k in range(expire(knobs, book, dead)):
            _drop(waiting, dead[k], log, CANCELLED, row, UNFILLED)
        bear = is_bear(market.vix[row], market.vix_mean[row], multiple)
        _describe(market, row, cash, equity, bear, book, daily)
        if row < end - 1:
            final[gone] = False
            gone = by_end[np.searchsorted(ends, row) : np.searchsorted(ends, row + 1)]
            for name in gone:
                final[name] = market.ending[name] != TRADING
            today = Today(
                market.close[row],
                market.qpi[row],
                market.p_long[row],
                market.p_short[row],
                market.adv[row],
                market.mean_dollars[row],
                final,
                market.mean_volume[row],
                market.high_before[row] if knobs.exit_beyond else unknown,
                market.low_before[row] if knobs.exit_beyond else unknown,
                market.trend[row] if knobs.trend else unknown,
                bear != was_bear,
            )
            was_bear = bear
            funnel = log.funnel[row - first]
            count = decide(knobs, bear, equity, today, book, orders, funnel)
            next_id = _send(market, row, bear, count, next_id, orders, lives, waiting, log)
            for side, candidates, entries in ((LONG, LONG_CANDIDATES, LONG_ENTRIES), (SHORT, SHORT_CANDIDATES, SHORT_ENTRIES)):
                stages = funnel[side]
                daily[candidates] = stages[NO_SLOT] + stages[NO_SHARES] + stages[ENTERED]
                daily[entries] = stages[ENTERED]
    return cash


@compiled
def _send(market: Market, row: int, bear: bool, count: int, next_id: int, orders: Orders, lives: Lives, waiting: Open, log: Log) -> int:
    for k in range(count):
        name = orders.name[k]
        if orders.reason[k] == ENTRY:
            lives.bear[name] = 1.0 if bear else 0.0
            lives.probability[name] = market.p_long[row, name] if orders.quantity[k] > 0 else market.p_short[row, name]
            lives.qpi[name] = market.qpi[row, name]
        else:
            _drop(waiting, name, log, CANCELLED, row, REPLACED)
        _place(row, next_id, name, orders.quantity[k], orders.reason[k], np.nan, waiting, log)
        next_id += 1
    return next_id


@compiled
def _place(row: int, order: int, name: int, quantity: int, reason: int, level: float, waiting: Open, log: Log) -> None:
    at = waiting.size[0]
    waiting.id[at] = order
    waiting.name[at] = name
    waiting.quantity[at] = quantity
    waiting.reason[at] = reason
    waiting.level[at] = level
    waiting.row[at] = row
    waiting.line[at] = log.counts[0]
    waiting.size[0] += 1
    line = log.orders[log.counts[0]]
    line[0], line[1], line[2], line[3], line[4], line[5] = order, row, name, quantity, reason, level
    line[6], line[7], line[8] = WAITING, -1, PLAIN
    log.counts[0] += 1


@compiled
def _recall(row: int, name: int, next_id: int, book: Book, waiting: Open, log: Log) -> int:
    """A lender's notice after the last close: a short that is not leaving anyway is bought back at this open."""
    if book.quantity[name] >= 0 or book.closing[name]:
        return next_id
    _drop(waiting, name, log, CANCELLED, row - 1, REPLACED)
    wait(book, name, 0)
    book.closing[name] = True
    _place(row - 1, next_id, name, -book.quantity[name], RECALL, np.nan, waiting, log)
    return next_id + 1


@compiled
def _drop(waiting: Open, name: int, log: Log, status: int, row: int, why: int) -> None:
    """Takes the orders of `name` from the market: an entry that lived its life, a stop before its time stop, all of them at a delisting."""
    kept = 0
    for k in range(waiting.size[0]):
        if waiting.name[k] == name:
            _end(log, waiting.line[k], status, row, why)
            continue
        _move(waiting, k, kept)
        kept += 1
    waiting.size[0] = kept


@compiled
def _end(log: Log, line: int, status: int, row: int, why: int) -> None:
    log.orders[line, 6], log.orders[line, 7], log.orders[line, 8] = status, row, why


@compiled
def _move(waiting: Open, source: int, target: int) -> None:
    waiting.id[target] = waiting.id[source]
    waiting.name[target] = waiting.name[source]
    waiting.quantity[target] = waiting.quantity[source]
    waiting.reason[target] = waiting.reason[source]
    waiting.level[target] = waiting.level[source]
    waiting.row[target] = waiting.row[source]
    waiting.line[target] = waiting.line[source]


@compiled
def _accrue(market: Market, row: int, charges: Charges, cash: float, book: Book, lives: Lives, daily: Floats) -> float:
    """Dollars of borrow and financing for the nights before this session; 0 in the profile `lean`."""
    if not charges.financed:
        return 0.0
    years = market.nights[row] / DAYS_PER_YEAR
    proceeds = 0.0
    borrow = 0.0
    for name in np.flatnonzero(book.quantity < 0):
        value = -book.quantity[name] * book.mark[name]
        fee = value * borrow_rate(charges, book.mark[name], market.mean_dollars[row - 1, name]) * years
        lives.borrow[name] += fee
        lives.flow[name] -= fee
        borrow += fee
        proceeds += value
    free = cash - proceeds
    rate = market.risk_free[row - 1]
    over = rate + charges.debit_over if free < 0 else max(0.0, rate - charges.credit_under)
    financing = -free * over * years
    daily[BORROW] = borrow
    daily[FINANCING] = financing
    return float(borrow + financing)


@compiled
def _delist(
    market: Market,
    row: int,
    gone: Ints,
    charges: Charges,
    cash: float,
    next_id: int,
    book: Book,
    lives: Lives,
    waiting: Open,
    log: Log,
) -> tuple[float, int]:
    """Midnight after the last session of the names `gone` (ascending): the orders of those that end there are dropped, the position is
    closed at the last close, free of fee.
    """
    for name in gone:
        if market.ending[name] == TRADING:
            continue
        _drop(waiting, name, log, DROPPED, row - 1, DELISTED_AWAY)
        wait(book, name, 0)
        quantity = book.quantity[name]
        if quantity == 0:
            continue
        kind = market.ending[name]
        price = delisting_price(charges, quantity, book.mark[name], kind == BANKRUPT, kind == DELISTED, market.payout[name])
        cash += quantity * price
        lives.flow[name] += quantity * price
        lost = abs(quantity * (book.mark[name] - price))
        lives.slippage[name] += lost
        _record_fill(log, next_id, row - 1, 1, name, -quantity, price, 0.0, lost, DELISTING, False)
        _close(log, row - 1, name, price, DELISTING, book, lives)
        next_id += 1
    return cash, next_id


@compiled
def _act(market: Market, action: int, book: Book, lives: Lives, waiting: Open, log: Log, daily: Floats) -> float:
    """Cash from one dividend or split at midnight of its ex-date. A position of which no whole share is left is a trade that ends here."""
    row = market.action_row[action]
    name = market.action_name[action]
    value = market.action_value[action]
    quantity = book.quantity[name]
    if market.action_kind[action] == DIVIDEND:
        lives.dividends[name] += quantity * value
        lives.flow[name] += quantity * value
        daily[DIVIDENDS] += quantity * value
        return float(quantity * value)
    close = book.mark[name]
    paid = split(book, name, value)
    if quantity != 0:
        lives.flow[name] += paid
        if book.quantity[name] == 0:
            _close(log, row, name, close, SPLIT_OUT, book, lives)
            _drop(waiting, name, log, DROPPED, row, SPLIT_AWAY)
            return paid
        lives.entry_price[name] *= value
        lives.quantity[name] = int(lives.quantity[name] / value)
    kept = 0
    for k in range(waiting.size[0]):
        if waiting.name[k] == name:
            waiting.quantity[k] = int(waiting.quantity[k] / value)
            if waiting.reason[k] == RESTING_STOP:
                waiting.level[k] = round_price(waiting.level[k] * value)
            if waiting.quantity[k] == 0:
                _end(log, waiting.line[k], DROPPED, row, SPLIT_AWAY)
                continue
        _move(waiting, k, kept)
        kept += 1
    waiting.size[0] = kept
    return paid


@compiled
def _settle(
    market: Market,
    row: int,
    knobs: Knobs,
    charges: Charges,
    cash: float,
    next_id: int,
    book: Book,
    lives: Lives,
    waiting: Open,
    log: Log,
    daily: Floats,
) -> tuple[float, int]:
    """Fills what can be filled in this session's bars, ascending by id; a filled entry may place its resting stop."""
    before = waiting.size[0]
    kept = 0
    for k in range(before):
        name, quantity, reason = waiting.name[k], waiting.quantity[k], waiting.reason[k]
        price = market.open[row, name]
        at_open = True
        if reason == RESTING_STOP:
            price = stop_trigger(quantity, waiting.level[k], market.open[row, name], market.high[row, name], market.low[row, name])
            at_open = price == market.open[row, name]
        if np.isnan(price):
            _move(waiting, k, kept)
            kept += 1
            continue
        _end(log, waiting.line[k], FILLED, row, PLAIN)
        close = market.close[row, name]
        worth = close
        if reason == RESTING_STOP:
            worth = max(waiting.level[k], close) if quantity < 0 else min(waiting.level[k], close)
        paid = paid_price(charges, quantity, price, market.mean_volume[row - 1, name], market.mean_dollars[row - 1, name], at_open)
        fee = commission(charges, quantity, worth)
        lost = quantity * (paid - price)
        cash -= quantity * paid + fee
        daily[TRADED] += abs(quantity) * paid
        daily[FEES] += fee
        daily[SLIPPAGE] += lost
        logged = STOP_LOSS if reason == RESTING_STOP else reason
        _record_fill(log, waiting.id[k], row, 0, name, quantity, paid, fee, lost, logged, not at_open)
        if reason == ENTRY:
            _open(row, name, quantity, paid, fee, lost, close, book, lives)
            if knobs.intraday:
                _place(row, next_id, name, -quantity, RESTING_STOP, stop_level(quantity, paid, knobs.stop_loss), waiting, log)
                next_id += 1
        else:
            lives.flow[name] -= quantity * paid + fee
            lives.fees[name] += fee
            lives.slippage[name] += lost
            if reason == REGIME and book.quantity[name] + quantity != 0:
                _resize(name, quantity, paid, book, lives)
                continue
            _close(log, row, name, paid, logged, book, lives)
    for k in range(before, waiting.size[0]):
        _move(waiting, k, kept)
        kept += 1
    waiting.size[0] = kept
    return cash, next_id


@compiled
def _open(row: int, name: int, quantity: int, price: float, fee: float, lost: float, close: float, book: Book, lives: Lives) -> None:
    enter(book, name, quantity, price, close)
    lives.entry_row[name] = row
    lives.quantity[name] = quantity
    lives.entry_price[name] = price
    lives.fees[name] = fee
    lives.slippage[name] = lost
    lives.dividends[name] = 0.0
    lives.borrow[name] = 0.0
    lives.flow[name] = -quantity * price - fee
    lives.value[name] = abs(quantity) * price


@compiled
def _resize(name: int, quantity: int, price: float, book: Book, lives: Lives) -> None:
    """A position that goes on; its trade keeps the most shares it held and their mean entry price."""
    resize(book, name, quantity, price)
    if abs(book.quantity[name]) > abs(lives.quantity[name]):
        lives.quantity[name] = book.quantity[name]
        lives.value[name] = abs(book.quantity[name]) * book.entry_price[name]
    lives.entry_price[name] = book.entry_price[name]


@compiled
def _close(log: Log, row: int, name: int, price: float, reason: int, book: Book, lives: Lives) -> None:
    line = log.trades[log.counts[2]]
    line[0] = name
    line[1] = LONG if lives.quantity[name] > 0 else SHORT
    line[2] = lives.entry_row[name]
    line[3] = row
    line[4] = abs(lives.quantity[name])
    line[5] = lives.entry_price[name]
    line[6] = price
    line[7] = reason
    line[8] = lives.fees[name]
    line[9] = lives.slippage[name]
    line[10] = lives.dividends[name]
    line[11] = lives.borrow[name]
    line[12] = lives.flow[name]
    line[13] = lives.bear[name]
    line[14] = lives.probability[name]
    line[15] = lives.qpi[name]
    line[16] = lives.value[name]
    log.counts[2] += 1
    leave(book, name)


@compiled
def _record_fill(
    log: Log,
    order: int,
    row: int,
    midnight: int,
    name: int,
    quantity: int,
    price: float,
    fee: float,
    lost: float,
    reason: int,
    at_level: bool,
) -> None:
    line = log.fills[log.counts[1]]
    line[0], line[1], line[2], line[3] = order, row, midnight, name
    line[4], line[5], line[6], line[7], line[8] = quantity, price, fee, lost, reason
    line[9] = 1.0 if at_level else 0.0
    log.counts[1] += 1


@compiled
def _mark(close: Floats, book: Book) -> None:
    for name in np.flatnonzero(book.quantity):
        if not np.isnan(close[name]):
            book.mark[name] = close[name]


@compiled
def _holdings(book: Book) -> float:
    value = 0.0
    for name in np.flatnonzero(book.quantity):
        value += book.quantity[name] * book.mark[name]
    return value


@compiled
def _describe(market: Market, row: int, cash: float, equity: float, bear: bool, book: Book, daily: Floats) -> None:
    """The account after the close, before new orders."""
    for name in np.flatnonzero(book.quantity):
        long = book.quantity[name] > 0
        daily[LONG_POSITIONS if long else SHORT_POSITIONS] += 1
        daily[LONG_VALUE if long else SHORT_VALUE] += book.quantity[name] * book.mark[name]
    for name in np.flatnonzero(book.waiting):
        if book.quantity[name] == 0:
            daily[LONG_WAITING if book.waiting[name] > 0 else SHORT_WAITING] += 1
    daily[N_LONG] = daily[LONG_POSITIONS] + daily[LONG_WAITING]
    daily[N_SHORT] = daily[SHORT_POSITIONS] + daily[SHORT_WAITING]
    daily[EQUITY] = equity
    daily[CASH] = cash
    daily[BEAR] = 1.0 if bear else 0.0
    daily[VIX] = market.vix[row]
    daily[VIX_MEAN] = market.vix_mean[row]


STAGES = len(FUNNEL)
