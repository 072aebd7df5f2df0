"""Laws of the backtest on random markets."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from springback.backtest.result import Result, daily_frame, fills_frame, orders_frame, trades_frame
from springback.backtest.run import backtest
from springback.backtest.state import CANCELLED
from springback.market.bars import FIELDS, Bars
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.strategy.knobs import Regime, Strategy
from tests.backtest.variants import VARIANTS, sessions_of, turned
from tests.backtest.worlds import account_of, random_forecasts, random_tape

SEEDS = st.integers(0, 10_000)
FEW = Strategy(slots=3, probability=0.4, qpi_low=30, qpi_high=70)
ENTRIES = Regime()
PROFILES = st.sampled_from(["lean", "realistic"])
MODES = st.sampled_from(["close", "intraday"])
CHANGES = st.sampled_from(sorted(set(VARIANTS) - {"trend", "all"}))  # those two need longer markets; tests/trading holds them


def run(market_data: MarketData, forecasts: Forecasts, strategy: Strategy = FEW, profile: str = "lean", regime: Regime = ENTRIES) -> Result:
    return backtest(market_data, forecasts, account_of(market_data, profile), strategy, regime, Costs())


@examples(max_examples=25)
@given(SEEDS, st.integers(20, 80), PROFILES, CHANGES)
def test_the_future_changes_nothing(seed: int, row: int, profile: str, variant: str) -> None:
    market_data, (strategy, regime) = random_tape(seed), turned(FEW, variant)
    forecasts = random_forecasts(seed, market_data)
    draw = np.random.default_rng(seed)
    panels = {}
    for field in FIELDS:
        panels[field] = getattr(market_data.bars, field).copy()
        panels[field][row + 1 :] *= np.exp(draw.normal(0, 0.5))
    other = {}
    for field in dataclasses.fields(forecasts):
        other[field.name] = getattr(forecasts, field.name).copy()
        other[field.name][row + 1 :] = draw.permuted(other[field.name][row + 1 :], axis=0)
    vix = market_data.vix.copy()
    vix[row + 1 :] = 80.0
    changed = dataclasses.replace(market_data, bars=Bars(market_data.bars.sessions, market_data.bars.symbols, **panels), vix=vix)
    truth, corrupted = (
        run(market_data, forecasts, strategy, profile, regime),
        run(changed, Forecasts(**other), strategy, profile, regime),
    )
    for columns in (truth.orders, corrupted.orders):
        assert len(columns["row"])
    known = [columns["row"] <= row for columns in (truth.orders, corrupted.orders)]
    for name in ("order_id", "row", "name", "quantity", "reason", "level"):
        np.testing.assert_array_equal(truth.orders[name][known[0]], corrupted.orders[name][known[1]])
    ended = [
        np.where(one["ended"] <= row, one["status"], np.nan)[at] for one, at in zip((truth.orders, corrupted.orders), known, strict=True)
    ]
    np.testing.assert_array_equal(*ended)  # what became of an order is known when it did
    for name in truth.daily:
        np.testing.assert_array_equal(truth.daily[name][: row + 1], corrupted.daily[name][: row + 1])


@examples(max_examples=25)
@given(SEEDS, PROFILES, CHANGES)
def test_an_order_fills_after_the_session_that_gave_it(seed: int, profile: str, variant: str) -> None:
    market_data, (strategy, regime) = random_tape(seed), turned(FEW, variant)
    result = run(market_data, random_forecasts(seed, market_data), strategy, profile, regime)
    decided = dict(zip(result.orders["order_id"], result.orders["row"], strict=True))
    filled = [(order, row) for order, row, midnight in columns(result.fills, "order_id", "row", "midnight") if not midnight]
    assume(filled)
    assert all(row > decided[order] for order, row in filled)
    assert np.all(np.diff(result.orders["order_id"]) >= 1)


@examples(max_examples=25)
@given(SEEDS, PROFILES, CHANGES)
def test_every_dollar_is_accounted_for(seed: int, profile: str, variant: str) -> None:
    market_data, (strategy, regime) = random_tape(seed, splits=False), turned(FEW, variant)
    result = run(market_data, random_forecasts(seed, market_data), strategy, profile, regime)
    daily, fills = daily_frame(result), fills_frame(result)
    paid = (fills["quantity"] * fills["price"] + fills["fee"]).sum()
    costs = daily["borrow"].sum() + daily["financing"].sum()
    expected = result.cash - paid + daily["dividends"].sum() - costs
    assert daily["cash"].iloc[-1] == pytest.approx(expected, abs=1e-5)
    assert daily["fees"].sum() == pytest.approx(fills["fee"].sum())
    np.testing.assert_allclose(daily["equity"], daily["cash"] + daily["long_value"] + daily["short_value"], atol=1e-6)


@examples(max_examples=25)
@given(SEEDS, PROFILES, CHANGES)
def test_when_nothing_is_left_the_trades_are_the_profit(seed: int, profile: str, variant: str) -> None:
    strategy, regime = turned(FEW, variant)
    market_data = random_tape(seed, sessions=60)
    forecasts = random_forecasts(seed, market_data)
    forecasts.qpi[-30:] = 50.0
    result = run(market_data, forecasts, strategy, profile, regime)
    daily = daily_frame(result)
    assume(daily["long_value"].iloc[-1] == 0 and daily["short_value"].iloc[-1] == 0 and len(trades_frame(result)))
    profit = trades_frame(result)["profit"].sum() - daily["financing"].sum()
    assert daily["equity"].iloc[-1] - result.cash == pytest.approx(profit, abs=1e-5)


@examples(max_examples=15)
@given(SEEDS, PROFILES)
def test_names_that_never_fire_change_nothing(seed: int, profile: str) -> None:
    """Columns move, ranks do not: ties are decided by symbol, never by position."""
    market_data = random_tape(seed)
    forecasts = random_forecasts(seed, market_data)
    wide, wide_forecasts = with_bystanders(market_data, forecasts)
    few, many = run(market_data, forecasts, profile=profile), run(wide, wide_forecasts, profile=profile)
    pd.testing.assert_frame_equal(orders_frame(few), orders_frame(many))
    pd.testing.assert_frame_equal(fills_frame(few), fills_frame(many))
    pd.testing.assert_frame_equal(daily_frame(few), daily_frame(many))


@examples(max_examples=15)
@given(SEEDS, MODES)
def test_dearer_is_never_cheaper(seed: int, mode: str) -> None:
    """A flat charge moves every fill against the order and touches no price that was not paid."""
    market_data = random_tape(seed)
    forecasts = random_forecasts(seed, market_data)
    strategy = dataclasses.replace(FEW, stop_mode=mode)
    free, dear = (backtest(market_data, forecasts, account_of(market_data), strategy, Regime(), Costs(), flat_bp=bp) for bp in (0.0, 40.0))
    assert np.all(free.fills["slippage"] == 0)
    paid = dear.fills["midnight"] == 0
    assert np.all(dear.fills["slippage"][paid] > 0)
    first = dear.fills["row"] == dear.fills["row"].min()
    opens = market_data.bars.open[dear.fills["row"][first].astype(int), dear.fills["name"][first].astype(int)]
    side = np.sign(dear.fills["quantity"][first])
    np.testing.assert_allclose(dear.fills["price"][first], opens * (1 + side * 0.004))


@pytest.mark.parametrize("variant", sorted(set(VARIANTS) - {"none"}))
def test_each_variant_does_something_on_these_tapes(variant: str) -> None:
    """A law that holds where nothing happens says nothing."""
    strategy, regime = turned(FEW, variant)
    market_data = random_tape(7, sessions=sessions_of(variant))
    forecasts = random_forecasts(7, market_data)
    plain, changed = run(market_data, forecasts), run(market_data, forecasts, strategy, regime=regime)
    assert not orders_frame(plain).equals(orders_frame(changed))


@examples(max_examples=15)
@given(SEEDS)
def test_slots_are_never_exceeded(seed: int) -> None:
    market_data = random_tape(seed)
    result = run(market_data, random_forecasts(seed, market_data))
    opened = np.zeros(2)
    book: dict[int, float] = {}
    closing: set[int] = set()
    events = sorted(
        [
            (row + 0.9, "order", name, quantity, reason)
            for row, name, quantity, reason in columns(result.orders, "row", "name", "quantity", "reason")
        ]
        + [
            (row + 0.5 + 0.45 * midnight, "fill", name, quantity, reason)
            for row, midnight, name, quantity, reason in columns(result.fills, "row", "midnight", "name", "quantity", "reason")
        ]
        + [
            (ended + 0.8, "taken back", name, quantity, reason)
            for ended, name, quantity, reason, status in columns(result.orders, "ended", "name", "quantity", "reason", "status")
            if reason == 0 and status == CANCELLED
        ],
        key=lambda event: event[0],
    )
    checked = 0
    for _, kind, name, quantity, reason in events:
        if kind == "order" and reason == 0:
            book[int(name)] = quantity
        elif kind == "order":
            closing.add(int(name))
        elif kind == "taken back":
            book.pop(int(name))
        elif reason != 0:
            book.pop(int(name), None)
            closing.discard(int(name))
        opened = [sum(1 for n, q in book.items() if q * sign > 0 and n not in closing) for sign in (1, -1)]
        ended = {int(n) for n in np.flatnonzero(market_data.last < market_data.bars.shape[0] - 1)}
        if not ended & set(book):
            checked += 1
            assert max(opened) <= FEW.slots
    assume(checked)


def columns(table: dict[str, np.ndarray], *names: str) -> list[tuple[float, ...]]:
    return list(zip(*(table[name] for name in names), strict=True))


def with_bystanders(market_data: MarketData, forecasts: Forecasts) -> tuple[MarketData, Forecasts]:
    """The same market with a dull name before, between and after the others."""
    names = market_data.bars.shape[1]
    symbols = sorted((*market_data.bars.symbols, "A", "N03X", "Z"))
    at = [symbols.index(symbol) for symbol in market_data.bars.symbols]

    def widen(panel: np.ndarray, value: float) -> np.ndarray:
        wide = np.full((len(panel), names + 3), value)
        wide[:, at] = panel
        return wide

    bars = Bars(market_data.bars.sessions, tuple(symbols), *(widen(getattr(market_data.bars, field), 100.0) for field in FIELDS))
    last, ending = np.full(names + 3, len(market_data.vix) - 1), np.zeros(names + 3, np.int8)
    last[at], ending[at] = market_data.last, market_data.ending
    actions = dataclasses.replace(market_data.actions, name=np.array(at)[market_data.actions.name])
    wide = dataclasses.replace(market_data, bars=bars, last=last, ending=ending, actions=actions)
    panels = {field.name: widen(getattr(forecasts, field.name), np.nan) for field in dataclasses.fields(forecasts)}
    return wide, Forecasts(**panels)


SCRIPT = """
from springback.compiled import COMPILED
from springback.backtest.result import fills_frame, orders_frame
from tests.backtest.test_backtest_laws import FEW, run
from tests.backtest.variants import turned
from tests.backtest.worlds import random_forecasts, random_tape
for seed in range(3):
    tape = random_tape(seed, sessions=50, names=8)
    for profile in ("lean", "realistic"):
        print(fills_frame(run(tape, random_forecasts(seed, tape), profile=profile)).to_json(double_precision=15))
    for variant in ("exit_intraday", "book", "all", "waiting", "two_openings"):
        strategy, regime = turned(FEW, variant)
        result = run(tape, random_forecasts(seed, tape), strategy, regime=regime)
        print(fills_frame(result).to_json(double_precision=15), orders_frame(result).to_json())
"""


def test_compiled_and_plain_agree() -> None:
    """The rule runs without numba too (LEAN's cloud has none), and gives the same fills to the last bit."""
    root = Path(__file__).resolve().parents[2]
    outputs = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": f"{root / 'src'}:{root}"}
        done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment, cwd=root)
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].count("entry") > 50
