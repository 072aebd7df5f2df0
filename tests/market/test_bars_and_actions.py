"""Bars that refuse what is not a panel, and actions on its rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.errors import BadTable
from springback.market.actions import DIVIDEND, SPLIT, Actions, split_scale
from springback.market.bars import FIELDS, Bars

WEEK = np.array(["2020-08-27", "2020-08-28", "2020-08-31", "2020-09-01"], dtype="datetime64[D]")


def bars_of(sessions: np.ndarray = WEEK, symbols: tuple[str, ...] = ("AAA", "FOUR"), **panels: np.ndarray) -> Bars:
    plain = np.full((len(sessions), len(symbols)), 10.0)
    return Bars(sessions, symbols, **{field: panels.get(field, plain) for field in FIELDS})


@pytest.mark.parametrize("field", FIELDS)
def test_a_panel_of_another_shape_is_refused_by_name(field: str) -> None:
    with pytest.raises(BadTable, match=rf"{field} has shape \(3, 2\), sessions and symbols say \(4, 2\)"):
        bars_of(**{field: np.zeros((3, 2))})


@pytest.mark.parametrize("sessions", [WEEK[::-1], WEEK[[0, 1, 1, 2]]])
def test_sessions_out_of_order_or_twice_are_refused(sessions: np.ndarray) -> None:
    with pytest.raises(BadTable, match="sessions must be strictly increasing"):
        bars_of(sessions)


@pytest.mark.parametrize("symbols", [("FOUR", "AAA"), ("AAA", "AAA"), ("a", "B")])
def test_symbols_out_of_order_or_twice_are_refused(symbols: tuple[str, ...]) -> None:
    with pytest.raises(BadTable, match="symbols must be unique and in alphabetical order"):
        bars_of(symbols=symbols)


def test_bars_cannot_be_written_and_leave_their_source_alone() -> None:
    mine = np.asfortranarray(np.arange(8.0).reshape(4, 2))
    bars = bars_of(close=mine)
    assert bars.close.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0, 0] = 1.0
    mine[0, 0] = 5.0  # the caller's own array stays writable


def test_row_between_and_of() -> None:
    bars = bars_of(close=np.arange(8.0).reshape(4, 2))
    assert [bars.row(day) for day in ("2020-08-01", "2020-08-28", "2020-08-29", "2020-09-02")] == [0, 1, 2, 4]
    assert bars.between(1, 3).close.tolist() == [[2, 3], [4, 5]]
    one = bars.of(["FOUR", "FOUR"])
    assert one.symbols == ("FOUR",) and one.close.tolist() == [[1], [3], [5], [7]]


def align(*events: tuple[str, str, str, float]) -> Actions:
    dates, symbols, kinds, values = zip(*events, strict=True)
    return Actions.align(bars_of(), np.array(dates, dtype="datetime64[D]"), symbols, kinds, values)


def test_an_action_without_a_session_takes_effect_before_the_next() -> None:
    found = align(("2020-08-29", "FOUR", "dividend", 0.5), ("2020-08-28", "AAA", "split", 0.25))
    assert found.row.tolist() == [1, 2] and found.name.tolist() == [0, 1]
    assert found.kind.tolist() == [SPLIT, DIVIDEND] and found.value.tolist() == [0.25, 0.5]


def test_within_a_session_the_given_order_is_kept() -> None:
    found = align(*[("2020-08-31", "FOUR", kind, value) for kind, value in (("split", 0.5), ("dividend", 2.0), ("split", 0.25))])
    assert found.value.tolist() == [0.5, 2.0, 0.25]


def test_other_names_and_days_outside_are_left_out() -> None:
    found = align(("2020-08-31", "GONE", "split", 0.5), ("2020-08-26", "AAA", "split", 0.5), ("2020-09-02", "AAA", "split", 0.5))
    assert len(found.row) == 0


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_value_that_is_not_positive_is_refused(value: float) -> None:
    with pytest.raises(BadTable, match="value of the split of FOUR on 2020-08-31 must be above 0"):
        align(("2020-08-31", "FOUR", "split", value))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(BadTable, match="kind of FOUR on 2020-08-31 must be one of dividend, split, was 'spinoff'"):
        align(("2020-08-31", "FOUR", "spinoff", 1.0))


def test_between_renumbers() -> None:
    found = align(("2020-08-28", "FOUR", "split", 0.5), ("2020-08-31", "FOUR", "split", 0.25)).between(2, 4)
    assert found.row.tolist() == [0] and found.value.tolist() == [0.25]


def test_a_four_for_one_split_scales_what_was_before_it() -> None:
    scale = split_scale(align(("2020-08-31", "FOUR", "split", 0.25), ("2020-09-01", "FOUR", "split", 2.0)), (4, 2))
    assert scale is not None and scale.T.tolist() == [[1, 1, 1, 1], [1, 1, 0.25, 0.5]]
    assert 400.0 * scale[2, 1] / scale[1, 1] == 100.0, "FOUR's 400 before is 100 on the split's own scale"


def test_dividends_alone_scale_nothing() -> None:
    assert split_scale(align(("2020-08-31", "FOUR", "dividend", 0.25)), (4, 2)) is None
    assert split_scale(Actions.none(), (4, 2)) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2), st.sampled_from([0.25, 0.5, 3.0])), max_size=6), st.integers(1, 10))
def test_a_later_split_changes_no_earlier_scale(events: list[tuple[int, int, float]], end: int) -> None:
    row, name, value = (np.array([event[k] for event in sorted(events)]) for k in range(3))
    actions = Actions(row.astype(np.int64), name.astype(np.int64), np.full(len(row), SPLIT), value.astype(np.float64))
    whole, past = split_scale(actions, (10, 3)), split_scale(actions.between(0, end), (end, 3))
    ones = np.ones((10, 3))
    np.testing.assert_array_equal((ones if whole is None else whole)[:end], ones[:end] if past is None else past)
