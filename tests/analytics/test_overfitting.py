"""The worked examples of the papers, another library's answers, and what the statistics say of noise."""

import math
import warnings

import numpy as np
import pytest
from purgedcv import deflated_sharpe_ratio, min_track_record_length, probabilistic_sharpe_ratio, probability_of_backtest_overfitting
from scipy import stats

from springback.statistics.overfitting import (
    Search,
    deflated_sharpe,
    probability_of_overfitting,
    search,
    track_record,
    track_record_years,
)
from springback.statistics.returns import sharpe as sharpe_of
from springback.statistics.significance import expected_best_sharpe, probabilistic_sharpe, probability_above, sharpe_error

YEAR = 250  # sessions, as the papers count


def noise(seed: int, trials: int, sessions: int, shared: float = 0.0) -> np.ndarray:
    """Skill-less daily returns (trials, sessions) with the correlation `shared`."""
    draw = np.random.default_rng(seed)
    common = draw.normal(0, 0.01, sessions)
    return math.sqrt(shared) * common + math.sqrt(1 - shared) * draw.normal(0, 0.01, (trials, sessions))


@pytest.mark.parametrize(("trials", "skew", "kurtosis", "probability"), [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)])
def test_the_worked_example_of_the_deflated_sharpe(trials: int, skew: float, kurtosis: float, probability: float) -> None:
    """Bailey and Lopez de Prado (2014), "A numerical example": Sharpe 2.5 a year over 5 years, trials with a variance of 1/2."""
    luck = expected_best_sharpe(trials, math.sqrt(0.5 / YEAR))
    if trials == 100:
        assert luck == pytest.approx(0.1132, abs=5e-5)
    assert probabilistic_sharpe(2.5 / math.sqrt(YEAR), 5 * YEAR, skew, kurtosis, luck) == pytest.approx(probability, abs=1e-4)


@pytest.mark.parametrize(("skew", "kurtosis", "probability"), [(0, 3, 0.982), (-2.448, 10.164, 0.913)])
def test_the_worked_example_of_the_probabilistic_sharpe(skew: float, kurtosis: float, probability: float) -> None:
    """Bailey and Lopez de Prado (2012), section 4: 24 monthly returns with a Sharpe of 0.458 a month."""
    assert probabilistic_sharpe(0.458, 24, skew, kurtosis) == pytest.approx(probability, abs=5e-4)


@pytest.mark.parametrize(
    ("a_year", "skew", "kurtosis", "years"), [(252, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)]
)
def test_the_worked_example_of_the_track_record(a_year: int, skew: float, kurtosis: float, years: float) -> None:
    """Bailey and Lopez de Prado (2012), section 5: a Sharpe of 2 a year to be told from 1 with 95 %."""
    found = track_record(2 / math.sqrt(a_year), skew, kurtosis, 1 / math.sqrt(a_year)) / a_year
    assert found == pytest.approx(years, abs=0.005)


def test_purgedcv_gives_the_same_length_of_record() -> None:
    for sharpe, benchmark, skew, kurtosis in ((0.1, 0.0, -1.0, 8.0), (0.07, 0.02, 0.4, 3.5), (0.02, 0.0, 0.0, 30.0)):
        theirs = min_track_record_length(sharpe, benchmark, 0.05, skew, kurtosis)
        assert math.ceil(track_record(sharpe, skew, kurtosis, benchmark)) == theirs
    assert track_record(0.1, 0.0, 3.0, 0.2) == math.inf == min_track_record_length(0.1, 0.2, 0.05, 0.0, 3.0)


def test_a_record_as_long_as_it_must_be_is_just_sure_enough() -> None:
    shape = 0.06, -0.5, 6.0
    assert probabilistic_sharpe(shape[0], track_record(*shape), *shape[1:]) == pytest.approx(0.95)
    assert track_record_years(np.full(300, -0.01) + noise(1, 1, 300)[0]) == math.inf
    assert np.isnan(track_record_years(np.zeros(300)))


def test_purgedcv_gives_the_same_probabilities() -> None:
    """It takes the standard deviation with ddof 0 and unbiased moments: a part in a thousand at this length."""
    returns = stats.skewnorm.rvs(-4, 0.001, 0.01, 1000, random_state=3) + 0.0085
    assert probability_above(returns, 0.0) == pytest.approx(probabilistic_sharpe_ratio(returns, 0.0), abs=1e-3)
    found = Search(trials=30, spread=1.2)
    theirs = deflated_sharpe_ratio(returns, 30, 1.2**2, bars_per_year=252)
    assert deflated_sharpe(returns, found) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize(("blocks", "sessions", "skill"), [(8, 240, 0.0), (10, 403, 0.001), (6, 100, -0.002)])
def test_purgedcv_gives_the_same_probability_of_overfitting(blocks: int, sessions: int, skill: float) -> None:
    returns = noise(blocks, 12, sessions)
    returns[3] += skill
    assert probability_of_overfitting(returns, blocks) == probability_of_backtest_overfitting(returns, blocks).pbo


def test_overfitting_of_skill_is_nil_and_of_its_reverse_certain() -> None:
    returns = noise(2, 10, 320)
    returns[4] += 0.01
    assert probability_of_overfitting(returns) == 0
    half = np.repeat([0.01, -0.01], 160)
    turning = noise(3, 2, 320) * 0.01 + np.stack([half, -half])
    assert probability_of_overfitting(turning, 2) == 1


def test_a_trial_that_stands_still_needs_no_exception() -> None:
    returns = noise(4, 10, 320)
    returns[0] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 0 <= probability_of_overfitting(returns) <= 1


def test_noise_is_overfitted_half_of_the_time() -> None:
    found = [probability_of_overfitting(noise(seed, 20, 500), 8) for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=3 * np.std(found) / math.sqrt(len(found)))
    assert np.std(found) / math.sqrt(len(found)) < 0.04


@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_the_best_of_fifty_skillless_trials_seldom_passes(shared: float) -> None:
    """Undeflated, it would pass nearly always where the trials differ."""
    passed = undeflated = 0
    for seed in range(100):
        tried = noise(seed, 50, 150, shared)
        best = tried[np.argmax([sharpe_of(one) for one in tried])]
        passed += deflated_sharpe(best, search(50, tried)) > 0.95
        undeflated += probability_above(best, 0.0) > 0.95
    assert passed <= 5
    assert undeflated > (85 if shared == 0 else 30)


def test_alike_trials_are_worth_fewer() -> None:
    alone = noise(5, 1, 400)
    copies = np.repeat(alone, 30, axis=0)
    assert search(30, copies).independent == pytest.approx(1)
    assert search(30, copies).luck(0.5) == pytest.approx(0, abs=1e-6)
    assert search(30, noise(6, 30, 2000)).independent == pytest.approx(30, abs=0.5)
    assert 10 < search(30, noise(7, 30, 2000, 0.5)).independent < 20


def test_trials_that_hold_other_sessions_are_each_worth_one() -> None:
    found = search(25, np.repeat(noise(8, 1, 400), 5, axis=0))
    assert (found.peers, found.different) == (5, 1) and found.independent == pytest.approx(21)


def test_one_trial_is_not_deflated() -> None:
    returns = noise(10, 1, 400)[0] + 0.0005
    found = search(1, returns[None])
    assert (found.luck(sharpe_error(returns)), found.overfitting, found.spread) == (0, None, None)
    assert deflated_sharpe(returns, found) == probability_above(returns, 0.0)


def test_a_search_that_did_nothing_says_nothing() -> None:
    found = search(3, np.zeros((3, 200)))
    assert (found.trials, found.peers, found.independent, found.overfitting) == (3, 0, 3, None)
    assert np.isnan(deflated_sharpe(np.zeros(200), found))
