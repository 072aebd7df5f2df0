"""Checks of how series end: many on one day, without a reason, or before the features can be worked out."""

import numpy as np

from springback.market.market_data import END_OF_DATA, MarketData
from springback.quality.quality_finding import Flags, QualityFinding, cells, lengths, named
from springback.quality.quality_settings import Quality

SHORT = 21
"""Sessions that the longest feature window needs."""


def snapshots(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Days before the last on which many series stop: the end of a snapshot of the source, not of those firms."""
    last, rows = market_data.last, market_data.bars.shape[0]
    count = np.bincount(last[last >= 0], minlength=rows)
    count[rows - 1] = 0
    days = np.flatnonzero(count >= settings.cluster)
    if len(days) == 0:
        return ()
    ordered = days[np.argsort(-count[days], kind="stable")]
    odd = _at_last(market_data, np.isin(last, days))
    told = ", ".join(f"{count[day]:,} on {market_data.bars.sessions[day]}" for day in ordered[:4])
    more = f" and on {len(ordered) - 4} more days" if len(ordered) > 4 else ""
    strength = np.where(odd, count[:, None].astype(np.float64), 0.0)
    said = f"{{n}} series stop on a day when {settings.cluster} or more do ({told}{more}): a snapshot ends there, the firms may go on"
    return cells("snapshot", "warning", market_data.bars, odd, said, strength, of=market_data.bars.shape[1])


def no_reason(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001 (every check is asked in the same words)
    """Series that stop before the last session and no delisting says why."""
    odd = _at_last(market_data, (market_data.ending == END_OF_DATA) & (market_data.last < market_data.bars.shape[0] - 1))
    said = "{n} series stop before the last session without a delisting: positions close at the last price, losses after it are not seen"
    return cells("ends_without_reason", "warning", market_data.bars, odd, said, of=market_data.bars.shape[1])


def dead_ends(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """Last bars of series that stop, which only repeat the close before: a halt, and then the end. What holders got is not there."""
    bars, odd = market_data.bars, np.zeros(market_data.bars.shape, dtype=bool)
    for column in np.flatnonzero((market_data.last >= 0) & (market_data.last < market_data.bars.shape[0] - 1)):
        rows = np.flatnonzero(~np.isnan(bars.close[:, column]))
        close, volume, open_ = (panel[rows, column] for panel in (bars.close, bars.volume, bars.open))
        still = (np.diff(close) == 0) & (np.isnan(open_[1:]) | (volume[1:] == 0) | (np.diff(volume) == 0))
        moving = np.flatnonzero(~still)
        odd[rows[1 + (moving[-1] + 1 if len(moving) else 0) :], column] = True
    said = "{n} bars at the end of {names} only repeat the close before: a halt, then the end; that price is not what holders got"
    return cells("dead_end", "warning", bars, odd, said, lengths(odd))


def short(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """Names with fewer bars than a feature looks back on."""
    few = (~np.isnan(market_data.bars.close)).sum(axis=0) < SHORT
    said = f"{named(int(few.sum()))} with fewer than {SHORT} bars: never ranked"
    return cells("short_history", "info", market_data.bars, _at_last(market_data, few), said, of=market_data.bars.shape[1])


def _at_last(market_data: MarketData, flags: Flags) -> Flags:
    odd = np.zeros(market_data.bars.shape, dtype=bool)
    columns = np.flatnonzero(flags & (market_data.last >= 0))
    odd[market_data.last[columns], columns] = True
    return odd
