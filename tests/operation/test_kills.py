"""Killed at any moment (SIGKILL), the next call goes on: every session is decided once, nothing is half written, all as without a kill."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from springback.workflow.daily import daily
from springback.workflow.desk_laws import DeskLaws
from springback.workflow.faulty import killed
from tests.operation.live import DAYS, Live
from tests.terminal import COMMAND


def killing(live: Live, other: Live, kills: int, most: int, longest: float) -> None:
    """So many kills over the evenings, `most` at one session; at the end the desk is that of `other`, whom nobody killed."""
    random, done, laws = np.random.default_rng(7), 0, DeskLaws(live.account)
    for day in DAYS:
        live.bring(day)
        for _ in range(most):
            if done < kills and day not in live.account.folder.sessions():
                done += killed(daily, (live.account, live.at(day)), float(random.uniform(0.05, longest)))
        live.call(live.at(day))
        assert laws.broken(live.tape) == ()  # type: ignore[arg-type]
        theirs, ours = other.evening(day), live.decision(day)
        assert theirs.orders().equals(ours.orders()) and theirs.files == ours.files
        if done >= kills:
            break
    assert done >= kills


def test_row_42_kills_while_it_decides_and_freezes_leave_each_session_decided_once(live: Live, begun: Path, tmp_path: Path) -> None:
    killing(live, Live(shutil.copytree(begun, tmp_path / "other")).begin(), kills=4, most=4, longest=0.8)


@pytest.mark.soak
@pytest.mark.slow
def test_two_hundred_kills_of_forked_children(live: Live, begun: Path, tmp_path: Path) -> None:
    killing(live, Live(shutil.copytree(begun, tmp_path / "other")).begin(), kills=200, most=6, longest=0.8)


@pytest.mark.soak
@pytest.mark.slow
def test_twenty_kills_by_the_command_line(begun: Path, tmp_path: Path) -> None:
    live = Live(shutil.copytree(begun, tmp_path / "home")).begin()
    random, laws, kills = np.random.default_rng(3), DeskLaws(live.account), 0
    for day in DAYS:
        live.bring(day)
        words = [*COMMAND, "daily", "--clock", f"{day}T17:00"]
        for _ in range(3):
            child = subprocess.Popen(words, cwd=live.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(float(random.uniform(0.5, 5.0)))
            if child.poll() is None:
                os.kill(child.pid, signal.SIGKILL)
                kills += 1
            child.wait()
        done = subprocess.run(words, cwd=live.home, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 4), done.stderr
        assert laws.broken(live.tape) == ()  # type: ignore[arg-type]
        if kills >= 20:
            break
    assert kills >= 20
