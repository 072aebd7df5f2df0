"""Forecasts meet their labels late: what is mature is judged, what is not waits, and how often the models fire is watched meanwhile.

Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference, JASA 22(158)
Kish (1965), Survey Sampling: the design effect, by how much clustered answers are worth fewer than independent ones
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from springback.errors import MissingData
from springback.market.bars import Panel

Numbers = NDArray[np.float64]
FEWEST_BLOCKS = 10


@dataclass(frozen=True, eq=False)
class MaturedLabel:
    """Forecasts whose label is known, (R,) each, by session and then name: `session`, `name`, `probability`, `came_true`.

    `waiting` forecasts are not mature yet; `unknown` are, but their name has no price to tell (a halt, a delisting).
    """

    session: NDArray[np.int64]
    name: NDArray[np.int64]
    probability: Numbers
    came_true: NDArray[np.bool_]
    waiting: int
    unknown: int


@dataclass(frozen=True)
class Rate:
    """`hits` of `count`, their share and its 95 % interval `low..high`; `worth` how many independent answers the `count` are worth."""

    hits: int
    count: int
    worth: float
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Firing:
    """Forecasts past the threshold: `observed`, and what the reference leads to expect, with the 95 % range `low..high` of such counts."""

    observed: int
    expected: float
    low: int
    high: int

    @property
    def unusual(self) -> bool:
        """Whether so few or so many are not what the reference would give."""
        return not self.low <= self.observed <= self.high


def matured(probability: Panel, forward: Panel, now: int, horizon: int) -> MaturedLabel:
    """Forecasts (T, N; NaN: none) with the sign of `forward` returns (T, N) in their side's direction, as known at the close of row `now`.

    A forecast of session t is mature when t + `horizon` <= `now`: whatever `forward` holds of later ones is not looked at.
    """
    said = ~np.isnan(probability[: now + 1])
    mature = said.copy()
    mature[max(0, now + 1 - horizon) :] = False
    session, name = np.nonzero(mature & ~np.isnan(forward[: now + 1]))
    return MaturedLabel(
        session,
        name,
        probability[session, name],
        forward[session, name] > 0,
        waiting=int(said.sum() - mature.sum()),
        unknown=int(mature.sum()) - len(session),
    )


def hit_rate(labels: MaturedLabel, threshold: float, block: int = 20) -> Rate:
    """How often what fired came true; names of a day move together and labels overlap, so `count` is divided by its design effect.

    The effect is that of blocks of `block` sessions. Under 10 blocks it cannot be told: every block then counts as one answer.
    """
    fired = labels.probability > threshold
    right, session = labels.came_true[fired], labels.session[fired]
    hits, count = int(right.sum()), len(right)
    if count == 0:
        return Rate(0, 0, 0.0, *(float("nan"),) * 3)
    blocks = np.unique(session // block, return_inverse=True)[1]
    worth = _worth(right, blocks)
    return Rate(hits, count, worth, hits / count, *wilson(hits / count, worth))


def wilson(share: float, count: float, level: float = 0.95) -> tuple[float, float]:
    """Interval of a `share` of `count` independent answers, both ends within 0 and 1; it is of use near 0 and 1 and for few answers."""
    z = float(stats.norm.ppf((1 + level) / 2))
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * float(np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)))
    return max(0.0, middle - half), min(1.0, middle + half)


def firing(counts: NDArray[np.int64], reference: NDArray[np.int64], block: int = 20) -> Firing:
    """What fired on each live session (S,) against each session of a `reference` (R,) on which the models were not trained.

    Counts come in clusters: their variance over blocks of sessions widens the Poisson range to a negative binomial's, and that the
    reference is finite widens it again. Raises `MissingData` where the reference has under 10 blocks.
    """
    if len(reference) < FEWEST_BLOCKS * block:
        raise MissingData(f"a reference of {len(reference)} sessions is too short: {FEWEST_BLOCKS * block} are needed to expect a count")
    whole = len(reference) // block * block
    sums = reference[-whole:].reshape(-1, block).sum(axis=1)
    dispersion = max(1.0, float(sums.var(ddof=1) / sums.mean())) if sums.any() else 1.0
    expected = float(reference.mean()) * len(counts)
    variance = expected * dispersion * (1 + len(counts) / len(reference))
    if variance > expected > 0:
        spread = expected / variance, expected**2 / (variance - expected)
        low, high = stats.nbinom.ppf([0.025, 0.975], spread[1], spread[0])
    else:
        low, high = 0.0, 0.0
    return Firing(int(counts.sum()), expected, int(low), int(high))


def _worth(right: NDArray[np.bool_], blocks: NDArray[np.int64]) -> float:
    """How many independent answers these are worth; never more than there are, never fewer than 1."""
    sizes = np.bincount(blocks).astype(np.float64)
    if len(sizes) < FEWEST_BLOCKS:
        return float(len(sizes))
    share = right.mean()
    if share in (0.0, 1.0):
        return float(len(sizes))
    off = np.bincount(blocks, weights=right - share)
    variance = (off**2).sum() / sizes.sum() ** 2 * len(sizes) / (len(sizes) - 1)
    return float(np.clip(share * (1 - share) / variance, 1.0, sizes.sum())) if variance > 0 else float(sizes.sum())
