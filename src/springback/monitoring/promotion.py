"""Champion against challenger: another model takes over only where data that neither saw say so beyond luck.

"Retrain and keep the better one" takes over half of the time where neither has any skill, and each time the record looks better.

Politis, Romano (1994), The Stationary Bootstrap, JASA 89(428): whole sessions in blocks, both models by the same rows
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.analytics.significance import block_rows
from springback.errors import InputError, SettingsError
from springback.market.bars import Dates

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Contest:
    """How a challenger is judged: `level` of the two-sided interval of its gain, from `draws` resamples of sessions in blocks of `block`
    on average, which must be well above the horizon of the labels; under `fewest` sessions nobody is promoted.
    """

    level: float = 0.95
    block: int = 20
    draws: int = 1000
    fewest: int = 120
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0.5 < self.level < 1:
            raise SettingsError(f"contest.level must lie between 0.5 and 1, was {self.level}")
        for name, least in (("block", 1), ("draws", 100), ("fewest", 2 * self.block)):
            if getattr(self, name) < least:
                raise SettingsError(f"contest.{name} must be at least {least}, was {getattr(self, name)}")


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


def judge(days: Dates, challenger: Numbers, champion: Numbers, seen: np.datetime64, contest: Contest | None = None) -> Promotion:
    """Whether the challenger takes over, from a figure of each model on each session (T,): its return, or its rank IC.

    `days` (T,) rise; `seen` is the last session by whose close a label of either model was known. A session on which a figure is NaN is
    left out of both. Raises `InputError` where a session was seen by either model: what it learned is no evidence.
    """
    rule = contest or Contest()
    _check(days, challenger, champion, seen)
    difference = challenger - champion
    difference = difference[~np.isnan(difference)]
    count = len(difference)
    gain = float(difference.mean()) if count else float("nan")
    if count < rule.fewest:
        why = f"not promoted: {count} sessions that neither saw, {rule.fewest} are needed"
        return Promotion(False, gain, float("nan"), float("nan"), count, why)
    rows = block_rows(count, rule.draws, rule.block, np.random.default_rng(rule.seed))
    low, high = np.quantile(difference[rows].mean(axis=1), [(1 - rule.level) / 2, (1 + rule.level) / 2])
    better = bool(low > 0)
    band = f"{gain:.5f} a session, {rule.level:.0%} interval {low:.5f} to {high:.5f}, {count} sessions"
    return Promotion(
        better, gain, float(low), float(high), count, f"{'promoted' if better else 'not promoted: no better than luck'}: {band}"
    )


def _check(days: Dates, challenger: Numbers, champion: Numbers, seen: np.datetime64) -> None:
    if not len(days) == len(challenger) == len(champion):
        raise InputError(
            f"{len(days)} sessions, {len(challenger)} figures of the challenger and {len(champion)} of the champion: align them"
        )
    if (np.diff(days) <= np.timedelta64(0, "D")).any():
        raise InputError("the sessions of a contest must rise: sort them and count each once")
    if len(days) and days[0] <= seen:
        raise InputError(f"the contest begins on {days[0]}, but labels up to {seen} were known in training: begin after it")
