"""The words of a judgement on forecasts: an estimate with its interval, the scores of a side, a part of the rows, the whole."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Dates


@dataclass(frozen=True)
class Estimate:
    """A figure, its standard error and its 95 % interval `low..high`, from resampling whole sessions in blocks.

    `value` None: there is nothing to count; the others None: too few sessions to say how far it may be luck.
    """

    value: float | None
    error: float | None
    low: float | None
    high: float | None

    def excludes(self, value: float) -> bool:
        """Whether the interval is known and lies on one side of `value`."""
        return self.low is not None and self.high is not None and not self.low <= value <= self.high


@dataclass(frozen=True)
class Bin:
    """Rows whose probability fell in `low..high`: how many, their mean probability and the share that came true."""

    low: float
    high: float
    rows: int
    probability: float | None
    came_true: float | None


@dataclass(frozen=True)
class Scores:
    """One model on some rows.

    `base_rate` share of rows that came true; `auc` over all rows together, `auc_by_day` its mean over sessions; `rank_ic` mean over
    sessions of Spearman's correlation between probability and return in the side's direction; `accuracy` at 0.5; `fired` rows above the
    threshold and `precision` the share of them that came true; `brier` mean squared error, `brier_skill` what it gains on always saying
    the base rate of these very rows, a fraction.
    """

    base_rate: float | None
    auc: Estimate
    auc_by_day: Estimate
    rank_ic: Estimate
    accuracy: Estimate
    fired: int
    precision: Estimate
    brier: Estimate
    brier_skill: Estimate


@dataclass(frozen=True)
class Part:
    """The rows of one `name` of a `cut`: `rows`, `sessions` that have enough of them for figures by day, the scores of both sides, and the
    `rank_ic` of P_long - P_short with the return.
    """

    cut: str
    name: str
    rows: int
    sessions: int
    long: Scores
    short: Scores
    rank_ic: Estimate


@dataclass(frozen=True, eq=False)
class Days:
    """Rank IC of each session, (D,), mean over paths: of P_long - P_short, of each side; NaN where a session has too few rows."""

    sessions: Dates
    rank_ic: NDArray[np.float64]
    long: NDArray[np.float64]
    short: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What forecasts were worth on rows their models never saw.

    `method` walk-forward or combinatorial; `paths` forecasts of each row; `whole` all rows, `folds` the periods or groups that were
    forecast together, `parts` the cuts in order; `reliability` by tenths of probability and `mirror` the correlation of P_long with
    1 - P_short; `random_split_auc` (long, short) what a random split of the same rows shows.
    """

    method: str
    paths: int
    threshold: float
    whole: Part
    folds: tuple[Part, ...]
    parts: tuple[Part, ...]
    reliability_long: tuple[Bin, ...]
    reliability_short: tuple[Bin, ...]
    mirror: float | None
    random_split_auc: tuple[float | None, float | None]
    days: Days
