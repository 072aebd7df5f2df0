"""The pipeline under test, as a value: the real one and the planted leaky ones go through the same checks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.backtest.result import Result
from springback.market.bars import Bars, Dates, Panel
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ModelForecasts:
    """`forecasts` (T, N) and the fingerprint of every model behind them, by the ISO date of the session it was trained as of."""

    forecasts: Forecasts
    models: Mapping[str, str]


@dataclass(frozen=True)
class Pipeline:
    """Steps from market data to an account; each sees only what it is handed.

    `eligible` (T, N): who may be ranked. `features` (T, N, F): named `named`. `forecast` takes both, makes its own labels, trains and
    forecasts. `backtest` decides and fills. `careless` is the AUC of a random split of the rows, which leaks. `read` places long rows
    (date, symbol, {field: values}) of any source. `window` sessions that the features of one session look at, `look_back` sessions
    that universe and rule do, `horizon` of the label.
    """

    eligible: Callable[[MarketData], Flags]
    features: Callable[[MarketData], Panel]
    forecast: Callable[[MarketData, Flags, Panel], ModelForecasts]
    backtest: Callable[[MarketData, Forecasts], Result]
    careless: Callable[[MarketData, Flags, Panel], float | None]
    read: Callable[[Dates, Sequence[str], Mapping[str, NDArray[np.float64]]], Bars]
    named: tuple[str, ...]
    window: int
    look_back: int
    horizon: int


@dataclass(frozen=True, eq=False)
class PipelineRun:
    """What a pipeline made of market data, stage by stage."""

    market_data: MarketData
    eligible: Flags
    features: Panel
    learned: ModelForecasts
    result: Result


def run_pipeline(pipeline: Pipeline, market_data: MarketData) -> PipelineRun:
    """Every stage on `market_data`."""
    eligible, features = pipeline.eligible(market_data), pipeline.features(market_data)
    learned = pipeline.forecast(market_data, eligible, features)
    return PipelineRun(market_data, eligible, features, learned, pipeline.backtest(market_data, learned.forecasts))
