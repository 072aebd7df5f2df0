"""The held-back period: never seen by the search, looked at once, and the ledger is the seal; every trial is in it before its use."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback import settings
from springback.analytics import encode
from springback.analytics.performance import account_figures
from springback.backtest.result import daily_frame
from springback.cluster import Cores
from springback.errors import MissingData, SettingsError, Unwritable
from springback.ledger.book import Ledger
from springback.ledger.entry import overlapping
from springback.ledger.entry import trials as distinct
from springback.market.market_data import MarketData
from springback.search import search_words
from springback.search.optimizer import Memory
from springback.search.search_finding import SearchReport
from springback.statistics.overfitting import beats_luck
from springback.workflow import optimize, record
from springback.workflow.backtests import run_backtest
from springback.workflow.search import BacktestCaches, with_knobs
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from tests.search.worlds import HELD, chosen, job_of, searched


@pytest.fixture(scope="module")
def market_data() -> MarketData:
    return draw_demo(chosen())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def report(market_data: MarketData, home: Path) -> SearchReport:
    return searched(market_data, home)


@pytest.fixture(scope="module")
def searched_home(report: SearchReport, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as the search left it: other tests here go on searching in `home`."""
    return shutil.copytree(home, tmp_path_factory.mktemp("searched") / "home")


def corrupted(market_data: MarketData, row: int) -> MarketData:
    """Everything from row `row` on made up: prices, volumes, VIX, rates, who is a member, how names end."""
    draw = np.random.default_rng(9)
    fields = {name: getattr(market_data.bars, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for panel in fields.values():
        panel[row:] *= draw.uniform(0.2, 5.0, panel[row:].shape)
    vix, members = market_data.vix.copy(), None if market_data.members is None else market_data.members.copy()
    vix[row:] *= 3.0
    if members is not None:
        members[row:] = ~members[row:]
    return dataclasses.replace(market_data, bars=dataclasses.replace(market_data.bars, **fields), vix=vix, members=members)


def test_on_noise_the_winner_is_called_luck(report: SearchReport, searched_home: Path) -> None:
    found = report.finding
    assert "not more than luck" in search_words.verdict(found) or found.little or found.number is None, search_words.verdict(found)
    assert not found.more_than_luck
    assert found.deflated is not None and found.deflated < 0.95
    assert search_words.flags(report) == ("Demo market without any edge: whatever is found is luck.",)
    assert found.sharpe >= found.specified_sharpe and found.trials == 21 and found.overfitting is not None


def _elsewhere(report: SearchReport) -> SearchReport:
    """The report without what tells the two markets apart by name."""
    return dataclasses.replace(report, provenance=dataclasses.replace(report.provenance, data_hash="", findings=()))


def test_what_is_held_back_changes_nothing(report: SearchReport, market_data: MarketData, tmp_path: Path) -> None:
    other = searched(corrupted(market_data, market_data.bars.row(np.datetime64(HELD))), tmp_path, digest="e" * 64)
    ours, theirs = (encode.plain(_elsewhere(one)) for one in (report, other))
    assert ours == theirs
    early = searched(corrupted(market_data, market_data.bars.row(np.datetime64(HELD)) - 20), tmp_path / "early", digest="f" * 64)
    assert [one[3] for one in early.trials] != [one[3] for one in report.trials], "the guard is not too wide"


def test_the_search_is_handed_nothing_later(market_data: MarketData, home: Path) -> None:
    job = job_of(market_data, home)
    assert str(job.prepared.market_data.bars.sessions[-1]) < HELD <= str(market_data.bars.sessions[-1])
    assert str(job.settings.backtest.end) < HELD


def test_every_trial_and_every_neighbour_is_in_the_ledger(report: SearchReport, market_data: MarketData, home: Path) -> None:
    rows = [row for row in Ledger(record.place(home / "store")).entries() if row.kind == "optimise"]
    points = sum(len(line.values) for line in report.lines) + sum(len(row) for row in report.plane.figures if report.plane)
    assert len(rows) >= 1 + 20 + points
    assert all(row.last < HELD for row in rows), "and none of it saw what is held back"
    kept = {row.sharpe for row in rows}
    idle = {one[3] for one in report.trials} - kept  # an account that never traded earns interest, and has no ratio in the ledger
    assert len(idle) <= sum(row.sharpe is None for row in rows)
    assert report.finding.ledger_trials == len(overlapping(distinct(rows), rows[0].market, report.first, report.last))


def test_without_a_ledger_there_is_no_figure(market_data: MarketData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Ledger.record
    left = [5]

    def full(self: Ledger, *told: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise Unwritable("the disk is full")
        return written(self, *told)  # type: ignore[arg-type]

    monkeypatch.setattr(Ledger, "record", full)
    with pytest.raises(Unwritable):
        searched(market_data, tmp_path)
    job = job_of(market_data, tmp_path)
    kept = Memory(job.folder / optimize.STUDY, job.stamp, job.knobs).trials()
    assert len(kept) == 4, "the specification and four trials were written down; no fifth is known to the search"


def test_the_winner_is_a_settings_file(report: SearchReport, home: Path) -> None:
    file = home / "runs" / report.name / optimize.WINNER
    flat = settings.flat(settings.load(Settings, [file]))
    assert {name: flat[name] for name in report.finding.winner} == report.finding.winner


def test_the_same_command_again_adds_nothing_new(report: SearchReport, market_data: MarketData, home: Path) -> None:
    again = searched(market_data, home)
    assert encode.plain(again) == encode.plain(report)


def test_what_is_held_back_is_looked_at_once(report: SearchReport, market_data: MarketData, home: Path) -> None:
    with pytest.raises(MissingData, match="holds no finished search"):
        searched(market_data, home, "optimise.seed=77", reveal=True)
    seen = searched(market_data, home, reveal=True)
    assert seen.revealed is not None and report.revealed is None
    assert encode.plain(dataclasses.replace(seen, revealed=None)) == encode.plain(report)
    assert "looked at once" in search_words.held(seen)
    (row, *_) = [row for row in Ledger(record.place(home / "store")).entries() if row.first >= HELD]
    assert (row.row, row.sharpe, row.kind, row.sessions) == (seen.revealed.row, seen.revealed.sharpe, "optimise", seen.revealed.sessions)
    count = len(Ledger(record.place(home / "store")).entries())
    for more in ((), ("optimise.held_back=3",)):  # the same, and a part of it by another search
        if more:
            searched(market_data, home, *more)
            count = len(Ledger(record.place(home / "store")).entries())
        with pytest.raises(SettingsError, match="a second look would be a choice"):
            searched(market_data, home, *more, reveal=True)
        assert len(Ledger(record.place(home / "store")).entries()) == count, "refused before the look"
    told = json.loads((home / "runs" / seen.name / "optimise.json").read_text())
    assert told["revealed"]["sharpe"] == seen.revealed.sharpe


def test_impossible_settings_are_no_look(market_data: MarketData, tmp_path: Path) -> None:
    knobs = 'optimise.knobs=["strategy.stop_mode=close,intraday", "regime.scope=entries,book"]'
    found = searched(market_data, tmp_path, knobs, "optimise.trials=12")
    both = {"strategy.stop_mode": "intraday", "regime.scope": "book"}
    assert any(values == both for _, values, _, _ in found.trials)
    assert all((figure is None) == (values == both) for _, values, figure, _ in found.trials)
    assert found.plane is not None and [figure for row in found.plane.figures for figure in row].count(None) == 1


@pytest.mark.slow
def test_a_knob_of_training_has_models_of_its_own(market_data: MarketData, tmp_path: Path) -> None:
    knobs = ('optimise.knobs=["training.trees=4:12", "strategy.slots=10:30"]', "optimise.trials=4")
    found = searched(market_data, tmp_path, *knobs, "walk_forward.policy=newest")  # the first pair alone hardly trades here
    assert len({figure for _, _, figure, _ in found.trials}) > 1 and found.plane is None
    assert [line.name for line in found.lines] == ["strategy.slots"], "a map of it would be a walk-forward a point"


def test_too_much_held_back_is_refused(market_data: MarketData, tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="nothing is left to search"):
        job_of(market_data, tmp_path, "optimise.held_back=30")


def test_the_next_run_says_the_same_of_the_winner(report: SearchReport, market_data: MarketData, searched_home: Path) -> None:
    """The winner backtested on the searched sessions is the trial that the search looked at, and its report deflates it alike."""
    job = job_of(market_data, searched_home)
    caches = BacktestCaches(job, Cores())
    settled = with_knobs(caches.settings, report.finding.winner)
    result = run_backtest(job.prepared.market_data, caches.of(settled).forecasts, settled, job.record)
    stands = record.standing(job.prepared.market_data, job.hash, result.sessions, searched_home / "store")
    assert stands.search.trials == report.finding.ledger_trials
    figures = account_figures(daily_frame(result), result.cash, series(market_data), None, 1, stands.search)
    assert figures["deflated_sharpe"].number() == pytest.approx(report.finding.deflated)
    assert figures["best_by_luck"].number() == pytest.approx(report.finding.luck)
    assert beats_luck(figures["deflated_sharpe"].number()) or not report.finding.more_than_luck


def series(market_data: MarketData) -> "pd.Series[float] | None":
    return None if market_data.risk_free is None else pd.Series(market_data.risk_free, index=pd.DatetimeIndex(market_data.bars.sessions))
