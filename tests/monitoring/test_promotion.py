"""A challenger without skill is seldom promoted, one with skill is, and what either model saw is no evidence."""

import numpy as np
import pytest
from numpy.typing import NDArray

from springback.errors import InputError, SettingsError
from springback.monitoring.promotion import Contest, judge

QUICK = Contest(draws=300)
SEEN = np.datetime64("2019-12-31")
DAYS = np.asarray(np.busday_offset("2020-01-01", np.arange(252), roll="forward"), dtype="datetime64[D]")
Numbers = NDArray[np.float64]


def overlapping(draw: np.random.Generator, shape: int = len(DAYS)) -> Numbers:
    """Daily scores as labels of 6 sessions make them: fat tails, neighbours alike, mean 0."""
    return np.convolve(draw.standard_t(4, shape + 5), np.ones(6) / 6, mode="valid") * 0.1


def pair(seed: int, gain: float = 0.0) -> tuple[Numbers, Numbers]:
    """Challenger and champion, alike but for noise of their own and the challenger's `gain`."""
    draw = np.random.default_rng(seed)
    common = overlapping(draw)
    return common + 0.3 * overlapping(draw) + gain, common + 0.3 * overlapping(draw)


def test_on_noise_a_challenger_is_promoted_at_most_one_time_in_ten() -> None:
    pairs = [pair(seed) for seed in range(300)]
    promoted = np.mean([judge(DAYS, *one, SEEN, QUICK).promoted for one in pairs])
    assert promoted <= 0.10
    better = np.mean([np.mean(challenger) > np.mean(champion) for challenger, champion in pairs])
    assert better > 0.4, "the canary: who keeps the better one promotes about half of the time"


def test_a_real_gain_is_promoted() -> None:
    assert np.mean([judge(DAYS, *pair(seed, 0.02), SEEN, QUICK).promoted for seed in range(50)]) > 0.8
    assert not any(judge(DAYS, *pair(seed, -0.02), SEEN, QUICK).promoted for seed in range(50))


def test_sessions_taken_as_independent_would_promote_too_many() -> None:
    """The block is what holds the promise: without it overlapping labels look like many answers."""
    naive = Contest(draws=300, block=1)
    promoted = np.mean([judge(DAYS, *pair(seed), SEEN, naive).promoted for seed in range(200)])
    assert promoted > 0.12


def test_the_figures_by_hand() -> None:
    """A challenger that gains 0.001 on every session: no resample says otherwise."""
    champion = overlapping(np.random.default_rng(1))
    found = judge(DAYS, champion + 0.001, champion, SEEN, QUICK)
    assert found.promoted and found.sessions == 252
    assert (found.gain, found.low, found.high) == pytest.approx((0.001, 0.001, 0.001))
    tie = judge(DAYS, champion, champion, SEEN, QUICK)
    assert not tie.promoted and (tie.low, tie.high) == (0.0, 0.0), "as good is not better"


def test_what_either_saw_is_refused() -> None:
    with pytest.raises(InputError, match="begins on 2020-01-01, but labels up to 2020-01-01 were known in training"):
        judge(DAYS, *pair(1), DAYS[0], QUICK)
    with pytest.raises(InputError, match="must rise"):
        judge(DAYS[::-1], *pair(1), SEEN, QUICK)
    with pytest.raises(InputError, match="align them"):
        judge(DAYS[1:], *pair(1), SEEN, QUICK)


def test_a_session_that_one_did_not_judge_counts_for_neither_and_too_few_promote_nobody() -> None:
    challenger, champion = pair(1, 0.5)
    challenger[:100] = np.nan
    champion[-10:] = np.nan
    assert judge(DAYS, challenger, champion, SEEN, QUICK).sessions == 142
    champion[-40:] = np.nan
    found = judge(DAYS, challenger, champion, SEEN, QUICK)
    assert (
        not found.promoted and np.isnan(found.low) and found.why.startswith("not promoted: 112 sessions that neither saw, 120 are needed")
    )


@pytest.mark.parametrize(("knob", "value"), [("level", 1.0), ("block", 0), ("draws", 10), ("fewest", 30)])
def test_a_knob_out_of_range_is_named(knob: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"contest.{knob} must"):
        Contest(**{knob: value})  # type: ignore[arg-type]
