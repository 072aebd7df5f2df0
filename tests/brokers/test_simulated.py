"""The simulated broker is the backtest's market: an account that sends the backtest's orders has its fills and its cash."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from springback.backtest.result import Result
from springback.backtest.run import backtest
from springback.backtest.state import WAITING
from springback.brokers.broker import OrderRequest
from springback.brokers.simulated import Simulated, Terms
from springback.errors import InputError, Refused, SettingsError
from springback.market.actions import SPLIT
from springback.market.costs import Costs, Profile
from springback.market.market_data import MarketData
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.rule import ENTRY
from tests.backtest.worlds import account_of, random_forecasts, random_tape
from tests.brokers.broker_cases import EVENING, SINCE, Case, Clock, at, hours, law, simulated

FEW = Strategy(slots=3, probability=0.4, qpi_low=30, qpi_high=70)


class Desk:
    """Sends what a backtest decided on the morning after: an entry for one open, an exit again until it is done."""

    def __init__(self, result: Result, market_data: MarketData, profile: Profile) -> None:
        self.result, self.market_data = result, market_data
        self.clock = Clock(at(f"{market_data.bars.sessions[0]} 09:00"))
        terms = Terms(cash=result.cash, leverage=1000.0)
        self.broker = Simulated(market_data, hours(market_data.bars.sessions), self.clock, law(profile), terms)

    def play(self) -> None:
        """Every session; cash and equity are the backtest's at each close."""
        for row, session in enumerate(self.market_data.bars.sessions):
            self.clock.move_to(at(f"{session} 16:30"))
            account, daily = self.broker.state().account, self.result.daily
            assert float(account.cash or 0) == pytest.approx(daily["cash"][row], abs=1e-6)
            assert float(account.equity or 0) == pytest.approx(daily["equity"][row], abs=1e-6)
            if row + 1 < len(self.market_data.bars.sessions):
                self.clock.move_to(at(f"{self.market_data.bars.sessions[row + 1]} 08:30"))
                self.send(row)

    def send(self, row: int) -> None:
        """The orders that the backtest has at the market after the close of `row`."""
        columns = self.result.orders
        for k in range(len(columns["order_id"])):
            until = self.market_data.bars.shape[0] if columns["status"][k] == WAITING else columns["ended"][k]
            if columns["row"][k] <= row < until:
                self.one(k, row)

    def one(self, k: int, row: int) -> None:
        """Order `k`, for as many shares as the splits up to the next open leave of it."""
        columns = self.result.orders
        quantity, name = int(columns["quantity"][k]), int(columns["name"][k])
        actions = self.market_data.actions
        since = (actions.row > columns["row"][k]) & (actions.row <= row + 1) & (actions.name == name) & (actions.kind == SPLIT)
        for factor in actions.value[since]:
            quantity = int(quantity / factor)
        if quantity:
            symbol, side = self.market_data.bars.symbols[name], "buy" if quantity > 0 else "sell"
            purpose = "entry" if columns["reason"][k] == ENTRY else "exit"
            order = OrderRequest(f"sb-{k}-{row}", symbol, symbol, side, Decimal(abs(quantity)), purpose)  # type: ignore[arg-type]
            try:
                self.broker.submit(order)
            except Refused as refused:
                assert refused.code == "unknown_name"  # noqa: PT017 (its last session is over: the backtest's order waits for ever)


@examples(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["lean", "realistic"]))
def test_the_backtests_orders_have_the_backtests_fills_and_cash(seed: int, profile: Profile) -> None:
    market_data = random_tape(seed)
    result = backtest(market_data, random_forecasts(seed, market_data), account_of(market_data, profile), FEW, Regime(), Costs())
    desk = Desk(result, market_data, profile)
    desk.play()
    told = [(one.symbol, one.quantity if one.side == "buy" else -one.quantity, one.price, one.fee) for one in desk.broker.fills]
    fills = result.fills
    mine = [k for k in range(len(fills["row"])) if not fills["midnight"][k]]
    theirs = [
        (
            market_data.bars.symbols[int(fills["name"][k])],
            Decimal(int(fills["quantity"][k])),
            Decimal(repr(float(fills["price"][k]))),
            Decimal(repr(float(fills["fee"][k]))),
        )
        for k in mine
    ]
    assert sorted(told) == sorted(theirs) and len(told) > 10


def case_with(**terms: Any) -> Case:
    """The small market with luck."""
    clock = Clock(at(EVENING))
    return Case(simulated(clock, **terms), clock)


def outcomes(seed: int) -> tuple[list[str], dict[str, Decimal | None]]:
    """Ids that were turned away, and the shares of the others that filled, of forty orders."""
    case, refused = case_with(seed=seed, partial=0.3, refusal=0.2, leverage=100.0), []
    for k in range(40):
        try:
            case.submit(f"sb-{k}", "buy", "100")
        except Refused as error:
            assert error.code == "luck"  # noqa: PT017
            refused.append(f"sb-{k}")
    case.move_to("2026-03-04 09:31")
    return refused, {one.client_id: one.filled_quantity for one in case.events().orders}


def test_luck_is_the_seeds_and_the_ids_alone() -> None:
    refused, filled = outcomes(7)
    assert outcomes(7) == (refused, filled) and outcomes(8) != (refused, filled)
    partial = [one for one in filled.values() if one is not None and one < 100]
    assert 2 <= len(refused) <= 15 and 4 <= len(partial) <= 20 and all(one >= 1 for one in partial)


def test_a_partly_filled_order_is_cancelled_with_what_filled() -> None:
    case = case_with(partial=1.0)
    case.submit("sb-1", "buy", "100")
    case.move_to("2026-03-04 09:31")
    (order,), (fill,) = case.events().orders, case.events().fills
    assert order.state == "cancelled" and order.filled_quantity == fill.quantity < 100
    assert [one.quantity for one in case.broker.state().positions] == [fill.quantity]


def test_a_restart_knows_all_that_was_sent(tmp_path: Path) -> None:
    file, clock = tmp_path / "calls.jsonl", Clock(at(EVENING))
    case = Case(simulated(clock, file), clock)
    for k in range(3):
        case.submit(f"sb-{k}", "buy", "10")
    case.broker.cancel("sb-1")
    again = Case(simulated(clock, file), clock)
    assert again.events() == case.events() and again.submit("sb-0").duplicate
    for moment in ("2026-03-04 09:31", "2026-03-05 20:00"):
        clock.move_to(at(moment))
        assert simulated(clock, file).events(at(SINCE)) == case.events() and simulated(clock, file).state() == case.broker.state()


def test_a_call_that_was_cut_off_was_never_made(tmp_path: Path) -> None:
    file, clock = tmp_path / "calls.jsonl", Clock(at(EVENING))
    Case(simulated(clock, file), clock).submit("sb-0")
    whole = file.read_bytes()
    Case(simulated(clock, file), clock).submit("sb-1")
    file.write_bytes(file.read_bytes()[:-5])
    again = Case(simulated(clock, file), clock)
    assert again.events("sb-1").absent == {"sb-1"} and file.read_bytes() == whole
    assert not again.submit("sb-1").duplicate and simulated(clock, file).events(at(SINCE), ["sb-1"]).absent == frozenset()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file, clock = tmp_path / "calls.jsonl", Clock(at(EVENING))
    file.write_text("no calls\n")
    with pytest.raises(InputError, match="calls"):
        simulated(clock, file)
    file.unlink()
    simulated(clock, file)
    with pytest.raises(InputError, match="other terms"):
        simulated(clock, file, cash=5.0)


def test_terms_out_of_range_are_refused() -> None:
    with pytest.raises(SettingsError, match="partial"):
        Terms(partial=1.5)


def test_a_session_without_hours_is_refused() -> None:
    market_data = random_tape(1)
    with pytest.raises(InputError, match="hours"):
        Simulated(market_data, hours(market_data.bars.sessions[:5]), Clock(at(EVENING)), law())


def test_an_elected_stop_fills_at_its_level_after_the_close() -> None:
    case = case_with()
    case.submit("sb-1", "buy", "10")
    case.move_to("2026-03-04 20:00")
    case.submit("sb-2", "sell", "10", purpose="stop", time_in_force="day", type="stop", stop_price=Decimal("50.00"))
    case.move_to("2026-03-05 12:00")
    state = {one.client_id: one.state for one in case.events().orders}
    assert state["sb-2"] == "filled"  # the open is at the level
    assert [float(one.price) for one in case.events().fills] == [51.0, 50.0]


def test_dividends_and_splits_are_activities() -> None:
    market_data = random_tape(3)
    clock = Clock(at(f"{market_data.bars.sessions[0]} 17:00"))
    broker = Simulated(market_data, hours(market_data.bars.sessions), clock, law(), Terms(leverage=1000.0))
    for symbol in market_data.bars.symbols:
        if not np.isnan(market_data.bars.close[0, market_data.bars.symbols.index(symbol)]):
            broker.submit(OrderRequest(f"sb-{symbol}", symbol, symbol, "buy", Decimal(101), "entry"))
    clock.move_to(at(f"{market_data.bars.sessions[1]} 17:00"))
    before = broker.state()
    clock.move_to(at(f"{market_data.bars.sessions[-1]} 17:00"))
    after, told = broker.state(), broker.events(clock.now - timedelta(days=900)).activities
    moved = sum(one.amount or 0 for one in told if one.at and one.at > before.time)
    assert {one.kind for one in told} >= {"dividend", "split", "reorganisation"}
    assert float((after.account.cash or 0) - (before.account.cash or 0)) == pytest.approx(float(moved), abs=1e-6)
    for position in after.positions:
        start = next(one.quantity for one in before.positions if one.symbol == position.symbol)
        assert position.quantity == start + sum(one.quantity or 0 for one in told if one.symbol == position.symbol and one.kind == "split")
