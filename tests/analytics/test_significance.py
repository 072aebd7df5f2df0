"""Errors of the Sharpe ratio: published cases, coverage on noise, and the seed."""

import numpy as np
import pytest

from springback.statistics.significance import block_rows, expected_best_sharpe, mean_band, probability_above, sharpe_band, sharpe_error


def test_error_of_a_sharpe_of_one_and_a_bit_over_four_years_is_a_half() -> None:
    """Pitfalls: "A Sharpe of 1.17 over 4 years has a standard error of 0.5"."""
    noise = np.random.default_rng(1).normal(size=1008)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    assert sharpe_error(0.01 * (noise + 1.17 / np.sqrt(252))) == pytest.approx(0.5, abs=0.01)


def test_the_best_of_fifty_skillless_trials_of_four_years_shows_1_1_to_1_2() -> None:
    """Pitfalls: "the best of 50 skill-less trials gives 1.1-1.2"."""
    assert 1.1 < expected_best_sharpe(50, 0.5) < 1.2
    assert expected_best_sharpe(1, 0.5) == 0


def test_the_expected_best_is_that_of_a_simulation() -> None:
    best = np.random.default_rng(2).normal(0, 0.5, (20_000, 50)).max(axis=1).mean()
    assert expected_best_sharpe(50, 0.5) == pytest.approx(best, abs=0.02)


def test_probabilistic_sharpe_is_a_half_at_its_own_benchmark() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.01, 500)
    own = np.sqrt(252) * returns.mean() / returns.std(ddof=1)
    assert probability_above(returns, own) == pytest.approx(0.5)
    assert probability_above(returns, own - 1) > 0.5 > probability_above(returns, own + 1)


def test_blocks_keep_neighbours_together() -> None:
    rows = block_rows(500, 50, 10, np.random.default_rng(4))
    assert rows.min() >= 0 and rows.max() < 500
    follows = (rows[:, 1:] == (rows[:, :-1] + 1) % 500).mean()
    assert follows == pytest.approx(0.9, abs=0.02)


def test_the_band_holds_the_truth_as_often_as_it_says() -> None:
    """On 80 records of noise the 95 % band of the Sharpe ratio must miss zero rarely: at most 12 %."""
    draw = np.random.default_rng(5)
    missed = sum(not low < 0 < high for low, high in (sharpe_band(draw.normal(0, 0.01, 500), 1, draws=300) for _ in range(80)))
    assert missed <= 10


def test_the_same_seed_gives_the_same_band() -> None:
    returns = np.random.default_rng(6).normal(0.0005, 0.01, 300)
    assert sharpe_band(returns, 7) == sharpe_band(returns, 7) != sharpe_band(returns, 8)
    low, high = mean_band(returns, 7)
    assert low < returns.mean() * 252 < high


def test_a_short_record_has_no_band() -> None:
    assert np.isnan(sharpe_band(np.ones(10), 1)).all()
