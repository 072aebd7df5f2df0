"""The desk, driven session by session, against the embedded backtest: one rule in two hosts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.backtest.result import daily_frame, orders_frame
from springback.backtest.run import backtest
from springback.errors import BadTable, MissingData
from springback.features import panel
from springback.lean.side_files import barred_text
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.market.membership import Membership
from springback.market.quarantine import EVERY_NAME, Span
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.lookback import look_back, return_percentile, trend_mean, yesterday
from springback.trading.day_forecasts import FileForecasts
from springback.trading.rolling import Rolling
from tests.backtest.variants import VARIANTS, sessions_of, turned
from tests.backtest.worlds import account_of, random_forecasts, random_tape
from tests.trading.host import Host

BUSY = Strategy(probability=0.3, slots=4)


def as_file(market_data: MarketData, said: Forecasts) -> FileForecasts:
    rows, names = np.nonzero(~np.isnan(said.qpi))
    values = np.column_stack([one[rows, names] for one in (said.qpi, said.p_long, said.p_short, said.adv)])
    return FileForecasts(market_data.bars.sessions[rows], [market_data.bars.symbols[name] for name in names], values)


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), cash=st.sampled_from([1_000_000.0, 2_000.0]))
def test_desk_and_backtest_give_the_same_orders(variant: str, seed: int, cash: float) -> None:
    """Halts, marks and delistings among them; of a little cash, positions so small that a reverse split pays them out whole."""
    market_data = random_tape(seed, sessions_of(variant))
    said = random_forecasts(seed, market_data)
    strategy, regime = turned(BUSY, variant)
    result = backtest(market_data, said, account_of(market_data, "lean", cash), strategy, regime, Costs())
    expected = orders_frame(result)
    host = Host(market_data, as_file(market_data, said), strategy, regime, cash=cash).run()
    found = [(day, symbol, quantity, reason) for day, symbol, quantity, reason in host.orders]
    wanted = list(
        zip(expected["decided"].dt.strftime("%Y-%m-%d"), expected["symbol"], expected["quantity"], expected["reason"], strict=True)
    )
    plain = [(day, symbol, quantity, reason.split("@")[0]) for day, symbol, quantity, reason in found]
    assert plain == [(day, symbol, quantity, reason.split("@")[0]) for day, symbol, quantity, reason in wanted]
    assert np.allclose(host.equity, daily_frame(result)["equity"], rtol=0, atol=1e-6)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_quarantine_bars_the_same_orders_in_both(seed: int) -> None:
    market_data = random_tape(seed)
    days, symbols = market_data.bars.sessions, market_data.bars.symbols
    draw = np.random.default_rng(seed)
    spans = [
        Span(str(one), str(days[a]), str(days[a + 4]))
        for one, a in zip(symbols, draw.integers(0, len(days) - 5, len(symbols)), strict=True)
    ]
    held = replace(market_data, quarantine=(*spans, Span(EVERY_NAME, str(days[9]), str(days[10]))))
    said = random_forecasts(seed, market_data)
    words = [line.split(",") for line in (barred_text(held, set(symbols)) or "").splitlines()[1:]]
    host = Host(market_data, as_file(market_data, said), BUSY, barred=Membership.through(*zip(*words, strict=True))).run()
    expected = orders_frame(backtest(held, said, account_of(held, "lean"), BUSY, Regime(), Costs()))
    assert [one[:3] for one in host.orders] == list(
        zip(expected["decided"].dt.strftime("%Y-%m-%d"), expected["symbol"], expected["quantity"], strict=True)
    )
    free = Host(market_data, as_file(market_data, said), BUSY).run()
    assert not free.orders or free.orders != host.orders


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rolling_and_panel_agree_each_day(seed: int) -> None:
    """To the last bit, splits in the window included, whatever came before the rolling window."""
    market_data = random_tape(seed)
    whole = panel(market_data.bars, market_data.actions)
    rolling = Rolling(market_data.bars.symbols, 21)
    for row, session in enumerate(market_data.bars.sessions):
        for k in np.flatnonzero((market_data.actions.row == row) & (market_data.actions.kind == 1)):
            rolling.split(session, market_data.bars.symbols[market_data.actions.name[k]], market_data.actions.value[k])
        rolling.push(session, market_data.bars.close[row], market_data.bars.volume[row], open_=market_data.bars.open[row])
        np.testing.assert_array_equal(rolling.features(), whole[row])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rolling_looks_back_as_the_panels_do(seed: int) -> None:
    """Trend, return percentile and yesterday's range of each session from the sessions a desk keeps, to the last bit, splits included."""
    market_data = random_tape(seed, sessions=320, names=4)
    bars, actions = market_data.bars, market_data.actions
    kept = Rolling(bars.symbols, look_back("sma200", "return_percentile"), "return_percentile")
    expected = trend_mean(bars, actions), return_percentile(bars, actions), *yesterday(bars, actions)
    for row, session in enumerate(bars.sessions):
        for k in np.flatnonzero((actions.row == row) & (actions.kind == 1)):
            kept.split(session, bars.symbols[actions.name[k]], actions.value[k])
        kept.push(session, bars.close[row], bars.volume[row], bars.high[row], bars.low[row], bars.open[row])
        found = kept.trend(), kept.indicator(np.empty((4, 8))), *kept.yesterday()
        for ours, panel_ in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, panel_[row])


def test_a_host_that_tells_closes_alone_is_refused_in_one_line() -> None:
    market_data = random_tape(1)
    strategy, regime = turned(BUSY, "exit_rule")
    desk = Host(market_data, as_file(market_data, random_forecasts(1, market_data)), strategy, regime).desk
    with pytest.raises(MissingData, match="above_yesterday_high needs highs and lows, and this host tells closes alone: set it to none"):
        desk.close(market_data.bars.sessions[0], market_data.bars.close[0], market_data.bars.volume[0])


def test_bars_that_come_twice_are_refused() -> None:
    rolling = Rolling(("A",), 21)
    rolling.push(np.datetime64("2020-01-02"), np.ones(1), np.ones(1))
    with pytest.raises(BadTable, match="bars must arrive in order"):
        rolling.push(np.datetime64("2020-01-02"), np.ones(1), np.ones(1))


def test_members_by_range_with_both_ends_and_re_entry() -> None:
    members = Membership.through(["A", "B", "A"], ["2020-01-02", "2020-01-03", "2021-01-01"], ["2020-01-03", "2020-12-31", "2021-12-31"])
    names = ("A", "B", "C")
    assert members.on(np.datetime64("2020-01-02"), names).tolist() == [True, False, False]
    assert members.on(np.datetime64("2020-01-03"), names).tolist() == [True, True, False]
    assert members.on(np.datetime64("2020-06-01"), names).tolist() == [False, True, False]
    assert members.on(np.datetime64("2021-06-01"), names).tolist() == [True, False, False]
    assert members.between(np.datetime64("2021-06-01"), np.datetime64("2021-07-01")) == ["A"]
