"""The counter cannot be passed by: whoever shows a figure has written it down, and the report reads what was written."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import springback as sb
from springback.analytics import run_folder
from springback.analytics.figures import Figure
from springback.analytics.summary import summarise
from springback.analytics.verdict import verdict
from springback.backtest.run import Backtest
from springback.data.store.content_hash import content_hash
from springback.errors import LedgerError, Unwritable
from springback.ledger import entry
from springback.ledger.book import Ledger
from springback.market.market_data import MarketData
from springback.market.origin import Origin
from springback.strategy.knobs import Strategy
from springback.training.training_settings import Training
from springback.workflow import backtests, record, report
from springback.workflow.backtests import run_backtest
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, under
from tests.backtest.worlds import random_forecasts, random_tape

TAPE = random_tape(4, sessions=200, splits=False)
SAID = random_forecasts(4, TAPE)
HASH = content_hash(TAPE)


def chosen(slots: int = 5, last: int = -1, **knobs: float) -> Settings:
    account = Backtest(TAPE.bars.sessions[0].astype(object), TAPE.bars.sessions[last].astype(object))
    return Settings(backtest=account, strategy=Strategy(slots=slots, **knobs))


def known(store: Path) -> tuple[entry.Trial, ...]:
    return entry.trials(Ledger(record.place(store)).entries())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where a store would be; the ledger lies beside it."""
    return tmp_path / "store"


def test_every_public_name_that_gives_a_performance_writes_it_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = sb.run_backtest(TAPE, SAID, chosen(3))
    sb.tell(TAPE, SAID, chosen(4), HASH, "noise")
    sb.report(run, "run")
    seen = entry.trials(Ledger(Path("ledger.sqlite")).entries())
    assert [(one.entry.kind, one.looks) for one in seen] == [("backtest", 2), ("backtest", 1)], "a report of a run is the same trial again"
    silent = {
        "Settings",
        "PreparedData",
        "draw_demo",
        "load_bars",
        "open_store",
        "fetch",
        "world",
        "prepare",
        "train",
        "forecast",
        "forecast_fixed",
    }
    silent |= {"in_sample", "keep", "summary_of", "check_data", "__version__"}  # what they give holds no return of an account
    silent |= {"Run", "load_settings", "forecasts_from", "bars_frame", "features_frame", "forecasts_frame"}
    written = {"validate", "stress", "audit", "optimize"}  # each row of theirs is counted in tests/test_public_names.py
    assert set(sb.__all__) - silent - written == {"run_backtest", "tell", "report"}, (
        "a new public name: does it write what it shows into the ledger?"
    )


def test_a_report_is_one_trial_and_its_figures_are_those_written_down(store: Path) -> None:
    report_data = report.gather(TAPE, SAID, chosen(), Recorder(store, HASH, "springback backtest", "noise"))
    (one,) = known(store)
    figures = summarise(report_data).figures["realistic"]
    assert one.entry.sharpe == pytest.approx(figures["sharpe"].number(), rel=1e-12)
    assert (one.entry.sessions, one.entry.data_hash, one.entry.profile) == (200, HASH, "realistic")
    assert (one.entry.command, one.entry.models) == ("springback backtest", "noise")
    assert report_data.search is not None and report_data.search.trials == 1


def test_the_same_report_again_changes_nothing_in_it(store: Path, tmp_path: Path) -> None:
    for name in ("first", "again"):
        run_folder.write(tmp_path / name, report.gather(TAPE, SAID, chosen(), Recorder(store, HASH, models="noise")))
    for file in ("summary.json", "report.json", "report.html"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
    (one,) = known(store)
    assert one.looks == 2


def test_the_search_is_read_from_the_ledger(store: Path, tmp_path: Path) -> None:
    for slots in range(1, 12):
        run_backtest(TAPE, SAID, chosen(slots), Recorder(store, kind="optimise"))
    run_backtest(TAPE, SAID, chosen(3, last=-50), Recorder(store))
    report_data = report.gather(TAPE, SAID, chosen(12), Recorder(store, HASH, models="noise"))
    found = report_data.search
    assert found is not None and (found.trials, found.peers, found.different) == (13, 13, 12)
    assert found.correlation is not None and found.overfitting is not None
    assert 1 < found.families < 13 and found.effective == found.independent, "slots alone make neighbours"
    assert 1 < found.independent < 13
    summary = summarise(report_data)
    assert summary.verdict[-1].startswith("13 trials so far on this period, worth ")
    assert "a skill-less searcher would show" in summary.verdict[-1] and "deflated Sharpe: " in summary.verdict[-1]
    figures = summary.figures["realistic"]
    assert figures["deflated_sharpe"].number() < figures["probabilistic_sharpe"].number()
    run_folder.write(tmp_path / "run", report_data)
    assert run_folder.read(tmp_path / "run").search == found


def test_another_profile_or_cost_is_another_trial(store: Path) -> None:
    run_backtest(TAPE, SAID, chosen(), Recorder(store))
    run_backtest(TAPE, SAID, under(chosen(), "lean"), Recorder(store))
    run_backtest(TAPE, SAID, under(chosen(), "lean"), Recorder(store), flat_bp=5.0)
    run_backtest(TAPE, SAID, under(chosen(), "realistic"), Recorder(store))
    assert [one.looks for one in known(store)] == [2, 1, 1]


def test_the_number_of_threads_makes_no_trial(store: Path) -> None:
    for threads in (0, 1, 8):
        run_backtest(TAPE, SAID, dataclasses.replace(chosen(), training=Training(threads=threads)), Recorder(store))
    assert [one.looks for one in known(store)] == [3]


def test_a_validation_of_settings_that_were_backtested_is_no_further_trial(store: Path) -> None:

    days = TAPE.bars.sessions
    for slots in (5, 5, 6):
        Recorder(store, HASH).validation(TAPE, chosen(slots), days, np.full(len(days), np.nan))
    run_backtest(TAPE, SAID, chosen(5), Recorder(store))
    found = record.standing(TAPE, HASH, days, store).search
    assert (len(known(store)), found.trials, found.peers) == (3, 2, 1)


def test_recorded_markets_are_one_past_and_each_demo_its_own() -> None:
    demo = MarketData(**{name: getattr(TAPE, name) for name in TAPE.__dataclass_fields__} | {"origin": Origin("demo")})
    assert record.market_of(TAPE, "a") == record.market_of(TAPE, "b")
    assert record.market_of(demo, "a") != record.market_of(demo, "b")


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flat").write_text("")
    monkeypatch.setattr(backtests, "replay", lambda *_: pytest.fail("it worked before it asked"))
    monkeypatch.setattr(report, "loop_inputs", lambda *_: pytest.fail("it worked before it asked"))
    for refused, content in ((Unwritable, None), (LedgerError, "no database " * 100)):
        store = tmp_path / "flat" / "store" if content is None else tmp_path / "store"
        if content:
            (tmp_path / "ledger.sqlite").write_text(content)
        with pytest.raises(refused):
            run_backtest(TAPE, SAID, chosen(), Recorder(store))
        with pytest.raises(refused):
            report.gather(TAPE, SAID, chosen(), Recorder(store, HASH, models="noise"))


def test_a_ledger_changed_by_hand_is_said_in_the_report(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "fault", lambda _: "row 12 was removed")
    report_data = report.gather(TAPE, SAID, chosen(), Recorder(store, HASH, models="noise"))
    assert "The trial ledger was changed by hand (row 12 was removed)" in summarise(report_data).warnings[0]


def test_the_ledger_lies_beside_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert record.place() == record.place(Path("store")) == Path("ledger.sqlite")
    assert record.place(Path("data/store")) == Path("data/ledger.sqlite")
    assert record.place(Path()) == tmp_path.resolve().parent / "ledger.sqlite"


def test_the_title_of_a_chosen_run_asks_more(store: Path) -> None:
    """A band above zero is not enough where as good a Sharpe is what luck gives the best of many."""
    from dataclasses import replace

    from springback.statistics.overfitting import Search
    from tests.analytics.materials import account, report_data

    good = report_data(accounts=(account(drift=0.0012),), search=Search(1))
    summary = summarise(good)
    assert summary.verdict[0] == "It earned more than luck explains"
    many = replace(good, search=Search(5000, spread=1.5))
    figures: dict[str, Figure] = summarise(many).figures["realistic"]
    assert verdict(many, figures, summary.gates)[0] == "It made money, but so could the best of 5,000 tries without skill"
