"""Who was held when, from a run's fills; and the times at which a shock would hurt most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.backtest.result import Result
from springback.market import actions as actions_
from springback.market.actions import Actions
from springback.market.book import DELISTED, FILLED, SPLIT, Event, empty_book, fold

Ints = NDArray[np.int64]
Numbers = NDArray[np.float64]
COLUMNS = ("row", "midnight", "name", "quantity", "price")
AT_OPEN, AFTER = 0.25, 0.75
"""Where in a session a fill stands, as a part of it: after the splits of its midnight; and a delisting, after its close."""


@dataclass(frozen=True, eq=False)
class Held:
    """Columns (K,) over the names held at a close: column of the panel, signed shares, entry price in dollars on that close's split
    scale."""

    name: Ints
    quantity: Ints
    entry: Numbers


def held(result: Result, actions: Actions, row: int) -> Held:
    """What the run held at the close of `row` of its market data, names ascending: shares, and entry prices in dollars."""
    book = fold(empty_book(len(result.symbols)), events(result, actions, row))
    names = np.flatnonzero(book.quantity)
    return Held(names, book.quantity[names], book.entry_price[names])


def events(result: Result, actions: Actions, row: int) -> list[Event]:
    """Splits, fills and delistings of the run up to the close of `row`, in the order they happened: splits before the fills of their open,
    a delisting at the midnight after its last session; signed shares and dollars a share."""
    fills = result.fills
    splits = np.flatnonzero((actions.kind == actions_.SPLIT) & (actions.row <= row))
    found = [(float(actions.row[k]), Event(SPLIT, int(actions.name[k]), value=float(actions.value[k]))) for k in splits]
    for when, midnight, name, quantity, price in zip(*(fills[one] for one in COLUMNS), strict=True):
        if when < row or (when == row and not midnight):
            kind = DELISTED if midnight else FILLED
            found.append((when + (AFTER if midnight else AT_OPEN), Event(kind, int(name), int(quantity), float(price))))
    return [event for _, event in sorted(found, key=lambda one: one[0])]


def split_factor(actions: Actions, row: int, names: Ints) -> Numbers:
    """Product of the split factors that take effect before the open of `row`, for each of `names` (K,): old shares per new one, (K,)."""
    factor = np.ones(len(names))
    for k in np.flatnonzero((actions.kind == actions_.SPLIT) & (actions.row == row)):
        factor[names == actions.name[k]] *= actions.value[k]
    return factor


def fullest_of_each_year(result: Result, after: int = 1) -> tuple[np.datetime64, ...]:
    """The session of each calendar year with the largest gross market value over equity at its close, `after` sessions before the run's end
    or earlier; years that held nothing have none. The first of equals."""
    gross = (result.daily["long_value"] - result.daily["short_value"]) / result.daily["equity"]
    gross = gross[: len(gross) - after]
    years = result.sessions[: len(gross)].astype("datetime64[Y]")
    found = []
    for year in np.unique(years):
        rows = np.flatnonzero(years == year)
        best = rows[np.argmax(gross[rows])]
        if gross[best] > 0:
            found.append(result.sessions[best])
    return tuple(found)


def worst_days(result: Result, count: int, apart: int) -> tuple[np.datetime64, ...]:
    """The `count` sessions with the largest falls of equity, at least `apart` sessions from one another, in order of time."""
    equity = result.daily["equity"]
    change = equity / np.concatenate([[result.cash], equity[:-1]]) - 1
    kept: list[int] = []
    for row in np.argsort(change, kind="stable"):
        if change[row] >= 0 or len(kept) == count:
            break
        if row > 0 and all(abs(int(row) - other) >= apart for other in kept):
            kept.append(int(row))
    return tuple(result.sessions[row] for row in sorted(kept))
