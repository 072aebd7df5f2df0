"""A challenger without skill seldom wins, one with skill does, and what either model saw is no evidence."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as draws
from numpy.typing import NDArray
from scipy import integrate, optimize, stats
from scipy.signal import lfilter

from springback.errors import InputError, SettingsError
from springback.statistics.contest import Ratios, Retraining, critical, difference, log_mixture, verdict, vetoes
from springback.statistics.significance import mean_interval

SEEN = np.datetime64("2019-12-31")
DAYS = np.asarray(np.busday_offset("2020-01-01", np.arange(252), roll="forward"), dtype="datetime64[D]")
RULES = Retraining()
Numbers = NDArray[np.float64]


def overlapping(draw: np.random.Generator, shape: int = len(DAYS)) -> Numbers:
    """Daily scores as labels of 6 sessions make them: fat tails, neighbours alike, mean 0."""
    return np.convolve(draw.standard_t(4, shape + 5), np.ones(6) / 6, mode="valid") * 0.1


def contests(runs: int, lean: float, edge: float = 0.0, sessions: int = 252, seed: int = 5) -> Numbers:
    """Differences (runs, sessions) with fat tails, each leaning on the day before; `edge` is their annual Sharpe ratio."""
    shocks = np.random.default_rng(seed).standard_t(5, (runs, sessions + 100)) * np.sqrt(0.6 * (1 - lean**2))
    return np.asarray(lfilter([1.0], [1.0, -lean], shocks, axis=1)[:, 100:]) + edge / np.sqrt(252)


def won(many: Numbers, rules: Retraining = RULES, share: float = 1.0) -> float:
    return float(np.mean([verdict(one, rules, share).state == "won" for one in many]))


@pytest.mark.parametrize("lean", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("sessions", [120, 252])
def test_a_challenger_that_is_no_better_wins_as_seldom_as_is_said(sessions: int, lean: float) -> None:
    """2.5 % is said; 2,000 contests have a standard error of 0.35 points."""
    rules = dataclasses.replace(RULES, sessions=sessions)
    assert won(contests(2000, lean, sessions=sessions), rules) < 0.025 + 3 * 0.0035 + (0.005 if lean == 0.6 else 0.0)


def test_one_that_is_worse_wins_more_seldom_still() -> None:
    assert won(contests(1000, 0.1, -1.0)) <= 0.005


def test_several_contests_together_keep_the_promise() -> None:
    """Five challengers that are no better, each at a fifth of the level: that any of them wins is as rare as for one."""
    many = contests(3000, 0.1).reshape(600, 5, 252)
    share = np.mean([any(verdict(one, RULES, 1 / 5).state == "won" for one in five) for five in many])
    assert share < 0.025 + 3 * 0.0064
    careless = np.mean([any(verdict(one, RULES).state == "won" for one in five) for five in many])
    assert careless > 0.06, "the canary: five at the whole level"


def test_the_bound_may_be_looked_at_every_day_and_the_interval_may_not() -> None:
    """Half of the level is the bound's; the canary looks at the interval of the end each block and takes the first that pleases."""
    many = contests(600, 0.3)
    early = [found.low is None for one in many if (found := verdict(one, RULES)).state == "won"]
    assert sum(early) / len(many) < 0.0125 + 3 * 0.0045
    eager = [any(mean_interval(one[:count], 0.975)[0] > 0 for count in range(60, 253, 12)) for one in many]
    assert np.mean(eager) > 0.03


def test_labels_that_overlap_do_not_look_like_many_answers() -> None:
    draw = np.random.default_rng(3)
    many = np.array([overlapping(draw) for _ in range(600)])
    assert won(many) < 0.05
    assert np.mean(many.mean(axis=1) > 0) > 0.4, "the canary: who keeps the better one takes over about half of the time"


def test_an_edge_wins_and_a_large_one_early() -> None:
    assert won(contests(300, 0.1, 2.0)) == pytest.approx(0.30, abs=0.08)
    large = [verdict(one, RULES) for one in contests(100, 0.1, 8.0)]
    assert all(one.state == "won" for one in large)
    assert np.median([one.sessions for one in large]) < 160, "a plain edge need not wait a year"


@given(seed=draws.integers(0, 10_000), edge=draws.sampled_from([0.0, 3.0, 8.0]), cut=draws.integers(0, 330))
def test_what_comes_later_changes_no_verdict(seed: int, edge: float, cut: int) -> None:
    """The verdict of the first `cut` sessions is the same whatever follows, and a verdict once given stays."""
    draw = np.random.default_rng(seed)
    values = contests(1, 0.3, edge, 330, seed)[0]
    values[draw.random(330) < 0.1] = np.nan
    before = verdict(values[:cut], RULES)
    other = np.concatenate([values[:cut], draw.normal(-50, 90, 330 - cut)])
    for longer in (values, other):
        after = verdict(longer, RULES)
        if before.state != "open":
            assert after == before
        elif after.row is not None:
            assert after.row >= cut and verdict(longer[: after.row], RULES).state == "open"


@pytest.mark.parametrize(("ratio", "count"), [(0.0, 5), (1.3, 2), (2.0, 10), (3.5, 21), (-1.0, 12)])
def test_the_mixture_is_that_of_noncentral_t_ratios(ratio: float, count: int) -> None:
    """The t ratio is all that is left when scale is taken out: its density under gains of `d` deviations, weighted half-normally."""

    gains = np.linspace(0, 10 / np.sqrt(count), 2001)
    density = stats.nct.pdf(ratio, count - 1, np.sqrt(count) * gains) * 2 * stats.norm.pdf(gains)
    area = integrate.trapezoid(density, gains) / stats.t.pdf(ratio, count - 1)
    assert math.exp(log_mixture(ratio, count)) == pytest.approx(area, rel=1e-4)


def test_with_many_blocks_the_bound_is_that_of_a_known_variance() -> None:
    """Howard and others (2021), proposition 6: 2 sqrt(r / (v + r)) exp(s^2 / 2(v + r)) Phi(s / sqrt(v + r)) = 1 / level, r = 1."""
    count, level = 100_000, 0.0125

    def known(ratio: float) -> float:
        total = ratio * np.sqrt(count / (count + 1))
        return float(np.log(2) - np.log(count + 1) / 2 + total**2 / 2 + stats.norm.logcdf(total) + np.log(level))

    assert critical(count, level) == pytest.approx(optimize.brentq(known, 0, 50), rel=1e-3)


def test_the_bound_by_hand() -> None:
    """Six blocks of 12 equal days: mean 13.5, standard deviation sqrt(3.5) = 1.8708; of the first five no ratio would be large enough."""
    values = np.repeat(np.arange(11.0, 17.0), 12)
    found = verdict(values, RULES)
    assert (found.state, found.row, found.sessions, found.gain) == ("won", 71, 72, 13.5)
    assert found.bound == pytest.approx(13.5 - critical(6, 0.0125) * 1.8708287 / np.sqrt(6))
    assert found.low is None and verdict(values[:71], RULES).state == "open" and verdict(values[:71], RULES).bound == -math.inf


def test_too_few_blocks_say_nothing() -> None:
    found = verdict(np.repeat([1.0, 1.1, 0.9, 1.0], 12), RULES)
    assert (found.state, found.row, found.bound) == ("open", None, -math.inf)
    nothing = verdict(np.full(300, np.nan), RULES)
    assert (nothing.state, nothing.sessions) == ("open", 0) and math.isnan(nothing.gain)


def test_the_last_look_is_the_interval_of_half_the_level() -> None:
    values = contests(1, 0.1, 2.5, seed=2)[0]
    found = verdict(values, RULES, 0.5)
    assert (found.row, found.sessions) == (251, 252)
    assert (found.low, found.high) == mean_interval(values, 1 - 0.0125)
    assert found.state == ("won" if found.low is not None and found.low > 0 else "lost")
    tie = verdict(np.zeros(252), RULES)
    assert (tie.state, tie.low, tie.high) == ("lost", 0.0, 0.0), "as good is not better"


def test_the_interval_by_hand() -> None:
    """Four values, floor(0.41 x 4^(2/3)) = 1 term: the cosine weights at 1/8, 3/8, 5/8, 7/8 of pi; t with 1 degree of freedom is 12.706."""
    values = np.array([1.0, 2.0, 4.0, 3.0])
    weighted = np.sqrt(0.5) * (np.array([0.92388, 0.38268, -0.38268, -0.92388]) @ (values - 2.5))
    reach = 12.7062 * abs(weighted) / 2
    assert mean_interval(values, 0.95) == pytest.approx((2.5 - reach, 2.5 + reach), rel=1e-5)


def test_sessions_that_one_did_not_judge_are_left_out() -> None:
    values = contests(1, 0.1, 0.5)[0]
    holes = np.concatenate([np.full(7, np.nan), values[:100], np.full(30, np.nan), values[100:]])
    whole, found = verdict(values, RULES), verdict(holes, RULES)
    assert whole.row is not None and found.row == whole.row + 37
    assert dataclasses.replace(found, row=whole.row) == whole


def test_what_either_saw_is_refused() -> None:
    values = contests(2, 0.1)
    with pytest.raises(InputError, match="begins on 2020-01-01, but labels up to 2020-01-01 were known in training"):
        difference(DAYS, *values, DAYS[0])
    with pytest.raises(InputError, match="must rise"):
        difference(DAYS[::-1], *values, SEEN)
    with pytest.raises(InputError, match="align them"):
        difference(DAYS[1:], *values, SEEN)
    with pytest.raises(InputError, match="share of a contest"):
        verdict(values[0], RULES, 0.0)
    assert difference(DAYS, *values, SEEN) == pytest.approx(values[0] - values[1])


def test_a_veto_names_its_limit_and_what_cannot_be_told_is_one() -> None:
    assert vetoes(Ratios(1.5, 0.67, 1.25), RULES) == ()
    found = vetoes(Ratios(1.6, 0.5, float("nan")), RULES)
    assert [(one.name, one.limit) for one in found] == [("turnover", 1.5), ("capacity", 0.67), ("drawdown", 1.25)]


@pytest.mark.parametrize(
    ("knob", "value"),
    [("level", 0.5), ("sessions", 30), ("block", 1), ("sign", "nobody"), ("months", 5), ("max_turnover", 0.0), ("min_capacity", -1.0)],
)
def test_a_knob_out_of_range_is_named(knob: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"retraining.{knob} must"):
        Retraining(**{knob: value})  # type: ignore[arg-type]
