"""Two Sharpe ratios on the same sessions: their difference with its interval, and whether the best of many differences is luck.

Politis, Romano (1994), The Stationary Bootstrap, JASA 89(428): whole sessions are resampled in blocks, both runs by the same rows
White (2000), A Reality Check for Data Snooping, Econometrica 68(5): the best of many is set beside the best of as many without skill
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.statistics.returns import SESSIONS, lost

Numbers = NDArray[np.float64]
FEWEST = 30


@dataclass(frozen=True)
class Gain:
    """`difference` of two annual Sharpe ratios, its 95 % interval `low..high`, and `chance`: how often the best of as many runs that are
    no better than the other would show such a difference. NaN under 30 sessions, or where one of the
    accounts was lost.
    """

    difference: float
    low: float
    high: float
    chance: float


def gain(runs: Numbers, winner: int, other: Numbers, rows: NDArray[np.int64]) -> Gain:
    """What `runs[chosen]` gains on `other`, it being the best of `runs` (K, S); excess returns on the same S sessions.

    `rows` (draws, S) are resampled row numbers. The interval knows nothing of the choice among K, `chance` does.
    """
    both = np.vstack([other[None], runs])
    if any(lost(one) for one in both):
        return Gain(*(float("nan"),) * 4)
    found = sharpes(both, np.ones((1, len(other))))[0]
    differences = found[1:] - found[0]
    if len(other) < FEWEST:
        return Gain(float(differences[winner]), *(float("nan"),) * 3)
    drawn = sharpes(both, _weights(rows))
    moved = drawn[:, 1:] - drawn[:, :1]
    low, high = np.quantile(moved[:, winner], [0.025, 0.975])
    best = (moved - differences).max(axis=1)
    chance = float((best >= differences[winner]).mean()) if differences[winner] > 0 else 1.0
    return Gain(float(differences[winner]), float(low), float(high), chance)


def sharpes(runs: Numbers, weights: Numbers) -> Numbers:
    """Annual Sharpe ratios (draws, K) of `runs` (K, S) with each session counted `weights` (draws, S) times; 0 where it does not vary.

    `einsum` adds in one order on any number of cores.
    """
    count = weights.sum(axis=1)[:, None]
    mean = np.einsum("ds,ks->dk", weights, runs) / count
    variance = (np.einsum("ds,ks->dk", weights, runs**2) / count - mean**2) * count / (count - 1)
    moving = variance > 1e-16
    return np.asarray(np.where(moving, mean / np.sqrt(np.where(moving, variance, 1.0)), 0.0) * np.sqrt(SESSIONS))


def _weights(rows: NDArray[np.int64]) -> Numbers:
    draws, sessions = rows.shape
    place = rows + sessions * np.arange(draws)[:, None]
    return np.bincount(place.ravel(), minlength=draws * sessions).reshape(draws, sessions).astype(np.float64)
