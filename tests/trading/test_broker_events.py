"""What the broker tells is written once, whoever tells it and however often: orders, executions, corrections, absences, bookings."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from springback.errors import StateError, Unreachable
from springback.market.prose import Prose
from springback.state.rows import BookEvent
from springback.state.trading_rows import Snapshot
from springback.trading.order_journal import Plan
from springback.workflow.broker_events import Heard, heard
from springback.workflow.journal_trader import JournalTrader
from tests.brokers.broker_cases import Case, at
from tests.brokers.fake_alpaca import Fault
from tests.trading.broker_desks import SESSION, BrokerDesk, broker_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk at the fake Alpaca."""
    with broker_desk(tmp_path) as one:
        yield one


def sent(desk: BrokerDesk, symbol: str = "AAA", side: str = "buy", shares: str = "10", purpose: str = "entry") -> str:
    """An order that goes out as a step sends it, without a word of the answer; its client id."""
    plan = Plan(date.fromisoformat(SESSION), symbol, side, purpose, Decimal(shares), 50.0, purpose)
    order = desk.journal.plan(plan, desk.clock.now())
    asset = desk.broker.state((symbol,)).assets[symbol]
    with desk.state.lease(desk.live.name, "a test") as lease:
        desk.journal.send(order.client_id, desk.clock.now(), lease, asset_id=asset.asset_id)
    request = Case(desk.broker, desk.fake, {asset.broker_symbol: asset.asset_id}).order(
        order.client_id, side, shares, asset.broker_symbol, purpose=purpose
    )
    with suppress(Unreachable):
        desk.broker.submit(request)
    return order.client_id


def hear(desk: BrokerDesk) -> Heard:
    """One hearing."""
    return heard(desk.account, desk.clock)


def test_an_order_that_went_out_without_an_answer_is_found(desk: BrokerDesk) -> None:
    name = sent(desk)
    found = hear(desk)
    assert found.orders[name].state == "accepted" and found.orders[name].broker_id and not found.unknown


def test_fills_reach_the_journal_once_and_the_positions_are_told_by_our_names(desk: BrokerDesk) -> None:
    name = sent(desk, "BRK.B", shares="3")
    desk.move_to("2026-03-04 09:31")
    events = [len(desk.state.order_events(desk.live.name)) for _ in range(3) if hear(desk)]
    order = hear(desk).orders[name]
    assert (order.state, order.filled_quantity, order.average_price) == ("filled", Decimal(3), Decimal(202))
    assert events[0] == events[2] and hear(desk).positions == {"BRK.B": Decimal(3)}


def test_absence_takes_two_readings_and_time(desk: BrokerDesk) -> None:
    desk.fake.faults = [Fault("silence_before")]
    name = sent(desk)
    assert hear(desk).orders[name].state == "unknown"
    assert hear(desk).orders[name].state == "unknown"
    desk.clock.wait(1)
    assert hear(desk).orders[name].state == "absent"


def test_a_reading_that_fails_proves_nothing(desk: BrokerDesk) -> None:
    desk.fake.faults = [Fault("silence_before")]
    name = sent(desk)
    hear(desk)
    desk.clock.wait(1)
    desk.fake.faults = [Fault("answer", "GET", "/v2/orders", times=99)]
    with pytest.raises(Unreachable):
        hear(desk)
    assert [one.state for one in desk.journal.orders() if one.client_id == name] == ["unknown"]


def test_an_answered_order_that_the_broker_forgot_is_unknown_and_then_absent(desk: BrokerDesk) -> None:
    name = sent(desk)
    assert hear(desk).orders[name].state == "accepted"
    desk.fake.orders.clear()
    desk.clock.wait(1)
    assert hear(desk).orders[name].state == "unknown"
    assert hear(desk).orders[name].state == "absent"


def test_an_order_that_was_once_absent_and_is_forgotten_later_is_unknown_first(desk: BrokerDesk) -> None:
    desk.fake.faults = [Fault("silence_before")]
    name = sent(desk)
    hear(desk)
    desk.clock.wait(1)
    assert hear(desk).orders[name].state == "absent"
    sent(desk)
    assert hear(desk).orders[name].state == "accepted"
    desk.fake.orders.clear()
    desk.clock.wait(1)
    found = hear(desk)
    assert found.orders[name].state == "unknown" and not found.halts
    assert hear(desk).orders[name].state == "absent"


def test_another_order_under_our_id_halts_the_name_and_is_no_crash(desk: BrokerDesk) -> None:
    sent(desk)
    next(iter(desk.fake.orders.values()))["qty"] = "11"
    found = hear(desk)
    assert [(one.scope, one.symbol, one.code) for one in found.halts] == [("name", "AAA", "disagrees")]
    hear(desk)
    assert len(desk.state.halts(desk.live.name)) == 1


def test_more_shares_than_were_ordered_halt_the_name(desk: BrokerDesk) -> None:
    sent(desk)
    desk.move_to("2026-03-04 09:31")
    desk.fake.activities[0]["qty"] = "12"
    assert [one.symbol for one in hear(desk).halts] == ["AAA"]


def test_orders_of_another_hand_are_facts_and_stay(desk: BrokerDesk) -> None:
    Case(desk.broker, desk.fake).submit("by-hand", "buy", "5")
    desk.move_to("2026-03-04 09:31")
    found = hear(desk)
    assert [one.client_id for one in found.foreign_orders] == ["by-hand"] and not found.orders
    assert [one.quantity for one in found.foreign_fills] == [Decimal(5)] and found.positions == {"AAA": Decimal(5)}


def test_an_order_that_another_hand_cancelled_is_over(desk: BrokerDesk) -> None:
    name = sent(desk)
    hear(desk)
    desk.fake.end(name)
    order = hear(desk).orders[name]
    assert (order.state, order.code) == ("cancelled", "cancelled_elsewhere")
    assert hear(desk).orders[name] == order


def test_what_the_auction_left_is_told_as_unfilled(desk: BrokerDesk) -> None:
    name = sent(desk)
    desk.fake.auction("AAA", "51", "4")
    desk.move_to("2026-03-04 09:31")
    order = hear(desk).orders[name]
    assert (order.state, order.code, order.filled_quantity) == ("cancelled", "unfilled", Decimal(4))


def test_a_bust_takes_the_shares_back_and_stays_in_the_history(desk: BrokerDesk) -> None:
    name = sent(desk)
    desk.move_to("2026-03-04 09:31")
    (fill,) = hear(desk).orders[name].fills
    desk.fake.bust(fill.execution_id)
    desk.clock.wait(3600)
    order = hear(desk).orders[name]
    assert not order.fills and len(order.history) == 2 and order.state == "cancelled" and not hear(desk).halts


def test_bookings_and_a_snapshot_are_kept_each_once(desk: BrokerDesk) -> None:
    sent(desk)
    desk.move_to("2026-03-04 09:31")
    desk.fake.dividend("AAA", "0.5")
    hear(desk), hear(desk)
    (one,) = desk.state.bookings(desk.live.name)
    assert (one.kind, one.symbol, one.amount) == ("dividend", "AAA", Decimal("5.0"))
    rows = desk.state.kept(desk.live.name, Snapshot)
    assert len(rows) == 2 and json.loads(rows[-1].positions) == {"AAA": "10"} and rows[-1].at == at("2026-03-04 09:31")


def test_a_renamed_position_keeps_its_name_by_its_asset(desk: BrokerDesk) -> None:
    sent(desk)
    desk.move_to("2026-03-04 09:31")
    hear(desk)
    desk.fake.rename("AAA", "NEW")
    assert hear(desk).positions == {"AAA": Decimal(10)}


def test_a_journal_that_is_not_whole_is_not_written(desk: BrokerDesk) -> None:
    sent(desk)
    (desk.folder / "journal.head").write_text("{}")
    with pytest.raises(StateError):
        hear(desk)


def test_nothing_is_entered_while_executions_are_missing_that_the_broker_counts(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order is filled by its own word, and no execution of it was told: its shares and its slot are taken."""
    name, now = sent(desk), desk.clock.now()
    monkeypatch.setattr(JournalTrader, "_events", lambda *_: [])
    desk.state.record(desk.live.name, BookEvent(now, now.date(), "cash", "", 100_000.0, None, "springback", Prose("a test")))
    desk.fake.faults.append(Fault("change", "GET", "/v2/account/activities", times=100, change=lambda _: []))
    desk.move_to("2026-03-04 16:31")
    trader = JournalTrader(desk.account, desk.clock)
    (stop,) = trader.limits("2026-03-04", ("AAA",)).entries
    assert (stop.code, stop.symbol) == ("untold_fills", "AAA") and f"10 more shares of {name}" in str(stop.text)
    desk.fake.faults.clear()
    assert not trader.limits("2026-03-04", ("AAA",)).entries
