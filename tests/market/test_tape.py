"""The market data: the past of it is what was known then."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.errors import BadTable
from springback.market.actions import SPLIT, Actions
from springback.market.bars import Bars, Panel
from springback.market.market_data import DELISTED, END_OF_DATA, TRADING, MarketData, align_series, last_rows


def tape_of(close: Panel, ending: list[int], actions: Actions | None = None) -> MarketData:
    sessions, names = close.shape
    days = np.datetime64("2020-01-01") + np.arange(sessions)
    bars = Bars(days, tuple(f"N{k}" for k in range(names)), close, close, close, close, close)
    return MarketData(
        bars,
        actions or Actions.none(),
        np.arange(sessions, dtype=np.float64),
        last_rows(close),
        np.array(ending, dtype=np.int8),
        members=np.ones(close.shape, dtype=np.bool_),
        risk_free=np.arange(sessions) / 100,
    )


def ending_tape() -> MarketData:
    """Six sessions: one name goes on, one is delisted after row 2, one ends with its data at row 4, one has no bar."""
    close = np.full((6, 4), 10.0)
    close[3:, 1] = close[5:, 2] = close[:, 3] = np.nan
    splits = Actions(np.array([1, 4]), np.array([0, 0]), np.array([SPLIT, SPLIT]), np.array([0.5, 0.25]))
    return tape_of(close, [TRADING, DELISTED, END_OF_DATA, TRADING], splits)


def test_until_hides_what_came_later() -> None:
    past = ending_tape().until(4)
    assert past.bars.shape == (4, 4) and past.actions.value.tolist() == [0.5]
    assert past.last.tolist() == [3, 2, 3, -1]
    assert past.ending.tolist() == [TRADING, DELISTED, TRADING, TRADING], "the third name's end is not known yet"
    assert past.vix.tolist() == [0, 1, 2, 3] and past.risk_free is not None and len(past.risk_free) == 4
    assert past.members is not None and past.members.shape == (4, 4) and past.benchmark is None


@pytest.mark.parametrize(("end", "known"), [(3, TRADING), (4, DELISTED)])
def test_a_delisting_is_known_the_session_after_the_last_bar(end: int, known: int) -> None:
    assert ending_tape().until(end).ending[1] == known


def test_until_the_end_is_the_tape() -> None:
    market_data = ending_tape()
    assert (
        market_data.until(6).ending.tolist() == market_data.ending.tolist()
        and market_data.until(6).last.tolist() == market_data.last.tolist()
    )


@given(seed=st.integers(0, 2**32 - 1), end=st.integers(1, 12))
def test_the_future_changes_no_past(seed: int, end: int) -> None:
    draw = np.random.default_rng(seed)
    close = np.where(draw.random((12, 5)) < 0.3, np.nan, draw.random((12, 5)))
    other = close.copy()
    other[end:] = np.where(draw.random((12 - end, 5)) < 0.3, np.nan, 1.0)
    np.testing.assert_array_equal(tape_of(close, [TRADING] * 5).until(end).last, tape_of(other, [TRADING] * 5).until(end).last)


@pytest.mark.parametrize("field", ["vix", "last", "ending", "members", "benchmark", "risk_free"])
def test_a_series_of_another_length_is_refused_by_name(field: str) -> None:
    market_data = ending_tape()
    parts = {name: getattr(market_data, name) for name in ("vix", "last", "ending", "members", "benchmark", "risk_free")}
    with pytest.raises(BadTable, match=rf"market data: {field} has shape \(9,\)"):
        MarketData(market_data.bars, market_data.actions, **{**parts, field: np.zeros(9)})


@given(seed=st.integers(0, 2**32 - 1))
def test_last_rows_is_the_last_close(seed: int) -> None:
    close = np.random.default_rng(seed).choice([np.nan, 1.0], (7, 6), p=[0.7, 0.3])
    assert last_rows(close).tolist() == [max((row for row in range(7) if close[row, name] == 1.0), default=-1) for name in range(6)]


SESSIONS = np.array(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"], dtype="datetime64[D]")
KNOWN = np.array(["2020-01-03", "2020-01-04", "2020-01-07"], dtype="datetime64[D]")


def test_a_series_is_unknown_where_its_day_is_absent() -> None:
    np.testing.assert_array_equal(align_series(SESSIONS, KNOWN, np.array([1.0, 2.0, 3.0])), [np.nan, 1, np.nan, 3])


def test_a_carried_series_keeps_the_last_earlier_value() -> None:
    np.testing.assert_array_equal(align_series(SESSIONS, KNOWN, np.array([1.0, 2.0, 3.0]), carry=True), [np.nan, 1, 2, 3])


@pytest.mark.parametrize("carry", [True, False])
def test_an_empty_series_is_unknown(carry: bool) -> None:
    assert np.isnan(align_series(SESSIONS, KNOWN[:0], np.empty(0), carry)).all()
