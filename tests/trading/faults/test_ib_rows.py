"""Rows of the fault matrix as Interactive Brokers has them, against the fake Gateway: what the client makes of each, and one order each."""

import socket
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from springback.brokers import interactive_brokers as module
from springback.brokers.broker import OrderRequest, counted, identity_of
from springback.brokers.interactive_brokers import InteractiveBrokers
from springback.errors import Disagrees, MissingData, Refused, Unreachable, WrongAccount
from springback.state.state import State
from springback.trading.journal import Answer, Order, Proof
from springback.trading.order_journal import OrderJournal, Plan
from tests.brokers import tws_wire as wire
from tests.brokers.broker_cases import Case, at
from tests.brokers.executions import net_shares
from tests.brokers.fake_tws import CANCEL, FakeTws, Fault, running
from tests.brokers.ib_cases import client, gateway, ib_case, settings

OPEN, NIGHT = "2026-03-04 09:31", "2026-03-04 20:00"
STOP: dict[str, Any] = {"purpose": "stop", "time_in_force": "day", "type": "stop", "stop_price": Decimal("40.00")}


@pytest.fixture
def case() -> Iterator[Case]:
    """IB's client, connected, with the names resolved."""
    with ib_case() as one:
        one.order("sb-0")
        yield one


def holding(case: Case) -> Case:
    """The case on the next evening, ten AAA held."""
    case.submit("sb-held")
    case.move_to(NIGHT)
    return case


def number_of(case: Case, client_id: str) -> str:
    """What the journal would keep of an order's number."""
    return str(case.broker.identity(client_id)["orderId"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["deaf", "cut"])
def test_row_1_an_order_taken_in_silence_is_found_by_its_reference(case: Case, kind: str) -> None:
    case.market.faults = [Fault(kind)]
    with pytest.raises(Unreachable):
        case.submit("sb-1")
    (order,) = case.events("sb-1").orders
    assert order.client_id == "sb-1" and order.live and case.submit("sb-1").duplicate
    assert len(case.market.of("sb-1")) == 1 and len(case.market.sent()) == 1


def test_row_2_an_order_lost_on_the_way_goes_out_again_under_its_number(case: Case) -> None:
    number = number_of(case, "sb-1")
    case.market.faults = [Fault("silence")]
    with pytest.raises(Unreachable):
        case.submit("sb-1")
    assert case.events("sb-1").absent == {"sb-1"}
    assert not case.submit("sb-1").duplicate and [one[1] for one in case.market.sent()] == [number, number]
    case.market.again(case.market.sent()[0])  # the original comes late: its number is taken
    assert len(case.market.of("sb-1")) == 1 and len(case.events("sb-1").orders) == 1


def test_row_2_a_number_that_others_passed_answers_103_and_is_never_used_again(case: Case) -> None:
    case.market.faults = [Fault("silence")]
    with pytest.raises(Unreachable):
        case.submit("sb-1")
    first = number_of(case, "sb-1")
    case.submit("sb-2")
    with pytest.raises(Unreachable, match="103"):
        case.submit("sb-1")
    assert case.events("sb-1").absent == {"sb-1"} and int(number_of(case, "sb-1")) > int(first)
    case.submit("sb-1")
    assert len(case.market.of("sb-1")) == len(case.market.of("sb-2")) == 1


def test_row_2_the_number_of_before_a_restart_is_used_again(case: Case) -> None:
    kept = case.broker.identity("sb-1")  # type: ignore[attr-defined]
    other = client(case.market, ib_client_id=1)
    case.broker.close()  # type: ignore[attr-defined]
    assert other.identity("sb-1", kept) == kept
    assert int(other.identity("sb-2")["orderId"]) == int(kept["orderId"]) + 1
    other.submit(case.order("sb-1"))
    other.close()
    assert [str(one["orderId"]) for one in case.market.of("sb-1")] == [kept["orderId"]]


def test_row_2_a_number_that_became_anothers_is_not_sent(case: Case) -> None:
    """The journal kept number 1 of an order that never went out, and after a restart another order has it."""
    kept = {"orderId": "1", "clientId": "1"}
    case.submit("sb-2")
    case.broker.close()  # type: ignore[attr-defined]
    other = client(case.market)
    other.identity("sb-1", kept)
    with pytest.raises(Unreachable, match="another order"):
        other.submit(case.order("sb-1"))
    other.submit(case.order("sb-1"))
    other.close()
    assert [len(case.market.of(one)) for one in ("sb-1", "sb-2")] == [1, 1]


@pytest.mark.parametrize("changes", [{"action": "SELL"}, {"quantity": 11.0}, {"conId": 1002}])
def test_row_4_a_reference_that_is_taken_is_ours_only_if_the_order_is(case: Case, changes: dict[str, Any]) -> None:
    case.submit("sb-1")
    case.market.of("sb-1")[0].update(changes)
    with pytest.raises(Disagrees, match="sb-1"):
        case.submit("sb-1")
    assert len(case.market.of("sb-1")) == 1


def test_row_4_two_live_orders_under_one_reference_halt(case: Case) -> None:
    case.submit("sb-1")
    case.market.orders.append({**case.market.of("sb-1")[0], "permId": 7, "orderId": 77})
    with pytest.raises(Disagrees, match="more than one"):
        case.events("sb-1")


def test_row_7_an_execution_that_is_told_twice_counts_once(case: Case) -> None:
    case.market.repeats = 2
    case.submit("sb-1")
    case.move_to(OPEN)
    events = case.events()
    assert len(events.fills) == 1 and net_shares((*events.fills, *case.events().fills)) == {"900001": Decimal(10)}
    assert events.fills[0].fee == 1


def test_row_9_a_fill_before_the_answer_is_counted(case: Case) -> None:
    case.move_to(OPEN)
    case.market.faults = [Fault("deaf")]
    with pytest.raises(Unreachable):
        case.submit("sb-1", time_in_force="day")
    events = case.events("sb-1")
    assert [one.quantity for one in events.fills] == [10] and [one.state for one in events.orders] == ["filled"]


def test_row_9_a_fill_before_the_word_cancelled_is_counted(case: Case) -> None:
    case.submit("sb-1")
    case.market.stocks[1].shares = 4
    case.move_to(OPEN)
    (order,) = case.events().orders
    assert (order.state, order.filled_quantity) == ("cancelled", 4) and case.held() == {"AAA": 4}


def test_row_13_a_cancellation_that_races_a_fill_hears_the_brokers_word(case: Case) -> None:
    case.submit("sb-1")
    case.market.faults = [Fault("filled", CANCEL)]
    answer = case.broker.cancel("sb-1")
    assert (answer.order.state, answer.order.filled_quantity) == ("filled", 10) and len(case.market.sent()) == 1


def test_row_13_a_cancellation_that_is_refused_leaves_the_order_live(case: Case) -> None:
    case.submit("sb-1")
    case.market.faults = [Fault("error", CANCEL, code=10147, text="OrderId that needs to be cancelled is not found.")]
    with pytest.raises(Refused) as refused:
        case.broker.cancel("sb-1")
    assert refused.value.code == "10147" and case.events("sb-1").orders[0].live


def test_row_20_a_short_without_shares_to_borrow_is_refused(case: Case) -> None:
    with pytest.raises(Refused) as refused:
        case.submit("sb-1", "sell", "5", "HARD")
    assert refused.value.code == "201" and "short" in refused.value.words and case.events("sb-1").absent == {"sb-1"}


def test_row_25_an_exit_waits_for_the_stop_that_holds_its_shares(case: Case) -> None:
    holding(case).submit("sb-stop", "sell", **STOP)
    assert case.broker.state().positions[0].available == 0
    with pytest.raises(Refused) as refused:
        case.submit("sb-exit", "sell", purpose="exit")
    assert refused.value.code == "position" and not case.market.of("sb-exit")
    case.broker.cancel("sb-stop")
    assert case.submit("sb-exit", "sell", purpose="exit").order.live


def test_row_28_a_lost_link_is_a_question_until_it_is_back_and_the_fills_are_asked_for(case: Case) -> None:
    case.submit("sb-1")
    case.market.silent_fills = True
    case.move_to("2026-03-04 09:30:02")
    case.market.notice(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
    for ask in (case.events, case.broker.state, lambda: case.submit("sb-2", time_in_force="day")):
        with pytest.raises(Unreachable, match="1100"):
            ask()
    assert not case.market.of("sb-2")
    case.market.notice(1102, "Connectivity has been restored - data maintained.")
    events = case.events("sb-1")
    assert [one.price for one in events.fills] == [51] and [one.state for one in events.orders] == ["filled"]


def test_row_28_a_link_that_is_lost_while_the_orders_are_told_makes_no_proof(case: Case) -> None:
    case.market.faults = [Fault("unlinked", 99)]
    case.market.messages.clear()
    assert case.events("sb-1").absent == {"sb-1"}
    assert len(case.market.sent(7)) == 2, "the reading was put again"


def test_row_28_a_link_that_stays_lost_is_made_anew(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", timedelta(0))
    case.market.notice(1100)
    with pytest.raises(Unreachable, match="1100"):
        case.events()
    case.market.link = True  # nobody says 1102
    assert case.events().orders == ()


def test_row_28_a_restart_of_the_gateway_loses_nothing(case: Case) -> None:
    case.submit("sb-1")
    case.market.silent_fills = True
    case.move_to("2026-03-04 09:30:30")
    case.market.restart()
    assert [one.quantity for one in case.events("sb-1").fills] == [10]


def test_row_28_a_gateway_on_its_login_page_says_nothing_and_that_is_said(case: Case) -> None:
    case.market.login = True
    case.market.restart()
    with pytest.raises(Unreachable, match="login page"):
        case.events()
    case.market.login = False
    case.market.restart()
    assert case.events().orders == ()


def test_row_28_a_gateway_that_is_away_is_named(case: Case) -> None:
    case.market.stop()
    with pytest.raises(Unreachable, match="no IB Gateway at 127"):
        case.broker.state()


def test_row_29_a_preset_that_turned_the_auction_into_the_day_halts_and_the_order_lives(case: Case) -> None:
    case.market.faults = [Fault("day")]
    with pytest.raises(Disagrees, match="day"):
        case.submit("sb-1")
    assert case.events("sb-1").orders[0].live and case.events("sb-1").orders[0].time_in_force == "day"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("warning", code=399, text="Order message: your order will not be placed at the exchange until 2026-03-04 09:30:00"),
        Fault("warning", code=404, text="Shares for this order are not immediately available for short sale."),
        Fault("inactive"),
    ],
    ids=["399", "404", "inactive"],
)
def test_row_29_a_warning_leaves_an_order_live(case: Case, fault: Fault) -> None:
    case.market.faults = [Fault(**vars(fault))]
    assert case.submit("sb-1").order.live
    assert [one.live for one in case.events("sb-1").orders] == [True]
    case.market.end(case.market.of("sb-1")[0])
    assert [one.state for one in case.events("sb-1").orders] == ["cancelled"]


def test_row_30_a_commission_without_its_execution_asks_for_it(case: Case) -> None:
    case.submit("sb-1")
    case.market.only_commissions = True
    case.market.faults = [Fault("lacking", 7)]
    case.move_to(OPEN)
    events = case.events("sb-1")
    assert [one.quantity for one in events.fills] == [10] and events.corrections


def test_row_30_while_it_is_not_told_nothing_is_proven_absent(case: Case) -> None:
    case.submit("sb-1")
    case.market.only_commissions = True
    case.move_to(OPEN)
    case.market.faults = [Fault("lacking", 7, times=2)]
    events = case.events("sb-never")
    assert not events.corrections and events.absent == frozenset()
    assert case.events("sb-never").absent == {"sb-never"}


def test_row_31_orders_that_the_gateway_drops_are_proven_absent_and_sent_again(case: Case, tmp_path: Path) -> None:
    """Forty of which five never arrive: the journal keeps each number first, and takes two readings for a proof."""
    journal = OrderJournal(State(tmp_path / "state.sqlite"), "ib", tmp_path / "journal.head", case.market.account)
    for k in range(40):
        case.market.enlist(f"N{k}", 20.0)
    case.ids |= {one: found.asset_id for one, found in case.broker.state([f"N{k}" for k in range(40)]).assets.items()}
    case.market.faults = [Fault("silence", symbol=f"N{k}") for k in (3, 11, 12, 30, 39)]
    now = case.market.now
    plans = [Plan(now.date(), f"N{k}", "buy", "entry", Decimal(5)) for k in range(40)]
    orders = [journal.plan(one, now) for one in plans]
    with journal.state.lease("ib", "test") as lease:
        for _ in range(2):
            for order in [journal.plan(one, now) for one in plans]:
                if order.state in {"planned", "absent"}:
                    _send(case, journal, order, lease)
            for _ in range(2):
                now += timedelta(seconds=61)
                gone = [one.client_id for one in journal.recover(now)]
                absent = case.events(*gone).absent
                for name in gone:
                    assert name in absent
            for name in gone:
                journal.absent(name, Proof(now, now, now, now), now)
    states = [one.state for one in journal.orders()]
    assert states == ["accepted"] * 40 and sum(one.sendings for one in journal.orders()) > 40
    assert sorted(len(case.market.of(one.client_id)) for one in orders) == [1] * 40


def _send(case: Case, journal: OrderJournal, order: Order, lease: Any) -> None:
    name, former = order.client_id, dict(order.identity)
    for _ in range(2):
        journal.send(name, case.market.now, lease, **identity_of(case.broker, name, former))
        try:
            case.submit(name, "buy", "5", order.intent.symbol)
        except Unreachable:
            journal.record(name, Answer("unknown", code="silence"), case.market.now)
            if former:  # its number was passed by others: absent once more, a new one
                later = case.market.now + timedelta(seconds=200)
                assert case.events(name).absent == {name}
                journal.absent(name, Proof(later, later, later, later), later)
                continue
            return
        journal.record(name, Answer("accepted"), case.market.now)
        return


@pytest.mark.parametrize(
    ("account", "accounts", "knobs", "live", "words"),
    [
        ("U1234567", "", {}, False, "is live, paper was meant"),
        ("DU1234567", "", {}, True, "is paper, live was meant"),
        ("DU1234567", "", {"account": "DU7654321"}, False, "opens DU1234567"),
        ("DU1234567", "DF1234567,DU1234567", {}, False, "advisor"),
        ("X1234567", "", {}, False, "neither"),
        ("DU1234567", "", {"account": ""}, False, "brokers.account is empty"),
    ],
)
def test_row_34_another_account_is_refused_before_anything_that_changes_something(
    account: str, accounts: str, knobs: dict[str, Any], live: bool, words: str
) -> None:
    fake = gateway()
    fake.account, fake.accounts = account, accounts
    with running(fake), ib_case() as other:
        order = other.order("sb-1")
        with pytest.raises(WrongAccount, match=words):
            _sent(fake, order, live, **knobs)
        assert not fake.sent()


def _sent(fake: FakeTws, order: OrderRequest, live: bool, **knobs: Any) -> None:
    broker = client(fake, live=live, **knobs)
    try:
        broker.submit(order)
    finally:
        broker.close()


@pytest.mark.parametrize(("changes", "words"), [({"currency": "EUR"}, "in EUR"), ({"leverage": 1.0}, "without margin")])
def test_row_34_an_account_in_another_currency_or_without_margin_is_refused(case: Case, changes: dict[str, Any], words: str) -> None:
    vars(case.market).update(changes)
    with pytest.raises(WrongAccount, match=words):
        case.submit("sb-1")
    assert not case.market.sent()


@pytest.mark.parametrize("message", [16, 99, 7])
def test_row_47_a_list_with_a_message_that_cannot_be_read_is_a_question(case: Case, message: int) -> None:
    case.submit("sb-1")
    case.market.faults = [Fault("garbled", message, times=9)]
    with pytest.raises(Unreachable, match="cannot be read"):
        case.events("sb-1", "sb-2")
    case.market.faults.clear()
    assert case.events("sb-1", "sb-2").absent == {"sb-2"}


def test_row_47_a_figure_that_is_none_is_a_question(case: Case) -> None:
    case.submit("sb-1")
    case.market.of("sb-1")[0]["quantity"] = float("nan")
    with pytest.raises(Unreachable, match="not the known one"):
        case.events("sb-2")


def test_row_32_an_execution_that_is_told_with_a_higher_ending_corrects_the_first(case: Case) -> None:
    case.submit("sb-1")
    case.move_to(OPEN)
    first, order = case.market.executions[0]["execId"], case.market.of("sb-1")[0]
    case.market.tell(order, first[:-2] + "02", 10, 50.5)
    fills = case.events().fills
    assert [(one.execution, one.previous_id) for one in fills] == [("fill", ""), ("correction", first)]
    assert [one.price for one in counted(fills)] == [Decimal("50.5")]


def test_row_33_orders_of_another_hand_are_told_and_not_cancelled(case: Case) -> None:
    case.market.orders.append(
        {**case.submit("sb-1").order.record, **case.market.of("sb-1")[0], "clientId": 0, "orderId": 0, "permId": 8, "orderRef": "mine"}
    )
    events = case.events("mine")
    assert {one.client_id for one in events.orders} == {"sb-1", "mine"}
    with pytest.raises(Refused, match="client 0"):
        case.broker.cancel("mine")


def test_row_18_a_name_of_more_than_one_share_or_of_another_country_resolves_to_none(case: Case) -> None:
    for more in ({}, {"primary": "NYSE"}):
        case.market.enlist("TWIN", 10.0, **more)
    case.market.enlist("FAR", 10.0, primary="LSE")
    case.market.enlist("EURO", 10.0, currency="EUR")
    assert set(case.broker.state(("TWIN", "FAR", "EURO", "AAA")).assets) == {"AAA"}


def test_whole_shares_alone_are_sent(case: Case) -> None:
    with pytest.raises(Refused) as refused:
        case.submit("sb-1", "buy", "1.5", time_in_force="day")
    assert refused.value.code == "whole_shares" and not case.market.sent()


def test_a_client_id_that_is_in_use_is_said(case: Case) -> None:
    other = client(case.market)
    with pytest.raises(Unreachable, match="326"):
        other.state()
    other.close()


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ib_async", None)
    monkeypatch.delitem(sys.modules, "springback.brokers.ib_line")
    with pytest.raises(MissingData, match=r"ib_async.*springback\[ib\]"):
        InteractiveBrokers(settings(FakeTws(at(OPEN), port=4002)))


def test_nothing_is_left_behind() -> None:
    before = threading.active_count()
    with ib_case() as one:
        one.submit("sb-1")
    assert threading.active_count() == before


def test_the_wire_reads_what_it_writes() -> None:
    here, there = socket.socketpair()
    here.sendall(wire.frame(3, "AAA", 1.5))
    assert wire.read_frame(there) == ["3", "AAA", "1.5"]
    here.close()
    assert wire.read_frame(there) is None
    there.close()
