"""Accuracy as labels ripen: what is not ripe changes nothing, and the figures are those of other hands."""

import numpy as np
import pytest
from scipy import stats

from springback.monitoring.accuracy import LiveForecasts, accuracy, day_scores
from springback.training.evaluate import auc

T, N, HORIZON = 80, 30, 6


def said(seed: int = 1, skill: float = 0.3) -> LiveForecasts:
    draw = np.random.default_rng(seed)
    forward = draw.normal(0, 0.03, (T, N))
    p_long = np.clip(0.5 + skill * forward / 0.03 * 0.1 + draw.normal(0, 0.1, (T, N)), 0, 1)
    p_short = np.clip(1 - p_long + draw.normal(0, 0.02, (T, N)), 0, 1)
    gone = draw.random((T, N)) < 0.1
    p_long[gone], p_short[gone] = np.nan, np.nan
    forward[draw.random((T, N)) < 0.05] = np.nan
    p_long[3], p_short[3] = np.nan, np.nan
    return LiveForecasts(p_long, p_short, forward, np.delete(np.arange(T), 3))


def test_what_is_not_ripe_changes_nothing() -> None:
    one = said()
    poisoned = LiveForecasts(one.p_long, one.p_short, np.where(np.arange(T)[:, None] > 60 - HORIZON, 9.0, one.forward), one.rows)
    for first, second in zip(*(vars(day_scores(each, 60, HORIZON, 0.6, 10)).values() for each in (one, poisoned)), strict=True):
        np.testing.assert_array_equal(first, second)
    assert day_scores(one, 60, HORIZON, 0.6, 10).row.max() == 54 and 3 not in day_scores(one, 60, HORIZON, 0.6, 10).row


def test_scipy_and_the_judge_of_training_give_the_same_figures() -> None:
    one = said()
    found = day_scores(one, T - 1, HORIZON, 0.6, 10)
    for day in (0, 20, 50):
        row = found.row[day]
        known = ~np.isnan(one.p_long[row]) & ~np.isnan(one.forward[row])
        up, down, forward = one.p_long[row, known], one.p_short[row, known], one.forward[row, known]
        assert found.rank_ic[day] == pytest.approx(stats.spearmanr(up - down, forward).statistic)
        assert found.auc_long[day] == pytest.approx(auc(forward > 0, up)) and found.auc_short[day] == pytest.approx(auc(forward < 0, down))
        assert found.names[day] == known.sum()


def test_hits_firings_and_calibration() -> None:
    one = said()
    reference = tuple((np.nan_to_num(p) > 0.6).sum(axis=1).repeat(4) for p in (one.p_long, one.p_short))
    found = accuracy(one, T - 1, HORIZON, 0.6, 10, reference)
    ripe = np.arange(T)[:, None] <= T - 1 - HORIZON
    fired = (np.nan_to_num(one.p_short) > 0.6) & ripe & ~np.isnan(one.forward)
    assert found.short.rate.count == fired.sum() and found.short.rate.hits == (fired & (one.forward < 0)).sum()
    assert found.long.firing is not None and found.long.firing.observed == (np.nan_to_num(one.p_long) > 0.6).sum()
    assert sum(one.rows for one in found.long.calibration) == (ripe & ~np.isnan(one.p_long) & ~np.isnan(one.forward)).sum()
    assert found.long.waiting == (~ripe & ~np.isnan(one.p_long)).sum()
    assert accuracy(one, T - 1, HORIZON, 0.6, 10, (reference[0][:50], reference[1][:50])).long.firing is None


def test_nothing_ripe_is_nothing() -> None:
    found = accuracy(said(), 3, HORIZON, 0.6, 10)
    assert not len(found.days.row) and found.long.rate.count == 0 and found.long.firing is None


def test_a_session_with_few_names_has_no_figure() -> None:
    assert np.isnan(day_scores(said(), T - 1, HORIZON, 0.6, 31).rank_ic).all()
