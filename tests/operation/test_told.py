"""An account whose fills are told: without differences it is the loop's to the last bit; with them it is what was told, and no more."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.backtest.run import Backtest
from springback.backtest.state import WHYS
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.book import NEVER
from springback.market.costs import Costs, Profile
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, opening
from springback.operation.evening import FREE, Curbs, Evening, Terms, play
from springback.operation.outcomes import Holding, OrderOutcome, Outcomes
from springback.operation.window import sessions_needed, window
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.rule import DELISTING, REASONS
from springback.strategy.universe import Universe
from tests.backtest.variants import VARIANTS, sessions_of, turned
from tests.backtest.worlds import flat_tape, random_forecasts, random_tape, signals

BUSY = Strategy(qpi_low=40.0, qpi_high=60.0, probability=0.5, slots=3)
LEAN = Backtest(cash=100_000.0, profile="lean")
SIZED = Curbs(capital=50_000.0)
"""Sizes that do not hang on a few dollars of equity."""


def seen_by(state: AccountState, market_data: MarketData, said: Forecasts, terms: Terms, end: int) -> tuple[MarketData, Forecasts]:
    length = sessions_needed(terms.strategy, terms.regime, Universe())
    seen = window(market_data, end, length, state.symbols)
    column = [market_data.bars.symbols.index(one) for one in seen.bars.symbols]
    first = max(0, end - length)
    return seen, Forecasts(*(panel[first:end, column] for panel in (said.qpi, said.p_long, said.p_short, said.adv)))


def told(evening: Evening, cash: float = 0.0) -> Outcomes:
    """The loop's own fills, cash and positions, as if a broker had told them; `cash` dollars more."""
    fills = {
        int(one["order_id"]): OrderOutcome(int(one["quantity"]), float(one["price"]), float(one["fee"]), float(one["slippage"]))
        for one in evening.fills
        if one["reason"] != DELISTING
    }
    held = {symbol: Holding(line.quantity, line.entry_price) for symbol, line in evening.before.positions.items()}
    return Outcomes(fills, evening.before.cash + cash, held)


def known(state: AccountState, cool_down: int) -> AccountState:
    """What of `state` may matter: not who assumed it, nor when a name was left that cools down no more."""
    lives = {symbol: replace(life, assumed=True) for symbol, life in state.lives.items()}
    lines = {}
    for symbol, line in state.lines.items():
        since = {name: getattr(line, name) for name in ("since_long", "since_short")}
        lines[symbol] = line._replace(**{name: NEVER if count > cool_down else count for name, count in since.items()})
    return replace(state, lives=lives, lines=lines)


def same(one: Evening, other: Evening, cool_down: int = NEVER) -> None:
    assert known(one.before, cool_down).to_json() == known(other.before, cool_down).to_json()
    assert known(one.after, cool_down).to_json() == known(other.after, cool_down).to_json()
    for name in ("orders", "ended", "fills", "trades", "daily"):
        ours, theirs = getattr(one, name), getattr(other, name)
        for field in ours.dtype.names:
            np.testing.assert_array_equal(ours[field], theirs[field], err_msg=f"{name}.{field}")
    np.testing.assert_array_equal(one.funnel, other.funnel)


@pytest.mark.parametrize("variant", sorted(VARIANTS))
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), profile=st.sampled_from(["lean", "realistic"]))
def test_the_loops_own_fills_told_are_the_loop(variant: str, seed: int, profile: Profile) -> None:
    market_data, strategy = random_tape(seed, sessions_of(variant)), turned(BUSY, variant)
    said = random_forecasts(seed, market_data)
    terms = Terms(*strategy, Costs(), Backtest(cash=100_000.0, profile=profile))
    state, filled = opening(100_000.0), 0
    for end in range(2, market_data.bars.shape[0] + 1):
        seen, own = seen_by(state, market_data, said, terms, end)
        assumed = play(state, seen, own, terms)
        same(play(state, seen, own, terms, outcomes=told(assumed)), assumed)
        state, filled = assumed.after, filled + len(assumed.fills)
    assert filled > 20


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_other_cash_changes_cash_alone(variant: str) -> None:
    market_data, strategy = random_tape(5, sessions_of(variant)), turned(BUSY, variant)
    said, terms = random_forecasts(5, market_data), Terms(*strategy, Costs(), LEAN)
    state = opening(100_000.0)
    for end in range(2, market_data.bars.shape[0] + 1):
        seen, own = seen_by(state, market_data, said, terms, end)
        assumed = play(state, seen, own, terms, SIZED)
        richer = play(state, seen, own, terms, SIZED, outcomes=told(assumed, cash=12.5))
        assert richer.after.cash == assumed.after.cash + 12.5 and richer.daily["equity"] == pytest.approx(assumed.daily["equity"] + 12.5)
        daily = richer.daily.copy()
        daily["cash"], daily["equity"] = assumed.daily["cash"], assumed.daily["equity"]
        same(
            replace(
                richer,
                daily=daily,
                before=replace(richer.before, cash=assumed.before.cash, peak=assumed.before.peak),
                after=replace(richer.after, cash=assumed.after.cash, peak=assumed.after.peak),
            ),
            assumed,
            strategy[0].cool_down,
        )
        state = assumed.after


class Case:
    """An account of two names at $100, AAA bought and BBB sold short after the second session, played session by session."""

    def __init__(self, actions: Actions | None = None, closes: list[float] | None = None, **knobs: object) -> None:
        market_data = flat_tape({"AAA": closes or [100.0] * 16, "BBB": [100.0] * 16})
        self.market_data = replace(market_data, actions=actions or Actions.none())
        self.said = signals(self.market_data, {(1, "AAA"): (5.0, 0.9, 0.1), (1, "BBB"): (95.0, 0.1, 0.9)})
        self.terms = Terms(Strategy(slots=2, **knobs), Regime(), Costs(), LEAN)  # type: ignore[arg-type]
        self.state, self.end = opening(100_000.0), 2
        self.next(Outcomes())

    def next(self, outcomes: Outcomes, curbs: Curbs = FREE) -> Evening:
        seen, own = seen_by(self.state, self.market_data, self.said, self.terms, self.end)
        evening = play(self.state, seen, own, self.terms, curbs, outcomes=outcomes)
        self.state, self.end = evening.after, self.end + 1
        return evening

    def id(self, symbol: str) -> int:
        (order,) = (one for one in self.state.working if one.symbol == symbol)
        return order.order_id

    def filled(self, **shares: int) -> Outcomes:
        return Outcomes({self.id(symbol): OrderOutcome(quantity, 100.0, 1.0) for symbol, quantity in shares.items()})

    def until_exit(self) -> None:
        """Both positions are filled, and the time stop has sent their exits."""
        self.next(self.filled(AAA=550, BBB=-100))
        while not self.state.working:
            self.next(Outcomes())


def test_a_partly_filled_entry_is_a_position_of_what_filled_and_an_unfilled_one_is_over() -> None:
    case = Case()
    assert [(one.symbol, one.quantity) for one in case.state.working] == [("AAA", 550), ("BBB", -100)]
    evening = case.next(case.filled(AAA=200))
    line = evening.after.lines["AAA"]
    assert (line.quantity, line.waiting, line.entry_price, line.age) == (200, 0, 100.0, 1) and not evening.after.working
    assert evening.after.cash == 100_000.0 - 200 * 100.0 - 1.0 and set(evening.after.positions) == {"AAA"}
    assert [(evening.symbols[int(one["name"])], WHYS[int(one["why"])]) for one in evening.ended] == [
        ("AAA", "unfilled"),
        ("BBB", "unfilled"),
    ]
    assert evening.after.lives["AAA"].counts["quantity"] == 200 and not evening.after.lives["AAA"].assumed


def test_the_rest_of_an_exit_waits_under_its_id_until_it_is_filled() -> None:
    case = Case()
    case.until_exit()
    ids = {symbol: case.id(symbol) for symbol in ("AAA", "BBB")}
    first = case.next(case.filled(AAA=-150))
    assert [(one.order_id, one.symbol, one.quantity) for one in first.after.working] == [
        (ids["AAA"], "AAA", -400),
        (ids["BBB"], "BBB", 100),
    ]
    assert first.after.lines["AAA"].quantity == 400 and first.after.lines["AAA"].closing and not len(first.trades) and not len(first.orders)
    second = case.next(Outcomes())
    assert (
        [one.order_id for one in second.after.working] == list(ids.values())
        and second.after.lines["BBB"].closing
        and second.after.lines["BBB"].age == 8
    )
    third = case.next(case.filled(AAA=-400, BBB=100))
    assert not third.after.working and not third.after.positions
    assert {third.symbols[int(one["name"])]: one["profit"] for one in third.trades} == {"AAA": -3.0, "BBB": -2.0}


def test_the_slots_of_what_is_leaving_are_free_and_the_name_is_in_the_book() -> None:
    case = Case()
    case.until_exit()
    case.said.qpi[case.end - 1, 0], case.said.p_long[case.end - 1, 0] = 5.0, 0.9
    again = case.next(Outcomes())
    assert not len(again.orders) and again.funnel[0][3] == 1


def test_a_busted_entry_was_never_there_and_its_exit_is_gone() -> None:
    case = Case()
    case.until_exit()
    cash = 100_000.0 - 1.0 + 10_000.0
    evening = case.next(Outcomes({}, cash, {"BBB": Holding(-100, 100.0)}))
    assert set(evening.after.positions) == {"BBB"} and [one.symbol for one in evening.after.working] == ["BBB"]
    assert evening.after.cash == cash and evening.daily["equity"] == cash - 10_000.0
    assert (evening.daily["n_long"], evening.daily["n_short"], evening.daily["long_value"]) == (0, 1, 0)


def test_a_busted_exit_brings_the_position_back_with_its_own_age() -> None:
    case = Case()
    case.until_exit()
    case.next(case.filled(AAA=-550, BBB=100))
    assert not case.state.positions
    evening = case.next(Outcomes({}, None, {"AAA": Holding(550, 100.0, "2020-01-03", 7)}))
    (order,) = evening.orders  # six sessions were over: it leaves again
    assert (int(order["quantity"]), REASONS[int(order["reason"])]) == (-550, "time_stop")
    assert evening.after.lives["AAA"].opened == "2020-01-03" and evening.daily["n_long"] == 1


def test_a_corrected_price_moves_the_stop() -> None:
    case = Case()
    case.next(case.filled(AAA=550))
    evening = case.next(Outcomes({}, None, {"AAA": Holding(550, 110.0)}))
    assert [REASONS[int(one["reason"])] for one in evening.orders] == ["stop_loss"]


ELECTED = [100.0] * 4 + [94.0] * 12


def resting(closes: list[float]) -> Case:
    """The position of AAA with its stop at $95, from the session after the fill."""
    case = Case(closes=closes, stop_mode="intraday")
    case.next(case.filled(AAA=200))
    (stop,) = case.state.working
    assert (stop.quantity, stop.reason, stop.level) == (-200, "resting_stop", 95.0)
    return case


def test_a_resting_stop_that_nothing_elected_rests_on_and_one_that_filled_is_a_trade() -> None:
    case = resting(closes=ELECTED)
    stop = case.state.working
    case.next(Outcomes())
    assert case.state.working == stop
    evening = case.next(Outcomes({case.id("AAA"): OrderOutcome(-200, 93.5, 1.0)}))
    assert not evening.after.positions and not evening.after.working and not len(evening.orders)
    (trade,) = evening.trades
    assert trade["profit"] == -200 * 6.5 - 2.0 and REASONS[int(trade["reason"])] == "stop_loss"


@pytest.mark.parametrize("quantity", [0, -150])
def test_an_elected_stop_that_did_not_fill_whole_is_an_exit(quantity: int) -> None:
    case = resting(closes=ELECTED)
    case.next(Outcomes())
    evening = case.next(Outcomes({case.id("AAA"): OrderOutcome(quantity, 94.0, 1.0)} if quantity else {}))
    (order,) = evening.after.working
    assert (order.quantity, order.reason) == (-200 - quantity, "stop_loss") and np.isnan(order.level)
    assert evening.after.lines["AAA"].closing and [WHYS[int(one["why"])] for one in evening.ended] == ["replaced"]
    assert [int(one["order_id"]) for one in evening.orders] == [order.order_id]


def test_a_split_rescales_a_waiting_exit_and_what_is_told_is_in_new_shares() -> None:
    case = Case(actions=Actions(np.array([9]), np.array([0]), np.array([SPLIT]), np.array([0.5])), closes=[100.0] * 9 + [50.0] * 7)
    case.until_exit()
    assert case.end == 9
    number = case.id("AAA")
    case.next(Outcomes())
    evening = case.next(Outcomes({number: OrderOutcome(-300, 50.0, 1.0)}))
    (order,) = (one for one in evening.after.working if one.symbol == "AAA")
    assert (order.order_id, order.quantity, evening.after.lines["AAA"].quantity) == (number, -800, 800)
    assert evening.after.lines["AAA"].entry_price == 50.0


def test_a_dividend_is_receivable_at_its_ex_date() -> None:
    case = Case(actions=Actions(np.array([3, 3]), np.array([0, 1]), np.full(2, DIVIDEND), np.array([0.5, 0.25])))
    case.next(case.filled(AAA=550, BBB=-100))
    before = case.state.cash
    evening = case.next(Outcomes())
    assert evening.after.cash == before + 550 * 0.5 - 100 * 0.25 and evening.daily["dividends"] == 250.0


def test_slippage_is_against_the_open_where_nobody_says_it() -> None:
    case = Case()
    evening = case.next(Outcomes({case.id("AAA"): OrderOutcome(200, 100.25, 1.0)}))
    assert evening.daily["slippage"] == 50.0 and evening.fills["slippage"].tolist() == [50.0] and evening.daily["fees"] == 1.0


@pytest.mark.parametrize(("curbs", "orders"), [(FREE, ["AAA", "BBB"]), (Curbs(not_short=frozenset(("AAA", "BBB"))), ["AAA"])])
def test_what_nobody_lends_is_bought_and_not_sold_short(curbs: Curbs, orders: list[str]) -> None:
    market_data = flat_tape({"AAA": [100.0] * 4, "BBB": [100.0] * 4})
    said = signals(market_data, {(3, "AAA"): (5.0, 0.9, 0.1), (3, "BBB"): (95.0, 0.1, 0.9)})
    evening = play(opening(100_000.0), market_data, said, Terms(account=LEAN), curbs)
    assert [evening.symbols[int(one["name"])] for one in evening.orders] == orders
    assert evening.funnel[1][4] == 2 - len(orders)


@pytest.mark.parametrize(("curbs", "shares"), [(FREE, 55), (Curbs(capital=20_000.0), 11), (Curbs(share=0.1), 5), (Curbs(capital=1e9), 55)])
def test_capital_bounds_what_is_sized_on_and_not_what_is_told(curbs: Curbs, shares: int) -> None:
    market_data = flat_tape({"AAA": [100.0] * 4, "BBB": [100.0] * 4})
    said = signals(market_data, {(3, "AAA"): (5.0, 0.9, 0.1)})
    evening = play(opening(100_000.0), market_data, said, Terms(account=LEAN), curbs)
    assert [int(one["quantity"]) for one in evening.orders] == [shares] and evening.daily["equity"] == 100_000.0


@pytest.mark.parametrize(("entries", "bear_long"), [(True, 0.3), (False, 0.3), (False, 2.0)])
def test_a_halt_of_entries_stops_no_reduction_at_a_turn_of_the_regime_and_every_increase(entries: bool, bear_long: float) -> None:
    case = Case(bear_long=bear_long)
    case.terms = replace(case.terms, regime=Regime(window=2, scope="book"))
    case.next(case.filled(AAA=550, BBB=-100))
    vix = case.market_data.vix.copy()
    vix[case.end - 1] = 40.0
    case.market_data = replace(case.market_data, vix=vix)
    orders = case.next(Outcomes(), Curbs(entries=entries)).orders
    changes = {("AAA", "BBB")[int(one["name"])]: int(one["quantity"]) for one in orders}
    if bear_long < 1:
        assert changes["AAA"] == int(case.state.equity * bear_long / 2 / 100.0) - 550
    else:
        assert "AAA" not in changes
