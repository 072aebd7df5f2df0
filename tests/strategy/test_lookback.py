"""What variants look back on: pandas, SciPy and plain sums are the witnesses, and the future changes nothing."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from springback.market.actions import SPLIT, Actions, split_scale
from springback.market.bars import FIELDS, Bars
from springback.strategy.lookback import PERCENTILE, TREND, look_back, return_percentile, trend_mean, yesterday
from tests.backtest.worlds import flat_tape, sessions_from

LONG = 1_400


def walk(seed: int, sessions: int = LONG, names: int = 4) -> tuple[Bars, Actions]:
    """Random walks on a coarse grid (moves repeat), with gaps, a name listed late, and splits."""
    draw = np.random.default_rng(seed)
    shape = (sessions, names)
    close = np.round(20 * np.exp(np.cumsum(draw.normal(0, 0.02, shape), axis=0)), 1) + 0.1
    close[draw.random(shape) < 0.02] = np.nan
    close[: sessions // 2, 0] = np.nan
    rows = np.sort(draw.integers(1, sessions, 8))
    splits = Actions(rows, draw.integers(0, names, 8), np.full(8, SPLIT), draw.choice([0.25, 0.5, 1 / 3, 3.0], 8))
    return Bars(sessions_from("2015-01-01", sessions), tuple(f"N{k}" for k in range(names)), *(close,) * 5), splits


def adjusted(bars: Bars, actions: Actions) -> np.ndarray:
    """Closes on the scale of the last session."""
    scale = split_scale(actions, bars.shape)
    return bars.close if scale is None else bars.close * scale[-1] / scale


@pytest.mark.parametrize("seed", range(3))
def test_the_trend_is_pandas_rolling_mean(seed: int) -> None:
    bars, actions = walk(seed)
    expected = pd.DataFrame(adjusted(bars, actions)).rolling(TREND, min_periods=150).mean()
    scale = split_scale(actions, bars.shape)
    own = expected.to_numpy() * (1.0 if scale is None else scale / scale[-1])
    np.testing.assert_allclose(trend_mean(bars, actions), own, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_return_percentile_is_scipys_percentile_within_the_sign(seed: int) -> None:
    bars, _ = walk(seed)
    found = return_percentile(bars, Actions.none())
    moves = np.full(bars.shape, np.nan)
    moves[3:] = bars.close[3:] / bars.close[:-3] - 1
    for row in (300, 700, 1_000, 1_265, LONG - 1):
        for name in range(bars.shape[1]):
            today, own = moves[row, name], moves[max(0, row + 1 - PERCENTILE) : row + 1, name]
            own = own[~np.isnan(own)]
            if np.isnan(today) or len(own) < 252:
                assert np.isnan(found[row, name])
                continue
            percentile = 50.0 if today == 0 else percentileofscore(own[np.sign(own) == np.sign(today)], today, kind="mean")
            expected = min(percentile, 50.0) if today < 0 else max(percentile, 50.0)
            assert found[row, name] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_return_percentile_knows_of_splits(seed: int) -> None:
    """The same prices on one scale without splits give the same ranks; a move more or less in a tie is a rounding error."""
    bars, actions = walk(seed)
    one_scale = dataclasses.replace(bars, close=adjusted(bars, actions))
    np.testing.assert_allclose(return_percentile(bars, actions), return_percentile(one_scale, Actions.none()), atol=2.0)
    assert np.nanmax(np.abs(return_percentile(bars, actions) - return_percentile(bars, Actions.none()))) > 10


def test_return_percentile_by_hand() -> None:
    """253 sessions that rise by 1 %, then 1, 2, 3 and 4 falls deeper each: the last is the rarest, the first as rare as can be then."""
    close = 10 * 1.01 ** np.arange(260.0)
    close[256:] = close[255] * np.array([0.9, 0.8, 0.7, 0.6])
    bars = Bars(sessions_from("2018-01-01", 260), ("A",), *(close[:, None],) * 5)
    found = return_percentile(bars, Actions.none())[:, 0]
    # Returns over 3 sessions: every fall deeper than the one before it, so none below and half of itself: 0.5 of 1, 2, 3, 4 falls.
    np.testing.assert_allclose(found[256:], [50.0, 25.0, 100 / 6, 12.5])
    assert np.isnan(found[253]) and not np.isnan(found[254])  # the 252nd return is that of row 254
    assert (found[254:256] >= 50).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(260, 500))
def test_the_future_changes_nothing_and_the_last_row_is_the_panels(seed: int, row: int) -> None:
    bars, actions = walk(seed, sessions=520)
    then = bars.between(0, row + 1), actions.between(0, row + 1)
    changed = {field: getattr(bars, field).copy() for field in FIELDS}
    for panel in changed.values():
        panel[row + 1 :] *= 3.0
    poisoned = dataclasses.replace(bars, **changed)
    for look in (trend_mean, return_percentile):
        truth = look(bars, actions)
        np.testing.assert_array_equal(truth[: row + 1], look(*then))
        np.testing.assert_array_equal(truth[: row + 1], look(poisoned, actions)[: row + 1])
        np.testing.assert_array_equal(truth[row], look(*then, first=row)[0])
    for ours, early in zip(yesterday(poisoned, actions), yesterday(*then), strict=True):
        np.testing.assert_array_equal(ours[: row + 1], early)


@pytest.mark.parametrize("window", [TREND, PERCENTILE + 3])
def test_what_a_host_keeps_is_enough(window: int) -> None:
    """The window that `look_back` names gives the same last row as the whole history, to the last bit."""
    bars, actions = walk(5)
    first = LONG - window
    short = bars.between(first, LONG), actions.between(first, LONG)
    look = trend_mean if window == TREND else return_percentile
    np.testing.assert_array_equal(look(bars, actions)[-1], look(*short, first=window - 1)[0])
    assert (
        look_back("sma200", "qpi") == TREND
        and look_back("off", "return_percentile") == look_back("sma200", "return_percentile") == PERCENTILE + 3
    )
    assert look_back("off", "qpi") == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_return_percentile_lies_on_the_side_of_its_sign(seed: int) -> None:
    bars, actions = walk(seed, sessions=400, names=2)
    found, close = return_percentile(bars, actions), adjusted(bars, actions)
    moves = np.full(close.shape, np.nan)
    moves[3:] = close[3:] / close[:-3] - 1
    known = ~np.isnan(found)
    assert ((found[known] >= 0) & (found[known] <= 100)).all()
    assert (found[known & (moves < -1e-9)] <= 50).all() and (found[known & (moves > 1e-9)] >= 50).all()


def test_yesterdays_range_is_put_on_todays_scale() -> None:
    market_data = flat_tape({"AAA": [100.0, 100.0, 25.0], "BBB": [10.0, float("nan"), 10.0]})
    split = Actions(np.array([2]), np.array([0]), np.array([SPLIT]), np.array([0.25]))
    high, low = yesterday(market_data.bars, split)
    np.testing.assert_array_equal(high, [[np.nan, np.nan], [100, 10], [25, np.nan]])
    np.testing.assert_array_equal(low, high)
