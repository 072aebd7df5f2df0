"""Contests in the ledger: a row for what happened, sealed like the looks; older ledgers are read, and taken on by the first write."""

import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from springback.errors import LedgerError
from springback.ledger.book import FORMAT, Ledger
from springback.ledger.contest_entry import EVENTS, ContestEvent
from tests.ledger.looks import NOON, filled, look

OLDER = Path(__file__).parents[1] / "older"
EVENT = ContestEvent(
    event="registered",
    challenger="2020-06-30-aaaaaaaa",
    champion="2020-03-31-bbbbbbbb",
    challenger_hash="a" * 64,
    champion_hash="b" * 64,
    after="2020-06-30",
    session="2020-06-30",
    share=0.5,
    rules='{"level": 0.025}',
    sessions=0,
    gain=None,
    market="recorded",
    data_hash="d" * 64,
    by="springback retrain",
    why="",
)
WON = replace(EVENT, event="won", session="2021-06-30", sessions=252, gain=0.01, why="won")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def version_of(file: Path) -> int:
    db = sqlite3.connect(file)
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    db.close()
    return found


def test_what_was_noted_is_read_and_stands_beside_the_looks(file: Path) -> None:
    ledger = filled(file, 1)
    (first,) = ledger.note([EVENT], "1.0", NOON)
    (second,) = ledger.note([WON], "1.0", NOON + timedelta(days=300))
    assert ledger.contests() == (first, second) and [one.event for one in ledger.contests()] == [EVENT, WON]
    assert (first.row, second.row, second.previous) == (1, 2, first.hash)
    assert len(ledger.entries()) == 1 and ledger.fault() == "", "a contest is no trial"


def test_the_same_again_is_written_once(file: Path) -> None:
    ledger = Ledger(file)
    ledger.note([EVENT], "1.0")
    assert ledger.note([EVENT, replace(EVENT, by="another"), WON], "1.0")[0].event == WON
    assert len(ledger.contests()) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE contests SET why = 'better' WHERE \"row\" = 2", "row 2 of the contests was changed"),
        ('DELETE FROM contests WHERE "row" = 1', "a row of the contests before row 2 was changed or removed"),
        ('DELETE FROM contests WHERE "row" = 2', "the newest of 2 rows of the contests were removed"),
    ],
)
def test_an_edit_is_told(file: Path, change: str, words: str) -> None:
    ledger = Ledger(file)
    ledger.note([EVENT, WON], "1.0")
    db = sqlite3.connect(file)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        db.execute(change)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute(change)
    db.commit()
    db.close()
    assert words in ledger.fault()


@pytest.mark.parametrize(("name", "format_"), [("ledger.sqlite", 1), ("ledger_2.sqlite", 2)])
def test_a_ledger_of_an_older_format_is_read_and_taken_on(file: Path, name: str, format_: int) -> None:
    shutil.copy(OLDER / name, file)
    ledger = Ledger(file)
    before = ledger.entries()
    assert version_of(file) == format_ and before and ledger.contests() == () and ledger.fault() == ""
    ledger.note([EVENT], "1.0")
    assert version_of(file) == FORMAT and ledger.entries() == before and ledger.fault() == ""
    ledger.record(look(9), "1.0")
    assert len(ledger.entries()) == len(before) + 1 and len(ledger.contests()) == 1 and ledger.fault() == ""


@pytest.mark.parametrize("name", ["ledger.sqlite", "ledger_2.sqlite"])
def test_a_look_takes_it_on_too(file: Path, name: str) -> None:
    shutil.copy(OLDER / name, file)
    Ledger(file).record(look(9), "1.0")
    assert version_of(file) == FORMAT and Ledger(file).note([EVENT], "1.0") and Ledger(file).fault() == ""


def test_what_no_ledger_writes_is_refused(file: Path) -> None:
    with pytest.raises(ValueError, match=f"one of {EVENTS[0]}, {EVENTS[1]}"):
        replace(EVENT, event="liked")
    ledger = Ledger(file)
    ledger.note([EVENT], "1.0")
    db = sqlite3.connect(file)
    db.execute("DROP TRIGGER contests_update")
    db.execute("UPDATE contests SET share = 'half'")
    db.commit()
    db.close()
    with pytest.raises(LedgerError, match="the column share holds what no ledger writes"):
        ledger.contests()
