"""A judgement on forecasts whose answers are known: figures by day beside pooled ones, each with an interval by blocks of sessions.

The names of a session move together and labels of neighbouring sessions overlap, so a session is the unit that is resampled, in blocks:
one row table a session is made once, and every figure is a function of its column sums.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Dates
from springback.training.estimators import side_by_side
from springback.training.evaluate import complement_correlation, reliability
from springback.training.judgement import Days, Estimate, Judgement, Part, Scores
from springback.training.rows import TrainingRows
from springback.training.training_settings import Training, Validation
from springback.validation.cuts import Cut

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Said = NDArray[np.floating[Any]]
Resample = Callable[[int], NDArray[np.int64]]
"""Row numbers of resampled sessions, (draws, count)."""

BINS = 200  # of probability, equally full: pooled AUC to the fifth decimal, from counts a session
LEAST = 30  # sessions for an interval


@dataclass(frozen=True, eq=False)
class Marks:
    """One side, a row a session (D,): sums over rows, `auc` and `rank_ic` of the session, NaN if undefined; counts by bin (D, BINS)."""

    true: Floats
    right: Floats
    squared: Floats
    fired: Floats
    hit: Floats
    auc: Floats
    rank_ic: Floats
    true_bins: NDArray[np.int32]
    false_bins: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Table:
    """One path, a row a session: session number, rows, both sides, rank IC of P_long - P_short."""

    session: NDArray[np.int64]
    rows: Floats
    long: Marks
    short: Marks
    rank_ic: Floats

    def at(self, which: Flags) -> "Table":
        """The sessions where `which` (D,) is true."""
        long, short = (Marks(*(getattr(side, one.name)[which] for one in fields(Marks))) for side in (self.long, self.short))
        return Table(self.session[which], self.rows[which], long, short, self.rank_ic[which])


@dataclass(frozen=True, eq=False)
class Judgeable:
    """Forecasts whose answers are known: `p_long` and `p_short` (P, R) of P paths on `rows`, the `sessions` (T,) of the market data, and
    the `folds` and `cuts` of the rows.
    """

    rows: TrainingRows
    p_long: Said
    p_short: Said
    sessions: Dates
    folds: Cut
    cuts: Sequence[Cut] = ()


def validate(
    method: str,
    judgeable: Judgeable,
    training: Training,
    settings: Validation,
    resample: Resample,
    random_split_auc: tuple[float | None, float | None],
) -> Judgement:
    """The judgement of forecasts, by their folds and by each of their cuts.

    With more paths than one every figure is the mean over them, and a session resampled is resampled in all: `resample` gives, for S
    sessions, the rows of B draws, (B, S).
    """
    rows, p_long, p_short = judgeable.rows, judgeable.p_long, judgeable.p_short

    def tables_of(which: Flags | slice) -> list[Table]:
        session, forward = rows.session[which], rows.forward[which]

        def one(path: int) -> Table:
            return tabulate(session, forward, p_long[path, which], p_short[path, which], training.threshold, settings.names)

        return list(side_by_side(one, range(len(p_long)), training.threads))

    whole = tables_of(slice(None))
    return Judgement(
        method=method,
        paths=len(p_long),
        threshold=training.threshold,
        whole=_part("all", "all rows", whole, resample),
        folds=tuple(_cut(judgeable.folds, rows, whole, tables_of, resample)),
        parts=tuple(part for cut in judgeable.cuts for part in _cut(cut, rows, whole, tables_of, resample)),
        reliability_long=reliability(np.tile(rows.forward > 0, len(p_long)), p_long.ravel()),
        reliability_short=reliability(np.tile(rows.forward < 0, len(p_long)), p_short.ravel()),
        mirror=_mean_of(complement_correlation(one, other) for one, other in zip(p_long, p_short, strict=True)),
        random_split_auc=random_split_auc,
        days=Days(
            judgeable.sessions[whole[0].session],
            _over_paths([one.rank_ic for one in whole]),
            _over_paths([one.long.rank_ic for one in whole]),
            _over_paths([one.short.rank_ic for one in whole]),
        ),
    )


def _cut(cut: Cut, rows: TrainingRows, whole: list[Table], tables_of: Callable[[Flags], list[Table]], resample: Resample) -> Iterable[Part]:
    """Its parts that hold rows; where a session is never divided, the rows of the whole's table are taken."""
    starts = np.flatnonzero(np.diff(rows.session, prepend=-1))
    undivided = bool((cut.label == np.repeat(cut.label[starts], np.diff(starts, append=len(rows)))).all())
    for k, name in enumerate(cut.parts):
        if not (cut.label == k).any():
            continue
        chosen = [one.at(cut.label[starts] == k) for one in whole] if undivided else tables_of(cut.label == k)
        yield _part(cut.name, name, chosen, resample)


def tabulate(session: NDArray[np.int64], forward: Floats, p_long: Said, p_short: Said, threshold: float, least: int) -> Table:
    """The table of one path's rows (R,), by session in order; figures by day of sessions with at least `least` rows."""
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    counts = np.diff(starts, append=len(session))
    by_day = np.full((5, len(starts)), np.nan)
    for day, (low, high) in enumerate(pairwise([*starts.tolist(), len(session)])):
        if high - low >= least:
            by_day[:, day] = _ranked(forward[low:high], p_long[low:high], p_short[low:high])
    auc_long, auc_short, ic_long, ic_short, ic = by_day
    return Table(
        session[starts],
        counts.astype(np.float64),
        _marks(starts, counts, forward > 0, p_long, threshold, auc_long, ic_long),
        _marks(starts, counts, forward < 0, p_short, threshold, auc_short, ic_short),
        ic,
    )


def _ranked(forward: Floats, p_long: Said, p_short: Said) -> tuple[float, float, float, float, float]:
    """(AUC long, AUC short, rank IC long, short, and of their difference) of one session, NaN where undefined."""
    from scipy.stats import rankdata

    both = np.stack([p_long, p_short, p_long - p_short]).astype(np.float64)
    ranks = rankdata(np.vstack([both, forward]), axis=1)
    centred = ranks - (len(forward) + 1) / 2
    length = np.sqrt((centred**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        ic = (centred[:3] * centred[3]).sum(axis=1) / (length[:3] * length[3])
    return _auc_of_ranks(ranks[0], forward > 0), _auc_of_ranks(ranks[1], forward < 0), float(ic[0]), float(-ic[1]), float(ic[2])


def _auc_of_ranks(ranks: Floats, came_true: Flags) -> float:
    true = int(came_true.sum())
    false = len(ranks) - true
    return float((ranks[came_true].sum() - true * (true + 1) / 2) / (true * false)) if true and false else float("nan")


def _marks(
    starts: NDArray[np.int64], counts: NDArray[np.int64], true: Flags, p: Said, threshold: float, auc: Floats, rank_ic: Floats
) -> Marks:
    def summed(values: NDArray[Any]) -> Floats:
        return np.add.reduceat(values.astype(np.float64), starts)

    fired = p > threshold
    edges = np.unique(np.quantile(p, np.arange(1, BINS) / BINS))
    place = np.repeat(np.arange(len(starts)), counts) * BINS + np.searchsorted(edges, p, side="right")
    of_true, of_all = (np.bincount(place[which], minlength=len(starts) * BINS).reshape(-1, BINS) for which in (true, slice(None)))
    return Marks(
        true=summed(true),
        right=summed((p > 0.5) == true),
        squared=summed((p.astype(np.float64) - true) ** 2),
        fired=summed(fired),
        hit=summed(fired & true),
        auc=auc,
        rank_ic=rank_ic,
        true_bins=of_true.astype(np.int32),
        false_bins=(of_all - of_true).astype(np.int32),
    )


def _part(cut: str, name: str, tables: list[Table], resample: Resample) -> Part:
    sessions = len(tables[0].session)
    weights = _weights(resample(sessions)) if sessions >= LEAST else None
    rows = np.sum([one.rows for one in tables], axis=0)
    return Part(
        cut=cut,
        name=name,
        rows=int(tables[0].rows.sum()),
        sessions=int(np.isfinite(tables[0].rank_ic).sum()),
        long=_scores([one.long for one in tables], rows, weights),
        short=_scores([one.short for one in tables], rows, weights),
        rank_ic=_mean([one.rank_ic for one in tables], weights),
    )


def _weights(sample: NDArray[np.int64]) -> Floats:
    """How often each session was drawn, (draws, D)."""
    draws, sessions = sample.shape
    place = sample + sessions * np.arange(draws)[:, None]
    return np.bincount(place.ravel(), minlength=draws * sessions).reshape(draws, sessions).astype(np.float64)


def _scores(sides: list[Marks], rows: Floats, weights: Floats | None) -> Scores:
    def summed(name: str) -> Floats:
        return np.asarray(np.sum([getattr(side, name) for side in sides], axis=0))

    true, squared, fired = summed("true"), summed("squared"), summed("fired")

    def skill(error: Floats, came_true: Floats, count: Floats) -> Floats:
        base = came_true / count
        return 1.0 - error / count / (base * (1.0 - base))

    return Scores(
        base_rate=float(true.sum() / rows.sum()),
        auc=_pooled_auc(sides, weights),
        auc_by_day=_mean([side.auc for side in sides], weights),
        rank_ic=_mean([side.rank_ic for side in sides], weights),
        accuracy=_estimate(_ratio, weights, summed("right"), rows),
        fired=round(float(fired.sum()) / len(sides)),
        precision=_estimate(_ratio, weights, summed("hit"), fired),
        brier=_estimate(_ratio, weights, squared, rows),
        brier_skill=_estimate(skill, weights, squared, true, rows),
    )


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return top / bottom


def _mean(daily: list[Floats], weights: Floats | None) -> Estimate:
    """Mean over sessions and paths of a figure by day."""
    known = np.sum([np.isfinite(one) for one in daily], axis=0)
    weights = weights if np.count_nonzero(known) >= LEAST else None
    return _estimate(_ratio, weights, np.sum([np.nan_to_num(one) for one in daily], axis=0), known.astype(np.float64))


def _estimate(figure: Callable[..., Floats], weights: Floats | None, *columns: Floats) -> Estimate:
    """`figure` of the sums of `columns` (D,), and of their sums over resampled sessions.

    `einsum` adds in one order on any number of cores; a matrix product by BLAS need not.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        found = figure(*(np.array(column.sum()) for column in columns))
        drawn = None if weights is None else figure(*(np.einsum("bd,d->b", weights, column) for column in columns))
    return _estimate_of(float(found), drawn)


def _pooled_auc(sides: list[Marks], weights: Floats | None) -> Estimate:
    """AUC over all rows; the products of whole numbers are exact in any order."""
    found = np.mean([_auc_of_bins(side.true_bins.sum(axis=0), side.false_bins.sum(axis=0)) for side in sides])
    if weights is None:
        return _estimate_of(float(found), None)
    drawn = np.mean([_auc_of_bins(weights @ side.true_bins, weights @ side.false_bins) for side in sides], axis=0)
    return _estimate_of(float(found), drawn)


def _auc_of_bins(true: NDArray[Any], false: NDArray[Any]) -> Floats:
    """Chance that a true row stands in a higher bin than a false one, the same bin half; counts (..., BINS)."""
    below = np.cumsum(false, axis=-1) - false
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((true * (below + false / 2)).sum(axis=-1) / (true.sum(axis=-1, dtype=float) * false.sum(axis=-1)))


def _estimate_of(value: float, resampled: Floats | None) -> Estimate:
    if not np.isfinite(value):
        return Estimate(None, None, None, None)
    known = None if resampled is None else resampled[np.isfinite(resampled)]
    if known is None or len(known) < 2:
        return Estimate(value, None, None, None)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(value, float(known.std(ddof=1)), float(low), float(high))


def _over_paths(daily: list[Floats]) -> Floats:
    known = np.sum([np.isfinite(one) for one in daily], axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sum([np.nan_to_num(one) for one in daily], axis=0) / known)


def _mean_of(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return float(np.mean(known)) if known else None
