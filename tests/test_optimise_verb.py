"""`springback optimize` as a user types it: killed and started again, on a real cluster, its one look at what is held back, its page."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.browser import in_browser, opened
from tests.cluster import clusters
from tests.terminal import COMMAND, done, sets, springback

TINY = (
    "optimize",
    *sets(demo__names=40, demo__start='"2018-01-02"', demo__end='"2020-12-31"', backtest__start="2019-07-01", backtest__end="2020-12-31"),
    *sets(training__trees=10, walk_forward__months=6, optimise__held_back=6, optimise__grid=3, optimise__draws=500),
)
TRIALS = 24


@pytest.fixture(scope="module")
def home(trained_home: Path) -> Path:
    """A folder in which a search ended well; what it said is in said.txt."""
    folder = trained_home
    (folder / "said.txt").write_text(done(springback(folder, *TINY, "--trials", TRIALS)).stdout)
    return folder


def study(folder: Path) -> Path:
    (found,) = (folder / "runs" / "optimise").iterdir()
    return found


def told(folder: Path) -> dict[str, Any]:
    return dict(json.loads((study(folder) / "optimise.json").read_text(encoding="utf-8")))


def finished(folder: Path) -> int:
    """Trials in the study's file, 0 where there is none yet."""
    files = list(folder.glob("runs/optimise/*/study.sqlite"))
    try:
        with closing(sqlite3.connect(f"file:{files[0]}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM trials").fetchone()[0])
    except (IndexError, sqlite3.OperationalError):
        return 0


def test_it_says_the_verdict_first_and_leaves_a_folder(home: Path) -> None:
    said = [line for line in (home / "said.txt").read_text().splitlines() if not line.startswith("  ")][1:]
    assert said[0] == "Demo market with a planted edge: not evidence about real markets."
    assert said[1] == told(home)["headline"][0] and said[1].startswith(("The best of 24 settings beats", "None of the 24 settings"))
    assert any(line.startswith("Held back: 2020-07-01 to 2020-12-31. The search never saw it.") for line in said)
    assert {path.name for path in study(home).iterdir()} == {"optimise.json", "optimise.html", "winner.toml", "study.sqlite"}
    assert said[-1] == f"page: {study(home).relative_to(home)}/optimise.html"
    assert [str(path) for path in home.rglob(".*")] == []
    assert len(told(home)["trials"]) == TRIALS == finished(home)


def test_the_winner_can_be_run(home: Path) -> None:
    done(springback(home, "backtest", "--settings", study(home) / "winner.toml", *TINY[1:], "--out", "won"))
    settings = json.loads((home / "won" / "summary.json").read_text())["settings"]
    winner = told(home)["finding"]["winner"]
    assert {name: settings[name] for name in winner} == winner


@pytest.mark.slow
def test_killed_without_warning_it_goes_on_and_ends_at_the_same_bits(home: Path, tmp_path: Path) -> None:
    words = [*COMMAND, *TINY, "--trials", str(TRIALS), "--quiet"]
    counted = []
    for at in (3, 12):  # within the first batch and within the second
        running = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while finished(tmp_path) < at and running.poll() is None:
            time.sleep(0.005)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        counted.append(finished(tmp_path))
    assert 3 <= counted[0] < counted[1] < TRIALS, counted
    done(springback(tmp_path, *TINY, "--trials", TRIALS, "--quiet"))
    assert told(tmp_path) == told(home)
    assert finished(tmp_path) == TRIALS


@pytest.mark.slow
def test_a_cluster_gives_the_same_bits(home: Path, tmp_path: Path) -> None:
    with clusters.two_workers(tmp_path / "dask") as cluster:
        at = ("--cluster", cluster.scheduler_address, "--quiet")
        done(springback(tmp_path, *TINY, "--trials", TRIALS, *at))
        done(springback(tmp_path, "forecast", *TINY[1:], *at, "--models-dir", "others"))
        done(springback(tmp_path, "validate", *TINY[1:], *at, "--models-dir", "others"))
    assert told(tmp_path) == told(home)
    done(springback(home, "validate", *TINY[1:], "--quiet"))
    there, here = (json.loads((one / "runs" / "validation" / "validation.json").read_text()) for one in (tmp_path, home))
    assert {**there, "command": ""} == {**here, "command": ""}


def test_bad_words_end_in_one_line(home: Path) -> None:
    for arguments, said in (
        (("--knob", "strategy.slot=1:2"), "did you mean strategy.slots"),
        (("--knob", "strategy.probability=0.5:1.5"), "strategy.probability must lie between 0 and 1, was 1.5"),
        (("--trials", "0"), "optimise.trials must be at least 1, was 0"),
        (("--set", "backtest.profile=lean"), "optimize searches under realistic costs only"),
        (("--cluster", "nowhere"), "no Dask scheduler answers at nowhere"),
        (("--set", "optimise.seed=5", "--reveal"), "holds no finished search"),
    ):
        result = springback(home, *TINY, *arguments)
        assert result.returncode in (1, 2) and said in result.stderr and result.stderr.count("\n") == 1, result.stderr


@pytest.mark.slow
def test_revealed_once_and_never_again(home: Path) -> None:
    shutil.copytree(home, other := home.parent / "revealed")
    spoken = json.loads(done(springback(other, *TINY, "--trials", TRIALS, "--reveal", "--json")).stdout)
    assert spoken["optimise"]["held_back"]["looked_at"]["row"] > 0
    assert "looked at once" in (study(other) / "optimise.html").read_text(encoding="utf-8")
    again = springback(other, *TINY, "--trials", TRIALS, "--reveal")
    assert again.returncode == 2 and "a second look would be a choice" in again.stderr and again.stderr.count("\n") == 1


@in_browser
def test_the_page_opens_offline_and_draws_everything(home: Path, width: int, scheme: str) -> None:
    with opened(study(home) / "optimise.html", width, scheme) as page:
        assert page.locator(".drawing svg.main-svg:first-of-type").count() == 9
        assert page.locator("h1").inner_text().startswith(("The best of 24 settings", "None of the 24"))
