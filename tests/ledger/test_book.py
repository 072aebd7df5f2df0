"""The ledger keeps what it was told, in order, from many at once, and says when it was not left alone."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from springback.errors import LedgerError, Unwritable
from springback.ledger import book as books
from springback.ledger.book import Ledger
from springback.ledger.entry import Entry, overlapping, trials
from springback.market import recorded
from tests.ledger.looks import NOON, filled, look

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def by_hand(file: Path, *orders: str) -> None:
    """What someone does with another program, the guards taken away first."""
    db = sqlite3.connect(file)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for order in orders:
        db.execute(order)
    db.commit()
    db.close()


def writers(file: Path, *spans: tuple[int, int]) -> list[subprocess.Popen[str]]:
    """A process for each span of seeds."""
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.looks", str(file), str(first), str(end)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        for first, end in spans
    ]


def test_what_was_written_is_read_back(file: Path) -> None:
    seen = look(3, models="walk-forward")
    entry = Ledger(file).record(seen, "1.0", NOON)
    assert Ledger(file).entries() == (entry,)
    assert (entry.row, entry.at, entry.first, entry.last, entry.sessions) == (
        1,
        "2024-05-06T12:00:00+00:00",
        "2020-01-01",
        "2020-10-06",
        200,
    )
    assert (entry.sharpe, entry.models, entry.command, entry.previous) == (seen.sharpe, "walk-forward", "springback backtest", "")
    assert Ledger(file).settings(entry.settings) == '{"strategy.slots": 3, "strategy.stop_loss": 0.05}'
    days, excess = Ledger(file).records(frozenset([entry.returns]))[entry.returns]
    assert np.array_equal(days, seen.days) and excess.tobytes() == seen.excess.tobytes()


def test_no_file_is_an_empty_ledger_and_reading_makes_none(file: Path) -> None:
    assert Ledger(file).entries() == () and Ledger(file).fault() == ""
    Ledger(file).ready()
    assert list(file.parent.iterdir()) == []


def test_two_that_ask_at_the_same_moment_may_take_the_probe_from_each_other(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch = Path.touch

    def and_gone(self: Path) -> None:
        touch(self)
        self.unlink()

    monkeypatch.setattr(Path, "touch", and_gone)
    Ledger(file).ready()
    assert list(file.parent.iterdir()) == []


def test_an_empty_file_is_an_empty_ledger(file: Path) -> None:
    file.touch()
    assert Ledger(file).entries() == ()
    assert len(filled(file, 1).entries()) == 1


def test_the_same_run_again_is_the_same_trial_seen_once_more(file: Path) -> None:
    known = trials(filled(file, 1, 2, 1, 1).entries())
    assert [(one.entry.row, one.looks, one.newest[11:13]) for one in known] == [(1, 3, "15"), (2, 1, "13")]


@pytest.mark.parametrize("changes", [{"settings": {"x": 1}}, {"data_hash": "e" * 64}, {"excess": np.zeros(200), "sharpe": None}])
def test_another_setting_market_or_return_is_another_trial(file: Path, changes: dict[str, object]) -> None:
    ledger = filled(file, 1)
    ledger.record(look(1, **changes), "1.0")
    assert len(trials(ledger.entries())) == 2


def test_the_order_of_the_settings_makes_no_trial(file: Path) -> None:
    ledger = filled(file, 1)
    ledger.record(look(1, settings={"strategy.stop_loss": 0.05, "strategy.slots": 1}), "1.0")
    assert len(trials(ledger.entries())) == 1


def test_a_run_recorded_before_entries_had_a_life_is_the_trial_that_says_0() -> None:
    knobs = {"strategy.slots": 20, "strategy.stop_loss": 0.05}
    before, named, new = (
        look(settings=knobs | more).settings_text for more in ({}, {"strategy.entry_life": 0}, {"strategy.entry_life": 1})
    )
    assert before == named != new


def test_a_run_recorded_before_there_were_contests_is_the_trial_of_the_newest_pair() -> None:
    knobs = {"strategy.slots": 20, "training.seed": 1}
    newest = knobs | {"walk_forward.policy": "newest", "training.years": 0, "retraining.level": 0.025}
    better = newest | {"walk_forward.policy": "if_better"}
    assert look(settings=knobs).settings_text == look(settings=newest).settings_text
    texts = {
        look(settings=one).settings_text for one in (knobs, better, better | {"retraining.level": 0.05}, knobs | {"training.years": 4})
    }
    assert len(texts) == 4


def test_a_run_recorded_under_an_older_name_of_a_value_is_the_same_trial(file: Path) -> None:
    older, newer, other = ({"strategy.indicator": name} for name in ("rarity", "return_percentile", "qpi"))
    ledger = filled(file, 1)
    for settings in (older, newer, newer):
        ledger.record(look(2, settings=settings), "1.0")
    ledger.record(look(2, settings=other), "1.0")
    assert [one.looks for one in trials(ledger.entries())] == [1, 3, 1]
    texts = {ledger.settings(one.settings) for one in ledger.entries()}
    assert '{"strategy.indicator": "rarity"}' in texts, "written as it was written at first: ledgers that stand keep their hashes"
    assert recorded.named(older) == recorded.named(newer) == {**newer, **recorded.BEFORE}


def test_trials_of_a_period_are_those_that_share_a_day_with_it(file: Path) -> None:
    ledger = filled(file, 1)
    ledger.record(look(2, days=look().days + 3000), "1.0")
    ledger.record(look(3, market="demo 1"), "1.0")
    known = trials(ledger.entries())
    assert [one.entry.row for one in overlapping(known, "recorded", "2019-01-01", "2020-01-01")] == [1]
    assert [one.entry.row for one in overlapping(known, "recorded", "2020-10-06", "2030-01-01")] == [1, 2]
    assert overlapping(known, "recorded", "2019-01-01", "2019-12-31") == ()


def test_rows_cannot_be_changed_or_taken_away_in_passing(file: Path) -> None:
    filled(file, 1)
    db = sqlite3.connect(file)
    for order in ("UPDATE looks SET sharpe = 9", "DELETE FROM looks", "DELETE FROM records", "UPDATE knobs SET text = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="the ledger only grows"):
            db.execute(order)
    db.close()


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ('UPDATE looks SET sharpe = 0.1 WHERE "row" = 2', "row 2 was changed"),
        ("UPDATE looks SET at = '2020-01-01T00:00:00+00:00' WHERE \"row\" = 3", "row 3 was changed"),
        ('DELETE FROM looks WHERE "row" = 2', "row 2 was removed"),
        ('DELETE FROM looks WHERE "row" IN (1, 2)', "rows 1 to 2 were removed"),
        ('DELETE FROM looks WHERE "row" = 4', "row 4 was removed"),
        ("DELETE FROM looks", "rows 1 to 4 were removed"),
        ('DELETE FROM records WHERE hash = (SELECT returns FROM looks WHERE "row" = 2)', "what row 2 was run with or returned was changed"),
        ("UPDATE records SET excess = x'00'", "what row 1 was run with or returned was changed"),
        ("UPDATE knobs SET text = '{}'", "what row 1 was run with or returned was changed"),
    ],
)  # fmt: skip
def test_what_was_done_by_hand_is_said(file: Path, order: str, said: str) -> None:
    ledger = filled(file, 1, 2, 3, 4)
    assert ledger.fault() == ""
    by_hand(file, order)
    assert ledger.fault().startswith(said)
    ledger.record(look(5), "1.0")
    assert ledger.fault().startswith(said), "a new row does not heal it"


def test_a_row_sealed_anew_breaks_the_chain_after_it(file: Path) -> None:
    ledger = filled(file, 1, 2, 3)
    second = ledger.entries()[1]
    forged = Entry(**{**{name: getattr(second, name) for name in books.COLUMNS}, "sharpe": 0.1})
    by_hand(file, f"UPDATE looks SET sharpe = 0.1, hash = '{forged.sealed()}' WHERE \"row\" = 2")
    assert ledger.fault() == "row 2 was changed or removed"


def test_many_processes_lose_nothing(file: Path) -> None:
    running = writers(file, (0, 15), (100, 115), (200, 215))
    said = [one.communicate(timeout=120) for one in running]
    assert [one.returncode for one in running] == [0, 0, 0], said
    entries = Ledger(file).entries()
    assert [one.row for one in entries] == list(range(1, 46)) and len(trials(entries)) == 45
    assert Ledger(file).fault() == ""


def test_a_killed_writer_leaves_a_whole_ledger(file: Path) -> None:
    killed, other = writers(file, (0, 100_000), (200_000, 200_010))
    assert killed.stdout is not None
    for _ in range(8):
        killed.stdout.readline()
    killed.kill()
    rest, _ = killed.communicate(timeout=60)
    assert other.communicate(timeout=120)[1] == "" and other.returncode == 0
    ledger = Ledger(file)
    said = 8 + rest.count("\n")
    assert said + 10 <= len(ledger.entries()) <= said + 11, "all that was said to be written is there, and at most the one being written"
    assert ledger.fault() == ""
    ledger.record(look(7), "1.0")


def test_a_writer_waits_for_another_and_says_when_it_waited_too_long(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = filled(file, 1)
    monkeypatch.setattr(books, "PATIENCE", 0.05)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unwritable, match="another process has held it"):
        ledger.record(look(2), "1.0")
    with pytest.raises(Unwritable, match="another process has held it"):
        ledger.ready()
    holder.execute("ROLLBACK")
    holder.close()
    ledger.record(look(2), "1.0")


@pytest.mark.parametrize("place", ["a file", "a folder"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, place: str) -> None:
    if place == "a file":
        (tmp_path / "flat").write_text("")
        file = tmp_path / "flat" / "ledger.sqlite"
    else:
        file = tmp_path / "ledger.sqlite"
        file.mkdir()
    with pytest.raises(Unwritable, match=r"the trial ledger .*ledger\.sqlite cannot be written"):
        Ledger(file).ready()


def test_a_read_only_ledger_is_read_but_takes_no_work(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened for reading alone, as SQLite does of itself with a file that may not be written: `BEGIN IMMEDIATE` says nothing there."""
    ledger = filled(file, 1)
    before = file.read_bytes()
    ledger.ready()
    assert file.read_bytes()[100:] == before[100:] and len(ledger.entries()) == 1, "asking changes no row"
    open_ = Ledger._open
    monkeypatch.setattr(Ledger, "_open", lambda self, _: open_(self, "ro"))
    with pytest.raises(Unwritable, match="cannot be written"):
        ledger.ready()
    assert len(ledger.entries()) == 1


@pytest.mark.parametrize("damage", ["text", "torn", "foreign", "newer"])
def test_a_damaged_ledger_is_one_clear_line(file: Path, damage: str) -> None:
    ledger = filled(file, 1, 2, 3)
    if damage == "text":
        file.write_text("This is no database, but long enough to be taken for one. " * 40)
    elif damage == "torn":
        content = file.read_bytes()
        file.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))
    elif damage == "foreign":
        file.unlink()
        by_hand(file, "CREATE TABLE other (x)")
    else:
        by_hand(file, "PRAGMA user_version = 99")
    for job in (ledger.entries, ledger.fault, lambda: ledger.record(look(4), "1.0")):
        with pytest.raises(LedgerError, match="no whole trial ledger") as told:
            job()
        assert "\n" not in str(told.value)


@pytest.mark.parametrize(("changes", "said"), [({"kind": "guess"}, "backtest"), ({"excess": np.zeros(3)}, "one return a session")])
def test_a_look_is_whole(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        look(1, **changes)
