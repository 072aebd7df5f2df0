"""What the named variants of the rule look back on: yesterday's range, the trend, the percentile of the last return.

Each gives a panel of every session, or with `first` only the rows from there on, the same to the last bit: windows are walked back from
their own session and scaled by the splits known on it, so neither the length of the history nor a later split changes a bit.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from springback.compiled import compiled_parallel, prange
from springback.market.actions import SPLIT, Actions
from springback.market.bars import Bars, Panel

TREND, TREND_LEAST = 200, 150
PERCENTILE, PERCENTILE_LEAST, MOVE = 1260, 252, 3

Array = NDArray[np.float64]


def look_back(trend: str, indicator: str) -> int:
    """Sessions of closes that a host must keep for these settings, today's included; 1 when the rule looks at today alone."""
    needed = {"sma200": TREND, "return_percentile": PERCENTILE + MOVE}
    return max(needed.get(trend, 1), needed.get(indicator, 1))


def yesterday(bars: Bars, actions: Actions) -> tuple[Panel, Panel]:
    """(high, low) of the session before, dollars on today's split scale, (T, N); NaN: no bar then."""
    factor = _factors(bars, actions)
    high, low = np.full(bars.shape, np.nan), np.full(bars.shape, np.nan)
    high[1:], low[1:] = bars.printed("high")[:-1] * factor[1:], bars.printed("low")[:-1] * factor[1:]
    return high, low


def trend_mean(bars: Bars, actions: Actions, first: int = 0) -> Panel:
    """Mean close of the last 200 sessions, dollars on each session's own split scale, (R, N), R = T - `first` rows.

    Sessions without a bar do not count; NaN until 150 of the 200 have one.
    """
    return _by_name(_fill_trend, bars, actions, first)


def return_percentile(bars: Bars, actions: Actions, first: int = 0) -> Panel:
    """How rare the 3-session return is among those of its own sign in the name's last 1,260 sessions, 0..100, (R, N), R = T - `first` rows.

    A fall gets its percentile among the falls (0: the deepest), never above 50; a rise its percentile among the rises (100: the highest),
    never below 50, so that a mild fall is not overbought; no move is 50. Percentile: those strictly below and half of the equal ones,
    today's included. NaN: unknown today, or fewer than 252 such returns in the window.
    """
    return _by_name(_fill_percentile, bars, actions, first)


def _by_name(fill: Callable[[Panel, Panel, int, Panel], None], bars: Bars, actions: Actions, first: int) -> Panel:
    """Runs `fill` over whole histories, one name after the other."""
    out = np.empty((bars.shape[1], max(bars.shape[0] - first, 0)))
    fill(np.ascontiguousarray(bars.printed("close").T), np.ascontiguousarray(_factors(bars, actions).T), first, out)
    return np.ascontiguousarray(out.T)


def _factors(bars: Bars, actions: Actions) -> Panel:
    """Product of the split factors that take effect on each session, (T, N)."""
    factor = np.ones(bars.shape)
    splits = actions.kind == SPLIT
    np.multiply.at(factor, (actions.row[splits], actions.name[splits]), actions.value[splits])
    return factor


@compiled_parallel
def _fill_trend(close: Panel, factor: Panel, first: int, out: Panel) -> None:
    """All (N, T)."""
    names, sessions = close.shape
    for name in prange(names):
        for row in range(first, sessions):
            total = 0.0
            known = 0
            since = 1.0
            for back in range(min(TREND, row + 1)):
                price = close[name, row - back]
                if not np.isnan(price):
                    total += price * since
                    known += 1
                since *= factor[name, row - back]
            out[name, row - first] = total / known if known >= TREND_LEAST else np.nan


@compiled_parallel
def _fill_percentile(close: Panel, factor: Panel, first: int, out: Panel) -> None:
    """All (N, T). Longer than the house's limit: a window's counts are its state."""
    names, sessions = close.shape
    for name in prange(names):
        moves = np.full(sessions, np.nan)
        for row in range(MOVE, sessions):
            since = factor[name, row] * factor[name, row - 1] * factor[name, row - 2]
            moves[row] = close[name, row] / (close[name, row - MOVE] * since) - 1.0
        for row in range(first, sessions):
            today = moves[row]
            known = 0
            below = 0
            equal = 0
            rises = 0
            falls = 0
            for at in range(max(0, row + 1 - PERCENTILE), row + 1):
                move = moves[at]
                known += move == move  # noqa: PLR0124 (not missing)
                below += move < today
                equal += move == today
                rises += move > 0.0
                falls += move < 0.0
            value = 50.0
            if today < 0.0:
                value = min(100.0 * (below + 0.5 * equal) / falls, 50.0)
            elif today > 0.0:
                value = max(100.0 * (below - (known - rises) + 0.5 * equal) / rises, 50.0)
            out[name, row - first] = value if known >= PERCENTILE_LEAST and not np.isnan(today) else np.nan
