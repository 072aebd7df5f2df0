"""Shocks worked by hand."""

import dataclasses

import numpy as np
import pytest

from springback.backtest.result import fills_frame, orders_frame, trades_frame
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.costs import Costs
from springback.market.market_data import MarketData
from springback.scenarios import shocks
from springback.scenarios.positions import fullest_of_each_year, held, worst_days
from springback.scenarios.prices import closed
from springback.scenarios.scenario_outcome import run_scenarios
from springback.scenarios.scenario_run import RuleRun, Runner
from springback.scenarios.scenarios import scenarios
from springback.scenarios.stress_words import regime
from springback.scenarios.windows import WINDOWS, Window, cut, slices, spells
from springback.strategy.knobs import Strategy
from tests.backtest.worlds import flat_tape, signals
from tests.scenarios.stages import stage

LONG, SHORT = (5.0, 0.9, 0.1), (95.0, 0.1, 0.9)


def pair(market_data: MarketData | None = None, strategy: Strategy | None = None) -> tuple[RuleRun, Runner]:
    """AAA bought and BBB sold short at 100 on row 2, on a quiet market that charges as LEAN does."""
    market_data = market_data or flat_tape({"AAA": [100.0] * 14, "BBB": [100.0] * 14})
    return stage(market_data, signals(market_data, {(1, "AAA"): LONG, (1, "BBB"): SHORT}), strategy, "lean")


def test_a_gap_opens_beyond_the_stop_and_stays_there() -> None:
    base, run = pair()
    day = base.result.sessions[3]
    scene, count = shocks.gap(base, day, 0.10, 0.05)
    assert count == 2
    # 100 x 0.95 x 0.90 = 85.5; 100 x 1.05 x 1.10 = 115.5, from row 4 on.
    assert scene.market_data.bars.open[3:6].tolist() == [[100, 100], pytest.approx([85.5, 115.5]), pytest.approx([85.5, 115.5])]
    fills = fills_frame(run(scene).result)
    assert fills["reason"].tolist() == ["entry", "entry", "stop_loss", "stop_loss"]
    assert fills["price"].tolist() == pytest.approx([100, 100, 85.5, 115.5])
    assert fills["time"].dt.normalize().tolist()[2:] == [base.result.sessions[5]] * 2  # seen at the close of row 4


def test_a_resting_stop_pays_the_gap_not_its_level() -> None:
    base, run = pair(strategy=Strategy(stop_mode="intraday"))
    scene, _ = shocks.gap(base, base.result.sessions[3], 0.20, 0.05)
    fills = fills_frame(run(scene).result)
    assert fills["price"].tolist()[2:] == pytest.approx([100 * 0.95 * 0.8, 100 * 1.05 * 1.2])


def test_a_gap_over_a_split_is_on_the_new_scale_and_moves_dividends_too() -> None:
    closes = [100.0] * 4 + [50.0] * 10
    market_data = flat_tape({"AAA": closes, "BBB": [100.0] * 14})
    events = Actions(np.array([4, 6]), np.array([0, 0]), np.array([SPLIT, DIVIDEND]), np.array([0.5, 1.0]))
    base, _ = pair(dataclasses.replace(market_data, actions=events))
    scene, _ = shocks.gap(base, base.result.sessions[3], 0.10, 0.05)
    assert scene.market_data.bars.open[4, 0] == pytest.approx(50 * 0.95 * 0.9)
    assert scene.market_data.actions.value.tolist() == pytest.approx([0.5, 0.855])


def test_what_is_already_beyond_or_has_no_bar_is_left_alone() -> None:
    market_data = flat_tape({"AAA": [100.0] * 4 + [np.nan] + [100.0] * 9, "BBB": [100.0] * 4 + [130.0] * 10})
    base, _ = pair(market_data)
    scene, count = shocks.gap(base, base.result.sessions[3], 0.10, 0.05)
    assert count == 0
    assert np.array_equal(scene.market_data.bars.open, market_data.bars.open, equal_nan=True)


def test_a_halt_takes_the_losers_of_the_day_and_they_leave_at_their_next_print() -> None:
    market_data = flat_tape({"AAA": [100.0] * 4 + [93.0] * 10, "BBB": [100.0] * 14})
    base, run = pair(market_data)
    (day,) = worst_days(base.result, 5, 10)
    assert day == base.result.sessions[4]
    scene, count = shocks.halt(base, day, 5, 5)
    assert count == 1
    assert np.isnan(scene.market_data.bars.close[4:9, 0]).all() and scene.market_data.bars.close[9, 0] == 93.0
    assert not np.isnan(scene.market_data.bars.close[:, 1]).any()
    assert np.isnan(scene.forecasts.qpi[4:, 0]).all() and not np.isnan(scene.forecasts.qpi[:4, 0]).any()
    trades = trades_frame(run(scene).result).set_index("symbol")
    assert trades.loc["AAA", "reason"] == "time_stop"  # nobody saw 93 while it was halted
    assert trades.loc["AAA", "exit_date"] == base.result.sessions[9]
    assert trades_frame(base.result).set_index("symbol").loc["AAA", "reason"] == "stop_loss"


def test_a_shut_exchange_ages_nothing_and_opens_lower() -> None:
    base, run = pair()
    scene, count = shocks.close_market(base, base.result.sessions[3], 5, 0.10)
    assert count == 2
    assert scene.market_data.bars.sessions.tolist() == [*base.result.sessions[:4].tolist(), *base.result.sessions[9:].tolist()]
    assert scene.market_data.bars.close[4:].tolist() == [pytest.approx([90, 90])] * 5
    assert scene.market_data.vix[3:].tolist() == [15.0, *[pytest.approx(15 * 41.76 / 31.84)] * 5]
    trades = trades_frame(run(scene).result).set_index("symbol")
    assert trades.loc["AAA", "reason"] == "stop_loss"
    assert trades.loc["AAA", "exit_date"] == base.result.sessions[10]


def test_what_was_due_while_shut_is_due_on_reopening() -> None:
    market_data = flat_tape({"AAA": [100.0] * 14, "BBB": [100.0] * 6 + [np.nan] * 8})
    events = Actions(np.array([2, 5, 11]), np.zeros(3, np.int64), np.array([DIVIDEND, SPLIT, DIVIDEND]), np.array([1.0, 0.5, 2.0]))
    market_data = dataclasses.replace(market_data, actions=events)
    made, said = closed(market_data, signals(market_data, {}), 4, 9)
    assert made.actions.row.tolist() == [2, 4, 6]
    assert made.last.tolist() == [8, 3]
    assert said.qpi.shape == made.bars.shape == (9, 2)


def test_every_cost_is_three_times_as_high() -> None:
    plain, dear = Costs(), shocks.costlier(Costs(), 3.0)
    scaled = {"commission_per_share", "commission_minimum", "commission_cap", "half_spread_bp", "impact_bp"}
    scaled |= {"borrow_general", "borrow_hard", "debit_over", "credit_under"}
    for field in dataclasses.fields(Costs):
        times = 3.0 if field.name in scaled else 1.0
        assert np.asarray(getattr(dear, field.name)) == pytest.approx(np.asarray(getattr(plain, field.name)) * times), field.name


def test_a_recalled_short_is_bought_back_at_the_next_open() -> None:
    base, run = pair()
    asked = np.zeros((14, 2), bool)
    asked[5] = True  # both names: the long has nothing to give back
    result = run(dataclasses.replace(base.inputs, recalls=asked)).result
    orders, fills = orders_frame(result), fills_frame(result)
    assert orders["reason"].tolist() == ["entry", "entry", "recall", "time_stop"]
    assert fills["reason"].tolist() == ["entry", "entry", "recall", "time_stop"]
    assert fills["time"].dt.normalize().tolist()[2] == base.result.sessions[5]
    assert orders["decided"].tolist()[2] == base.result.sessions[4]
    assert fills["quantity"].tolist()[2] == -fills["quantity"].tolist()[1]


def test_a_recall_cancels_the_resting_stop() -> None:
    base, run = pair(strategy=Strategy(stop_mode="intraday"))
    asked = np.zeros((14, 2), bool)
    asked[5, 1] = True
    result = run(dataclasses.replace(base.inputs, recalls=asked)).result
    trades = trades_frame(result).set_index("symbol")
    assert trades["reason"].to_dict() == {"AAA": "time_stop", "BBB": "recall"}
    assert fills_frame(result)["quantity"].groupby(fills_frame(result)["symbol"]).sum().tolist() == [0, 0]


def test_a_late_vix_is_yesterdays() -> None:
    base, _ = pair()
    vix = np.arange(14.0) + 10
    vix[0] = np.nan  # known from the second session on
    late = shocks.late_vix(dataclasses.replace(base.inputs, market_data=dataclasses.replace(base.inputs.market_data, vix=vix)))
    assert late.market_data.vix[1:].tolist() == [11.0, 11.0, *(np.arange(11.0) + 12)]


def test_a_scenario_that_touches_nothing_is_a_warning() -> None:
    market_data = flat_tape({"AAA": [100.0] * 14, "BBB": [100.0] * 14})
    base, run = stage(market_data, signals(market_data, {}), None, "lean")
    found = run_scenarios(base, run, scenarios(0.05, 1))
    assert all(one.run.touched == 0 and one.run.first is None for one in found)
    assert all("touched nothing" in one.warning for one in found)


def test_the_fullest_session_of_each_year() -> None:
    market_data = flat_tape({"AAA": [100.0] * 30, "BBB": [100.0] * 30}, start="2019-12-18")
    fired = {(1, "AAA"): LONG, (3, "BBB"): LONG, (18, "AAA"): LONG}
    base, _ = stage(market_data, signals(market_data, fired), None, "lean")
    # Both names are held from row 4 to 7, in 2019; AAA alone from row 19, in 2020.
    days = fullest_of_each_year(base.result)
    assert [base.inputs.market_data.bars.row(day) in span for day, span in zip(days, (range(4, 8), range(19, 25)), strict=True)] == [
        True,
        True,
    ]
    assert len(held(base.result, market_data.actions, base.inputs.market_data.bars.row(days[0])).name) == 2


def test_a_window_outside_the_run_is_listed_with_what_to_set() -> None:
    market_data = flat_tape({"AAA": [100.0] * 90, "BBB": [100.0] * 90}, start="2020-01-02")
    base, _ = stage(market_data, signals(market_data, {(30, "AAA"): LONG}), None, "lean")
    told = {one.window.name: one for one in slices(base)}
    assert list(told) == [one.name for one in WINDOWS]
    assert {name: one.covered for name, one in told.items()} == {
        "2018 Q4": "not",
        "COVID crash": "whole",
        "2021 meme squeeze": "not",
        "2022 bear market": "not",
    }
    assert "backtest.start=2018-10-01 or earlier" in told["2018 Q4"].why and "2020-01-02 to 2020-05-06" in told["2018 Q4"].why
    assert "backtest.end=2021-02-26 or later" in told["2021 meme squeeze"].why
    covid = told["COVID crash"]
    assert (covid.sessions, covid.trades, len(covid.days)) == (64, 1, 64)
    assert covid.days[0].date == "2020-02-03" and covid.days[-1].date == "2020-04-30"


def test_the_path_of_the_regime_says_how_high_vix_still_was() -> None:
    market_data = flat_tape({"AAA": [100.0] * 90, "BBB": [100.0] * 90}, start="2020-01-02")
    vix = np.full(90, 15.0)
    vix[40:60] = 60.0
    base, _ = stage(dataclasses.replace(market_data, vix=vix), signals(market_data, {(30, "AAA"): LONG}), None, "lean")
    (covid,) = (one for one in slices(base) if one.window.name == "COVID crash")
    ((first, after),) = spells(covid.days)
    assert first == str(market_data.bars.sessions[40])
    # n of 15 values are 60, the others 15: 60 > 1.15 x (15 + 3 n) while n < 12.4, so the thirteenth session is no longer bear.
    assert after == str(market_data.bars.sessions[52])
    assert f"from {first} until {after}, VIX then 60.00" in regime(covid)
    assert (covid.bear, covid.flips) == (12, 2)


def test_a_window_has_the_figures_of_its_sessions_alone() -> None:
    closes = [100.0] * 3 + [110.0] * 2 + [99.0] * 9
    market_data = flat_tape({"AAA": closes, "BBB": [100.0] * 14}, start="2020-01-01")
    level = np.linspace(100, 126, 14)
    market_data = dataclasses.replace(market_data, benchmark=level)
    base, _ = stage(market_data, signals(market_data, {(1, "AAA"): LONG}), None, "lean")
    one = cut(base, Window("a week", "2020-01-06", "2020-01-10", "", daily=True))
    equity = base.result.daily["equity"]
    assert one.covered == "whole"
    assert one.sessions == 5
    assert one.total_return == pytest.approx(equity[7] / equity[2] - 1)
    assert one.worst_date == "2020-01-08" and one.worst_day == pytest.approx(equity[5] / equity[4] - 1)
    assert one.max_drawdown == pytest.approx(1 - equity[5:8].min() / equity[4])
    assert one.benchmark == pytest.approx(level[7] / level[2] - 1)
    assert [day.worth for day in one.days] == pytest.approx(list(equity[3:8] / equity[2]))
