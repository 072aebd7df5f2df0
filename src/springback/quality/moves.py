"""Checks of how prices move: jumps, splits without a record, spikes that revert, level breaks of another currency or unit."""

import numpy as np

from springback.market.actions import split_scale
from springback.market.bars import Panel
from springback.market.tape import Tape
from springback.quality.finding import Finding, Flags, cells
from springback.quality.settings import Quality

RATIOS = (2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0)
UNITS = (100.0, 1000.0)
"""Pence for pounds, and a tick of a thousandth."""
SIDE = 5
"""Bars on each side whose median says what the level and the volume were."""
MONTH = 21


def jumps(tape: Tape, settings: Quality) -> tuple[Finding, ...]:
    """Closes far from the one before, splits on record undone: crashes, special dividends and errors are all among them."""
    move, *_ = _moves(tape)
    odd = np.abs(move) > settings.move
    said = f"{{n}} closes moved by more than {settings.move:g} in logarithm with no split on record, in {{names}}"
    return cells("jump", "warning", tape.bars, odd, said, np.abs(move))


def unrecorded_splits(tape: Tape, settings: Quality) -> tuple[Finding, ...]:
    """Overnight jumps to a new level that is a split's ratio from the old, volume gone the other way, with no split on record.

    Median close and volume of the five bars on each side decide; a day whose volume towers over the month after it was news.
    """
    move, opened, before, after, traded = _moves(tape)
    level = np.log(after / before)
    odd = np.zeros(move.shape, dtype=bool)
    large = np.abs(move) > np.log(min(RATIOS)) - settings.tolerance
    calm = ~(tape.bars.volume > settings.calm * _following(tape.bars.volume, large))
    for ratio in RATIOS:
        for size in (np.log(ratio), -np.log(ratio)):
            near = np.abs(move - size) < np.log1p(settings.tolerance)
            stays = (np.abs(level - size) < 0.25 * abs(size)) & ~(np.abs(opened - size) > 0.5 * abs(size))
            odd |= near & stays & calm & (np.abs(traded + size) < 0.6 * abs(size))
    said = "{n} overnight jumps look like a split that is not on record (price and volume change by the same ratio), in {names}"
    return cells("split_without_record", "error", tape.bars, odd, said, np.abs(move))


def level_breaks(tape: Tape, settings: Quality) -> tuple[Finding, ...]:
    """Jumps by 100 or 1,000 that stay, volume unchanged: pence for pounds, another currency, another unit."""
    move, _, before, after, traded = _moves(tape)
    level = np.log(after / before)
    odd = np.zeros(move.shape, dtype=bool)
    for unit in UNITS:
        for size in (np.log(unit), -np.log(unit)):
            odd |= (np.abs(move - size) < 0.15) & (np.abs(level - size) < 0.25) & ~(np.abs(traded) > np.log(10))
    odd &= np.abs(move) > settings.move
    accused = _shorter_side(tape, odd)
    said = "{n} jumps by a factor of 100 or 1,000 that stay while volume does not change (currency or unit), in {names}"
    return cells("unit", "error", tape.bars, odd, said, np.abs(move), accused=accused)


def spikes(tape: Tape, settings: Quality) -> tuple[Finding, ...]:
    """Closes far from the bars on both sides, which agree with each other.

    An error where price came and went overnight, by a gap each way, on no more volume than usual: nobody traded it there and back. A panic
    that was traded through is a warning, and so is a bar that has no open to tell by.
    """
    move, opened, *_ = _moves(tape)
    back, reopened = _of_next(tape, move), _of_next(tape, opened)
    size = np.abs(move)
    far = (size > np.log1p(settings.move)) & (size > settings.sigmas * _usual(move))
    odd = far & (np.sign(back) == -np.sign(move)) & (np.abs(move + back) < (1 - settings.revert) * size)
    volume = tape.bars.volume
    quiet = ~(volume > settings.calm * _around(volume, odd, skip=True))
    leapt = (np.abs(opened - move) < 0.5 * size) & (np.abs(reopened + move) < 0.5 * size)
    never = odd & quiet & leapt
    said = "{n} closes in {names} leap and are back at the next bar"
    return (
        *cells("spike", "error", tape.bars, never, f"{said}, overnight both ways and on usual volume: the price was never there", size),
        *cells("spike_traded", "warning", tape.bars, odd & ~never, f"{said}, traded on the way, or without an open to tell by", size),
    )


def _moves(tape: Tape) -> tuple[Panel, Panel, Panel, Panel, Panel]:
    """Of each bar against the bar before, splits undone, (T, N): log move of the close and of the open; at the moves that are large the
    median close before and from it on, and the log change of median volume; NaN elsewhere."""
    bars = tape.bars
    scale = split_scale(tape.actions, bars.shape)
    close = bars.close if scale is None else bars.close / scale
    opening = bars.open if scale is None else bars.open / scale
    previous = carried(close)
    with np.errstate(invalid="ignore", divide="ignore"):
        move, opened = np.log(close / previous), np.log(opening / previous)
    before, after, traded = (np.full(bars.shape, np.nan) for _ in range(3))
    volume = bars.volume if scale is None else bars.volume * scale
    for row, column in np.argwhere(np.abs(move) > 0.35):
        has = np.flatnonzero(~np.isnan(close[:, column]))
        at = int(np.searchsorted(has, row))
        old, new = has[max(0, at - SIDE) : at], has[at : at + SIDE]
        before[row, column], after[row, column] = np.median(close[old, column]), np.median(close[new, column])
        was, now = np.median(volume[old, column]), np.median(volume[new, column])
        traded[row, column] = np.log(now / was) if was > 0 and now > 0 else np.nan
    return move, opened, before, after, traded


def carried(panel: Panel) -> Panel:
    """The last number above each cell, (T, N); NaN where there is none."""
    has = ~np.isnan(panel)
    rows = np.where(has, np.arange(len(panel))[:, None], -1)
    latest = np.maximum.accumulate(rows, axis=0)
    out = np.full(panel.shape, np.nan)
    out[1:] = np.take_along_axis(panel, np.maximum(latest[:-1], 0), axis=0)
    out[1:][latest[:-1] < 0] = np.nan
    return out


def _of_next(tape: Tape, panel: Panel) -> Panel:
    """What `panel` says at the name's next bar, (T, N); NaN where there is none, or nothing there."""
    has = ~np.isnan(tape.bars.close)
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


def _following(panel: Panel, at: Flags) -> Panel:
    """Median of the bars 2 to `MONTH` after each cell of `at`, (T, N); NaN elsewhere."""
    out = np.full(panel.shape, np.nan)
    for row, column in np.argwhere(at):
        near = panel[row + 2 : row + MONTH, column]
        out[row, column] = np.median(near[~np.isnan(near)]) if not np.isnan(near).all() else np.nan
    return out


def _shorter_side(tape: Tape, breaks: Flags) -> Flags:
    """Of each name with a level break, the bars between its breaks that are the fewer: those in the odd unit."""
    accused = np.zeros(breaks.shape, dtype=bool)
    for column in np.flatnonzero(breaks.any(axis=0)):
        side = np.cumsum(breaks[:, column]) % 2 == 1
        has = ~np.isnan(tape.bars.close[:, column])
        fewer = side if (side & has).sum() <= (~side & has).sum() else ~side
        accused[:, column] = fewer & has
    return accused
