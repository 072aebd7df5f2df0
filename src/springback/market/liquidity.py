"""Trailing liquidity: what caps the order size, filters the universe and sets the cost tier."""

import numpy as np

from springback.compiled import compiled_parallel, prange
from springback.market.bars import Bars, Panel

WINDOW = 63


def mean_volume(bars: Bars, window: int = WINDOW, since: int = 0) -> Panel:
    """Mean raw volume of the last `window` sessions, shares, (T, N).

    Sessions without a bar (a halt, a mark) do not count; NaN until `window // 3` sessions with a bar are in the window, and in the rows
    before `since`, which are not worked out.
    """
    return _trailing_mean(bars.printed("volume"), window, since)


def mean_dollar_volume(bars: Bars, window: int = WINDOW, since: int = 0) -> Panel:
    """Mean of raw close times raw volume over the last `window` sessions, dollars, (T, N); NaN as in `mean_volume`."""
    return _trailing_mean(bars.printed("close") * bars.volume, window, since)


def latest_mean(panel: Panel, window: int = WINDOW) -> Panel:
    """The last session's trailing mean of `panel` (T, N), (N,): the last row of `mean_volume` to the last bit, without the others."""
    total = np.zeros(panel.shape[1])
    count = np.zeros(panel.shape[1])
    for values in panel[::-1][:window]:
        known = ~np.isnan(values)
        total[known] += values[known]
        count[known] += 1
    with np.errstate(invalid="ignore"):
        return np.where(count >= max(1, window // 3), total / count, np.nan)


def _trailing_mean(panel: Panel, window: int, since: int) -> Panel:
    first, out = max(0, since - window + 1), np.empty(panel.shape)
    _fill_trailing_mean(panel[first:], window, out[first:])
    out[:since] = np.nan
    return out


@compiled_parallel
def _fill_trailing_mean(panel: Panel, window: int, out: Panel) -> None:
    """Sums each window afresh, so that a session's mean depends on its own window alone, to the last bit."""
    sessions, names = panel.shape
    least = max(1, window // 3)
    for row in prange(sessions):
        total = np.zeros(names)
        count = np.zeros(names)
        for lag in range(min(window, row + 1)):
            for name in range(names):
                value = panel[row - lag, name]
                if not np.isnan(value):
                    total[name] += value
                    count[name] += 1
        for name in range(names):
            out[row, name] = total[name] / count[name] if count[name] >= least else np.nan
