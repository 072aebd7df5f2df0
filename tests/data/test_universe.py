"""Who may be ranked: strictly above the limits, by what was known on the day."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.data.demo.demo import Demo, draw
from springback.errors import SettingsError
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData, last_rows
from springback.strategy.universe import Universe, eligible

DEMO = draw(Demo(names=40, start="2020-01-02", end="2020-12-31", shocks=1))
SMALL = Universe(window=9, proxy_size=15)


def tape_of(close: list[list[float]], volume: list[list[float]]) -> MarketData:
    price = np.array(close, dtype=np.float64)
    sessions = np.datetime64("2020-01-02") + np.arange(len(price))
    bars = Bars(sessions, tuple("ABCDEFGH"[: price.shape[1]]), price, price, price, price, np.array(volume, dtype=np.float64))
    return MarketData(bars, Actions.none(), np.full(len(price), 15.0), last_rows(price), np.zeros(price.shape[1], dtype=np.int8))


def test_limits_are_strict_and_a_bar_is_needed() -> None:
    market_data = tape_of([[1.0, 2.0, 2.0, 2.0]] * 2 + [[1.01, 2.0, 2.01, np.nan]], [[9e6, 5e5, 5e5, 9e6]] * 3)
    universe = Universe(window=3)
    assert eligible(market_data, universe)[1].tolist() == [False, False, False, True]
    assert eligible(market_data, universe)[2].tolist() == [True, False, True, False]


def test_the_proxy_takes_the_largest_and_breaks_ties_by_name() -> None:
    market_data = tape_of([[10.0, 10.0, 10.0, 10.0]], [[2e5, 9e5, 2e5, 2e5]])
    assert eligible(market_data, Universe(window=1, proxy_size=2)).tolist() == [[True, True, False, False]]


def test_members_come_before_the_proxy_unless_liquidity_is_asked_for() -> None:
    market_data = replace(tape_of([[10.0, 10.0]], [[2e5, 9e5]]), members=np.array([[True, False]]))
    assert eligible(market_data, Universe(window=1)).tolist() == [[True, False]]
    assert eligible(market_data, Universe(members="liquidity", window=1, proxy_size=1)).tolist() == [[False, True]]


@given(st.integers(1, 250), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=15)
def test_the_future_changes_nothing(row: int, seed: int, members: bool) -> None:
    universe = replace(SMALL, members="index" if members else "liquidity")
    whole = eligible(DEMO, universe)[:row]
    assert np.array_equal(whole, eligible(DEMO.until(row), universe))
    rng = np.random.default_rng(seed)
    panels = {name: getattr(DEMO.bars, name).copy() for name in FIELDS}
    for panel in panels.values():
        panel[row:] *= rng.lognormal(0, 2, panel[row:].shape)
        panel[row:][rng.random(panel[row:].shape) < 0.2] = np.nan
    poisoned = replace(DEMO, bars=Bars(DEMO.bars.sessions, DEMO.bars.symbols, **panels))
    assert np.array_equal(whole, eligible(poisoned, universe)[:row])


def test_an_old_date_holds_a_name_delisted_later() -> None:
    market_data = draw(Demo(names=300, seed=3))
    early = eligible(market_data, Universe())[300]
    assert np.any(early & (market_data.last < len(market_data.bars.sessions) - 1))


def test_a_knob_out_of_range_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"universe\.window must be at least 1, was 0"):
        Universe(window=0)
