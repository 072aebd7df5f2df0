"""What the steps find is kept as a halt, and lifted once it is over; what waits at the broker is ended by the kill switch alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from springback.errors import Unwritable
from springback.market.prose import Prose
from springback.state.rows import Halt
from springback.workflow.settings import Settings
from springback.workflow.trade_check import check
from springback.workflow.trade_collect import collect
from springback.workflow.trade_outcome import DONE, EXITS_ONLY, HALTED, TradeOutcome
from springback.workflow.trade_send import send
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold

OPEN = "2026-03-04 09:30"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk with the decision to buy AAA and to sell HARD at the open."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05, poll=30))
    with broker_desk(tmp_path, settings) as one:
        hold(one, "HARD", "5")
        one.decide(("AAA", 10, "entry"), ("HARD", -5, "time_stop"), held={"HARD": 5})
        one.clock.jumps = False
        yield one


def run(desk: BrokerDesk, step: Any = send, text: str = "") -> TradeOutcome:
    """A step at New York's `text`."""
    if text:
        desk.move_to(text)
    outcome: TradeOutcome = step(desk.account, desk.clock)
    return outcome


def halts(desk: BrokerDesk) -> list[tuple[str, str, str]]:
    """What is halted."""
    return [(one.scope, one.code, one.symbol) for one in desk.state.halts(desk.live.name)]


def test_a_clock_that_is_off_is_a_halt_until_it_is_right_and_ends_no_order(desk: BrokerDesk) -> None:
    run(desk)
    desk.fake.now += timedelta(minutes=3)
    for step in (send, check):
        assert run(desk, step).code == HALTED and halts(desk) == [("all", "clock", "")]
    assert desk.states() == {"AAA-entry-1": "accepted", "HARD-exit-1": "accepted"}  # nothing was cancelled
    desk.fake.now = desk.clock.instant
    assert run(desk).code == DONE and halts(desk) == []


def test_orders_for_the_session_itself_wait_for_the_clock_and_go_out_then(desk: BrokerDesk) -> None:
    desk.settings = replace(desk.settings, execution=replace(desk.settings.execution, open="market"))
    run(desk)
    desk.move_to(OPEN)
    desk.fake.now += timedelta(minutes=3)
    wait = desk.clock.wait

    def righted(seconds: float) -> None:
        assert desk.posts() or set(desk.states().values()) == {"planned"}
        wait(seconds)
        desk.fake.now = desk.clock.instant

    desk.clock.wait = righted  # type: ignore[method-assign]
    outcome = run(desk, collect)
    assert outcome.code == DONE and halts(desk) == [] and set(desk.states().values()) == {"filled"}


def test_a_disk_that_is_nearly_full_is_a_halt_of_entries_that_lifts_itself(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("springback.workflow.trade_guard._free", lambda _: 0.5)
        assert run(desk).code == EXITS_ONLY and halts(desk) == [("entries", "disk", "")]
        assert desk.states() == {"AAA-entry-1": "cancelled", "HARD-exit-1": "accepted"}
    run(desk, check, "2026-03-04 08:30")
    assert halts(desk) == []


def test_a_book_beyond_its_limits_is_a_halt_that_a_person_lifts(desk: BrokerDesk) -> None:
    desk.settings = replace(desk.settings, guard=replace(desk.settings.guard, orders=1))
    desk.settings = replace(desk.settings, strategy=replace(desk.settings.strategy, slots=1))
    assert run(desk).code == EXITS_ONLY and halts(desk) == [("entries", "orders", "")]
    desk.settings = replace(desk.settings, guard=replace(desk.settings.guard, orders=8))
    run(desk, check, "2026-03-04 08:30")
    assert halts(desk) == [("entries", "orders", "")]


def test_another_account_is_a_halt_that_stays_once_the_right_one_is_back(desk: BrokerDesk) -> None:
    desk.mode = "paper"
    assert run(desk).code == HALTED and halts(desk) == [("all", "wrong_account", "")]
    desk.mode = "rehearsal"
    outcome = run(desk)
    assert outcome.code == HALTED and [one.code for one in outcome.reasons] == ["wrong_account"]
    assert not desk.posts() and set(desk.states().values()) <= {"planned"}


def test_a_halt_that_cannot_be_kept_sends_nothing(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.fake.now += timedelta(minutes=3)
    monkeypatch.setattr("springback.state.halts.Halts.halt", unwritable)
    assert run(desk).code == 1 and not desk.posts()


def unwritable(*_: Any) -> Any:
    """A state that takes no row."""
    raise Unwritable("the disk is full")


@pytest.mark.parametrize("code", ["clock", "journal", "wrong_account"])
def test_only_the_kill_switch_ends_what_waits_at_the_broker(desk: BrokerDesk, code: str) -> None:
    run(desk)
    desk.state.halt(desk.live.name, Halt("all", code, Prose("a test"), "a tester", desk.clock.now()))
    desk.clock.jumps = True  # nobody looks at the clock
    assert run(desk, check, "2026-03-04 08:30").code == HALTED
    assert set(desk.states().values()) == {"accepted"}
    desk.state.halt(desk.live.name, Halt("all", "kill", Prose("a test"), "a tester", desk.clock.now()))
    assert run(desk, check).code == HALTED
    assert desk.states() == {"AAA-entry-1": "cancelled", "HARD-exit-1": "accepted"}


def test_a_close_that_was_restated_in_the_night_beyond_its_limit_cancels_the_entry(
    desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.settings = replace(desk.settings, guard=replace(desk.settings.guard, move=0.2))
    closes = {"AAA": float(desk.fake.prices["AAA"]), "HARD": 1.0}
    monkeypatch.setattr("springback.workflow.trade_guard._closes", lambda *_: closes)
    run(desk)
    assert run(desk, check, "2026-03-04 08:30").code == DONE and desk.states()["AAA-entry-1"] == "accepted"
    closes["AAA"] *= 0.7
    outcome = run(desk, check)
    assert "move" in {one.code for one in outcome.reasons}
    assert desk.states() == {"AAA-entry-1": "cancelled", "HARD-exit-1": "accepted"}
