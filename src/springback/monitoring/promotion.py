"""Champion against challenger: another model takes over only where data that neither saw say so beyond luck.

"Retrain and keep the better one" takes over half of the time where neither has any skill, and each time the record looks better.

Where 2.5 % is said, a challenger that is no better took over in these shares of 4,000 simulated contests of fat-tailed daily differences
that lean on the day before (`benchmarks/promotion.py`; a share is known to a quarter of a point):

    leaning on the day before           0.1     0.3     0.6
    120 / 252 / 504 sessions, one look  2.8 / 2.7 / 2.6   2.8 / 2.7 / 2.6   3.1 / 2.9 / 2.9 %
    seven looks, planned                1.3     1.3     1.5 %
    seven looks, one planned            8.7     8.7     9.3 %

A look that was not planned is one too many: whoever asks again each quarter until the answer pleases must say so in `Contest.looks` before
the first session, and the level is shared among them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.errors import InputError, SettingsError
from springback.market.bars import Dates
from springback.statistics.significance import mean_interval

Numbers = NDArray[np.float64]
FEWEST = 63
"""Sessions, a quarter, under which no contest is judged."""


@dataclass(frozen=True)
class Contest:
    """How a challenger is judged: `level` of the two-sided interval of its gain; `looks` how often the contest is asked, planned before it
    begins: each look has its share of what is left of the level (Bonferroni), so that all of them together promote no more than one would.
    Under `fewest` sessions nobody is promoted.
    """

    level: float = 0.95
    looks: int = 1
    fewest: int = 120

    def __post_init__(self) -> None:
        if not 0.5 < self.level < 1:
            raise SettingsError(f"contest.level must lie between 0.5 and 1, was {self.level}", value=self.level)
        for name, least in (("looks", 1), ("fewest", FEWEST)):
            if getattr(self, name) < least:
                raise SettingsError(f"contest.{name} must be at least {least}, was {getattr(self, name)}", limit=least)

    @property
    def each(self) -> float:
        """The level of one look."""
        return 1 - (1 - self.level) / self.looks


@dataclass(frozen=True)
class Promotion:
    """`gain` of the challenger on the champion, mean a session, and its interval `low..high` (NaN under `fewest` sessions); `sessions` that
    were counted; `promoted` where `low` is above 0; `why` in words.
    """

    promoted: bool
    gain: float
    low: float
    high: float
    sessions: int
    why: str


def judge(days: Dates, challenger: Numbers, champion: Numbers, last_seen: np.datetime64, contest: Contest | None = None) -> Promotion:
    """Whether the challenger takes over, from a figure of each model on each session (T,): its return, or its rank IC.

    `days` (T,) rise; `last_seen` is the last session by whose close a label of either model was known. A session on which a figure is NaN
    is left out of both. Raises `InputError` where a session was seen by either model: what it learned is no evidence.
    """
    rule = contest or Contest()
    _check(days, challenger, champion, last_seen)
    difference = challenger - champion
    difference = difference[~np.isnan(difference)]
    count = len(difference)
    gain = float(difference.mean()) if count else float("nan")
    if count < rule.fewest:
        why = f"not promoted: {count} sessions that neither saw, {rule.fewest} are needed"
        return Promotion(False, gain, float("nan"), float("nan"), count, why)
    low, high = mean_interval(difference, rule.each)
    better = low > 0
    planned = f", one of {rule.looks} looks planned" if rule.looks > 1 else ""
    band = f"{gain:.5f} a session, {100 * rule.each:.4g} % interval {low:.5f} to {high:.5f}, {count} sessions{planned}"
    return Promotion(better, gain, low, high, count, f"{'promoted' if better else 'not promoted: no better than luck'}: {band}")


def _check(days: Dates, challenger: Numbers, champion: Numbers, last_seen: np.datetime64) -> None:
    if not len(days) == len(challenger) == len(champion):
        raise InputError(
            f"{len(days)} sessions, {len(challenger)} figures of the challenger and {len(champion)} of the champion: align them"
        )
    if (np.diff(days) <= np.timedelta64(0, "D")).any():
        raise InputError("the sessions of a contest must rise: sort them and count each once")
    if len(days) and days[0] <= last_seen:
        raise InputError(f"the contest begins on {days[0]}, but labels up to {last_seen} were known in training: begin after it")
