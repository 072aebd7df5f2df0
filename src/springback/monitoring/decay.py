"""Does it still work: a running sum of what a score falls short of its reference, and the limit it must pass before anyone is called.

Page (1954), Continuous Inspection Schemes, Biometrika 41: the CUSUM; its limit is read off resamples of the reference

More false alarms come out than are asked for, for the reference is a sample too; `false_alarms` tells how many. Of 300 simulated watches of
252 sessions, scores that lean on their neighbours as labels of 6 sessions do, 5 % asked for:

    sessions of the reference             315     500     750
    ended in an alarm, nothing changed     11       9       9 %
    told by `false_alarms`, mean of six    10       9       9 %
"""

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from springback.errors import InputError, MissingData
from springback.monitoring.monitor_settings import Monitor
from springback.statistics.significance import block_rows

Numbers = NDArray[np.float64]
RUNS, DRAWS = 200, 200
"""Histories that measure the rate of false alarms, and the resamples of the limit of each."""


@dataclass(frozen=True)
class Decay:
    """One champion under watch, a value: `update` gives the next, `text` and `read` are its JSON.

    The reference has a `mean` and `deviation`; `limit` is what the `shortfall`, in standard deviations, must pass, `rate` how often it
    does in `sessions` in which nothing changes, measured. `count` sessions were scored since `shortfall` began at 0, `newest` is the last
    of all. `alarm` is the session of the first alarm that was not cleared, `cleared` who cleared the last one. Where there was nothing to
    hold the champion against the limit is infinite, and it is not `watched`.
    """

    champion: str
    mean: float
    deviation: float
    limit: float
    rate: float
    allowance: float
    sessions: int
    shortfall: float = 0.0
    count: int = 0
    newest: str = ""
    alarm: str = ""
    cleared: str = ""

    @property
    def watched(self) -> bool:
        """Whether there is something to hold the champion against."""
        return self.limit < math.inf

    def update(self, day: date, score: float) -> "Decay":
        """The watch after the `score` of `day`, once its labels are known; NaN is no news. After `sessions` scores, which the rate of false
        alarms is stated for, the sum begins anew; an alarm stays. Raises `InputError` on a day that is not newer.
        """
        if day.isoformat() <= self.newest:
            raise InputError(f"the watch has seen {self.newest}, {day} is not newer: give each session once, in order")
        if np.isnan(score):
            return replace(self, newest=day.isoformat())
        total, count = (0.0, 0) if self.count == self.sessions else (self.shortfall, self.count)
        total = max(0.0, total + (self.mean - score) / self.deviation - self.allowance)
        alarm = self.alarm or (day.isoformat() if total > self.limit else "")
        return replace(self, shortfall=float(total), count=count + 1, newest=day.isoformat(), alarm=alarm)

    def clear(self, by: str) -> "Decay":
        """The watch without its alarm, its sum at 0 again, in the name of a person. Raises `InputError` without a name."""
        if not by.strip():
            raise InputError("an alarm is cleared by a person: name who")
        return replace(self, shortfall=0.0, count=0, alarm="", cleared=by.strip())

    def text(self) -> str:
        """As JSON, floats to the last bit."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read(text: str) -> Decay:
    """The watch that `Decay.text` wrote. Raises `InputError` where it is not one."""
    try:
        known = json.loads(text)
        decay = Decay(**known)
        if any(not isinstance(getattr(decay, one.name), one.type) for one in fields(Decay) if isinstance(one.type, type)):
            raise ValueError
    except (ValueError, TypeError):
        raise InputError("what should be the state of the monitor is not: move the file away, the watch begins anew") from None
    return decay


def begin(champion: str, reference: Numbers, rules: Monitor) -> Decay:
    """The watch over a new champion, from its daily scores (R,) out of sample, before its first session: rank IC, or the share of hits.

    Raises `MissingData` where the reference is shorter than `rules.sessions`: false alarms could not be stated.
    """
    known = reference[~np.isnan(reference)]
    least = max(rules.sessions, 2 * rules.block)
    if len(known) < least:
        raise MissingData(
            f"a reference of {len(known)} scored sessions is too short to state the false alarms of {rules.sessions}: {least} are needed"
        )
    draw = np.random.default_rng(rules.seed)
    limit = _limit(known, rules, rules.draws, draw)
    rate = false_alarms(known, rules)
    return Decay(champion, float(known.mean()), float(known.std(ddof=1)), limit, rate, rules.allowance, rules.sessions)


def unwatched(champion: str, rules: Monitor) -> Decay:
    """What stands for a champion without a reference, so that it is not looked for every evening."""
    return Decay(champion, 0.0, 1.0, math.inf, 0.0, rules.allowance, rules.sessions)


def alarm_factor(state: Decay | None, rules: Monitor) -> float:
    """What the gross of new entries is multiplied by: `alarm_size` while an alarm stands, else 1; no watch, no alarm."""
    return rules.alarm_size if state is not None and state.alarm else 1.0


def false_alarms(reference: Numbers, rules: Monitor, runs: int = RUNS) -> float:
    """How often a watch of `rules.sessions` ends in an alarm where nothing changed: past and history are resamples of `reference` (R,),
    drawn apart, and each reference gives its own limit. A share, known to sqrt(share / runs).
    """
    draw = np.random.default_rng(rules.seed + 1)
    past, history = (reference[block_rows(len(reference), runs, rules.block, draw)] for _ in range(2))
    mean, deviation = past.mean(axis=1)[:, None], past.std(axis=1, ddof=1)[:, None]
    worst = shortfall((history[:, : rules.sessions] - mean) / deviation, 0.0, 1.0, rules.allowance).max(axis=1)
    return float(np.mean(worst > np.array([_limit(one, rules, DRAWS, draw) for one in past])))


def shortfall(scores: Numbers, mean: float, deviation: float, allowance: float) -> Numbers:
    """max(0, sum so far + (mean - score) / deviation - allowance) after each session, of `scores` (S,) or (D, S); NaN leaves it as
    it was."""
    steps = np.nan_to_num((mean - scores) / deviation - allowance, nan=0.0)
    path = np.empty(scores.shape)
    total = np.zeros(scores.shape[:-1])
    for k in range(scores.shape[-1]):
        total = np.maximum(0.0, total + steps[..., k])
        path[..., k] = total
    return path


def _limit(reference: Numbers, rules: Monitor, draws: int, draw: np.random.Generator) -> float:
    """What only `false_alarms` of the resampled histories pass; reference and history are drawn apart, for neither is the truth."""
    past, history = (reference[block_rows(len(reference), draws, rules.block, draw)] for _ in range(2))
    mean, deviation = past.mean(axis=1)[:, None], past.std(axis=1, ddof=1)[:, None]
    scaled = (history[:, : rules.sessions] - mean) / deviation
    return float(np.quantile(shortfall(scaled, 0.0, 1.0, rules.allowance).max(axis=1), 1 - rules.false_alarms))
