"""Checks of the membership: members whose bars have ended, member-days without a bar, one firm under two symbols."""

import numpy as np
from numpy.typing import NDArray

from springback.market.market_data import MarketData
from springback.quality.quality_finding import QualityFinding, Severity, cells, lengths
from springback.quality.quality_settings import Quality

NEAR = 0.04
"""How far, in logarithm, the first price of a name may be from the last close of the one whose series it goes on with."""
SAME = 0.003
"""How far two closes of one firm under two symbols may be apart."""
LIKE = 1.0
"""How far, in logarithm, the usual turnovers of both may be apart."""
PAUSE, MONTH, BESIDE = 2, 20, 10
"""Sessions from the last bar of one to the first of the other; that tell the turnover; that lie side by side."""


def ended(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001 (every check is asked in the same words)
    """Sessions on which a name is still a member after its last bar: taken over, delisted, or cut short."""
    if market_data.members is None:
        return ()
    odd = market_data.members & _after(market_data)
    still = int(odd[-1].sum())
    said = (
        f"{{n}} member-days of {{names}} lie after the last bar: the lists keep who was taken over, and snapshots end; "
        f"{still:,} of {int(market_data.members[-1].sum()):,} members of the last session have no bars any more"
    )
    return cells("members_ended", "warning", market_data.bars, odd, said, lengths(odd), of=int(market_data.members.sum()))


def no_bar(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """Sessions on which a member has no bar before its last one: listed before its first bar, halted, or not in the source."""
    if market_data.members is None:
        return ()
    absent = market_data.members & np.isnan(market_data.bars.close)
    odd = absent & ~_after(market_data)
    early = odd & ~np.logical_or.accumulate(~np.isnan(market_data.bars.close), axis=0)
    whole = int(market_data.members.sum())
    said = (
        f"{{n}} member-days of {{names}} have no bar before the last one, {int(early.sum()):,} of them before the first; with those after "
        f"the last it is {int(absent.sum()):,} of {whole:,} member-days ({absent.sum() / max(1, whole):.1%})"
    )
    severity: Severity = "warning" if odd.sum() > 1e-3 * whole else "info"
    return cells("members_no_bar", severity, market_data.bars, odd, said, lengths(odd), of=whole)


def two_symbols(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Series that end while another goes on from there, or has had the same closes beside it: a rename may have made two of one firm."""
    pairs = [*_continued(market_data, settings), *_beside(market_data)]
    odd = np.zeros(market_data.bars.shape, dtype=bool)
    for one, _ in pairs:
        odd[market_data.last[one], one] = True
    names = market_data.bars.symbols
    told = ", ".join(f"{names[one]} and {names[other]}" for one, other in pairs[:6])
    more = f" and {len(pairs) - 6:,} more pairs" if len(pairs) > 6 else ""
    said = (
        f"{{n}} series end where another begins at that price and turnover, or repeats their closes: two symbols of one firm? {told}{more}"
    )
    return cells("two_symbols", "warning", market_data.bars, odd, said, of=market_data.bars.shape[1])


def _after(market_data: MarketData) -> NDArray[np.bool_]:
    """True after the last bar of a name, (T, N)."""
    return np.asarray(np.arange(market_data.bars.shape[0])[:, None] > market_data.last)


def _continued(market_data: MarketData, settings: Quality) -> list[tuple[int, int]]:
    """(name that ends, name that begins) up to PAUSE sessions later near its last close, as busy; one for each, or none.

    On a day when many series end or begin nearness says little: there both must have the same ticker but for the year behind it.
    """
    bars, last = market_data.bars, market_data.last
    has = ~np.isnan(bars.close)
    first = np.where(has.any(axis=0), np.argmax(has, axis=0), 0)
    ends, begins = np.bincount(last[last >= 0], minlength=len(has)), np.bincount(first, minlength=len(has))
    turned = bars.close * bars.volume
    out = []
    for old in np.flatnonzero((last >= MONTH) & (last < len(has) - 1)):
        row = last[old]
        news = np.flatnonzero((first > row) & (first <= row + PAUSE))
        opened = np.where(np.isnan(bars.open[first[news], news]), bars.close[first[news], news], bars.open[first[news], news])
        step = np.abs(np.log(opened / bars.close[row, old]))
        was = _usual(turned[row - MONTH : row + 1, old])
        like = [
            int(new)
            for new in news[step < NEAR]
            if was > 0 and (now := _usual(turned[first[new] : first[new] + MONTH, new])) > 0 and abs(np.log(now / was)) < LIKE
            if max(ends[row], begins[first[new]]) < settings.cluster or _stem(bars.symbols[new]) == _stem(bars.symbols[old])
        ]
        if len(like) == 1:
            out.append((int(old), like[0]))
    return out


def _usual(turned: NDArray[np.float64]) -> float:
    known = turned[~np.isnan(turned)]
    return float(np.median(known)) if len(known) else 0.0


def _stem(symbol: str) -> str:
    return symbol.partition("_")[0]


def _beside(market_data: MarketData) -> list[tuple[int, int]]:
    """(name that ends, name that goes on) whose closes are the same on the last BESIDE sessions of the first, where both have one.

    Half of these sessions will do where the price moved on them; a single one where the volumes are the same as well.
    """
    close, volume, last = market_data.bars.close, market_data.bars.volume, market_data.last
    out = []
    for old in np.flatnonzero((last >= BESIDE) & (last < len(close) - 1)):
        later = np.flatnonzero((last > last[old]) & ~np.isnan(close[last[old]]))
        rows = slice(last[old] - BESIDE + 1, last[old] + 1)
        near, mine = close[rows][:, later], close[rows, old][:, None]
        common = (~np.isnan(near) & ~np.isnan(mine)).sum(axis=0)
        alike = ~(np.abs(near / mine - 1) >= SAME).any(axis=0)
        moved = np.nanmax(mine) > 1.02 * np.nanmin(mine)
        busy, ours = volume[rows][:, later], volume[rows, old][:, None]
        traded = (busy > 0).any(axis=0) & ~(np.abs(busy - ours) > 0.01 * ours).any(axis=0)
        twins = later[alike & (((common >= BESIDE // 2) & moved) | traded)]
        out += [(int(old), int(new)) for new in twins]
    return out
