"""How much of market data an audit takes: some names and the newest sessions, so that everything can be trained again and again."""

from dataclasses import dataclass

import numpy as np

from springback.auditing import counterfactuals
from springback.auditing.pipeline import Flags
from springback.errors import MissingData
from springback.market.market_data import MarketData

LEAST = 60
"""Sessions of backtest that a sample must hold."""


@dataclass(frozen=True)
class Size:
    """`names` for the checks that retrain, `crowd` for noise and planted edge, the newest `sessions`, `at` how many random sessions and
    `retrainings` how many retraining dates, at most `trees` a forest and `rows` a fit (0: all), periods of at least `months`.
    """

    names: int
    crowd: int
    sessions: int
    at: int
    retrainings: int
    trees: int
    rows: int
    months: int


QUICK = Size(names=60, crowd=140, sessions=720, at=3, retrainings=2, trees=20, rows=0, months=6)
FULL = Size(names=150, crowd=400, sessions=1260, at=6, retrainings=4, trees=1000, rows=0, months=1)


@dataclass(frozen=True, eq=False)
class Sample:
    """Two markets of the same sessions, and the row from which there are enough known labels to forecast."""

    market_data: MarketData
    crowd: MarketData
    first: int


def take(market_data: MarketData, eligible: Flags, size: Size, end: int, warm: int, least: int, rng: np.random.Generator) -> Sample:
    """Names drawn at random among those ever in the universe of the newest sessions before row `end`, those that ended among them.

    `warm` sessions come before the first row that can be learned from, `least` sessions of known labels before the first forecast.
    Raises `MissingData` where the market data is too short.
    """
    begin = max(0, end - size.sessions)
    first = warm + least
    if end - begin < first + LEAST:
        begin = max(0, end - first - LEAST)
    if end - begin < first + LEAST:
        raise MissingData(
            f"an audit needs {first + LEAST} sessions ({warm} to warm up, {least} to learn from, {LEAST} to trade), the data have {end}: "
            "fetch a longer history or lower walk_forward.min_sessions"
        )
    span = counterfactuals.since(market_data.until(end) if end < market_data.bars.shape[0] else market_data, begin)
    known = np.flatnonzero(eligible[begin:end].any(axis=0))
    if len(known) == 0:
        raise MissingData("an audit needs names in the universe, and there is none: see the [universe] settings")
    mixed = rng.permutation(known)
    return Sample(counterfactuals.of_names(span, mixed[: size.names]), counterfactuals.of_names(span, mixed[: size.crowd]), first)
