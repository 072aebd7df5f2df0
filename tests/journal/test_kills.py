"""kill -9 before and after each commit, head, request and answer: one order each at the broker, and the same end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journal.samples import NAME

SOLD = "sb-1234-20261127-AAPL-exit-1"
CHECKPOINTS = 40
"""At least: two orders with a plan, a sending, an answer and two fills, each around its commit and after its head."""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_row_42_a_sender_that_is_killed_anywhere_ends_as_one_that_was_not(
    kind: str, new: Callable[[str], str], repository: Path, memory: Path
) -> None:
    url = str(memory / "state.sqlite") if kind == "sqlite" else new(kind)
    path = os.pathsep.join((str(repository / "src"), str(repository)))
    words = [sys.executable, "-m", "tests.journal.kills", url, str(memory)]
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False, cwd=repository)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["code"] == 0 and told["deaths"] >= CHECKPOINTS and told["heavy"] == []
    (end,) = told["ends"]
    states, orders, faults = json.loads(end)
    assert states == [[NAME, "filled", "100", f"b-{NAME}", 2], [SOLD, "filled", "7", f"b-{SOLD}", 2]]
    assert orders == sorted([NAME, SOLD]) and faults == [], "one order each, and a whole chain"
