"""What an evening sees: the newest sessions of a market, as many as anything in it looks back on."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from springback.backtest.endings import SILENT
from springback.features import WINDOW as FEATURE_WINDOW
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars
from springback.market.liquidity import WINDOW as LIQUIDITY_WINDOW
from springback.market.market_data import TRADING, MarketData, last_rows
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.lookback import look_back
from springback.strategy.universe import Universe


def sessions_needed(strategy: Strategy, regime: Regime, universe: Universe) -> int:
    """How many sessions a window must have so that its newest one is what it would be with all of the past."""
    windows = (FEATURE_WINDOW, LIQUIDITY_WINDOW, universe.window, regime.window, look_back(strategy.trend, strategy.indicator), SILENT)
    return max(windows) + 2  # the session before, whose means charge its fills, and the one that decided them


def window(market_data: MarketData, end: int, length: int, keep: Iterable[str] = ()) -> MarketData:
    """The `length` sessions before row `end` as they were known then, for the names with a row in them and those to `keep`.

    Dollars and shares as printed. How a name ends is told where its last row is the newest or an earlier one.
    """
    first = max(0, end - length)
    bars = market_data.bars.between(first, end)
    kept = frozenset(keep)
    column = np.flatnonzero(~np.isnan(bars.close).all(axis=0) | np.array([one in kept for one in bars.symbols], bool))
    moved = np.full(bars.shape[1], -1)
    moved[column] = np.arange(len(column))
    actions = market_data.actions.between(first, end)
    own = moved[actions.name] >= 0
    told = market_data.last[column] < end
    return replace(
        market_data,
        bars=_columns(bars, column),
        actions=Actions(actions.row[own], moved[actions.name[own]], actions.kind[own], actions.value[own]),
        vix=market_data.vix[first:end],
        last=last_rows(bars.close[:, column]),
        ending=np.where(told, market_data.ending[column], TRADING).astype(np.int8),
        members=None if market_data.members is None else market_data.members[first:end, column],
        benchmark=None if market_data.benchmark is None else market_data.benchmark[first:end],
        risk_free=None if market_data.risk_free is None else market_data.risk_free[first:end],
        sectors=None if market_data.sectors is None else tuple(market_data.sectors[one] for one in column),
    )


def _columns(bars: Bars, column: NDArray[np.int64]) -> Bars:
    names = tuple(bars.symbols[one] for one in column)
    return Bars(bars.sessions, names, **{name: getattr(bars, name)[:, column] for name in FIELDS})


def without_bars(market_data: MarketData, session: np.datetime64) -> MarketData:
    """`market_data` with one more session of which nothing is known yet: no bar of any name, no VIX."""
    bars = market_data.bars
    row = np.full((1, bars.shape[1]), np.nan)
    panels = {name: np.concatenate([getattr(bars, name), row]) for name in FIELDS}
    members = market_data.members
    return replace(
        market_data,
        bars=Bars(np.append(bars.sessions, session), bars.symbols, **panels),
        vix=np.append(market_data.vix, np.nan),
        members=None if members is None else np.concatenate([members, members[-1:]]),
        benchmark=_longer(market_data.benchmark),
        risk_free=_longer(market_data.risk_free),
    )


def _longer(series: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    return None if series is None else np.append(series, np.nan)
