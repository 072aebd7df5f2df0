"""The 8 features of one name from its last 21 sessions: the only place where they are computed."""

import math

import numpy as np
from numpy.typing import NDArray

from springback.compiled import compiled

Array = NDArray[np.float64]

FEATURES = ("qpi_3day", "rsi_14", "bb_position", "volume_surge", "mom_5", "mom_10", "mom_20", "vol_ratio")
"""Names of the features in the order in which every model takes them."""

WINDOW = 21
"""Sessions that the features of a session look at, itself included."""

EPSILON = 1e-6

LARGEST = 3.4e38
"""A larger value is infinite in the 32 bits that models are given: it is missing."""


@compiled
def measure(close: Array, volume: Array, out: Array) -> None:
    """Fills `out` (8,) from `close` and `volume` (21,), oldest first, on the split scale of the last session.

    NaN rule: a session is missing when its close is not a positive number or its volume not a number of at least 0; a feature whose
    own window holds a missing session is NaN, so is one that divides by a volume of zero. Never infinite.
    Definitions: rule.md, "Indicator and features". Every window is summed afresh, oldest first: no bit depends on earlier sessions.
    """
    closes = _known_closes(close)
    volumes = _known_volumes(volume)
    today = close[20]
    ratio = _over_mean(volume, 20) if volumes >= 20 else np.nan
    out[0] = _qpi(close, ratio) if closes >= 21 else np.nan
    out[1] = _rsi(close) if closes >= 15 else np.nan
    out[2] = _band_position(close) if closes >= 20 else np.nan
    out[3] = _over_mean(volume, 5) if volumes >= 5 else np.nan
    out[4] = today / close[15] - 1.0 if closes >= 6 else np.nan
    out[5] = today / close[10] - 1.0 if closes >= 11 else np.nan
    out[6] = today / close[0] - 1.0 if closes >= 21 else np.nan
    out[7] = ratio
    for k in range(8):
        if not abs(out[k]) < LARGEST:
            out[k] = np.nan


@compiled
def _known_closes(close: Array) -> int:
    """How many sessions back from today have a close without a gap."""
    for back in range(21):
        if not 0.0 < close[20 - back] < np.inf:
            return back
    return 21


@compiled
def _known_volumes(volume: Array) -> int:
    """How many sessions back from today have a volume without a gap."""
    for back in range(21):
        if not 0.0 <= volume[20 - back] < np.inf:
            return back
    return 21


@compiled
def _over_mean(volume: Array, sessions: int) -> float:
    """Today's volume over the mean of the last `sessions`, today included; NaN when all of them are zero."""
    total = 0.0
    for k in range(21 - sessions, 21):
        total += volume[k]
    ratio: float = volume[20] / (total / sessions) if total > 0.0 else np.nan
    return ratio


@compiled
def _qpi(close: Array, volume_ratio: float) -> float:
    """3-session return in units of its volatility, less for heavy volume, in 0..100; 0 is oversold."""
    total = 0.0
    for k in range(1, 21):
        total += close[k] / close[k - 1] - 1.0
    mean = total / 20.0
    squares = 0.0
    for k in range(1, 21):
        off = close[k] / close[k - 1] - 1.0 - mean
        squares += off * off
    volatility = math.sqrt(squares / 19.0)
    ret_3d = close[20] / close[17] - 1.0
    raw = 50.0 + 10.0 * ret_3d / (volatility + EPSILON) - 5.0 * (volume_ratio - 1.0)
    if math.isnan(raw):
        return np.nan
    qpi: float = min(max(raw, 0.0), 100.0)
    return qpi


@compiled
def _rsi(close: Array) -> float:
    """Cutler's RSI: simple means of gains and losses, dollars, of the last 14 sessions."""
    gain = 0.0
    loss = 0.0
    for k in range(7, 21):
        change = close[k] - close[k - 1]
        gain += max(change, 0.0)
        loss += max(-change, 0.0)
    index: float = 100.0 - 100.0 / (1.0 + (gain / 14.0) / (loss / 14.0 + EPSILON))
    return index


@compiled
def _band_position(close: Array) -> float:
    """How many sample standard deviations today's close stands from the mean of the last 20: a z-score, not %b."""
    total = 0.0
    for k in range(1, 21):
        total += close[k]
    mean = total / 20.0
    squares = 0.0
    for k in range(1, 21):
        off = close[k] - mean
        squares += off * off
    position: float = (close[20] - mean) / (math.sqrt(squares / 19.0) + EPSILON)
    return position
