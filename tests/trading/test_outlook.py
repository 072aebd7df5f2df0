"""The whole path session by session - rolling bars, features, universe, the right models, the rule - against the embedded backtest."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from springback.backtest.result import orders_frame
from springback.data.demo.demo import Demo
from springback.errors import ModelError
from springback.forecasting.models import FeatureRows
from springback.market.market_data import MarketData
from springback.market.membership import Membership
from springback.strategy.knobs import Regime, Strategy
from springback.trading.day_forecasts import FixedModelForecasts, ModelForecasts
from springback.training.training_settings import Training
from springback.workflow.backtests import run_backtest
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import PreparedData, prepare_world
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from tests.trading.host import Host

CHOSEN = Settings(
    backtest=replace(Settings().backtest, start=date(2020, 1, 1), end=date(2020, 12, 31), profile="lean"),
    strategy=Strategy(probability=0.5, slots=5),
    training=Training(trees=20),
    demo=Demo(names=60, end="2020-12-31"),
)


def as_ranges(market_data: MarketData) -> Membership | None:
    if market_data.members is None:
        return None
    rows, names = np.nonzero(market_data.members)
    days = market_data.bars.sessions[rows].astype(str).tolist()
    return Membership.through([market_data.bars.symbols[name] for name in names], days, days)


@pytest.fixture(scope="module")
def made() -> PreparedData:
    market_data = draw_demo(CHOSEN)
    return prepare_world(market_data, CHOSEN)


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant", [{}, {"indicator": "return_percentile"}, {"indicator": "return_percentile", "trend": "sma200", "qpi_low": 30.0}]
)
def test_desk_with_models_and_the_walk_forward_backtest_give_the_same_orders(made: PreparedData, variant: dict[str, Any]) -> None:
    chosen = replace(CHOSEN, strategy=replace(CHOSEN.strategy, **variant))
    walked = forecast_walk_forward(made, chosen)
    expected = orders_frame(run_backtest(made.market_data, walked.forecasts, chosen, Recorder()))
    assert len(expected) > 100
    outlook = ModelForecasts(walked.champions, chosen.universe, chosen.strategy.qpi_low, chosen.strategy.qpi_high)
    first = made.market_data.bars.row("2020-01-01")
    host = Host(made.market_data, outlook, chosen.strategy, Regime(), chosen.universe, as_ranges(made.market_data), first=first).run()
    assert [one[1:] for one in host.orders] == list(zip(expected["symbol"], expected["quantity"], expected["reason"], strict=True))


class Constant:
    def probabilities(self, features: FeatureRows) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(features), 0.7), np.full(len(features), 0.7)


def test_models_speak_only_about_the_sessions_after_their_date(made: PreparedData) -> None:
    rolling = Host(made.market_data, FixedModelForecasts(Constant(), CHOSEN.universe, 15, 85), CHOSEN.strategy, first=300).desk.rolling
    day = rolling.newest
    with pytest.raises(ModelError, match=f"no models were trained before {day}"):
        ModelForecasts({day: Constant()}, CHOSEN.universe, 50, 50).today(rolling, None)
    said = ModelForecasts({day - 1: Constant(), day + 1: None}, CHOSEN.universe, 50, 50).today(rolling, None)  # type: ignore[dict-item]
    assert np.nanmax(said.p_long) == 0.7
