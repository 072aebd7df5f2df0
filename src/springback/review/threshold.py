"""The VIX threshold walked forward: chosen at each review on the past alone, judged on the quarter after it.

Breiman, Friedman, Olshen, Stone (1984), Classification and Regression Trees, section 3.4.3: within one standard error of the best
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from springback.analytics.figures import shown
from springback.market.bars import Dates
from springback.market.prose import Prose
from springback.review.document import Curve, Figure, Grid, Missing, Proposal, Section, Source, State, counted, curve, estimated, missing
from springback.review.review_settings import ReviewRules
from springback.statistics.returns import lost, sharpe
from springback.statistics.significance import mean_interval, sharpe_error
from springback.strategy.rule import is_bear

Numbers = NDArray[np.float64]
NEVER = 1e9
"""A multiple that no VIX reaches: no regime."""


@dataclass(frozen=True, eq=False)
class Tried:
    """Each threshold's account over the same sessions, a trial of the ledger each: `multiples` (K,) rise, `returns` (K, S) over the
    risk-free rate, `without` (S,) no regime, `days` (S,), the threshold in force, `vix` and its `mean` (S,), and the hash of the data.
    """

    multiples: tuple[float, ...]
    returns: Numbers
    without: Numbers
    days: Dates
    current: float
    vix: Numbers
    mean: Numbers
    source: Source

    @property
    def fixed(self) -> Numbers:
        """The account under the threshold in force, (S,) fractions."""
        return np.asarray(self.returns[self.multiples.index(self.current)])


@dataclass(frozen=True, eq=False)
class Walk:
    """The walk forward: the `multiple` in force on each session from `start` on, and the `returns` it had, (W,) each; `choices` by quarter,
    the last of them what a review would choose today."""

    start: int
    multiple: Numbers
    returns: Numbers
    choices: Mapping[str, float]
    today: float


def plateau(multiples: tuple[float, ...], returns: Numbers) -> float:
    """The middle of the region around the best of `multiples` (K,) in which none falls short of the best Sharpe ratio by more than one of
    its standard errors; of two middles the lower, which sees a bear sooner. `returns` (K, S) are the past. NaN where no account has a
    ratio.
    """
    ratios = np.array([sharpe(one) if len(one) > 1 else np.nan for one in returns])
    if np.isnan(ratios).all():
        return float("nan")
    best = int(np.nanargmax(ratios))
    enough = ratios >= ratios[best] - sharpe_error(returns[best])
    low = high = best
    while low > 0 and enough[low - 1]:
        low -= 1
    while high < len(multiples) - 1 and enough[high + 1]:
        high += 1
    return multiples[(low + high) // 2]


def walk(tried: Tried, history: int) -> Walk:
    """At the first session of each quarter that has `history` sessions before it the threshold is chosen on those before it, and held."""
    quarters = tried.days.astype("datetime64[M]").astype(np.int64) // 3
    starts = [int(row) for row in np.flatnonzero(np.diff(quarters)) + 1 if row >= history]
    multiple, returns, choices = [], [], {}
    for start, end in pairwise([*starts, len(tried.days)]):
        chosen = plateau(tried.multiples, tried.returns[:, :start])
        chosen = tried.current if np.isnan(chosen) else chosen
        choices[f"{1970 + quarters[start] // 4}Q{quarters[start] % 4 + 1}"] = chosen
        multiple += [chosen] * (end - start)
        returns.append(tried.returns[tried.multiples.index(chosen), start:end])
    past = np.concatenate(returns) if returns else np.zeros(0)
    today = plateau(tried.multiples, tried.returns)
    return Walk(starts[0] if starts else len(tried.days), np.array(multiple), past, choices, tried.current if np.isnan(today) else today)


def episodes(vix: Numbers, mean: Numbers, multiple: float) -> int:
    """How often a bear regime began under `multiple`, in sessions (S,)."""
    bear = np.array([is_bear(one, other, multiple) for one, other in zip(vix, mean, strict=True)], np.int8)
    return int((np.diff(bear, prepend=0) == 1).sum())


def threshold(tried: Tried | None, rules: ReviewRules, untried: tuple[Missing, ...] = ()) -> Section:
    """Section 9: the walk forward beside the threshold in force and beside no regime; a change is proposed only where the interval of the
    paired gain lies above 0 and there were `episodes` enough."""
    if tried is None:
        return Section("threshold", "VIX threshold", "unknown", absent=untried)
    walked = walk(tried, rules.history)
    count = episodes(tried.vix, tried.mean, tried.current)
    told = counted("Bear episodes in the sessions", count, "count", tried.source, f"under {tried.current:g}; {len(tried.days):,} sessions")
    trials = counted("Trials that this added or repeated", len(tried.multiples) + 1, "count", tried.source, "in the trial ledger")
    if len(walked.returns) < 30:
        few = (Prose(f"{len(tried.days)} sessions: {rules.history} to choose on and a quarter after it are needed; the threshold stays."),)
        return Section("threshold", "VIX threshold", "unknown", (told, trials), (_profile(tried),), few, missing("sessions"))
    fixed = _gain("Walk forward less the threshold in force", walked.returns - tried.fixed[walked.start :], tried.source)
    bare = _gain("Walk forward less no regime", walked.returns - tried.without[walked.start :], tried.source)
    held = _gain("Threshold in force less no regime", (tried.fixed - tried.without)[walked.start :], tried.source)
    grids = (_profile(tried), _choices(walked))
    words, proposals = _verdict(tried, walked, fixed, count, rules)
    state: State = "amber" if proposals else "unknown" if count < rules.episodes else "green"
    figures = (told, trials, fixed, bare, held)
    return Section("threshold", "VIX threshold", state, figures, grids, words, (), proposals, (), (_picture(tried),))


def _picture(tried: Tried) -> Curve:
    rows = [*tried.returns, tried.without]
    names = (*(f"{one:g}" for one in tried.multiples), "none")
    lines = (("Sharpe ratio", curve(sharpe(one) for one in rows)),)
    return Curve("threshold", "Sharpe ratio by threshold", Prose("All sessions; the best of so many flatters."), names, lines, "ratio")


def _gain(name: str, difference: Numbers, source: Source) -> Figure:
    """The mean paired difference a year, a fraction, with its interval; NaN where an account was lost."""
    if np.isnan(difference).any() or len(difference) < 30:
        return estimated(name, float("nan"), (float("nan"),) * 2, "percent2", source)
    low, high = mean_interval(difference, 0.95)
    return estimated(
        name, 252 * float(difference.mean()), (252 * low, 252 * high), "percent2", source, f"a year, {len(difference)} sessions"
    )


def _verdict(tried: Tried, walked: Walk, fixed: Figure, count: int, rules: ReviewRules) -> tuple[tuple[Prose, ...], tuple[Proposal, ...]]:
    middle = f"The middle of the plateau is {walked.today:g} today, {tried.current:g} is in force."
    if count < rules.episodes:
        return (Prose(f"{middle} {count} episodes, {rules.episodes} are needed: it cannot be told, and stays."),), ()
    if fixed.low is None or fixed.low <= 0:
        return (Prose(f"{middle} The interval of the paired gain does not lie above 0: the threshold stays."),), ()
    if walked.today == tried.current:
        return (Prose(f"{middle} Walking forward gained, and it chooses what is in force: nothing to change."),), ()
    why = (
        f"chosen on the past alone it gained {100 * float(fixed.value or 0):.2f} % a year on the threshold in force, over {count} episodes"
    )
    return (Prose(middle),), (Proposal("regime.multiple", tried.current, walked.today, Prose(why), fixed),)


def _profile(tried: Tried) -> Grid:
    rows = []
    for name, returns, bears in (
        *((f"{one:g}", row, episodes(tried.vix, tried.mean, one)) for one, row in zip(tried.multiples, tried.returns, strict=True)),
        ("no regime", tried.without, 0),
    ):
        ratio = "lost" if lost(returns) else shown(sharpe(returns), "ratio")
        error = "–" if lost(returns) else shown(sharpe_error(returns), "ratio")
        rows.append((f"{name} (in force)" if name == f"{tried.current:g}" else name, ratio, error, f"{bears}"))
    heads = ("Threshold", "Sharpe ratio", "Standard error", "Episodes")
    note = Prose("All sessions; each line is a trial of the ledger. The best of so many flatters: only the walk forward judges.")
    return Grid("Thresholds tried", heads, tuple(rows), (True, False, False, False), note)


def _choices(walked: Walk) -> Grid:
    rows = tuple((quarter, f"{multiple:g}") for quarter, multiple in list(walked.choices.items())[-12:])
    return Grid("Choices, the last twelve reviews", ("Quarter", "Threshold"), rows, (True, False), Prose("Each on the sessions before it."))
