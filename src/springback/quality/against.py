"""Two sources side by side: where closes, volumes, splits and rows differ."""

import numpy as np

from springback.errors import InputError
from springback.market.actions import SPLIT
from springback.market.bars import Panel
from springback.market.market_data import MarketData
from springback.quality.quality_finding import Flags, QualityFinding, cells, named
from springback.quality.quality_settings import Quality


def compare(market_data: MarketData, other: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """What `other` says otherwise of the names and sessions that both have. Raises `InputError` where they share nothing."""
    mine, its = market_data.bars, other.bars
    common = sorted(set(mine.symbols) & set(its.symbols))
    days = np.intersect1d(mine.sessions, its.sessions)
    if not common or len(days) < 2:
        raise InputError(
            f"the two sources share {named(len(common))} and {len(days)} sessions: {mine.symbols[0]} ... {mine.symbols[-1]}, "
            f"{mine.sessions[0]} to {mine.sessions[-1]}, against "
            f"{its.symbols[0]} ... {its.symbols[-1]}, {its.sessions[0]} to {its.sessions[-1]}"
        )
    close, volume = _on(market_data, other, its.close), _on(market_data, other, its.volume)
    both = ~np.isnan(mine.close) & ~np.isnan(close)
    shared = _shared(market_data, common, days)
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.abs(close / mine.close - 1)
        busy = np.abs(volume / mine.volume - 1)
    rows = int(both.sum())
    only_here, only_there = shared & ~np.isnan(mine.close) & np.isnan(close), shared & np.isnan(mine.close) & ~np.isnan(close)
    percent = f"{settings.disagree:.1%}"
    closes = f"{{n}} of {rows:,} shared closes differ by more than {percent} between the sources, in {{names}}"
    volumes = f"{{n}} of {rows:,} shared volumes differ by more than {settings.disagree_volume:.0%} between the sources, in {{names}}"
    size = np.nan_to_num(off, posinf=1e9)
    return (
        *cells("against_close", "warning", mine, both & (off > settings.disagree), closes, size, rows),
        *cells("against_volume", "info", mine, both & (busy > settings.disagree_volume), volumes, np.nan_to_num(busy, posinf=1e9), rows),
        *_splits(market_data, other, common, days),
        *cells("against_absent_there", "info", mine, only_here, "{n} bars of {names} are here and not in the other source", of=rows),
        *cells("against_absent_here", "warning", mine, only_there, "{n} bars of {names} are in the other source and not here", of=rows),
        *_names(market_data, other),
    )


def _on(market_data: MarketData, other: MarketData, panel: Panel) -> Panel:
    """A panel of `other` on the sessions and names of `market_data`; NaN where it has none."""
    out = np.full(market_data.bars.shape, np.nan)
    columns = {symbol: column for column, symbol in enumerate(other.bars.symbols)}
    pairs = [(here, columns[symbol]) for here, symbol in enumerate(market_data.bars.symbols) if symbol in columns]
    _, row, there = np.intersect1d(market_data.bars.sessions, other.bars.sessions, return_indices=True)
    here, its = np.array(pairs).T
    out[np.ix_(row, here)] = panel[np.ix_(there, its)]
    return out


def _shared(market_data: MarketData, common: list[str], days: "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]") -> Flags:
    return np.asarray(np.isin(market_data.bars.sessions, days)[:, None] & np.isin(np.array(market_data.bars.symbols), common)[None, :])


def _splits(
    market_data: MarketData, other: MarketData, common: list[str], days: "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]"
) -> tuple[QualityFinding, ...]:
    """Splits on one side only, or with another ratio: the same name within three sessions counts as the same."""
    ours, theirs = _known(market_data), _known(other)
    odd = np.zeros(market_data.bars.shape, dtype=bool)
    columns = {symbol: column for column, symbol in enumerate(market_data.bars.symbols)}
    for known, rest in ((ours, theirs), (theirs, ours)):
        for symbol, day, value in known:
            near = [v for s, d, v in rest if s == symbol and abs((d - day).astype(int)) <= 5]
            if symbol in common and days[0] <= day <= days[-1] and not any(abs(v / value - 1) < 0.01 for v in near):
                odd[min(market_data.bars.row(day), len(odd) - 1), columns[symbol]] = True
    whole = max(1, len(ours) + len(theirs))
    return cells("against_split", "warning", market_data.bars, odd, "{n} splits are on record in one source only, in {names}", of=whole)


def _known(market_data: MarketData) -> list[tuple[str, "np.datetime64", float]]:
    kept = np.flatnonzero(market_data.actions.kind == SPLIT)
    bars, actions = market_data.bars, market_data.actions
    return [(bars.symbols[actions.name[k]], bars.sessions[actions.row[k]], float(actions.value[k])) for k in kept]


def _names(market_data: MarketData, other: MarketData) -> tuple[QualityFinding, ...]:
    mine, its = set(market_data.bars.symbols), set(other.bars.symbols)
    if mine == its:
        return ()
    only = sorted(mine ^ its)
    said = f"{named(len(mine - its))} only here, {named(len(its - mine))} only in the other source"
    return (
        QualityFinding("against_names", "info", said, len(only), len(only), len(only) / len(mine | its), tuple(("", s) for s in only[:5])),
    )
