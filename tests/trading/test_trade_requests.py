"""A running trader hears a person: entries are taken back within seconds of a kill, halts are lifted that a page asks it to lift."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from springback.data.store.store import Store
from springback.errors import StateError
from springback.market.prose import Prose
from springback.state.rows import Halt
from springback.state.state import State
from springback.state.trading_rows import Adoption
from springback.workflow import halting, trade_service
from springback.workflow.accounts import account_of
from springback.workflow.book import Word
from springback.workflow.settings import Settings
from springback.workflow.state_place import open_state
from springback.workflow.trade_clock import Ended, TradeClock
from springback.workflow.trade_outcome import DONE, HALTED, TradeOutcome
from springback.workflow.trade_requests import Attention, ask
from springback.workflow.trade_send import send
from springback.workflow.trade_service import HEARTBEAT, serve
from tests.brokers.fake_alpaca import Fault
from tests.operation.desks import market
from tests.terminal import COMMAND
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold

SENT = {"AAA-entry-1": "accepted", "HARD-exit-1": "accepted"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """An entry of AAA and an exit of HARD wait at the broker."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05, poll=30))
    with broker_desk(tmp_path / "desk", settings, attempts=2, timeout=0.2, pause=0.01) as one:
        hold(one, "HARD", "5")
        one.decide(("AAA", 10, "entry"), ("HARD", -5, "time_stop"), held={"HARD": 5})
        one.state.keep(one.live.name, Adoption("HARD", "ours", Decimal(5), 30.0, one.clock.now().date(), one.clock.now(), "a tester"))
        assert send(one.account, one.clock).code == DONE and one.states() == SENT
        yield one


def word(why: str = "") -> Word:
    return Word("Ann", datetime.now(UTC), why)


def kill(desk: BrokerDesk) -> None:
    halting.kill(desk.home, desk.live.name, word("odd"), open_state)


def asked(desk: BrokerDesk, file: bool = True) -> None:
    ask(desk.live, [one.n for one in halting.liftable(desk.live)], file, word("all is well"))


def codes(desk: BrokerDesk) -> list[str]:
    return [one.code for one in desk.state.halts(desk.live.name)]


def answers(desk: BrokerDesk) -> list[tuple[str, str]]:
    assert not desk.state.requests(desk.live.name)
    return [(one.outcome, str(one.words)) for one in desk.state.requests(desk.live.name, history=True)]


def test_a_kill_takes_entries_back_once_and_leaves_exits(desk: BrokerDesk) -> None:
    attention = Attention(desk.account, desk.clock)
    assert attention() is None, "nobody wants anything"
    kill(desk)
    outcome = attention()
    assert (
        outcome is not None and (outcome.step, outcome.code) == ("kill", DONE) and set(outcome.facts["entries"].values()) == {"cancelled"}
    )
    assert desk.states() == SENT | {"AAA-entry-1": "cancelled"} and desk.body("kill")["facts"] == outcome.facts
    asked_before = len(desk.fake.requests)
    assert attention() is None and len(desk.fake.requests) == asked_before, "the broker is not asked again"


def test_a_file_alone_is_heard(desk: BrokerDesk) -> None:
    (desk.home / "KILL").touch()
    assert Attention(desk.account, desk.clock)() is not None and desk.states()["AAA-entry-1"] == "cancelled"


def test_what_could_not_be_taken_back_is_tried_again(desk: BrokerDesk) -> None:
    attention = Attention(desk.account, desk.clock)
    kill(desk)
    desk.fake.faults = [Fault("answer", "GET", "/v2/", status=503, times=999)]
    outcome = attention()
    assert outcome is not None and outcome.code == 5 and desk.states() == SENT
    desk.fake.faults = []
    assert attention() is None, "not at once"
    desk.clock.wait(61)
    assert attention() is not None and desk.states()["AAA-entry-1"] == "cancelled"


def test_in_the_quiet_before_the_open_nothing_is_cancelled(desk: BrokerDesk) -> None:
    attention = Attention(desk.account, desk.clock)
    desk.move_to("2026-03-04 09:27")
    kill(desk)
    outcome = attention()
    assert outcome is not None and outcome.code == HALTED and "not taken back yet" in outcome.reasons[0].text
    assert not any(method == "DELETE" for method, _, _ in desk.fake.requests)


def test_whoever_killed_may_be_taking_back_at_this_moment(desk: BrokerDesk) -> None:
    attention = Attention(desk.account, desk.clock)
    kill(desk)
    with desk.state.lease(desk.live.name, "another machine"):
        assert attention() is None
    desk.clock.wait(61)
    assert attention() is not None and desk.states()["AAA-entry-1"] == "cancelled"


def test_the_trader_lifts_what_it_is_asked_to_lift_once_the_broker_has_spoken(desk: BrokerDesk) -> None:
    kill(desk)
    desk.state.halt(desk.live.name, Halt("entries", "pause", Prose("holidays"), "Bob", desk.clock.now()))
    asked(desk)
    hold(desk, "BRK.B", "7")
    outcome = Attention(desk.account, desk.clock)()
    assert outcome is not None and (outcome.step, outcome.code, outcome.facts) == ("resume", DONE, {"lifted": [1, 2]})
    assert answers(desk) == [("done", "2 halts are lifted, 1 stay.")] and codes(desk) == ["unexplained"]
    assert not (desk.folder / "KILL").exists()
    lifted = desk.state.halts(desk.live.name, history=True)[0]
    assert lifted.lifted_by == "Ann" and [one.kind for one in desk.state.attempts(desk.live.name)] == ["act resume"]
    assert desk.posts() == 2, "nothing is sent late"


def test_what_came_after_it_was_asked_stays(desk: BrokerDesk) -> None:
    """A halt that nobody saw is not lifted, and a kill that came later stands."""
    desk.state.halt(desk.live.name, Halt("entries", "pause", Prose("holidays"), "Bob", desk.clock.now()))
    asked(desk)
    desk.state.halt(desk.live.name, Halt("entries", "losses", Prose("a bad day"), "guard", desk.clock.now()))
    assert Attention(desk.account, desk.clock)() is not None and codes(desk) == ["losses"]
    asked(desk)
    time.sleep(0.02)
    kill(desk)
    Attention(desk.account, desk.clock)()
    assert answers(desk)[-1][0] == "refused" and "was killed after" in answers(desk)[-1][1]
    assert set(codes(desk)) == {"losses", "kill"} and (desk.folder / "KILL").exists()


def test_a_kill_while_the_broker_is_asked_stands(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    kill(desk)
    check = halting.checked

    def slow(*given: object) -> frozenset[str]:
        time.sleep(0.02)
        kill(desk)
        return check(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(halting, "checked", slow)
    asked(desk)
    Attention(desk.account, desk.clock)()
    assert answers(desk)[0][0] == "refused" and codes(desk) == ["kill"] and (desk.folder / "KILL").exists()


def test_a_broker_that_is_down_lifts_nothing(desk: BrokerDesk) -> None:
    kill(desk)
    asked(desk)
    desk.fake.faults = [Fault("answer", "GET", "/v2/", status=503, times=999)]
    outcome = Attention(desk.account, desk.clock)()
    assert outcome is not None and outcome.code == HALTED and codes(desk) == ["kill"]
    assert answers(desk)[0][0] == "refused" and "nothing is lifted before the broker said" in answers(desk)[0][1]


def test_what_nobody_heard_in_time_is_void(desk: BrokerDesk) -> None:
    desk.state.halt(desk.live.name, Halt("entries", "pause", Prose("holidays"), "Bob", desk.clock.now()))
    ask(desk.live, [1], False, Word("Ann", datetime.now(UTC) - timedelta(minutes=2)))
    Attention(desk.account, desk.clock)()
    assert answers(desk)[0][0] == "refused" and "void" in answers(desk)[0][1] and codes(desk) == ["pause"]


def test_a_database_that_is_away_ends_no_service(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise StateError("gone")

    monkeypatch.setattr(State, "requests", away)
    assert Attention(desk.account, desk.clock)() is None


def test_a_decision_that_cannot_be_read_ends_no_service(desk: BrokerDesk) -> None:
    kill(desk)
    place = desk.live.folder.place(desk.live.folder.sessions()[-1]) / "decision.json"
    kept = place.read_bytes()
    place.write_bytes(b"{")
    attention = Attention(desk.account, desk.clock)
    outcome = attention()
    assert outcome is not None and outcome.code == 1 and attention() is None
    place.write_bytes(kept)
    desk.clock.wait(61)
    assert attention() is not None and desk.states()["AAA-entry-1"] == "cancelled"


def test_the_service_hears_within_seconds_of_a_wait(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock of this machine; the next act is hours away."""
    monkeypatch.setattr(trade_service, "LOOK", 0.05)
    over = threading.Event()

    class Slow(TradeClock):
        def now(self) -> datetime:
            return desk.clock.now()

    clock, found = Slow(over=over), []
    attention = Attention(desk.account, clock)

    def trade() -> None:
        try:
            for one in serve(desk.account, clock, {}, heed=attention):
                found.append((one.step, time.monotonic()))
                over.set()
        except Ended:
            return

    trading = threading.Thread(target=trade)
    trading.start()
    time.sleep(0.3)
    began = time.monotonic()
    kill(desk)
    trading.join(20)
    assert [step for step, _ in found] == ["kill"] and found[0][1] - began < 10 and desk.states()["AAA-entry-1"] == "cancelled"


def test_what_is_heeded_stands_among_the_outcomes(desk: BrokerDesk) -> None:
    told = iter([TradeOutcome("kill", ""), None])
    found = list(serve(desk.account, desk.clock, {}, desk.clock.now() + timedelta(hours=1), partial(next, told, None)))
    assert [one.step for one in found] == ["kill"]


def test_the_verb_hears_too(tmp_path: Path) -> None:
    """`springback trade` as a process: a pause is lifted that somebody asks it to lift."""
    Store(tmp_path / "store").write(market())
    command = [*COMMAND, "trade", "--broker", "simulated", "--desk", "desk", "--store", "store"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    folder = tmp_path / "desk" / "SIMULATED"
    try:
        wait_for(lambda: (folder / HEARTBEAT).exists() or process.poll() is not None)
        live = account_of(folder, Settings(), tmp_path / "store", begins=True)
        halt = live.state.halt("SIMULATED", Halt("entries", "pause", Prose("holidays"), "Bob", datetime.now(UTC)))
        ask(live, [halt.n], False, word())
        wait_for(lambda: not live.state.requests("SIMULATED"))
        (request,) = live.state.requests("SIMULATED", history=True)
        assert request.outcome == "done" and live.state.halts("SIMULATED") == (), str(request.words)
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=60)
    assert "halts that a person had lifted: 1" in said


def wait_for(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.1)
