"""Every verb as a user types it, on a demo market of 40 names; one finished run is shared by all."""

import gzip
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.analytics.report_data import GOLDEN_COLUMNS
from springback.data.sessions import exchange_days
from springback.features import FEATURES
from tests.backtest.worlds import random_forecasts, random_tape
from tests.terminal import REPOSITORY, TINY, VERBS, done, script, sets, springback

GOLDEN = REPOSITORY.parent / "shared" / "lean-golden" / "strategy"
CALENDAR_2020 = sets(backtest__start="2020-01-01", backtest__end="2020-12-31")
PICKLES = ("ml_mean_reversion_long.pkl", "ml_mean_reversion_short.pkl", "feature_columns.pkl")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `springback run` ended well; what it said is in said.txt."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "said.txt").write_text(done(springback(folder, "run", *TINY)).stdout)
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bars.csv, vix.csv and forecasts.csv.gz of a random market."""
    folder = tmp_path_factory.mktemp("files")
    market_data = random_tape(3, splits=False)
    said = random_forecasts(3, market_data)
    row, column = np.nonzero(~np.isnan(market_data.bars.close))
    days = exchange_days("2020-01-02", "2020-12-31")[: len(market_data.bars.sessions)]  # of a random market data every weekday is a session
    key = {"date": days[row], "symbol": np.array(market_data.bars.symbols)[column]}
    bars = {name: getattr(market_data.bars, name)[row, column] for name in ("open", "high", "low", "close", "volume")}
    pd.DataFrame(key | bars).to_csv(folder / "bars.csv", index=False)
    pd.DataFrame({"date": days, "close": market_data.vix}).to_csv(folder / "vix.csv", index=False)
    spoken = {"qpi": said.qpi, "p_long": said.p_long, "p_short": said.p_short, "adv_63": said.adv}
    frame = pd.DataFrame(key | {name: panel[row, column] for name, panel in spoken.items()})
    frame.dropna().to_csv(folder / "forecasts.csv.gz", index=False)
    return folder


def summary_of(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "summary.json").read_text()))


def test_a_run_leaves_a_whole_run_folder(home: Path) -> None:
    folder = home / "runs" / "latest"
    for name, columns in GOLDEN_COLUMNS.items():
        header = (folder / f"{name}.csv").read_text().split("\n", 1)[0].split(",")
        assert tuple(header[: len(columns)]) == columns, name
    assert len(pd.read_csv(folder / "daily.csv")) == 253
    assert (folder / "report.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    assert (folder / "report.png").read_bytes().startswith(b"\x89PNG")
    summary = summary_of(folder)
    assert summary["demo"] is True and summary["in_sample"] is False
    assert {"figures", "settings", "data_hash", "versions", "seed", "gates"} <= set(summary)


def test_a_run_ends_by_naming_its_report(home: Path) -> None:
    """In a folder of its own, which has the date for a name; runs/latest is a link to it that survives a move of the whole."""
    last = (home / "said.txt").read_text().rstrip("\n").split("\n")[-1]
    report = home / last.removeprefix("report: ")
    assert re.fullmatch(r"report: runs/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d/report\.html", last) and report.is_file()
    assert (home / "runs" / "latest").readlink() == Path(report.parent.name)


def test_a_run_leaves_nothing_hidden_behind(home: Path) -> None:
    assert [str(path) for path in home.rglob(".*")] == []


def test_the_same_run_again_gives_the_same_bytes_and_trains_nothing_anew(home: Path) -> None:
    kept = {path: path.stat().st_mtime_ns for path in (home / "models").rglob("*.pkl")}
    assert len(kept) == (4 + 1 + 1) * len(PICKLES)  # a pair for each quarter, the one of `train`, and its copy
    result = done(springback(home, "run", *TINY, "--out", "runs/again", "--quiet"))
    assert result.stdout == ""
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    first, again = home / "runs" / "latest", home / "runs" / "again"
    compared = [path.relative_to(first) for path in first.rglob("*") if path.suffix in (".csv", ".json")]
    assert len(compared) == 12
    for name in compared:
        assert (again / name).read_bytes() == (first / name).read_bytes(), name


def test_json_is_one_object_and_quiet_is_silent(home: Path) -> None:
    told = done(springback(home, "report", "runs/latest", "--json")).stdout
    assert told.count("\n") == 1
    assert json.loads(told)["report"] == "runs/latest/report.html"
    assert json.loads(told)["summary"] == summary_of(home / "runs" / "latest")
    assert done(springback(home, "report", "runs/latest", "--quiet")).stdout == ""


def test_a_report_is_drawn_again_from_its_folder_alone(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(home / "runs" / "latest", folder)
    html = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    (folder / "report.png").unlink()
    assert done(springback(tmp_path, "report", "moved")).stdout.rstrip().endswith("report: moved/report.html")
    assert (folder / "report.html").read_bytes() == html and (folder / "report.png").is_file()


def test_verb_by_verb_is_the_run(home: Path, tmp_path: Path) -> None:
    stored = json.loads(done(springback(tmp_path, "fetch", "--source", "demo", *TINY, "--json")).stdout)["store"]
    assert stored["hash"] == summary_of(home / "runs" / "latest")["data_hash"]

    trained = json.loads(done(springback(tmp_path, "train", *TINY, "--json")).stdout)["train"]
    for name in PICKLES:
        assert (tmp_path / "models" / name).read_bytes() == (home / "models" / name).read_bytes(), name
    assert {one["feature"] for one in trained["importance_long"]} == set(FEATURES)
    assert {"auc", "accuracy", "precision", "fired"} <= set(trained["long"])

    done(springback(tmp_path, "forecast", *TINY, "--out", "forecasts.csv", "--quiet"))
    said = pd.read_csv(tmp_path / "forecasts.csv")
    assert said.columns.tolist() == ["date", "symbol", "qpi", "p_long", "p_short", "adv_63"]
    assert said["date"].min() >= "2020-01-01"

    done(springback(tmp_path, "backtest", *TINY, "--quiet"))
    for name in GOLDEN_COLUMNS:
        ours, theirs = (folder / "runs" / "latest" / f"{name}.csv" for folder in (tmp_path, home))
        assert ours.read_bytes() == theirs.read_bytes(), name


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_features_of_a_file_are_written_by_suffix(files: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"features{suffix}"
    done(springback(tmp_path, "features", "--bars", files / "bars.csv", "--out", out))
    frame = pd.read_parquet(out) if suffix == ".parquet" else pd.read_csv(out)
    assert frame.columns.tolist() == ["date", "symbol", *FEATURES]
    assert len(frame) == len(pd.read_csv(files / "bars.csv"))
    assert frame[list(FEATURES)].notna().any(axis=0).all()


def test_training_by_the_script_of_the_plan_is_the_verb(home: Path, tmp_path: Path) -> None:
    words = ("--store", home / "store", "--models-dir", tmp_path / "models", *TINY)
    said = done(script(tmp_path, sys.executable, REPOSITORY / "train_ml_models.py", *words)).stdout
    assert "AUC > 0.60" in said
    for name in PICKLES:
        assert (tmp_path / "models" / name).read_bytes() == (home / "models" / name).read_bytes(), name


def test_a_backtest_takes_files_and_knobs(files: Path, tmp_path: Path) -> None:
    words = ("--bars", files / "bars.csv", "--vix", files / "vix.csv", "--forecasts", files / "forecasts.csv.gz")
    out = tmp_path / "deep" / "run"
    knobs = sets(strategy__slots=3)
    done(springback(tmp_path, "backtest", *words, "--profile", "lean", *knobs, *CALENDAR_2020, "--out", out))
    summary, daily = summary_of(out), pd.read_csv(out / "daily.csv")
    assert summary["profile"] == "lean"
    assert (summary["settings"] or {})["strategy.slots"] == 3  # type: ignore[index]
    assert (daily["n_long"].max(), daily["n_short"].max()) == (3, 3)
    assert not (tmp_path / "store").exists() and not (tmp_path / "models").exists()


def test_csv_bars_fill_a_store_that_gives_the_same_features(files: Path, tmp_path: Path) -> None:
    done(springback(tmp_path, "fetch", "--source", "csv", "--path", files / "bars.csv", "--vix", files / "vix.csv", "--quiet"))
    done(springback(tmp_path, "features", "--store", "store", "--out", "stored.csv", "--quiet"))
    done(springback(tmp_path, "features", "--bars", files / "bars.csv", "--out", "plain.csv", "--quiet"))
    assert (tmp_path / "stored.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()


def test_one_fixed_pair_that_knew_the_window_says_in_sample_first(home: Path, tmp_path: Path) -> None:
    words = ("--store", home / "store", "--models-dir", home / "models", "--models", "fixed", "--out", tmp_path / "run")
    said = done(springback(tmp_path, "backtest", *words, *TINY)).stdout
    summary = summary_of(tmp_path / "run")
    assert summary["in_sample"] is True
    assert str((summary["headline"] or [""])[0]).startswith("IN-SAMPLE")  # type: ignore[index]
    assert any(line.startswith("IN-SAMPLE") for line in said.split("\n"))
    assert "IN-SAMPLE" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_one_fixed_pair_that_knew_nothing_of_the_window_does_not(home: Path, tmp_path: Path) -> None:
    words = ("--store", home / "store", "--models-dir", home / "models", "--models", "fixed", "--out", tmp_path / "run")
    later = sets(backtest__start="2020-06-01")
    told = json.loads(done(springback(tmp_path, "backtest", *words, *TINY, *later, "--json")).stdout)
    assert told["summary"]["in_sample"] is False
    assert not any("IN-SAMPLE" in line for line in told["summary"]["headline"])


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_given_of_everything(tmp_path: Path, verb: str) -> None:
    said = done(springback(tmp_path, *([verb] if verb else []), "--help")).stdout
    assert "Usage" in said and "--help" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("knob", ["demo.start=2018-01-02", "walk_forward.start=2018-01-02", "backtest.start=2018-01-02"])
def test_a_date_needs_no_quotes_on_the_command_line(tmp_path: Path, knob: str) -> None:
    result = springback(tmp_path, "train", "--store", "nowhere", "--set", knob)
    assert result.returncode == 2
    assert "nowhere" in result.stderr, result.stderr


@pytest.mark.golden
@pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/lean-golden is absent")
def test_the_golden_orders_come_out_of_the_command_byte_for_byte(tmp_path: Path) -> None:
    words = ("--bars", GOLDEN / "bars.csv.gz", "--vix", GOLDEN / "vix.csv", "--forecasts", GOLDEN / "forecasts.csv.gz")
    out = tmp_path / "run"
    knobs = sets(strategy__probability=0.5, strategy__entry_life=0)
    done(springback(tmp_path, "backtest", *words, "--profile", "lean", "--original", *knobs, "--out", out, "--quiet"))
    recorded = b"".join(b",".join(line.split(b",")[:5]) + b"\n" for line in (out / "orders.csv").read_bytes().splitlines())
    assert recorded == (GOLDEN / "runs" / "busy" / "orders.csv").read_bytes()


def test_zipped_or_plain_the_bars_are_the_same(files: Path, tmp_path: Path) -> None:
    (tmp_path / "bars.csv.gz").write_bytes(gzip.compress((files / "bars.csv").read_bytes()))
    for name, bars in (("plain", files / "bars.csv"), ("zipped", "bars.csv.gz")):
        done(springback(tmp_path, "features", "--bars", bars, "--out", f"{name}.csv", "--quiet"))
    assert (tmp_path / "plain.csv").read_bytes() == (tmp_path / "zipped.csv").read_bytes()
