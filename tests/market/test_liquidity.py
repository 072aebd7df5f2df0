"""Trailing liquidity: its laws on random panels with halts, and pandas as the witness."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from springback.market.bars import Bars, Panel
from springback.market.liquidity import WINDOW, mean_dollar_volume, mean_volume

seeds = st.integers(0, 2**32 - 1)


def bars_of(close: Panel, volume: Panel) -> Bars:
    sessions, names = close.shape
    days = np.datetime64("2020-01-01") + np.arange(sessions)
    return Bars(days, tuple(f"N{k}" for k in range(names)), close, close, close, close, volume)


def halting_bars(seed: int, sessions: int = 150, names: int = 4) -> Bars:
    """Random prices and volumes; a fifth of the bars is missing, and the last name has a long gap."""
    draw = np.random.default_rng(seed)
    close = np.round(draw.uniform(1, 300, (sessions, names)), 2)
    volume = np.round(draw.lognormal(11, 1, (sessions, names)))
    halted = draw.random((sessions, names)) < 0.2
    halted[30:110, -1] = True
    close[halted] = volume[halted] = np.nan
    return bars_of(close, volume)


@given(seed=seeds, window=st.integers(1, 70))
def test_pandas_finds_the_same_means(seed: int, window: int) -> None:
    bars = halting_bars(seed)
    least = max(1, window // 3)
    for ours, panel in ((mean_volume(bars, window), bars.volume), (mean_dollar_volume(bars, window), bars.close * bars.volume)):
        np.testing.assert_allclose(ours, pd.DataFrame(panel).rolling(window, min_periods=least).mean().to_numpy(), rtol=1e-9)


@given(seed=seeds, row=st.integers(1, 149))
def test_the_future_changes_nothing(seed: int, row: int) -> None:
    bars = halting_bars(seed)
    other = halting_bars(seed + 1)
    changed = bars_of(np.vstack([bars.close[:row], other.close[row:]]), np.vstack([bars.volume[:row], other.volume[row:]]))
    for mean in (mean_volume, mean_dollar_volume):
        np.testing.assert_array_equal(mean(bars)[:row], mean(changed)[:row])
        np.testing.assert_array_equal(mean(bars)[:row], mean(bars.between(0, row)))


@given(seed=seeds, since=st.integers(0, 149), window=st.integers(1, 70))
def test_what_is_worked_out_from_a_row_on_is_the_whole_to_the_last_bit(seed: int, since: int, window: int) -> None:
    bars = halting_bars(seed)
    for mean in (mean_volume, mean_dollar_volume):
        np.testing.assert_array_equal(mean(bars, window, since)[since:], mean(bars, window)[since:])
        assert np.isnan(mean(bars, window, since)[:since]).all()


@given(seed=seeds)
def test_a_session_depends_on_its_own_window_to_the_last_bit(seed: int) -> None:
    bars = halting_bars(seed)
    np.testing.assert_array_equal(mean_volume(bars)[-1], mean_volume(bars.between(150 - WINDOW, 150))[-1])


def test_a_halt_does_not_count_as_zero() -> None:
    volume = np.array([[100.0], [np.nan], [300.0]])
    bars = bars_of(volume / 10, volume)
    assert mean_volume(bars, 3)[-1, 0] == 200.0
    assert mean_dollar_volume(bars, 3)[-1, 0] == (100 * 10 + 300 * 30) / 2


def test_unknown_until_a_third_of_the_window_has_bars() -> None:
    volume = np.full((30, 2), 7.0)
    volume[::2, 1] = np.nan
    known = ~np.isnan(mean_volume(bars_of(volume, volume)))
    assert list(np.argmax(known, axis=0)) == [20, 0] and not known[:, 1].any(), "21 of 63, and 15 bars are too few"
    assert WINDOW == 63


def test_a_session_without_trades_does_not_count() -> None:
    volume = np.array([[100.0], [0.0]])
    assert mean_volume(bars_of(volume + 1, volume), 2)[-1, 0] == 100.0
