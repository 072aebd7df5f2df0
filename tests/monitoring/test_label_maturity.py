"""Labels that arrive late, hit rates with honest intervals, and counts of firings: witnesses, coverage and hand-worked cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from springback.errors import MissingData
from springback.monitoring.label_maturity import MaturedLabel, firing, hit_rate, matured, wilson

NAN = float("nan")


def test_a_forecast_waits_for_its_label_by_hand() -> None:
    """Horizon 2, the close of row 3 is known: forecasts of rows 0 and 1 are mature, those of 2 and 3 wait; one name is halted."""
    probability = np.array([[0.7, 0.4], [NAN, 0.8], [0.9, 0.9], [0.6, NAN], [0.9, 0.9]])
    forward = np.array([[0.01, -0.02], [0.03, NAN], [0.05, 0.05], [0.05, 0.05], [0.05, 0.05]])
    found = matured(probability, forward, now=3, horizon=2)
    assert found.session.tolist() == [0, 0] and found.name.tolist() == [0, 1]
    assert found.probability.tolist() == [0.7, 0.4] and found.came_true.tolist() == [True, False]
    assert (found.waiting, found.unknown) == (3, 1)


@given(st.integers(0, 2**32 - 1), st.integers(0, 29), st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_what_is_not_ripe_changes_nothing(seed: int, now: int, horizon: int) -> None:
    draw = np.random.default_rng(seed)
    probability, forward = draw.random((30, 4)), draw.normal(0, 0.03, (30, 4))
    probability[draw.random((30, 4)) < 0.3] = NAN
    forward[draw.random((30, 4)) < 0.1] = NAN
    poisoned = forward.copy()
    poisoned[max(0, now + 1 - horizon) :] = 9.0
    truth, other = (matured(probability, one, now, horizon) for one in (forward, poisoned))
    for field in ("session", "name", "probability", "came_true"):
        np.testing.assert_array_equal(getattr(truth, field), getattr(other, field))
    assert len(truth.session) + truth.waiting + truth.unknown == int((~np.isnan(probability[: now + 1])).sum())


def test_judged_before_they_are_ripe_labels_lie() -> None:
    """Return so far instead of the label: a name that fell first and rises later is called a miss."""
    price = np.array([[10.0], [9.0], [9.5], [11.0]])
    so_far = price[-2] / price[:1] - 1
    assert so_far[0, 0] < 0 < price[3, 0] / price[0, 0] - 1
    assert len(matured(np.array([[0.9], [NAN], [NAN]]), np.vstack([so_far, so_far, so_far]), now=2, horizon=3).session) == 0


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (3, 10), (81, 263), (10, 10)])
def test_scipy_gives_the_same_wilson_interval(hits: int, count: int) -> None:
    theirs = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits / count, count) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def clustered(seed: int, days: int = 400, names: int = 15) -> MaturedLabel:
    """Ripe forecasts of coins that fall together: names share the market's step, and labels share 5 of their 6 sessions with the next."""
    draw = np.random.default_rng(seed)
    steps = draw.normal(0, 0.01, (days + 6, 1)) + draw.normal(0, 0.02, (days + 6, names))
    total = np.vstack([np.zeros((1, names)), np.cumsum(steps, axis=0)])
    forward = np.full((days + 6, names), NAN)
    forward[:days] = total[7:][:days] - total[1:][:days]
    said = np.where(draw.random((days + 6, names)) < 0.5, 0.9, 0.1)
    return matured(said, forward, days + 5, 6)


def test_the_interval_of_a_hit_rate_holds_the_truth_and_rows_taken_as_independent_do_not() -> None:
    rates = [hit_rate(clustered(seed), 0.6) for seed in range(200)]
    assert np.mean([one.low <= 0.5 <= one.high for one in rates]) >= 0.90
    naive = [wilson(one.share, one.count) for one in rates]
    assert np.mean([low <= 0.5 <= high for low, high in naive]) < 0.70, "the canary: 3,000 rows are not 3,000 answers"
    assert np.median([one.worth / one.count for one in rates]) < 1 / 3


def test_independent_answers_are_worth_what_they_are() -> None:
    draw = np.random.default_rng(3)
    session = np.repeat(np.arange(400), 10)
    found = MaturedLabel(session, np.tile(np.arange(10), 400), np.full(4000, 0.9), draw.random(4000) < 0.55, 0, 0)
    rate = hit_rate(found, 0.6)
    assert rate.count == 4000 and rate.worth > 2000 and rate.low < 0.55 < rate.high
    assert hit_rate(found, 0.95).count == 0 and np.isnan(hit_rate(found, 0.95).share)


def test_few_blocks_are_few_answers() -> None:
    found = MaturedLabel(np.repeat(np.arange(60), 50), np.tile(np.arange(50), 60), np.full(3000, 0.9), np.ones(3000, np.bool_), 0, 0)
    rate = hit_rate(found, 0.6)
    assert rate.worth == 3 and rate.share == 1.0 and rate.low < 0.5


def test_poisson_counts_have_scipys_range() -> None:
    """Independent counts: the range is Poisson's, a little wider because the reference is finite."""
    counts = np.full(2000, 5, dtype=np.int64)
    counts[::2], counts[1::2] = 4, 6  # steadier than Poisson: dispersion 1 at the least
    found = firing(np.full(20, 5, dtype=np.int64), counts)
    assert (found.observed, found.expected) == (100, 100.0) and not found.unusual
    low, high = stats.poisson.ppf([0.025, 0.975], 100)
    assert low - 2 <= found.low <= low and high <= found.high <= high + 2


def test_the_expected_count_holds_as_often_as_it_says_and_silence_is_unusual() -> None:
    def session_counts(draw: np.random.Generator, sessions: int) -> NDArray[np.int64]:
        """Clusters: the market's mood lasts, and a sell-off fires for many names."""
        mood = np.convolve(draw.normal(0, 1, sessions + 9), np.ones(10) / np.sqrt(10), mode="valid")
        return np.asarray(draw.poisson(3 * np.exp(0.6 * mood - 0.18)), dtype=np.int64)

    inside, plain = [], []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        reference, live = session_counts(draw, 750), session_counts(draw, 63)
        found = firing(live, reference)
        inside.append(not found.unusual)
        low, high = stats.poisson.ppf([0.025, 0.975], found.expected)
        plain.append(low <= found.observed <= high)
    assert np.mean(inside) >= 0.88
    assert np.mean(plain) < 0.6, "the canary: firings come in clusters, Poisson's range is too narrow"
    reference = session_counts(np.random.default_rng(1), 750)
    assert firing(np.zeros(63, np.int64), reference).unusual, "a model that has stopped firing is seen"
    assert firing(10 * session_counts(np.random.default_rng(2), 63), reference).unusual


def test_too_short_a_reference_expects_nothing() -> None:
    with pytest.raises(MissingData, match="a reference of 199 sessions is too short: 200 are needed"):
        firing(np.ones(5, np.int64), np.ones(199, np.int64))
    quiet = firing(np.zeros(5, np.int64), np.zeros(200, np.int64))
    assert not quiet.unusual and firing(np.ones(5, np.int64), np.zeros(200, np.int64)).unusual
