"""The fault matrix: which tests are of which row, and `python -m tests.trading.faults.matrix`, which runs them and prints a line for each.

A test is of the rows that its name begins with: `test_row_07_and_08_...`. The state lies in memory where the machine offers that.
"""

import ast
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
ROOMS = ("brokers", "journal", "operation", "state", "trading")
"""Folders of tests that hold rows. Those that are slow run with `make test-slow`."""
PATTERN = re.compile(r"test_rows?_(\d+(?:_(?:and_)?\d+)*)_")
MEMORY = Path("/dev/shm")
AIM = 90.0
"""Seconds that all rows should take on an idle machine."""
FAULTS = {
    1: "time-out after the broker took the order",
    2: "time-out before it took it",
    3: "504 after it took it",
    4: "422, the id is not unique",
    5: "the same decision run twice",
    6: "two processes; a lost lease",
    7: "a fill told twice",
    8: "a fill by stream, poll and activity",
    9: "fill before the answer, after 'cancelled'",
    10: "stream out of order, null, unknown words",
    11: "stream dead; a gap over the open",
    12: "partial fill at the auction",
    13: "cancellation races a fill",
    14: "replacing after a partial fill",
    15: "halted at the open",
    16: "split overnight, order waiting",
    17: "reverse split, cash in lieu, fraction",
    18: "symbol change, merger, spin-off, delisting",
    19: "dividend on a short, special dividend",
    20: "short refused",
    21: "borrow lost overnight, short-sale restriction",
    22: "recall, buy-in",
    23: "buying power cut",
    24: "margin call, liquidation only",
    25: "shares held by a resting stop",
    26: "wash-trade refusal",
    27: "broker down 09:20 to 09:40",
    28: "IB 1100, restart, login page",
    29: "IB 10349, 399, 404, Inactive",
    30: "commission without execution",
    31: "server drops orders silently",
    32: "bust or correction hours later",
    33: "manual trade, manual cancel",
    34: "wrong account, wrong keys",
    35: "keys revoked amid sending",
    36: "storm of 429",
    37: "clock off by minutes",
    38: "daylight saving between decision and open",
    39: "half day, holiday eve, closure",
    40: "disk full at each journal write",
    41: "database locked, read-only, damaged",
    42: "kill -9 around every journal step",
    43: "power loss: WAL cut, NORMAL and FULL",
    44: "model stale, missing, of another hash",
    45: "stale bars, no session, VIX missing or 0",
    46: "bar restated after the decision",
    47: "fields gone, new, of another type",
    48: "yesterday's decision again",
    49: "order arrives after the window",
    50: "kill switch during sending",
}


def rows_of(name: str) -> tuple[int, ...]:
    """The rows that a test is of, by its name; none for most."""
    found = PATTERN.match(name)
    return tuple(int(one) for one in re.findall(r"\d+", found.group(1))) if found else ()


def files() -> list[Path]:
    """The files that hold tests of rows."""
    return sorted({path for path, _ in _functions()})


def names() -> dict[int, list[str]]:
    """Names of the tests of each row, as they stand in the files."""
    found: dict[int, list[str]] = defaultdict(list)
    for path, name in _functions():
        for row in rows_of(name):
            found[row].append(f"{path.relative_to(TESTS)}::{name}")
    return dict(found)


def _functions() -> Iterator[tuple[Path, str]]:
    for room in ROOMS:
        for path in sorted((TESTS / room).rglob("test_*.py")):
            for one in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(one, ast.FunctionDef) and rows_of(one.name):
                    yield path, one.name


class Ledger:
    """Keeps the tests of rows alone, and what they came to."""

    def __init__(self) -> None:
        self.count: dict[int, int] = defaultdict(int)
        self.seconds: dict[int, float] = defaultdict(float)
        self.failures: dict[int, int] = defaultdict(int)
        self.total = 0.0

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """What is of no row is not run."""
        other = [one for one in items if not rows_of(one.name)]
        config.hook.pytest_deselected(items=other)
        items[:] = [one for one in items if rows_of(one.name)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test counts for each of its rows, its seconds are shared between them."""
        rows = rows_of(report.nodeid.rpartition("::")[2])
        self.total += report.duration
        for row in rows:
            self.count[row] += report.when == "call"
            self.seconds[row] += report.duration / len(rows)
            self.failures[row] += report.failed

    def lines(self) -> Iterator[str]:
        """The table."""
        yield f"{'row':>3}  {'fault':<46} {'tests':>5} {'seconds':>8}"
        for row, words in FAULTS.items():
            end = "no test" if not self.count[row] else f"{self.failures[row]} failed" if self.failures[row] else "passed"
            yield f"{row:>3}  {words:<46} {self.count[row]:>5} {self.seconds[row]:>8.2f}  {end}"


def main(arguments: list[str]) -> int:
    """Runs the rows, prints the table, and returns pytest's exit code, or 1 where a row has no test."""
    ledger, began = Ledger(), time.monotonic()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="faults-") as folder:
        words = ["-q", "-p", "no:cacheprovider", "--no-header", f"--basetemp={folder}/tests", "-m", "not slow"]
        code = pytest.main([*words, *arguments, *map(str, files())], plugins=[ledger])
    took = time.monotonic() - began
    sys.stdout.write("\n".join([*ledger.lines(), ""]))
    passed = sum(bool(ledger.count[row]) and not ledger.failures[row] for row in FAULTS)
    sys.stdout.write(f"{passed} of {len(FAULTS)} rows passed, {ledger.total:.1f} s in tests, {took:.1f} s in all (aim: {AIM:g} s, idle)\n")
    return int(code) or int(passed < len(FAULTS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
