"""The table of lies in docs/honesty.md is whole, and every guard and test that it names is there."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "honesty.md"
ROW = re.compile(r"^\| (\d+) \|([^|]+)\|([^|]+)\|([^|]+)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
GUARD = re.compile(r"`([\w/]+\.py)`")
LIES = range(1, 31)


def names_in(file: Path) -> set[str]:
    """The names of the tests that a file holds, at any depth; none where there is no file."""
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def faults(page: str) -> list[str]:
    """What is wrong with the table: numbers, and what it names that is not there."""
    rows = ROW.findall(page)
    numbers = [int(row[0]) for row in rows]
    found = [] if numbers == list(LIES) else [f"the numbers must be 1 to 30, each once and in order, were {numbers}"]
    for number, lie, guard, proof in rows:
        named = TEST.findall(proof)
        found += [] if lie.strip() else [f"{number} names no lie"]
        found += (
            [] if named and not TEST.sub("", proof).strip("; ") else [f"{number} names no test, or not as `tests/file.py::test`:{proof}"]
        )
        found += [f"{number}: {file} holds no {name}" for file, name in named if name not in names_in(REPOSITORY / file)]
        modules = GUARD.findall(guard)
        found += [] if modules else [f"{number} names no guard"]
        found += [f"{number}: no module {one}" for one in modules if not (REPOSITORY / "src" / "springback" / one).is_file()]
    return found


def test_every_lie_has_its_guard_and_every_test_that_is_named_exists() -> None:
    found = faults(PAGE.read_text(encoding="utf-8"))
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| 7 |", "| 8 |", "the numbers must be 1 to 30"),
        (
            "::test_the_last_six_rows_have_no_label",
            "::test_that_was_renamed",
            "11: tests/training/test_labels.py holds no test_that_was_renamed",
        ),
        ("tests/analytics/test_reentries.py", "tests/analytics/test_gone.py", "19: tests/analytics/test_gone.py holds no"),
        ("`statistics/contest.py`", "`statistics/gone.py`", "24: no module statistics/gone.py"),
        ("`tests/training/test_labels.py::test_the_last_six_rows_have_no_label`", "none yet", "11 names no test"),
    ],
)
def test_the_check_can_fail(old: str, new: str, said: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert old in page
    assert [line for line in faults(page.replace(old, new)) if line.startswith(said)]


def test_the_readme_leads_to_the_page() -> None:
    assert "](docs/honesty.md)" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
