"""Kill and resume at a broker as a person types them: entries are taken back, exits stay, the broker is asked before halts are lifted."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from springback.errors import InputError
from springback.state.state import State
from springback.state.trading_rows import Adoption, Reconciliation
from springback.workflow.book import Word
from springback.workflow.broker_events import heard
from springback.workflow.rebuilding import made_good_by_broker
from springback.workflow.settings import Settings
from springback.workflow.trade_collect import collect
from springback.workflow.trade_decide import _met
from springback.workflow.trade_halting import venue_of
from springback.workflow.trade_outcome import DONE, HALTED
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_send import send
from tests.brokers.fake_alpaca import KEYS, Fault
from tests.test_halting_verbs import said
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold

Typed = Callable[..., tuple[int, str]]
SENT = {"AAA-entry-1": "accepted", "HARD-exit-1": "accepted"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrokerDesk]:
    """A desk in a project, with an entry of AAA and an exit of HARD at the broker."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05, poll=30))
    with broker_desk(tmp_path / "desk", settings) as one:
        hold(one, "HARD", "5")
        one.decide(("AAA", 10, "entry"), ("HARD", -5, "time_stop"), held={"HARD": 5})
        one.state.keep(one.live.name, Adoption("HARD", "ours", Decimal(5), 30.0, one.clock.now().date(), one.clock.now(), "a tester"))
        assert send(one.account, one.clock).code == DONE and one.states() == SENT
        lines = [f'alpaca_url = "{one.fake.url}"', "attempts = 2", "timeout = 0.2", "pause = 0.01"]
        (tmp_path / "springback.toml").write_text("\n".join(["[brokers]", *lines, ""]))
        monkeypatch.chdir(tmp_path)
        for name, key in zip(("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"), KEYS, strict=True):
            monkeypatch.setenv(name, key)
        monkeypatch.setattr("springback.verbs.halting.TradeClock", lambda: one.clock)
        yield one


@pytest.fixture
def typed(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Types words for the account of the desk."""
    number = desk.live.name
    return lambda *words: said(monkeypatch, capsys, *words, "--account", number)


def codes(desk: BrokerDesk) -> list[str]:
    """Codes of the halts in force."""
    return [one.code for one in desk.state.halts(desk.live.name)]


def test_a_kill_takes_entries_back_and_leaves_exits(desk: BrokerDesk, typed: Typed) -> None:
    code, text = typed("kill", "--why", "odd", "--json")
    name = next(one.client_id for one in desk.journal.orders() if one.intent.purpose == "entry")
    assert code == 0 and json.loads(text)["entries"] == {desk.live.name: {name: "cancelled"}}
    assert desk.states() == SENT | {"AAA-entry-1": "cancelled"}
    assert sorted(one["status"] for one in desk.fake.orders.values()) == ["accepted", "canceled"]
    assert [(one.state, one.code) for one in desk.journal.orders() if one.client_id == name] == [("cancelled", "kill")]
    code, text = typed("kill")
    assert code == 0 and "no entry was open" in text


def test_a_kill_asks_at_the_door_that_the_newest_decision_was_sent_through(desk: BrokerDesk, typed: Typed) -> None:
    """The service was begun with --settings and --set; nothing else says where the account is."""
    Path("springback.toml").write_text("")
    code, text = typed("kill", "--why", "odd", "--json")
    assert code == 0 and list(json.loads(text)["entries"][desk.live.name].values()) == ["cancelled"]
    code, text = typed("resume", "--yes")
    assert code == 0 and "lifted: kill" in text


def test_settings_that_are_typed_say_where_the_account_is(desk: BrokerDesk, typed: Typed) -> None:
    Path("springback.toml").write_text("")
    away = ["--set", "brokers.alpaca_url=http://127.0.0.1:9", "--set", "brokers.attempts=1"]
    code, text = typed("kill", "--why", "odd", "--json", *away)
    (fault,) = json.loads(text)["kill"]["faults"]
    assert code == 0 and "open entries may still be at the broker" in fault and desk.states() == SENT
    assert typed("resume", "--yes", *away)[0] == 1 and codes(desk) == ["kill"]
    there = ["--set", f"brokers.alpaca_url={desk.fake.url}"]
    assert typed("resume", "--yes", *there)[0] == 0 and codes(desk) == []


def test_a_kill_finds_the_broker_by_the_newest_reconciliation(desk: BrokerDesk) -> None:
    assert venue_of(desk.live) == ("alpaca", False)  # by the number and the settings
    assert reconcile(desk.account, desk.clock).code == DONE
    row = desk.state.newest(desk.live.name, Reconciliation)
    assert row is not None
    venue = json.dumps({"venue": {"broker": "ib", "mode": "live"}})
    desk.state.keep(desk.live.name, replace(row, body=venue, n=0))
    assert venue_of(desk.live) == ("ib", True)
    assert venue_of(replace(desk.live, name="NOBODY")) is None


def test_a_kill_in_the_quiet_before_the_open_cancels_nothing_and_says_so(desk: BrokerDesk, typed: Typed) -> None:
    desk.move_to("2026-03-04 09:27")
    code, text = typed("kill")
    assert code == 0 and "accepted, not taken back yet" in text and desk.states() == SENT
    assert not any(method == "DELETE" for method, _, _ in desk.fake.requests)


def test_a_kill_stands_while_the_broker_is_down(desk: BrokerDesk, typed: Typed) -> None:
    desk.fake.faults = [Fault("answer", "GET", "/v2/", status=503, times=99)]
    code, text = typed("kill")
    assert code == 0 and (desk.folder / "KILL").exists() and codes(desk) == ["kill"]
    assert len([line for line in text.splitlines() if "may still be at the broker" in line]) == 1
    desk.fake.faults = []
    assert send(desk.account, desk.clock).code == 6 and desk.states() == SENT | {"AAA-entry-1": "cancelled"}


def test_a_kill_stands_while_the_database_is_locked_and_waits_for_it_a_moment(desk: BrokerDesk, typed: Typed) -> None:
    with closing(sqlite3.connect(desk.folder / "state.sqlite", isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        code, text = typed("kill")
        assert time.monotonic() - began < 20
    assert code == 0 and (desk.folder / "KILL").exists() and codes(desk) == []
    assert "did not work: the row of" in text and "3 s" in text
    assert desk.states() == SENT


def test_a_kill_of_another_s_keys_takes_nothing_back(desk: BrokerDesk, typed: Typed) -> None:
    desk.fake.number = "PA9OTHER"
    code, text = typed("kill")
    assert code == 0 and "PA9OTHER" in text and not any(method == "DELETE" for method, _, _ in desk.fake.requests)


def test_a_resume_asks_the_broker_first_and_what_it_finds_stays(desk: BrokerDesk, typed: Typed) -> None:
    typed("kill")
    hold(desk, "BRK.B", "7")
    code, text = typed("resume", "--yes")
    assert code == 1 and "lifted: kill" in text and "stays: unexplained BRK.B" in text
    assert codes(desk) == ["unexplained"] and not (desk.folder / "KILL").exists()
    code, text = typed("resume", "--only", "BRK.B")
    assert code == 1 and codes(desk) == ["unexplained"]  # it is still there: a person says whose they are
    assert typed("adopt", "BRK.B", "--as", "foreign")[0] == 0 and codes(desk) == []
    assert [one.phase for one in desk.state.kept(desk.live.name, Reconciliation)] == ["resume", "resume"]
    assert desk.posts() == 2  # nothing was sent late


def test_nothing_is_lifted_while_the_broker_is_down(desk: BrokerDesk, typed: Typed) -> None:
    typed("kill")
    desk.fake.faults = [Fault("answer", "GET", "/v2/", status=503, times=99)]
    code, text = typed("resume", "--yes")
    assert code == 1 and "nothing is lifted before the broker said how the account stands" in text
    assert codes(desk) == ["kill"] and (desk.folder / "KILL").exists()


def test_nothing_is_lifted_while_a_step_is_at_work(desk: BrokerDesk, typed: Typed) -> None:
    typed("kill")
    with desk.state.lease(desk.live.name, "another machine"):
        assert typed("resume", "--yes")[0] == 2
        code, text = typed("kill")
        assert code == 0 and "may still be at the broker" in text
    assert codes(desk) == ["kill"]


def test_an_entry_at_the_market_is_taken_back_by_the_step_that_waits_for_it(desk: BrokerDesk) -> None:
    desk.fake.auctions["AAA"] = None
    order = next(one for one in desk.fake.orders.values() if one["symbol"] == "AAA")
    order["time_in_force"] = "day"  # it opens late
    wait = desk.clock.wait

    def killed(seconds: float) -> None:
        (desk.folder / "KILL").touch()
        wait(seconds)

    desk.clock.wait = killed  # type: ignore[method-assign]
    desk.move_to("2026-03-04 09:30")
    collect(desk.account, desk.clock)
    assert desk.states()["AAA-entry-1"] == "cancelled"


def lost(desk: BrokerDesk) -> None:
    """The disk with the state died; the folders and the head of the journal lay elsewhere."""
    for file in desk.folder.glob("state.sqlite*"):
        file.unlink()
    desk.state = State(desk.folder / "state.sqlite")


def test_a_journal_that_was_lost_is_rebuilt_from_the_broker_that_is_asked(
    desk: BrokerDesk, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody writes the orders of an account down by hand; and what it had filled is ours at the first contact that follows."""
    monkeypatch.setattr("springback.verbs.order_journal.TradeClock", lambda: desk.clock)
    desk.move_to("2026-03-04 09:31")
    assert collect(desk.account, desk.clock).code == DONE
    before = {one.client_id: (one.state, one.filled_quantity, one.average_price) for one in desk.journal.orders()}
    lost(desk)
    assert send(desk.account, desk.clock).code == HALTED
    code, text = typed("journal", "rebuild", "--why", "the disk died")
    assert code == 2 and "name it by --broker" in text
    code, text = typed("journal", "rebuild", "--why", "the disk died", "--broker", "alpaca", "--live")
    assert code == 2 and "--live trades real money" in text
    code, text = typed("journal", "rebuild", "--why", "the disk died", "--broker", "alpaca", "--json")
    assert code == 0 and json.loads(text)["faults"] == []
    assert {one.client_id: (one.state, one.filled_quantity, one.average_price) for one in desk.journal.orders()} == before
    posts, cash = desk.posts(), desk.fake.cash
    assert _met(desk.account, heard(desk.account, desk.clock)) == () and desk.posts() == posts
    (first,) = desk.state.book_events(desk.live.name)
    assert first.quantity == 100_000 != cash


def test_a_rebuild_takes_a_bust_as_the_broker_tells_it_and_another_account_for_none_of_ours(desk: BrokerDesk) -> None:
    desk.move_to("2026-03-04 09:31")
    assert collect(desk.account, desk.clock).code == DONE
    (entry,) = [one for one in desk.journal.orders() if one.intent.purpose == "entry"]
    desk.fake.bust(entry.fills[0].execution_id)
    lost(desk)
    word = Word("Ann", desk.clock.now(), "the disk died")
    with pytest.raises(InputError, match="type the account's number"):
        made_good_by_broker(desk.account, "PA9", word, desk.clock)
    assert made_good_by_broker(desk.account, desk.live.name, word, desk.clock).faults == ()
    (again,) = [one for one in desk.journal.orders() if one.intent.purpose == "entry"]
    assert (again.filled_quantity, len(again.history)) == (0, 2) and not again.live
