"""One of many, in every text that leaves for a person."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from springback.analytics import page
from springback.errors import InputError
from springback.grammar import agree
from springback.market.prose import Prose
from springback.verbs.console import Console, table

SOURCE = Path(__file__).resolve().parents[1] / "src" / "springback"


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("1 names, 502 sessions", "1 name, 502 sessions"),
        ("1 names have no bar", "1 name has no bar"),
        ("in 1 names (such as AAA)", "in 1 name (such as AAA)"),
        ("1 rows lie on days that are no session", "1 row lies on days that are no session"),
        ("1 companies in 2 files", "1 company in 2 files"),
        ("1 trades.", "1 trade."),
        ("1 of 4 names are no symbol", "1 of 4 names is no symbol"),
        ("1 of the 1,004 sessions have no VIX", "1 of the 1,004 sessions has no VIX"),
        ("1 closes are under $1, in 1 names", "1 close is under $1, in 1 name"),
        ("1 of 90 shared closes differ", "1 of 90 shared closes differs"),
        ("1 overnight steps look like a split", "1 overnight step looks like a split"),
        ("1 series stop before the last session", "1 series stops before the last session"),
    ],
)
def test_one_is_said_as_one(said: str, right: str) -> None:
    assert agree(said) == right


@pytest.mark.parametrize(
    "said", ["11 names", "0.1 names", "1,001 sessions", "2021-01-1 days", "1.1 years", "10-1 rows", "1 name has", "101 rows lie"]
)
def test_many_stay_many(said: str) -> None:
    assert agree(said) == said


def counts(source: Path = SOURCE) -> Iterator[tuple[str, str]]:
    """Where the program writes a number, and the words behind it: `f"{count:,} names"`, `f"{len(rows)} rows"`, `"{n} bars"`."""
    for path in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                for one, words in pairwise(node.values):
                    if isinstance(one, ast.FormattedValue) and isinstance(words, ast.Constant) and counted(one):
                        yield f"{path.name}:{node.lineno}", str(words.value)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "{n}" in node.value:
                yield from ((f"{path.name}:{node.lineno}", words) for words in node.value.split("{n}")[1:])


def counted(one: ast.FormattedValue) -> bool:
    grouped = one.format_spec is not None and "," in ast.unparse(one.format_spec)
    return grouped or (isinstance(one.value, ast.Call) and ast.unparse(one.value.func) in {"len", "int"})


def test_every_count_of_one_is_said_as_one() -> None:
    plural = re.compile(r" (?!of |beside )(?:[a-z-]+ ){0,2}?[a-z]{2,}[^s\W]s\b")
    said = [(place, words) for place, words in counts() if plural.match(words)]
    assert len(said) > 150
    assert [(place, words) for place, words in said if agree(f"1{words}") == f"1{words}"] == []


def test_tables_and_the_last_door_agree(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(as_json=False, quiet=False) as console:
        rows = table("", "thing", "found")
        rows.add_row("ledger", "ledger.sqlite: 1 rows")
        console.show(rows)
    assert "1 row" in (said := capsys.readouterr().out) and "1 rows" not in said


def test_every_mouth_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(as_json=False, quiet=False) as console:
        console.say("1 names are held")
    assert capsys.readouterr().out == "1 name is held\n"
    assert str(InputError("1 rows are wrong: mend them")) == "1 row is wrong: mend them"
    assert page._in_words("1 names have") == page._in_words(Prose("1 names have")) == "1 name has"
