"""The effect of the regime: all of it is some episode's, and few episodes tell nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.monitoring.regime_effect import regime_effect

DAYS = np.datetime64("2024-01-01") + np.arange(300)


@given(st.integers(0, 2**32 - 1), st.integers(0, 300))
def test_the_episodes_add_up_to_the_whole(seed: int, first: int) -> None:
    draw = np.random.default_rng(seed)
    bear = draw.random(300) < 0.1
    bear[:first] = False
    returns = draw.normal(0, 0.01, 300)
    without = np.where(np.cumsum(bear) > 0, draw.normal(0, 0.01, 300), returns)
    found = regime_effect(DAYS, returns, without, bear)
    assert sum(one.gain for one in found.episodes) == pytest.approx((returns - without).sum(), abs=1e-12)
    assert sum(one.sessions for one in found.episodes) == bear.sum()
    assert found.can_be_told == (len(found.episodes) >= 10)


def test_spells_by_hand() -> None:
    bear = np.zeros(300, np.bool_)
    bear[[10, 11, 299]] = True
    returns = np.zeros(300)
    returns[12], returns[299] = 0.02, -0.01
    found = regime_effect(DAYS, returns, np.zeros(300), bear)
    assert [(one.first, one.last, one.sessions) for one in found.episodes] == [(DAYS[10], DAYS[11], 2), (DAYS[299], DAYS[299], 1)]
    assert [one.gain for one in found.episodes] == pytest.approx([0.02, -0.01]) and not found.can_be_told
    assert found.gain == pytest.approx(0.01 / 300) and found.low is not None and found.low < 0 < found.high


def test_few_sessions_have_no_interval() -> None:
    found = regime_effect(DAYS[:29], np.zeros(29), np.zeros(29), np.zeros(29, np.bool_))
    assert found.low is None and found.high is None and found.episodes == ()
