"""Midnight before a session: interest and borrow fees of the nights, delistings, dividends and splits, recalls of borrowed shares."""

import numpy as np

from springback.backtest.fills import delisting_price, record
from springback.backtest.state import DELISTED_AWAY, DROPPED, SPLIT_AWAY, Account, Ints, LoopInputs, Row
from springback.backtest.tickets import drop, end, move, recall
from springback.backtest.trades import finish
from springback.compiled import compiled
from springback.market import actions
from springback.market.book import CHARGED, DELISTED, DIVIDEND, SPLIT, Event, apply
from springback.market.costs import DAYS_PER_YEAR, Charges, borrow_rate
from springback.market.market_data import BANKRUPT, TRADING
from springback.market.market_data import DELISTED as KNOWN_END
from springback.strategy.rule import DELISTING, RESTING_STOP, SPLIT_OUT, round_price

PAYS = actions.DIVIDEND


@compiled
def ending_in(inputs: LoopInputs, row: int) -> Ints:
    """Names whose last row is `row`, ascending; at the end of the market data also those that trade on."""
    return inputs.end_name[first_at(inputs.end_row, row) : first_at(inputs.end_row, row + 1)]


@compiled
def first_at(rows: Ints, row: int) -> int:
    """Where in ascending `rows` the first stands that is not before `row`; `np.searchsorted` may raise, which is dear."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if rows[middle] < row:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def midnight(inputs: LoopInputs, row: int, first: bool, charges: Charges, account: Account, daily: Row) -> None:
    """All that happens between the close before and the open of `row`; before the `first` session nothing was held. Dollars and shares."""
    if not first:
        _accrue(inputs, row, charges, account, daily)
        for name in ending_in(inputs, row - 1):
            if inputs.ending[name] != TRADING:
                _delist(inputs, row, name, charges, account)
    for k in range(first_at(inputs.action_row, row), first_at(inputs.action_row, row + 1)):
        if inputs.action_kind[k] == PAYS:
            _pay(inputs.action_name[k], inputs.action_value[k], account, daily)
        else:
            _split(row, inputs.action_name[k], inputs.action_value[k], account)
    for k in range(first_at(inputs.recall_row, row), first_at(inputs.recall_row, row + 1)):
        recall(account, row, inputs.recall_name[k])


@compiled
def _accrue(inputs: LoopInputs, row: int, charges: Charges, account: Account, daily: Row) -> None:
    """Borrow and financing for the nights before this session; nothing in the profile `lean`."""
    if not charges.financed:
        return
    book = account.book
    years = inputs.nights[row] / DAYS_PER_YEAR
    proceeds = 0.0
    borrow = 0.0
    for name in np.flatnonzero(book.quantity < 0):
        value = -book.quantity[name] * book.mark[name]
        fee = value * borrow_rate(charges, book.mark[name], inputs.mean_dollars[row - 1, name]) * years
        life = account.lives[name]
        life["borrow"] += fee
        life["flow"] -= fee
        borrow += fee
        proceeds += value
    free = book.cash[0] - proceeds
    rate = inputs.risk_free[row - 1]
    over = rate + charges.debit_over if free < 0 else max(0.0, rate - charges.credit_under)
    financing = -free * over * years
    daily["borrow"] = borrow
    daily["financing"] = financing
    apply(book, Event(CHARGED, -1, 0, borrow + financing, 0.0))


@compiled
def _delist(inputs: LoopInputs, row: int, name: int, charges: Charges, account: Account) -> None:
    """Midnight after the last session of `name`: its orders are dropped, the position is closed at the last close, free of fee."""
    drop(account, name, DROPPED, row - 1, DELISTED_AWAY)
    book, kind = account.book, inputs.ending[name]
    quantity, mark = book.quantity[name], book.mark[name]
    price = delisting_price(charges, quantity, mark, kind == BANKRUPT, kind == KNOWN_END, inputs.payout[name])
    moved = apply(book, Event(DELISTED, name, 0, price, 0.0))
    if quantity == 0:
        return
    lost = abs(quantity * (mark - price))
    life = account.lives[name]
    life["flow"] += moved
    life["slippage"] += lost
    account.counts[0]["order_id"] += 1
    record(account, account.counts[0]["order_id"], row - 1, name, -quantity, price, 0.0, lost, DELISTING)
    finish(account, row - 1, name, price, DELISTING)


@compiled
def _pay(name: int, value: float, account: Account, daily: Row) -> None:
    """A dividend of `value` dollars a share; shorts pay it."""
    moved = apply(account.book, Event(DIVIDEND, name, 0, value, 0.0))
    life = account.lives[name]
    life["dividends"] += moved
    life["flow"] += moved
    daily["dividends"] += moved


@compiled
def _split(row: int, name: int, factor: float, account: Account) -> None:
    """A split at midnight of its ex-date. A position of which no whole share is left is a trade that ends here."""
    book, life = account.book, account.lives[name]
    quantity, close = book.quantity[name], book.mark[name]
    moved = apply(book, Event(SPLIT, name, 0, factor, 0.0))
    if quantity != 0:
        life["flow"] += moved
        if book.quantity[name] == 0:
            finish(account, row, name, close, SPLIT_OUT)
            drop(account, name, DROPPED, row, SPLIT_AWAY)
            return
        life["entry_price"] *= factor
        life["quantity"] = int(life["quantity"] / factor)
    _split_tickets(row, name, factor, account)


@compiled
def _split_tickets(row: int, name: int, factor: float, account: Account) -> None:
    """Orders at the market keep whole shares, resting stops their place; one without a whole share is dropped."""
    kept = 0
    for k in range(account.counts[0]["tickets"]):
        ticket = account.tickets[k]
        if ticket["name"] == name:
            ticket["quantity"] = int(ticket["quantity"] / factor)
            if ticket["reason"] == RESTING_STOP:
                ticket["level"] = round_price(ticket["level"] * factor)
            if ticket["quantity"] == 0:
                end(account.log.orders[ticket["line"]], DROPPED, row, SPLIT_AWAY)
                continue
        move(account.tickets, k, kept)
        kept += 1
    account.counts[0]["tickets"] = kept
