"""An account below zero is ruined, whoever looks: no ratio, no positive day after it, and the first line says so.

Worked by hand: 1,000,000 dollars, a short of 500 shares at 20 that opens at 8,600: -4,290,000, less than nothing. Case 20 of
`../shared/cases` is the same with its own prices.
"""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.analytics import performance
from springback.analytics.summary import Summary, summarise
from springback.analytics.tables import by_year
from springback.backtest.run import Backtest
from springback.ledger.book import Ledger
from springback.scenarios import stress_words
from springback.search.optimizer import Trial, TrialResult
from springback.search.search_finding import best, judge
from springback.search.search_settings import Optimise
from springback.statistics import returns
from springback.statistics.paths import falls, ratios, yearly
from springback.statistics.significance import probability_above, sharpe_band
from springback.workflow import record, report, stress
from springback.workflow.backtests import run_backtest
from springback.workflow.forecasts import Forecasted
from springback.workflow.prepare import bare
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, under
from tests.backtest.worlds import flat_tape, signals
from tests.conftest import SHARED
from tests.terminal import done, springback

GIVEN_UP = ("annual_return", "sharpe", "sharpe_low", "sharpe_high", "sortino", "calmar", "probabilistic_sharpe", "deflated_sharpe")
CASE = SHARED / "cases" / "20-equity-below-zero"
TAPE = flat_tape(
    {"SQZ": [20.0, 20, 19, *[8600.0 + k for k in range(97)]], "DULL": [10.0] * 100},
    {"SQZ": [20.0, 20, 20, *[8600.0 + k for k in range(97)]]},
)
SAID = signals(TAPE, {(1, "SQZ"): (95.0, 0.1, 0.9)})
CHOSEN = Settings(backtest=Backtest(*(TAPE.bars.sessions[k].astype(date) for k in (0, -1)), 1_000_000.0, "lean"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return summarise(report.gather(TAPE, SAID, CHOSEN, Recorder(tmp_path_factory.mktemp("ruin") / "store", "0" * 64, models="made up")))


def test_the_report_says_ruin_first_and_gives_no_ratio(told: Summary) -> None:
    lost = str(TAPE.bars.sessions[3])
    assert told.flags[0].startswith(f"RUIN: nothing was left of the account at the close of {lost}")
    assert told.verdict[0] == f"The account was lost on {lost}"
    figures = told.figures["lean"]  # the other profile lends no share of a name so new
    assert {name: figures[name].value for name in GIVEN_UP} == dict.fromkeys(GIVEN_UP)
    assert figures["lost_on"].value == lost
    assert figures["positive_days"].value == 0.01, "one of a hundred: the fall from 20 to 19"
    assert figures["total_return"].number() < -4 and figures["max_drawdown"].number() > 4
    gates = {one.gate.name: one.word for one in told.gates}
    assert (gates["sharpe"], gates["annual_return"], gates["max_drawdown"]) == ("n/a", "n/a", "FAIL")


def test_leans_definitions_give_none_either(told: Summary) -> None:
    found = told.lean["lean"]
    assert np.isnan([found[name] for name in ("Sharpe Ratio", "Sortino Ratio", "Compounding Annual Return", "Value at Risk 99")]).all()
    assert found["End Equity"] < 0


def test_no_year_after_it_has_a_return() -> None:
    daily = pd.DataFrame(
        {"date": pd.bdate_range("2020-12-01", periods=60), "equity": [100.0] * 10 + [-50.0 - k for k in range(50)], "bear": 0}
    )
    first, second, whole, *_ = (row for _, row in by_year(daily, pd.DataFrame(), 100.0).iterrows())
    assert first["return"] == -1.5 and np.isnan([first["sharpe"], second["return"], second["max_drawdown"], whole["annual_return"]]).all()


def test_nothing_left_is_ruin_as_well_as_a_debt() -> None:
    for end in (0.0, -5.0):
        found = returns.daily_returns(np.array([110.0, end, 7.0]), 100.0)
        assert np.isnan(found[2]) and found[:2] == pytest.approx([0.1, end / 110 - 1]) and returns.lost(found)
    assert not returns.lost(np.array([0.1, -0.99]))


def test_a_ruin_on_the_last_session_is_no_ratio_either() -> None:
    values = np.append(np.random.default_rng(1).normal(0.001, 0.01, 300), -1.2)
    assert np.isnan(
        [returns.sharpe(values), performance.sortino(values), returns.annual_return(values), probability_above(values, 0)]
    ).all()
    assert np.isnan(sharpe_band(values, 1)).all()


def test_resampled_histories_end_with_the_account() -> None:
    paths = np.array([[0.1, -1.5, -1.5, 0.2], [0.1, 0.1, -0.1, 0.2]])
    assert yearly(paths)[0] == -1 and yearly(paths)[1] > 0, "two losses of everything are no gain"
    assert falls(paths)[0][0] == 1 and np.isnan(ratios(paths)).all(), "the others alone would flatter"


def test_stress_says_it(tmp_path: Path) -> None:
    study = stress.stress(CHOSEN, bare(CHOSEN, TAPE, "0" * 64), Forecasted(SAID, "made up"), record=Recorder(tmp_path / "store"))
    assert "lost on 2020-01-06 in the base run" in stress_words.finding(study) and study.by_day is None and study.by_trade is None
    assert study.figures.lost_on == "2020-01-06" and "cannot be resampled" in stress_words.scatter(study)
    assert study.figures.max_drawdown == pytest.approx(1 - study.base.result.daily["equity"].min() / 1_000_000, abs=0.01)


def test_the_ledger_holds_no_ratio_of_it(tmp_path: Path) -> None:
    run_backtest(TAPE, SAID, CHOSEN, Recorder(tmp_path / "store"))
    still = signals(TAPE, {})
    run_backtest(TAPE, still, under(CHOSEN, "realistic"), Recorder(tmp_path / "store"))
    assert [one.sharpe for one in Ledger(record.place(tmp_path / "store")).entries()] == [None, None], "lost; never traded"


def test_in_a_search_it_is_the_worst_trial() -> None:
    draw = np.random.default_rng(3)
    days = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]")
    good = [draw.normal(0.0005, 0.01, len(days)) for _ in range(12)]
    ruined = returns.daily_returns(np.append([1.2, 1.4, -3.0], -np.arange(3.0, 3.0 + len(days) - 3)), 1.0)
    tried = [Trial(k, {"x": k}, TrialResult(0.1 * k, one)) for k, one in enumerate(good)]
    specified = TrialResult(0.5, good[0] * 0.9)
    without = judge(tried, {"x": -1}, specified, record.Search(13), Optimise(), days)
    found = judge([*tried, Trial(12, {"x": 99}, TrialResult(9.9, ruined))], {"x": -1}, specified, record.Search(14), Optimise(), days)
    assert found.winner == without.winner == {"x": 11} and (found.lost, found.trials) == (1, 14)
    assert found.gain == without.gain and found.overfitting == without.overfitting
    assert best(tried, TrialResult(99.0, ruined)) == 11, "a specification that lost the account is beaten by whoever kept it"


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
def test_the_case(tmp_path: Path) -> None:
    files = [word for name in ("bars", "vix", "forecasts") for word in (f"--{name}", CASE / f"{name}.csv")]
    span = ["--set", "backtest.start=2021-07-01", "--set", "backtest.end=2021-08-31"]
    result = done(springback(tmp_path, "backtest", *files, *span, "--out", "run"))
    assert "RUIN: nothing was left of the account at the close of 2021-07-08" in result.stdout
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    figures = {name: one["value"] for name, one in summary["figures"].items()}
    assert summary["headline"][0].startswith("RUIN")
    assert {name: figures[name] for name in GIVEN_UP} == dict.fromkeys(GIVEN_UP)
    assert figures["positive_days"] == pytest.approx(2 / 43)
    assert (figures["total_return"], figures["max_drawdown"]) == pytest.approx((-3.967, 3.967), abs=5e-4)
