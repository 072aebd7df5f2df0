"""Checks of the days: the exchange's calendar, dates that stand a day off, VIX and benchmark."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from springback.data.sessions import exchange_days
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars, Dates
from springback.market.market_data import MarketData, last_rows
from springback.quality.quality_finding import EXAMPLES, Flags, QualityFinding, Severity, cells
from springback.quality.quality_settings import Quality

DAY = np.timedelta64(1, "D")
MOST_HOLES = 0.05
"""Share of sessions without VIX beyond which the regime is a guess."""
FEW, AROUND = 0.2, 10
"""Share of the usual number of names, that of the sessions on each side, under which a session is one for a few only."""


def missing_sessions(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:
    """Days on which the exchange was open and the market has no session."""
    days = market_data.bars.sessions
    known = exchange_days(days[0], days[-1])
    absent = np.setdiff1d(known, days)
    share = len(absent) / max(1, len(known))
    said = f"{len(absent):,} of the {len(known):,} sessions of the New York calendar are absent: {_some(absent)}"
    severity: Severity = "error" if share > settings.missing_share else "warning"
    return _days("missing_session", severity, absent, said, share) if len(absent) else ()


def extra_sessions(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001 (every check is asked in the same words)
    """Sessions on which the exchange was closed; bars of names whose days would all be sessions if they stood a day earlier or later."""
    days, has = market_data.bars.sessions, ~np.isnan(market_data.bars.close)
    known = exchange_days(days[0] - 5 * DAY, days[-1] + 5 * DAY)
    off = ~np.isin(days, known)
    if not off.any():
        return ()
    strange = has & off[:, None]
    shifted = np.zeros(has.shape[1], dtype=bool)
    moves = {"later": 0, "earlier": 0}
    for column in np.flatnonzero(strange.any(axis=0)):
        its = days[has[:, column]]
        wrong = ~np.isin(its, known)
        for word, step in (("later", DAY), ("earlier", -DAY)):
            if wrong.mean() > 0.02 and np.isin(its + step, known).mean() > max(0.99, 1 - wrong.mean() / 4):
                shifted[column] = True
                moves[word] += 1
                break
    said = f"{int(off.sum()):,} sessions are days on which New York was closed: {_some(days[off])}; {{n}} bars of {{names}}"
    word = "UTC or the exchange's time taken for the other"
    turned = f"the dates of {{names}} fit the calendar a day {max(moves, key=lambda k: moves[k])}: {word}; {{n}} bars"
    return (
        *cells("closed_day", "error", market_data.bars, strange & ~shifted, said),
        *cells("time_zone", "error", market_data.bars, has & shifted, turned, np.where(strange, 1.0, 0.0)),
    )


def thin(market_data: MarketData) -> Flags:
    """True on sessions on which fewer than FEW of the names that have bars around them have one, (T,)."""
    count = (~np.isnan(market_data.bars.close)).sum(axis=1)
    wide = np.pad(count.astype(np.float64), AROUND, constant_values=np.nan)
    usual = np.nanmedian(np.lib.stride_tricks.sliding_window_view(wide, 2 * AROUND + 1), axis=1)
    return np.asarray(count < FEW * usual)


def full(market_data: MarketData) -> tuple[MarketData, NDArray[np.int64]]:
    """`market_data` without its thin sessions, and the rows that stay, (S,) of the T."""
    few = thin(market_data)
    rows = np.flatnonzero(~few)
    if not few.any():
        return market_data, rows
    bars, old = market_data.bars, market_data.actions
    kept = Bars(bars.sessions[rows], bars.symbols, **{name: getattr(bars, name)[rows] for name in FIELDS})
    at = np.searchsorted(rows, old.row)
    inside = at < len(rows)
    actions = Actions(at[inside], old.name[inside], old.kind[inside], old.value[inside])
    thinner = replace(
        market_data,
        bars=kept,
        actions=actions,
        vix=market_data.vix[rows],
        last=last_rows(kept.close),
        members=None if market_data.members is None else market_data.members[rows],
        benchmark=None if market_data.benchmark is None else market_data.benchmark[rows],
        risk_free=None if market_data.risk_free is None else market_data.risk_free[rows],
    )
    return thinner, rows


def odd_sessions(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """Bars on sessions of the calendar on which nearly all others have none: those names are odd, not the others."""
    days, has = market_data.bars.sessions, ~np.isnan(market_data.bars.close)
    rows = thin(market_data) & np.isin(days, exchange_days(days[0], days[-1]))
    said = f"{{n}} bars of {{names}} on {int(rows.sum()):,} sessions on which hardly anyone else has one: {_some(days[rows])}"
    return cells("odd_session", "warning", market_data.bars, has & rows[:, None], said)


def vix(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """Sessions without a VIX close: the regime cannot be known."""
    share = np.isnan(market_data.vix).mean()
    if share == 1:
        return (QualityFinding("vix", "warning", "there is no VIX at all: no backtest runs without one", len(market_data.vix), 0, 1.0),)
    severity: Severity = "error" if share > MOST_HOLES else "warning"
    return _holes("vix", severity, market_data.vix, market_data.bars.sessions, "VIX close: no backtest runs over them")


def benchmark(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """Sessions without a level of the benchmark."""
    if market_data.benchmark is None:
        return (QualityFinding("benchmark", "info", "there is no benchmark: nothing to compare with", 0, 0, 0.0),)
    return _holes("benchmark", "warning", market_data.benchmark, market_data.bars.sessions, "level of the benchmark")


def _holes(check: str, severity: Severity, values: NDArray[np.float64], days: Dates, what: str) -> tuple[QualityFinding, ...]:
    absent = days[np.isnan(values)]
    if len(absent) == 0:
        return ()
    said = f"{len(absent):,} sessions have no {what}: {_some(absent)}"
    return _days(check, severity, absent, said, len(absent) / len(days))


def _days(check: str, severity: Severity, absent: Dates, sentence: str, share: float) -> tuple[QualityFinding, ...]:
    rows = tuple((str(day), "") for day in absent[:EXAMPLES])
    return (QualityFinding(check, severity, sentence, len(absent), 0, share, rows),)


def _some(days: Dates) -> str:
    shown = ", ".join(str(day) for day in days[:3])
    return shown if len(days) <= 3 else f"{shown} and {len(days) - 3:,} more"
