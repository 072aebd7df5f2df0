"""The morning and the session of a decision: what is checked, rescaled, collected and finished, and a whole day from send to reconcile."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from springback.market.prose import Prose
from springback.operation.morning import SplitCheck
from springback.state.rows import Halt
from springback.state.trading_rows import Reconciliation, Step
from springback.trading.reconciliation import NEW
from springback.workflow import trade_send
from springback.workflow.settings import Settings
from springback.workflow.trade_check import check
from springback.workflow.trade_collect import collect
from springback.workflow.trade_outcome import DONE, HALTED, NO_DECISION, TradeOutcome
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_send import send
from tests.brokers.broker_cases import Case
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold

MORNING, OPEN = "2026-03-04 08:30", "2026-03-04 09:30"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk that sends for the opening auction."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05, poll=30))
    with broker_desk(tmp_path, settings) as one:
        yield one


def paper(desk: BrokerDesk) -> BrokerDesk:
    """The desk on a broker's paper account."""
    desk.settings = replace(desk.settings, execution=replace(desk.settings.execution, open="auto"))
    desk.mode = desk.broker.mode = "paper"  # type: ignore[attr-defined]
    return desk


def run(desk: BrokerDesk, step: Any, text: str = "") -> TradeOutcome:
    """A step at New York's `text`."""
    if text:
        desk.move_to(text)
    outcome: TradeOutcome = step(desk.account, desk.clock)
    return outcome


def splitting(monkeypatch: pytest.MonkeyPatch, **factors: float) -> None:
    """The vendor tells these splits, old shares per new one."""
    monkeypatch.setattr(trade_send, "split_check", lambda *_: SplitCheck("2026-03-04", "a vendor", True, factors))


def test_a_whole_day(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"), ("BRK.B", 2, "entry"))
    assert run(desk, send).code == DONE
    assert run(desk, reconcile, "2026-03-04 03:00").code == DONE
    assert run(desk, check, MORNING).code == DONE
    assert run(desk, collect, OPEN).code == DONE
    assert run(desk, reconcile, "2026-03-04 10:00").code == DONE
    assert desk.states() == {"AAA-entry-1": "filled", "BRK.B-entry-1": "filled"} and desk.posts() == 2
    rows = desk.state.kept(desk.live.name, Step)
    assert [(one.step, one.code) for one in rows] == [(name, 0) for name in ("send", "reconcile", "check", "collect", "reconcile")]
    assert [one.phase for one in desk.state.kept(desk.live.name, Reconciliation)] == ["night", "morning"]
    assert run(desk, send).code == NO_DECISION and run(desk, collect).code == DONE and desk.posts() == 2


def test_row_12_an_exit_that_the_auction_left_is_finished_and_an_entry_is_not(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "10")
    desk.decide(("AAA", -10, "time_stop"), ("BRK.B", 4, "entry"), held={"AAA": 10})
    run(desk, send)
    desk.fake.auction("AAA", "51", "6")
    desk.fake.auction("BRK.B", "202", "1")
    outcome = run(desk, collect, OPEN)
    assert desk.states() == {"AAA-exit-1": "cancelled", "AAA-exit-2": "filled", "BRK.B-entry-1": "cancelled"}
    assert outcome.facts["filled"] == {"AAA exit": -10.0, "BRK.B entry": 1.0}


def test_the_rest_of_an_exit_may_wait_for_the_next_decision(desk: BrokerDesk) -> None:
    desk.settings = replace(desk.settings, execution=replace(desk.settings.execution, unfilled="wait"))
    hold(desk, "AAA", "10")
    desk.decide(("AAA", -10, "time_stop"), held={"AAA": 10})
    run(desk, send)
    desk.fake.auction("AAA", "51", "6")
    run(desk, collect, OPEN)
    assert desk.states() == {"AAA-exit-1": "cancelled"}


def test_row_33_an_exit_that_another_hand_cancelled_is_not_sent_again(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "10")
    desk.decide(("AAA", -10, "time_stop"), held={"AAA": 10})
    run(desk, send)
    desk.fake.end(desk.journal.orders()[0].client_id)
    run(desk, check, MORNING)
    run(desk, collect, OPEN)
    assert desk.states() == {"AAA-exit-1": "cancelled"} and desk.posts() == 1


def test_after_the_quarter_of_an_hour_nothing_is_sent(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "10")
    desk.decide(("AAA", -10, "time_stop"), held={"AAA": 10})
    run(desk, send)
    desk.fake.auction("AAA", None)
    assert run(desk, collect, "2026-03-04 09:45").code == DONE
    assert desk.states() == {"AAA-exit-1": "cancelled"} and desk.posts() == 1


def test_on_paper_all_orders_go_out_after_the_open_exits_first(desk: BrokerDesk) -> None:
    hold(paper(desk), "AAA", "10")
    desk.decide(("BRK.B", 2, "entry"), ("AAA", -10, "time_stop"), held={"AAA": 10})
    run(desk, send), run(desk, check, MORNING)
    assert not desk.posts()
    run(desk, collect, OPEN)
    assert desk.states() == {"AAA-exit-1": "filled", "BRK.B-entry-1": "filled"}
    assert [body["time_in_force"] for method, _, body in desk.fake.requests if method == "POST"] == ["day", "day"]


def test_on_paper_too_late_is_missed(desk: BrokerDesk) -> None:
    paper(desk).decide(("BRK.B", 2, "entry"))
    run(desk, send)
    run(desk, collect, "2026-03-04 09:46")
    assert desk.states() == {"BRK.B-entry-1": "missed"} and not desk.posts()


def test_row_16_an_order_of_a_name_that_splits_waits_for_the_morning(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    splitting(monkeypatch, AAA=0.4)
    desk.decide(("AAA", 11, "entry"), ("BRK.B", 2, "entry"))
    assert run(desk, send).facts["withheld"] == ["AAA"] and desk.states() == {"BRK.B-entry-1": "accepted"}
    desk.fake.prices["AAA"] *= Decimal("0.4")
    assert run(desk, check, MORNING).code == DONE
    (order,) = [one for one in desk.journal.orders() if one.intent.symbol == "AAA"]
    assert order.intent.quantity == Decimal(27) and order.state == "accepted"
    run(desk, check)
    assert desk.posts() == 2


def test_row_16_a_split_that_is_heard_of_later_ends_the_order_and_sends_another(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(desk, "BRK.B", "9")
    desk.decide(("AAA", 11, "entry"), ("BRK.B", -9, "time_stop"), held={"BRK.B": 9})
    run(desk, send)
    splitting(monkeypatch, AAA=0.5, **{"BRK.B": 4.0})
    desk.move_to("2026-03-04 03:00")
    desk.fake.split("BRK.B", "4")
    run(desk, check, MORNING)
    assert desk.states() == {
        "AAA-entry-1": "cancelled",
        "AAA-entry-2": "accepted",
        "BRK.B-exit-1": "cancelled",
        "BRK.B-exit-2": "accepted",
    }
    assert {one.client_id[-9:]: one.intent.quantity for one in desk.journal.orders() if one.live} == {"A-entry-2": 22, ".B-exit-2": 2}
    run(desk, check)
    assert desk.posts() == 4 and len(desk.states()) == 4


@pytest.mark.parametrize("change", ["borrow", "tradable", "renamed"])
def test_row_21_an_entry_whose_name_is_in_doubt_is_cancelled(desk: BrokerDesk, change: str) -> None:
    desk.decide(("AAA", -10, "entry"))
    run(desk, send)
    asset = desk.fake.assets["AAA"]
    if change == "borrow":
        asset.borrow = "hard_to_borrow"
    elif change == "tradable":
        asset.tradable = False
    else:
        hold(desk, "AAA", "0")
        desk.fake.rename("AAA", "NEW")
        next(iter(desk.fake.orders.values()))["symbol"] = "NEW"
    outcome = run(desk, check, MORNING)
    assert desk.states() == {"AAA-entry-1": "cancelled"} and outcome.code == DONE
    (order,) = desk.journal.orders()
    assert order.code == {"borrow": "no_borrow", "tradable": "not_tradable", "renamed": "no_identity"}[change]


def test_row_21_a_short_that_ends_without_a_word_had_no_borrow(desk: BrokerDesk) -> None:
    desk.decide(("AAA", -10, "entry"))
    run(desk, send)
    desk.fake.assets["AAA"].borrow = "hard_to_borrow"
    desk.fake.end(desk.journal.orders()[0].client_id)
    run(desk, check, MORNING)
    (order,) = desk.journal.orders()
    assert (order.state, order.code) == ("cancelled", "no_borrow")


def test_row_23_buying_power_that_is_gone_cancels_entries_from_the_last(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"), ("BRK.B", 10, "entry"))
    run(desk, send)
    desk.fake.cash, desk.fake.multiplier = Decimal(500), Decimal("1.2")
    outcome = run(desk, check, MORNING)
    assert desk.states() == {"AAA-entry-1": "accepted", "BRK.B-entry-1": "cancelled"}
    assert [one.code for one in outcome.reasons if one.symbol] == ["buying_power"]


def test_a_halt_of_the_night_cancels_the_entries_of_its_scope(desk: BrokerDesk) -> None:
    hold(desk, "BRK.B", "2")
    desk.decide(("AAA", 10, "entry"), ("BRK.B", -2, "time_stop"), held={"BRK.B": 2})
    run(desk, send)
    desk.state.halt(desk.live.name, Halt("entries", "pause", Prose("a test"), "a tester", desk.clock.now()))
    run(desk, check, MORNING)
    assert desk.states() == {"AAA-entry-1": "cancelled", "BRK.B-exit-1": "accepted"}


def intraday(desk: BrokerDesk) -> BrokerDesk:
    """The desk with stops that rest at the market."""
    desk.settings = replace(desk.settings, strategy=replace(desk.settings.strategy, stop_mode="intraday"))
    return desk


def test_stops_rest_from_the_morning_on_for_what_is_held_and_not_closing(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(intraday(desk), "AAA", "10")
    hold(desk, "BRK.B", "3")
    splitting(monkeypatch, AAA=0.5)
    desk.decide(
        ("AAA", -10, "resting_stop", 45.33), ("BRK.B", -3, "resting_stop", 180.0), ("BRK.B", -3, "time_stop"), held={"AAA": 10, "BRK.B": 3}
    )
    run(desk, send)
    assert desk.states() == {"BRK.B-exit-1": "accepted"}
    desk.fake.split("AAA", "0.5")
    outcome = run(desk, check, MORNING)
    assert outcome.facts["stops"] == ["AAA"]
    (body,) = [body for method, _, body in desk.fake.requests if method == "POST" and body["type"] == "stop"]
    assert (body["qty"], body["stop_price"], body["time_in_force"], body["position_intent"]) == ("20", "22.66", "day", "sell_to_close")
    run(desk, check)
    assert desk.posts() == 2


def test_row_25_a_resting_stop_is_ended_before_the_exit_of_its_shares(desk: BrokerDesk) -> None:
    hold(intraday(desk), "AAA", "10")
    desk.decide(("AAA", -10, "resting_stop", 45.33), held={"AAA": 10}, session="2026-03-02")
    desk.clock.instant = desk.fake.now = desk.clock.instant.replace(day=3, hour=13, minute=30)  # the morning of 3 March
    run(desk, check)
    desk.move_to("2026-03-03 15:00")
    assert desk.states() == {"AAA-stop-1": "accepted"}
    desk.fake.orders[next(iter(desk.fake.orders))]["time_in_force"] = "gtc"  # a server that forgot to end it
    desk.move_to("2026-03-03 19:05")
    desk.decide(("AAA", -10, "time_stop"), held={"AAA": 10})
    run(desk, send)
    assert desk.states() == {"AAA-stop-1": "cancelled", "AAA-exit-1": "accepted"}


def test_shares_that_nobody_explains_halt_their_name(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "10")
    desk.decide(("BRK.B", 1, "entry"))
    outcome = run(desk, reconcile)
    assert outcome.code == HALTED and outcome.facts["names"] == ["AAA"]
    assert [one.symbol for one in desk.state.halts(desk.live.name)] == ["AAA"]


def test_the_account_is_reconciled_before_its_first_decision(desk: BrokerDesk) -> None:
    assert run(desk, reconcile).code == DONE


def test_row_33_a_manual_trade_is_shown_and_left_alone(desk: BrokerDesk) -> None:
    desk.decide(("BRK.B", 1, "entry"))
    Case(desk.broker, desk.fake).submit("by-hand", "buy", "5")
    assert run(desk, send).facts["foreign_orders"] == ["by-hand"]
    run(desk, check, MORNING), run(desk, collect, OPEN)
    assert {one["client_order_id"]: one["status"] for one in desk.fake.orders.values()}["by-hand"] == "filled"


def fractions(desk: BrokerDesk, **parts: str) -> None:
    """The account was reconciled and has these fractions."""
    body = json.dumps({"fractions": parts, "memory": NEW.plain()})
    desk.state.keep(desk.live.name, Reconciliation(date(2026, 3, 3), "night", desk.clock.now(), 0, body))


@pytest.mark.parametrize("unfilled", ["market", "wait"])
def test_fractions_are_sold_and_bought_back_once_in_the_session(desk: BrokerDesk, unfilled: str) -> None:
    desk.settings = replace(desk.settings, execution=replace(desk.settings.execution, unfilled=unfilled))
    hold(desk, "AAA", "11.5"), hold(desk, "BRK.B", "-3.25"), hold(desk, "HARD", "25")
    fractions(desk, AAA="0.5", HARD="25", **{"BRK.B": "-0.25"})
    desk.decide(("AAA", -11, "time_stop"), held={"AAA": 11, "BRK.B": -3})
    run(desk, send), run(desk, check, MORNING)
    assert desk.states() == {"AAA-exit-1": "accepted"}
    run(desk, collect, OPEN), run(desk, collect)
    assert desk.states() == dict.fromkeys(("AAA-exit-1", "AAA-exit-2", "BRK.B-exit-1", "HARD-exit-1"), "filled")
    sent = {
        (body["symbol"], body["side"], body["qty"], body["time_in_force"]) for method, _, body in desk.fake.requests if method == "POST"
    }
    rests = {("AAA", "sell", "0.5", "day"), ("BRK.B", "buy", "0.25", "day"), ("HARD", "sell", "25", "day")}
    assert sent == {("AAA", "sell", "11", "opg"), *rests} and desk.posts() == 4
    desk.move_to("2026-03-04 19:05")
    desk.decide(held={"BRK.B": -3}, session="2026-03-04")
    run(desk, send), run(desk, collect, "2026-03-05 09:30")
    assert desk.posts() == 4


def test_a_fraction_that_the_broker_refuses_is_not_sent_again_in_the_session(desk: BrokerDesk) -> None:
    hold(desk, "HARD", "25")
    fractions(desk, HARD="25")
    desk.decide(("AAA", 10, "entry"))
    run(desk, send)
    desk.fake.auction("AAA", None)
    desk.fake.assets["HARD"].tradable = False
    run(desk, collect, OPEN), run(desk, collect)
    assert desk.states()["HARD-exit-1"] == "refused" and len(desk.states()) == 2
