"""Two at once, and kill -9 at any moment: a run folder is one run's, whole, or it is not there; whoever comes second is told who has it."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from springback.alone import alone
from springback.analytics import run_folder
from springback.analytics.report_data import ReportData
from springback.analytics.summary import Summary
from springback.analytics.whole import whole
from springback.errors import InputError, Taken
from tests.analytics.materials import report_data
from tests.terminal import COMMAND, done, sets, springback

BARS = "date,symbol,open,high,low,close,volume\n" + "".join(
    f"2020-01-{day:02d},{name},{price},{price + 1},{price - 1},{price + 0.5},100000\n"
    for day in (2, 3, 6, 7, 8, 9, 10)
    for name, price in (("AAA", 10), ("BBB", 20))
)
VIX = "date,close\n" + "".join(f"2020-01-{day:02d},15\n" for day in (2, 3, 6, 7, 8, 9, 10))
FORECASTS = "date,symbol,qpi,p_long,p_short,adv_63\n2020-01-03,AAA,5,0.9,0.1,100000\n2020-01-06,BBB,95,0.1,0.9,100000\n"
SPAN = sets(backtest__start="2020-01-02", backtest__end="2020-01-10")
BACKTEST = ("backtest", "--bars", "bars.csv", "--vix", "vix.csv", "--forecasts", "forecasts.csv", *SPAN)
MANY = 4


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with bars, VIX and forecasts."""
    for name, text in (("bars.csv", BARS), ("vix.csv", VIX), ("forecasts.csv", FORECASTS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def undrawn(told: ReportData, summary: Summary, folder: Path) -> None:
    """A picture that says whose it is."""
    (folder / "report.html").write_text(str(told.provenance.seed))
    (folder / "report.png").write_text(str(told.provenance.seed))


def seed_of(folder: Path) -> int:
    """Whose run it is; its files agree."""
    told = json.loads((folder / "summary.json").read_text())["seed"]
    assert (folder / "report.html").read_text() == (folder / "report.png").read_text() == str(told)
    assert json.loads((folder / "report.json").read_text())["provenance"]["seed"] == told
    return int(told)


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*")]


@pytest.mark.slow
def test_of_several_backtests_into_one_folder_one_wins_and_the_others_are_told_who_has_it(desk: Path) -> None:
    for _ in range(2):
        running = [
            subprocess.Popen(
                [*COMMAND, *map(str, BACKTEST), "--out", "run", "--set", f"strategy.slots={slots}"],
                cwd=desk,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for slots in range(1, MANY + 1)
        ]
        said = [one.communicate(timeout=300)[1] for one in running]
        won = [slots for slots, one in enumerate(running, start=1) if one.returncode == 0]
        assert won, said
        for one, line in zip(running, said, strict=True):
            if one.returncode:
                assert one.returncode == 2 and line.count("\n") == 1, line
                assert "run is being written by process" in line and "springback" in line and " since " in line and "backtest" in line
        told = json.loads((desk / "run" / "summary.json").read_text())
        assert told["settings"]["strategy.slots"] in won
        assert json.loads((desk / "run" / "report.json").read_text())["provenance"]["settings"] == told["settings"]
        assert hidden(desk) == []


@pytest.mark.slow
def test_runs_at_once_without_a_folder_each_get_their_own(desk: Path) -> None:
    running = [subprocess.Popen([*COMMAND, *map(str, BACKTEST), "--quiet"], cwd=desk) for _ in range(MANY)]
    assert [one.wait(timeout=300) for one in running] == [0] * MANY
    folders = sorted(path for path in (desk / "runs").iterdir() if not path.is_symlink())
    assert len(folders) == MANY and all((one / "summary.json").is_file() for one in folders)
    assert (desk / "runs" / "latest").readlink().name in {one.name for one in folders}
    assert hidden(desk) == []


def test_a_run_that_was_written_where_the_link_is_now_gets_a_name_by_its_date(desk: Path) -> None:
    done(springback(desk, *BACKTEST, "--out", "runs/older", "--quiet"))
    (desk / "runs" / "older").rename(desk / "runs" / "latest")
    before = (desk / "runs" / "latest" / "summary.json").read_bytes()
    done(springback(desk, *BACKTEST, "--out", "runs/latest", "--quiet"))
    latest = desk / "runs" / "latest"
    (older,) = (one for one in (desk / "runs").iterdir() if not one.is_symlink() and one.name != latest.readlink().name)
    assert (older / "summary.json").read_bytes() == before


def test_another_run_takes_the_whole_place_and_nothing_of_the_older_one_stays(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(seed=1), undrawn)
    (tmp_path / "run" / "stress.json").write_text("{}")
    run_folder.write(tmp_path / "run", report_data(seed=2), undrawn)
    assert seed_of(tmp_path / "run") == 2 and not (tmp_path / "run" / "stress.json").exists()


def test_what_no_run_wrote_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_folder.write(tmp_path / "run", report_data(seed=1), undrawn)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds notes\.txt, which no run wrote: give another folder"):
        run_folder.write(tmp_path / "run", report_data(seed=2), undrawn)
    assert seed_of(tmp_path / "run") == 1 and (tmp_path / "run" / "notes.txt").read_text() == "mine"
    run_folder.redraw(tmp_path / "run", undrawn)
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine", "a report drawn again leaves the rest"
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InputError, match="is the folder one works in"):
        run_folder.write(Path(), report_data(seed=2), undrawn)


def test_a_report_and_a_stress_test_add_to_a_run_under_its_lock(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(seed=1), undrawn)
    run_folder.redraw(tmp_path / "run", undrawn, {"stress.json": "{}", "stress.html": "page"})
    assert (tmp_path / "run" / "stress.html").read_text() == "page" and seed_of(tmp_path / "run") == 1

    def held() -> None:
        with alone(tmp_path / "run"):
            taken.set()
            free.wait(60)

    taken, free = threading.Event(), threading.Event()
    other = threading.Thread(target=held)
    other.start()
    taken.wait(60)
    with pytest.raises(Taken, match=f"process {os.getpid()} on "):
        run_folder.redraw(tmp_path / "run", undrawn)
    free.set()
    other.join()
    run_folder.redraw(tmp_path / "run", undrawn)
    assert hidden(tmp_path) == []


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(seed=1), undrawn)
    (tmp_path / "link").symlink_to("run")
    run_folder.write(tmp_path / "link", report_data(seed=2), undrawn)
    assert (tmp_path / "link").is_symlink() and seed_of(tmp_path / "run") == 2


@pytest.mark.parametrize("keep", [False, True])
def test_killed_between_the_two_renames_the_older_run_comes_back(tmp_path: Path, keep: bool) -> None:
    run_folder.write(tmp_path / "run", report_data(seed=1), undrawn)
    (tmp_path / "run").rename(tmp_path / ".run.replaced")
    (tmp_path / ".run.unfinished").mkdir()
    if keep:
        assert run_folder.read(tmp_path / "run").provenance.seed == 1
    else:
        with pytest.raises(KeyboardInterrupt), whole(tmp_path / "run", run_folder.KNOWN):
            raise KeyboardInterrupt
    assert seed_of(tmp_path / "run") == 1 and hidden(tmp_path) == []


def write_for_ever(folder: Path) -> None:
    seed = 0
    told = {one: report_data(seed=one) for one in (1, 2)}
    while True:
        seed = seed % 2 + 1
        run_folder.write(folder, told[seed], undrawn)


@pytest.mark.slow
def test_killed_at_any_moment_a_run_folder_is_one_run_s_or_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run_folder.write(folder, report_data(seed=1), undrawn)
    draw = random.Random(1)
    for _ in range(8):
        writer = multiprocessing.get_context("fork").Process(target=write_for_ever, args=(folder,))
        writer.start()
        time.sleep(draw.uniform(0.05, 0.6))
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        if folder.exists():
            assert seed_of(folder) in (1, 2)
        assert run_folder.read(folder).provenance.seed in (1, 2), "and it can be read, or is put back"
    run_folder.write(folder, report_data(seed=7), undrawn)
    assert seed_of(folder) == 7 and hidden(tmp_path) == []


def test_who_waits_is_told_for_whom_and_comes_next(tmp_path: Path) -> None:
    said: list[str] = []
    order: list[str] = []

    def second() -> None:
        with alone(tmp_path / "models", wait=said.append):
            order.append("second")

    with alone(tmp_path / "models"):
        other = threading.Thread(target=second)
        other.start()
        limit = time.monotonic() + 60
        while not said and time.monotonic() < limit:
            time.sleep(0.01)
        order.append("first")
    other.join()
    assert order == ["first", "second"] and len(said) == 1
    assert said[0].startswith(f"{tmp_path / 'models'} is being written by process {os.getpid()} on ") and hidden(tmp_path) == []


def test_what_was_made_for_a_lock_goes_with_it(tmp_path: Path) -> None:
    with alone(tmp_path / "a" / "b" / "run"):
        assert hidden(tmp_path) == [".run.lock"]
    assert list(tmp_path.iterdir()) == []
