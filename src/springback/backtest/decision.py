"""After the close: positions are marked, dead entries taken back, the account described, and the rule asked for orders."""

import numpy as np

from springback.backtest.midnight import ending_in
from springback.backtest.state import CANCELLED, REPLACED, UNFILLED, Account, Floats, LoopInputs, Paper, Row, Rules
from springback.backtest.tickets import drop, place
from springback.compiled import compiled
from springback.market.book import MARKED, SESSION_CLOSED, Book, Event, apply
from springback.market.market_data import TRADING
from springback.strategy.decide import ENTERED, LONG, NO_SHARES, NO_SLOT, SHORT, Orders, Today, decide, expire
from springback.strategy.rule import ENTRY, is_bear


@compiled
def holdings(book: Book) -> float:
    """Dollars of all positions at their marks."""
    value = 0.0
    for name in np.flatnonzero(book.quantity):
        value += book.quantity[name] * book.mark[name]
    return value


@compiled
def close(inputs: LoopInputs, row: int, rules: Rules, account: Account, paper: Paper, daily: Row) -> None:
    """The close of `row` and step 0 of the rule: the book is marked, its session closed, and the account described as it stands then,
    in dollars and shares.
    """
    apply(account.book, Event(SESSION_CLOSED, -1, 0, 0.0, 0.0))
    for k in range(expire(rules.parameters, account.book, paper.cancelled)):
        drop(account, paper.cancelled[k], CANCELLED, row, UNFILLED)
    describe(inputs, row, rules, account, daily)
    account.heights[0], account.heights[1] = account.heights[1], daily["equity"]
    account.heights[2] = max(account.heights[2], daily["equity"])
    daily["bear"] = 1.0 if is_bear(inputs.vix[row], inputs.vix_mean[row], rules.multiple) else 0.0
    daily["vix"] = inputs.vix[row]
    daily["vix_sma15"] = inputs.vix_mean[row]


@compiled
def describe(inputs: LoopInputs, row: int, rules: Rules, account: Account, daily: Row) -> None:
    """Marks the book at the close of `row` and counts what is held and what waits, in dollars and shares."""
    book = account.book
    daily["equity"] = book.cash[0] + _mark(inputs.mark[row] if rules.charges.financed else inputs.close[row], book, daily)
    _count_waiting(account, daily)
    daily["n_long"] = daily["long_positions"] + daily["long_waiting"]
    daily["n_short"] = daily["short_positions"] + daily["short_waiting"]
    daily["cash"] = book.cash[0]


@compiled
def _mark(close: Floats, book: Book, daily: Row) -> float:
    """Marks every position that has a close, counts and values both sides, and returns the dollars of all: one walk, as walks are dear."""
    total = 0.0
    daily["long_positions"], daily["short_positions"], daily["long_value"], daily["short_value"] = 0.0, 0.0, 0.0, 0.0
    for name in np.flatnonzero(book.quantity):
        if not np.isnan(close[name]):
            apply(book, Event(MARKED, name, 0, close[name], 0.0))
        value = book.quantity[name] * book.mark[name]
        total += value
        if book.quantity[name] > 0:
            daily["long_positions"] += 1
            daily["long_value"] += value
        else:
            daily["short_positions"] += 1
            daily["short_value"] += value
    return total


@compiled
def _count_waiting(account: Account, daily: Row) -> None:
    """Entries that still wait, before new orders: every one of them is an order at the market."""
    daily["long_waiting"], daily["short_waiting"] = 0.0, 0.0
    for k in range(account.counts[0]["tickets"]):
        ticket = account.tickets[k]
        if ticket["reason"] == ENTRY:
            if ticket["quantity"] > 0:
                daily["long_waiting"] += 1
            else:
                daily["short_waiting"] += 1


@compiled
def beyond(equity: float, height: float, limit: float) -> bool:
    """Whether `equity` lies more than the share `limit` (0: off) under `height`, dollars."""
    return limit > 0 and equity < height * (1.0 - limit)


@compiled
def _open(inputs: LoopInputs, heights: Floats) -> bool:
    """Whether the account's losses let anything be entered."""
    return not beyond(heights[1], heights[0], inputs.day_loss) and not beyond(heights[1], heights[2], inputs.drawdown)


@compiled
def order(inputs: LoopInputs, first: int, row: int, rules: Rules, account: Account, paper: Paper, daily: Row) -> None:
    """The decision after the close of `row` of a run that began in `first`; its orders, signed shares, go to the market."""
    for name in ending_in(inputs, row - 1):
        paper.final[name] = False
    for name in ending_in(inputs, row):
        paper.final[name] = inputs.ending[name] != TRADING
    before = max(row - 1, first)
    bear = is_bear(inputs.vix[row], inputs.vix_mean[row], rules.multiple)
    today = Today(
        inputs.close[row],
        inputs.qpi[row],
        inputs.p_long[row],
        inputs.p_short[row],
        inputs.adv[row],
        inputs.mean_dollars[row],
        paper.final,
        inputs.mean_volume[row],
        inputs.high_before[row] if rules.parameters.exit_beyond else paper.unknown,
        inputs.low_before[row] if rules.parameters.exit_beyond else paper.unknown,
        inputs.trend[row] if rules.parameters.trend else paper.unknown,
        bear != is_bear(inputs.vix[before], inputs.vix_mean[before], rules.multiple),
        inputs.entry_factor[row],
        rules.entries and _open(inputs, account.heights),
    )
    funnel = account.log.funnel[row - first]
    count = decide(rules.parameters, bear, daily["equity"], today, account.book, paper.orders, funnel)
    for k in range(count):
        _send(inputs, row, k, bear, account, paper.orders)
    daily["long_candidates"] = funnel[LONG, NO_SLOT] + funnel[LONG, NO_SHARES] + funnel[LONG, ENTERED]
    daily["short_candidates"] = funnel[SHORT, NO_SLOT] + funnel[SHORT, NO_SHARES] + funnel[SHORT, ENTERED]
    daily["long_entries"] = funnel[LONG, ENTERED]
    daily["short_entries"] = funnel[SHORT, ENTERED]


@compiled
def _send(inputs: LoopInputs, row: int, k: int, bear: bool, account: Account, orders: Orders) -> None:
    name, quantity, reason = orders.name[k], orders.quantity[k], orders.reason[k]
    if reason == ENTRY:
        life = account.lives[name]
        life["bear"] = 1.0 if bear else 0.0
        life["probability"] = inputs.p_long[row, name] if quantity > 0 else inputs.p_short[row, name]
        life["qpi"] = inputs.qpi[row, name]
    else:
        drop(account, name, CANCELLED, row, REPLACED)
    place(account, row, name, quantity, reason, np.nan)
