"""`springback validate` as a user types it, and its page in a browser; on noise it says so, and the canary is alive."""

import json
from pathlib import Path
from typing import Any

import pytest

from springback import settings
from springback.validation import validation_words as words
from springback.validation.validation_page import page
from springback.validation.validation_study import ValidationStudy
from springback.workflow import validate
from springback.workflow.prepare import prepare_world
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from tests.browser import in_browser, opened
from tests.terminal import TINY, done, springback

PLOTS = 7
NOISE = (
    "demo.names=80",
    "demo.start='2017-01-03'",
    "demo.end='2020-12-31'",
    "demo.reversal=0.0",
    "demo.market_return=0.0",
    "backtest.start=2018-07-02",
    "backtest.end=2020-12-31",
    "training.trees=40",
    "walk_forward.months=6",
    "validation.groups=5",
)


@pytest.fixture(scope="module")
def home(trained_home: Path) -> Path:
    """A folder in which both methods ended well; what they said is in walk-forward.txt and combinatorial.txt."""
    folder = trained_home
    (folder / "walk-forward.txt").write_text(done(springback(folder, "validate", *TINY)).stdout)
    told = done(springback(folder, "validate", "--method", "combinatorial", "--out", "combined", *TINY))
    (folder / "combinatorial.txt").write_text(told.stdout)
    return folder


def figures_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "validation.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(("method", "folder"), [("walk-forward", "runs/validation"), ("combinatorial", "combined")])
def test_it_says_the_finding_first_and_leaves_a_page_and_figures(home: Path, method: str, folder: str) -> None:
    said = (home / f"{method}.txt").read_text().splitlines()
    told = figures_of(home / folder)
    market = [line for line in said if not line.startswith("  ")][1:]
    assert market[0] == "Demo market with a planted edge: not evidence about real markets."
    assert market[1].startswith("The models rank names within a day ") and market[1] == told["headline"][1]
    ic = told["whole"]["rank_ic"]
    assert f"rank IC {words.ic3(ic['value'])}, 95 % interval {words.ic3(ic['low'])} to {words.ic3(ic['high'])}." in market[1]
    assert said[-1] == f"page: {folder}/validation.html" and (home / folder / "validation.html").is_file()
    assert told["method"] == method and told["paths"] == (1 if method == "walk-forward" else 5)
    assert {part["cut"] for part in told["parts"]} == {"year", "regime", "liquidity", "price"}
    for cut in ("year", "regime", "liquidity", "price"):
        assert sum(part["rows"] for part in told["parts"] if part["cut"] == cut) == told["whole"]["rows"]
    assert sum(part["rows"] for part in told["folds"]) == told["whole"]["rows"]
    assert len(told["folds"]) == (4 if method == "walk-forward" else 6)
    assert len(told["days"]["date"]) == len(told["days"]["rank_ic"])
    assert all(value is not None for value in told["random_split_auc"]) and told["mirror"] is not None
    assert [str(path) for path in home.rglob(".*")] == []


@pytest.mark.slow
def test_the_models_on_the_shelf_are_used_again_and_the_bytes_are_the_same(home: Path) -> None:
    kept = {path: path.stat().st_mtime_ns for path in (home / "models" / "archive").rglob("*.pkl")}
    assert kept
    told = done(springback(home, "validate", *TINY, "--out", "again", "--json", "--set", "training.threads=1")).stdout
    assert told.count("\n") == 1
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    before, after = figures_of(home / "runs" / "validation"), figures_of(home / "again")
    for one in (before, after):
        one["settings"].pop("training.threads")
        one.pop("command")
    assert before == after, "no figure depends on the number of threads"
    spoken = json.loads(told)
    assert spoken["page"] == "again/validation.html" and "days" not in spoken["validation"]
    assert spoken["validation"]["whole"] == after["whole"]
    assert done(springback(home, "validate", *TINY, "--out", "again", "--quiet")).stdout == ""


def test_every_validation_is_in_the_ledger(home: Path) -> None:
    told = json.loads(done(springback(home, "ledger", "--json")).stdout)["ledger"]
    assert told["looks"] >= 2 and told["fault"] is None
    assert {trial["kind"] for trial in told["trials"]} == {"validate"}
    assert {trial["models"] for trial in told["trials"]} == {"judged walk-forward", "judged combinatorial"}
    ic = figures_of(home / "combined")["days"]
    (combined,) = (trial for trial in told["trials"] if trial["models"] == "judged combinatorial")
    assert (combined["first"], combined["last"], combined["sessions"]) == (ic["date"][0], ic["date"][-1], len(ic["date"]))


def test_bad_words_end_in_one_line(home: Path) -> None:
    for arguments, said in (
        (("--method", "random"), "--method must be walk-forward or combinatorial, was 'random'"),
        (("--set", "validation.tested=6"), "validation.tested must be below validation.groups (6), was 6"),
        (("--store", "nowhere"), "nowhere holds no store"),
    ):
        result = springback(home, "validate", *arguments)
        assert result.returncode == 2 and said in result.stderr and result.stderr.count("\n") == 1, result.stderr


def examined(method: str, seed: int) -> ValidationStudy:
    chosen = settings.load(Settings, [], [*NOISE, f"demo.seed={seed}"])
    made = prepare_world(draw_demo(chosen), chosen)
    return validate.examine(chosen, made, validate.Method(method))


@pytest.mark.slow
@pytest.mark.parametrize("method", validate.METHODS)
def test_noise_is_called_noise_and_a_random_split_is_not(method: str) -> None:
    study = examined(method, 3)  # one seed: an interval of 95 % misses zero on one noise market in twenty, so on some seeds it must
    told = study.judgement
    assert not told.whole.rank_ic.excludes(0.0), told.whole.rank_ic
    assert words.finding(told).startswith("The models rank names within a day no better than a coin: rank IC ")
    assert words.flags(study) == ("Demo market without any edge: whatever is found here is luck.",)
    for side, careless in ((told.whole.long, told.random_split_auc[0]), (told.whole.short, told.random_split_auc[1])):
        assert side.auc.value is not None and side.auc.error is not None and careless is not None
        assert abs(side.auc.value - 0.5) < 3 * side.auc.error < 0.15, side.auc
        assert careless > side.auc.value, "the canary is dead: a random split of overlapping labels must flatter"
    assert "FAIL" in words.worth(told)
    assert page(study) == page(study)


@in_browser
def test_the_page_opens_offline_and_draws_everything(home: Path, width: int, scheme: str) -> None:
    with opened(home / "combined" / "validation.html", width, scheme) as page:
        assert page.locator(".drawing").count() == PLOTS
        assert page.locator("h1").inner_text().startswith("The models rank names within a day")


def test_a_file_of_forecasts_is_judged_as_the_walk_that_made_it(home: Path) -> None:
    file = home / "forecasts.csv"
    done(springback(home, "forecast", *TINY, "--out", file))
    said = done(springback(home, "validate", "--forecasts", file, "--out", "told", *TINY)).stdout
    told, walked = figures_of(home / "told"), figures_of(home / "runs" / "validation")
    assert told["method"] == "forecasts of forecasts.csv" and "does not say" in told["how"]
    assert told["whole"]["rank_ic"] == walked["whole"]["rank_ic"] and told["whole"]["rows"] == walked["whole"]["rows"]
    assert sum(part["rows"] for part in told["folds"]) == told["whole"]["rows"] and len(told["folds"]) == 4
    assert said.splitlines()[-1] == "page: told/validation.html"


def test_a_file_of_forecasts_takes_no_method(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("date,symbol,qpi,p_long,p_short,adv_63\n")
    both, absent = ("--method", "combinatorial", "--forecasts", "f.csv"), ("--forecasts", "g.csv")
    for words_, must in ((both, "--method says how"), (absent, "g.csv does not exist")):
        result = springback(tmp_path, "validate", *words_)
        assert result.returncode == 2 and must in result.stderr and not (tmp_path / "store").exists()
