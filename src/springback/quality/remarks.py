"""Quality findings: what a reader should know about market data before he believes it. Nothing is repaired in silence."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from springback.data.sessions import exchange_days
from springback.market.actions import Actions, split_scale
from springback.market.bars import Bars, Dates, Panel
from springback.market.market_data import MarketData
from springback.market.prose import prose
from springback.quality.moves import paid

SHORT_HISTORY = 21
"""Sessions that the longest feature window needs."""
STALE_CLOSES = 10
JUMP = 0.5
WITHOUT = "in a session with no split or dividend on record"


def remarked(market_data: MarketData) -> MarketData:
    """The market data with what is odd in them among their findings. No bar is changed: what no bar may be was refused at the door."""
    return replace(market_data, findings=tuple(dict.fromkeys(market_data.findings + prose(examine(market_data)))))


def examine(market_data: MarketData) -> tuple[str, ...]:
    """One line for each kind of oddity that the market data holds, with a count and an example."""
    bars = market_data.bars
    finite = ~np.isnan(bars.close)
    checks = (
        _cells(bars, _gaps(finite), "{n} sessions without a bar inside a name's life (halts or holes)"),
        _cells(bars, _stale(bars.close), f"{{n}} bars end a run of {STALE_CLOSES} equal closes"),
        _cells(
            bars,
            _jumps(bars, market_data.actions),
            f"{{n}} closes moved more than {JUMP:.0%} {WITHOUT}",
        ),
        _cells(bars, bars.volume == 0, "{n} rows have no volume: marks, no order fills on them"),
        _cells(bars, finite & np.isnan(bars.open), "{n} bars have a close and no open, high, low: no order fills on them"),
        _cells(bars, _outside(bars), "{n} bars have an open or close outside high-low"),
        _short(bars, finite),
        _off_calendar(bars.sessions),
        _no_vix(bars.sessions, market_data.vix),
    )
    return tuple(line for line in checks if line)


def _gaps(finite: NDArray[np.bool_]) -> NDArray[np.bool_]:
    begun = np.logical_or.accumulate(finite, axis=0)
    goes_on = np.logical_or.accumulate(finite[::-1], axis=0)[::-1]
    return np.asarray(begun & goes_on & ~finite)


def _stale(close: Panel) -> NDArray[np.bool_]:
    """True at each bar that makes the number of equal closes in a row a multiple of STALE_CLOSES."""
    run = np.ones(close.shape[1], dtype=np.int64)
    out = np.zeros(close.shape, dtype=bool)
    for row in range(1, len(close)):
        run = np.where(close[row] == close[row - 1], run + 1, 1)
        out[row] = run % STALE_CLOSES == 0
    return out


def _jumps(bars: Bars, actions: Actions) -> NDArray[np.bool_]:
    scale = split_scale(actions, bars.shape)
    close = bars.close if scale is None else bars.close / scale
    out = np.zeros(bars.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        ratio = close[1:] / close[:-1]
        out[1:] = np.minimum(np.abs(ratio - 1), np.abs(ratio / np.exp(paid(bars, actions)[1:]) - 1)) > JUMP
    return out


def _outside(bars: Bars) -> NDArray[np.bool_]:
    out = (bars.open > bars.high) | (bars.open < bars.low) | (bars.close > bars.high) | (bars.close < bars.low)
    return np.asarray(out)


def _short(bars: Bars, finite: NDArray[np.bool_]) -> str:
    count = finite.sum(axis=0)
    few = np.flatnonzero(count < SHORT_HISTORY)
    if len(few) == 0:
        return ""
    example = f"{bars.symbols[few[0]]} has {count[few[0]]}"
    return f"{len(few)} names have fewer than {SHORT_HISTORY} bars, too few for the features: they are never ranked (such as {example})"


def _off_calendar(sessions: Dates) -> str:
    known = exchange_days(sessions[0], sessions[-1])
    extra, absent = np.setdiff1d(sessions, known), np.setdiff1d(known, sessions)
    if len(extra) == len(absent) == 0:
        return ""
    such = f"{extra[0]} is none" if len(extra) else f"{absent[0]} is absent"
    return f"{len(extra)} sessions are not on the New York calendar and {len(absent)} of it are absent (such as {such})"


def _no_vix(sessions: Dates, vix: NDArray[np.float64]) -> str:
    absent = np.flatnonzero(np.isnan(vix))
    return f"{len(absent)} sessions have no VIX close (such as {sessions[absent[0]]})" if len(absent) else ""


def _cells(bars: Bars, odd: NDArray[np.bool_], text: str) -> str:
    count = int(odd.sum())
    if count == 0:
        return ""
    row, column = np.unravel_index(int(np.argmax(odd)), odd.shape)
    names = int(odd.any(axis=0).sum())
    return f"{text.format(n=f'{count:,}')}, in {names:,} names (such as {bars.symbols[column]} on {bars.sessions[row]})"
