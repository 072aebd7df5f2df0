"""The command as a user meets it: run in a process of its own, in a folder of its own, on a market small enough to wait for."""

import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
COMMAND = (sys.executable, "-m", "springback")
VERBS = ("run", "fetch", "features", "train", "forecast", "backtest", "validate", "stress", "audit", "optimize", "report", "ledger")


def sets(**knobs: Any) -> list[str]:
    """`--set table.name=value` for each `table__name=value`."""
    return [word for name, value in knobs.items() for word in ("--set", f"{name.replace('__', '.', 1)}={value}")]


TINY = sets(
    demo__names=40,
    demo__start='"2018-01-02"',
    demo__end='"2020-12-31"',
    backtest__start="2020-01-01",
    backtest__end="2020-12-31",
    training__trees=20,
)


def springback(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Runs the command in `folder`."""
    return script(folder, *COMMAND, *words)


def script(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Runs any command in `folder`."""
    return subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def done(result: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """The result, which ended well and complained of nothing."""
    assert (result.returncode, result.stderr) == (0, "")
    return result
