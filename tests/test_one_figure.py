"""Two places that show one figure show the same: report, ledger, stress, audit, sweep, comparison; and no verdict where none is due."""

import dataclasses
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.analytics import run_folder
from springback.analytics.gates import FEWEST_SESSIONS, FEWEST_TRADES
from springback.analytics.summary import Summary, summarise, summary_json
from springback.backtest.run import Backtest
from springback.comparison.compare import Tolerance, compare
from springback.comparison.comparison_statistics import statistics
from springback.comparison.sides import read_sides
from springback.ledger.book import Ledger
from springback.market.prose import warned
from springback.quality import gate
from springback.scenarios.scenario_run import RuleRun, ScenarioInputs
from springback.scenarios.stress_figures import figures as stressed
from springback.statistics.returns import account_excess, account_returns
from springback.strategy.knobs import Strategy
from springback.workflow import record, report
from springback.workflow.backtests import simulate
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings
from tests.analytics.materials import account, report_data
from tests.backtest.worlds import flat_tape, random_forecasts, random_tape, signals

RATE = np.where(np.arange(200) % 7 == 3, np.nan, 0.05)  # a rate that is not known every day
TAPE = dataclasses.replace(random_tape(4, sessions=200), risk_free=RATE)
SAID = random_forecasts(4, TAPE)
SPAN = Backtest(*(TAPE.bars.sessions[k].astype(date) for k in (5, -1)))
CHOSEN = Settings(backtest=SPAN, strategy=Strategy(slots=5))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def told(home: Path) -> Summary:
    made = report.gather(TAPE, SAID, CHOSEN, Recorder(home / "store", "0" * 64, models="noise"))
    return run_folder.write(home / "run", made, lambda *_: None)


def test_report_ledger_stress_and_audit_have_one_sharpe_ratio(home: Path, told: Summary) -> None:
    """Over a risk-free rate that is carried forward where a day does not know it; the audit once took it for 0 there, and a day late."""
    result = simulate(TAPE, SAID, CHOSEN)
    excess = account_excess(result, TAPE)
    figures = told.figures["realistic"]
    (row,) = Ledger(record.place(home / "store")).entries()
    other = stressed(RuleRun(ScenarioInputs(TAPE, SAID, CHOSEN.costs), result, excess))
    for name in ("sharpe", "annual_return", "total_return", "max_drawdown", "worst_day", "trades", "win_rate"):
        assert getattr(other, name) == pytest.approx(figures[name].number(), rel=1e-12), name
    assert row.sharpe == pytest.approx(figures["sharpe"].number(), rel=1e-12)
    assert excess[0] == pytest.approx(account_returns(result)[0] - (1.05 ** (1 / 252) - 1), abs=1e-15)


def test_the_sweep_at_no_cost_is_the_profile_lean(home: Path, told: Summary) -> None:
    made = run_folder.read(home / "run")
    assert made.cost_sweep is not None
    free = made.cost_sweep[made.cost_sweep["bp"] == 0].iloc[0]
    for name in ("annual_return", "sharpe"):
        assert free[name] == pytest.approx(told.figures["lean"][name].number(), rel=1e-12)


def test_a_comparison_shows_the_reports_own_band_and_win_rate(home: Path, told: Summary) -> None:
    """Whatever the models were seeded with, and with the dividends that its trades brought."""
    first = run_folder.read(home / "run")
    again = dataclasses.replace(first, provenance=dataclasses.replace(first.provenance, seed=99))
    run_folder.write(home / "again", again, lambda *_: None)
    rows = {row.name: row for row in statistics(compare(*read_sides(home / "run", home / "again"), Tolerance())).trading}
    seen = summarise(again).figures["realistic"]
    for name in (
        "sharpe_low",
        "sharpe_high",
        "mean_low",
        "mean_high",
        "win_rate",
        "average_trade",
        "profit_factor",
        "sharpe",
        "max_drawdown",
    ):
        label = name.replace("_", " ").capitalize()
        assert rows[label].values == (told.figures["realistic"][name].value,) * 2 == (seen[name].value,) * 2, name
    assert not any(row.differs for row in rows.values())
    dividends = run_folder.read(home / "run").headline.trades["dividends"]
    assert dividends.abs().sum() > 0, "or the law says nothing"


def test_summary_and_page_say_the_same_first(told: Summary, home: Path) -> None:
    made = run_folder.read(home / "run")
    assert summary_json(made, summarise(made))["headline"] == [*told.flags, *told.verdict]


@pytest.mark.parametrize(("sessions", "trades"), [(FEWEST_SESSIONS - 1, 200), (700, FEWEST_TRADES - 1)])
def test_no_verdict_on_too_little(sessions: int, trades: int) -> None:
    small = summarise(report_data(accounts=(account(count=sessions, trades=trades, drift=0.003),)))
    assert small.verdict[0].startswith("Too little to judge: ") and "a verdict needs 63 and 30" in small.verdict[0]
    of_account = [one.word for one in small.gates if one.gate.name not in ("auc", "accuracy")]
    assert of_account == ["n/a"] * 4
    enough = summarise(report_data(accounts=(account(count=FEWEST_SESSIONS, trades=FEWEST_TRADES, drift=0.003),)))
    assert not enough.verdict[0].startswith("Too little") and "n/a" not in [one.word for one in enough.gates]


def test_nothing_a_year_is_no_success_and_asks_for_no_record_of_millennia() -> None:
    flat = account(drift=0.0)
    wave = flat.cash * (1 + 1e-3 * np.sin(np.arange(len(flat.daily))) + 4e-7 * np.arange(len(flat.daily)))
    said = summarise(report_data(accounts=(dataclasses.replace(flat, daily=flat.daily.assign(equity=wave)),)))
    assert said.figures["realistic"]["annual_return"].number() > 0
    assert said.verdict[0] == "It neither made nor lost money"
    assert not any("a record must be" in line for line in said.verdict)


def test_data_that_the_gate_refuses_are_named_before_any_figure(tmp_path: Path) -> None:
    waves = {name: [round(20 + wide * np.sin(k), 2) for k in range(40)] for name, wide in (("AAA", 0.3), ("BBB", 0.7))}
    sound = flat_tape(waves, start="2021-04-05")  # no holiday in it
    assert warned(gate.accused(sound, CHOSEN.quality).findings) == (), "market data without errors are not accused"
    high = sound.bars.high.copy()
    high[10:30] = sound.bars.low[10:30] * 0.5
    broken = dataclasses.replace(sound, bars=dataclasses.replace(sound.bars, high=high))
    span = Backtest(*(broken.bars.sessions[k].astype(date) for k in (0, -1)))
    told = report.gather(broken, signals(broken, {}), Settings(backtest=span), Recorder(tmp_path / "store", "1" * 64, models="noise"))
    assert summarise(told).flags[0].startswith("NOT USABLE: 'springback data check' refuses these data, one error stands: ohlc: ")
    assert len(warned(gate.accused(gate.accused(broken, CHOSEN.quality), CHOSEN.quality).findings)) == 1


def test_an_overlay_that_was_never_due_raises_no_alarm() -> None:
    made = report_data()
    assert made.ablations is not None
    for touched, could, alarms in ((0, 5, 1), (0, 0, 0), (3, 5, 0)):
        frame = pd.DataFrame([{**made.ablations.iloc[0], "touched": touched, "could": could}])
        said = summarise(dataclasses.replace(made, ablations=frame)).warnings
        assert len([one for one in said if "was due and changed no decision" in one]) == alarms
