"""Checks of single bars and runs of them: gaps, stale closes, order of the four prices, volume, close-only rows, cents."""

import numpy as np

from springback.market.market_data import MarketData
from springback.quality.quality_finding import Flags, QualityFinding, cells, lengths, spells
from springback.quality.quality_settings import Quality

SLACK = 1e-6
"""Relative: prices put back on the scale of their day are rounded."""
SOME = 60
"""Bars that tell what a name's usual volume is."""


def gaps(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Sessions without a bar inside a name's life, halts among them; and the sessions on which many names pause at once."""
    absent = holes(market_data)
    length = lengths(absent)
    life = int((~np.isnan(market_data.bars.close)).sum() + absent.sum())
    longest = f"; the longest lasts {int(length.max()):,} sessions" if absent.any() else ""
    together = absent & (absent.sum(axis=1) >= settings.cluster)[:, None]
    days = np.flatnonzero(together.any(axis=1))
    span = f"{market_data.bars.sessions[days[0]]} to {market_data.bars.sessions[days[-1]]}" if len(days) else ""
    said = f"{{n}} of these on {len(days)} sessions when {settings.cluster} names or more pause at once, {span}, in {{names}}"
    busiest = np.where(together, absent.sum(axis=1)[:, None], 0.0)
    return (
        *cells(
            "gap", "warning", market_data.bars, absent, f"{{n}} sessions without a bar inside the life of {{names}}{longest}", length, life
        ),
        *cells("gap_together", "warning", market_data.bars, together, said, busiest, life),
    )


def stale(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Runs of bars that say the same close again, with no volume or the volume of the bar before."""
    bars = market_data.bars
    same = np.zeros(bars.shape, dtype=bool)
    same[1:] = (bars.close[1:] == bars.close[:-1]) & ((bars.volume[1:] == 0) | (bars.volume[1:] == bars.volume[:-1]))
    run = lengths(same) + 1
    said = "{n} bars repeat the close before, without volume or with the same one, in runs of {least} and more, in {names}"
    mild, hard = said.replace("{least}", str(settings.stale)), said.replace("{least}", str(settings.frozen))
    return (
        *cells("stale", "warning", bars, same & (run >= settings.stale) & (run < settings.frozen), mild, run),
        *cells("frozen", "error", bars, same & (run >= settings.frozen), f"{hard}: nobody traded at that price", run),
    )


def filled(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Runs of bars that say the same close again while the volume changes: `frozen` and more in a row are told.

    Twice as many are an error where each bar is one price (or a close alone) and as much was traded as usual, or nearly, in a name whose
    close else moves: the price was filled forward. A name that trades a few hundred shares a day may stand still for weeks.
    """
    bars = market_data.bars
    same = np.zeros(bars.shape, dtype=bool)
    same[1:] = bars.close[1:] == bars.close[:-1]
    still = np.zeros(bars.shape, dtype=bool)
    still[1:] = same[1:] & ((bars.volume[1:] == 0) | (bars.volume[1:] == bars.volume[:-1]))
    run = lengths(same) + 1
    one_price = np.isnan(bars.open) | ((bars.high == bars.low) & (bars.open == bars.close))
    sure = np.zeros(bars.shape, dtype=bool)
    for start, column, length in zip(*spells(same & (run >= 2 * settings.frozen)), strict=True):
        rows = slice(start, start + length)
        rest = ~same[:, column] & ~np.isnan(bars.close[:, column])
        alive = rest.sum() >= max(SOME, same[:, column].sum())
        busy = alive and np.median(bars.volume[rows, column]) > 0.3 * np.median(bars.volume[rest, column])
        sure[rows, column] = busy and one_price[rows, column].mean() > 0.9 and still[rows, column].mean() < 0.5
    told = same & (run >= settings.frozen) & ~still & ~sure
    said = "{n} bars repeat the close before though shares were traded, in runs of {least} and more, in {names}"
    mild, hard = said.replace("{least}", str(settings.frozen)), said.replace("{least}", str(2 * settings.frozen))
    return (
        *cells("repeated", "warning", bars, told, f"{mild}: thinly traded, or filled forward", run),
        *cells("filled_forward", "error", bars, sure, f"{hard}, each bar one price on the usual volume: filled forward", run),
    )


def order(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001 (every check is asked in the same words)
    """Bars whose high lies under the low, or whose open or close lies outside both."""
    bars = market_data.bars
    top, bottom = bars.high * (1 + SLACK), bars.low * (1 - SLACK)
    odd = (bars.high < bottom) | (bars.open > top) | (bars.open < bottom) | (bars.close > top) | (bars.close < bottom)
    beyond = np.nan_to_num(np.maximum(bars.close / bars.high, bars.low / bars.close))
    return cells("ohlc", "error", bars, odd, "{n} bars have a high under the low, or an open or close outside both, in {names}", beyond)


def no_volume(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """Rows on which nothing was traded."""
    odd = market_data.bars.volume == 0
    share = odd.sum() / max(1, int((~np.isnan(market_data.bars.close)).sum()))
    return cells(
        "no_volume",
        "warning" if share > 1e-3 else "info",
        market_data.bars,
        odd,
        "{n} rows have no volume: marks, no order fills on them, in {names}",
        lengths(odd),
    )


def close_only(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """Bars with a close and no open, high and low: they mark a position, no order fills on them."""
    odd = np.isnan(market_data.bars.open) & ~np.isnan(market_data.bars.close)
    said = "{n} bars have a close and no open, high, low: no order fills on them, in {names}"
    return cells("close_only", "warning", market_data.bars, odd, said, lengths(odd))


def cents(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Prices that no exchange prints, and how many closes are under a dollar."""
    close = market_data.bars.close
    return (
        *cells(
            "under_a_cent",
            "warning",
            market_data.bars,
            close < settings.cent,
            f"{{n}} closes are under ${settings.cent:g}, in {{names}}",
            -close,
        ),
        *cells("under_a_dollar", "info", market_data.bars, close < 1.0, "{n} closes are under $1, in {names}", -close),
    )


def holes(market_data: MarketData) -> Flags:
    """True where a name has bars before and after a session and none on it, (T, N)."""
    has = ~np.isnan(market_data.bars.close)
    begun = np.logical_or.accumulate(has, axis=0)
    goes_on = np.logical_or.accumulate(has[::-1], axis=0)[::-1]
    return np.asarray(begun & goes_on & ~has)
