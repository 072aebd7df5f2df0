"""What a scenario may change, what a run of it gives, and what a scenario is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.backtest.result import Result
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScenarioInputs:
    """A market to run the rule on. `recalls` (T, N) True where a lender asks at that session's open for his shares back; None: never."""

    market_data: MarketData
    forecasts: Forecasts
    costs: Costs
    recalls: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class RuleRun:
    """The rule on these inputs: its `result`, and `excess` (S,) the return of each session over the risk-free rate."""

    inputs: ScenarioInputs
    result: Result
    excess: Numbers


Runner = Callable[[ScenarioInputs], RuleRun]


@dataclass(frozen=True, eq=False)
class ScenarioRun:
    """A scenario's run: how much it `touched`, and `first`, the session before whose decision nothing differs from the base run (None: it
    touched nothing). `events` the sessions it was placed on, where it has any.
    """

    run: RuleRun
    touched: int
    first: np.datetime64 | None
    events: tuple[np.datetime64, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """`run(base, runner)` gives its run. `name` short, `words` exactly what is done, `source` where it comes from ("" made up), `touches`
    what it counts."""

    key: str
    name: str
    words: str
    source: str
    touches: str
    run: Callable[[RuleRun, Runner], ScenarioRun]
