"""A challenger without skill is seldom promoted, one with skill is, and what either model saw is no evidence."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from springback.errors import InputError, SettingsError
from springback.monitoring.promotion import Contest, judge
from springback.statistics.significance import mean_interval

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


def contests(runs: int, lean: float, edge: float = 0.0, seed: int = 5) -> Numbers:
    """Differences (runs, 504) with fat tails, each leaning on the day before; `edge` is the annual Sharpe ratio of the difference."""
    shocks = np.random.default_rng(seed).standard_t(5, (runs, 604)) * np.sqrt(0.6 * (1 - lean**2))
    return np.asarray(lfilter([1.0], [1.0, -lean], shocks, axis=1)[:, 100:]) + edge / np.sqrt(252)


def promoted(many: Numbers, sessions: tuple[int, ...], contest: Contest) -> float:
    """Share of the contests in which any of the looks after `sessions` promotes."""
    days = np.asarray(np.busday_offset("2020-01-01", np.arange(504), roll="forward"), dtype="datetime64[D]")
    still = np.zeros(504)
    return float(np.mean([any(judge(days[:k], one[:k], still[:k], SEEN, contest).promoted for k in sessions) for one in many]))


@pytest.mark.parametrize("lean", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("sessions", [120, 252, 504])
def test_a_challenger_that_is_no_better_is_promoted_as_seldom_as_is_said(sessions: int, lean: float) -> None:
    """2.5 % is said; 2,000 contests have a standard error of 0.35 points."""
    assert promoted(contests(2000, lean), (sessions,), Contest()) < 0.025 + 3 * 0.0035 + (0.005 if lean == 0.6 else 0.0)


def test_looks_that_were_planned_keep_the_promise_and_others_break_it() -> None:
    many, quarters = contests(1000, 0.1), tuple(range(126, 505, 63))
    assert promoted(many, quarters, Contest(looks=len(quarters))) < 0.025
    assert promoted(many, quarters, Contest()) > 0.04, "the canary: asking again until the answer pleases"


def test_an_edge_is_seen_as_often_as_such_an_interval_can() -> None:
    """Of the paired Sharpe ratios 1 and 2 a year, after 252 and 504 sessions."""
    rates = [promoted(contests(500, 0.1, edge), (sessions,), Contest()) for edge in (1.0, 2.0) for sessions in (252, 504)]
    assert rates == pytest.approx([0.14, 0.23, 0.41, 0.69], abs=0.07)


def test_labels_that_overlap_do_not_look_like_many_answers() -> None:
    rate = np.mean([judge(DAYS, *pair(seed), SEEN).promoted for seed in range(600)])
    assert rate < 0.05
    better = np.mean([np.mean(challenger) > np.mean(champion) for challenger, champion in map(pair, range(300))])
    assert better > 0.4, "the canary: who keeps the better one promotes about half of the time"


def test_a_real_gain_is_promoted() -> None:
    assert np.mean([judge(DAYS, *pair(seed, 0.03), SEEN).promoted for seed in range(50)]) > 0.8
    assert not any(judge(DAYS, *pair(seed, -0.02), SEEN).promoted for seed in range(50))


def test_the_interval_by_hand() -> None:
    """Four values, floor(0.41 x 4^(2/3)) = 1 term: the cosine weights at 1/8, 3/8, 5/8, 7/8 of pi; t with 1 degree of freedom is 12.706."""
    values = np.array([1.0, 2.0, 4.0, 3.0])
    weighted = np.sqrt(0.5) * (np.array([0.92388, 0.38268, -0.38268, -0.92388]) @ (values - 2.5))
    reach = 12.7062 * abs(weighted) / 2
    assert mean_interval(values, 0.95) == pytest.approx((2.5 - reach, 2.5 + reach), rel=1e-5)


def test_the_figures_by_hand() -> None:
    """A challenger that gains 0.001 on every session: every cosine sum is 0."""
    champion = overlapping(np.random.default_rng(1))
    found = judge(DAYS, champion + 0.001, champion, SEEN)
    assert found.promoted and found.sessions == 252
    assert (found.gain, found.low, found.high) == pytest.approx((0.001, 0.001, 0.001))
    tie = judge(DAYS, champion, champion, SEEN)
    assert not tie.promoted and (tie.low, tie.high) == (0.0, 0.0), "as good is not better"


def test_what_either_saw_is_refused() -> None:
    with pytest.raises(InputError, match="begins on 2020-01-01, but labels up to 2020-01-01 were known in training"):
        judge(DAYS, *pair(1), DAYS[0])
    with pytest.raises(InputError, match="must rise"):
        judge(DAYS[::-1], *pair(1), SEEN)
    with pytest.raises(InputError, match="align them"):
        judge(DAYS[1:], *pair(1), SEEN)


def test_a_session_that_one_did_not_judge_counts_for_neither_and_too_few_promote_nobody() -> None:
    challenger, champion = pair(1, 0.5)
    challenger[:100] = np.nan
    champion[-10:] = np.nan
    assert judge(DAYS, challenger, champion, SEEN).sessions == 142
    champion[-40:] = np.nan
    found = judge(DAYS, challenger, champion, SEEN)
    assert (
        not found.promoted and np.isnan(found.low) and found.why.startswith("not promoted: 112 sessions that neither saw, 120 are needed")
    )


@pytest.mark.parametrize(("knob", "value"), [("level", 1.0), ("looks", 0), ("fewest", 30)])
def test_a_knob_out_of_range_is_named(knob: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"contest.{knob} must"):
        Contest(**{knob: value})  # type: ignore[arg-type]
