"""The record against the prices: each split and each dividend held against what the price did on its day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.bars import Bars, Dates

AGAINST, UNCLEAR, TWICE = "against", "unclear", "twice"
"""What is found of an event: the prices contradict it; they cannot tell; it is there a second time."""
LARGE = 0.1
"""Share of the price from which on a dividend must be seen in it."""
NEAR, FAR, HALF = 3.0, 5.0, 0.5
"""A step of the price fits what is within NEAR usual moves of it; it contradicts what is FAR from it, where something else is nearer by
HALF."""
MONTH, MOST, LEAST = 20, 0.25, 0.004
"""Bars on each side that tell the usual move; a move counts for no more than MOST among them; the usual move is no less than LEAST."""
PRIOR, GUESS = 4, 0.02
"""Where few bars tell: so many moves of that size are laid beside them."""
WEEK, NEXT = 5, 1
"""Sessions within which two equal splits, or two equal dividends, are one event told twice."""
SAME = 1e-3
"""How far, relative, two ratios of one split may differ by rounding."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """The last close before an event, the first from it on, and the usual move of a session (standard deviation of the logarithm)."""

    before: float
    after: float
    usual: float

    @property
    def step(self) -> float:
        """Logarithm of what the price went times."""
        return float(np.log(self.after / self.before))


@dataclass(frozen=True)
class Doubt:
    """What is found of the event at `place` among those given: `word` AGAINST, UNCLEAR or TWICE, `clause` says it, and where one fits
    that the record does not have, `fits` the value that does. `adjusted`: prices adjusted for a split already would look like this.
    """

    place: int
    word: str
    clause: str
    fits: float | None = None
    adjusted: bool = False


def traded(close: Numbers, volume: Numbers) -> Numbers:
    """Closes at which something was traded, (T,); NaN elsewhere: the copy of a last close says nothing of its day."""
    return np.where(volume > 0, close, np.nan)


def look(close: Numbers, row: int) -> Look | None:
    """What the traded closes `close` (T,) of a name did from before `row` to the first from it on; None where one side has none."""
    reach = 4 * MONTH
    first = max(0, row - reach)
    near = close[first : row + reach]
    has = np.flatnonzero(~np.isnan(near))
    k = int(np.searchsorted(has, row - first))
    if k == 0 or k == len(has):
        return None
    chosen = has[max(0, k - MONTH - 1) : k + MONTH + 1]
    moves = np.delete(np.abs(np.diff(np.log(near[chosen]))), k - 1 - max(0, k - MONTH - 1))
    mean = (np.minimum(moves, MOST).sum() + PRIOR * GUESS / 1.2533) / (len(moves) + PRIOR)
    pause = int(has[k] - has[k - 1])
    return Look(float(near[has[k - 1]]), float(near[has[k]]), float(max(LEAST, 1.2533 * mean) * np.sqrt(pause)))


def fit(move: Look, size: float, powers: Sequence[int] = (1, 0, -1), aside: float = 0.0) -> tuple[int, bool]:
    """How often the price took a step of `size` (a logarithm): 1 as recorded, 0 not at all, -1 the other way; and whether it can be told.

    `aside` is what else moved it, in logarithm. It can be told where the record is far from what the price did and another answer is
    much nearer, or where the record is near and every other answer far. A step that nothing fits counts for the record: it is news.
    """
    off = {power: abs(move.step - aside - power * size) / move.usual for power in powers}
    best = min(off, key=lambda power: off[power])
    others = min(value for power, value in off.items() if power != 1)
    if best == 1:
        return 1, off[1] < HALF * others or others > FAR
    return best, off[1] > FAR and off[best] < HALF * off[1]


def adjusted_times(close: Numbers, row: int, value: float) -> int | None:
    """How often the closes `close` (T,) before `row` were adjusted for a split of `value` old shares per new: a step of the whole ratio
    says not at all, none once, the inverse step twice. None where it cannot be told: one of these must be near, and every other FAR.
    """
    seen = look(close, row)
    if seen is None or value == 1:
        return None
    off = {power: abs(seen.step - power * float(np.log(value))) / seen.usual for power in (1, 0, -1)}
    best, second = sorted(off, key=lambda power: off[power])[:2]
    return 1 - best if off[second] > FAR and off[best] < HALF * off[second] else None


def doubts(days: Dates, close: Numbers, rows: Sequence[int], kinds: Sequence[int], values: Sequence[float]) -> Iterator[Doubt]:
    """What is wrong with the events of one name: `rows` of `days` from which they count, their `kinds` and `values` as in `Actions`.

    `close` (T,) are the traded closes as printed. What is told twice comes first; the others are judged without it.
    """
    twice = list(_twice(days, close, rows, kinds, values))
    yield from twice
    left = set(range(len(rows))) - {one.place for one in twice}
    for row in sorted({rows[k] for k in left}):
        here = [k for k in left if rows[k] == row]
        if (seen := look(close, row)) is not None:
            yield from _of_a_day(days, close, row, seen, {k: (kinds[k], values[k]) for k in sorted(here)})


def _of_a_day(days: Dates, close: Numbers, row: int, move: Look, events: dict[int, tuple[int, float]]) -> Iterator[Doubt]:
    splits = {k: value for k, (kind, value) in events.items() if kind == SPLIT}
    paid = {k: value for k, (kind, value) in events.items() if kind == DIVIDEND}
    worth = sum(paid.values()) / move.before
    fall = float(np.log(1 - worth)) if worth < 0.9 else 0.0
    found = list(_splits(days, close, row, move, splits, fall)) if splits else []
    yield from found
    wrong = {one.place for one in found if one.word == AGAINST}
    ratio = float(np.prod([value for k, value in splits.items() if k not in wrong]))
    if worth > LARGE:
        yield from _dividends(move, paid, worth, float(np.log(ratio)))


def _splits(days: Dates, close: Numbers, row: int, move: Look, splits: dict[int, float], fall: float) -> Iterator[Doubt]:
    whole = float(np.prod(list(splits.values())))
    best, sure = fit(move, float(np.log(whole)), aside=fall)
    if best != 1 and sure and len(splits) > 1:
        alone = [k for k, value in splits.items() if fit(move, float(np.log(value)), aside=fall) == (1, True)]
        if alone:
            one = splits.pop(alone[0])
            for k, value in splits.items():
                yield Doubt(k, AGAINST, f"{_went(move, value)}, which the other of that day, {one:g}, says alone")
            return
    for k, value in splits.items():
        if best == 1 or not sure:
            if not sure and abs(np.log(value)) > 0:
                yield Doubt(k, UNCLEAR, f"{_went(move, value)}: in a name that moves {move.usual:.1%} a day this cannot be told")
        elif best == -1:
            yield Doubt(k, AGAINST, f"{_went(move, value)}: the inverse fits, {_plain(1 / value)}", 1 / value)
        else:
            other = _elsewhere(days, close, row, move, float(np.log(whole)))
            why = f"it did so on {other}" if other is not None else "there was no such split, or the prices are adjusted for it already"
            yield Doubt(k, AGAINST, f"{_went(move, value)}: {why}", 1.0, adjusted=other is None)


def _dividends(move: Look, paid: dict[int, float], worth: float, split: float) -> Iterator[Doubt]:
    for k, value in paid.items():
        if value >= move.before:
            yield Doubt(k, AGAINST, f"pays {value:g} on a close of {move.before:g}, more than there is: another currency or unit")
    if worth >= 1:
        return
    best, sure = fit(move, float(np.log(1 - worth)), (1, 0), split)
    for k, value in paid.items():
        said = f"pays {value:g} on a close of {move.before:g}, and the price went to {move.after:g}"
        if best == 0 and value > LARGE / 2 * move.before:
            yield Doubt(k, AGAINST if sure else UNCLEAR, f"{said}, no such fall" if sure else f"{said}: this cannot be told")


def _elsewhere(days: Dates, close: Numbers, row: int, move: Look, size: float) -> np.datetime64 | None:
    """The session of the week before or after on which the price took the step of `size`; None where there is none, or no telling."""
    for near in sorted(range(max(1, row - WEEK), min(len(close), row + WEEK + 1)), key=lambda one: abs(one - row)):
        if near == row or np.isnan(close[near]) or abs(size) < 2 * FAR * move.usual:
            continue
        there = look(close, near)
        if there is not None and abs(there.step - size) < NEAR * move.usual:
            return np.datetime64(days[near])
    return None


def _twice(days: Dates, close: Numbers, rows: Sequence[int], kinds: Sequence[int], values: Sequence[float]) -> Iterator[Doubt]:
    """Events that repeat another of their kind and amount, on the same day or, where the price does not say that both are, beside it."""
    order = sorted(range(len(rows)), key=lambda k: (kinds[k], rows[k], k))
    groups: list[list[int]] = []
    for k in order:
        if groups and _repeats(groups[-1][-1], k, rows, kinds, values):
            groups[-1].append(k)
        else:
            groups.append([k])
    for group in groups:
        if len(group) == 1:
            continue
        apart = sorted({rows[k] for k in group})
        kept = min(group, key=lambda k: (_off(close, rows[k], kinds[k], values[k]), k))
        if len(apart) > 1 and kinds[kept] == SPLIT and _all_seen(close, apart, values[kept]):
            continue
        for k in group:
            if k != kept:
                beside = f", on {days[rows[kept]]} too" if rows[k] != rows[kept] and rows[kept] < len(days) else ""
                yield Doubt(k, TWICE, f"of {values[k]:g} is told a second time{beside}")


def _repeats(one: int, other: int, rows: Sequence[int], kinds: Sequence[int], values: Sequence[float]) -> bool:
    reach = WEEK if kinds[one] == SPLIT else NEXT
    return (
        kinds[one] == kinds[other]
        and rows[other] - rows[one] <= reach
        and abs(values[other] / values[one] - 1) <= (SAME if kinds[one] == SPLIT else 1e-9)
    )


def _off(close: Numbers, row: int, kind: int, value: float) -> float:
    """How far the price was from what the event says, in usual moves, in whole ones so that what cannot be told is told by order."""
    seen = look(close, row)
    if seen is None:
        return 0.0
    size = np.log(value) if kind == SPLIT else np.log(max(1 - value / seen.before, 1e-3))
    return float(np.floor(abs(seen.step - size) / seen.usual))


def _all_seen(close: Numbers, rows: Sequence[int], value: float) -> bool:
    """Whether the price took the step of a split on every one of `rows`."""
    looks = [look(close, row) for row in rows]
    return all(seen is not None and fit(seen, float(np.log(value))) == (1, True) for seen in looks)


def _went(move: Look, value: float) -> str:
    """What is on record of a split, and what the price did."""
    return f"says price times {value:.6g}, it went from {move.before:g} to {move.after:g}, times {np.exp(move.step):.3g}"


def _plain(value: float) -> str:
    return f"{value:.6g}"


@dataclass(frozen=True)
class Held:
    """A doubt of market data: `place` among its actions, the session and the name."""

    doubt: Doubt
    place: int
    row: int
    column: int


def hold(bars: Bars, actions: Actions) -> tuple[Held, ...]:
    """The doubts about all `actions` of a panel, by name and session; raw prices in dollars against splits and dollars a share."""
    out = []
    for column in np.unique(actions.name[_worth_a_look(bars, actions)]):
        places = np.flatnonzero(actions.name == column)
        close = traded(bars.close[:, column], bars.volume[:, column])
        columns = (actions.row[places].tolist(), actions.kind[places].tolist(), actions.value[places].tolist())
        found = sorted(doubts(bars.sessions, close, *columns), key=lambda one: one.place)
        out += [Held(one, int(places[one.place]), int(actions.row[places[one.place]]), int(column)) for one in found]
    return tuple(out)


def _worth_a_look(bars: Bars, actions: Actions) -> NDArray[np.bool_]:
    """Splits, dividends of a size that shows or whose day before has no trade, and what has a neighbour that may be the same."""
    before = np.maximum(actions.row - 1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        last = traded(bars.close[before, actions.name], bars.volume[before, actions.name])
        small = actions.value / last <= LARGE / 4
    order = np.lexsort((actions.row, actions.kind, actions.name))
    a, b = order[:-1], order[1:]
    beside = (actions.name[a] == actions.name[b]) & (actions.kind[a] == actions.kind[b]) & (actions.row[b] - actions.row[a] <= WEEK)
    close_by = np.zeros(len(actions.row), dtype=bool)
    close_by[a[beside]] = close_by[b[beside]] = True
    return np.asarray((actions.kind == SPLIT) | ~small | close_by)
