"""A run on a random or a flat world, for the tests of the scenarios."""

import dataclasses

import numpy as np

from springback.backtest.run import backtest, prepare
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.tape import Tape
from springback.scenarios.scene import Ran, Run, Scene
from springback.scenarios.stress_figures import returns_of
from springback.strategy.knobs import Regime, Strategy
from tests.backtest.worlds import account_of, random_forecasts, random_tape


def stage(
    tape: Tape, forecasts: Forecasts, strategy: Strategy | None = None, profile: str = "realistic", regime: Regime | None = None
) -> tuple[Ran, Run]:
    """The base run over the whole tape, and the way to run it again on another scene."""
    account, rule, weather = account_of(tape, profile), strategy or Strategy(), regime or Regime()

    def run(scene: Scene) -> Ran:
        market = prepare(scene.tape, scene.forecasts, weather, rule)
        if scene.recalls is not None:
            row, name = np.nonzero(scene.recalls)
            market = market._replace(recall_row=row, recall_name=name)
        result = backtest(scene.tape, scene.forecasts, account, rule, weather, scene.costs, market=market)
        return Ran(scene, result, returns_of(result))

    return run(Scene(tape, forecasts, Costs())), run


def random_stage(seed: int, strategy: Strategy | None = None) -> tuple[Ran, Run]:
    """A world with everything ugly in it, in two calendar years."""
    tape = random_tape(seed, 130, 12)
    moved = dataclasses.replace(tape.bars, sessions=tape.bars.sessions + 300)
    return stage(dataclasses.replace(tape, bars=moved), random_forecasts(seed, tape), strategy)
