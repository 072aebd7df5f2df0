"""The gate: every check of market data by its name, and the verdict on what they found."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from springback.market.market_data import MarketData
from springback.market.prose import Prose, warned
from springback.market.quarantine import FETCHED, Span, inside
from springback.quality import days, endings, members, moves, record, rows, splits
from springback.quality.quality_finding import ALL_NAMES, Places, QualityFinding, Severity, named
from springback.quality.quality_settings import Quality

Check = Callable[[MarketData, Quality], tuple[QualityFinding, ...]]
OF_EVERY_DAY = ("missing sessions", "extra sessions, time zones", "odd sessions")
"""Checks that see the sessions on which hardly anyone has a bar; for the others these do not exist."""
CHECKS: dict[str, Check] = {
    "missing sessions": days.missing_sessions,
    "extra sessions, time zones": days.extra_sessions,
    "odd sessions": days.odd_sessions,
    "gaps": rows.gaps,
    "stale runs": rows.stale,
    "filled forward": rows.filled,
    "events set aside": record.set_aside,
    "events against the prices": record.against_prices,
    "splits without a record": splits.unrecorded_splits,
    "currency and units": moves.level_breaks,
    "spikes": moves.spikes,
    "jumps": moves.jumps,
    "order of prices": rows.order,
    "zero volume": rows.no_volume,
    "close-only bars": rows.close_only,
    "cents": rows.cents,
    "snapshots": endings.snapshots,
    "endings": endings.no_reason,
    "dead ends": endings.dead_ends,
    "short histories": endings.short,
    "members that ended": members.ended,
    "members without a bar": members.no_bar,
    "two symbols": members.two_symbols,
    "VIX": days.vix,
    "benchmark": days.benchmark,
}
CLEAN: "WeakKeyDictionary[MarketData, Quality]" = WeakKeyDictionary()
"""Tapes without an error, and under which settings: a verb that asks at its door and again in its report asks once."""
RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


def examine(market_data: MarketData, settings: Quality, say: Callable[[int, int, str], None] | None = None) -> tuple[QualityFinding, ...]:
    """What every check finds, errors first.

    Sessions on which hardly anyone has a bar (a name whose dates stand a day off makes a hundred of them) are accused by the checks of
    the days and then left out: they are no gaps of the others, break no run, and are not where the others end.
    """
    found: list[QualityFinding] = []
    full, rows = days.full(market_data)
    for done, (name, check) in enumerate(CHECKS.items()):
        if say:
            say(done, len(CHECKS), name)
        if name in OF_EVERY_DAY:
            found += check(market_data, settings)
        else:
            found += (replace(one, places=_on(rows, one.places)) for one in check(full, settings))
    return ranked(found)


def _on(rows: NDArray[np.int64], places: Places) -> Places:
    """`places` of the market data whose rows are `rows` of the whole one, on the whole one."""
    return np.column_stack([rows[places[:, 0]], places[:, 1]])


def ranked(findings: Iterable[QualityFinding]) -> tuple[QualityFinding, ...]:
    """Errors first, then warnings; each by its share."""
    return tuple(sorted(findings, key=lambda one: (RANK[one.severity], -one.share)))


def settled(findings: Iterable[QualityFinding], market_data: MarketData) -> tuple[QualityFinding, ...]:
    """`findings` with how much of each is not left out by the quarantine of `market_data`."""
    if not market_data.quarantine:
        return tuple(findings)
    barred, aside = inside(market_data.bars, market_data.quarantine), sum(one.by == FETCHED for one in market_data.quarantine)
    return tuple(replace(one, left=aside) if one.check == record.ASIDE else _settled(one, barred) for one in findings)


def _settled(one: QualityFinding, barred: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> QualityFinding:
    if len(one.places) == 0:
        return one
    row, column = one.places.T
    covered = np.where(column == ALL_NAMES, barred[row].all(axis=1), barred[row, column])
    return replace(one, left=int((~covered).sum()))


def standing(findings: Iterable[QualityFinding], severity: Severity) -> tuple[QualityFinding, ...]:
    """Those of `severity` that no quarantine covers wholly."""
    return tuple(one for one in findings if one.severity == severity and one.stands)


def verdict(findings: tuple[QualityFinding, ...], spans: tuple[Span, ...]) -> str:
    """One line: whether the data may be used, and what stands against it."""
    errors, warnings = standing(findings, "error"), standing(findings, "warning")
    held = len({span.symbol for span in spans})
    tail = f"; {named(held)} quarantined" if held else ""
    if errors:
        return f"not usable as it stands: {_counted(len(errors), 'error')}, {_counted(len(warnings), 'warning')}{tail}"
    return f"usable with {_counted(len(warnings), 'warning')}{tail}" if warnings else f"usable{tail}"


def accused(market_data: MarketData, settings: Quality) -> MarketData:
    """`market_data`; where `data check` would call them not usable, with a first finding that says so, shown before every figure."""
    if warned(market_data.findings) or CLEAN.get(market_data) == settings:
        return market_data
    errors = standing(settled(examine(market_data, settings), market_data), "error")
    if not errors:
        CLEAN[market_data] = settings
        return market_data
    many = f"{len(errors)} errors stand, the first" if len(errors) > 1 else "one error stands"
    line = f"NOT USABLE: 'springback data check' refuses these data, {many}: {errors[0].check}: {errors[0].sentence}"
    return replace(market_data, findings=(Prose(line, "unusable"), *market_data.findings))


def _counted(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
