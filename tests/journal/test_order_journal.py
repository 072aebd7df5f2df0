"""The journal at work on either database: kept before it is acted on, once, and only while the account is held."""

import json
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from springback.errors import Disagrees, InputError, StateError, Taken, Unwritable
from springback.market.prose import Prose
from springback.state import chain
from springback.state.database import Database
from springback.state.state import State
from springback.trading.journal import Answer
from springback.trading.order_journal import OrderJournal
from tests.journal.samples import AT, BUY, MONDAY, NAME, NUMBER, execution, later, proof

ME = "paper"
WORD = Prose("the broker was asked by telephone")


@pytest.fixture
def journal(url: str, tmp_path: Path) -> OrderJournal:
    return OrderJournal(State(url), ME, tmp_path / "desk" / "journal.head", NUMBER)


def test_an_order_from_plan_to_fill_as_another_process_reads_it(journal: OrderJournal, url: str) -> None:
    assert journal.orders() == () and journal.recover(AT) == ()
    order = journal.plan(BUY, AT)
    assert (order.client_id, order.state, order.intent.reference_close) == (NAME, "planned", 490.5)
    with journal.state.lease(ME, "alpha") as lease:
        sent = journal.send(NAME, later(1), lease, order_id="17", client="3")
    assert (sent.state, sent.sent_at, sent.identity) == ("sending", later(1), (("client", "3"), ("order_id", "17")))
    journal.record(NAME, Answer("accepted", "b1"), later(2))
    journal.fill(execution(1, "40.5"), later(3))
    last = journal.fill(execution(2, "59.5", price="490.123456789"), later(4))
    assert (last.state, last.broker_id, last.filled_quantity) == ("filled", "b1", 100)
    other = OrderJournal(State(url), ME, journal.file, NUMBER)
    assert other.orders() == (last,) and other.verify() == () and other.recover(later(5)) == ()
    assert other.orders(MONDAY) == () and other.orders(BUY.session) == (last,)
    assert OrderJournal(State(url), "other", journal.file.with_name("other"), NUMBER).orders() == ()


def test_the_same_decision_again_is_the_same_order(journal: OrderJournal) -> None:
    first = journal.plan(BUY, AT)
    assert journal.plan(BUY, later(9)) == first and len(journal.orders()) == 1
    with pytest.raises(Disagrees, match="was planned as buy 100, now buy 50"):
        journal.plan(replace(BUY, quantity=Decimal(50)), later(9))
    with pytest.raises(Disagrees, match="only an order that is over is followed"):
        journal.plan(BUY, later(9), another=True)
    refused = journal.record(NAME, Answer("cancelled", code="rescaled"), later(10))
    assert journal.plan(BUY, later(11)) == refused, "a second run sends nothing"
    second = journal.plan(replace(BUY, quantity=Decimal(50)), later(12), another=True)
    assert second.client_id == NAME[:-1] + "2" and [one.state for one in journal.orders()] == ["cancelled", "planned"]


def test_nothing_goes_out_without_the_lease(journal: OrderJournal) -> None:
    journal.plan(BUY, AT)
    with suppress(Taken), journal.state.lease(ME, "alpha", 30) as lease:
        journal.state.take(ME, "alpha", 0.001)  # as after a night's sleep of the machine
        time.sleep(0.02)
        with journal.state.lease(ME, "beta", 30):
            with pytest.raises(Taken, match="worked on by beta"):
                journal.send(NAME, later(1), lease)
            assert journal.orders()[0].state == "planned"
    with journal.state.lease(ME, "alpha", 5) as lease:
        journal.state.take(ME, "alpha", 0.001)
        journal.send(NAME, later(1), lease)
        with pytest.raises(Taken, match="by alpha"), journal.state.lease(ME, "gamma"):
            pass  # the sending held the account for the whole time again


def test_an_order_goes_out_once(journal: OrderJournal) -> None:
    journal.plan(BUY, AT)
    with journal.state.lease(ME, "alpha") as lease:
        with pytest.raises(InputError, match="has no order sb-none: it is planned before anything else"):
            journal.send("sb-none", AT, lease)
        journal.send(NAME, later(1), lease)
        with pytest.raises(Disagrees, match="is sending, so that 'sending' cannot follow"):
            journal.send(NAME, later(2), lease)
        journal.record(NAME, Answer("unknown", code="timeout"), later(3))
        with pytest.raises(Disagrees, match="is unknown"):
            journal.send(NAME, later(90), lease)
        with pytest.raises(Disagrees, match="not proven absent"):
            journal.absent(NAME, proof(later(60)), later(90))
        assert journal.absent(NAME, proof(later(61)), later(90)).state == "absent"
        assert journal.send(NAME, later(91), lease).sendings == 2
    events = journal.state.order_events(ME)
    readings = dict.fromkeys(("lookup", "open_orders", "closed_orders", "fills"), later(61).isoformat())
    assert json.loads(events[3].body) == {"proof": readings, "settle": 60.0}


def test_while_one_order_is_unknown_no_other_of_its_name_goes_out(journal: OrderJournal) -> None:
    leave = replace(BUY, purpose="exit", side="sell")
    other = journal.plan(replace(BUY, symbol="AAPL"), AT)
    journal.plan(BUY, AT)
    name = journal.plan(leave, AT).client_id
    with journal.state.lease(ME, "alpha") as lease:
        journal.send(NAME, later(1), lease)
        for answer in (None, Answer("unknown"), Answer("note", why=WORD)):
            if answer:
                journal.record(NAME, answer, later(2))
            with pytest.raises(Disagrees, match=f"{name} waits: nobody knows what became of {NAME}"):
                journal.send(name, later(3), lease)
        journal.send(other.client_id, later(3), lease)
        journal.record(NAME, Answer("accepted"), later(4))
        journal.send(name, later(5), lease)


def test_a_restart_takes_what_went_out_without_an_answer_for_unknown(journal: OrderJournal) -> None:
    names = [journal.plan(replace(BUY, symbol=symbol), AT).client_id for symbol in ("A", "B", "C", "D")]
    with journal.state.lease(ME, "alpha") as lease:
        for name in names[:3]:
            journal.send(name, later(1), lease)
    journal.record(names[1], Answer("accepted"), later(2))
    journal.fill(execution(1, 1, names[2]), later(2))
    assert [one.client_id for one in journal.recover(later(3))] == [names[0]]
    assert [one.state for one in journal.orders()] == ["unknown", "accepted", "partly_filled", "planned"]
    assert journal.orders()[0].code == "restart" and [one.state for one in journal.recover(later(4))] == ["unknown"]


def test_what_is_known_is_not_written_again(journal: OrderJournal) -> None:
    journal.plan(BUY, AT)
    with journal.state.lease(ME, "alpha") as lease:
        journal.send(NAME, later(1), lease)
    for k in range(3):
        journal.record(NAME, Answer("accepted", "b1", reported=Decimal(0)), later(2 + k))
        journal.fill(execution(1, 40), later(9 + k))
    assert [one.kind for one in journal.state.order_events(ME)] == ["planned", "sending", "accepted", "fill"]
    with pytest.raises(Disagrees, match="was told before with other numbers"):
        journal.fill(execution(1, 41), later(20))
    second = journal.plan(replace(BUY, symbol="AAPL"), AT).client_id
    with pytest.raises(Disagrees, match="was told before with other numbers, of sb-1234"):
        journal.fill(replace(execution(1, 40), client_id=second), later(20))
    with pytest.raises(Disagrees, match="101 shares of 100"):
        journal.fill(execution(2, 61), later(21))
    assert journal.orders()[0].filled_quantity == 40 and journal.verify() == ()


def test_what_cannot_be_kept_is_not_sent(journal: OrderJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk and a database that another holds, at each step: the step raises, and what was before it stays."""
    journal.plan(BUY, AT)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with journal.state.lease(ME, "alpha") as lease:
        with monkeypatch.context() as patch:
            patch.setattr(chain.os, "fsync", full)
            with pytest.raises(Unwritable, match="the head of the order journal, cannot be written"):
                journal.send(NAME, later(1), lease)
        assert [one.state for one in journal.recover(later(2))] == ["unknown"], "it may not have been sent, and counts as live"
        assert not [one for one in journal.file.parent.iterdir() if one.name.startswith(".writing")]
        with monkeypatch.context() as patch:
            patch.setattr(Database, "_writing", lambda _: full())
            with pytest.raises(OSError, match="No space"):
                journal.record(NAME, Answer("accepted"), later(3))
        assert journal.orders()[0].state == "unknown"


def test_a_rehearsal_is_marked_in_every_row(journal: OrderJournal) -> None:
    rehearsal = replace(journal, rehearsal=True)
    rehearsal.plan(BUY, AT)
    rehearsal.record(NAME, Answer("missed"), AT)
    assert all(one.rehearsal for one in journal.state.order_events(ME)) and journal.orders()[0].rehearsal


def test_a_word_of_no_use_is_refused_and_nothing_written(journal: OrderJournal) -> None:
    journal.plan(BUY, AT)
    with pytest.raises(Disagrees, match="is planned, so that 'fill' cannot follow"):
        journal.fill(execution(1, 10), later(1))
    with pytest.raises(InputError, match="above 0 shares"):
        journal.plan(replace(BUY, symbol="X", quantity=Decimal(0)), AT)
    with pytest.raises(InputError, match="must be finite"):
        journal.plan(replace(BUY, symbol="X", quantity=Decimal("NaN")), AT)
    with pytest.raises(InputError, match="an execution needs an id"):
        execution(1, 0)
    assert len(journal.state.order_events(ME)) == 1
    with pytest.raises(StateError, match="is the head of account paper, not of live"):
        OrderJournal(journal.state, "live", journal.file, NUMBER).plan(BUY, AT)
