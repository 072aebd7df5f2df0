"""What the models learn to foresee: the return from today's close to the close `horizon` sessions later."""

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import Actions, split_scale
from springback.market.bars import Bars, Panel

HORIZON = 6
FEWEST = 5


def forward_return(bars: Bars, actions: Actions, horizon: int = HORIZON) -> Panel:
    """close of t + `horizon` over close of t, less 1, a fraction on one split scale, dividends left out, (T, N); NaN where either close is
    unknown, or t has no bar. It may end on a mark.

    NaN is no label at all: it is neither a rise nor a fall.
    """
    return _grown(bars.printed("close"), bars.close, actions, 0, horizon)


def tradable_return(bars: Bars, actions: Actions, horizon: int = HORIZON) -> Panel:
    """open of t + 1 + `horizon` over open of t + 1, less 1: what a decision at t can have, beside the label, a fraction, (T, N); NaN where
    either open is unknown.
    """
    opens = bars.printed("open")
    return _grown(opens, opens, actions, 1, horizon)


def residual(forward: Panel, usable: NDArray[np.bool_], groups: NDArray[np.int64] | None = None) -> Panel:
    """`forward` less the median of the `usable` names of its session, (T, N), all fractions; NaN where it is not usable.

    With `groups` (N,), less the median of its own group where that has at least 5 usable names in the session; -1 is no group. A label's
    median is known when the label is: at the close of t + `horizon`.
    """
    out = np.full(forward.shape, np.nan)
    for row in np.flatnonzero(usable.any(axis=1)):
        names = np.flatnonzero(usable[row])
        values = forward[row, names]
        middle = np.full(len(names), np.median(values))
        of = np.full(len(names), -1) if groups is None else groups[names]
        for group in np.unique(of[of >= 0]):
            own = of == group
            if own.sum() >= FEWEST:
                middle[own] = np.median(values[own])
        out[row, names] = values - middle
    return out


def label_known_at(sessions: NDArray[np.int64], horizon: int = HORIZON) -> NDArray[np.int64]:
    """The row at whose close the label of each of the rows `sessions` (R,) is known, (R,)."""
    return sessions + horizon


def _grown(start_price: Panel, end_price: Panel, actions: Actions, delay: int, horizon: int) -> Panel:
    """end_price[t + delay + horizon] / start_price[t + delay] - 1 on one split scale."""
    sessions, names = start_price.shape
    out = np.full((sessions, names), np.nan)
    start, end = delay, delay + horizon
    rows = sessions - end
    if rows <= 0:
        return out
    old, new = start_price[start : start + rows], end_price[end:]
    scale = split_scale(actions, (sessions, names))
    if scale is not None:
        then, later = scale[start : start + rows], scale[end:]
        old = np.where(then == later, old, old * later / then)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        out[:rows] = new / old - 1.0
    out[~np.isfinite(out)] = np.nan
    return out
