"""What live forecasts were worth, as their labels ripen: by day, how often what fired was right, and whether a probability means it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.errors import MissingData
from springback.market.bars import Panel
from springback.monitoring.label_maturity import Firing, MaturedLabel, Rate, firing, hit_rate, matured
from springback.training.evaluate import reliability
from springback.training.judgement import Bin
from springback.validation.validate import tabulate

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DayScores:
    """Sessions whose labels are ripe, (D,) each: the `row` of the session, `names` judged, `rank_ic` of P_long - P_short with the return,
    `auc_long` and `auc_short`; NaN where too few names are ripe.
    """

    row: Counts
    names: Counts
    rank_ic: Numbers
    auc_long: Numbers
    auc_short: Numbers


@dataclass(frozen=True, eq=False)
class SideAccuracy:
    """One model: the rate at which what fired came true, `firing` against the reference (None where that is too short), `calibration` by
    tenths of probability; `waiting` forecasts are not ripe, `unknown` never will be.
    """

    rate: Rate
    firing: Firing | None
    calibration: tuple[Bin, ...]
    waiting: int
    unknown: int


@dataclass(frozen=True, eq=False)
class Accuracy:
    """The whole: by day, and of each side."""

    days: DayScores
    long: SideAccuracy
    short: SideAccuracy


@dataclass(frozen=True, eq=False)
class LiveForecasts:
    """What one champion forecast: `p_long` and `p_short` (T, N), NaN where a name was not ranked, and the `forward` returns (T, N) as they
    are known today; `rows` (S,) the sessions that have a frozen decision.
    """

    p_long: Panel
    p_short: Panel
    forward: Panel
    rows: Counts


def day_scores(live: LiveForecasts, now: int, horizon: int, threshold: float, names: int) -> DayScores:
    """The scores of every session that is ripe at the close of row `now`; sessions with under `names` ripe rows are NaN."""
    ripe = matured(live.p_long - live.p_short, live.forward, now, horizon)
    if not len(ripe.session):
        return DayScores(np.empty(0, np.int64), np.empty(0, np.int64), *(np.empty(0),) * 3)
    at = ripe.session, ripe.name
    table = tabulate(ripe.session, live.forward[at], live.p_long[at], live.p_short[at], threshold, names)
    return DayScores(table.session, table.rows.astype(np.int64), table.rank_ic, table.long.auc, table.short.auc)


def accuracy(
    live: LiveForecasts, now: int, horizon: int, threshold: float, names: int, reference: tuple[Counts, Counts] | None = None
) -> Accuracy:
    """Everything as it is known at the close of row `now` (of T); `reference` is what fired (long, short) on each session of
    the past, (R,) each."""
    sides = []
    for side, (probability, sign) in enumerate(((live.p_long, 1.0), (live.p_short, -1.0))):
        labels = matured(probability, sign * live.forward, now, horizon)
        fired = (probability[live.rows] > threshold).sum(axis=1)
        sides.append(_side(labels, threshold, fired, None if reference is None else reference[side]))
    return Accuracy(day_scores(live, now, horizon, threshold, names), *sides)


def _side(labels: MaturedLabel, threshold: float, fired: Counts, reference: Counts | None) -> SideAccuracy:
    try:
        against = None if reference is None else firing(fired, reference)
    except MissingData:
        against = None
    return SideAccuracy(
        hit_rate(labels, threshold), against, reliability(labels.came_true, labels.probability), labels.waiting, labels.unknown
    )
