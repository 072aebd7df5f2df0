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

FORMULAS = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "  @x", "\n=1", "\v=1", "\xa0=1", "\u3000-1+2"]
FORMULAS += ["\uff1d1+1", "\uff0b1", "\uff0d2+3", "\uff20SUM(A1)", "\u200b=1", "\ufeff=1", "\u2060\u200e@x", "\ufe66=1"]
"""Also wide and small letters, and what is not seen before them."""


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text(text: str) -> None:
    told = comma_separated(Sheet("x", "x", (Column("a", text),), [{"a": text}]))
    rows = list(csv.reader(io.StringIO(told, newline="")))
    assert all(cell.startswith("'") and cell.replace("'", "") == text for row in rows for cell in row)


@pytest.mark.parametrize("text", ["why;=1+1", 'why;"=1+1"', "why; @x", "a\t=1+1", "a\n=1", "a;-cmd|x", "a;\uff1d1"])
def test_a_cell_is_no_formula_where_cells_are_parted_otherwise(text: str) -> None:
    """A spreadsheet of another country parts them by a semicolon, whatever stands in quotes."""
    (cell,) = list(csv.reader(io.StringIO(comma_separated(Sheet("x", "x", (Column("a", "a"),), [{"a": text}])), newline="")))[1]
    parts = [one.strip().strip('"').strip() for one in re.split(r"[;\t\n]", cell)]
    assert not any(one.startswith(("=", "+", "-", "@", "\uff1d")) for one in parts) and cell.replace("'", "") == text


def test_words_of_a_person_stay_as_they_are() -> None:
    for text in ("late; 5 names", "a; b", "x-ray", "5 - 3", "it's", "VIX 15.1; -2.5 of it"):
        assert comma_separated(Sheet("x", "x", (Column("a", "a"),), [{"a": text}])).endswith(f"{text}\r\n")


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
