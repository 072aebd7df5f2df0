"""How good two probabilities were, on rows the models never saw. Plain numbers, ready for JSON; None where there is nothing to count."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.training.judgement import Bin
from springback.training.rows import QPI, TrainingRows
from springback.training.training_settings import Training

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
BINS = 10


@dataclass(frozen=True)
class Side:
    """One model on the test rows.

    `base_rate` share of rows that came true; `auc` pooled over all rows and `auc_by_day` its mean over sessions (the ranking within a day,
    free of the market's moves) with `auc_by_day_error` the standard error of that mean as if days were independent; `accuracy` at 0.5;
    `brier` mean squared error of the probability; `fired` rows above the threshold and `precision` the share of them that came true;
    `signals` fired rows that also have an extreme QPI, `signal_precision` of them, and their mean `signal_return` (close to close) and
    `signal_tradable` (open to open), fractions in the direction of the side; `reliability` by tenths of probability.
    """

    rows: int
    base_rate: float | None
    auc: float | None
    auc_by_day: float | None
    auc_by_day_error: float | None
    accuracy: float | None
    brier: float | None
    fired: int
    precision: float | None
    signals: int
    signal_precision: float | None
    signal_return: float | None
    signal_tradable: float | None
    reliability: tuple[Bin, ...]


def judge(rows: TrainingRows, p_long: Values, p_short: Values, training: Training) -> tuple[Side, Side]:
    """(long, short) judged on `rows` with probabilities (R,)."""
    qpi = rows.features[:, QPI]
    long = _side(rows, p_long, rows.forward > 0, qpi < training.event_low, 1.0, training.threshold)
    return long, _side(rows, p_short, rows.forward < 0, qpi > training.event_high, -1.0, training.threshold)


def auc(came_true: Flags, probability: Values) -> float | None:
    """Chance that a row that came true has the higher probability, ties half; None when all or none did. Both (R,).

    Mann and Whitney's U from mid-ranks: the same number as scikit-learn's `roc_auc_score`, without its checks, which cost ten times the
    work on the few thousand rows of one day.
    """
    from scipy.stats import rankdata

    true = int(came_true.sum())
    false = len(came_true) - true
    if true == 0 or false == 0:
        return None
    ranks = rankdata(probability)[came_true].sum()
    return float((ranks - true * (true + 1) / 2) / (true * false))


def auc_by_day(came_true: Flags, probability: Values, session: NDArray[np.int64]) -> Values:
    """AUC within each session that has both outcomes. `session` (R,) is not decreasing."""
    edges = np.flatnonzero(np.diff(session)) + 1
    days = zip(np.split(came_true, edges), np.split(probability, edges), strict=True)
    found = (auc(outcome, said) for outcome, said in days if len(outcome))
    return np.array([one for one in found if one is not None])


def reliability(came_true: Flags, probability: Values) -> tuple[Bin, ...]:
    """What share came true, by tenths of probability; both (R,)."""
    tenth = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    return tuple(
        Bin(k / BINS, (k + 1) / BINS, int(np.sum(tenth == k)), _mean(probability[tenth == k]), _mean(came_true[tenth == k]))
        for k in range(BINS)
    )


def complement_correlation(p_long: Values, p_short: Values) -> float | None:
    """Correlation of P_long with 1 - P_short, (R,) each: 1 means that the short model only repeats the long one."""
    if len(p_long) < 2 or np.ptp(p_long) == 0 or np.ptp(p_short) == 0:
        return None
    return float(np.corrcoef(p_long, 1.0 - p_short)[0, 1])


def _side(rows: TrainingRows, probability: Values, came_true: Flags, extreme: Flags, direction: float, threshold: float) -> Side:
    fired = probability > threshold
    signal = fired & extreme
    daily = auc_by_day(came_true, probability, rows.session)
    tradable = rows.tradable[signal]
    return Side(
        rows=len(rows),
        base_rate=_mean(came_true),
        auc=auc(came_true, probability),
        auc_by_day=_mean(daily),
        auc_by_day_error=float(daily.std(ddof=1) / np.sqrt(len(daily))) if len(daily) > 1 else None,
        accuracy=_mean((probability > 0.5) == came_true),
        brier=_mean((probability - came_true) ** 2),
        fired=int(fired.sum()),
        precision=_mean(came_true[fired]),
        signals=int(signal.sum()),
        signal_precision=_mean(came_true[signal]),
        signal_return=_mean(direction * rows.forward[signal]),
        signal_tradable=_mean(direction * tradable[~np.isnan(tradable)]),
        reliability=reliability(came_true, probability),
    )


def _mean(values: Values | Flags) -> float | None:
    return float(values.mean()) if len(values) else None
