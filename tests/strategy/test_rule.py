"""The rule's parts: Python's own rounding, sorting and arithmetic are the witnesses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.strategy.rule import STAY, STOP_LOSS, TIME_STOP, exit_reason, is_bear, rank, round_price, shares, stop_level, vix_mean


def by_python(price: float) -> float:
    return round(price, 4 if price < 1.0 else 2)


@given(st.floats(1e-4, 1e6))
def test_prices_round_as_python_does(price: float) -> None:
    assert round_price(price) == by_python(price)


@given(st.integers(0, 10**7), st.integers(-2, 2))
def test_half_cents_round_as_python_does(cents: int, ulps: int) -> None:
    for price in ((cents + 0.5) / 100, (cents % 10_000 + 0.5) / 10_000):
        near = price
        for _ in range(abs(ulps)):
            near = float(np.nextafter(near, np.inf if ulps > 0 else 0.0))
        assert round_price(near) == by_python(near)


@pytest.mark.parametrize("price", [0.125, 1.125, 2.375, 2.675, 1.005, 0.00005, 0.99995, 0.99996, 1.0, 0.12345, 1234.565])
def test_the_famous_halves(price: float) -> None:
    assert round_price(price) == by_python(price)


def test_a_resting_stop_lies_beyond_the_fill() -> None:
    assert stop_level(10, 100.0, 0.05) == 95.0 and stop_level(-10, 100.0, 0.05) == 105.0
    assert stop_level(10, 0.5, 0.05) == 0.475 and stop_level(10, 33.33, 0.05) == 31.66


def test_fewer_than_fifteen_closes_are_not_bear() -> None:
    vix = np.full(20, 10.0)
    vix[13] = vix[14] = 90.0
    assert np.isnan(vix_mean(vix, 13, 15)) and not is_bear(vix[13], vix_mean(vix, 13, 15), 1.15)
    assert vix_mean(vix, 14, 15) == (13 * 10 + 2 * 90) / 15 and is_bear(vix[14], vix_mean(vix, 14, 15), 1.15)


def test_a_missing_close_is_not_bear() -> None:
    vix = np.full(20, 10.0)
    vix[16], vix[18] = np.nan, 90.0
    assert not is_bear(vix[18], vix_mean(vix, 18, 15), 1.15) and not is_bear(np.nan, 10.0, 1.15)


def test_bear_is_strictly_above() -> None:
    assert not is_bear(20.0, 16.0, 1.25) and is_bear(float(np.nextafter(20.0, 21.0)), 16.0, 1.25)


probabilities = st.lists(st.tuples(st.sampled_from([0.61, 0.7, 0.9]), st.sampled_from([-3.0, -1.0, 0.0])), max_size=30)


@given(probabilities)
def test_rank_is_a_total_order(found: list[tuple[float, float]]) -> None:
    names = np.arange(len(found), dtype=np.int64) * 3
    probability, extremeness = (np.array([pair[k] for pair in found], dtype=np.float64) for k in (0, 1))
    wanted = sorted(range(len(found)), key=lambda k: (-found[k][0], -found[k][1], k))
    assert rank(names, probability, extremeness).tolist() == [3 * k for k in wanted]


@pytest.mark.parametrize(
    ("close", "volume", "wanted"),
    [
        (100.0, 1e9, 550),  # $1,000,000 x 1.1 / 20 slots = $55,000
        (100.01, 1e9, 549),
        (100.0, 1_000.0, 50),  # 5 % of the mean volume
        (100.0, 1_019.0, 50),
        (100.0, 19.0, 0),
        (60_000.0, 1e9, 0),
    ],
)
def test_shares_are_whole_and_capped(close: float, volume: float, wanted: int) -> None:
    assert shares(1e6, 1.1, 20, close, volume, 0.05) == wanted


def test_a_lost_account_buys_nothing() -> None:
    assert shares(-1e6, 1.1, 20, 100.0, 1e9, 0.05) == 0


@given(st.floats(0, 1e8), st.floats(0, 2), st.integers(1, 50), st.floats(0.01, 1e4), st.floats(0, 1e8))
def test_shares_never_pass_slot_or_cap(equity: float, gross: float, slots: int, close: float, volume: float) -> None:
    found = shares(equity, gross, slots, close, volume, 0.05)
    assert 0 <= found <= 0.05 * volume and found * close <= equity * gross / slots * (1 + 1e-12)


@pytest.mark.parametrize(
    ("quantity", "close", "held", "intraday", "reason"),
    [
        (10, 75.0, 1, False, STAY),  # a close exactly at the stop stays
        (10, float(np.nextafter(75.0, 0.0)), 1, False, STOP_LOSS),
        (-10, 125.0, 1, False, STAY),
        (-10, float(np.nextafter(125.0, 200.0)), 1, False, STOP_LOSS),
        (10, 125.1, 1, False, STAY),
        (-10, 74.9, 1, False, STAY),
        (10, 100.0, 5, False, STAY),
        (10, 100.0, 6, False, TIME_STOP),
        (-10, 100.0, 7, False, TIME_STOP),
        (10, 50.0, 6, False, STOP_LOSS),  # the stop is asked first
        (10, 50.0, 5, True, STAY),  # the stop rests at the market instead
        (10, 50.0, 6, True, TIME_STOP),
    ],
)
def test_exits_by_hand(quantity: int, close: float, held: int, intraday: bool, reason: int) -> None:
    assert exit_reason(quantity, 100.0, close, held, 0.25, intraday, 6) == reason
