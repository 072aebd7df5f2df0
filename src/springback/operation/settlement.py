"""A session of an account whose fills are told: what `backtest.loop.until_close` is to one whose fills are assumed."""

from collections.abc import Mapping

import numpy as np

from springback.backtest.decision import close, holdings
from springback.backtest.fills import Filled, book_fill, stop_trigger
from springback.backtest.midnight import midnight
from springback.backtest.state import CANCELLED, FILLED, PLAIN, REPLACED, UNFILLED, Account, LoopInputs, Paper, Row, Rules
from springback.backtest.tickets import drop, end, move, place
from springback.market.book import CANCELLED as TAKEN_BACK
from springback.market.book import ORDERED, Event, apply
from springback.operation.account_state import AccountState, Correction
from springback.operation.outcomes import Holding, OrderOutcome, Outcomes
from springback.strategy.rule import ENTRY, RESTING_STOP, STOP_LOSS

HALF_A_CENT = 0.005
"""A mean price that is off by less, in dollars, is the same one."""


def until_close_as_told(
    inputs: LoopInputs, first: bool, rules: Rules, account: Account, paper: Paper, daily: Row, fills: Mapping[int, OrderOutcome]
) -> None:
    """Plays the newest row of `inputs` up to its close and step 0 of the rule; before the `first` one nothing was held. Dollars and shares.

    An entry that was filled in part is a position of that, and is over; of an exit the rest waits on. A stop that the bar elected and that
    was not filled is an exit at the market from then on.
    """
    row = len(inputs.close) - 1
    midnight(inputs, row, first, rules.charges, account, daily)
    daily["equity_midnight"] = account.book.cash[0] + holdings(account.book)
    _settle(inputs, row, rules, account, daily, fills)
    _elected(inputs, row, account)
    close(inputs, row, rules, account, paper, daily)


def _settle(inputs: LoopInputs, row: int, rules: Rules, account: Account, daily: Row, fills: Mapping[int, OrderOutcome]) -> None:
    """Books what was filled, ascending by id; what goes on waiting stays at the market."""
    counts, kept = account.counts[0], 0
    before = int(counts["tickets"])
    for k in range(before):
        ticket = account.tickets[k]
        outcome = fills.get(int(ticket["order_id"]))
        if outcome is None or not outcome.quantity or _settled(inputs, row, rules, account, daily, ticket, outcome):
            move(account.tickets, k, kept)
            kept += 1
    for k in range(before, int(counts["tickets"])):
        move(account.tickets, k, kept)
        kept += 1
    counts["tickets"] = kept


def _settled(inputs: LoopInputs, row: int, rules: Rules, account: Account, daily: Row, ticket: Row, outcome: OrderOutcome) -> bool:
    """Whether something of the order goes on waiting after its fill."""
    book, name, quantity = account.book, int(ticket["name"]), int(ticket["quantity"])
    opens = ticket["reason"] == ENTRY or book.quantity[name] * quantity > 0
    line = account.log.orders[ticket["line"]]
    reference = _reference(inputs, row, ticket)
    lost = outcome.slippage if not np.isnan(outcome.slippage) else np.nan_to_num(outcome.quantity * (outcome.price - reference))
    at_level = bool(not np.isnan(reference) and reference != inputs.open[row, name])
    book_fill(account, row, ticket, Filled(outcome.quantity, outcome.price, outcome.fee, float(lost), at_level), rules, daily)
    if abs(outcome.quantity) >= abs(quantity):
        end(line, FILLED, row, PLAIN)
    elif opens:
        end(line, CANCELLED, row, UNFILLED)
        apply(book, Event(TAKEN_BACK, name, 0, 0.0, 0.0))
    else:
        ticket["quantity"] = quantity - outcome.quantity
        return bool(book.quantity[name] != 0)
    return False


def _reference(inputs: LoopInputs, row: int, ticket: Row) -> float:
    """The price that the order would have met in the bar, dollars; NaN where there is none."""
    name = ticket["name"]
    if ticket["reason"] != RESTING_STOP:
        return float(inputs.open[row, name])
    return float(stop_trigger(ticket["quantity"], ticket["level"], inputs.open[row, name], inputs.high[row, name], inputs.low[row, name]))


def _elected(inputs: LoopInputs, row: int, account: Account) -> None:
    """Stops that the bar elected and that still rest become exits at the market."""
    tickets = account.tickets[: int(account.counts[0]["tickets"])].copy()
    for ticket in tickets[tickets["reason"] == RESTING_STOP]:
        name = int(ticket["name"])
        if ticket["order_id"] in _placed(account, row) or np.isnan(_reference(inputs, row, ticket)):
            continue
        quantity = -int(account.book.quantity[name])
        drop(account, name, CANCELLED, row, REPLACED)
        place(account, row, name, quantity, STOP_LOSS, np.nan)
        apply(account.book, Event(ORDERED, name, quantity, 0.0, 0.0))


def _placed(account: Account, row: int) -> set[int]:
    """The orders that the session's own fills brought with them: they rest from tomorrow on."""
    orders = account.log.orders[: int(account.counts[0]["orders"])]
    return {int(one) for one in orders["order_id"][orders["row"] == row]}


def told_of(outcomes: Outcomes, state: AccountState) -> tuple[Correction, ...]:
    """In what the account is told to stand otherwise than `state`, which its fills made; dollars and signed shares."""
    held, told = state.positions, outcomes.positions
    other: list[Correction] = []
    for symbol in sorted(held.keys() | told.keys()) if told is not None else ():
        assert told is not None
        one = told.get(symbol, Holding(0))
        line = held.get(symbol)
        priced = line is not None and not np.isnan(one.price) and abs(one.price - line.entry_price) > HALF_A_CENT
        if priced or one.quantity != (line.quantity if line else 0):
            other.append(Correction(symbol, one.quantity, one.price, one.opened, one.age, bool(one.opened)))
    if outcomes.cash is not None and outcomes.cash != state.cash:
        other.append(Correction("", price=outcomes.cash))
    return tuple(other)
