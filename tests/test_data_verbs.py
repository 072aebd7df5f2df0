"""The store as a user types it: verify, what was known on a day, a restatement that must be accepted."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from springback.data.sessions import exchange_days
from springback.data.store.store import Store
from springback.features import FEATURES
from springback.forecasting.timeline import Timeline
from springback.market.prose import Prose, prose
from springback.verbs import steps
from springback.verbs.console import Console
from springback.verbs.data_summary import say_findings
from springback.workflow.prepare import bare
from springback.workflow.settings import Settings
from tests.backtest.worlds import random_tape
from tests.terminal import TINY, done, springback


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bars.csv, and later.csv that says one close differently and has one session more."""
    folder = tmp_path_factory.mktemp("market")
    days = pd.DatetimeIndex(exchange_days("2024-01-02", "2024-03-28")[:40]).strftime("%Y-%m-%d")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"date": np.repeat(days, 3), "symbol": ["A", "B", "C"] * len(days)})
    frame["close"] = np.round(20 + rng.normal(0, 0.1, len(frame)).cumsum(), 2)
    for name, shift in (("open", 0.0), ("high", 0.5), ("low", -0.5)):
        frame[name] = (frame["close"] + shift).round(2)
    frame["volume"] = 1000
    frame[frame["date"] < days[-1]].to_csv(folder / "bars.csv", index=False)
    frame.loc[4, "close"] += 0.25
    frame.to_csv(folder / "later.csv", index=False)
    frame[frame["date"] == days[-1]].to_csv(folder / "session.csv", index=False)
    pd.DataFrame({"date": days, "close": 15.0}).to_csv(folder / "vix.csv", index=False)
    return folder


def fetched(folder: Path, file: Path, *words: object) -> object:
    return springback(folder, "fetch", "--source", "csv", "--path", file, "--vix", file.parent / "vix.csv", *words)


def test_verify_says_sound_or_what_is_wrong(tmp_path: Path) -> None:
    none = springback(tmp_path, "data", "verify")
    assert none.returncode == 2 and none.stderr.count("\n") == 1 and "holds no store" in none.stderr
    done(springback(tmp_path, "fetch", "--source", "demo", *TINY, "--quiet"))
    said = done(springback(tmp_path, "data", "verify")).stdout
    assert said.startswith("store is sound: ") and said.count("\n") == 1
    bars = tmp_path / "store" / "bars" / "year=2019" / "000001.parquet"
    bars.write_bytes(bars.read_bytes()[:-1] + b"?")
    (tmp_path / "store" / "splits" / "000001.parquet").unlink()
    broken = springback(tmp_path, "data", "verify")
    assert broken.returncode == 1 and broken.stderr == ""
    lines = broken.stdout.splitlines()
    assert len(lines) == 2
    assert "bars/year=2019/000001.parquet is not what the manifest says it was (SHA-256 differs)" in lines[0]
    assert "splits/000001.parquet is missing" in lines[1]
    told = json.loads(springback(tmp_path, "data", "verify", "--json").stdout)["verify"]
    assert told["sound"] is False and told["faults"] == lines


@pytest.mark.slow
def test_a_restatement_is_refused_then_accepted_and_the_old_can_be_read(market: Path, tmp_path: Path) -> None:
    done(fetched(tmp_path, market / "bars.csv", "--quiet"))
    written = Store(tmp_path / "store").describe()["written_at"]
    refused = fetched(tmp_path, market / "later.csv")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1
    assert "1 bar changed, in 1 name (such as B 2024-01-03 close" in refused.stderr and "--accept-restatement" in refused.stderr
    assert Store(tmp_path / "store").describe()["written_at"] == written
    assert "the past was restated" in done(fetched(tmp_path, market / "later.csv", "--accept-restatement")).stdout
    for words, expected in ((("--as-of", written), market / "bars.csv"), ((), market / "later.csv")):
        done(springback(tmp_path, "features", "--out", "stored.csv", *words, "--quiet"))
        done(springback(tmp_path, "features", "--bars", expected, "--out", "plain.csv", "--quiet"))
        stored, plain = (pd.read_csv(tmp_path / name) for name in ("stored.csv", "plain.csv"))
        pd.testing.assert_frame_equal(stored, plain)
        assert {"date", "symbol", *FEATURES} == set(stored.columns)
    early = springback(tmp_path, "train", "--as-of", "2001-01-01")
    assert early.returncode == 2 and early.stderr.count("\n") == 1 and "knew nothing then" in early.stderr


def test_a_file_of_new_sessions_is_laid_over_the_store(market: Path, tmp_path: Path) -> None:
    done(fetched(tmp_path, market / "bars.csv", "--quiet"))
    done(fetched(tmp_path, market / "session.csv", "--quiet"))
    market_data = Store(tmp_path / "store").read()
    assert market_data.bars.shape == (40, 3) and not np.isnan(market_data.bars.close).any()
    assert "demo market would take their place" in springback(tmp_path, "fetch", "--source", "demo", *TINY).stderr


@pytest.fixture(scope="module")
def stored(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    done(fetched(folder, market / "bars.csv", "--quiet"))
    (folder / "forecasts.csv").write_text("date,symbol,qpi,p_long,p_short,adv_63\n2024-02-01,A,20,0.7,0.2,1000000\n")
    return folder


@pytest.mark.parametrize(
    "verb",
    [
        *("run", "features --out x.csv", "train", "forecast", "backtest", "validate", "stress", "audit", "optimize", "data check"),
        *("lean export", "lean backtest --dry-run --forecasts forecasts.csv", "universe --on 2024-02-01"),
    ],
)
def test_every_verb_that_reads_a_store_can_read_it_as_of_a_day(verb: str, stored: Path) -> None:
    said = springback(stored, *verb.split(), "--as-of", "2001-01-01")
    assert said.returncode == 2 and "knew nothing then" in said.stderr, said.stderr


@pytest.mark.parametrize("word", ["20240328", "2024-03", "2024-W13-4", "2024-03-28T21:00", "2024-03-28T", "soon"])
def test_a_day_or_an_instant_with_its_zone_is_all_that_as_of_takes(word: str, stored: Path) -> None:
    """20240328 would be the start of the day that 2024-03-28 is the end of."""
    said = springback(stored, "universe", "--on", "2024-02-01", "--as-of", word)
    told = f"--as-of must be a day such as 2024-03-28 or an instant such as 2024-03-28T21:00+00:00, was '{word}'"
    assert (said.returncode, said.stderr) == (2, f"springback: {told}\n")


def test_the_index_of_a_day_is_listed_as_the_store_knew_it(market: Path, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("symbol,start,end\nA,2024-01-10,\n")
    (tmp_path / "two.csv").write_text("symbol,start,end\nA,2024-01-10,\nB,2024-01-10,\n")
    done(fetched(tmp_path, market / "bars.csv", "--members", tmp_path / "one.csv", "--quiet"))
    written = Store(tmp_path / "store").describe()["written_at"]
    done(fetched(tmp_path, market / "bars.csv", "--members", tmp_path / "two.csv", "--accept-restatement", "--quiet"))
    for words, expected in ((("--as-of", written), ["A"]), ((), ["A", "B"])):
        told = json.loads(done(springback(tmp_path, "universe", "--on", "2024-02-01", *words, "--json")).stdout)
        assert told["universe"]["symbols"] == expected


@pytest.mark.parametrize(("count", "first"), [(1, "  1 finding on the data:"), (5, "  5 findings on the data:")])
def test_few_findings_are_told_in_full(count: int, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    say_findings(Console(as_json=False, quiet=False), prose(f"finding {k}" for k in range(count)))
    assert capsys.readouterr().out.splitlines() == [first, *(f"    finding {k}" for k in range(count))]


def test_of_many_findings_the_first_are_told_and_where_the_rest_stands(capsys: pytest.CaptureFixture[str]) -> None:
    say_findings(Console(as_json=False, quiet=False), prose(f"finding {k}" for k in range(9)))
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "  9 findings on the data; here the first 5, all of them by 'springback data check' and in a run's report:"
    assert lines == [f"    finding {k}" for k in range(5)]


def test_a_run_that_is_refused_says_nothing_of_models(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text("date,symbol,open,high,low,close,volume\n2024-01-02,A,1,1,1,1,1\n")
    result = springback(tmp_path, "run", "--path", "bars.csv", "--events", "nowhere.csv")
    assert result.returncode == 2 and "nowhere.csv does not exist" in result.stderr
    assert "new folder of models" not in result.stdout


def test_what_must_not_be_used_is_said_before_the_forecasts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings()
    market_data = dataclasses.replace(random_tape(3), findings=(Prose("NOT USABLE: a reason", "unusable"),))
    monkeypatch.setattr(
        steps, "forecast_walk_forward", lambda *_: SimpleNamespace(folds=(), timeline=Timeline().begun("a", "2019-12-31", "", ""))
    )
    monkeypatch.setattr(steps, "save_forecasts", lambda *_: None)
    steps.forecast(Console(as_json=False, quiet=False), bare(settings, market_data), settings, tmp_path, tmp_path / "forecasts.csv")
    said = [line for line in capsys.readouterr().out.splitlines() if "new folder of models" not in line]
    assert said[0] == "NOT USABLE: a reason"
