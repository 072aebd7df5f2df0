"""The tests of exceptions against their papers' own tables, and the value at risk against a case worked by hand."""

import numpy as np
import pytest
from scipy import stats

from springback.statistics.value_at_risk import FEWEST, coverage, exceptions, independence, kupiec, tail, transitions

REGIONS = {  # Kupiec (1995), Journal of Derivatives 3(2), table 3: counts that a 5 % test does not reject, ends left out
    # (printed as N < 7 where no exception at all is left out too)
    (0.01, 255): (0, 7),
    (0.01, 510): (1, 11),
    (0.01, 1000): (4, 17),
    (0.025, 255): (2, 12),
    (0.025, 510): (6, 21),
    (0.025, 1000): (15, 36),
    (0.05, 255): (6, 21),
    (0.05, 510): (16, 36),
    (0.05, 1000): (37, 65),
    (0.075, 255): (11, 28),
    (0.075, 510): (27, 51),
    (0.075, 1000): (59, 92),
    (0.10, 255): (16, 36),
    (0.10, 510): (38, 65),
    (0.10, 1000): (81, 120),
}


@pytest.mark.parametrize(("case", "region"), REGIONS.items())
def test_kupiecs_own_regions_come_out(case: tuple[float, int], region: tuple[int, int]) -> None:
    share, total = case
    kept = [count for count in range(total + 1) if kupiec(count, total, share) < stats.chi2.ppf(0.95, 1)]
    assert (kept[0] - 1, kept[-1] + 1) == region


def test_jorions_bank_of_1998_comes_out() -> None:
    """Jorion, Value at Risk, 3rd edition, section 6.3.3: 20 exceptions in 252 days at 5 %, 6 of them after another one."""
    assert kupiec(20, 252, 0.05) == pytest.approx(3.91, abs=0.005)
    assert independence(np.array([218, 14, 14, 6])) == pytest.approx(9.53, abs=0.005)


def test_transitions_are_counted_and_both_tests_add_up() -> None:
    assert transitions(np.array([0, 0, 1, 1, 0, 1], bool)).tolist() == [1, 2, 1, 1]
    hits = np.zeros(500, bool)
    hits[100:110] = True
    found = coverage(hits, 0.01)
    together = kupiec(10, 500, 0.01) + independence(transitions(hits))
    assert found.tested and (found.exceptions, found.expected) == (10, 5.0)
    assert found.christoffersen == pytest.approx(np.exp(-together / 2))  # chi-squared with two degrees of freedom
    assert found.independence < 1e-6 < found.kupiec


def test_too_few_sessions_are_not_tested() -> None:
    found = coverage(np.zeros(FEWEST - 1, bool), 0.01)
    assert not found.tested and np.isnan([found.kupiec, found.independence, found.christoffersen]).all()


def test_the_tail_of_a_hundred_returns() -> None:
    returns = np.arange(-50, 50) / 1000
    loss, mean = tail(returns, 0.05)
    assert loss == pytest.approx(0.04505) and mean == pytest.approx(np.mean([0.05, 0.049, 0.048, 0.047, 0.046]))
    assert np.isnan(tail(returns[:10], 0.05)).all()


def test_an_exception_is_judged_on_the_past_alone() -> None:
    draw = np.random.default_rng(1)
    returns = draw.normal(0, 0.01, 600)
    found = exceptions(returns, 0.01, 250)
    changed = returns.copy()
    changed[400:] = -0.5
    assert len(found) == 350 and (exceptions(changed, 0.01, 250)[:150] == found[:150]).all()
    assert len(exceptions(returns[:250], 0.01, 250)) == 0
