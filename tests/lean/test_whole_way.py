"""The commands as a user types them: export, run, import and compare, the engine being the stand-in behind a launcher of LEAN's name."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lean import fakes
from tests.terminal import COMMAND, TINY, sets

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_run_of_lean_by_the_commands_equals_our_own(shop: Path, project: Path, tmp_path: Path) -> None:
    """`lean backtest` exports, lays out, runs, shows where it is and imports; `lean compare` finds no difference and says so."""
    work = tmp_path / "work"
    shutil.copytree(shop, work)
    shutil.copytree(project, work / "lean")
    fakes.executable(tmp_path / "bin" / "dotnet", fakes.STANDIN_ENGINE)
    launcher = fakes.checkout(tmp_path)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONNET_PYDLL": "libpython3.11.so",
        "FAKE_REPOSITORY": str(REPOSITORY),
        "FAKE_STORE": str(work / "store"),
    }
    knobs = [*TINY, *sets(strategy__probability=0.5, strategy__slots=5, strategy__stop_mode='"intraday"')]
    knobs += sets(walk_forward__policy='"newest"')  # as the shop's models were made

    def springback(*words: object) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *(str(word) for word in words)]
        return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=300, check=False)

    ran = springback("lean", "backtest", "--launcher", launcher, *knobs)
    assert ran.returncode == 0, ran.stderr
    assert "runs/lean/report.html" in ran.stdout
    own = springback("backtest", "--profile", "lean", "--out", "runs/own", *knobs)
    assert own.returncode == 0, own.stderr
    found = springback("lean", "compare", "runs/own", "runs/lean")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "EQUAL" in found.stdout.splitlines()[0]

    other = springback("backtest", "--profile", "lean", "--out", "runs/other", *knobs, *sets(strategy__holding_sessions=5))
    assert other.returncode == 0, other.stderr
    found = springback("lean", "compare", "runs/other", "runs/lean")
    assert found.returncode == 1
    assert "time_stop" in found.stdout
