"""Rows of a broker or a database that says no amid a step: an order of the other side, and a state that cannot be written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from springback.state import database
from springback.trading.journal import Answer
from springback.workflow.settings import Settings
from springback.workflow.trade_outcome import DONE, FAILED, TradeOutcome
from springback.workflow.trade_send import send
from tests.brokers.broker_cases import Case
from tests.brokers.fake_alpaca import Fault
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk that sends for the opening auction."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05, poll=0.05))
    with broker_desk(tmp_path, settings) as one:
        yield one


def run(desk: BrokerDesk) -> TradeOutcome:
    """The sending."""
    return send(desk.account, desk.clock)


def there(desk: BrokerDesk) -> list[tuple[str, str]]:
    """Side and state of each order that the broker has."""
    return sorted((one["side"], one["status"]) for one in desk.fake.orders.values())


def forgotten(desk: BrokerDesk) -> None:
    """An entry of ours is at the market that the journal takes for over, and that the broker tells of once it stood in the way."""
    hold(desk, "AAA", "10")
    desk.decide(("AAA", 5, "entry"), held={"AAA": 10})
    run(desk)
    name = desk.journal.orders()[0].client_id
    desk.fake.auctions["AAA"] = None
    desk.journal.record(name, Answer("cancelled", code="cancelled_elsewhere"), desk.clock.now())
    next(iter(desk.fake.orders.values()))["time_in_force"] = "gtc"
    sent = desk.posts()

    def hidden(body: Any) -> Any:
        return [] if isinstance(body, list) and desk.posts() == sent else body

    desk.fake.faults = [Fault("change", "GET", "/v2/orders", times=999, change=hidden)]
    desk.move_to("2026-03-04 19:05")
    desk.decide(("AAA", -10, "time_stop"), session="2026-03-04", held={"AAA": 10})


def test_row_26_our_own_order_of_the_other_side_is_ended_and_another_id_goes_out(desk: BrokerDesk) -> None:
    forgotten(desk)
    assert run(desk).code == DONE
    assert [(one.intent.side, one.intent.number, one.state) for one in desk.journal.orders()] == [
        *(("buy", 1, "cancelled"), ("sell", 1, "refused"), ("sell", 2, "accepted")),
    ]
    assert there(desk) == [("buy", "canceled"), ("sell", "accepted")] and desk.posts() == 3


def test_row_26_an_order_of_ours_that_does_not_end_keeps_the_exit_back(desk: BrokerDesk) -> None:
    forgotten(desk)
    desk.fake.faults.append(Fault("answer", "DELETE", "/v2/orders", times=99, status=503))
    run(desk)
    assert [one.state for one in desk.journal.orders()] == ["cancelling", "refused"] and desk.posts() == 2


def test_row_26_an_order_of_another_hand_is_told_and_left_alone(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "10")
    Case(desk.broker, desk.fake).submit("by-hand", "sell", "3", purpose="exit")
    desk.decide(("AAA", 5, "entry"), held={"AAA": 10})
    outcome = run(desk)
    assert ("wash_trade", "AAA") in [(one.code, one.symbol) for one in outcome.reasons]
    assert desk.states() == {"AAA-entry-1": "refused"} and there(desk) == [("sell", "accepted")]
    assert not any(method == "DELETE" for method, _, _ in desk.fake.requests)
    run(desk)
    assert desk.posts() == 2  # the one by hand and ours, once


@contextmanager
def locked(desk: BrokerDesk) -> Iterator[None]:
    """Another process writes the database, and does not end."""
    with closing(sqlite3.connect(desk.folder / "state.sqlite", isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def read_only(desk: BrokerDesk) -> Iterator[None]:
    """The database takes no row."""
    begin = database._begin_sqlite

    def only_read(connection: Any, record: Any) -> None:
        begin(connection, record)
        connection.execute("PRAGMA query_only=ON")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_begin_sqlite", only_read)
        desk.state = type(desk.state)(desk.folder / "state.sqlite")
        yield
    desk.state = type(desk.state)(desk.folder / "state.sqlite")


@pytest.mark.parametrize("fault", [locked, read_only])
def test_row_41_a_step_at_a_database_that_takes_nothing_sends_nothing(desk: BrokerDesk, fault: Any) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.state = type(desk.state)(desk.folder / "state.sqlite", 1)
    with fault(desk):
        outcome = run(desk)
    assert outcome.code == FAILED and [one.code for one in outcome.reasons] == ["unwritable"]
    assert "\n" not in outcome.reasons[0].text and not desk.posts() and not desk.journal.orders()
    assert run(desk).code == DONE and desk.posts() == 1
