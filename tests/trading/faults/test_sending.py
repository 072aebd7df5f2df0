"""Faults of sending, row by row: whatever the wire, the process or a person does, an order is there once, or not at all and said so."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from springback.brokers.broker import Answer, OrderRequest
from springback.errors import Taken, Unwritable
from springback.market.prose import Prose
from springback.state.orders import Page
from springback.state.rows import Halt
from springback.trading.journal import client_id
from springback.workflow.settings import Settings
from springback.workflow.trade_check import check
from springback.workflow.trade_collect import collect
from springback.workflow.trade_outcome import DONE, FAILED, HALTED, NO_DECISION, UNKNOWN, UNREACHABLE, TradeOutcome
from springback.workflow.trade_send import send
from tests.brokers.broker_cases import Case, alpaca
from tests.brokers.fake_alpaca import Fault
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold

OPEN = "2026-03-04 09:30"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk with the decision to buy AAA and BRK.B at the open; a time-out is 50 ms."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05, poll=30))
    with broker_desk(tmp_path, settings, timeout=0.05, attempts=2) as one:
        one.decide(("AAA", 10, "entry"), ("BRK.B", 2, "entry"))
        yield one


def run(desk: BrokerDesk, step: Any = send, text: str = "") -> TradeOutcome:
    """A step at New York's `text`."""
    if text:
        desk.move_to(text)
    outcome: TradeOutcome = step(desk.account, desk.clock)
    return outcome


def each_once(desk: BrokerDesk) -> bool:
    """Whether both orders are accepted, and the broker has each once."""
    names = [one.client_id for one in desk.journal.orders()]
    there = sorted(one["client_order_id"] for one in desk.fake.orders.values())
    return set(desk.states().values()) == {"accepted"} and there == sorted(names) and len(names) == 2


@pytest.mark.parametrize("kind", ["silence_after", "gateway_after", "cut_after", "garbled"])
def test_row_01_and_03_an_order_that_was_taken_in_silence_is_one_order(desk: BrokerDesk, kind: str) -> None:
    desk.fake.faults = [Fault(kind)]
    assert run(desk).code == DONE and each_once(desk) and desk.posts() == 2


@pytest.mark.parametrize("fault", [Fault("silence_before"), Fault("storm"), Fault("answer", status=503)], ids=["02", "36", "503"])
def test_row_02_and_36_an_order_that_never_arrived_goes_out_again_under_its_id(desk: BrokerDesk, fault: Fault) -> None:
    desk.fake.faults = [Fault(**vars(fault))]
    assert run(desk).code == DONE and each_once(desk)
    assert [one.sendings for one in desk.journal.orders()] == [2, 1]


def test_row_02_what_never_arrives_is_given_up_after_three_more(desk: BrokerDesk) -> None:
    desk.fake.faults = [Fault("answer", status=503, times=100)]
    outcome = run(desk)
    first, second = desk.journal.orders()
    assert (first.state, first.sendings) == ("missed", 4) and second.sendings <= 4 and outcome.code in {DONE, UNKNOWN}
    assert not desk.fake.orders


def test_row_04_another_order_under_our_id_halts_the_name_and_the_rest_goes_on(desk: BrokerDesk) -> None:
    desk.fake.limit = 10_000
    assert run(replaced(desk)).code == UNKNOWN
    name = next(one.client_id for one in desk.journal.orders() if one.intent.symbol == "AAA")
    assert [(one.symbol, one.code) for one in desk.state.halts(desk.live.name)] == [("AAA", "disagrees")]
    assert len(desk.fake.of(name)) == 1 and desk.states() == {"AAA-entry-1": "unknown", "BRK.B-entry-1": "planned"}


def replaced(desk: BrokerDesk) -> BrokerDesk:
    """The desk whose first id is taken by another order at the broker."""
    Case(desk.broker, desk.fake).submit(client_id(desk.fake.number, date(2026, 3, 3), "AAA", "entry", 1), "buy", "11")
    return desk


def test_row_05_the_second_run_sends_nothing(desk: BrokerDesk) -> None:
    run(desk)
    before = [one["id"] for one in desk.fake.orders.values()]
    assert run(desk).code == DONE and run(desk).code == DONE
    assert [one["id"] for one in desk.fake.orders.values()] == before and desk.posts() == 2


def test_row_06_the_second_machine_is_refused(desk: BrokerDesk) -> None:
    with desk.state.lease(desk.live.name, "another machine"), pytest.raises(Taken):
        run(desk)
    assert not desk.posts()


def test_row_06_who_has_lost_the_lease_stops_sending(desk: BrokerDesk) -> None:
    takes_over(desk)
    with pytest.raises(Taken):
        run(desk)
    assert len(desk.fake.orders) == 1 and desk.states() == {"AAA-entry-1": "accepted", "BRK.B-entry-1": "planned"}


def takes_over(desk: BrokerDesk) -> None:
    """After the first order another machine holds the account, as after a lease that ran out."""
    submit = desk.broker.submit

    def submitted(order: OrderRequest) -> Answer:
        answer = submit(order)
        desk.state._give_back(desk.live.name, socket.gethostname())
        desk.state.take(desk.live.name, "another machine", 60)
        return answer

    desk.broker.submit = submitted  # type: ignore[method-assign]


def test_row_07_and_08_a_fill_told_often_counts_once(desk: BrokerDesk) -> None:
    run(desk)
    desk.move_to(OPEN)
    desk.fake.activities += [dict(one) for one in desk.fake.activities]
    run(desk, collect), run(desk, collect)
    assert [one.filled_quantity for one in desk.journal.orders()] == [Decimal(10), Decimal(2)]


def test_row_09_a_fill_after_the_word_cancelled_counts(desk: BrokerDesk) -> None:
    run(desk)
    desk.fake.auction("AAA", "51", "4")
    run(desk, collect, OPEN)
    aaa = desk.journal.orders()[0]
    assert (aaa.state, aaa.filled_quantity) == ("cancelled", Decimal(4))


def test_row_10_a_word_that_nobody_knows_is_a_live_order(desk: BrokerDesk) -> None:
    run(desk)
    desk.fake.faults = [Fault("change", "GET", "/v2/orders", times=99, change=lambda body: _each(body, {"status": "of_next_year"}))]
    assert run(desk, check, "2026-03-04 08:30").code == DONE and set(desk.states().values()) == {"accepted"}


def _each(body: Any, change: dict[str, Any]) -> Any:
    return [{**one, **change} for one in body] if isinstance(body, list) else {**body, **change}


def test_row_13_a_cancellation_that_comes_after_the_fill_takes_the_broker_s_word(desk: BrokerDesk) -> None:
    run(desk)
    first = next(iter(desk.fake.orders.values()))
    desk.fake.auction("AAA", "51")
    desk.fake._fill(first, Decimal(10), Decimal(51))
    desk.state.halt(desk.live.name, Halt("entries", "pause", Prose("a test"), "a tester", desk.clock.now()))
    run(desk, check, "2026-03-04 08:30")
    assert desk.states() == {"AAA-entry-1": "filled", "BRK.B-entry-1": "cancelled"} and desk.posts() == 2


def test_row_15_a_halted_name_waits_and_no_second_order_is_sent(desk: BrokerDesk) -> None:
    hold(desk, "HARD", "5")
    desk.fake.auctions["HARD"] = None
    desk.decide(("HARD", -5, "time_stop"), session="2026-03-04", held={"HARD": 5})
    desk.settings = replace(desk.settings, execution=replace(desk.settings.execution, open="market", poll=60))
    desk.move_to("2026-03-04 19:05")
    run(desk)
    desk.move_to("2026-03-05 09:30")
    desk.fake._in_session = lambda: False  # type: ignore[method-assign]  # the order is taken and does not trade
    run(desk, collect)
    orders = [one for one in desk.journal.orders() if one.intent.symbol == "HARD"]
    assert [(one.state, one.intent.number) for one in orders] == [("accepted", 1)]


def test_row_20_a_short_that_is_refused_is_recorded_and_nothing_takes_its_place(desk: BrokerDesk) -> None:
    desk.fake.faults = [Fault("answer", status=422, content={"code": 42210000, "message": 'asset "AAA" cannot be sold short'})]
    assert run(desk).code == DONE
    first = desk.journal.orders()[0]
    assert (first.state, first.code) == ("refused", "42210000") and len(desk.fake.orders) == 1


def test_row_24_an_account_that_may_only_liquidate_sends_exits_alone(desk: BrokerDesk) -> None:
    hold(desk, "HARD", "5")
    desk.decide(("AAA", 1, "entry"), ("HARD", -5, "time_stop"), session="2026-03-04", held={"HARD": 5})
    desk.move_to("2026-03-04 19:05")
    desk.fake.faults = [Fault("change", "GET", "/v2/account", times=999, change=_blocked)]
    assert run(desk).code == 4
    states = {one.intent.symbol: one.state for one in desk.journal.orders() if str(one.intent.session) == "2026-03-04"}
    assert states == {"HARD": "accepted", "AAA": "cancelled"}


def _blocked(body: Any) -> Any:
    return {**body, "trading_blocked": True} if isinstance(body, dict) else body


def test_row_31_orders_that_the_server_drops_silently_are_proven_absent_and_sent_again(desk: BrokerDesk) -> None:
    desk.fake.faults = [Fault("dropped", times=1)]
    run(desk)
    for _ in range(3):
        desk.clock.wait(1)
        run(desk)
    assert each_once(desk)


@pytest.mark.parametrize("number", ["PA3OTHER", ""])
def test_row_34_the_wrong_account_sends_nothing(desk: BrokerDesk, number: str) -> None:
    desk.broker.settings = replace(desk.broker.settings, account=number)  # type: ignore[attr-defined]
    desk.settings = replace(desk.settings, brokers=desk.broker.settings)  # type: ignore[attr-defined]
    assert run(desk).code == HALTED and not desk.posts()


def test_row_35_keys_that_are_revoked_stop_everything_and_the_rest_is_sent_later(desk: BrokerDesk) -> None:
    desk.fake.faults = [Fault("answer", status=401, content={"message": "unauthorized"})]
    assert run(desk).code == UNREACHABLE and desk.posts() == 1
    assert desk.states() == {"AAA-entry-1": "unknown", "BRK.B-entry-1": "planned"}
    desk.clock.wait(1)
    assert run(desk).code == UNREACHABLE and desk.posts() == 1  # this process asks nothing more
    desk.broker = alpaca(desk.fake)
    assert run(desk).code == DONE and each_once(desk)


@pytest.mark.parametrize("minutes", [3, -3])
def test_row_37_a_clock_that_is_off_sends_nothing(desk: BrokerDesk, minutes: int) -> None:
    desk.clock.jumps = False
    desk.fake.now += timedelta(minutes=minutes)
    outcome = run(desk)
    assert outcome.code == HALTED and [one.code for one in outcome.reasons] == ["clock"] and not desk.posts()
    desk.fake.now = desk.clock.instant
    assert run(desk).code == DONE and each_once(desk)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_row_40_without_a_place_for_the_journal_nothing_is_sent(desk: BrokerDesk, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    append, count = Page.append, 0

    def full(self: Page, *arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count > after:
            raise Unwritable("the disk is full")
        return append(self, *arguments)

    monkeypatch.setattr(Page, "append", full)
    assert run(desk).code == FAILED
    sent = {body["client_order_id"] for method, _, body in desk.fake.requests if method == "POST"}
    assert sent <= {one.client_id for one in desk.journal.orders() if one.sendings}
    monkeypatch.setattr(Page, "append", append)
    desk.clock.wait(1)
    assert run(desk).code == DONE and each_once(desk)


def test_row_41_a_database_that_cannot_be_read_sends_nothing(desk: BrokerDesk) -> None:
    database = desk.folder / "state.sqlite"
    database.write_bytes(b"no database" * 1000)
    assert run(desk).code == HALTED and not desk.posts()


def test_row_47_fields_that_came_went_or_changed_leave_exits_possible(desk: BrokerDesk) -> None:
    hold(desk, "HARD", "5")
    desk.decide(("HARD", -5, "time_stop"), session="2026-03-04", held={"HARD": 5})
    desk.move_to("2026-03-04 19:05")

    def other(body: Any) -> Any:
        gone = {"buying_power", "multiplier", "status", "shorting_enabled"}
        return {key: value for key, value in body.items() if key not in gone} | {"news": [1]} if isinstance(body, dict) else body

    desk.fake.faults = [Fault("change", "GET", "/v2/account", times=999, change=other)]
    assert run(desk).code == DONE
    assert [one.state for one in desk.journal.orders() if one.intent.symbol == "HARD"] == ["accepted"]


def test_row_48_yesterday_s_decision_is_not_sent_today(desk: BrokerDesk) -> None:
    assert run(desk, text="2026-03-04 19:05").code == NO_DECISION and not desk.posts()


def test_row_49_an_order_that_arrives_after_the_window_is_refused_and_missed(desk: BrokerDesk) -> None:
    desk.move_to("2026-03-04 09:25")
    submit = desk.broker.submit

    def slowly(order: OrderRequest) -> Answer:
        desk.move_to("2026-03-04 09:28")
        return submit(order)

    desk.broker.submit = slowly  # type: ignore[method-assign]
    assert run(desk).code == DONE and not desk.fake.orders and desk.posts() == 1
    first, second = desk.journal.orders()
    assert (first.state, first.code, second.state) == ("refused", "missed", "missed")


def test_row_50_a_kill_during_sending_keeps_what_went_out_and_drops_the_rest(desk: BrokerDesk) -> None:
    submit = desk.broker.submit

    def killed(order: OrderRequest) -> Answer:
        answer = submit(order)
        (desk.folder / "KILL").write_text("")
        return answer

    desk.broker.submit = killed  # type: ignore[method-assign]
    assert run(desk).code == HALTED
    assert desk.states() == {"AAA-entry-1": "accepted", "BRK.B-entry-1": "cancelled"} and desk.posts() == 1
    assert run(desk, check, "2026-03-04 08:30").code == HALTED  # a person looks: what waits is an entry
    assert desk.states() == {"AAA-entry-1": "cancelled", "BRK.B-entry-1": "cancelled"}
