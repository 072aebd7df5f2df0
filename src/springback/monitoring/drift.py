"""Do features and scores still look as they did: a notice, never an act, for what changed may not matter.

The population stability index of a column: sum over bins of (p - q) ln(p / q). That 0.1 is little and 0.25 much is folklore, and the rows
of a session are not independent, so the limit is what windows of whole sessions show against a past where nothing changed: both are
resamples of the reference, drawn apart, for neither is the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.errors import MissingData
from springback.statistics.significance import block_rows

Numbers = NDArray[np.float64]
BINS = 10
LEVEL = 0.99
"""Of ten columns, one in ten looks then shows one by luck."""
DRAWS = 400
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of forecasts (R,): the `session` of each, not decreasing, `columns` by name (R,), NaN where missing, and the `score` (R,)."""

    session: NDArray[np.int64]
    columns: Mapping[str, Numbers]
    score: Numbers


@dataclass(frozen=True)
class Drift:
    """One column: its `index` against the reference, the `limit` that windows of the reference stay under, and whether it `drifts`.

    `shift` of its mean in standard deviations of the reference, `weight` what one of them is worth to the score by least squares over
    the reference, `move` the product, in points of probability, with `move_limit`; `moves` whether the drift moves forecasts. Shares of
    rows that are `missing`, `clipped` (at the lowest or highest value that the reference has) and `tied` (equal to another name of the
    session), each beside that of the reference.
    """

    name: str
    index: float
    limit: float
    drifts: bool
    shift: float
    weight: float
    move: float
    move_limit: float
    moves: bool
    missing: tuple[float, float]
    clipped: tuple[float, float]
    tied: tuple[float, float]


class Draws(NamedTuple):
    """Sessions of the reference as resampled `window`s (D, W), and as another `past` (D, S) for each."""

    window: NDArray[np.int64]
    past: NDArray[np.int64]


def drift(live: Rows, reference: Rows, block: int = 20, seed: int = 1) -> tuple[Drift, ...]:
    """Every column of `live` and then the score, against the `reference`: sessions before the champion's first.

    Limits are the 99 % quantile of windows as long as `live`, drawn from the reference as whole sessions in blocks of `block` on average.
    Raises `MissingData` where the reference has fewer than two windows' sessions, or either is empty.
    """
    window, whole = len(np.unique(live.session)), len(np.unique(reference.session))
    if not window or whole < 2 * window:
        raise MissingData(f"drift of {window} sessions needs a reference of {max(2, 2 * window)} at least, has {whole}: watch fewer")
    draw = np.random.default_rng(seed)
    rows = Draws(*(block_rows(whole, DRAWS, block, draw)[:, :count] for count in (window, whole)))
    weights = _slopes(reference)
    both = [(name, live.columns[name], reference.columns[name], weights[name]) for name in reference.columns]
    both.append(("score", live.score, reference.score, float(np.nanstd(reference.score))))
    return tuple(_drift(one, live.session, reference.session, rows) for one in both)


def psi(live: Numbers, reference: Numbers) -> Numbers:
    """The index of counts `live` (D, B) against `reference` (D, B); half a count more in each bin keeps it finite. (D,) or one."""
    p = (live + 0.5) / (live + 0.5).sum(axis=-1, keepdims=True)
    q = (reference + 0.5) / (reference + 0.5).sum(axis=-1, keepdims=True)
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1))


def _drift(column: tuple[str, Numbers, Numbers, float], live: NDArray[np.int64], reference: NDArray[np.int64], rows: Draws) -> Drift:
    name, new, old, weight = column
    known = old[~np.isnan(old)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else np.empty(0)
    now, before = (_by_session(*one, edges).sum(axis=0) for one in ((live, new), (reference, old)))
    counts = _by_session(reference, old, edges)
    drawn = psi(_drawn(counts, rows.window), _drawn(counts, rows.past))
    index, limit = float(psi(now, before)), float(np.quantile(drawn, LEVEL))
    shift, shift_limit = _shift(new, old, reference, rows)
    move, move_limit = weight * shift, abs(weight) * shift_limit
    ends = (known.min(), known.max()) if len(known) else (np.nan, np.nan)
    return Drift(
        *(name, index, limit, index > limit + ROUNDING, shift, weight, move, move_limit, abs(move) > move_limit),
        missing=(_share(np.isnan(new)), _share(np.isnan(old))),
        clipped=(_share((new <= ends[0]) | (new >= ends[1])), _share((old <= ends[0]) | (old >= ends[1]))),
        tied=(_tied(live, new), _tied(reference, old)),
    )


def _by_session(session: NDArray[np.int64], values: Numbers, edges: Numbers) -> Numbers:
    """Counts by session and bin, (S, bins); missing values are left out."""
    place = np.unique(session, return_inverse=True)[1]
    known = ~np.isnan(values)
    cell = place[known] * (len(edges) + 1) + np.searchsorted(edges, values[known], side="right")
    sessions = int(place.max()) + 1 if len(place) else 0
    return np.bincount(cell, minlength=sessions * (len(edges) + 1)).reshape(sessions, -1).astype(np.float64)


def _drawn(by_session: Numbers, rows: NDArray[np.int64]) -> Numbers:
    """Sums of columns (S, B) over each draw of sessions, (D, B)."""
    times = np.stack([np.bincount(one, minlength=len(by_session)) for one in rows]).astype(np.float64)
    return np.asarray(np.einsum("ds,sb->db", times, by_session), np.float64)


def _shift(new: Numbers, old: Numbers, session: NDArray[np.int64], rows: Draws) -> tuple[float, float]:
    """How far the mean of `new` lies from that of `old`, in its standard deviations, and how far it does where nothing changed."""
    mean, deviation = float(np.nanmean(old)), float(np.nanstd(old))
    if not deviation > 0 or np.isnan(new).all():
        return 0.0, 0.0
    place, known = np.unique(session, return_inverse=True)[1], ~np.isnan(old)
    sums = np.bincount(place[known], weights=old[known] - mean, minlength=place.max() + 1)
    table = np.column_stack([sums, np.bincount(place[known], minlength=place.max() + 1)]).astype(np.float64)
    window, past = (_drawn(table, one) for one in rows)
    off = window[:, 0] / np.maximum(window[:, 1], 1) - past[:, 0] / np.maximum(past[:, 1], 1)
    return (float(np.nanmean(new)) - mean) / deviation, float(np.quantile(np.abs(off), LEVEL)) / deviation


def _slopes(reference: Rows) -> dict[str, float]:
    """What one standard deviation of each column is worth to the score, all columns together, by least squares over whole rows."""
    names = list(reference.columns)
    table = np.column_stack([*(reference.columns[name] for name in names), reference.score])
    table = table[~np.isnan(table).any(axis=1)]
    if len(table) <= len(names):
        return dict.fromkeys(names, 0.0)
    centred = table - table.mean(axis=0)
    deviation = centred[:, :-1].std(axis=0)
    scaled = centred[:, :-1] / np.where(deviation > 0, deviation, 1.0)
    found = np.linalg.lstsq(scaled, centred[:, -1], rcond=None)[0]
    return dict(zip(names, found.tolist(), strict=True))


def _tied(session: NDArray[np.int64], values: Numbers) -> float:
    known = ~np.isnan(values)
    if not known.any():
        return 0.0
    order = np.lexsort((values[known], session[known]))
    day, value = session[known][order], values[known][order]
    same = np.concatenate([[False], (day[1:] == day[:-1]) & (value[1:] == value[:-1]), [False]])
    return float((same[1:] | same[:-1]).mean())


def _share(which: NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else 0.0
