"""Market data with other prices from one session on, or with bars or sessions taken out."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import DIVIDEND, Actions
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData

LOOK_BACK = 20
"""Sessions behind a session that its features need."""


def shifted(market_data: MarketData, row: int, factor: NDArray[np.float64]) -> MarketData:
    """Open, high, low and close of each name times its `factor` (N,) from `row` on, for good, and its dividends with them; volumes stay."""
    bars = market_data.bars
    panels = {field: getattr(bars, field).copy() for field in FIELDS}
    for field in ("open", "high", "low", "close"):
        panels[field][row:] *= factor
    actions = market_data.actions
    paid = (actions.kind == DIVIDEND) & (actions.row >= row)
    value = np.where(paid, actions.value * factor[actions.name], actions.value)
    return replace(market_data, bars=Bars(bars.sessions, bars.symbols, **panels), actions=replace(actions, value=value))


def blanked(market_data: MarketData, first: int, end: int, names: NDArray[np.int64]) -> MarketData:
    """No bar of `names` (K,), columns, in rows `first <= row < end`: a halt."""
    panels = {field: getattr(market_data.bars, field).copy() for field in FIELDS}
    for panel in panels.values():
        panel[first:end, names] = np.nan
    return replace(market_data, bars=Bars(market_data.bars.sessions, market_data.bars.symbols, **panels))


def unranked(forecasts: Forecasts, first: int, end: int, names: NDArray[np.int64]) -> Forecasts:
    """No forecast of `names` (K,), columns, in rows `first <= row < end`."""

    def without(panel: Panel) -> Panel:
        out = panel.copy()
        out[first:end, names] = np.nan
        return out

    return Forecasts(*(without(panel) for panel in (forecasts.qpi, forecasts.p_long, forecasts.p_short, forecasts.adv)))


def closed(market_data: MarketData, forecasts: Forecasts, first: int, end: int) -> tuple[MarketData, Forecasts]:
    """The market data as if `first <= row < end` had been no sessions: their actions take effect before the next one, a name whose last bar
    was among them ends on the session before."""
    kept = np.ones(len(market_data.bars.sessions), np.bool_)
    kept[first:end] = False
    length = end - first
    bars = Bars(
        market_data.bars.sessions[kept], market_data.bars.symbols, **{field: getattr(market_data.bars, field)[kept] for field in FIELDS}
    )
    row = np.where(market_data.actions.row < first, market_data.actions.row, np.maximum(market_data.actions.row - length, first))
    last = np.where(market_data.last < first, market_data.last, np.where(market_data.last < end, first - 1, market_data.last - length))
    made = replace(
        market_data,
        bars=bars,
        actions=Actions(row, market_data.actions.name, market_data.actions.kind, market_data.actions.value),
        vix=market_data.vix[kept],
        last=last,
        members=None if market_data.members is None else market_data.members[kept],
        benchmark=None if market_data.benchmark is None else market_data.benchmark[kept],
        risk_free=None if market_data.risk_free is None else market_data.risk_free[kept],
    )
    return made, Forecasts(*(panel[kept] for panel in (forecasts.qpi, forecasts.p_long, forecasts.p_short, forecasts.adv)))
