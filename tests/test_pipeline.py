"""The whole pipeline against a market whose truth is known: on noise it earns nothing, and it finds what was planted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from springback import settings
from springback.analytics.summary import summarise, summary_json
from springback.training.evaluate import auc_by_day
from springback.training.labels import forward_return
from springback.workflow import report
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import prepare_world
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo

BLOCK = 12  # sessions: two horizons, so that labels of neighbouring blocks hardly overlap
WORLD = (
    "demo.names=120",
    "demo.start='2017-01-03'",
    "demo.end='2020-12-31'",
    "demo.market_return=0.0",
    "backtest.start=2018-07-02",
    "backtest.end=2020-12-31",
    "training.trees=40",
    "walk_forward.months=6",
    "strategy.probability=0.52",  # far more trades than at 0.6: on noise the fees of each must show
)


@dataclass(frozen=True)
class Outcome:
    """AUC by day of the long side and its standard error by blocks of sessions; the figures of each cost profile; trades by profile."""

    auc: float
    error: float
    figures: dict[str, Any]


def outcome(reversal: float, seed: int) -> Outcome:
    """Demo market to summary, as `springback run` does it."""
    knobs = [*WORLD, f"demo.reversal={reversal}", f"demo.seed={seed}", "walk_forward.policy=newest"]  # 28 pairs, not one that luck chose
    chosen = settings.load(Settings, [], knobs)
    market_data = draw_demo(chosen)
    made = prepare_world(market_data, chosen)
    said = forecast_walk_forward(made, chosen).forecasts
    report_data = report.gather(market_data, said, chosen, Recorder(data_hash=made.hash, models="walk-forward"))
    told = summary_json(report_data, summarise(report_data))
    daily = by_day(market_data, said, chosen.training.horizon)
    blocks = np.array([block.mean() for block in np.array_split(daily, len(daily) // BLOCK)])
    profiles = {"realistic": told["figures"], **told["profiles"]}
    figures = {profile: {name: one["value"] for name, one in values.items()} for profile, values in profiles.items()}
    return Outcome(float(daily.mean()), float(blocks.std(ddof=1) / np.sqrt(len(blocks))), figures)


def by_day(market_data: Any, said: Any, horizon: int) -> Any:
    """How well P_long ranks the names of each session, with the answer the market gave: its sign."""
    forward = forward_return(market_data.bars, market_data.actions, horizon)
    session, name = np.nonzero(~np.isnan(forward) & ~np.isnan(said.p_long))
    return auc_by_day(forward[session, name] > 0, said.p_long[session, name], session)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_earns_nothing(seed: int) -> None:
    found = outcome(0.0, seed)
    assert abs(found.auc - 0.5) < 3 * found.error < 0.05, found
    lean, realistic = found.figures["lean"], found.figures["realistic"]
    assert min(lean["trades"], realistic["trades"]) > 300
    assert lean["mean_low"] < 0 < lean["mean_high"], "before spread, impact, borrow and interest: nothing"
    assert realistic["sharpe_low"] < 0, "over the risk-free rate and net of costs: no gain beyond its error"


@pytest.mark.slow
def test_planted_reversal_is_found() -> None:
    found = outcome(0.5, 1)
    assert found.auc > 0.52 and found.auc - 0.5 > 5 * found.error, found
    assert found.figures["lean"]["sharpe_low"] > 0 and found.figures["realistic"]["sharpe_low"] > 0
