"""`springback stress` as a user types it: text, figures and page; counted once; in a browser; shown in the report beside it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from springback.scenarios.scenarios import scenarios
from springback.scenarios.windows import WINDOWS
from tests.browser import in_browser, opened
from tests.terminal import TINY, done, springback

PLOTS = 6


@pytest.fixture(scope="module")
def home(trained_home: Path) -> Path:
    """A folder with a run, and a stress test of the same run beside its report; what the stress test said is in said.txt."""
    folder = trained_home
    done(springback(folder, "backtest", *TINY, "--quiet"))
    (folder / "said.txt").write_text(done(springback(folder, "stress", *TINY, "--out", "runs/latest")).stdout)
    return folder


def figures_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "stress.json").read_text(encoding="utf-8")))


def test_it_says_the_flag_first_then_the_finding_and_leaves_a_page_and_figures(home: Path) -> None:
    said = (home / "said.txt").read_text().splitlines()
    told = figures_of(home / "runs" / "latest")
    market = [line for line in said if not line.startswith("  ")][1:]
    assert market[0].startswith("Demo market with a planted edge: its dates are real, its prices are not.")
    assert market[1] == f"{told['finding']}." and told["headline"][0] == market[0]
    assert said[-1] == "page: runs/latest/stress.html"
    assert [one["key"] for one in told["scenarios"]] == [one.key for one in scenarios(0.05, 1)]
    assert [one["name"] for one in told["windows"]] == [one.name for one in WINDOWS]
    for one in told["scenarios"]:
        assert one["touched"] > 0 or any(one["name"] in warning for warning in told["warnings"])
        assert one["words"] and one["less_a_year"] == pytest.approx(one["annual_return"] - told["base"]["annual_return"])
    (covid,) = (one for one in told["windows"] if one["name"] == "COVID crash")
    assert (covid["covered"], len(covid["days"])) == ("whole", 62)
    assert {one["covered"] for one in told["windows"] if one["name"] != "COVID crash"} == {"not"}
    assert told["by_day"]["draws"] == 2000 and told["levels"] == [0.05, 0.25, 0.5, 0.75, 0.95]
    assert [str(path) for path in home.rglob(".*")] == []


def test_its_base_run_is_the_backtest_and_is_counted_once(home: Path) -> None:
    """The same settings on the same forecasts are the same trial; no scenario is one."""
    told = json.loads((home / "runs" / "latest" / "summary.json").read_text())
    base = figures_of(home / "runs" / "latest")["base"]
    for name in ("annual_return", "sharpe", "max_drawdown", "worst_day"):
        assert base[name] == pytest.approx(told["figures"][name]["value"], abs=1e-12)
    assert base["under_water"] == told["figures"]["longest_under_water"]["value"]
    ledger = json.loads(done(springback(home, "ledger", "--json")).stdout)["ledger"]
    assert (len(ledger["trials"]), ledger["trials"][0]["seen"]) == (1, 2)


@pytest.mark.slow
def test_the_report_beside_it_shows_it_and_another_run_in_its_place_does_not(home: Path) -> None:
    finding = figures_of(home / "runs" / "latest")["finding"]
    page = (home / "runs" / "latest" / "report.html").read_text()
    assert '<section id="stress">' in page and 'href="stress.html"' in page
    assert finding.split(" %")[0] in page
    shutil.copytree(home / "runs" / "latest", home / "runs" / "other")
    done(springback(home, "backtest", *TINY, "--set", "strategy.slots=10", "--out", "runs/other", "--quiet"))
    page = (home / "runs" / "other" / "report.html").read_text()
    assert not (home / "runs" / "other" / "stress.json").exists() and "Scenarios against this run" not in page
    shutil.copy(home / "runs" / "latest" / "stress.json", home / "runs" / "other")
    done(springback(home, "report", "runs/other", "--quiet"))
    page = (home / "runs" / "other" / "report.html").read_text()
    assert "it is of another run" in page and "Scenarios against this run" not in page
    (home / "runs" / "other" / "stress.json").write_text("{")
    done(springback(home, "report", "runs/other", "--quiet"))
    assert "its figures cannot be read" in (home / "runs" / "other" / "report.html").read_text()


def test_the_same_command_gives_the_same_bytes_and_json_is_one_object(home: Path) -> None:
    told = done(springback(home, "stress", *TINY, "--out", "again", "--json")).stdout
    assert told.count("\n") == 1
    spoken = json.loads(told)
    assert spoken["page"] == "again/stress.html"
    assert spoken["stress"] == figures_of(home / "again") == figures_of(home / "runs" / "latest")
    assert (home / "again" / "stress.html").read_bytes() == (home / "runs" / "latest" / "stress.html").read_bytes()
    assert not (home / "again" / "report.html").exists()


def test_forecasts_of_a_file_give_the_same_figures(home: Path) -> None:
    done(springback(home, "stress", *TINY, "--forecasts", "models/walk_forward/forecasts.parquet", "--out", "file", "--quiet"))
    ours, theirs = figures_of(home / "file"), figures_of(home / "runs" / "latest")
    assert (ours["base"], ours["scenarios"], ours["by_day"]) == (theirs["base"], theirs["scenarios"], theirs["by_day"])
    assert ours["models"] == "forecasts of forecasts.parquet"


def test_bad_words_end_in_one_line(home: Path) -> None:
    for arguments, said in (
        (("--models", "random"), "--models must be walk-forward or fixed, was 'random'"),
        (("--store", "nowhere"), "nowhere holds no store"),
        (("--forecasts", "nothing.csv"), "nothing.csv"),
    ):
        result = springback(home, "stress", *arguments)
        assert result.returncode == 2 and said in result.stderr and result.stderr.count("\n") == 1, result.stderr


@in_browser
def test_the_page_opens_offline_and_draws_everything(home: Path, width: int, scheme: str) -> None:
    with opened(home / "runs" / "latest" / "stress.html", width, scheme) as page:
        assert page.locator(".drawing svg.main-svg:first-of-type").count() == PLOTS
        assert page.locator("section#scenarios tbody tr").count() == 1 + len(scenarios(0.05, 1))
        assert page.locator("section#windows figure").first.locator("tbody tr").count() == len(WINDOWS)
