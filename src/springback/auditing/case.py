"""What every check is handed."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from springback.auditing.pipeline import Pipeline, PipelineRun
from springback.market.market_data import MarketData


@dataclass(frozen=True, eq=False)
class Case:
    """`base` is what `pipeline` made of the sample `base.market_data`; `whole` holds all names, for what needs no training, and `crowd` is
    the sample whose returns become noise. `at` are the rows of `base.market_data` after which the future is changed, drawn from `seed`, and
    `retrainings` how many retraining dates have their labels poisoned.
    """

    pipeline: Pipeline
    base: PipelineRun
    whole: MarketData
    crowd: MarketData
    at: tuple[int, ...]
    retrainings: int
    seed: int
    tell: Callable[[str], None] = lambda _: None

    def draw(self, *key: int) -> np.random.Generator:
        """Random numbers of their own for each check and session."""
        return np.random.default_rng([self.seed, *key])

    @property
    def sample(self) -> MarketData:
        """The market data of every check that trains."""
        return self.base.market_data


def draw_sessions(rng: np.random.Generator, first: int, end: int, count: int) -> tuple[int, ...]:
    """`count` rows, one drawn from each of as many equal parts of `first..end - 1`."""
    edges = np.linspace(first, end, count + 1).astype(int).tolist()
    return tuple(int(rng.integers(low, max(high, low + 1))) for low, high in pairwise(edges))
