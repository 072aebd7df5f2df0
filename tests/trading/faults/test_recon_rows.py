"""Rows of the fault matrix that end in the reconciliation: what the broker did to the account is explained by its bookings, or halts."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from springback.state.trading_rows import Adoption, Reconciliation
from springback.trading.accounted import Reconciled
from springback.trading.journal import client_id
from springback.trading.order_journal import Plan
from springback.workflow.broker_events import ASSET, heard
from springback.workflow.reconcile import fractions, not_short, reconcile
from tests.brokers.broker_cases import Case
from tests.brokers.fake_alpaca import FakeAlpaca, Holding
from tests.trading.broker_desks import SESSION, BrokerDesk, broker_desk

DAY = date.fromisoformat(SESSION)
MORNING = "2026-03-04 10:00"
NIGHT = "2026-03-05 03:00"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk at the fake Alpaca that was reconciled before its first order."""
    with broker_desk(tmp_path) as one:
        assert reconciled(one).whole
        yield one


def reconciled(desk: BrokerDesk, phase: str = "night", **more: Any) -> Reconciled:
    """One hearing, laid beside the journal."""
    return reconcile(desk, heard(desk, desk.clock, phase), DAY, phase, **more)


def send(desk: BrokerDesk, symbol: str, side: str, shares: int, purpose: str = "entry", day: date = DAY) -> str:
    """An order that goes out for the next open."""
    order = desk.journal.plan(Plan(day, symbol, side, purpose, Decimal(shares), 50.0, purpose), desk.clock.now())
    asset = desk.broker.state((symbol,)).assets[symbol]
    with desk.state.lease(desk.live.name, "a test") as lease:
        desk.journal.send(order.client_id, desk.clock.now(), lease, **{ASSET: asset.asset_id})
    case = Case(desk.broker, desk.fake, {asset.broker_symbol: asset.asset_id})
    desk.broker.submit(case.order(order.client_id, side, str(shares), asset.broker_symbol, purpose=purpose))
    return order.client_id


def holding(desk: BrokerDesk, symbol: str = "AAA", shares: int = 10) -> None:
    """The desk on the night after it bought, or sold short, shares."""
    send(desk, symbol, "buy" if shares > 0 else "sell", abs(shares))
    desk.move_to(MORNING)
    assert reconciled(desk, "morning").ours == {symbol: shares}
    desk.move_to(NIGHT)


def booked(fake: FakeAlpaca, kind: str, sub: str, symbol: str, shares: object = 0, dollars: object = 0) -> None:
    """The broker books something, and its positions and cash follow."""
    asset = fake.assets[symbol]
    held = fake.holdings.setdefault(asset.id, Holding())
    held.quantity += Decimal(str(shares))
    fake.cash += Decimal(str(dollars))
    fake._activity(kind, sub, symbol, Decimal(str(shares)), Decimal(str(dollars)))


def code(found: Reconciled, symbol: str) -> str:
    return next(one.code for one in found.lines if one.symbol == symbol)


def halted(desk: BrokerDesk) -> set[tuple[str, str]]:
    return {(one.symbol, one.code) for one in desk.state.halts(desk.live.name)}


def test_row_16_a_split_overnight_with_an_order_waiting_changes_our_shares_and_nothing_else(desk: BrokerDesk) -> None:
    holding(desk)
    desk.move_to("2026-03-05 19:05")
    send(desk, "AAA", "sell", 10, "exit", date(2026, 3, 5))
    desk.move_to("2026-03-06 03:00")
    desk.fake.split("AAA", "0.25")
    found = reconciled(desk)
    assert (code(found, "AAA"), found.ours, found.whole, halted(desk)) == ("split", {"AAA": 40}, True, set())


def test_row_17_a_reverse_split_with_cash_in_lieu_is_explained_and_a_fraction_left_is_handed_to_the_sender(desk: BrokerDesk) -> None:
    holding(desk, shares=15)
    desk.fake.split("AAA", "10")
    found = reconciled(desk)
    assert (code(found, "AAA"), found.whole) == ("fraction", True)
    assert fractions(desk.live) == {"AAA": Decimal("0.5")}
    booked(desk.fake, "SPLIT", "RSPLIT", "AAA", "-0.5", "255")
    paid = reconciled(desk)
    assert (code(paid, "AAA"), paid.ours, paid.whole, fractions(desk.live)) == ("cash_in_lieu", {"AAA": 1}, True, {})
    assert [(one.code, one.amount) for one in paid.cash] == [("cash_in_lieu", 255)]


def test_row_18_a_symbol_change_is_followed_by_the_asset_id(desk: BrokerDesk) -> None:
    holding(desk)
    desk.fake.rename("AAA", "AAAX")
    found = reconciled(desk)
    assert (code(found, "AAA"), found.ours, found.whole) == ("name_change", {"AAA": 10}, True)
    assert reconciled(desk).ours == {"AAA": 10} and not halted(desk)


def test_row_18_mergers_spin_offs_and_delistings_are_told_apart_and_what_came_is_left_to_be_sold(desk: BrokerDesk) -> None:
    holding(desk)
    desk.fake.enlist("KID", "5")
    booked(desk.fake, "SPIN", "", "KID", 3)
    spun = reconciled(desk)
    assert (code(spun, "KID"), fractions(desk.live), spun.whole) == ("spin_off", {"KID": 3}, True)
    desk.fake.enlist("ACQ", "80")
    booked(desk.fake, "MA", "SCMA", "AAA", -10, 100)
    booked(desk.fake, "MA", "SCMA", "ACQ", 5)
    merged = reconciled(desk)
    assert (merged.ours, merged.whole) == ({"ACQ": 5, "KID": 3}, True)
    booked(desk.fake, "REORG", "WRM", "KID", -3)
    gone = reconciled(desk)
    assert (code(gone, "KID"), gone.ours, halted(desk)) == ("delisting", {"ACQ": 5}, set())


def test_row_18_a_position_that_vanishes_without_a_booking_halts_the_name(desk: BrokerDesk) -> None:
    holding(desk)
    desk.fake.holdings.clear()
    found = reconciled(desk)
    assert (code(found, "AAA"), found.whole, halted(desk)) == ("unexplained", False, {("AAA", "unexplained")})


def test_row_19_a_dividend_on_a_short_is_owed_and_explains_the_cash(desk: BrokerDesk) -> None:
    holding(desk, shares=-10)
    desk.fake.dividend("AAA", "1.25")
    found = reconciled(desk)
    assert [(one.code, one.symbol, one.amount) for one in found.cash] == [("substitute", "AAA", Decimal("-12.5"))]
    assert found.whole and found.ours == {"AAA": -10}


def test_row_22_a_buy_in_is_explained_where_the_activity_says_so_and_never_shorted_again_that_day(desk: BrokerDesk) -> None:
    holding(desk, shares=-10)
    booked(desk.fake, "JNLS", "", "AAA", 4, -210)
    found = reconciled(desk)
    assert (code(found, "AAA"), found.ours, halted(desk)) == ("recall", {"AAA": -6}, set())
    assert not_short(desk.live, DAY) == {"AAA"}
    desk.fake.holdings[desk.fake.assets["AAA"].id].quantity += 2
    assert code(reconciled(desk), "AAA") == "unexplained" and halted(desk) == {("AAA", "unexplained")}


def test_row_32_a_bust_hours_later_corrects_position_and_cash_and_the_journal_keeps_both(desk: BrokerDesk) -> None:
    send(desk, "AAA", "buy", 10)
    desk.move_to(MORNING)
    assert reconciled(desk, "morning").ours == {"AAA": 10}
    fill = next(one for one in desk.fake.activities if one["activity_type"] == "FILL")
    desk.move_to("2026-03-04 15:00")
    desk.fake.bust(fill["id"].rpartition("::")[2])
    found = reconciled(desk)
    assert (code(found, "AAA"), found.ours, found.whole, halted(desk)) == ("bust", {}, True, set())
    (order,) = desk.journal.orders()
    assert (len(order.history), order.filled_quantity) == (2, 0)


def test_row_33_a_manual_trade_is_foreign_and_a_manual_sale_of_ours_halts_the_name(desk: BrokerDesk) -> None:
    holding(desk)
    case = Case(desk.broker, desk.fake)
    desk.move_to("2026-03-05 10:00")
    case.submit("mine", "buy", "7", "BRK.B", time_in_force="day")
    desk.move_to("2026-03-06 10:00")
    found = reconciled(desk)
    assert (code(found, "BRK.B"), found.ours, found.foreign, halted(desk)) == ("foreign", {"AAA": 10}, {"BRK.B"}, set())
    assert found.whole
    case.submit("hers", "sell", "10", "AAA", purpose="exit", time_in_force="day")
    desk.move_to("2026-03-09 10:00")
    assert code(reconciled(desk), "AAA") == "foreign" and halted(desk) == {("AAA", "foreign")}


def test_row_33_a_manual_cancel_is_final_and_leaves_nothing_to_explain(desk: BrokerDesk) -> None:
    name = send(desk, "AAA", "buy", 10)
    desk.fake.end(name)
    desk.move_to(MORNING)
    found = reconciled(desk)
    assert (found.ours, found.whole, desk.journal.orders()[0].state) == ({}, True, "cancelled")


def test_row_33_foreign_shares_at_first_contact_wait_for_a_person(tmp_path: Path) -> None:
    with broker_desk(tmp_path) as desk:
        desk.fake.holdings[desk.fake.assets["AAA"].id] = Holding(Decimal(50), Decimal(48))
        first = reconciled(desk)
        assert first.ours == {} and halted(desk) == {("AAA", "unexplained")}
        desk.state.keep(desk.live.name, Adoption("AAA", "foreign", Decimal(50), None, None, desk.clock.now(), "a person"))
        after = reconciled(desk)
        assert (after.whole, after.ours, after.foreign) == (True, {}, {"AAA"})


def test_row_47_a_booking_with_fields_gone_or_of_another_type_moves_nothing_that_it_does_not_tell(desk: BrokerDesk) -> None:
    holding(desk)
    desk.fake._activity("DIV", "CDIV", "AAA", Decimal(10), Decimal(3))
    desk.fake.activities[-1].update(qty=10, net_amount=3.0, status=None, activity_sub_type=None, strange={"a": [1]})
    desk.fake.cash += 3
    found = reconciled(desk)
    assert found.whole and [(one.code, one.amount) for one in found.cash] == [("dividend", 3)]
    desk.fake._activity("FEE", "REG", "", Decimal(0), Decimal(0))
    desk.fake.activities[-1].update(net_amount="not a number", qty=None)
    assert reconciled(desk).whole
    desk.fake.violations.clear()  # the answers were not Alpaca's on purpose


def test_every_reconciliation_is_kept_and_the_next_goes_on_from_it(desk: BrokerDesk) -> None:
    holding(desk)
    desk.fake.split("AAA", "0.5")
    reconciled(desk)
    rows = desk.state.kept(desk.live.name, Reconciliation)
    body = json.loads(rows[-1].body)
    assert [one.phase for one in rows] == ["night", "morning", "night"] and body["whole"] and body["lines"][0]["code"] == "split"
    assert client_id(desk.fake.number, DAY, "AAA", "entry", 1) in {one.client_id for one in desk.journal.orders()}
