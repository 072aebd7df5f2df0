"""What the VIX regime does: the same decisions with and without it, paired by session, told by episode."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Dates
from springback.statistics.significance import mean_interval

Numbers = NDArray[np.float64]
FEWEST_EPISODES = 10
FEWEST = 30


@dataclass(frozen=True)
class Episode:
    """A spell of `sessions` in the bear regime from `first` to `last`, and what the regime gained from its first session until the next
    spell begins, as a fraction: positions taken in a spell live on after it.
    """

    first: np.datetime64
    last: np.datetime64
    sessions: int
    gain: float


@dataclass(frozen=True, eq=False)
class RegimeEffect:
    """`difference` (S,) of daily returns with and without the regime on `sessions` (S,); `gain` its mean a session with the 95 % interval
    `low..high` (None under 30 sessions); the `episodes`. `can_be_told`: at least 10 of them, each of which is one piece of evidence.
    """

    sessions: Dates
    difference: Numbers
    gain: float
    low: float | None
    high: float | None
    episodes: tuple[Episode, ...]
    can_be_told: bool


def regime_effect(sessions: Dates, returns: Numbers, without: Numbers, bear: NDArray[np.bool_]) -> RegimeEffect:
    """The effect of the regime from daily `returns` (S,) with it and `without` it, and whether each session was `bear` (S,).

    The gains of the episodes add up to all that was gained since the first of them: before it nothing can differ.
    """
    difference = returns - without
    edges = np.flatnonzero(np.diff(np.concatenate([[0], bear.astype(np.int64), [0]])))
    spells = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    following = [*(first for first, _ in spells), len(bear)][1:]
    episodes = tuple(
        Episode(sessions[first], sessions[end - 1], end - first, float(difference[first:until].sum()))
        for (first, end), until in zip(spells, following, strict=True)
    )
    low, high = mean_interval(difference, 0.95) if len(difference) >= FEWEST else (None, None)
    gain = float(difference.mean()) if len(difference) else float("nan")
    return RegimeEffect(sessions, difference, gain, low, high, episodes, len(episodes) >= FEWEST_EPISODES)
