"""Who was held when, from a run's fills; and the times at which a shock would hurt most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.backtest.result import Result
from springback.market.actions import SPLIT, Actions

Ints = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Held:
    """Columns (K,) over the names held at a close: column of the panel, signed shares, entry price in dollars on that close's split
    scale."""

    name: Ints
    quantity: Ints
    entry: Numbers


def held(result: Result, actions: Actions, row: int) -> Held:
    """What the run held at the close of `row` of its market data, names ascending."""
    fills = result.fills
    when = fills["row"].astype(np.int64)
    splits = np.flatnonzero((actions.kind == SPLIT) & (actions.row <= row))
    book: dict[int, tuple[int, float]] = {}
    passed = 0
    for k in np.flatnonzero((when < row) | ((when == row) & (fills["midnight"] == 0))):
        while passed < len(splits) and actions.row[splits[passed]] <= when[k]:
            _split(book, actions, int(splits[passed]))
            passed += 1
        _fill(book, int(fills["name"][k]), int(fills["quantity"][k]), float(fills["price"][k]))
    for one in splits[passed:]:
        _split(book, actions, int(one))
    names = sorted(name for name, (quantity, _) in book.items() if quantity)
    return Held(
        np.array(names, dtype=np.int64),
        np.array([book[name][0] for name in names], dtype=np.int64),
        np.array([book[name][1] for name in names], dtype=np.float64),
    )


def _fill(book: dict[int, tuple[int, float]], name: int, quantity: int, price: float) -> None:
    before, entry = book.get(name, (0, 0.0))
    total = before + quantity
    if total == 0:
        book.pop(name, None)
    elif before == 0:
        book[name] = total, price
    else:  # the regime's scope is the book: more shares move the mean entry price, fewer do not
        more = abs(total) > abs(before)
        book[name] = total, (before * entry + quantity * price) / total if more else entry


def _split(book: dict[int, tuple[int, float]], actions: Actions, at: int) -> None:
    name, factor = int(actions.name[at]), float(actions.value[at])
    if name in book:
        quantity, entry = book[name]
        book[name] = int(quantity / factor), entry * factor


def split_factor(actions: Actions, row: int, names: Ints) -> Numbers:
    """Product of the split factors that take effect before the open of `row`, for each of `names`."""
    factor = np.ones(len(names))
    for k in np.flatnonzero((actions.kind == SPLIT) & (actions.row == row)):
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
