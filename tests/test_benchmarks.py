"""Every benchmark runs, in small, and prints a ratio: a script that nobody runs breaks unseen. What it measures here is not looked at."""

import subprocess
import sys
from pathlib import Path

import pytest

SMALL = {
    "actions": "--names 50 --years 1",
    "backtest": "--names 60",
    "contests": "1",
    "desk": "--names 40",
    "evening": "--names 60 --years 1 --evenings 3",
    "features": "--quick",
    "gate": "--names 30 --years 1",
    "lean_export": "--names 20",
    "optimise": "--names 30 --trials 3",
    "promotion": "100",
    "report": "--names 100",
    "sources": "--names 5 --years 1",
    "splits": "",
    "store": "--names 30 --years 1",
    "web": "--years 1 --readers 3 --requests 40",
    "universe": "--files 3 --names 60 --years 1",
}
LONG = {
    "bundle": "reads the bundle of real prices; no ratio, a recipe",
    "variants": "trains the models of thirteen variants",
    "walk_forward": "trains on millions of rows",
}


def test_each_script_is_known(repository: Path) -> None:
    assert {path.stem for path in (repository / "benchmarks").glob("*.py")} == {*SMALL, *LONG}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_it_runs_in_small_and_prints_a_ratio(name: str, repository: Path, tmp_path: Path) -> None:
    words = [sys.executable, str(repository / "benchmarks" / f"{name}.py"), *SMALL[name].split()]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert any(word in done.stdout for word in ("times", "ratio", "splits that can be seen")), done.stdout
