"""A day of a desk at Interactive Brokers: sent after the decision, collected at the open; a lost order goes out again under its number."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from springback.brokers.interactive_brokers import InteractiveBrokers
from springback.errors import InputError, WrongAccount
from springback.state.trading_rows import Reconciliation
from springback.trading.journal import Order
from springback.workflow.reconcile import booked
from springback.workflow.settings import Settings
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_collect import collect
from springback.workflow.trade_outcome import DONE, HALTED, TradeOutcome
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_send import send
from springback.workflow.trader import trading_account
from tests.brokers.broker_cases import at
from tests.brokers.fake_tws import Fault
from tests.brokers.ib_cases import ib_case
from tests.trading.broker_desks import BrokerDesk, MarketClock

EVENING, OPEN = "2026-03-03 16:32", "2026-03-04 09:30"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk at the fake Gateway, just after the decision."""
    with ib_case() as case:
        case.market.now = at(EVENING)
        settings = replace(Settings(), brokers=case.broker.settings)  # type: ignore[attr-defined]
        settings = replace(settings, execution=replace(settings.execution, open="opg", settle=60, poll=30))
        yield BrokerDesk(tmp_path, case.market, case.broker, MarketClock(case.market, at(EVENING)), settings, mode="paper")


def run(desk: BrokerDesk, step: Any, text: str = "") -> TradeOutcome:
    """A step at New York's `text`."""
    if text:
        desk.move_to(text)
    outcome: TradeOutcome = step(desk.account, desk.clock)
    return outcome


def numbers(orders: tuple[Order, ...]) -> dict[str, str]:
    """The number under which each order went out, as the journal kept it before."""
    return {one.intent.symbol: dict(one.identity)["orderId"] for one in orders}


def test_orders_go_out_at_once_and_fill_at_the_open(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"), ("BRK.B", 2, "entry"))
    assert run(desk, send).code == DONE and desk.states() == {"AAA-entry-1": "accepted", "BRK.B-entry-1": "accepted"}
    kept = numbers(desk.journal.orders())
    assert kept == {one["orderRef"].split("-")[3]: str(one["orderId"]) for one in desk.fake.orders}  # type: ignore[attr-defined]
    assert run(desk, send).code == DONE and len(desk.fake.orders) == 2
    assert run(desk, collect, OPEN).code == DONE
    filled = {one.intent.symbol: (one.filled_quantity, one.average_price, one.fills[0].fee) for one in desk.journal.orders()}
    assert filled == {"AAA": (10, 51, 1), "BRK.B": (2, 202, 1)}


def test_an_order_that_was_lost_is_proven_absent_and_sent_again_under_its_number(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.fake.faults = [Fault("silence")]  # type: ignore[list-item]
    assert run(desk, send).code == DONE and desk.states() == {"AAA-entry-1": "accepted"}
    (order,) = desk.journal.orders()
    assert order.sendings == 2 and len(desk.fake.orders) == 1
    assert [one[1] for one in desk.fake.sent()] == [numbers((order,))["AAA"]] * 2  # type: ignore[attr-defined]


def test_the_settings_open_the_gateway_that_they_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = replace(Settings(), brokers=replace(Settings().brokers, account="DU1234567"))
    account = trading_account(tmp_path / "desk", settings, "ib", False, TradeClock())
    assert isinstance(account.broker, InteractiveBrokers) and account.broker.flex is None
    assert (account.mode, account.rehearsal, account.folder.name) == ("paper", False, "DU1234567")
    (keys := tmp_path / ".config" / "springback" / "keys.toml").parent.mkdir(parents=True)
    keys.write_text('[ib_flex]\nIB_FLEX_TOKEN = "1"\nIB_FLEX_QUERY = "2"\n')
    keys.chmod(0o600)
    again = trading_account(tmp_path / "desk", settings, "ib", False, TradeClock())
    assert isinstance(again.broker, InteractiveBrokers) and again.broker.flex is not None and again.broker.flex.query == "2"
    with pytest.raises(WrongAccount, match="live was meant"):
        trading_account(tmp_path / "desk", settings, "ib", True, TradeClock())
    with pytest.raises(InputError, match="simulated or alpaca or ib"):
        trading_account(tmp_path / "desk", settings, "tws", False, TradeClock())


@pytest.mark.parametrize(
    ("told", "whole"),
    [({"statement": False}, False), ({"booked_until": date(2026, 3, 2)}, False), ({"booked_until": date(2026, 3, 3)}, True)],
)
def test_a_night_without_the_sessions_statement_leaves_the_day_unreconciled(
    desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], whole: bool
) -> None:
    asked = InteractiveBrokers.events
    full = {"statement": True, "booked_until": None, **told}
    monkeypatch.setattr(InteractiveBrokers, "events", lambda *words: replace(asked(*words), **full))
    desk.decide(("AAA", 10, "entry"))
    run(desk, send)
    outcome = run(desk, reconcile, "2026-03-04 03:00")
    assert outcome.code == DONE and ("no_statement" in {one.code for one in outcome.reasons}) != whole
    row = desk.state.newest(desk.live.name, Reconciliation)
    assert row is not None and booked(json.loads(row.body), date(2026, 3, 3)) == whole


def test_a_statement_that_is_refused_is_said_in_the_reason_and_is_an_incident(desk: BrokerDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, why = InteractiveBrokers.events, "IB's Flex service refuses (1012): the token has expired"
    with monkeypatch.context() as patch:
        patch.setattr(InteractiveBrokers, "events", lambda *words: replace(asked(*words), statement=False, silence=why))
        desk.decide(("AAA", 10, "entry"))
        outcome = run(desk, reconcile, "2026-03-04 03:00")
    assert any("token has expired" in str(one.text) for one in outcome.reasons if one.code == "no_statement")
    (incident,) = desk.state.incidents(desk.live.name)
    assert incident.cause == "trade.no_statement" and "token has expired" in str(incident.words)
    monkeypatch.setattr(InteractiveBrokers, "events", lambda *words: replace(asked(*words), statement=True))
    run(desk, reconcile, "2026-03-04 03:10")
    assert not desk.state.incidents(desk.live.name)


def test_a_rehearsed_time_is_for_paper_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for number in ("U1234567", "DF123456"):
        settings = replace(Settings(), brokers=replace(Settings().brokers, account=number))
        with pytest.raises(InputError, match="--clock rehearses at IB on a paper account"):
            trading_account(tmp_path / "desk", settings, "ib", False, TradeClock(at(EVENING)))
        assert not (tmp_path / "desk").exists()
    settings = replace(Settings(), brokers=replace(Settings().brokers, account="DU1234567"))
    assert trading_account(tmp_path / "desk", settings, "ib", False, TradeClock(at(EVENING))).rehearsal


def test_a_login_that_opens_no_paper_account_is_refused_with_a_set_clock(desk: BrokerDesk) -> None:
    desk.fake.account = "U1234567"  # type: ignore[attr-defined]
    desk.decide(("AAA", 10, "entry"))
    outcome = run(desk, send)
    assert outcome.code == HALTED and [one.code for one in outcome.reasons] == ["wrong_account"] and not desk.fake.sent()  # type: ignore[attr-defined]


def test_who_takes_the_account_hangs_up(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    with desk.account:
        run(desk, send)
        assert desk.broker.line.connected  # type: ignore[attr-defined]
    assert not desk.broker.line.connected  # type: ignore[attr-defined]
