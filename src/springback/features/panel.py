"""The features of all names: of every session, or of the last one only. Both fill the same windows and call the same `measure`."""

import numpy as np
from numpy.typing import NDArray

from springback.compiled import compiled, compiled_parallel, prange
from springback.features.window import FEATURES, WINDOW, measure
from springback.market.actions import SPLIT, Actions
from springback.market.bars import Bars, Panel

BLOCK = 64  # names a thread takes at a time: their 21-session windows stay in its cache


def panel(bars: Bars, actions: Actions) -> Panel:
    """The features of every session and name, (T, N, 8) float64 in the order of `FEATURES`; NaN = missing. None has a unit: ratios,
    fractions and indices of prices in dollars and volumes in shares.

    A row that is no bar stands in no window. Each session's values use its own and the 20 earlier sessions and the splits known by then;
    later bars and splits change no bit.
    """
    return _measured(bars, actions, 0)


def latest(bars: Bars, actions: Actions) -> Panel:
    """The features of the last session, (N, 8): `panel(bars, actions)[-1]` to the last bit, without the other sessions; without a
    unit, whatever the prices are in.
    """
    values: Panel = _measured(bars, actions, max(len(bars.sessions) - 1, 0))[-1]
    return values


def _measured(bars: Bars, actions: Actions, first: int) -> Panel:
    """The features of the rows from `first` on."""
    sessions, names = bars.shape
    out = np.empty((sessions - first, names, len(FEATURES)))
    splits = (actions.kind == SPLIT) & (actions.row + WINDOW - 1 > first) & (actions.row < sessions)
    with np.errstate(all="ignore"):  # without numba: an overflow becomes NaN, not a warning
        close, volume = bars.printed("close"), bars.printed("volume")
        _fill(close, volume, first, out)
        for name in np.unique(actions.name[splits]):
            own = splits & (actions.name == name)
            factor = np.ones(sessions)
            np.multiply.at(factor, actions.row[own], actions.value[own])
            _refill(close[:, name], volume[:, name], factor, first, out[:, name])
    return out


@compiled_parallel
def _fill(close: Panel, volume: Panel, first: int, out: Panel) -> None:
    """As if there were no splits: almost every window has none."""
    rows, names, _ = out.shape
    for block in prange((names + BLOCK - 1) // BLOCK):
        closes = np.full(WINDOW, np.nan)
        volumes = np.full(WINDOW, np.nan)
        for row in range(rows):
            known = min(first + row + 1, WINDOW)
            for name in range(block * BLOCK, min((block + 1) * BLOCK, names)):
                for back in range(known):
                    closes[WINDOW - 1 - back] = close[first + row - back, name]
                    volumes[WINDOW - 1 - back] = volume[first + row - back, name]
                measure(closes, volumes, out[row, name])


@compiled
def _refill(close: NDArray[np.float64], volume: NDArray[np.float64], factor: NDArray[np.float64], first: int, out: Panel) -> None:
    """One name again where a split falls in the window: older prices times, older volumes over, the factors since.

    `factor` (T,) is the product of a session's split factors. Multiplied within the window, not from the first session on, so that
    the length of the history changes no bit.
    """
    closes = np.full(WINDOW, np.nan)
    volumes = np.full(WINDOW, np.nan)
    for row in range(out.shape[0]):
        since = 1.0
        split = False
        for back in range(min(first + row + 1, WINDOW)):
            at = first + row - back
            closes[WINDOW - 1 - back] = close[at] * since
            volumes[WINDOW - 1 - back] = volume[at] / since
            since *= factor[at]
            split = split or (factor[at] != 1.0 and back < WINDOW - 1)
        if split:
            measure(closes, volumes, out[row])
