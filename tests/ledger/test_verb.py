"""`springback ledger` as a user meets it."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.ledger.looks import filled, look
from tests.terminal import done, springback


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder whose ledger holds three trials, the first seen twice."""
    ledger = filled(tmp_path / "ledger.sqlite", 1, 2, 1)
    ledger.record(look(3, settings={"strategy.slots": 3, "strategy.stop_loss": 0.08, "backtest.start": "2020-01-01"}), "1.0")
    return tmp_path


def test_it_lists_the_trials_and_says_what_luck_makes_of_them(home: Path) -> None:
    said = done(springback(home, "ledger")).stdout
    lines = said.split("\n")
    assert lines[0].split() == ["trial", "when", "what", "period", "Sharpe", "seen", "its", "own", "settings"]
    assert "2020-01-01 to 2020-10-06" in lines[1] and "2 ×" in lines[1] and "strategy.slots=1" in lines[1]
    assert "strategy.slots=3, strategy.stop_loss=0.08" in lines[3]
    assert "3 trials so far on the recorded market, 2020-01-01 to 2020-10-06" in said
    assert "; a skill-less searcher would show 0." in said or "; a skill-less searcher would show 1." in said
    assert lines[-2] == "ledger: ledger.sqlite"


def test_json_tells_all_of_it(home: Path) -> None:
    told = json.loads(done(springback(home, "ledger", "--json", "--store", home / "store")).stdout)["ledger"]
    assert (told["looks"], told["fault"], [one["seen"] for one in told["trials"]]) == (4, None, [2, 1, 1])
    before = {"strategy.entry_life": 0, "walk_forward.policy": "newest"}  # it was recorded before those knobs
    assert told["trials"][0]["settings"] == {"strategy.slots": 1, **before}
    (standing,) = told["standings"]
    assert (standing["market"], standing["trials"]) == ("recorded", 3) and standing["best_by_luck"] > 0


def test_a_row_that_was_removed_is_said(home: Path) -> None:
    db = sqlite3.connect(home / "ledger.sqlite")
    db.execute("DROP TRIGGER looks_delete")
    db.execute('DELETE FROM looks WHERE "row" = 2')
    db.commit()
    db.close()
    assert "the ledger was changed by hand: row 2 was removed" in done(springback(home, "ledger")).stdout


def test_nothing_yet_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    assert done(springback(tmp_path, "ledger")).stdout.startswith("No trial so far")
    assert json.loads(done(springback(tmp_path, "ledger", "--json")).stdout)["ledger"]["trials"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_ledger_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("not a database " * 50)
    result = springback(tmp_path, "ledger")
    assert result.returncode == 1 and result.stderr.count("\n") == 1 and "no whole trial ledger" in result.stderr


@pytest.mark.parametrize(("verb", "code"), [("run", 1), ("backtest", 1), ("run", 2), ("backtest", 2)])
def test_no_work_is_begun_that_cannot_be_counted(tmp_path: Path, verb: str, code: int) -> None:
    """A damaged ledger is exit 1, a place that cannot be written exit 2: one line, and nothing is fetched, trained or shown."""
    if code == 1:
        (tmp_path / "ledger.sqlite").write_text("not a database " * 50)
    else:
        (tmp_path / "ledger.sqlite").mkdir()
    result = springback(tmp_path, verb)
    assert (result.returncode, result.stdout) == (code, "") and result.stderr.count("\n") == 1 and "ledger.sqlite" in result.stderr
    assert not (tmp_path / "store").exists() and not list(tmp_path.rglob("*.pkl")) and not list(tmp_path.rglob("summary.json"))
