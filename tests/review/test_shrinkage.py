"""Shrinkage against a meta-analysis that everybody has worked, and means of clusters against a sum by hand."""

import numpy as np
import pytest

from springback.statistics.shrinkage import between_variance, clustered_mean, shrunk, winsorised

# Thirteen trials of the BCG vaccine (Colditz and others, 1994): tuberculosis yes and no, vaccinated and not.
BCG = np.array(
    [
        (4, 119, 11, 128),
        (6, 300, 29, 274),
        (3, 228, 11, 209),
        (62, 13536, 248, 12619),
        (33, 5036, 47, 5761),
        (180, 1361, 372, 1079),
        (8, 2537, 10, 619),
        (505, 87886, 499, 87892),
        (29, 7470, 45, 7232),
        (17, 1699, 65, 1600),
        (186, 50448, 141, 27197),
        (5, 2493, 3, 2338),
        (27, 16886, 29, 17825),
    ],
    float,
).T
ILL, WELL, BARE_ILL, BARE_WELL = BCG
EFFECTS = np.log(ILL / (ILL + WELL) / (BARE_ILL / (BARE_ILL + BARE_WELL)))
VARIANCES = 1 / ILL - 1 / (ILL + WELL) + 1 / BARE_ILL - 1 / (BARE_ILL + BARE_WELL)


def test_the_bcg_trials_come_out_as_in_metafor() -> None:
    """R's metafor, rma(yi, vi, data = dat.bcg): tau^2 0.3088 by DerSimonian and Laird, 0.3181 by Paule and Mandel; -0.7141 (0.1787)."""
    between = between_variance(EFFECTS, VARIANCES, "dersimonian_laird")
    weights = 1 / (VARIANCES + between)
    assert between == pytest.approx(0.3088, abs=5e-5)
    assert weights @ EFFECTS / weights.sum() == pytest.approx(-0.7141, abs=5e-5)
    assert weights.sum() ** -0.5 == pytest.approx(0.1787, abs=5e-5)
    assert between_variance(EFFECTS, VARIANCES, "paule_mandel") == pytest.approx(0.3181, abs=5e-5)


def test_equal_variances_are_a_case_by_hand() -> None:
    """Two groups at -1 and 1, each measured with variance 0.5: the sample variance 2 less 0.5; about a centre of 0, 1 less 0.5."""
    effects, variances = np.array([-1.0, 1.0]), np.array([0.5, 0.5])
    assert between_variance(effects, variances, "dersimonian_laird") == pytest.approx(1.5)
    assert between_variance(effects, variances, "paule_mandel") == pytest.approx(1.5)
    assert between_variance(effects, variances, "dersimonian_laird", 0.0) == pytest.approx(0.5)
    assert between_variance(effects, variances, "paule_mandel", 0.0) == pytest.approx(0.5)
    assert between_variance(effects / 10, variances, "paule_mandel") == 0.0
    assert np.isnan(between_variance(effects[:1], variances[:1], "paule_mandel"))


def test_what_says_little_is_drawn_to_the_prior() -> None:
    values, errors = shrunk(np.array([10.0, 10.0]), np.array([1.0, 9.0]), np.array([2.0, 2.0]), 1.0)
    assert values.tolist() == [6.0, 2.8] and errors == pytest.approx([np.sqrt(0.5), np.sqrt(0.9)])
    assert shrunk(np.array([10.0]), np.array([1.0]), np.array([2.0]), 0.0)[0].tolist() == [2.0]


def test_fills_of_one_morning_are_not_independent() -> None:
    """Ten mornings of ten equal fills are ten answers: the error is that of the mornings' means."""
    mornings = np.random.default_rng(2).normal(0, 3, 10)
    values, cluster = np.repeat(mornings, 10), np.repeat(np.arange(10), 10)
    found = clustered_mean(values, cluster)
    assert (found.count, found.clusters) == (100, 10)
    assert found.error == pytest.approx(mornings.std(ddof=1) / np.sqrt(10))
    assert found.high - found.mean == pytest.approx(2.2622 * found.error, rel=1e-4)  # t with nine degrees of freedom
    assert np.isnan(clustered_mean(values[:90], cluster[:90]).error) and np.isnan(clustered_mean(values[:0], cluster[:0]).mean)


def test_a_wild_fill_is_brought_in() -> None:
    values = np.append(np.zeros(199), 1000.0)
    assert winsorised(values, 0.01).max() == 0.0 and winsorised(values, 0.0).max() == 1000.0
