"""Labels: worked by hand, over splits, and unknown where the future is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.market.actions import SPLIT, Actions
from springback.training import Training, forward_return, tradable_return
from springback.training.estimators import targets
from springback.training.rows import gather
from tests.training.schools import lessons, random_tape, tape_of


def test_case_worked_by_hand() -> None:
    """Closes 100, 101, ... 107 with a 2-for-1 split before session 5: 105 is printed as 52.5. Opens are the closes before."""
    close = np.arange(100.0, 108.0).reshape(-1, 1)
    close[5:] /= 2
    split = Actions(np.array([5]), np.array([0]), np.array([SPLIT]), np.array([0.5]))
    market_data = tape_of(close)
    forward = forward_return(market_data.bars, split, 6)[:, 0]
    assert forward[:2] == pytest.approx([106 / 100 - 1, 107 / 101 - 1])
    assert np.isnan(forward[2:]).all()
    tradable = tradable_return(market_data.bars, Actions.none(), 6)[:, 0]
    assert tradable[0] == pytest.approx(53.0 / 100 - 1)  # open of 7 is the close of 6, printed on the new scale
    assert np.isnan(tradable[1:]).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 10), st.integers(0, 399))
@settings(max_examples=20, deadline=None)
def test_a_label_is_known_at_its_horizon_and_not_before(seed: int, horizon: int, known: int) -> None:
    market_data = random_tape(seed, sessions=60, names=2)
    known %= 60
    whole = forward_return(market_data.bars, market_data.actions, horizon)
    part = forward_return(market_data.bars.between(0, known + 1), market_data.actions, horizon)
    seen = max(known + 1 - horizon, 0)
    np.testing.assert_array_equal(part[:seen], whole[:seen])
    assert np.isnan(part[seen:]).all()


def test_the_last_six_rows_have_no_label() -> None:
    market_data, eligible, panel = lessons(random_tape(1, sessions=60, names=3))
    rows = gather(market_data, eligible, panel, Training())
    assert rows.session.max() == 60 - 1 - 6 and rows.session.min() == 20 and len(rows) == 34 * 3
    np.testing.assert_array_equal(rows.known_at, rows.session + 6)


def test_an_unknown_close_is_no_label_and_no_change_is_neither_side() -> None:
    close = np.full((60, 1), 10.0)
    close[40] = np.nan
    market_data, eligible, panel = lessons(tape_of(close))
    rows = gather(market_data, eligible, panel, Training())
    assert 34 not in rows.session and 33 in rows.session
    rises, falls = targets(rows)
    assert not rises.any() and not falls.any()


def test_events_are_the_extremes_only() -> None:
    market_data, eligible, panel = lessons(random_tape(2))
    rows = gather(market_data, eligible, panel, Training(rows="events"))
    assert 0 < len(rows) < len(gather(market_data, eligible, panel, Training()))
    assert ((rows.features[:, 0] < 15) | (rows.features[:, 0] > 85)).all()


def test_only_eligible_names_are_learned_from() -> None:
    market_data, eligible, panel = lessons(random_tape(3))
    eligible[:, 4] = False
    assert 4 not in gather(market_data, eligible, panel, Training()).name
