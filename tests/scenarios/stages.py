"""A run on a random or a flat world, for the tests of the scenarios."""

import dataclasses

import numpy as np

from springback.backtest.run import backtest, prepare
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.scenarios.scenario_run import RuleRun, Runner, ScenarioInputs
from springback.statistics.returns import account_returns
from springback.strategy.knobs import Regime, Strategy
from tests.backtest.worlds import account_of, random_forecasts, random_tape


def stage(
    market_data: MarketData,
    forecasts: Forecasts,
    strategy: Strategy | None = None,
    profile: str = "realistic",
    regime: Regime | None = None,
) -> tuple[RuleRun, Runner]:
    """The base run over the whole market data, and the way to run it again on other inputs."""
    account, rule, weather = account_of(market_data, profile), strategy or Strategy(), regime or Regime()

    def run(scene: ScenarioInputs) -> RuleRun:
        inputs = prepare(scene.market_data, scene.forecasts, weather, rule)
        if scene.recalls is not None:
            row, name = np.nonzero(scene.recalls)
            inputs = inputs._replace(recall_row=row, recall_name=name)
        result = backtest(scene.market_data, scene.forecasts, account, rule, weather, scene.costs, inputs=inputs)
        return RuleRun(scene, result, account_returns(result))

    return run(ScenarioInputs(market_data, forecasts, Costs())), run


def random_stage(seed: int, strategy: Strategy | None = None) -> tuple[RuleRun, Runner]:
    """A world with everything ugly in it, in two calendar years."""
    market_data = random_tape(seed, 130, 12)
    moved = dataclasses.replace(market_data.bars, sessions=market_data.bars.sessions + 300)
    return stage(dataclasses.replace(market_data, bars=moved), random_forecasts(seed, market_data), strategy)
