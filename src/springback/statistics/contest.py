"""Champion against challenger: another model takes over only where sessions that neither saw say so beyond luck.

"Retrain and keep the better one" takes over half of the time where neither has any skill, and each time the record looks better.

The level of a contest is halved. One half is spent on a bound that may be looked at after each block of sessions: the one-sided normal
mixture with the variance unknown, so that no guess of the variance enters. The other half is spent on one look at the end. Where 2.5 %
is asked, a challenger that is no better took over in these shares of 4,000 simulated contests of 252 fat-tailed daily differences that lean
on the day before (`benchmarks/promotion.py`; a share is known to a quarter of a point):

    leaning on the day before     0.1     0.3     0.6
    taken over                    2.1     2.2     2.5 %
    of these by the bound alone   0.4     0.4     0.7 %

Howard, Ramdas, McAuliffe, Sekhon (2021), Time-uniform, Nonparametric, Nonasymptotic Confidence Sequences, Annals of Statistics 49(2),
proposition 6: the one-sided normal mixture, known variance
Lai (1976), On Confidence Sequences, Annals of Statistics 4(2); Wang, Ramdas (2025), Anytime-valid t-tests and Confidence Sequences for
Gaussian Means with Unknown Variance, Sequential Analysis 44(1): the same with the variance unknown
Choe, Ramdas (2024), Comparing Sequential Forecasters, Operations Research 72(4): daily differences of two forecasters as the evidence
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import optimize, special

from springback.errors import InputError, SettingsError
from springback.market.bars import Dates
from springback.market.prose import Prose
from springback.statistics.significance import Numbers, mean_interval

State = Literal["open", "won", "lost"]
PRIOR = 1.0
"""The mixture's weight in blocks: gains of about a standard deviation of a block are looked for, so it can speak after 6 blocks, and at
21 its bound is within 3 % of the narrowest that any weight gives."""
WIDEST = 1e9
"""A t ratio past which blocks do not differ at all."""


@dataclass(frozen=True)
class Retraining:
    """When a challenger is trained, and how it may take over.

    `level` one-sided, how often a challenger that is no better takes over, shared among the contests open at registration; `sessions` with
    ripe labels that decide; `block` of them make one mean of the early bound. `sign`: a win waits for a "person", or stands by itself
    ("auto"). Vetoes are ratios of challenger to champion: `max_turnover` (rank IC pays no costs, so half as much trading again is not
    for it to decide), `min_capacity` (two thirds: as much the other way), `max_drawdown` in the stress scenarios (a quarter deeper).
    `months` from one retraining to the next, counted from January; after 1.5 of them without one the models are stale.
    """

    level: float = 0.025
    sessions: int = 252
    block: int = 12
    sign: Literal["person", "auto"] = field(default="person", metadata={"moves": "nothing"})  # a backtest signs at once
    max_turnover: float = 1.5
    min_capacity: float = 0.67
    max_drawdown: float = 1.25
    months: int = 3

    def __post_init__(self) -> None:
        if not 0 < self.level < 0.5:
            raise SettingsError(f"retraining.level must lie between 0 and 0.5, was {self.level}", value=self.level)
        if self.sign not in ("person", "auto"):
            raise SettingsError(f"retraining.sign must be one of person, auto, was '{self.sign}'", value=self.sign)
        for name, least in (("sessions", 63), ("block", 2)):
            if getattr(self, name) < least:
                raise SettingsError(f"retraining.{name} must be at least {least}, was {getattr(self, name)}", limit=least)
        for name in ("max_turnover", "min_capacity", "max_drawdown"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"retraining.{name} must be above 0, was {getattr(self, name):g}", limit=0)
        if self.months not in (1, 2, 3, 4, 6, 12):
            raise SettingsError(f"retraining.months must divide a year (1, 2, 3, 4, 6 or 12), was {self.months}", value=self.months)


@dataclass(frozen=True)
class Verdict:
    """How a contest stands: `state`, and `row` of the difference that decided it (None while open). `sessions` counted, the deciding one
    included; `gain` their mean; `bound` the anytime-valid lower bound of the gain after the last whole block (-inf before it can speak);
    `low..high` the interval of the look at the end, None before it. `why` in words.
    """

    state: State
    row: int | None
    sessions: int
    gain: float
    bound: float
    low: float | None
    high: float | None
    why: Prose


@dataclass(frozen=True)
class Ratios:
    """Challenger to champion: yearly `turnover`, `capacity` in dollars, deepest `drawdown` in stress; NaN where it cannot be told."""

    turnover: float
    capacity: float
    drawdown: float


@dataclass(frozen=True)
class Veto:
    """A ratio that keeps a winner from taking over: its `name`, `value` and the `limit` it passed; `value` NaN: it cannot be told."""

    name: Literal["turnover", "capacity", "drawdown"]
    value: float
    limit: float


def difference(days: Dates, challenger: Numbers, champion: Numbers, last_seen: np.datetime64) -> Numbers:
    """What the challenger gains on the champion on each session (T,), from a figure of each; NaN where either has none.

    `days` (T,) rise; `last_seen` is the last session by whose close a label of either model was known. Raises `InputError` where a session
    was seen by either model: what it learned is no evidence.
    """
    if not len(days) == len(challenger) == len(champion):
        raise InputError(
            f"{len(days)} sessions, {len(challenger)} figures of the challenger and {len(champion)} of the champion: align them"
        )
    if (np.diff(days) <= np.timedelta64(0, "D")).any():
        raise InputError("the sessions of a contest must rise: sort them and count each once")
    if len(days) and days[0] <= last_seen:
        raise InputError(f"the contest begins on {days[0]}, but labels up to {last_seen} were known in training: begin after it")
    return challenger - champion


def verdict(difference: Numbers, rules: Retraining, share: float = 1.0) -> Verdict:
    """How the contest stands after the daily `difference` (S,) of challenger and champion, oldest first; NaN sessions are left out.

    `share` of the level is this contest's: one over the contests open at its registration. What comes after the deciding row is not
    looked at, and no later value changes an earlier verdict. Raises `InputError` on a share that is none.
    """
    if not 0 < share <= 1:
        raise InputError(f"the share of a contest in its level must be above 0 and at most 1, was {share:g}", value=share)
    half = rules.level * share / 2
    rows = np.flatnonzero(~np.isnan(difference))[: rules.sessions]
    values = difference[rows]
    bounds = _bounds(values, rules.block, half)
    early = np.flatnonzero(bounds > 0)
    if len(early):
        count = int(early[0] + 1) * rules.block
        return _early(int(rows[count - 1]), values[:count], float(bounds[early[0]]), rules)
    bound = float(bounds[-1]) if len(bounds) else -math.inf
    if len(values) < rules.sessions:
        gain = float(values.mean()) if len(values) else math.nan
        why = Prose(f"open: {len(values)} of {rules.sessions} sessions")
        return Verdict("open", None, len(values), gain, bound, None, None, why)
    return _last(int(rows[-1]), values, bound, half)


def vetoes(ratios: Ratios, rules: Retraining) -> tuple[Veto, ...]:
    """What keeps a winner from taking over, in order; a ratio that cannot be told is a veto too."""
    limits = (
        Veto("turnover", ratios.turnover, rules.max_turnover),
        Veto("capacity", ratios.capacity, rules.min_capacity),
        Veto("drawdown", ratios.drawdown, rules.max_drawdown),
    )
    return tuple(one for one in limits if not (one.value >= one.limit if one.name == "capacity" else one.value <= one.limit))


def _early(row: int, values: Numbers, bound: float, rules: Retraining) -> Verdict:
    gain = float(values.mean())
    why = Prose(f"won after {len(values)} of {rules.sessions} sessions: {gain:.5f} a session, at least {bound:.5f} whenever one looks")
    return Verdict("won", row, len(values), gain, bound, None, None, why)


def _last(row: int, values: Numbers, bound: float, half: float) -> Verdict:
    low, high = mean_interval(values, 1 - 2 * half)
    gain = float(values.mean())
    band = f"{gain:.5f} a session, {100 * (1 - 2 * half):.4g} % interval {low:.5f} to {high:.5f}, {len(values)} sessions"
    state: State = "won" if low > 0 else "lost"
    return Verdict(state, row, len(values), gain, bound, low, high, Prose(f"{'won' if low > 0 else 'lost: no better than luck'}: {band}"))


def _bounds(values: Numbers, block: int, level: float) -> Numbers:
    """The lower bound of the mean after each whole block, (S // block,): of all of them together only `level` ever lie above it."""
    means = values[: len(values) // block * block].reshape(-1, block).mean(axis=1)
    out = np.full(len(means), -math.inf)
    for count in range(2, len(means) + 1):
        reach = critical(count, level)
        if reach < math.inf:
            out[count - 1] = means[:count].mean() - reach * means[:count].std(ddof=1) / math.sqrt(count)
    return out


@lru_cache(maxsize=4096)
def critical(count: int, level: float) -> float:
    """The t ratio of `count` blocks past which the mixture exceeds 1 / `level`; infinity where no ratio does."""

    def short(ratio: float) -> float:
        return log_mixture(ratio, count) + math.log(level)

    return float(optimize.brentq(short, 0.0, WIDEST)) if count > 1 and short(WIDEST) > 0 else math.inf


def log_mixture(ratio: float, count: int, prior: float = PRIOR) -> float:
    """Logarithm of the likelihood ratio of t `ratio` over `count` values: gains above 0 with a half-normal weight of `prior` values against
    none, the standard deviation integrated out of both (Wang, Ramdas 2025, section 4). Rises with `ratio`.
    """
    whole = count - 1 + ratio**2
    left = (count + prior) * whole - count * ratio**2
    odds = math.log(prior / (count + prior)) / 2 + count / 2 * (math.log((count + prior) * whole) - math.log(left))
    return math.log(2 * float(special.stdtr(count, count * ratio / math.sqrt(left)))) + odds
