"""Flatten at a broker, from the typed word to an empty book."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from springback.operation.frozen_decision import FrozenDecision
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_decide import decide
from springback.workflow.trade_outcome import DONE, EXITS_ONLY
from springback.workflow.trade_send import send
from springback.workflow.trader import trading_account
from tests.operation.conftest import begun  # noqa: F401 (a fixture)
from tests.operation.desks import SETTINGS
from tests.operation.live import DAYS, Live
from tests.test_halting_verbs import said


def evening(home: Live, session: str) -> FrozenDecision:
    """The session is over: decided, and sent at once."""
    home.bring(session)
    clock = TradeClock(home.at(session).now())
    with trading_account(home.home / "desk", SETTINGS, "simulated", False, clock, home.home / "store", home.home / "models") as account:
        assert decide(account, clock).code in {DONE, EXITS_ONLY}
        assert send(account, clock).code in {DONE, EXITS_ONLY}
        assert not account.journal.verify() and clock.now().date() == date.fromisoformat(session)
        return account.live.folder.decision()


def held(decision: FrozenDecision) -> dict[str, int]:
    """The book after a decision."""
    state = decision.state()
    assert state is not None
    return {symbol: one.quantity for symbol, one in state.positions.items()}


def reasons(decision: FrozenDecision) -> dict[str, str]:
    """Why each name has an order at the market."""
    state = decision.state()
    assert state is not None
    return {one.symbol: one.reason for one in state.working}


def test_flatten_closes_all_and_enters_nothing_until_a_person_resumes(
    begun: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = Live(shutil.copytree(begun, tmp_path / "home"))
    monkeypatch.chdir(home.home)
    typed: Callable[..., tuple[int, str]] = lambda *words: said(monkeypatch, capsys, *words, "--account", "SIMULATED")  # noqa: E731
    evening(home, DAYS[0])
    assert held(evening(home, DAYS[1]))
    code, text = typed("flatten", "--why", "the end", "--confirm", "SIMULATED")
    assert code == 0 and "an exit of every position at the next opens" in text
    ordered = evening(home, DAYS[2])
    assert held(ordered) and "flatten" in reasons(ordered).values() and set(reasons(ordered)) == set(held(ordered))
    assert "entry" not in reasons(ordered).values() and ordered.exits_only
    empty = evening(home, DAYS[3])
    assert held(empty) == {} and reasons(empty) == {} and empty.exits_only  # sent, filled, and nothing entered
    monkeypatch.setattr("springback.verbs.halting.TradeClock", lambda: TradeClock(home.at(DAYS[3], "18:00").now()))
    code, text = typed("resume", "--only", "flatten")
    assert code == 0 and "lifted: flatten" in text
    entered = evening(home, DAYS[4])
    assert "entry" in reasons(entered).values() and not entered.exits_only
