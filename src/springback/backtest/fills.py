"""Where an order fills, and what it costs: LEAN's daily fills, with the profile's slippage on top."""

from typing import NamedTuple

import numpy as np

from springback.backtest.state import FILLED, PLAIN, Account, LoopInputs, Row, Rules
from springback.backtest.tickets import end, move, place
from springback.backtest.trades import begin, go_on
from springback.compiled import compiled
from springback.market.book import FILLED as BOOKED
from springback.market.book import Event, apply
from springback.market.costs import Charges, commission, slippage_rate
from springback.strategy.rule import DELISTING, ENTRY, RESTING_STOP, STOP_LOSS, stop_level


class Filled(NamedTuple):
    """Signed shares of an order that changed hands at `price` dollars a share; `fee` and `slippage` in dollars. `at_level`: not at the
    open.
    """

    quantity: int
    price: float
    fee: float
    slippage: float
    at_level: bool


@compiled
def stop_trigger(quantity: int, level: float, open_: float, high: float, low: float) -> float:
    """Price at which a resting stop of `quantity` shares fills in a bar; NaN when it does not.

    A sell stop fills at its level once the low reaches it, at the open where the open is already beyond it; a buy stop mirrored.
    (LEAN: EquityFillModel.cs, StopMarketFill.)
    """
    if np.isnan(open_):
        return np.nan
    if quantity < 0:
        if low > level:
            return np.nan
        return open_ if open_ <= level else level
    if high < level:
        return np.nan
    return open_ if open_ >= level else level


@compiled
def paid_price(charges: Charges, quantity: int, price: float, mean_volume: float, mean_dollars: float, at_open: bool) -> float:
    """`price` moved against the order by spread and impact; untouched in the profile `lean`."""
    rate = slippage_rate(charges, quantity, mean_volume, mean_dollars, at_open)
    if rate == 0.0:
        return price
    return price * (1.0 + rate) if quantity > 0 else price * (1.0 - rate)


@compiled
def delisting_price(charges: Charges, quantity: int, last_close: float, bankrupt: bool, known_end: bool, payout: float) -> float:
    """What a share held through its delisting pays: what is known to have been paid (`payout`, a return on the last close; NaN unknown),
    else the last close, or less where `Costs` says so (Shumway 1997).
    """
    if charges.financed and not np.isnan(payout):
        return last_close * (1.0 + payout)
    if bankrupt:
        return last_close * (1.0 + charges.bankruptcy_return)
    if known_end and quantity > 0 and last_close < charges.penny_price:
        return last_close * (1.0 + charges.delisting_return)
    return last_close


@compiled
def settle(inputs: LoopInputs, row: int, rules: Rules, account: Account, daily: Row) -> None:
    """Fills what can be filled in the bars of `row`, ascending by id, in dollars; a filled entry may place its resting stop."""
    before = account.counts[0]["tickets"]
    kept = 0
    for k in range(before):
        ticket = account.tickets[k]
        name, quantity = ticket["name"], ticket["quantity"]
        price = inputs.open[row, name]
        if ticket["reason"] == RESTING_STOP:
            price = stop_trigger(quantity, ticket["level"], inputs.open[row, name], inputs.high[row, name], inputs.low[row, name])
        if np.isnan(price):
            move(account.tickets, k, kept)
            kept += 1
            continue
        end(account.log.orders[ticket["line"]], FILLED, row, PLAIN)
        _fill(inputs, row, price, ticket, rules, account, daily)
    for k in range(before, account.counts[0]["tickets"]):
        move(account.tickets, k, kept)
        kept += 1
    account.counts[0]["tickets"] = kept


@compiled
def _fill(inputs: LoopInputs, row: int, price: float, ticket: Row, rules: Rules, account: Account, daily: Row) -> None:
    """One order is filled at `price`, and pays what the profile charges for it."""
    charges = rules.charges
    name, quantity = ticket["name"], ticket["quantity"]
    at_open = price == inputs.open[row, name]
    worth = inputs.close[row, name]
    if ticket["reason"] == RESTING_STOP:
        worth = max(ticket["level"], worth) if quantity < 0 else min(ticket["level"], worth)
    paid = paid_price(charges, quantity, price, inputs.mean_volume[row - 1, name], inputs.mean_dollars[row - 1, name], at_open)
    fee = commission(charges, quantity, worth)
    book_fill(account, row, ticket, Filled(quantity, paid, fee, quantity * (paid - price), not at_open), rules, daily)


@compiled
def book_fill(account: Account, row: int, ticket: Row, fill: Filled, rules: Rules, daily: Row) -> None:
    """A fill of the order `ticket` in the session `row`, shares and dollars: the log, the book, the life of the position, and the stop that
    an entry brings.
    """
    name, reason, quantity, paid = ticket["name"], ticket["reason"], fill.quantity, fill.price
    daily["traded"] += abs(quantity) * paid
    daily["fees"] += fill.fee
    daily["slippage"] += fill.slippage
    logged = STOP_LOSS if reason == RESTING_STOP else reason
    record(account, ticket["order_id"], row, name, quantity, paid, fill.fee, fill.slippage, logged)
    if fill.at_level:
        account.log.fills[account.counts[0]["fills"] - 1]["at_level"] = 1.0
    moved = apply(account.book, Event(BOOKED, name, quantity, paid, fill.fee))
    if reason == ENTRY:
        begin(account, row, name, quantity, paid, fill.fee, fill.slippage)
        if rules.parameters.intraday:
            place(account, row, name, -quantity, RESTING_STOP, stop_level(quantity, paid, rules.parameters.stop_loss))
    else:
        go_on(account, row, name, paid, moved, fill.fee, fill.slippage, logged)


@compiled
def record(account: Account, order: int, row: int, name: int, quantity: int, price: float, fee: float, lost: float, reason: int) -> None:
    """A row of the fills table, signed shares and dollars; a delisting is one at the midnight after `row`."""
    counts = account.counts[0]
    line = account.log.fills[counts["fills"]]
    line["order_id"] = order
    line["row"] = row
    line["midnight"] = 1.0 if reason == DELISTING else 0.0
    line["name"] = name
    line["quantity"] = quantity
    line["price"] = price
    line["fee"] = fee
    line["slippage"] = lost
    line["reason"] = reason
    line["at_level"] = 0.0
    counts["fills"] += 1
