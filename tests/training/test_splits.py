"""Splits and periods: nothing of the tested time is known to training, and the calendar decides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.errors import MissingData, SettingsError
from springback.training import Training, WalkForward
from springback.training.rows import TrainingRows, gather
from springback.training.splits import periods, split_by_time, walk
from tests.training.schools import lessons, random_tape, weekdays


def rows_of(sessions: int = 420) -> TrainingRows:
    """All rows of a small market data."""
    return gather(*lessons(random_tape(5, sessions=sessions, names=3)), Training())


@given(st.floats(0.05, 0.6), st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_training_labels_are_known_an_embargo_before_the_test(fraction: float, embargo: int) -> None:
    rows = rows_of(300)
    older, newer = split_by_time(rows, Training(test_fraction=fraction, embargo=embargo))
    assert older.known_at.max() + embargo < newer.session.min()
    assert len(np.unique(newer.session)) == max(1, round(len(np.unique(rows.session)) * fraction))
    assert newer.session.max() == rows.session.max()


def test_too_short_a_history_says_so() -> None:
    with pytest.raises(MissingData, match="longer history"):
        split_by_time(rows_of(50), Training())


def test_quarters_by_hand() -> None:
    sessions = weekdays(540)  # 2018-01-01 to 2020-01-24
    found = periods(sessions, np.datetime64("2019-02-04"), np.datetime64("2019-08-30"))
    spans = [(str(sessions[one.as_of]), str(sessions[one.first]), str(sessions[one.end - 1])) for one in found]
    assert spans == [
        ("2019-02-01", "2019-02-04", "2019-03-29"),
        ("2019-03-29", "2019-04-01", "2019-06-28"),
        ("2019-06-28", "2019-07-01", "2019-08-30"),
    ]


@given(st.integers(0, 500), st.integers(0, 500), st.sampled_from([1, 2, 3, 4, 6, 12]))
@settings(max_examples=50, deadline=None)
def test_periods_tile_the_span(low: int, length: int, months: int) -> None:
    sessions = weekdays(540)
    high = min(low + length, 539)
    found = periods(sessions, sessions[low], sessions[high], months)
    covered = [row for one in found for row in range(one.first, one.end)]
    assert covered == list(range(low, high + 1))
    assert all(one.as_of == one.first - 1 for one in found)


def test_rows_known_by_a_session_have_their_label_by_then() -> None:
    rows = rows_of()
    known = rows.known_by(200)
    assert known.session.max() == 194 and len(known) == int((rows.session + 6 <= 200).sum())


def test_walk_begins_when_there_is_enough_to_learn() -> None:
    rows, sessions = rows_of(), weekdays(420)
    found = walk(rows, sessions, WalkForward(min_sessions=150), None, None)
    assert len(np.unique(rows.known_by(found[0].as_of).session)) >= 150
    assert str(sessions[found[0].first]) == "2018-10-01"
    with pytest.raises(MissingData, match=r"start later \(--set backtest.start=2019-04-01\)"):
        walk(rows, sessions, WalkForward(start="2018-03-01"), None, None)
    with pytest.raises(MissingData, match="no session to forecast"):
        walk(rows, sessions, WalkForward(min_sessions=10_000), None, None)
    assert walk(rows, sessions, WalkForward(start="2018-03-01"), np.datetime64("2019-03-01"), None)[0].first == 304


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Training(estimator="deep"), "training.estimator"),  # type: ignore[arg-type]
        (lambda: Training(rows="some"), "training.rows"),  # type: ignore[arg-type]
        (lambda: Training(test_fraction=1.0), "training.test_fraction"),
        (lambda: Training(horizon=0), "training.horizon"),
        (lambda: Training(trees=0), "training.trees"),
        (lambda: Training(depth=17), "training.depth"),
        (lambda: Training(learning_rate=0.0), "training.learning_rate"),
        (lambda: Training(event_low=90.0), "training.event_low"),
        (lambda: WalkForward(start="2020"), "walk_forward.start"),
        (lambda: WalkForward(months=5), "walk_forward.months"),
        (lambda: WalkForward(min_sessions=0), "walk_forward.min_sessions"),
    ],
)
def test_a_knob_out_of_range_is_named(make, named: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingsError, match=named):
        make()
