"""The tables of a frozen decision: its orders, and what every model in use said of every ranked name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from springback.backtest.result import reason_of
from springback.features import FEATURES
from springback.market.bars import Panel
from springback.market.forecasts import Forecasts
from springback.market.liquidity import latest_mean
from springback.market.market_data import MarketData
from springback.operation.evening import Evening, Terms
from springback.operation.frozen_decision import ORDER_COLUMNS, FrozenDecision
from springback.strategy.rule import ENTRY, REASONS, RESTING_STOP

FORECAST_COLUMNS = ("symbol", "model", "qpi", "p_long", "p_short", "adv", *FEATURES)


def orders_frame(evening: Evening, market_data: MarketData, forecasts: Forecasts, terms: Terms) -> pd.DataFrame:
    """The orders of `evening` in the order they are sent, columns `ORDER_COLUMNS`: the first five as a run folder has them.

    `side` is that of the position, `last_close` in dollars (the last mark where the session has no close; NaN: none), `adv_limit` the
    shares of the mean volume that an entry may take (NaN: no mean yet), `rank` 1 for the best entry of its side and `score` its
    probability, both empty for the others. `market_data` and `forecasts` (T, N) are those that `play` saw.
    """
    volume = latest_mean(market_data.bars.printed("volume"))
    volume = np.where(np.isnan(forecasts.adv[-1]), volume, forecasts.adv[-1])
    limit, close = np.floor(terms.strategy.max_adv_fraction * volume), market_data.bars.close[-1]
    ranks = {"long": 0, "short": 0}
    rows = []
    for one in evening.orders:
        column, symbol = int(one["name"]), evening.symbols[int(one["name"])]
        side, entry = _side(evening, symbol, one), one["reason"] == ENTRY
        line = evening.before.lines.get(symbol)
        ranks[side] += int(entry)
        chance = forecasts.p_long[-1, column] if side == "long" else forecasts.p_short[-1, column]
        rows.append(
            {
                "order_id": int(one["order_id"]),
                "decided": str(market_data.bars.sessions[-1]),
                "symbol": symbol,
                "quantity": int(one["quantity"]),
                "reason": reason_of(int(one["reason"]), float(one["level"])),
                "side": side,
                "last_close": line.mark if line is not None and np.isnan(close[column]) else close[column],
                "adv_limit": limit[column],
                "rank": ranks[side] if entry else None,
                "score": chance if entry else None,
            }
        )
    frame = pd.DataFrame(rows, columns=list(ORDER_COLUMNS))
    return frame.astype({"adv_limit": "Int64", "rank": "Int64", "last_close": float, "score": float})


def _side(evening: Evening, symbol: str, order: Any) -> str:
    """The side of the position that `order` opens or changes."""
    line = evening.before.lines.get(symbol)
    held = line.quantity if line is not None else 0
    signed = held or (order["quantity"] if order["reason"] == ENTRY else -order["quantity"])
    return "long" if signed > 0 else "short"


def for_the_open(decision: FrozenDecision) -> pd.DataFrame:
    """The orders of `decision` that fill at the next open, as `orders_frame` has them: without the stops that rest at the market.

    Raises `BadTable` where a file is not what was frozen.
    """
    orders, state = decision.orders(), decision.state()
    if state is None:
        return orders
    sent = [one.order_id for one in state.working if one.reason != REASONS[RESTING_STOP]]
    return orders[orders["order_id"].isin(sent)].reset_index(drop=True)


def forecasts_frame(by_model: Mapping[str, Forecasts], features: Panel, symbols: Sequence[str]) -> pd.DataFrame:
    """What each model said of every name that it ranked in the newest session of its panels (T, N), columns `FORECAST_COLUMNS`: a model
    after the other, names alphabetical; `features` (N, 8) of `symbols` (N,).
    """
    parts = []
    for model, said in by_model.items():
        ranked = np.flatnonzero(~np.isnan(said.qpi[-1]))
        panels = {name: getattr(said, name)[-1, ranked] for name in ("qpi", "p_long", "p_short", "adv")}
        measured = {name: features[ranked, k] for k, name in enumerate(FEATURES)}
        named = {"symbol": np.asarray(symbols, object)[ranked], "model": np.full(len(ranked), model, object)}
        parts.append(pd.DataFrame({**named, **panels, **measured}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(FORECAST_COLUMNS))
