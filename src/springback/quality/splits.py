"""Splits that nobody put on record: an overnight step by a small ratio, volume gone the other way, and a day that is calm beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import DIVIDEND, split_scale
from springback.market.bars import Panel
from springback.market.market_data import MarketData
from springback.quality.moves import carried
from springback.quality.quality_finding import Flags, QualityFinding, cells
from springback.quality.quality_settings import Quality

PARTS = ((5, 4), (4, 3), (3, 2), (5, 3), (5, 2))
WHOLES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 20, 25, 30, 35, 40, 50, 60, 80, 100, 200)
RATIOS = np.log(np.sort([p / q for p, q in PARTS] + [float(w) for w in WHOLES]))
"""Every ratio seen in seven years of splits: new shares for old, or old for new; as logarithms."""
SIZES = np.concatenate([-RATIOS[::-1], RATIOS])
PLAIN = np.log([1.5, *WHOLES])
"""Those that a forward split has; by 5:4, 4:3, 5:3, 5:2 a spin-off or a special dividend moves a price as often."""
LEAST = 0.18
NEAR, MONTH = 5, 20
"""Sessions on each side that tell the level and the volume, and the usual moves."""
MOST = 0.25
"""A move counts for no more among the usual ones."""
CROWD = 20
"""Names that make a market's move."""
STEEP = 1.3
"""From about 4 for 1 on, as a logarithm: no news lifts a price so far overnight while fewer shares change hands."""

Numbers = NDArray[np.float64]


def unrecorded_splits(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Overnight steps to a new level that is a split's ratio from the old, with no split on record: errors where nothing else explains
    them, warnings where a mere move could.

    Of each step (the open, and the close, against the last close; the market's median move and a dividend on record taken out) the
    distance from the ratio is counted in the name's own usual moves of the twenty sessions on each side, and must be within `fit` of
    them. A fall must be large beside these moves too, on a day of usual range and turnover in dollars, and the shares traded must grow
    about as the ratio says: news does neither. A reverse split's day is often wild, but fewer shares are traded; news brings more.
    """
    step = _steps(market_data)
    error, warning = np.zeros(market_data.bars.shape, dtype=bool), np.zeros(market_data.bars.shape, dtype=bool)
    if step is None:
        return ()
    sure, maybe = _certain(step, settings.fit), _possible(step, settings.fit)
    error[step.row[sure], step.column[sure]] = True
    warning[step.row[maybe & ~sure], step.column[maybe & ~sure]] = True
    strength = np.zeros(market_data.bars.shape)
    strength[step.row, step.column] = np.abs(step.size)
    said = "{n} overnight steps look like a split that is not on record (price and volume change by the same ratio), in {names}"
    doubt = "{n} overnight steps are near a split's ratio with none on record, and may be one, a spin-off or mere moves, in {names}"
    return (
        *cells("split_without_record", "error", market_data.bars, error, said, strength),
        *cells("split_or_move", "warning", market_data.bars, warning, doubt, strength),
    )


@dataclass(frozen=True, eq=False)
class Steps:
    """What is known of K steps, all (K,) and in logarithms: `size` of the nearest ratio, how far `off` it in usual moves.

    `scale` is the ratio in usual moves; `level` how far the medians of five bars on each side are from the ratio; `shares` of the day,
    `shares5` and `shares20` those traded against before; `turnover` in dollars; `range` against the usual one; `agreement` of
    the open and the close; `usual` the usual move; `pause` sessions since the bar before; `opens` whether there is an open.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    size: Numbers
    off: Numbers
    scale: Numbers
    level: Numbers
    shares: Numbers
    shares5: Numbers
    shares20: Numbers
    turnover: Numbers
    range: Numbers
    usual: Numbers
    agreement: NDArray[np.bool_]
    pause: NDArray[np.int64]
    opens: NDArray[np.bool_]


def _certain(step: Steps, fit: float) -> NDArray[np.bool_]:
    """Where nothing but a split makes such a step."""
    # The limits here and in `_possible` were fitted by benchmarks/splits.py on seven years of real bars: with the records of 395 splits
    # taken away 73 % are called errors and 93 % found; with all of them there 9 errors and 64 warnings are left (docs/data.md, "Splits").
    size, ratio = step.size, np.abs(step.size)
    fits = step.agreement & (step.pause == 1) & (step.scale > 9) & (np.abs(step.level) < np.maximum(0.25 * ratio, 3 * step.usual))
    plain = np.isclose(ratio[:, None], PLAIN).any(axis=1)
    calm = (step.turnover < np.where(step.off < 0.75 * fit, 1.0, 0.7)) & ~(step.range > 1.2)
    grown = (np.abs(step.shares5 + size) < 0.8) & (np.abs(step.shares20 + size) < 1.2)
    fall = (size < 0) & plain & step.opens & (step.off < fit) & calm & grown
    fewer = (step.shares < -0.1) & (step.shares5 < -0.25 * size) & (step.shares5 > -size - 1.2)
    scarce = (size > STEEP) & (step.shares < -0.35 * size)
    rise = (size > 0.6) & fewer & ((step.off < 1.8 * fit) | scarce)
    return np.asarray(fits & (fall | rise))


def _possible(step: Steps, fit: float) -> NDArray[np.bool_]:
    """Where a split could be what made the step."""
    size, ratio = step.size, np.abs(step.size)
    fits = step.agreement & (step.scale > 7) & (np.abs(step.level) < np.maximum(0.35 * ratio, 4 * step.usual))
    small = ratio < 0.35
    near = step.off < np.where(small, 0.8, 1.35) * fit
    fall = (size < 0) & near & (step.turnover < np.where(small, 1.0, 1.6)) & (np.abs(step.shares5 + size) < 1.1)
    rise = (size > 0.6) & ((step.off < 2.6 * fit) | (size > STEEP)) & (step.shares5 < np.where(size > 4.5, -0.15, 0.1) * size)
    return np.asarray(fits & (fall | rise))


def _steps(market_data: MarketData) -> Steps | None:
    """The closes that stand apart from the one before, splits on record undone; None where there are none."""
    bars = market_data.bars
    scale = split_scale(market_data.actions, bars.shape)
    divide = 1.0 if scale is None else scale
    close, opening, volume = bars.close / divide, bars.open / divide, bars.volume * divide
    previous = carried(close)
    with np.errstate(invalid="ignore", divide="ignore"):
        move, opened = np.log(close / previous), np.log(opening / previous)
    usual = _usual(move)
    row, column = np.nonzero(np.abs(move) > np.maximum(LEAST, 5 * usual))
    if len(row) == 0:
        return None
    paid = _paid(market_data, row, column, previous[row, column] * (1.0 if scale is None else scale[row, column]))
    m = move[row, column] - paid - _market(move)[row]
    g = opened[row, column] - paid - _market(opened)[row]
    own, overnight = np.maximum(usual[row, column], 0.012), np.maximum(_usual_at(opened, row, column), 0.008)
    size, off, opens = _nearest(m, g, own, overnight)
    agreement = ~opens | (np.abs(g - m) < 0.5 * np.abs(m))
    pause = np.where(np.isnan(close[np.maximum(row - 1, 0), column]), 2, 1)
    around = _around(market_data, close, volume, row, column)
    return Steps(
        row, column, size, off, np.abs(size) / own, around[0] - size, *around[1:], usual[row, column], agreement, pause, opens
    )  # fmt: skip


def _nearest(m: Numbers, g: Numbers, own: Numbers, overnight: Numbers) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """The ratio nearest to the move `m` of each close and `g` of each open, how far off it is in usual moves `own` and `overnight`, and
    whether there is an open, each (K,).
    """
    by_close, by_open = (m[:, None] - SIZES) / own[:, None], (g[:, None] - SIZES) / overnight[:, None]
    opens = ~np.isnan(g)
    off = np.where(opens[:, None], np.hypot(by_close, np.nan_to_num(by_open)), np.sqrt(2) * np.abs(by_close))
    best = np.argmin(off, axis=1)
    return SIZES[best], off[np.arange(len(m)), best], opens


def _around(
    market_data: MarketData, close: Panel, volume: Panel, row: NDArray[np.int64], column: NDArray[np.int64]
) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers]:
    """Of each step the new level of closes against the old, shares of the day, of five and of twenty sessions, turnover and range, all
    against those before, in logarithms (K,); NaN where it is not known, of the range and the level also what is not finite.
    """
    bars = market_data.bars
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.log(bars.high / bars.low)
        level = np.log(_median(close, row, column, 0, NEAR - 1) / _median(close, row, column, -NEAR, -1))
        shares = np.log(volume[row, column] / _median(volume, row, column, -NEAR, -1))
        shares5 = np.log(_median(volume, row, column, 0, NEAR - 1) / _median(volume, row, column, -NEAR, -1))
        shares20 = np.log(_median(volume, row, column, 0, MONTH) / _median(volume, row, column, -MONTH, -1))
        usual = _middle(_window(close, row, column, -MONTH, -1) * _window(volume, row, column, -MONTH, -1))
        turnover = np.log(close[row, column] * volume[row, column] / usual)
        wide = np.log(spread[row, column] / _median(spread, row, column, -MONTH, -1))
    for one in (shares, shares5, shares20, turnover):
        one[~np.isfinite(one)] = np.nan
    return level, shares, shares5, shares20, turnover, wide


def _usual(move: Panel) -> Panel:
    """The standard deviation that the mean of a name's absolute moves of MONTH sessions on each side stands for, the session itself left
    out, (T, N)."""
    size = np.minimum(np.abs(move), MOST)
    known = ~np.isnan(size)
    total, count = _sums(np.where(known, size, 0.0)), _sums(known.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1.2533 * (total - np.where(known, size, 0.0)) / (count - known))


def _sums(panel: Panel) -> Panel:
    """Sum over MONTH sessions on each side and the session, (T, N)."""
    rows = np.arange(len(panel))
    run = np.vstack([np.zeros((1, panel.shape[1])), np.cumsum(panel, axis=0)])
    return np.asarray(run[np.minimum(rows + MONTH + 1, len(panel))] - run[np.maximum(rows - MONTH, 0)])


def _usual_at(panel: Panel, row: NDArray[np.int64], column: NDArray[np.int64]) -> Numbers:
    near = np.hstack([_window(panel, row, column, -MONTH, -1), _window(panel, row, column, 1, MONTH)])
    known = ~np.isnan(near)
    size = np.where(known, np.minimum(np.abs(near), MOST), 0.0)
    return np.asarray(1.2533 * size.sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def _market(panel: Panel) -> Numbers:
    """Median of a session over the names, 0 where too few have a number, (T,)."""
    enough = (~np.isnan(panel)).sum(axis=1) >= CROWD
    out = np.zeros(len(panel))
    if enough.any():
        out[enough] = np.nanmedian(panel[enough], axis=1)
    return out


def _paid(market_data: MarketData, row: NDArray[np.int64], column: NDArray[np.int64], previous: Numbers) -> Numbers:
    """What a dividend on record takes from the price at each step, in logarithm."""
    bars, actions = market_data.bars, market_data.actions
    dollars = {}
    for k in np.flatnonzero(actions.kind == DIVIDEND):
        dollars[int(actions.row[k]), int(actions.name[k])] = float(actions.value[k])
    worth = np.array([dollars.get((int(r), int(c)), 0.0) for r, c in zip(row, column, strict=True)])
    return np.asarray(np.log(np.maximum(1 - worth / previous, 0.01))) if len(bars.sessions) else worth


def _window(panel: Panel, row: NDArray[np.int64], column: NDArray[np.int64], first: int, last: int) -> Panel:
    """Sessions `first` to `last` around each step, (K, last - first + 1); NaN outside the panel."""
    rows = row[:, None] + np.arange(first, last + 1)
    inside: Flags = (rows >= 0) & (rows < len(panel))
    return np.where(inside, panel[np.clip(rows, 0, len(panel) - 1), column[:, None]], np.nan)


def _median(panel: Panel, row: NDArray[np.int64], column: NDArray[np.int64], first: int, last: int) -> Numbers:
    return _middle(_window(panel, row, column, first, last))


def _middle(near: Panel) -> Numbers:
    """Median along each row; NaN where a row has nothing."""
    out = np.full(len(near), np.nan)
    some = ~np.isnan(near).all(axis=1)
    out[some] = np.nanmedian(near[some], axis=1)
    return out
