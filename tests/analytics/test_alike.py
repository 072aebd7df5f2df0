"""Trials in families: worked by hand, on shared sessions only, and robust against silly ones; `purgedcv` deflates the same by their number.

`purgedcv.effective_n_trials` counts otherwise (by the autocorrelation of the trials' Sharpe ratios in their order, not by their returns),
so it is a witness for what a number of trials does, not for the number.
"""

import math

import numpy as np
import pytest
from purgedcv import deflated_sharpe_ratio
from sklearn.covariance import empirical_covariance

from springback.statistics.alike import correlations, families
from springback.statistics.overfitting import deflated_sharpe, search
from springback.statistics.significance import sharpe_error


def noise(seed: int, trials: int, sessions: int, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.01, (trials, sessions))


def neighbours(seed: int, trials: int, sessions: int, mean: float = 0.0) -> np.ndarray:
    """Trials that differ from one another by a tenth."""
    return noise(seed, 1, sessions, mean) + 0.1 * noise(seed + 1, trials, sessions)


def test_families_by_hand() -> None:
    """Three at 0.9: 0.9 + 0.1 x 3 = 1.2. Two at 0.8: 0.8 + 0.2 x 2 = 1.2. One alone: 1. Together 3.4."""
    alike = np.eye(6)
    for one, two, rho in ((0, 1, 0.9), (0, 2, 0.9), (1, 2, 0.9), (3, 4, 0.8)):
        alike[one, two] = alike[two, one] = rho
    found = families(alike)
    assert sorted(found.members) == [(0, 1, 2), (3, 4), (5,)] and found.effective == pytest.approx(3.4)


def test_two_searches_are_two_and_not_their_mean() -> None:
    """72 neighbours of one winner and 72 of another: one mean correlation of a half would call them 72."""
    alike = np.kron(np.eye(2), np.full((72, 72), 0.99))
    np.fill_diagonal(alike, 1.0)
    assert families(alike).effective == pytest.approx(2 * (0.99 + 0.01 * 72))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_trials_need_no_family(count: int) -> None:
    assert families(np.eye(count)).effective == count


def test_correlations_are_those_of_the_shared_sessions() -> None:
    returns = neighbours(1, 3, 600)
    returns[0, :200] = returns[1, 500:] = np.nan
    found = correlations(returns, 252)
    for one, two, span in ((0, 1, slice(200, 500)), (0, 2, slice(200, 600)), (1, 2, slice(0, 500))):
        covariance = empirical_covariance(returns[[one, two], span].T)
        assert found[one, two] == pytest.approx(covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1]))
    assert correlations(returns, 301)[0, 1] == 0, "300 shared sessions are fewer than 301"


def test_neighbours_over_other_years_are_no_more_than_neighbours() -> None:
    """A winner run over four years, and its 72 neighbours searched over the first two and the year before: once counted as 73."""
    returns = neighbours(3, 73, 1260)
    returns[0, :252] = np.nan
    returns[1:, 756:] = np.nan
    found = search(73, returns, np.arange(1260) >= 252)
    assert found.peers == 73 and found.families == 1 and 1 < found.independent < 3
    strangers = search(73, np.where(np.arange(73)[:, None] < 1, returns, noise(5, 73, 1260)), np.arange(1260) >= 252)
    assert strangers.independent > 70


def test_a_silly_trial_leaves_the_others_their_probability() -> None:
    """A cash of 1,000 dollars: commissions alone make a Sharpe ratio of -6.4."""
    good = noise(7, 6, 1000, 0.0004)
    good[0] += 0.0008
    silly = noise(8, 1, 1000, -0.004)
    before, after = search(6, good), search(7, np.vstack([good, silly]))
    assert after.hopeless == 1 and before.hopeless == 0 and after.spread == before.spread
    assert deflated_sharpe(good[0], after) == pytest.approx(deflated_sharpe(good[0], before), abs=0.05)
    assert deflated_sharpe(good[0], after) > 0.5
    wild = np.vstack([good, noise(9, 3, 1000, 0.004)])
    assert (search(9, wild).spread or 0) < 2 < np.std([one.mean() / one.std() * math.sqrt(252) for one in wild]), "robust upwards as well"


def test_a_lost_or_idle_account_is_counted_and_widens_nothing() -> None:
    good = noise(10, 6, 1000)
    ruined = good[:1].copy()
    ruined[0, 500], ruined[0, 501:] = -1.4, np.nan
    old = good[1:2].copy()
    old[0, 500:] = -1.4  # as ledgers held it before: gains on a debt
    found = search(9, np.vstack([good, ruined, old, np.zeros((1, 1000))]))
    base = search(6, good)
    assert (found.peers, found.spread, found.families) == (base.peers, base.spread, base.families)
    assert found.independent == base.independent + 3


def test_purgedcv_deflates_the_same_by_the_number_of_families() -> None:
    """Three families of equal trials are worth three."""
    returns = np.repeat(noise(11, 3, 1000, 0.0006), 5, axis=0)
    found = search(15, returns)
    assert found.independent == pytest.approx(3)
    spread = max(sharpe_error(returns[0]), found.spread or 0.0)
    theirs = deflated_sharpe_ratio(returns[0], 3, spread**2, bars_per_year=252)
    assert deflated_sharpe(returns[0], found) == pytest.approx(theirs, abs=2e-3)
