"""Checks of how prices move: jumps, spikes that revert, level breaks of another currency or unit."""

import numpy as np

from springback.market.actions import DIVIDEND, Actions, split_scale
from springback.market.bars import Bars, Panel
from springback.market.market_data import MarketData
from springback.quality.quality_finding import Flags, Places, QualityFinding, cells
from springback.quality.quality_settings import Quality

UNITS = (100.0, 1000.0)
"""Pence for pounds, and a tick of a thousandth."""
SIDE = 5
"""Bars on each side whose median says what the level and the volume were."""


def jumps(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Closes far from the one before, splits on record undone, that no dividend on record accounts for: crashes and errors among them."""
    move, _ = _moves(market_data)
    odd = np.minimum(np.abs(move), np.abs(move - paid(market_data.bars, market_data.actions))) > settings.move
    said = f"{{n}} closes moved by more than {settings.move:g} in logarithm with no split or dividend on record, in {{names}}"
    return cells("jump", "warning", market_data.bars, odd, said, np.abs(move))


def level_breaks(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Jumps by 100 or 1,000 that stay, volume unchanged: pence for pounds, another currency, another unit."""
    move, _ = _moves(market_data)
    odd = np.zeros(move.shape, dtype=bool)
    large = np.argwhere(np.abs(move) > np.log(min(UNITS)) - 0.15)
    for (row, column), (level, traded) in zip(large, _sides(market_data, large), strict=True):
        for size in np.log(UNITS):
            near = abs(abs(move[row, column]) - size) < 0.15 and abs(level - np.sign(move[row, column]) * size) < 0.25
            odd[row, column] |= near and not abs(traded) > np.log(10)
    odd &= np.abs(move) > settings.move
    accused = _shorter_side(market_data, odd)
    said = "{n} jumps by a factor of 100 or 1,000 that stay while volume does not change (currency or unit), in {names}"
    return cells("unit", "error", market_data.bars, odd, said, np.abs(move), accused=accused)


def spikes(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Closes far from the bars on both sides, which agree with each other.

    An error where price came and went overnight, by a gap each way, on no more volume than usual: nobody traded it there and back. A panic
    that was traded through is a warning, and so is a bar that has no open to tell by.
    """
    move, opened = _moves(market_data)
    back, reopened = _of_next(market_data, move), _of_next(market_data, opened)
    size = np.abs(move)
    far = (size > np.log1p(settings.move)) & (size > settings.sigmas * _usual(move))
    odd = far & (np.sign(back) == -np.sign(move)) & (np.abs(move + back) < (1 - settings.revert) * size)
    volume = market_data.bars.volume
    quiet = ~(volume > settings.calm * _around(volume, odd, skip=True))
    leapt = (np.abs(opened - move) < 0.5 * size) & (np.abs(reopened + move) < 0.5 * size)
    never = odd & quiet & leapt
    said = "{n} closes in {names} leap and are back at the next bar"
    return (
        *cells(
            "spike", "error", market_data.bars, never, f"{said}, overnight both ways and on usual volume: the price was never there", size
        ),
        *cells(
            "spike_traded", "warning", market_data.bars, odd & ~never, f"{said}, traded on the way, or without an open to tell by", size
        ),
    )


def _moves(market_data: MarketData) -> tuple[Panel, Panel]:
    """Log move of the close, and of the open, against the close of the bar before, splits undone, (T, N)."""
    bars = market_data.bars
    scale = split_scale(market_data.actions, bars.shape)
    close = bars.close if scale is None else bars.close / scale
    opening = bars.open if scale is None else bars.open / scale
    previous = carried(close)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log(close / previous), np.log(opening / previous)


def paid(bars: Bars, actions: Actions) -> Panel:
    """What the dividends on record take from the close before, in logarithm, (T, N): 0 where none is, or one that no price can pay."""
    before, worth = carried(bars.close), np.zeros(bars.shape)
    some = np.flatnonzero(actions.kind == DIVIDEND)
    np.add.at(worth, (actions.row[some], actions.name[some]), actions.value[some])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = worth / before
    return np.asarray(np.log1p(-np.where(share < 1, share, 0.0)))


def _sides(market_data: MarketData, at: Places) -> list[tuple[float, float]]:
    """Log change of the median close, and of the median volume, from the bars before each place to those from it on, splits undone."""
    bars, out = market_data.bars, []
    scale = split_scale(market_data.actions, bars.shape)
    for row, column in at:
        undone = np.ones(len(bars.sessions)) if scale is None else scale[:, column]
        has = np.flatnonzero(~np.isnan(bars.close[:, column]))
        k = int(np.searchsorted(has, row))
        old, new = has[max(0, k - SIDE) : k], has[k : k + SIDE]
        close, volume = bars.close[:, column] / undone, bars.volume[:, column] * undone
        was, now = np.median(volume[old]), np.median(volume[new])
        traded = float(np.log(now / was)) if was > 0 and now > 0 else np.nan
        out.append((float(np.log(np.median(close[new]) / np.median(close[old]))), traded))
    return out


def carried(panel: Panel) -> Panel:
    """The last number above each cell, (T, N); NaN where there is none."""
    has = ~np.isnan(panel)
    rows = np.where(has, np.arange(len(panel))[:, None], -1)
    latest = np.maximum.accumulate(rows, axis=0)
    out = np.full(panel.shape, np.nan)
    out[1:] = np.take_along_axis(panel, np.maximum(latest[:-1], 0), axis=0)
    out[1:][latest[:-1] < 0] = np.nan
    return out


def _of_next(market_data: MarketData, panel: Panel) -> Panel:
    """What `panel` says at the name's next bar, (T, N); NaN where there is none, or nothing there."""
    has = ~np.isnan(market_data.bars.close)
    rows = np.where(has, np.arange(len(has))[:, None], len(has))
    coming = np.full(has.shape, len(has))
    coming[:-1] = np.minimum.accumulate(rows[::-1], axis=0)[::-1][1:]
    out = np.take_along_axis(panel, np.minimum(coming, len(has) - 1), axis=0)
    return np.where(coming < len(has), out, np.nan)


def _usual(move: Panel) -> Panel:
    """Standard deviation that the mean of a name's absolute moves stands for, large moves cut at a fifth, (N,)."""
    size = np.minimum(np.abs(move), 0.2)
    count = np.maximum((~np.isnan(size)).sum(axis=0), 1)
    return np.asarray(1.2533 * np.nansum(size, axis=0) / count)


def _around(panel: Panel, at: Flags, skip: bool) -> Panel:
    """Median of the ten bars around each cell of `at`, itself left out, (T, N); NaN elsewhere."""
    out = np.full(panel.shape, np.nan)
    for row, column in np.argwhere(at):
        has = np.flatnonzero(~np.isnan(panel[:, column]))
        k = int(np.searchsorted(has, row))
        near = [*has[max(0, k - SIDE) : k], *has[k + int(skip) : k + int(skip) + SIDE]]
        out[row, column] = np.median(panel[near, column]) if near else np.nan
    return out


def _shorter_side(market_data: MarketData, breaks: Flags) -> Flags:
    """Of each name with a level break, the bars between its breaks that are the fewer: those in the odd unit."""
    accused = np.zeros(breaks.shape, dtype=bool)
    for column in np.flatnonzero(breaks.any(axis=0)):
        side = np.cumsum(breaks[:, column]) % 2 == 1
        has = ~np.isnan(market_data.bars.close[:, column])
        fewer = side if (side & has).sum() <= (~side & has).sum() else ~side
        accused[:, column] = fewer & has
    return accused
