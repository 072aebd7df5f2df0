"""Frozen decisions laid over a market: what the champion said and how much of it could be entered, as the loop and the monitor read it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.window import window

PANELS = ("qpi", "p_long", "p_short", "adv")


@dataclass(frozen=True, eq=False)
class Frozen:
    """`decisions` of sessions that `market_data` (T, N) has, at its `rows` (S,); `forecasts` (T, N) of the champion of each session, NaN
    elsewhere; `entry_factor` (T,), the alarm's of each decision, 0 where nothing was entered; who was `barred` (T, N) from entry.
    """

    market_data: MarketData
    decisions: tuple[FrozenDecision, ...]
    rows: NDArray[np.int64]
    forecasts: Forecasts
    entry_factor: NDArray[np.float64]
    barred: NDArray[np.bool_]

    @property
    def champion(self) -> str:
        """Who decided last: a decision that was taken without data or without a model names nobody."""
        return champion_of(self.decisions)


def champion_of(decisions: Sequence[FrozenDecision]) -> str:
    """The champion of the newest of `decisions` that has one; empty where none has."""
    return next((one.champion for one in reversed(decisions) if one.champion), "")


def frozen(decisions: Sequence[FrozenDecision], market_data: MarketData, model: str = "") -> Frozen:
    """`decisions` over `market_data`; the forecasts are those of `model` where one is named, a challenger's too. A name that the market
    does not have is left out. Raises `BadTable` where a file is not what was frozen.
    """
    bars = market_data.bars
    place = {str(day): row for row, day in enumerate(bars.sessions)}
    own = tuple(one for one in decisions if one.session in place)
    panels = {name: np.full(bars.shape, np.nan) for name in PANELS}
    factor, barred = np.ones(bars.shape[0]), np.zeros(bars.shape, bool)
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    for one in own:
        row = place[one.session]
        factor[row] = 0.0 if one.exits_only or one.kind != "frozen" else one.alarm_factor
        barred[row, [columns[reason.symbol] for reason in one.reasons if reason.symbol in columns]] = True
        frame = one.forecasts()
        frame = frame[(frame["model"] == (model or one.champion)) & frame["symbol"].isin(columns)]
        at = [columns[symbol] for symbol in frame["symbol"]]
        for name, panel in panels.items():
            panel[row, at] = frame[name].to_numpy(np.float64)
    rows = np.array([place[one.session] for one in own], dtype=np.int64)
    return Frozen(market_data, own, rows, Forecasts(**panels), factor, barred)


def since(market_data: MarketData, session: str, before: int) -> MarketData:
    """`market_data` from `before` sessions before `session` on, of the names with a row in it."""
    sessions = market_data.bars.shape[0]
    first = max(0, market_data.bars.row(session) - before)
    return window(market_data, sessions, sessions - first)


def until(market_data: MarketData, session: np.datetime64) -> MarketData:
    """`market_data` as it was known at the close of `session`, of the names with a row until then."""
    end = market_data.bars.row(session) + 1
    return window(market_data, end, end)


def before(forecasts: Forecasts, row: int) -> Forecasts:
    """`forecasts` (T, N) of the sessions before `row` alone."""
    early = np.arange(len(forecasts.qpi)) < row
    return replace(forecasts, **{name: np.where(early[:, None], panel, np.nan) for name, panel in vars(forecasts).items()})
