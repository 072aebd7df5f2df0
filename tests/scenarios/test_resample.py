"""Resampled histories against known truths and other code."""

import numpy as np
import pandas as pd
import pytest

from springback.analytics.performance import drawdown
from springback.scenarios.resample import FIGURES, LEVELS, by_day, by_trade, contributions
from springback.statistics.paths import falls, ratios, yearly
from springback.statistics.returns import annual_return, sharpe
from tests.backtest.worlds import flat_tape, signals
from tests.scenarios.stages import random_stage, stage

MEAN, DEVIATION, SESSIONS = 0.0004, 0.01, 500


def test_nine_in_ten_intervals_hold_the_truth_on_independent_returns() -> None:
    """The mean of independent normal returns is known: the 5 % to 95 % interval must hold it in about 90 % of 200 records.

    200 records have a standard error of 2.1 points, so 84 to 95 % is within three of them.
    """
    inside = 0
    for seed in range(200):
        returns = np.random.default_rng(10_000 + seed).normal(MEAN, DEVIATION, SESSIONS)
        spread = by_day(returns, returns, seed, draws=300, block=5)
        assert spread is not None
        low, *_, high = spread.quantiles["annual_return"]
        # The typical history of a year grows by exp(252 x E log(1 + r)), and E log(1 + r) is the mean less half the variance.
        truth = np.exp(252 * (MEAN - (DEVIATION**2 + MEAN**2) / 2)) - 1
        inside += low < truth < high
    assert 0.84 <= inside / 200 <= 0.95


def test_blocks_keep_what_hangs_together() -> None:
    """Returns that come in runs make longer falls than the same returns in any order."""
    draw = np.random.default_rng(3)
    runs = np.repeat(draw.normal(0, 0.01, 50), 10)
    together, apart = by_day(runs, runs, 1, 400, block=40), by_day(runs, runs, 1, 400, block=1)
    assert together is not None and apart is not None
    assert together.quantiles["max_drawdown"][2] > 1.3 * apart.quantiles["max_drawdown"][2]


def test_figures_of_paths_are_those_of_single_runs() -> None:
    paths = np.random.default_rng(5).normal(0.0003, 0.012, (20, 300))
    deep, long = falls(paths)
    for k, path in enumerate(paths):
        one = drawdown(pd.Series(path, index=pd.date_range("2020-01-01", periods=300)))
        assert (deep[k], long[k]) == (pytest.approx(one.depth), one.longest)
        assert yearly(paths)[k] == pytest.approx(annual_return(path))
        assert ratios(paths)[k] == pytest.approx(sharpe(path))


def test_a_history_that_only_rises_is_never_under_water() -> None:
    spread = by_day(np.full(60, 0.001), np.full(60, 0.001), 1, draws=50)
    assert spread is not None
    assert spread.quantiles["max_drawdown"] == (0.0,) * len(LEVELS) == spread.quantiles["under_water"]
    assert spread.losing == 0.0
    assert "sharpe" not in spread.quantiles or all(np.isfinite(spread.quantiles["sharpe"]))


@pytest.mark.parametrize("seed", range(5))
def test_every_profit_is_in_the_contributions_once(seed: int) -> None:
    base, _ = random_stage(seed)
    result = base.result
    before = np.concatenate([[result.cash], result.daily["equity"][:-1]])
    earned = contributions(result)
    assert np.sum(earned * before[:, None]) == pytest.approx(result.trades["profit"].sum())
    assert earned.shape[0] == len(result.sessions)


@pytest.mark.parametrize("seed", range(3))
def test_quantiles_stand_in_order_and_come_back_the_same(seed: int) -> None:
    base, _ = random_stage(seed)
    for spread, again in ((by_trade(base.result, 4, 200), by_trade(base.result, 4, 200)), (by_day(base.excess, base.excess, 4, 200), None)):
        assert spread is not None
        assert set(spread.quantiles) == set(FIGURES)
        assert all(list(values) == sorted(values) for values in spread.quantiles.values())
        assert all(sum(counts) == 200 for _, counts in spread.bins.values())
        assert again is None or (spread.quantiles, spread.bins) == (again.quantiles, again.bins)


def test_too_short_or_without_a_trade_there_is_nothing_to_resample() -> None:
    assert by_day(np.zeros(29), np.zeros(29), 1) is None
    market_data = flat_tape({"AAA": [100.0] * 40, "BBB": [100.0] * 40})
    idle, _ = stage(market_data, signals(market_data, {}))
    assert by_trade(idle.result, 1) is None
