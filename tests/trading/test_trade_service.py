"""The service by its timetable: every act once and in its time, after a restart and a suspend too, and the screen that tells of it."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from springback.data.store.store import Store
from springback.errors import Taken
from springback.market.prose import Prose
from springback.state.rows import Halt
from springback.state.state import State
from springback.state.trading_rows import Adoption, Booking, Reconciliation
from springback.trading.accounted import Memory
from springback.trading.booked import Change
from springback.verbs.review import desk as reviewed
from springback.workflow import trade_service
from springback.workflow.settings import Settings
from springback.workflow.trade_check import check
from springback.workflow.trade_clock import Ended, TradeClock
from springback.workflow.trade_collect import collect
from springback.workflow.trade_outcome import DONE, UNKNOWN, TradeOutcome
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_send import send
from springback.workflow.trade_service import HEARTBEAT, Acts, beat, current, last_beat, page, serve
from springback.workflow.trade_status import account_folder, mode_of, status_of
from springback.workflow.trader import CALLS, trading_account
from tests.brokers.broker_cases import at
from tests.brokers.fake_alpaca import Fault
from tests.operation.conftest import begun  # noqa: F401 (a fixture)
from tests.operation.desks import market
from tests.operation.live import DAYS, Live
from tests.terminal import COMMAND
from tests.trading.broker_desks import SESSION, BrokerDesk, broker_desk, hold


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk that sends for the opening auction."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05, poll=30))
    with broker_desk(tmp_path, settings) as one:
        yield one


def acts(desk: BrokerDesk) -> Acts:
    """All acts but the decision, whose orders the test froze."""
    steps: dict[Any, Any] = {"send": send, "night": reconcile, "check": check, "page": page, "collect": collect, "morning": reconcile}
    return {name: partial(one, desk.account, desk.clock) for name, one in steps.items()}


def served(desk: BrokerDesk, until: str) -> list[tuple[str, int]]:
    """What the service did until New York's `until`."""
    return [(one.step, one.code) for one in serve(desk.account, desk.clock, acts(desk), at(until))]


def test_a_day_of_the_service(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    names = ("send", "reconcile", "check", "page", "collect", "reconcile")
    assert served(desk, "2026-03-04 12:00") == [(name, DONE) for name in names]
    assert desk.states() == {"AAA-entry-1": "filled"} and desk.posts() == 1


def test_the_simulated_broker_has_the_faults_that_the_settings_give_it(tmp_path: Path) -> None:
    Store(tmp_path / "store").write(market().until(30))
    brokers = replace(Settings().brokers, simulated_seed=3, simulated_partial=0.25, simulated_refusal=0.5)
    settings, clock = replace(Settings(), brokers=brokers), TradeClock(at("2022-03-01 12:00"), threading.Event())
    with trading_account(tmp_path / "desk", settings, "simulated", False, clock, tmp_path / "store", tmp_path / "models") as account:
        account.broker.state()
        told = json.loads((account.folder / CALLS).read_text().splitlines()[0])["begin"]
    assert (told["seed"], told["partial"], told["refusal"]) == (3, 0.25, 0.5)


def test_begun_anew_it_goes_on_where_it_was(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    assert [name for name, _ in served(desk, "2026-03-04 08:45")] == ["send", "reconcile", "check"]
    assert [name for name, _ in served(desk, "2026-03-04 10:30")] == ["page", "collect", "reconcile"]
    assert desk.posts() == 1


def test_an_account_that_has_decided_nothing_waits_for_its_first_evening(desk: BrokerDesk) -> None:
    """Nothing is collected or reconciled of a decision that there is not, and no act is done over and over."""
    desk.move_to("2026-03-04 12:00")
    assert served(desk, "2026-03-04 16:00") == []


def test_an_act_that_came_to_its_end_is_not_done_again_whatever_its_row_says(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.move_to("2026-03-04 10:01")
    elsewhere = TradeOutcome("reconcile", "2026-03-02", DONE, {"phase": "morning"})  # of a session that is not the timetable's
    one: Acts = {"morning": lambda: elsewhere}
    found = list(islice(serve(desk.account, desk.clock, one, at("2026-03-04 12:00")), 3))
    assert found == [elsewhere]


def test_after_a_suspend_what_is_too_late_is_left_out(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.move_to("2026-03-04 09:31")  # the machine slept from before the sending on
    assert [name for name, _ in served(desk, "2026-03-04 10:30")] == ["collect", "reconcile"]
    assert not desk.posts()


def test_row_27_a_broker_that_is_down_before_the_open_is_asked_again_and_nothing_is_sent_late(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.move_to("2026-03-04 09:20")
    down = [Fault("answer", "GET", "/", times=10_000), Fault("answer", "POST", "/", times=10_000)]
    desk.fake.faults = down
    did = served(desk, "2026-03-04 09:35")
    assert {code for _, code in did} == {5} and not desk.posts()
    desk.fake.faults = []
    assert dict(served(desk, "2026-03-04 10:05")) == {"collect": DONE, "reconcile": DONE} and not desk.posts()


def test_an_unknown_order_is_an_incident_before_the_open(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.settings = replace(desk.settings, execution=replace(desk.settings.execution, settle=600))
    desk.fake.faults = [Fault("silence_before", times=1)]
    account = replace(desk.account, journal=replace(desk.journal, settle=1e6))
    assert send(account, desk.clock).code == UNKNOWN
    desk.move_to("2026-03-04 09:20")
    assert page(account, desk.clock).code == UNKNOWN
    (one,) = desk.state.incidents(desk.live.name)
    assert one.cause == "trade.unknown_orders" and one.verb == "springback status"
    desk.clock.instant += timedelta(days=20)
    hold(desk, "AAA", "0")
    assert page(replace(account, journal=desk.journal), desk.clock).code == DONE and not desk.state.incidents(desk.live.name)


def test_two_services_do_not_trade_one_account(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    with desk.state.lease(desk.live.name, "another machine"), pytest.raises(Taken):
        served(desk, "2026-03-04 12:00")
    assert not desk.posts()


def test_a_person_who_holds_the_account_for_a_moment_ends_no_service(desk: BrokerDesk) -> None:
    """Kill and resume ask the broker while they hold it; the service does its act after them."""
    desk.decide(("AAA", 10, "entry"))
    desk.state.take(desk.live.name, "a person", 3600.0)
    wait = desk.clock.wait

    def until(seconds: float) -> None:
        if desk.clock.now() > at("2026-03-03 19:05:20"):
            desk.state._give_back(desk.live.name, "a person")
        wait(seconds)

    desk.clock.wait = until  # type: ignore[method-assign]
    assert ("send", DONE) in served(desk, "2026-03-04 04:00") and desk.posts() == 1


def test_it_lives_while_an_act_is_at_work(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fills are collected for a quarter of an hour; nobody is told meanwhile that the trader is not running."""
    monkeypatch.setattr(trade_service, "BEAT", 0.02)
    desk.decide(("AAA", 10, "entry"))
    beats = []

    def slow() -> TradeOutcome:
        for _ in range(200):
            told = last_beat(desk.folder)
            beats.append(told["at"] if told else "")
            if len(set(beats)) > 3:
                break
            desk.clock.instant += timedelta(seconds=60)
            time.sleep(0.02)
        return TradeOutcome("send", SESSION, DONE)

    found = next(iter(serve(desk.account, desk.clock, {"send": slow}, at("2026-03-04 09:00"))))
    assert found.step == "send" and len(set(beats)) > 3
    assert not [one for one in threading.enumerate() if one.name.startswith("signs of life")]


def test_the_service_shows_that_it_lives(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    served(desk, "2026-03-04 04:00")
    told = last_beat(desk.folder)
    assert told is not None and told["pid"] == os.getpid()
    now = desk.clock.now() + timedelta(minutes=10)
    found = status_of(desk.folder, desk.settings, now)
    assert found.heartbeat_age is not None and found.heartbeat_age >= 600 and "sign of life" in found.state
    (desk.folder / HEARTBEAT).write_text("{")
    assert status_of(desk.folder, desk.settings, now).heartbeat_age is None


def test_a_wait_ends_with_the_program() -> None:
    over = threading.Event()
    clock = TradeClock(over=over)
    threading.Timer(0.05, over.set).start()
    start = time.monotonic()
    with pytest.raises(Ended):
        clock.wait(60)
    assert time.monotonic() - start < 5


def test_a_set_clock_runs_on_and_jumps_over_waits() -> None:
    start = at("2026-03-03 19:05")
    clock = TradeClock(start)
    clock.wait(3600)
    assert timedelta(0) <= clock.now() - start - timedelta(hours=1) < timedelta(seconds=5) and clock.fixed is not None


def test_the_screen_of_the_morning(desk: BrokerDesk) -> None:
    hold(desk, "BRK.B", "3")
    desk.decide(("AAA", 10, "entry"), held={"BRK.B": 3})
    served(desk, "2026-03-04 09:45")
    desk.state.halt(desk.live.name, Halt("name", "unexplained", Prose("a test"), "a tester", desk.clock.now(), "BRK.B"))
    found = status_of(desk.folder, desk.settings, desk.clock.now())
    assert (found.mode, found.account, found.unknown_orders) == ("REHEARSAL", desk.fake.number, ())
    assert found.positions == found.broker_positions == {"AAA": 10.0, "BRK.B": 3.0}
    assert [one["symbol"] for one in found.halts] == ["BRK.B"] and found.next_act == "decide"
    (desk.folder / "KILL").write_text("")
    assert status_of(desk.folder, desk.settings, desk.clock.now()).state.startswith("Everything is stopped")


def test_a_rehearsal_that_ended_long_ago_is_no_fault(desk: BrokerDesk) -> None:
    """Its clock was set: how long ago that is by the real one says nothing."""
    desk.decide(("AAA", 10, "entry"))
    served(desk, "2026-03-04 09:45")
    now = desk.clock.now()
    beat(desk.account, now, "")
    told = [status_of(desk.folder, desk.settings, now + timedelta(seconds=late)).state for late in (60, 400, 3 * 365 * 86400)]
    assert told == ["Trading.", "The service has given no sign of life for 7 minutes.", "Trading."]


def test_the_screen_knows_what_was_told_after_the_newest_decision(desk: BrokerDesk) -> None:
    """An execution told late, of an order of an older decision; a split that the broker booked; shares adopted as ours."""
    desk.decide(("AAA", 10, "entry"))
    desk.fake.faults.append(Fault("change", "GET", "/v2/account/activities", times=10_000, change=lambda _: []))
    desk.move_to("2026-03-03 19:10")
    send(desk.account, desk.clock)
    desk.move_to("2026-03-04 16:31")
    desk.decide(session="2026-03-04", held={"HARD": 4})
    desk.move_to("2026-03-04 17:00")
    assert not desk.journal.orders()[0].history
    desk.fake.faults.clear()
    reconcile(desk.account, desk.clock)
    late = {"AAA": 10.0, "HARD": 4.0}
    assert status_of(desk.folder, desk.settings, desk.clock.now()).positions == late
    claim = Adoption("CCC", "ours", Decimal(7), 50.0, date(2026, 3, 2), desk.clock.now(), "a tester")
    desk.state.keep(desk.live.name, claim)
    booked = Booking("b1", "split", "SPLIT", "AAA", Decimal(10), None, desk.clock.now(), desk.clock.now())
    desk.state.book(desk.live.name, booked)
    memory = Memory(changes=(Change("b1", "AAA", "split", Decimal(10), Decimal(0)),))
    body = json.dumps({"memory": memory.plain(), "lines": []})
    desk.state.keep(desk.live.name, Reconciliation(date(2026, 3, 4), "night", desk.clock.now(), 0, body))
    assert status_of(desk.folder, desk.settings, desk.clock.now()).positions == {"AAA": 20.0, "CCC": 7.0, "HARD": 4.0}


def test_the_kill_switch_is_one_halt_on_the_screen(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    (desk.folder / "KILL").write_text("")
    served(desk, "2026-03-03 17:00")
    desk.state.halt(desk.live.name, Halt("all", "kill", Prose("a test"), "a tester", desk.clock.now()))
    assert [one["code"] for one in status_of(desk.folder, desk.settings, desk.clock.now()).halts] == ["kill"]


def test_an_account_is_of_real_money_until_somebody_says_otherwise(tmp_path: Path) -> None:
    """By its number before the broker was heard, by the broker's word after; a simulated one is a rehearsal whatever it is called."""
    live, paper = tmp_path / "U1234567", tmp_path / "PA3TEST"
    live.mkdir()
    assert mode_of(live) == "LIVE" and mode_of(paper) == "PAPER"
    state = State(tmp_path / "state.sqlite")
    for mode in ("paper", "live"):
        body = json.dumps({"venue": {"mode": mode}})
        state.keep(live.name, Reconciliation(date(2026, 3, 3), "morning", at("2026-03-03 10:00"), 0, body))
        assert mode_of(live, state) == mode.upper()
    (live / CALLS).touch()
    assert mode_of(live, state) == "REHEARSAL"


def test_an_account_is_found_by_its_folder_its_number_or_alone(desk: BrokerDesk) -> None:
    assert account_folder(desk.folder, Settings()) == desk.folder
    assert account_folder(desk.home, desk.settings) == desk.folder
    assert account_folder(desk.home, Settings()) == desk.folder
    assert account_folder(desk.home / "none", Settings()) == desk.home / "none"


def test_the_timetable_in_force_is_of_the_newest_session_that_is_due(desk: BrokerDesk) -> None:
    assert str(current(desk.account, desk.clock.now()).session) == SESSION
    assert str(current(desk.account, at("2026-03-04 16:29")).session) == SESSION
    assert str(current(desk.account, at("2026-03-04 16:31")).session) == "2026-03-04"


@pytest.mark.parametrize("step", [(), ("reconcile",)])
def test_the_verbs_on_a_simulated_account(tmp_path: Path, step: tuple[str, ...]) -> None:
    """The service ends cleanly by SIGTERM; a step has an exit code and says what it did as JSON."""

    Store(tmp_path / "store").write(market())
    arguments = ["trade", *step, "--broker", "simulated", "--desk", "desk", "--store", "store", *(["--json"] if step else [])]
    command = [*COMMAND, *arguments]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not step:
        deadline = time.monotonic() + 60
        while not (tmp_path / "desk" / "SIMULATED" / HEARTBEAT).exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode in {0, 3}, err
    if not step:
        assert "ended as asked, at " in out and "\n  " in out, out  # why nothing was decided is said too
    if step:
        assert json.loads(out)["trade"]["step"] == "reconcile"
        command = [*COMMAND, "status", "--desk", "desk", "--json"]
        told = json.loads(subprocess.check_output(command, cwd=tmp_path, text=True, timeout=60))
        assert told["mode"] == "REHEARSAL" and told["account"] == "SIMULATED" and told["positions"] == {}


def test_without_a_store_the_simulated_broker_has_no_market(tmp_path: Path) -> None:
    refused = subprocess.run([*COMMAND, "trade", "decide"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, refused.stderr) == (2, "springback: store holds no store: run 'springback fetch' first\n")
    assert not any(tmp_path.iterdir())


def test_a_day_of_the_verbs_at_a_simulated_broker(
    begun: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Decided, sent, and on the next evening filled, each by its own process at a time that is set."""
    home = Live(shutil.copytree(begun, tmp_path / "home"))
    home.bring(DAYS[0])
    knobs = ["strategy.qpi_low=30", "strategy.qpi_high=70", "strategy.probability=0.5", "strategy.slots=6", "backtest.endings=learned"]

    def verb(step: str, clock: str) -> dict[str, Any]:
        words = ["trade", step, "--clock", clock, "--json", *(word for one in knobs for word in ("--set", one))]
        run = subprocess.run([*COMMAND, *words], cwd=home.home, capture_output=True, text=True, timeout=120, check=False)
        assert run.returncode in {0, 4}, run.stderr + run.stdout
        return dict(json.loads(run.stdout)["trade"])

    first, second = (f"{day}T17:00-05:00" for day in DAYS[:2])
    assert verb("decide", first)["facts"]["decisions"] == [DAYS[0]]
    sent = verb("send", first)["facts"]["orders"]
    assert set(sent) == {"accepted"} and len(sent["accepted"]) > 1
    home.bring(DAYS[1])
    verb("decide", second)
    orders = json.loads(
        subprocess.check_output([*COMMAND, "journal", "--desk", "desk/SIMULATED", "--json"], cwd=home.home, text=True, timeout=60)
    )["orders"]
    assert {one["state"] for one in orders} == {"filled"} and {one["client_id"] for one in orders} == set(sent["accepted"])
    for words, told in (
        (("decide", "--clock", first), f"account SIMULATED was traded up to {datetime.fromisoformat(second):%a %Y-%m-%d} 17:00 New York"),
        (("decide", "--clock", second, "--session", "2023-01-07"), "2023-01-07 is no session"),
        (("send", "--clock", second, "--session", "2023-01-07"), "2023-01-07 is no session"),
        (("decide", "--clock", second, "--session", DAYS[0]), f"the newest session that is over is decided, {DAYS[1]}"),
    ):
        refused = subprocess.run([*COMMAND, "trade", *words], cwd=home.home, capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 2 and refused.stderr.startswith(f"springback: {told}") and refused.stderr.count("\n") == 1
    again = [*COMMAND, "trade", "decide", "--clock", second, *(word for one in knobs for word in ("--set", one))]
    assert f"{DAYS[1]} is decided: nothing is due" in subprocess.check_output(again, cwd=home.home, text=True, timeout=60)
    says = [*COMMAND, "trade", "send", "--clock", second, *(word for one in knobs for word in ("--set", one))]
    lines = subprocess.check_output(says, cwd=home.home, text=True, timeout=120).splitlines()
    assert lines[0] == f"REHEARSAL SIMULATED, send for {DAYS[1]}: done"
    screen = subprocess.check_output([*COMMAND, "status"], cwd=home.home, text=True, timeout=60)
    assert f"the broker was asked {datetime.fromisoformat(second):%a %Y-%m-%d} 17:00 New York" in screen
    assert all(one["symbol"] in screen for one in orders)
    for file in (home.home / "desk").glob("state.sqlite*"):  # the desk has no account of its own then
        file.unlink()
    told = json.loads(subprocess.check_output([*COMMAND, "orders", "--json"], cwd=home.home, text=True, timeout=60))
    assert DAYS[1] in json.dumps(told["orders"])
    monkeypatch.chdir(home.home)
    assert reviewed(None) == Path("desk/SIMULATED")
