"""Why an evening was not what the backtest makes of today's data: what was known then is others now, or the evening itself was another."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars, Dates
from springback.market.market_data import MarketData
from springback.operation.frozen_decision import FrozenDecision

Numbers = NDArray[np.float64]
BARS, VIX, EVENTS, MEMBERS, BARRED, LATE, CURBED = "bars", "vix", "events", "members", "barred", "late", "curbed"


@dataclass(frozen=True)
class Cause:
    """What was another in `session`, and how many values or names of it."""

    session: str
    cause: str
    count: int


def causes(decision: FrozenDecision, then: MarketData, now: MarketData) -> tuple[Cause, ...]:
    """What sets the evening of `decision` apart: of the window `then` (T, N) that it saw, what is another `now`, data restated; names that
    were barred; a decision that was late or taken without data; entries that were curbed for any other reason.
    """
    return tuple(Cause(decision.session, cause, count) for cause, count in _found(decision, then, now) if count)


def _found(decision: FrozenDecision, then: MarketData, now: MarketData) -> Iterator[tuple[str, int]]:
    rows = np.flatnonzero(np.isin(now.bars.sessions, then.bars.sessions))
    sessions, symbols = now.bars.sessions[rows], sorted({*then.bars.symbols, *now.bars.symbols})
    yield BARS, int(_differ(*(_laid(one.bars, sessions, symbols) for one in (then, now))).any(axis=0).sum())
    yield VIX, int(_differ(_on(then, sessions, then.vix), now.vix[rows]).sum())
    yield EVENTS, len(_events(then, sessions) ^ _events(now, sessions))
    if then.members is not None and now.members is not None:
        yield MEMBERS, len(_members(then, sessions) ^ _members(now, sessions))
    yield BARRED, len({one.symbol for one in decision.reasons if one.symbol})
    yield LATE, int(decision.kind != "frozen")
    yield CURBED, int(decision.kind == "frozen" and (decision.exits_only or decision.alarm_factor != 1.0))


def _differ(one: Numbers, other: Numbers) -> NDArray[np.bool_]:
    return np.asarray(~((one == other) | (np.isnan(one) & np.isnan(other))))


def _laid(bars: Bars, sessions: Dates, symbols: list[str]) -> Numbers:
    """The panels of `bars` on `sessions` and `symbols`, (fields, T, N), NaN where it knows nothing."""
    out = np.full((len(FIELDS), len(sessions), len(symbols)), np.nan)
    row, column = np.flatnonzero(np.isin(sessions, bars.sessions)), np.array([symbols.index(one) for one in bars.symbols], np.int64)
    own = np.flatnonzero(np.isin(bars.sessions, sessions))
    for k, name in enumerate(FIELDS):
        out[k][np.ix_(row, column)] = getattr(bars, name)[own]
    return out


def _on(market_data: MarketData, sessions: Dates, series: Numbers) -> Numbers:
    out = np.full(len(sessions), np.nan)
    out[np.isin(sessions, market_data.bars.sessions)] = series[np.isin(market_data.bars.sessions, sessions)]
    return out


def _events(market_data: MarketData, sessions: Dates) -> set[tuple[str, str, int, float]]:
    bars, actions = market_data.bars, market_data.actions
    days = set(sessions.astype(str).tolist())
    found = (_event(bars, actions, k) for k in range(len(actions.row)))
    return {one for one in found if one[0] in days}


def _event(bars: Bars, actions: Actions, k: int) -> tuple[str, str, int, float]:
    day, symbol = str(bars.sessions[int(actions.row[k])]), bars.symbols[int(actions.name[k])]
    return day, symbol, int(actions.kind[k]), float(actions.value[k])


def _members(market_data: MarketData, sessions: Dates) -> set[tuple[str, str]]:
    bars, inside = market_data.bars, market_data.members
    assert inside is not None
    days = bars.sessions.astype(str)
    kept = np.isin(bars.sessions, sessions)
    return {(str(days[row]), bars.symbols[column]) for row, column in np.argwhere(inside & kept[:, None])}
