"""The guard's limits and the strategy: the rule never meets those of its orders, and those of losses and prices are the backtest's too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.backtest.run import Backtest, backtest, prepare
from springback.errors import SettingsError
from springback.market.actions import SPLIT, Actions
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.limits import Limits, moved
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, Correction, opening
from springback.operation.evening import Corrections, Curbs, Evening, Terms, play
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.rule import ENTRY, REGIME, RESTING_STOP
from springback.trading.guard import Ground, Proposal, Stake, order_verdicts
from springback.trading.guard_settings import Guard
from springback.workflow.lean_run import parameters_of
from springback.workflow.settings import Settings
from tests.backtest.variants import VARIANTS, sessions_of, turned
from tests.backtest.worlds import account_of, flat_tape, random_forecasts, random_tape, signals
from tests.operation.test_evening import BUSY, evenings, same, whole

LAX = Strategy(slots=2, probability=0.5, stop_loss=0.9, holding_sessions=50)


def grounds(market_data: MarketData, said: Forecasts, played: list[Evening]) -> Iterator[tuple[list[Proposal], Ground]]:
    """What each evening proposes, and what it stands on."""
    symbols = market_data.bars.symbols
    marks = np.full(len(symbols), np.nan)
    for row, evening in enumerate(played, 1):
        close = market_data.bars.close[row]
        marks = np.where(np.isnan(close), marks, close)
        stakes = {}
        for symbol, line in evening.before.lines.items():
            shares = line.quantity or line.waiting
            if shares:
                mark = line.mark if line.quantity else marks[symbols.index(symbol)]
                stakes[symbol] = Stake(shares, float(mark), evening.after.lines[symbol].closing)
        yield [*proposals(market_data, said, evening, row)], Ground(float(evening.daily["equity"]), stakes, bool(evening.daily["bear"]))


def proposals(market_data: MarketData, said: Forecasts, evening: Evening, row: int) -> Iterator[Proposal]:
    inputs = prepare(market_data, said, Regime())
    for one in evening.orders:
        symbol, quantity, reason = evening.symbols[int(one["name"])], float(one["quantity"]), int(one["reason"])
        column = market_data.bars.symbols.index(symbol)
        line = evening.before.lines.get(symbol)
        grows = reason == ENTRY or (reason == REGIME and line is not None and line.quantity * quantity > 0)
        purpose = "entry" if grows else "stop" if reason == RESTING_STOP else "exit"
        volume = (said.adv if reason == ENTRY else inputs.mean_volume)[row, column]
        close = float(market_data.bars.close[row, column])
        yield Proposal(symbol, "buy" if quantity > 0 else "sell", purpose, abs(quantity), close, float(volume), close)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), variant=st.sampled_from(sorted(set(VARIANTS) - {"trend", "all"})), slots=st.integers(1, 4))
def test_the_rule_never_meets_a_limit_of_orders(seed: int, variant: str, slots: int) -> None:
    market_data = random_tape(seed, sessions_of(variant))
    said = random_forecasts(seed, market_data)
    strategy, regime = turned(replace(BUSY, slots=slots), variant)
    played = evenings(market_data, said, Terms(strategy, regime, Costs(), Backtest(cash=100_000.0, profile="realistic")))
    for orders, ground in grounds(market_data, said, played):
        assert not order_verdicts(orders, ground, Guard(), strategy), ground


def test_the_law_of_orders_is_not_empty() -> None:
    market_data = random_tape(3)
    said = random_forecasts(3, market_data)
    tight = replace(Guard(), margin=0.0)
    twice = replace(BUSY, bull_long=BUSY.bull_long / 2, bull_short=BUSY.bull_short / 2)
    played = evenings(market_data, said, Terms(BUSY, Regime(), Costs(), Backtest(cash=100_000.0)))
    codes = {one.code for orders, ground in grounds(market_data, said, played) for one in order_verdicts(orders, ground, tight, twice)}
    assert {"order_weight", "gross"} & codes


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    variant=st.sampled_from(["none", "book", "intraday", "waiting"]),
    limits=st.builds(Limits, st.sampled_from([0.0, 0.05]), st.sampled_from([0.0, 0.01]), st.sampled_from([0.0, 0.02])),
)
def test_evenings_know_the_limits_of_the_backtest(seed: int, variant: str, limits: Limits) -> None:
    market_data = random_tape(seed)
    said = random_forecasts(seed, market_data)
    terms = Terms(*turned(BUSY, variant), Costs(), Backtest(cash=100_000.0), limits)
    played = evenings(market_data, said, terms)
    same(whole(market_data, said, terms), played)
    for evening in played:
        assert not (evening.losses and any(int(one["reason"]) == ENTRY for one in evening.orders))


def entered(market_data: MarketData, fired: dict[tuple[int, str], tuple[float, float, float]], limits: Limits) -> list[tuple[int, str]]:
    """Rows and names of the entries of a backtest."""
    said = signals(market_data, fired)
    inputs = prepare(market_data, said, Regime(), LAX, limits=limits)
    orders = backtest(market_data, said, account_of(market_data), LAX, Regime(), Costs(), inputs=inputs).orders
    return [(int(row), market_data.bars.symbols[int(name)]) for row, name in zip(orders["row"], orders["name"], strict=True)]


BUY = (5.0, 0.9, 0.0)
FALL = flat_tape({"A": [100.0, 100.0, 100.0, 90.0, 90.0, 90.0, 110.0, 110.0, 110.0], "B": [50.0] * 9})
"""A is bought at row 2 for 55 % of equity and falls by 10 %: equity loses 5.5 % on row 3, and is above its peak again on row 6."""


@pytest.mark.parametrize(
    ("limits", "rows"),
    [
        (Limits(), 3),
        (Limits(day_loss=0.05), 4),
        (Limits(day_loss=0.06), 3),
        (Limits(drawdown=0.05), 6),
        (Limits(drawdown=0.06), 3),
        (Limits(day_loss=0.06, drawdown=0.05), 6),
    ],
)
def test_a_loss_beyond_its_limit_stops_entries_until_it_is_over(limits: Limits, rows: int) -> None:
    fired = {(1, "A"): BUY} | {(row, "B"): BUY for row in range(3, 8)}
    assert entered(FALL, fired, limits) == [(1, "A"), (rows, "B")]


def test_a_close_that_moved_beyond_the_limit_is_no_candidate() -> None:
    tape = flat_tape({"A": [100.0, 100.0, 79.0, 79.0, 79.0, 79.0], "B": [50.0] * 6})
    fired = {(2, "A"): BUY, (3, "A"): BUY}
    assert entered(tape, fired, Limits()) == [(2, "A")]
    assert entered(tape, fired, Limits(move=0.22)) == [(2, "A")]
    assert entered(tape, fired, Limits(move=0.2)) == [(3, "A")]


def test_a_split_is_no_move_and_a_gap_is_not_believed() -> None:
    nan = float("nan")
    bars = flat_tape({"A": [100.0, 25.0, 25.0, 25.0], "B": [50.0, nan, 50.0, 50.0]}).bars
    split = Actions(np.array([1]), np.array([0]), np.array([SPLIT]), np.array([0.25]))
    assert moved(bars, split, 0.1).T.tolist() == [[True, False, False, False], [True, True, True, False]]
    assert moved(bars, Actions.none(), 0.1)[1, 0]


def states(limits: Limits, *corrections: Correction) -> tuple[Evening, AccountState]:
    """The evening of the fall, with what a person says of the account before it."""
    said = signals(FALL, {(1, "A"): BUY, (3, "B"): BUY})
    terms, state = Terms(LAX, Regime(), Costs(), Backtest(cash=1_000_000.0), limits), opening(1_000_000.0)
    for end in (2, 3):
        state = play(state, FALL.until(end), cut(said, end), terms).after
    return play(state, FALL.until(4), cut(said, 4), terms, corrections=Corrections((), corrections)), state


def cut(said: Forecasts, end: int) -> Forecasts:
    return Forecasts(*(panel[:end] for panel in (said.qpi, said.p_long, said.p_short, said.adv)))


@pytest.mark.parametrize("limits", [Limits(day_loss=0.05), Limits(drawdown=0.05)])
@pytest.mark.parametrize("cash", [-800_000.0, 2_000_000.0])
def test_money_that_a_person_moves_is_neither_loss_nor_gain(limits: Limits, cash: float) -> None:
    evening, state = states(limits)
    assert evening.losses == tuple(name for name in ("day_loss", "drawdown") if getattr(limits, name))
    moved_cash, _ = states(limits, Correction("", price=state.cash + cash))
    lost = state.peak - evening.before.equity
    assert moved_cash.before.peak - moved_cash.before.equity == pytest.approx(lost)
    expected = bool(lost > 0.05 * (state.peak + cash))
    assert bool(moved_cash.losses) == expected == (cash < 0)


def test_an_older_account_has_its_peak_now() -> None:
    _, state = states(Limits())
    older = AccountState.from_json(state.to_json().replace('"peak"', '"unread"'), "account.json")
    assert np.isnan(older.peak) and not np.isnan(state.peak)
    said, terms = signals(FALL, {(3, "B"): BUY}), Terms(LAX, Regime(), Costs(), Backtest(), Limits(drawdown=0.01))
    low = replace(older, lines={**older.lines, "A": older.lines["A"]._replace(mark=90.0)})  # as if it had been written after the fall
    assert play(low, FALL.until(4), cut(said, 4), terms).losses == ()


def test_flatten_closes_all_that_is_held_and_enters_nothing() -> None:
    said = signals(FALL, {(1, "A"): BUY, (2, "B"): BUY})
    terms, state = Terms(LAX, Regime(), Costs(), Backtest()), opening(1_000_000.0)
    state = play(state, FALL.until(2), cut(said, 2), terms).after
    evening = play(state, FALL.until(3), cut(said, 3), terms, Curbs(entries=False, flatten=True))
    held = evening.before.positions["A"].quantity
    assert [(one.symbol, one.quantity, one.reason) for one in evening.after.working] == [("A", -held, "flatten")]
    again = play(evening.after, FALL.until(4), cut(said, 4), terms, Curbs(entries=False, flatten=True))
    assert again.after.positions == {} and again.after.working == ()


@pytest.mark.parametrize("name", ["move", "day_loss", "drawdown"])
def test_a_limit_that_lean_does_not_know_is_refused_there(name: str) -> None:
    known = Settings(backtest=Backtest(start=date(2020, 1, 1), end=date(2021, 1, 1)))
    assert parameters_of(known, "fixed", "csv")
    with pytest.raises(SettingsError, match=f"guard.{name} is not known on LEAN"):
        parameters_of(replace(known, guard=Guard(**{name: 0.1})), "fixed", "csv")
