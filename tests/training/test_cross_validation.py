"""Combinatorial purged cross-validation: what it may learn from, that every row is tested equally often, and a second opinion."""

from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.errors import MissingData, SettingsError
from springback.training import Training
from springback.training.rows import TrainingRows, gather
from springback.training.training_settings import Validation
from springback.validation.cross_validation import cross_validate, groups, may_learn, place_in_paths, splits
from tests.training.schools import lessons, random_tape

HORIZON = 6
CHOICES = [(4, 1), (4, 2), (5, 3), (6, 2), (7, 6)]


def rows_of(sessions: int = 300, names: int = 3) -> TrainingRows:
    return gather(*lessons(random_tape(5, sessions=sessions, names=names)), Training())


@given(st.sampled_from(CHOICES), st.integers(0, 40), st.integers(1, 12), st.integers(80, 200))
def test_no_training_label_touches_a_tested_one_and_the_embargo_is_kept(
    choice: tuple[int, int], embargo: int, horizon: int, count: int
) -> None:
    session = np.arange(count)
    spans = groups(session, choice[0])
    for split in splits(spans, choice[1]):
        tested = np.concatenate([np.arange(spans[k][0], spans[k][1] + 1) for k in split.tested])
        learned = session[may_learn(session, session + horizon, split, horizon, embargo)]
        assert not np.isin(learned, tested).any()
        for one in learned:
            apart = (one + horizon < tested) | (one > tested + horizon)
            assert apart.all(), (one, split)
            before = tested[tested + horizon < one]
            assert not len(before) or one > before.max() + horizon + embargo
        kept_out = np.setdiff1d(session, np.concatenate([learned, tested]))
        near = [
            np.any((tested >= one) & (tested <= one + horizon)) or np.any((one > tested) & (one <= tested + horizon + embargo))
            for one in kept_out
        ]
        assert all(near), "nothing is left out without a reason"


@given(st.sampled_from(CHOICES), st.integers(20, 200))
def test_each_session_is_tested_equally_often_and_each_path_tiles_the_sessions(choice: tuple[int, int], count: int) -> None:
    total, tested = choice
    session = np.arange(100, 100 + count)
    spans = groups(session, total)
    assert [one for first, last in spans for one in range(first, last + 1)] == session.tolist()
    found = splits(spans, tested)
    assert len(found) == comb(total, tested)
    times = np.zeros(total, dtype=int)
    for split in found:
        times[list(split.tested)] += 1
        covered = [one for first, last in split.blocks for one in range(first, last + 1)]
        assert covered == [one for k in split.tested for one in range(spans[k][0], spans[k][1] + 1)]
    assert (times == comb(total - 1, tested - 1)).all()
    place = place_in_paths(found, total)
    for path in range(comb(total - 1, tested - 1)):
        assert ((place == path).sum(axis=0) == 1).all(), "a path holds every group once"


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("embargo", [0, 1, 20])
def test_purgedcv_makes_the_same_splits_and_paths(choice: tuple[int, int], embargo: int) -> None:
    purgedcv = pytest.importorskip("purgedcv")
    total, tested = choice
    session = np.arange(130)
    day = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(session, unit="D"))
    known = day + pd.Timedelta(days=HORIZON)
    # Its label windows are half-open; one session of padding makes windows that touch overlap, as ours do.
    theirs = purgedcv.CombinatorialPurgedCV(
        n_splits=total,
        n_test_groups=tested,
        prediction_times=day,
        evaluation_times=known,
        purge_horizon=pd.Timedelta(days=1),
        embargo=pd.Timedelta(days=embargo),
    )
    spans = groups(session, total)
    found = splits(spans, tested)
    said = []
    for k, (split, (learned, asked)) in enumerate(zip(found, theirs.split(session[:, None]), strict=True)):
        np.testing.assert_array_equal(np.flatnonzero(may_learn(session, session + HORIZON, split, HORIZON, embargo)), learned)
        np.testing.assert_array_equal(np.concatenate([np.arange(spans[one][0], spans[one][1] + 1) for one in split.tested]), asked)
        said.append(np.full(len(asked), float(k)))
    place = place_in_paths(found, total)
    for path, whole in enumerate(theirs.reconstruct_paths(said)):
        ours = np.concatenate([np.full(last - first + 1, np.flatnonzero(place[:, k] == path)[0]) for k, (first, last) in enumerate(spans)])
        np.testing.assert_array_equal(ours, whole)


def test_purgedcv_walks_forward_over_the_same_rows() -> None:
    purgedcv = pytest.importorskip("purgedcv")
    session = np.arange(130)
    day = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(session, unit="D"))
    theirs = purgedcv.WalkForwardSplit(
        n_splits=4,
        test_size=20,
        prediction_times=day,
        evaluation_times=day + pd.Timedelta(days=HORIZON),
        purge_horizon=pd.Timedelta(days=1),
        embargo=pd.Timedelta(days=20),
    )
    rows = rows_of()
    few = TrainingRows(*(np.zeros(130, np.float32) if name == "features" else session for name in rows.__dataclass_fields__))
    few = TrainingRows(few.features, few.forward, few.tradable, session, few.name, session + HORIZON)
    for learned, asked in theirs.split(session[:, None]):
        np.testing.assert_array_equal(few.known_by(int(asked[0]) - 1).session, learned)


def test_every_path_holds_a_forecast_of_every_row_by_models_that_did_not_see_it() -> None:
    rows = rows_of(names=6)
    training = Training(trees=5, depth=2)
    found = cross_validate(rows, training, Validation(groups=4, tested=2))
    assert found.p_long.shape == found.p_short.shape == (3, len(rows))
    assert np.isfinite(found.p_long).all() and np.isfinite(found.p_short).all()
    assert len(found.splits) == len(found.learned) == 6
    # poison what one tested group was: its forecasts stay, for no model that forecast it learned from it
    poisoned = TrainingRows(
        rows.features, np.where(found.group == 1, -rows.forward, rows.forward), rows.tradable, rows.session, rows.name, rows.known_at
    )
    again = cross_validate(poisoned, training, Validation(groups=4, tested=2))
    np.testing.assert_array_equal(again.p_long[:, found.group == 1], found.p_long[:, found.group == 1])
    assert not np.array_equal(again.p_long, found.p_long)


def test_threads_change_nothing() -> None:
    rows = rows_of(names=6)
    one, four = (cross_validate(rows, Training(trees=5, threads=threads), Validation(groups=4)) for threads in (1, 4))
    np.testing.assert_array_equal(one.p_long, four.p_long)
    np.testing.assert_array_equal(one.p_short, four.p_short)


def test_bad_knobs_and_short_histories_are_named() -> None:
    for knobs, named in (
        ({"groups": 1}, "validation.groups"),
        ({"tested": 0}, "validation.tested"),
        ({"tested": 6}, "validation.tested"),
        ({"groups": 20, "tested": 10}, "184,756 splits"),
        ({"draws": 1}, "validation.draws"),
        ({"block": 0}, "validation.block"),
        ({"names": 2}, "validation.names"),
    ):
        with pytest.raises(SettingsError, match=named):
            Validation(**knobs)
    with pytest.raises(MissingData, match="cannot make 6 groups"):
        groups(np.arange(5), 6)
