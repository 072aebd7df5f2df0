"""Every table is exported, whole, and no spreadsheet takes a cell for a formula."""

import csv
import io
import re
from pathlib import Path

import pytest

from springback.market.prose import Prose
from springback.state.rows import Halt
from springback.state.state import State
from springback.web.cells import comma_separated, shown
from springback.web.contents import PAGES
from springback.web.page import Column, Sheet
from tests.web.homes import NOW, Browser

FORMULAS = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "  @x", "\n=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text(text: str) -> None:
    told = comma_separated(Sheet("x", "x", (Column("a", text),), [{"a": text}]))
    rows = list(csv.reader(io.StringIO(told, newline="")))
    assert all(cell == f"'{text}" for row in rows for cell in row)


def test_numbers_stay_numbers() -> None:
    columns = tuple(Column(name, name, "dollars") for name in "abcde")
    told = comma_separated(Sheet("x", "x", columns, [{"a": -1.5, "b": 7, "c": None, "d": float("nan"), "e": NOW}]))
    assert told == "a,b,c,d,e\r\n-1.5,7,,,2023-01-13T12:00:00+00:00\r\n"


def test_a_hostile_reason_is_harmless_in_the_file(operator: Browser, home: Path) -> None:
    evil = '=HYPERLINK("http://evil.example","x")'
    State(home / "desk" / "state.sqlite").halt("desk", Halt("entries", "odd", Prose(evil), "@me", NOW))
    rows = list(csv.reader(io.StringIO(operator.get("/a/desk/incidents/halts.csv").text)))
    assert f"'{evil}" in rows[1] and "'@me" in rows[1]


def test_every_table_of_every_page_is_a_file(operator: Browser) -> None:
    found = 0
    for page in PAGES:
        for address in re.findall(r'class="csv" href="(/a/[^"]+\.csv[^"]*)"', operator.get(f"/a/desk/{page}").text):
            answer = operator.get(address.replace("&amp;", "&"))
            assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv"), address
            assert "attachment" in answer.headers["content-disposition"]
            rows = list(csv.reader(io.StringIO(answer.text)))
            assert len(rows) > 1 and len({len(row) for row in rows}) == 1, address
            found += 1
    assert found > 12


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "dollars", "–"),
        (float("nan"), "share", "–"),
        (-1234.5, "cents", "−$1,234.50"),
        (0.0, "change", "0.00%"),
        (-0.0001, "dollars", "$0"),
        (0.0123, "change", "+1.23%"),
        (True, "text", "yes"),
        (NOW, "instant", "2023-01-13 07:00"),
        ("1 sessions", "text", "1 session"),
    ],
)
def test_a_value_is_written_for_a_person(value: object, kind: str, text: str) -> None:
    assert shown(value, kind) == text
