"""Rows of the fault matrix that end in the guard, the halts and the kill switch: what may still be sent, and what is on record."""

import errno
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from springback.errors import SpringbackError, StateError, Taken, Unwritable
from springback.market.prose import Prose
from springback.operation.desk_folder import DeskFolder
from springback.operation.spoken import ModelsInUse
from springback.state import database, orders
from springback.state.state import State
from springback.strategy.knobs import Strategy
from springback.trading.guard import Ground, Proposal, Stake, Standing, Verdict, account_verdicts, order_verdicts, stops
from springback.trading.guard_settings import Guard
from springback.trading.journal import Answer
from springback.trading.order_journal import OrderJournal, Plan
from springback.workflow import halting
from springback.workflow.book import Word
from springback.workflow.curbs import DataFaults, Forbidden, curbs_of
from springback.workflow.evening import LiveAccount
from springback.workflow.halting import heeded, killed
from springback.workflow.order_journal import HEAD, journal_of
from springback.workflow.settings import Settings
from tests.backtest.worlds import flat_tape
from tests.trading.faults.sender import DAY, now

SOUND = Standing("PA1", "PA1", "paper", "paper", False, 0.1, 50.0)
ENTRY = Proposal("AAA", "buy", "entry", 100, 100.0, 1e6, 100.0)
EXIT = Proposal("BBB", "sell", "exit", 100)
CHAMPION = ModelsInUse("2026", {}, {})
NO_FAULTS = DataFaults({})
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def account(tmp_path: Path) -> LiveAccount:
    return at(tmp_path / "PA1")


def at(folder: Path) -> LiveAccount:
    state = State(folder / "state.sqlite")
    return LiveAccount(folder.name, DeskFolder(folder), Settings(), state, folder / "store", folder / "models")


def journal(account: LiveAccount) -> OrderJournal:
    return journal_of(account.folder.path, account.name, account.state)


def planned(account: LiveAccount, symbol: str = "AAA") -> str:
    return journal(account).plan(Plan(DAY, symbol, "buy", "entry", Decimal(5), 10.0), now()).client_id


def states(account: LiveAccount) -> list[str]:
    return [one.state for one in journal(account).orders()]


def test_row_6_a_second_process_is_refused_and_a_lost_lease_sends_nothing(account: LiveAccount) -> None:
    name, state = planned(account), account.state
    with pytest.raises(Taken), state.lease(account.name, "first", 60) as lease:  # noqa: PT012 (the loss is told at the end too)
        with pytest.raises(Taken, match="worked on by first"), State(account.folder.path / "state.sqlite").lease(account.name, "second"):
            pass
        state._give_back(account.name, "first")
        state.take(account.name, "second", 60)
        with pytest.raises(Taken):
            journal(account).send(name, now(), lease)
        assert states(account) == ["planned"]
        lease.renew()
    assert stops(account_verdicts(replace(SOUND, lease="second has it"), Guard()), EXIT)


def test_row_24_a_restricted_account_sends_exits_only(account: LiveAccount) -> None:
    verdicts = account_verdicts(replace(SOUND, blocked=True), Guard())
    assert stops(verdicts, ENTRY) and not stops(verdicts, EXIT)
    assert [(one.code, one.scope) for one in heeded(account, verdicts, now())] == [("blocked", "entries")]
    assert heeded(account, [], now())  # a person lifts it
    assert not killed(account)


def test_row_35_an_account_that_no_longer_says_who_it_is_is_sent_nothing(account: LiveAccount) -> None:
    verdicts = account_verdicts(replace(SOUND, broker_number="", broker_mode=""), Guard())
    assert [one.code for one in verdicts] == ["wrong_account"] and stops(verdicts, EXIT)
    assert [one.code for one in heeded(account, verdicts, now())] == ["wrong_account"]
    assert heeded(account, account_verdicts(SOUND, Guard()), now())  # it does not lift itself


@pytest.mark.parametrize("gap", [180.0, -180.0, 2.5, float("inf"), float("nan"), None])
def test_row_37_a_clock_that_is_off_sends_nothing_until_it_is_right(account: LiveAccount, gap: float | None) -> None:
    verdicts = account_verdicts(replace(SOUND, clock_gap=gap), Guard())
    assert stops(verdicts, ENTRY) and stops(verdicts, EXIT)
    assert [one.scope for one in heeded(account, verdicts, now())] == ["all"]
    assert heeded(account, account_verdicts(SOUND, Guard()), now() + timedelta(minutes=1)) == ()


@contextmanager
def pragma(state: State, words: str) -> Iterator[None]:
    """Every connection that is opened meanwhile begins with a pragma."""

    def begin(connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA {words}")

    event.listen(state._engine, "connect", begin)
    try:
        yield
    finally:
        event.remove(state._engine, "connect", begin)


def full(*_: Any, **__: Any) -> None:
    raise Unwritable(f"no room ({errno.ENOSPC})")


STEPS: dict[str, Callable[[OrderJournal, str, Any], Any]] = {
    "plan": lambda own, _, __: own.plan(Plan(DAY, "NEW", "buy", "entry", Decimal(5), 10.0), now()),
    "send": lambda own, name, lease: own.send(name, now(), lease),
    "answer": lambda own, name, _: own.record(name, Answer("accepted", broker_id="b-1"), now()),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("place", ["first row", "last row", "head"])
def test_row_40_a_full_disk_at_a_journal_write_sends_nothing(
    account: LiveAccount, step: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = planned(account)
    with account.state.lease(account.name, "first", 60) as lease:
        if step == "answer":
            journal(account).send(name, now(), lease)
        before = journal(account).orders()
        with _full(account, place, monkeypatch), pytest.raises(Unwritable):
            STEPS[step](journal(account), name, lease)
        after = journal(account).orders()
    assert after == before or place == "head"  # the database has it then, its file is behind, and nobody was told to send
    assert journal(account).verify() == ()
    open_orders = {one.client_id for one in after if one.state in {"sending", "unknown"}}
    assert {one.client_id for one in journal(account).recover(now())} == open_orders  # what may have gone out is asked for


@contextmanager
def _full(account: LiveAccount, place: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """No room for a row of the journal's tables, or for the file of its head."""
    if place == "head":
        with patch.context() as own:
            own.setattr(orders, "write_head", full)
            yield
        return
    table = "order_event" if place == "first row" else "order_head"

    def insert(_: Any, __: Any, words: str, *___: Any) -> None:
        if table in words and words.startswith(("INSERT", "UPDATE")):
            raise sqlite3.OperationalError("database or disk is full")

    event.listen(account.state._engine, "before_cursor_execute", insert)
    try:
        yield
    finally:
        event.remove(account.state._engine, "before_cursor_execute", insert)


def test_row_40_a_disk_that_is_nearly_full_enters_nothing_and_lets_exits_go(account: LiveAccount) -> None:
    verdicts = account_verdicts(replace(SOUND, disk_free=0.5), Guard())
    assert stops(verdicts, ENTRY) and not stops(verdicts, EXIT)
    heeded(account, verdicts, now())
    assert heeded(account, account_verdicts(SOUND, Guard()), now()) == ()


@pytest.mark.parametrize("fault", ["locked", "read_only", "damaged"])
def test_row_41_a_database_that_cannot_be_written_sends_nothing(account: LiveAccount, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = planned(account)
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    with account.state.lease(account.name, "first", 60) as lease:
        own = at(account.folder.path)
        with _broken(own, fault):
            with pytest.raises(SpringbackError) as error:
                journal(own).send(name, now(), lease)
            assert isinstance(error.value, Unwritable | StateError)
            done = halting.kill(account.folder.path.parent, account.name, Word("Ann", now(), "a test"), lambda _: own.state)
            assert done.file and not done.rows and killed(own)  # the switch needs no database
    if fault != "damaged":
        assert states(account) == ["planned"]


@contextmanager
def _broken(account: LiveAccount, fault: str) -> Iterator[None]:
    file = account.folder.path / "state.sqlite"
    if fault == "locked":
        with at(account.folder.path).state._writing():
            yield
    elif fault == "read_only":
        with pragma(account.state, "query_only=ON"):
            yield
    else:
        file.write_bytes(b"\0" * file.stat().st_size)
        for name in ("-wal", "-shm"):
            Path(f"{file}{name}").unlink(missing_ok=True)
        yield


def curbs(closes: list[float], faults: DataFaults = NO_FAULTS, models: ModelsInUse = CHAMPION, vix: float = 15.0) -> list[str]:
    """Codes of what keeps an evening from entering."""
    tape = flat_tape({"AAA": closes}, vix=15.0)
    series = tape.vix.copy()
    series[-1] = vix
    found, reasons = curbs_of(replace(tape, vix=series), Settings(guard=Guard(move=0.5)), models, faults, Forbidden())
    codes = [one.code for one in reasons]
    assert found.entries == (not set(codes) - {"name_fault", "move"})
    return codes


def test_row_44_a_model_that_is_missing_or_stale_enters_nothing_and_is_asked_anew() -> None:
    assert curbs([10.0] * 30) == []
    assert curbs([10.0] * 30, models=ModelsInUse(fault="its hash is another")) == ["no_model"]
    assert curbs([10.0] * 30, models=replace(CHAMPION, tried="2018-01-02")) == ["models_stale"]
    assert curbs([10.0] * 30) == []  # nothing is kept: the next evening with a model enters


def test_row_45_stale_bars_and_a_missing_vix_enter_nothing_and_lift_themselves() -> None:
    assert curbs([10.0] * 30, DataFaults({"AAA": "stale"})) == ["name_fault"]
    assert curbs([10.0] * 30, DataFaults({}, failed_share=0.5)) == ["names_failed"]
    assert curbs([10.0] * 30, vix=np.nan) == curbs([10.0] * 30, vix=0.0) == ["vix_missing"]
    assert curbs([10.0] * 29 + [16.0]) == ["move"]
    assert curbs([10.0] * 30) == []


def test_row_50_a_kill_by_a_second_process_ends_the_sending_of_the_first(tmp_path: Path) -> None:
    own, count = at(tmp_path / "PA1"), 60
    wire = own.folder.path / "wire"
    command = [sys.executable, "-m", "tests.trading.faults.sender", str(own.folder.path), str(count)]
    with subprocess.Popen(command, cwd=REPOSITORY) as sender:
        deadline = time.monotonic() + 60
        while (not wire.exists() or len(wire.read_text().split()) < 3) and time.monotonic() < deadline:
            time.sleep(0.01)
        halting.kill(tmp_path, "", Word("Ann", now(), "a test"), lambda folder: State(folder / "state.sqlite"))
        sent = len(wire.read_text().split())
        assert sender.wait(60) == 0
    names = wire.read_text().split()
    assert sent <= len(names) <= sent + 1 < count  # the one that was under way
    known = {one.client_id: one.state for one in journal(own).orders()}
    assert {name for name, state in known.items() if state == "accepted"} == set(names)
    assert sum(state == "cancelled" for state in known.values()) == count - len(names)
    assert journal(own).verify() == () and (own.folder.path / HEAD).exists()


def test_no_guard_keeps_an_exit_but_those_that_stop_everything() -> None:
    blind = replace(SOUND, disk_free=None, blocked=True)
    ground = Ground(None, {"BBB": Stake(100, None)}, None, 10_000)
    verdicts = (*account_verdicts(blind, Guard()), *order_verdicts([ENTRY, EXIT], ground, Guard(), Strategy()))
    assert stops(verdicts, ENTRY) and not stops(verdicts, EXIT)
    assert stops((*verdicts, Verdict("kill", "all", Prose("k"))), EXIT)
