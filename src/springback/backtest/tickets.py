"""Orders at the market: how they get there, how they are taken away, and what the log says became of them."""

import numpy as np

from springback.backtest.state import CANCELLED, PLAIN, REPLACED, WAITING, Account, Row, Rows
from springback.compiled import compiled
from springback.market.book import RECALLED, Event, apply
from springback.strategy.rule import RECALL


@compiled
def place(account: Account, row: int, name: int, quantity: int, reason: int, level: float) -> None:
    """An order decided in `row` over `quantity` signed shares goes to the market; `level` dollars for a resting stop, else NaN."""
    counts = account.counts[0]
    counts["order_id"] += 1
    ticket = account.tickets[counts["tickets"]]
    ticket["order_id"] = counts["order_id"]
    ticket["name"] = name
    ticket["quantity"] = quantity
    ticket["reason"] = reason
    ticket["row"] = row
    ticket["line"] = counts["orders"]
    ticket["level"] = level
    counts["tickets"] += 1
    line = account.log.orders[counts["orders"]]
    line["order_id"] = counts["order_id"]
    line["row"] = row
    line["name"] = name
    line["quantity"] = quantity
    line["reason"] = reason
    line["level"] = level
    counts["orders"] += 1
    end(line, WAITING, -1, PLAIN)


@compiled
def drop(account: Account, name: int, status: int, row: int, why: int) -> None:
    """Takes the orders of `name` from the market, whatever shares they are for: an entry that lived its life, a stop before its time stop,
    all of them at a delisting.
    """
    tickets, orders = account.tickets, account.log.orders
    kept = 0
    for k in range(account.counts[0]["tickets"]):
        if tickets[k]["name"] == name:
            end(orders[tickets[k]["line"]], status, row, why)
        else:
            move(tickets, k, kept)
            kept += 1
    account.counts[0]["tickets"] = kept


@compiled
def end(line: Row, status: int, row: int, why: int) -> None:
    """Writes into the log what became of an order, in which session, and why."""
    line["status"] = status
    line["ended"] = row
    line["why"] = why


@compiled
def move(tickets: Rows, source: int, target: int) -> None:
    """Closes a gap, so that orders at the market stay ascending by id; field by field, as numba copies a row ten times as slowly."""
    one, other = tickets[source], tickets[target]
    other["order_id"] = one["order_id"]
    other["name"] = one["name"]
    other["quantity"] = one["quantity"]
    other["reason"] = one["reason"]
    other["row"] = one["row"]
    other["line"] = one["line"]
    other["level"] = one["level"]


@compiled
def recall(account: Account, row: int, name: int) -> None:
    """A lender's notice after the close before `row`: the shares of a short that is not leaving anyway are bought back at this open."""
    book = account.book
    if book.quantity[name] >= 0 or book.closing[name]:
        return
    drop(account, name, CANCELLED, row - 1, REPLACED)
    place(account, row - 1, name, -book.quantity[name], RECALL, np.nan)
    apply(book, Event(RECALLED, name, 0, 0.0, 0.0))
