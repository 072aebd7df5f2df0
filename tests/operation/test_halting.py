"""Halts have a scope and somebody who lifts them; the kill switch is on where file or row says so, or cannot be read."""

import errno
import math
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from springback.errors import InputError, Unwritable
from springback.market.prose import Prose
from springback.operation.account_state import AccountState
from springback.operation.desk_folder import DeskFolder
from springback.state.rows import Halt
from springback.state.state import State
from springback.state.trading_rows import Adoption, Snapshot
from springback.trading.guard import Verdict
from springback.workflow import halting, losses
from springback.workflow.book import Word
from springback.workflow.evening import LiveAccount
from springback.workflow.halting import Claim
from springback.workflow.settings import Settings

AT = datetime(2026, 3, 3, 22, tzinfo=UTC)
WORD = Word("Ann", AT, "a test")
DISK = Verdict("disk", "entries", Prose("full"))
CLOCK = Verdict("clock", "all", Prose("late"))
WRONG = Verdict("wrong_account", "all", Prose("another"))
MOVE = Verdict("move", "name", Prose("far"), "AAA")
ONE = Verdict("order_weight", "order", Prose("large"), "AAA")


def account(desk: Path, number: str = "PA1") -> LiveAccount:
    folder = desk / number
    folder.mkdir(parents=True, exist_ok=True)
    return LiveAccount(number, DeskFolder(folder), Settings(), opened(folder), desk / "store", desk / "models")


def opened(folder: Path) -> State:
    return State(folder / "state.sqlite")


def codes(one: LiveAccount) -> list[str]:
    return [halt.code for halt in one.state.halts(one.name)]


def test_verdicts_are_kept_by_their_scope_and_an_order_s_is_no_halt(tmp_path: Path) -> None:
    own = account(tmp_path)
    halts = halting.heeded(own, [DISK, WRONG, MOVE, ONE, Verdict("kill", "all", Prose("k")), Verdict("lease", "all", Prose("l"))], AT)
    assert [(one.scope, one.code, one.symbol) for one in halts] == [
        ("entries", "disk", ""),
        ("all", "wrong_account", ""),
        ("name", "move", "AAA"),
    ]
    assert halting.heeded(own, [DISK, WRONG, MOVE], AT) == halts


def test_clock_and_disk_lift_themselves_and_no_other_does(tmp_path: Path) -> None:
    own = account(tmp_path)
    halting.heeded(own, [DISK, CLOCK, WRONG, MOVE], AT)
    assert codes(own) == ["disk", "clock", "wrong_account", "move"]
    halting.heeded(own, [CLOCK], AT)
    assert codes(own) == ["clock", "wrong_account", "move"]
    halting.heeded(own, [], AT, codes=("disk",))  # nobody looked at the clock
    assert codes(own) == ["clock", "wrong_account", "move"]
    halting.heeded(own, [], AT)
    assert codes(own) == ["wrong_account", "move"]
    assert {one.code for one in own.state.halts(own.name, history=True) if one.lifted_by == halting.BY} == {"disk", "clock"}
    assert [one.code for one in halting.liftable(own)] == ["wrong_account", "move"]


def test_a_kill_writes_file_and_row_and_a_resume_takes_both_away(tmp_path: Path) -> None:
    own, other = account(tmp_path), account(tmp_path, "PA2")
    assert halting.killed(own) == ""
    done = halting.kill(tmp_path, "PA1", WORD, opened)
    assert (done.file, done.rows, done.faults) == (tmp_path / "PA1" / "KILL", ("PA1",), ())
    assert "KILL is there" in halting.killed(own) and halting.killed(other) == ""
    (tmp_path / "PA1" / "KILL").unlink()
    assert "killed by Ann" in halting.killed(own)
    halting.kill(tmp_path, "PA1", WORD, opened)
    assert [one.code for one in halting.resumed(own, WORD)] == ["kill"]
    assert halting.killed(own) == "" and codes(own) == []


def test_a_kill_of_all_stops_each_account_and_one_may_go_on_alone(tmp_path: Path) -> None:
    own, other = account(tmp_path), account(tmp_path, "PA2")
    (tmp_path / "2026-03-03").mkdir()  # an evening of the desk's own account
    assert halting.kill(tmp_path, "", WORD, opened).rows == ("PA1", "PA2")
    assert (tmp_path / "KILL").is_file() and halting.killed(account(tmp_path, "PA3"))
    halting.resumed(own, WORD)
    assert halting.killed(own) == "" and halting.killed(other)
    other.state.lift("PA2", 1, "Bob", AT)
    assert "KILL is there" in halting.killed(other)  # its own file


def test_a_file_of_the_desk_that_a_hand_made_stops_the_others_on(tmp_path: Path) -> None:
    own, other = account(tmp_path), account(tmp_path, "PA2")
    (tmp_path / "PA2" / "journal.head").touch()
    (tmp_path / "KILL").touch()
    assert halting.killed(own) and halting.killed(other)
    halting.resumed(own, WORD)
    assert not halting.killed(own) and "PA2/KILL is there" in halting.killed(other)


def unreadable(*_: Any) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_switch_that_cannot_be_read_is_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = account(tmp_path)
    (tmp_path / "PA1" / "KILL").symlink_to("nowhere")
    assert "KILL is there" in halting.killed(own)
    (tmp_path / "PA1" / "KILL").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(halting.os, "lstat", unreadable)
        assert "cannot be read" in halting.killed(own)
    (tmp_path / "PA1" / "state.sqlite").write_bytes(b"no database " * 1000)
    assert "cannot be read" in halting.killed(own)


def test_a_kill_works_with_one_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = account(tmp_path)

    def broken(folder: Path) -> State:
        raise Unwritable("held by another process")

    done = halting.kill(tmp_path, "PA1", WORD, broken)
    assert done.file and done.rows == () and len(done.faults) == 1 and halting.killed(own)
    (tmp_path / "PA1" / "KILL").unlink()
    monkeypatch.setattr(halting.os, "open", unreadable)
    done = halting.kill(tmp_path, "PA1", WORD, opened)
    assert done.file is None and done.rows == ("PA1",) and halting.killed(own)
    with pytest.raises(Unwritable, match="could not be written"):
        halting.kill(tmp_path, "PA1", WORD, broken)


def test_a_disk_without_room_for_words_has_room_for_the_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = account(tmp_path)

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(halting.os, "write", full)
    done = halting.kill(tmp_path, "PA1", WORD, opened)
    assert done.file and not done.faults and halting.killed(own)


def test_only_what_is_named_is_lifted_and_the_account_is_looked_at_first(tmp_path: Path) -> None:
    own = account(tmp_path)
    halting.heeded(own, [WRONG, MOVE, CLOCK], AT)
    halting.kill(tmp_path, "PA1", WORD, opened)
    (move,) = [one.n for one in halting.liftable(own) if one.code == "move"]

    def unreachable() -> tuple[str, ...]:
        raise Unwritable("the broker does not answer")

    with pytest.raises(Unwritable):
        halting.resumed(own, WORD, None, unreachable)
    assert len(codes(own)) == 4 and halting.killed(own)
    strange = lambda: (own.state.halt(own.name, Halt("name", "unexplained", Prose("5"), "x", AT, "BBB")).symbol,)  # noqa: E731
    assert [one.code for one in halting.resumed(own, WORD, [move], strange)] == ["move"]
    (unexplained,) = [one.n for one in halting.liftable(own) if one.code == "unexplained"]
    assert halting.resumed(own, WORD, [unexplained], strange) == ()  # it was found again
    assert halting.killed(own) and codes(own) == ["wrong_account", "clock", "kill", "unexplained"]
    assert [one.code for one in halting.resumed(own, WORD)] == ["wrong_account", "kill", "unexplained"]
    assert codes(own) == ["clock"]


def test_flatten_and_adopt_are_signed_and_kept(tmp_path: Path) -> None:
    own = account(tmp_path)
    with pytest.raises(InputError, match="needs a reason"):
        halting.flattened(own, replace(WORD, why=" "))
    assert halting.flattened(own, WORD).code == "flatten"
    own.state.halt(own.name, Halt("name", "unexplained", Prose("5"), "x", AT, "AAA"))
    own.state.halt(own.name, Halt("name", "move", Prose("far"), "x", AT, "AAA"))
    halting.adopted(own, Claim("AAA", "foreign", Decimal(5)), WORD)
    assert codes(own) == ["flatten", "move"]
    halting.adopted(own, Claim("BBB", "ours", Decimal(-7), 12.5, date(2026, 2, 27)), WORD)
    kept = own.state.kept(own.name, Adoption)
    assert [(one.symbol, one.claim, one.quantity, one.price, one.opened, one.by) for one in kept] == [
        ("AAA", "foreign", Decimal(5), None, None, "Ann"),
        ("BBB", "ours", Decimal(-7), 12.5, date(2026, 2, 27), "Ann"),
    ]


def test_foreign_shares_without_a_number_are_all_that_are_not_ours(tmp_path: Path) -> None:
    own = account(tmp_path)
    assert halting.adopted(own, Claim("AAA", "foreign", None), WORD).quantity == 0  # nobody has asked the broker yet
    own.state.keep(own.name, Snapshot(AT.date(), "reconcile", AT, None, None, None, '{"AAA": "50", "BBB": "12"}'))
    assert halting.adopted(own, Claim("AAA", "foreign", None), WORD).quantity == 50
    halting.adopted(own, Claim("BBB", "ours", Decimal(7), 12.5, date(2026, 2, 27)), WORD)
    assert halting.adopted(own, Claim("BBB", "foreign", None), WORD).quantity == 5
    assert halting.adopted(own, Claim("BBB", "foreign", Decimal(0)), WORD).quantity == 0


def test_what_is_adopted_in_a_rehearsal_is_so_since_the_broker_was_last_asked(tmp_path: Path) -> None:
    own, then = account(tmp_path), AT - timedelta(days=900)
    own.state.keep(own.name, Snapshot(then.date(), "decide", then, None, None, None, '{"AAA": "5"}', rehearsal=True))
    assert halting.adopted(own, Claim("AAA", "ours", Decimal(5), 1.0, date(2023, 1, 3)), WORD).at == then
    with pytest.raises(InputError, match="is opened on"):
        halting.adopted(own, Claim("AAA", "ours", Decimal(5), 1.0, date(2026, 1, 2)), WORD)
    own.state.keep(own.name, Snapshot(then.date(), "decide", then, None, None, None, "{}"))
    assert halting.adopted(own, Claim("AAA", "foreign", None), WORD).at == AT


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (Claim("A/B", "foreign", Decimal(1)), "A/B"),
        (Claim("AAA", "mine", Decimal(1)), "--as must be ours or foreign"),
        (Claim("AAA", "ours", Decimal(5)), "give both"),
        (Claim("AAA", "ours", Decimal(0), 1.0, date(2026, 1, 2)), "give --quantity"),
        (Claim("AAA", "ours", Decimal(5), -1.0, date(2026, 1, 2)), "above 0 dollars"),
        (Claim("AAA", "ours", Decimal(5), 1.0, date(2026, 3, 4)), "is opened on 2026-03-04"),
    ],
)
def test_a_claim_that_cannot_be_is_refused(claim: Claim, words: str, tmp_path: Path) -> None:
    own = account(tmp_path)
    with pytest.raises(InputError, match=words):
        halting.adopted(own, claim, WORD)
    assert own.state.kept(own.name, Adoption) == ()


class Decision:
    """What is read of a frozen decision."""

    frozen_at = AT.isoformat()

    def __init__(self, *codes: str) -> None:
        self.reasons = tuple(type("Why", (), {"code": one, "text": one})() for one in codes)


def test_losses_halt_once_for_a_decision_and_a_lifted_drawdown_is_counted_anew(tmp_path: Path) -> None:
    own, decision = account(tmp_path), Decision("drawdown", "pause", "day_loss")
    left = AccountState("2026-03-03", 90.0, peak=100.0)
    for _ in range(2):
        losses.halted_by_losses(own.state, own.name, decision)  # type: ignore[arg-type]
    assert codes(own) == ["drawdown", "day_loss"]
    assert losses.afresh(own.state, own.name, decision, left) == left  # type: ignore[arg-type]
    halting.resumed(own, replace(WORD, at=AT.replace(hour=23)))
    losses.halted_by_losses(own.state, own.name, decision)  # type: ignore[arg-type]
    assert codes(own) == []
    peak = losses.afresh(own.state, own.name, decision, left).peak  # type: ignore[arg-type]
    assert math.isnan(peak)
    later = Decision()
    later.frozen_at = AT.replace(day=4).isoformat()
    assert losses.afresh(own.state, own.name, later, left) == left  # type: ignore[arg-type]


def test_the_database_s_own_lock_is_no_reason_to_send(tmp_path: Path) -> None:
    own = account(tmp_path)
    halting.kill(tmp_path, "PA1", WORD, opened)
    (tmp_path / "PA1" / "KILL").unlink()
    lock = sqlite3.connect(tmp_path / "PA1" / "state.sqlite", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    assert halting.killed(own)  # whoever reads waits for no writer
    lock.close()
