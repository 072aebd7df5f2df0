"""Prices that a vendor adjusted for splits, put back on the scale of their day: as often as the prices say, not as the vendor does.

Of each split the close before it and the close from it on, as told, tell how often it was adjusted for: a step of the whole ratio, not at
all; no step, once; the inverse step, twice. Where a day's move hides that (a ratio under about 3:2), once, as such vendors promise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from springback.data.sources import EventNote
from springback.market.record import SAME, TWICE, WEEK, adjusted_times, fit, look, traded

Row = tuple[float | None, ...]
"""Open, high, low, close, volume, and the close adjusted for dividends too, as told; None unknown."""
Numbers = NDArray[np.float64]
ONCE = 1
CENT = 1e-4
"""How far a price may be from a whole cent, in cents of single precision a dollar."""
CLEAR = 0.5
"""Share of a split's ratio, in logarithm, within which a dividend must be of what `adjclose` says it was worth."""


@dataclass(frozen=True, eq=False)
class Series:
    """One name as told: `days` (T,) rising, `closes`, `volumes` and `adjusted` (T,), NaN unknown, and the four prices (T, 4)."""

    days: NDArray[np.datetime64]
    prices: Numbers
    volumes: Numbers
    adjusted: Numbers

    @staticmethod
    def of(rows: Mapping[date, Row]) -> "Series":
        """The rows by day."""
        days = sorted(rows)
        table = np.array([[np.nan if cell is None else cell for cell in rows[day]] for day in days], dtype=np.float64).reshape(-1, 6)
        return Series(np.array(days, dtype="datetime64[D]"), table[:, :4], table[:, 4], table[:, 5])

    @property
    def closes(self) -> Numbers:
        """Closes at which something was traded, (T,), dollars as told; NaN elsewhere."""
        return traded(self.prices[:, 3], self.volumes)

    def row(self, day: date) -> int:
        """The first row from `day` on."""
        return int(np.searchsorted(self.days, np.datetime64(day)))


@dataclass(frozen=True, eq=False)
class Scale:
    """`splits` (day, new shares for an old one) that count, how often the prices before each were `adjusted` for it, and by what the told
    prices of each day (T,) are multiplied to be those of their day.
    """

    splits: tuple[tuple[date, float], ...]
    times: tuple[int, ...]
    prices: Numbers

    def shares(self, day: date) -> float:
        """Shares that one share of `day` has become through the splits after it."""
        return float(np.prod([ratio for when, ratio in self.splits if when > day]))

    def applied(self, day: date) -> float:
        """By what the told prices of `day` are multiplied."""
        return float(np.prod([ratio**k for (when, ratio), k in zip(self.splits, self.times, strict=True) if when > day]))


def unadjusted(series: Series, splits: Sequence[tuple[date, float]]) -> tuple[Scale, list[EventNote]]:
    """The scale of each day, and a note of each split that was not adjusted for once, is told twice, or is too small to tell."""
    notes: list[EventNote] = []
    kept = _once(series, sorted(splits), notes)
    times = []
    for day, ratio in kept:
        k, kind, said = _times(series, day, ratio)
        times.append(k)
        if kind:
            notes.append(EventNote(np.datetime64(day), kind, said))
    prices = np.ones(len(series.days))
    for (day, ratio), k in zip(kept, times, strict=True):
        prices[: series.row(day)] *= ratio**k
    return Scale(tuple(kept), tuple(times), prices), notes


def _times(series: Series, day: date, ratio: float) -> tuple[int, str, str]:
    """How often the prices before a split were adjusted for it, and kind and clause of a note where it is not once or cannot be told."""
    seen = look(series.closes, series.row(day))
    size = -float(np.log(ratio))
    if seen is None or size == 0:
        return ONCE, "", ""
    best = adjusted_times(series.closes, series.row(day), 1 / ratio)
    went = f"split {ratio:g}: told as {seen.before:g} and then {seen.after:g}"
    if best == ONCE:
        return ONCE, "", ""
    if best is not None:
        how = "are as printed, and were taken as told" if best == 0 else "were adjusted twice, and were put back twice"
        return best, AS_TOLD, f"{went}: the prices before {how}"
    cents = _as_printed(series, day, ratio)
    if cents is not None and cents != ONCE:
        return cents, AS_TOLD, f"{went}: only so are the prices before in whole cents"
    return (ONCE, "", "") if cents == ONCE else (ONCE, HIDDEN, went)


AS_TOLD = "splits for which the source did not adjust once"
HIDDEN = "splits so small that a day's move hides whether the source adjusted for them, taken as adjusted"


def _as_printed(series: Series, day: date, ratio: float) -> int | None:
    """How often the prices before must be put back to be in whole cents; None where more than one number, or none, does."""
    end = series.row(day)
    near = series.prices[max(0, end - 20) : end].ravel()
    near = near[near * min(1.0, ratio) >= 1]
    fits = [k for k in (0, ONCE) if len(near) >= 8 and _cents(near * ratio**k)]
    return fits[0] if len(fits) == 1 else None


def _cents(prices: Numbers) -> bool:
    return bool(np.all(np.abs(prices * 100 - np.rint(prices * 100)) <= np.maximum(1e-3, prices * CENT)))


def _once(series: Series, splits: Sequence[tuple[date, float]], notes: list[EventNote]) -> list[tuple[date, float]]:
    """The splits without those that repeat another of a week: the day on which it was is told by the step, else by whole cents."""
    groups: list[list[tuple[date, float]]] = []
    for one in splits:
        last = groups[-1][-1] if groups else None
        near = last is not None and abs(one[1] / last[1] - 1) <= SAME and series.row(one[0]) - series.row(last[0]) <= WEEK
        if near:
            groups[-1].append(one)
        else:
            groups.append([one])
    kept = []
    for group in groups:
        if len(group) == 1 or (len(set(group)) == len(group) and _both(series, group)):
            kept += group
            continue
        chosen = _the_one(series, group)
        kept.append(chosen)
        for day, ratio in [one for k, one in enumerate(group) if k != group.index(chosen)]:
            notes.append(EventNote(np.datetime64(day), TWICE, f"split of {ratio:g} for 1 is told a second time, on {chosen[0]} too"))
    return kept


def _both(series: Series, group: Sequence[tuple[date, float]]) -> bool:
    """Whether the told prices still take the step on every day: then all of them were."""
    looks = [look(series.closes, series.row(day)) for day, _ in group]
    return all(seen is not None and fit(seen, -float(np.log(ratio))) == (1, True) for seen, (_, ratio) in zip(looks, group, strict=True))


def _the_one(series: Series, group: Sequence[tuple[date, float]]) -> tuple[date, float]:
    for day, ratio in group:
        seen = look(series.closes, series.row(day))
        if seen is not None and fit(seen, -float(np.log(ratio))) == (1, True):
            return day, ratio
    first, last = series.row(group[0][0]), series.row(group[-1][0])
    between, ratio = series.prices[first:last].ravel(), group[0][1]
    between = between[~np.isnan(between)]
    if len(between) and _cents(between) and not _cents(between * ratio):
        return group[0]
    return group[-1] if len(between) and not _cents(between) else group[0]


Dividend = tuple[date, float]


def in_shares_of_the_day(
    series: Series, scale: Scale, dividend: Dividend, dividends: Sequence[Dividend] = ()
) -> tuple[float, list[EventNote]]:
    """A told dividend in dollars a share of its day, and a note where it is not told in shares of today, as the vendor promises.

    `adjclose` is the witness: on the ex-date it says what part of the price was paid. Without it the next dividend of `dividends` behind
    the next split is: of one rate, it shows in which shares this one is told. Without both it is on the scale of the prices beside it.
    """
    day, amount = dividend
    shares, applied = scale.shares(day), scale.applied(day)
    meant = amount * shares if abs(np.log(shares / applied)) < SAME else amount * applied
    ways = {amount * shares, amount * applied, amount}
    worth = _worth(series, day)
    paid, witness = (worth * applied, "adjclose") if worth is not None else (_by_rate(scale, dividend, dividends), "the next one")
    if paid is None or len(ways) == 1:
        return meant, []
    best = min(ways, key=lambda one: (abs(np.log(one / paid)), one != meant))
    if best == meant or abs(np.log(best / paid)) > CLEAR * abs(np.log(meant / paid)):
        return meant, []
    said = f"dividend of {amount:g} is {best:g} a share of that day, not {meant:g}: {witness} says {paid:.4g}"
    return best, [EventNote(np.datetime64(day), OTHER, said)]


def _by_rate(scale: Scale, dividend: Dividend, dividends: Sequence[Dividend]) -> float | None:
    """A share's dividend of that day, if the next one behind the next split is of the same rate and tells that this is in old shares."""
    day, amount = dividend
    split = next(((when, ratio) for when, ratio in scale.splits if when > day), None)
    after = next((paid for when, paid in sorted(dividends) if split and when > split[0]), None)
    if split is None or after is None or abs(np.log(amount / after / split[1])) > 0.25 * abs(np.log(split[1])):
        return None
    return float(after * scale.shares(split[0]) * split[1])


OTHER = "dividends told in other shares than the prices beside them"


def _worth(series: Series, day: date) -> float | None:
    """What `adjclose` says was paid, on the scale of the told prices; None where it does not step."""
    row = series.row(day)
    has = np.flatnonzero(~np.isnan(series.adjusted) & ~np.isnan(series.prices[:, 3]))
    k = int(np.searchsorted(has, row))
    if k == 0 or k == len(has):
        return None
    before, after = has[k - 1], has[k]
    close = series.prices[:, 3]
    step = 1 - (series.adjusted[before] / close[before]) / (series.adjusted[after] / close[after])
    return float(step * close[before]) if 1e-5 < step < 1 else None
