"""A model that stops working is found within a stated time, one that goes on seldom accused."""

import numpy as np
import pytest
from numpy.typing import NDArray

from springback.errors import MissingData, SettingsError
from springback.monitoring.decay import Watch, decay, shortfall

QUICK = Watch(draws=200)
Numbers = NDArray[np.float64]


def scores(seed: int, sessions: int, mean: float) -> Numbers:
    """Daily rank IC as 6-session labels make it: deviation 0.1, neighbours alike."""
    draw = np.random.default_rng(seed)
    return mean + 0.1 * np.convolve(draw.normal(0, 1, sessions + 5), np.ones(6) / np.sqrt(6), mode="valid")


def watched(seed: int, then: float, before: float = 0.1) -> int | None:
    """The session of the alarm where a mean of `before` becomes `then` on the first watched session."""
    return decay(scores(seed + 1000, 252, then), scores(seed, 750, before), QUICK).alarm


def test_decay_is_found_within_126_sessions() -> None:
    """A drop by one daily deviation: half of them in 60 sessions, nine in ten in 126."""
    alarms = np.array([watched(seed, then=0.0) for seed in range(40)], dtype=np.float64)
    assert np.mean(alarms < 60) >= 0.5 and np.mean(alarms < 126) >= 0.9, alarms


def test_false_alarms_in_a_year_stay_under_one_in_ten() -> None:
    """5 % are asked for, 8 % come out: the reference is itself a sample."""
    assert np.mean([watched(seed, then=0.1) is not None for seed in range(150)]) <= 0.10


def test_an_improvement_is_no_alarm() -> None:
    assert not any(watched(seed, then=0.15) is not None for seed in range(20))


def test_the_death_of_a_small_edge_takes_longer_than_a_year_to_see() -> None:
    """What the limit costs: a rank IC of 0.01 that is gone is missed by most watchers of one year."""
    assert np.mean([watched(seed, then=0.0, before=0.01) is None for seed in range(30)]) > 0.5


def test_the_sum_by_hand() -> None:
    """Reference 0.5 with deviation 0.1, allowance 0.5: 0.3 falls short by 2 - 0.5, 0.5 by 0 - 0.5, NaN is no news, 0.9 clears it."""
    found = shortfall(np.array([0.3, 0.5, np.nan, 0.3, 0.9]), 0.5, 0.1, 0.5)
    assert found == pytest.approx([1.5, 1.0, 1.0, 2.5, 0.0])


def test_the_same_seed_gives_the_same_limit() -> None:
    known, live = scores(1, 750, 0.1), scores(2, 100, 0.1)
    assert decay(live, known, QUICK).limit == decay(live, known, QUICK).limit != decay(live, known, Watch(draws=200, seed=2)).limit
    assert decay(live, known, Watch(draws=200, false_alarms=0.01)).limit > decay(live, known, QUICK).limit


def test_too_little_is_said() -> None:
    with pytest.raises(MissingData, match="a reference of 200 scored sessions is too short to state the false alarms of 252"):
        decay(np.zeros(5), scores(1, 200, 0.1))
    with pytest.raises(MissingData, match="300 sessions are watched, the false alarms are stated for 252"):
        decay(np.zeros(300), scores(1, 750, 0.1))
    with pytest.raises(SettingsError, match=r"watch\.false_alarms must lie between 0 and 1, was 0"):
        Watch(false_alarms=0)
