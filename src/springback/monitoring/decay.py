"""Does it still work: a running sum of what a score falls short of its reference, and the limit it must pass before anyone is called.

Page (1954), Continuous Inspection Schemes, Biometrika 41: the CUSUM; its limit is read off resamples of the reference
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.errors import MissingData, SettingsError
from springback.statistics.significance import block_rows

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Watch:
    """`allowance`, in standard deviations of the daily score, is forgiven each session; `false_alarms` is how often `sessions` in which
    nothing changed may end in an alarm; asked for 5 % on a reference of 750 sessions, 8 % come out, for the reference too is a sample.
    Resamples take whole sessions in blocks of `block` on average.
    """

    allowance: float = 0.25
    false_alarms: float = 0.05
    sessions: int = 252
    block: int = 20
    draws: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.false_alarms < 1:
            raise SettingsError(f"watch.false_alarms must lie between 0 and 1, was {self.false_alarms}", value=self.false_alarms)
        if not self.allowance >= 0:
            raise SettingsError(
                f"watch.allowance must be at least 0 standard deviations, was {self.allowance}", value=self.allowance, limit=0
            )
        for name, least in (("sessions", 1), ("block", 1), ("draws", 100)):
            if getattr(self, name) < least:
                raise SettingsError(f"watch.{name} must be at least {least}, was {getattr(self, name)}", limit=least)


@dataclass(frozen=True, eq=False)
class Decay:
    """`shortfall` (S,) is the running sum after each session, `limit` what it must pass, `alarm` the first row at which it did, or None."""

    shortfall: Numbers
    limit: float
    alarm: int | None


def decay(scores: Numbers, reference: Numbers, watch: Watch | None = None) -> Decay:
    """Whether the daily `scores` (S,) have fallen below those of the `reference` (R,), out of sample both: rank IC, or the share of hits.

    Scores of mature sessions only, oldest first; NaN is no news. Raises `MissingData` where the reference is shorter than `watch.sessions`,
    or more sessions are watched than the false alarms are stated for: begin anew with a newer reference.
    """
    rule = watch or Watch()
    known = reference[~np.isnan(reference)]
    if len(known) < max(rule.sessions, 2 * rule.block):
        raise MissingData(f"a reference of {len(known)} scored sessions is too short to state the false alarms of {rule.sessions}")
    if len(scores) > rule.sessions:
        raise MissingData(
            f"{len(scores)} sessions are watched, the false alarms are stated for {rule.sessions}: begin anew, or set sessions"
        )
    limit = _limit(known, rule)
    path = shortfall(scores, float(known.mean()), float(known.std(ddof=1)), rule.allowance)
    past = np.flatnonzero(path > limit)
    return Decay(path, limit, int(past[0]) if len(past) else None)


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


def _limit(reference: Numbers, rule: Watch) -> float:
    """What only `false_alarms` of the resampled histories pass; reference and history are drawn apart, for neither is the truth."""
    draw = np.random.default_rng(rule.seed)
    past, history = (reference[block_rows(len(reference), rule.draws, rule.block, draw)] for _ in range(2))
    mean, deviation = past.mean(axis=1)[:, None], past.std(axis=1, ddof=1)[:, None]
    scaled = (history[:, : rule.sessions] - mean) / deviation
    return float(np.quantile(shortfall(scaled, 0.0, 1.0, rule.allowance).max(axis=1), 1 - rule.false_alarms))
