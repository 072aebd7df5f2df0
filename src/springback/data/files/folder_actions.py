"""Splits and dividends of a folder whose prices are split-adjusted and whose adj_close is adjusted for dividends too."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.files.folder_facts import NO_FACTS, FolderFacts
from springback.data.files.reading import Columns, line, read_table
from springback.errors import BadTable
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.record import adjusted_times, traded

LARGE = 0.3
PRINTED, WORKED_OUT = 1e-5, 0.0015
"""How far, relative, a ratio may be from the small one that it stands for: one that was written down, and one that was worked out.
In the list that `benchmarks/bundle.py` reads 0.0333 is 0.1 % from 1/30 and 1.503081 (a spin-off) 0.2 % from 3/2."""
PARTS = (2, 3, 4)
"""Denominators of the small ratios under four."""


@dataclass(frozen=True, eq=False)
class Splits:
    """`events` (date, symbol, kind, value = old shares per new) of the window.

    `later` (T, N) is how many shares one share of that session has become by now; None when there was no split.
    """

    events: pd.DataFrame
    later: Panel | None
    findings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Dividends:
    """`events` (date, symbol, kind, value = dollars a raw share)."""

    events: pd.DataFrame
    findings: tuple[str, ...]


def splits(path: Path, bars: Bars, facts: FolderFacts = NO_FACTS) -> Splits:
    """The splits of `path` (symbol, date, new_shares_per_old, source if it is there) against split-adjusted `bars`.

    A split that is still to be seen in the prices was not adjusted for: its prices are raw already; one whose inverse is, twice.
    A ratio that was worked out from rounded prices is taken for the small one beside it: 3.0003 for 3, 0.0333 for 1/30.
    Raises `BadTable` on a ratio that is not above 0 and finite.
    """
    frame = _read(path)
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    dates, ratios = frame["date"].to_numpy().astype("datetime64[D]"), frame["new_shares_per_old"].to_numpy()
    words = frame["source"].astype(str) if "source" in frame else pd.Series([""] * len(frame))
    worked_out = words.str.startswith(facts.worked_out).to_numpy()
    later, kept, odd, snapped = np.ones(bars.shape), [], [], 0
    for k in np.argsort(dates, kind="stable")[::-1]:  # the newest first: what later splits made of a price is known then
        column = columns.get(frame["symbol"].iloc[k])
        if column is None or ratios[k] == 1.0:
            continue
        new, old = small_ratio(float(ratios[k]), WORKED_OUT if worked_out[k] else PRINTED)
        snapped += int(new / old != ratios[k])
        row = int(np.searchsorted(bars.sessions, dates[k]))
        close = traded(bars.close[:, column], bars.volume[:, column])
        times = once_or(adjusted_times(close, row, old / new))
        if times == 0 and max(new / old, old / new) < SMALL and not _in_cents(bars.close[:row, column], later[:row, column]):
            times = 1
        later[:row, column] *= (new / old) ** times
        if times != 1:
            odd.append(f"{bars.symbols[column]} {dates[k]} {TIMES[times]}")
        if 0 < row < len(bars.sessions):
            kept.append((dates[k], bars.symbols[column], "split", old / new))
    events = pd.DataFrame(kept[::-1], columns=["date", "symbol", "kind", "value"])
    absent = _absent(bars, frame["symbol"].astype(str), dates, facts)
    return Splits(events, later if np.any(later != 1.0) else None, (*_findings(len(kept), snapped, odd[::-1]), *absent))


def _read(path: Path) -> pd.DataFrame:
    """The list of splits. Raises `BadTable`."""
    frame = read_table(path, Columns(("date",), ("symbol", "source"), ("new_shares_per_old",), optional=("source",), sparse=("source",)))
    ratios = frame["new_shares_per_old"].to_numpy()
    bad = np.flatnonzero(~(np.isfinite(ratios) & (ratios > 0)))
    if len(bad):
        raise BadTable(f"{path}: line {line(bad[0])}: new_shares_per_old must be above 0 and finite, was {ratios[bad[0]]:g}", limit=0)
    return frame


def _findings(count: int, snapped: int, odd: Sequence[str]) -> list[str]:
    findings = [f"{count:,} splits in the window; prices before a split were put back on the scale of their day"]
    if snapped:
        findings.append(f"{snapped} ratios of splits are rounded in the list (such as 3.0003 and 0.0333): the small ratio was taken")
    if odd:
        findings.append(f"{len(odd)} splits for which the source did not adjust once, put back as the prices say: {'; '.join(odd)}")
    return findings


def small_ratio(ratio: float, tolerance: float) -> tuple[float, float]:
    """(new shares, old shares) of the whole number, its inverse, half, third or quarter nearest `ratio`, where it is within `tolerance`
    of it, relative; else of one with two decimals within PRINTED; else (ratio, 1)."""
    size = max(ratio, 1 / ratio)
    denominators = (1, *PARTS) if size < 4 else (1,)
    near = [(round(size * part), part) for part in denominators if round(size * part) > part]
    best = min(near, key=lambda one: abs(one[0] / one[1] / size - 1), default=None)
    if best is not None and abs(best[0] / best[1] / size - 1) <= tolerance:
        return best if ratio >= 1 else (best[1], best[0])
    plain = round(ratio, 2)
    return (plain if plain > 0 and abs(plain / ratio - 1) <= PRINTED else ratio), 1


def as_printed(bars: Bars, later: Panel) -> dict[str, Panel]:
    """The fields (T, N) of split-adjusted `bars` on the scale of their day: prices, in dollars, times `later` (T, N), volume divided by it.

    An adjusted price is rounded to 0.0001, an adjusted volume to a share. Where a whole cent lies within what that rounding hides (of a
    price of a dollar and more, up to 20 shares for one), or a whole share, it is what was printed; elsewhere nothing is rounded but to
    the four decimals there are.
    """
    out = {}
    forward = later > 1
    for name in FIELDS:
        panel = getattr(bars, name)
        if name == "volume":
            value = panel / later
            whole = np.rint(value)
            sure = forward & (np.abs(value - whole) <= 0.5 / later + 1e-9)
        else:
            value = np.round(panel * later, 4)
            whole = np.round(panel * later, 2)
            sure = forward & (later <= 20) & (value >= 1) & (np.abs(panel * later - whole) <= 0.00005 * later + 1e-9)
        out[name] = np.where(sure, whole, value)
    return out


def _absent(bars: Bars, symbols: "pd.Series[str]", dates: NDArray[np.datetime64], facts: FolderFacts) -> list[str]:
    """What the list of splits is known not to have: its prices are only as raw as it is whole."""
    days = np.unique(dates[(dates >= bars.sessions[0]) & (dates <= bars.sessions[-1])])
    out = []
    if len(days) > 1:
        wide = int(np.argmax(np.diff(days)))
        out.append(
            f"prices are only as raw as the list of splits is whole: its longest pause is from {days[wide]} to {days[wide + 1]}, and a "
            "split that the source adjusted for and the list does not have cannot be seen in the prices"
        )
    for symbol, day, ratio in facts.absent_splits:
        when = np.datetime64(day, "D")
        listed = (symbols == symbol).to_numpy() & (np.abs((dates - when).astype(int)) <= 5)
        if symbol in bars.symbols and bars.sessions[0] < when and not listed.any():
            out.append(
                f"the {ratio}-for-1 split of {symbol} on {day} is not in the list: before it, {ratio} times these prices were printed"
            )
    return out


def dividends(
    bars: Bars,
    factor: Panel,
    noise: Panel,
    source: NDArray[np.int8],
    sources: tuple[str, ...],
    later: Panel | None,
    facts: FolderFacts = NO_FACTS,
) -> Dividends:
    """Dividends read off the steps of `factor` = adj_close / close: on the ex-date it rises by 1 / (1 - dividend / last close).
    `bars`, `factor`, `noise`, `source` and `later` are (T, N).

    Both prices are printed with a few decimals, so a factor is off by up to half a unit of each: `noise`, relative. A step counts when it
    is more than twice the noise of its two sessions: on the prices of `benchmarks/bundle.py`, 0.05 % of the steps lie between one and five
    times the noise and 0.9 % above. Steps across a change of source or on rows of `facts.carried` do not count. A name whose factor falls
    more than twice has a noisy source and gets none.
    """
    previous = _previous(factor)
    here, there = np.nonzero(previous >= 0)
    before = previous[here, there]
    step = 1 - factor[before, there] / factor[here, there]
    beyond = 2 * (noise[before, there] + noise[here, there])
    carried = np.isin(source, [k for k, name in enumerate(sources) if name in facts.carried])
    sound = (source[before, there] == source[here, there]) & ~carried[here, there]
    falls = np.bincount(there[sound & (step < -beyond)], minlength=factor.shape[1])
    paid = sound & (step > beyond) & (step < 1)
    noisy = paid & (falls[there] > 2)
    row, name, size = here[paid & ~noisy], there[paid & ~noisy], step[paid & ~noisy]
    scale = np.ones_like(size) if later is None else later[row, name]
    value = np.round(size * bars.close[before[paid & ~noisy], name] * scale, 4)
    worth = value > 0
    row, name, size, value = row[worth], name[worth], size[worth], value[worth]
    frame = pd.DataFrame({"date": bars.sessions[row], "symbol": np.array(bars.symbols)[name], "kind": "dividend", "value": value})
    large, names = int((size > LARGE).sum()), len(np.unique(name))
    findings = [
        f"{len(frame):,} dividends in {names:,} names were inferred from adj_close / close; {large} are above {LARGE:.0%} of the price",
        f"{int(noisy.sum()):,} dividends in {int((falls > 2).sum())} names with a noisy adj_close were left out",
    ]
    if facts.carried:
        words = f"rows of the sources {', '.join(facts.carried)} have no adj_close of their own and can show no dividend"
        findings.append(f"{int(carried.sum()):,} {words}")
    return Dividends(frame.sort_values("date", kind="stable"), tuple(findings))


def _in_cents(close: NDArray[np.float64], later: NDArray[np.float64]) -> bool:
    """Whether the newest of `close` times `later` are in whole cents, as far as four decimals tell: then they are as printed."""
    known = np.flatnonzero(~np.isnan(close))[-20:]
    cents = 100 * close[known] * later[known]
    return bool(np.mean(np.abs(cents - np.rint(cents)) <= 0.006 * later[known] + 1e-3) > 0.9) if len(known) else False


SMALL = 1.5
"""A ratio under this is hidden by a large move of a day: only whole cents show that it was not adjusted for."""
TIMES = {0: "not at all", 2: "twice"}


def once_or(times: int | None) -> int:
    """How often prices were adjusted for a split: once, as such sources promise, where it cannot be told."""
    return 1 if times is None else times


def _previous(panel: Panel) -> NDArray[np.int64]:
    """Row of the name's bar before this one, (T, N); -1 where there is no bar here or none before."""
    has = ~np.isnan(panel)
    rows = np.where(has, np.arange(len(panel))[:, None], -1)
    latest = np.maximum.accumulate(rows, axis=0)
    out = np.full(panel.shape, -1, dtype=np.int64)
    out[1:] = latest[:-1]
    out[~has] = -1
    return out
