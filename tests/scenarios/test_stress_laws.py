"""What holds for every scenario on every world."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as draw
from numpy.typing import NDArray

from springback.backtest.result import daily_frame, fills_frame, orders_frame
from springback.scenarios import shocks
from springback.scenarios.positions import fullest_of_each_year, held, worst_days
from springback.scenarios.scenario_outcome import run_scenarios
from springback.scenarios.scenario_run import RuleRun
from springback.scenarios.scenarios import scenarios
from springback.strategy.knobs import Strategy
from springback.strategy.rule import REASONS, RECALL
from tests.scenarios.stages import random_stage

KEYS = [one.key for one in scenarios(0.05, 1)]
SEEDS = draw.integers(0, 10_000)
RULES = draw.sampled_from([Strategy(), Strategy(stop_mode="intraday"), Strategy(holding_sessions=20, slots=4)])


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=12)
@given(seed=SEEDS, rule=RULES)
def test_until_it_touches_something_every_order_is_that_of_the_base_run(key: str, seed: int, rule: Strategy) -> None:
    base, run = random_stage(seed, rule)
    (scenario,) = (one for one in scenarios(rule.stop_loss, 1) if one.key == key)
    played = scenario.run(base, run)
    before, after = (orders_frame(one).iloc[:, :5] for one in (base.result, played.run.result))  # as sent; what became of them comes later
    if played.first is None:
        assert played.touched == 0
        assert before.equals(after)
        return
    cut = played.first
    assert before[before["decided"] < cut].equals(after[after["decided"] < cut])
    ours, theirs = (daily_frame(one.result) for one in (base, played.run))
    if key != "late_vix":  # the account is that of the base run, but for the VIX it shows
        assert ours[ours["date"] < cut].equals(theirs[theirs["date"] < cut])


@given(seed=SEEDS, rule=RULES)
def test_what_was_held_is_worth_what_the_account_says(seed: int, rule: Strategy) -> None:
    """Shares worked out from the fills, at the last closes, and the cash are the equity of each session."""
    base, _ = random_stage(seed, rule)
    market_data, result = base.inputs.market_data, base.result
    mark = np.full(market_data.bars.shape[1], np.nan)
    for row in range(result.first, result.first + len(result.sessions)):
        for k in np.flatnonzero((market_data.actions.kind == 1) & (market_data.actions.row == row)):
            mark[market_data.actions.name[k]] *= market_data.actions.value[k]
        close = market_data.bars.close[row]
        mark = np.where(np.isnan(close), mark, close)
        book = held(result, market_data.actions, row)
        worth = result.daily["cash"][row - result.first] + np.sum(book.quantity * mark[book.name])
        assert worth == pytest.approx(result.daily["equity"][row - result.first], rel=1e-9)


@pytest.mark.slow
@given(seed=SEEDS)
def test_a_halted_name_is_not_filled_and_a_shut_exchange_has_no_session(seed: int) -> None:
    base, run = random_stage(seed)
    for day in worst_days(base.result, 5, 10):
        scene, count = shocks.halt(base, day, 5, 5)
        if count:
            row = scene.market_data.bars.row(day)
            halted = np.flatnonzero(np.isnan(scene.market_data.bars.close[row : row + 5]).all(axis=0) & base_bars(base, row))
            fills = run(scene).result.fills
            within = (fills["row"] >= row) & (fills["row"] < row + 5) & (fills["midnight"] == 0)
            assert not set(fills["name"][within].astype(int)) & set(halted)
    for day in fullest_of_each_year(base.result, 7):
        scene, _ = shocks.close_market(base, day, 5, 0.1)
        kept = scene.market_data.bars.sessions
        assert len(kept) == len(base.inputs.market_data.bars.sessions) - 5
        ran = run(scene)
        assert set(np.setdiff1d(base.result.sessions, ran.result.sessions)) == set(
            base.inputs.market_data.bars.sessions[kept.searchsorted(day) + 1 :][:5]
        )
        all_fills = fills_frame(ran.result)
        traded = all_fills[all_fills["reason"] != "Liquidate from delisting"]
        assert traded["time"].dt.normalize().isin(ran.result.sessions).all()


def base_bars(base: RuleRun, row: int) -> NDArray[np.bool_]:
    """Which names had a bar in one of five sessions of the base market data."""
    found: NDArray[np.bool_] = ~np.isnan(base.inputs.market_data.bars.close[row : row + 5]).all(axis=0)
    return found


@given(seed=SEEDS)
def test_a_recall_buys_back_a_short_at_the_next_open_and_nothing_else(seed: int) -> None:
    base, run = random_stage(seed)
    result = run(shocks.recalled(base.inputs, 0.5, np.random.default_rng(seed))).result
    orders = result.orders
    back = orders["reason"] == RECALL
    assert (orders["quantity"][back] > 0).all()
    trades = result.trades
    left = trades["reason"] == RECALL
    assert (trades["side"][left] == 1).all()
    assert left.sum() <= back.sum()
    assert REASONS[RECALL] == "recall"
    sent = dict(zip(orders["order_id"], orders["row"], strict=True))
    fills = result.fills
    assert all(fills["row"][k] > sent[fills["order_id"][k]] for k in np.flatnonzero(fills["reason"] == RECALL))
    assert (np.diff(orders["order_id"]) > 0).all()


def test_the_scenarios_come_back_the_same() -> None:
    base, run = random_stage(7)
    once, again = (run_scenarios(base, run, scenarios(0.05, 1)) for _ in range(2))
    assert [(one.scenario.key, one.run.touched, one.figures) for one in once] == [
        (one.scenario.key, one.run.touched, one.figures) for one in again
    ]
    assert [one.scenario.key for one in once] == KEYS
