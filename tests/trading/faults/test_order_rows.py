"""Rows of the fault matrix that a whole day shows: a stream that is dead, orders that are never replaced, and the power that fails."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from springback.workflow.settings import Settings
from springback.workflow.trade_collect import collect
from springback.workflow.trade_outcome import DONE, HALTED
from springback.workflow.trade_send import send
from tests.brokers.fake_alpaca import Fault
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold

OPEN = "2026-03-04 09:30"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk that sends for the opening auction; a time-out is 50 ms."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05))
    with broker_desk(tmp_path, settings, timeout=0.05, attempts=2) as one:
        yield one


def run(desk: BrokerDesk, step: Any, text: str = "") -> int:
    """Exit code of a step at New York's `text`."""
    if text:
        desk.move_to(text)
    return int(step(desk.account, desk.clock).code)


def test_row_11_with_a_dead_stream_the_next_poll_finds_what_was_filled(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.fake.auctions["AAA"] = None
    run(desk, send)
    order = next(iter(desk.fake.orders.values()))
    order["time_in_force"] = "day"  # it opens late
    desk.fake.stream_there = False
    wait = desk.clock.wait

    def opened(seconds: float) -> None:
        wait(seconds)
        if order["status"] == "accepted":
            desk.fake._fill(order, Decimal(10), Decimal(51))

    desk.clock.wait = opened  # type: ignore[method-assign]
    assert run(desk, collect, OPEN) == DONE and desk.states() == {"AAA-entry-1": "filled"}
    (fill,) = desk.journal.orders()[0].fills
    assert desk.clock.now() - fill.at < timedelta(seconds=5.5)


def test_row_14_what_is_filled_in_part_is_never_replaced_and_its_rest_has_another_id(desk: BrokerDesk) -> None:
    hold(desk, "HARD", "10")
    desk.settings = replace(desk.settings, execution=replace(desk.settings.execution, poll=60))
    desk.decide(("HARD", -10, "time_stop"), held={"HARD": 10})
    desk.fake.auction("HARD", "30", "4")
    desk.fake._in_session = lambda: False  # type: ignore[method-assign]  # a day order is taken and waits
    run(desk, send), run(desk, collect, OPEN)
    desk.fake._fill(list(desk.fake.orders.values())[-1], Decimal(2), Decimal(30))
    desk.clock.instant = desk.fake.now = desk.clock.instant.replace(hour=14, minute=40)
    run(desk, collect)
    assert desk.states() == {"HARD-exit-1": "cancelled", "HARD-exit-2": "partly_filled"}  # it lives: nothing takes its place
    desk.fake.end(desk.journal.orders()[-1].client_id)
    desk.clock.instant = desk.fake.now = desk.clock.instant.replace(hour=14, minute=40)
    run(desk, collect)
    assert [(one.intent.quantity, one.filled_quantity) for one in desk.journal.orders()] == [(10, 4), (6, 2), (4, 0)]
    assert {method for method, _, _ in desk.fake.requests} == {"GET", "POST"}


def test_row_26_our_own_order_of_the_other_side_is_ended_before_another_goes_out(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "10")
    desk.fake.auctions["AAA"] = None
    desk.decide(("AAA", 5, "entry"), held={"AAA": 10})
    run(desk, send)
    next(iter(desk.fake.orders.values()))["time_in_force"] = "gtc"  # a server that forgets to end it
    desk.fake.auctions["AAA"] = None
    desk.move_to("2026-03-04 19:05")
    desk.decide(("AAA", -10, "time_stop"), session="2026-03-04", held={"AAA": 10})
    assert run(desk, send) == DONE
    assert [(one.intent.side, one.state) for one in desk.journal.orders()] == [("buy", "cancelled"), ("sell", "accepted")]
    assert desk.posts() == 2  # it was never refused as a wash trade


def after_the_cut(desk: BrokerDesk, disk: Path, size: int, home: Path) -> BrokerDesk:
    """The desk as `disk` was when the power failed, with so many bytes of the write-ahead log."""
    shutil.copytree(disk, home / desk.fake.number)
    log = home / desk.fake.number / "state.sqlite-wal"
    log.write_bytes(log.read_bytes()[:size])
    return BrokerDesk(home, desk.fake, desk.broker, desk.clock, desk.settings)


def test_row_43_the_log_is_on_the_disk_before_an_order_goes_out_so_that_the_power_may_fail(desk: BrokerDesk, tmp_path: Path) -> None:
    """FULL syncs the log with every commit, so a cut leaves all that was committed; under NORMAL the commit of the sending may be gone."""
    desk.decide(("AAA", 10, "entry"))
    log, disk, submit = desk.folder / "state.sqlite-wal", tmp_path / "disk", desk.broker.submit

    def cut_off(order: Any) -> Any:
        shutil.copytree(desk.folder, disk, ignore=shutil.ignore_patterns("*-shm"))
        desk.fake.faults = [Fault("silence_after")]
        try:
            return submit(order)
        finally:
            desk.fake.faults = [Fault("answer", "GET", "/v2/", times=99)]

    desk.broker.submit = cut_off  # type: ignore[method-assign]
    with desk.state._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    with closing(sqlite3.connect(desk.folder / "state.sqlite")) as keeper:  # as long as one is open the log is kept
        keeper.execute("SELECT count(*) FROM order_event").fetchone()
        before = log.stat().st_size
        run(desk, send)
    desk.fake.faults.clear()
    desk.broker.submit = submit  # type: ignore[method-assign]
    committed = (disk / log.name).stat().st_size
    for name, size in {"normal": before, "in the middle": (before + committed) // 2, "torn": committed - 1}.items():
        assert run(after_the_cut(desk, disk, size, tmp_path / name), send) == HALTED and desk.posts() == 1, name
    full = after_the_cut(desk, disk, committed, tmp_path / "full")
    assert run(full, send) == DONE and full.states() == {"AAA-entry-1": "accepted"}
    assert desk.posts() == 1 and len(desk.fake.orders) == 1
