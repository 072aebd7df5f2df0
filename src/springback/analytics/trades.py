"""What the closed trades say."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.analytics.figures import Figure, figure

Numbers = NDArray[np.float64]
COLUMNS = (
    *("symbol", "side", "entry_date", "exit_date", "quantity", "entry_price", "exit_price", "sessions", "reason"),
    *("fees", "slippage", "dividends", "borrow", "profit", "return", "bear", "probability", "qpi"),
)
"""Columns of trades.csv, in order."""


def trade_figures(trades: pd.DataFrame) -> dict[str, Figure]:
    """Figures of the closed trades; `profit` is net of all costs, dollars, `return` is profit over entry value."""
    profit, gain = _column(trades, "profit"), _column(trades, "return")
    won = profit > 0
    lost = -float(profit[~won].sum())
    return {
        "trades": figure(len(profit), "closed round trips", "count"),
        "win_rate": figure(
            _mean(won.astype(np.float64)), "share of closed trades with a profit net of all costs; zero is not a win", "fraction"
        ),
        "win_rate_error": figure(
            _error(won), "standard error of the win rate, trades taken as independent (they overlap: read it as a floor)", "fraction"
        ),
        "average_trade": figure(_mean(gain), "mean net return of a trade on its entry value", "fraction"),
        "average_win": figure(_mean(gain[won]), "mean net return of the winning trades", "fraction"),
        "average_loss": figure(_mean(gain[~won]), "mean net return of the others", "fraction"),
        "profit_factor": figure(float(profit[won].sum()) / lost if lost > 0 else float("nan"), "dollars won / dollars lost", "ratio"),
        "average_holding": figure(_mean(_column(trades, "sessions")), "mean sessions held, that of the fill counted", "sessions"),
        "best_trade": figure(gain.max(initial=-np.inf), "largest net return of a trade", "fraction"),
        "worst_trade": figure(gain.min(initial=np.inf), "smallest net return of a trade", "fraction"),
    }


def re_entries(trades: pd.DataFrame, days: "pd.Series[pd.Timestamp]", within: int = 6) -> int:
    """How many trades opened a name on the side that it had left at most `within` sessions before; `days` are the sessions of the run."""
    if trades.empty:
        return 0
    sessions = pd.DatetimeIndex(pd.to_datetime(days))
    places = {name: sessions.searchsorted(pd.DatetimeIndex(pd.to_datetime(trades[name]))) for name in ("entry_date", "exit_date")}
    ordered = trades[["symbol", "side"]].assign(**places).sort_values(["symbol", "side", "entry_date"], kind="stable")
    since = ordered["entry_date"] - ordered.groupby(["symbol", "side"])["exit_date"].shift()
    return int((since <= within).sum())


def extremes(trades: pd.DataFrame, count: int = 8) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The `count` best and worst trades by net profit in dollars; ties by entry date and symbol."""
    if trades.empty:
        return trades, trades
    ordered = trades.sort_values(["profit", "entry_date", "symbol"], ascending=[False, True, True], kind="stable")
    losers = ordered[ordered["profit"] < 0].iloc[::-1]
    return ordered[ordered["profit"] > 0].head(count), losers.head(count)


def _column(trades: pd.DataFrame, name: str) -> Numbers:
    return trades[name].to_numpy(dtype=np.float64) if name in trades else np.empty(0)


def _mean(values: Numbers) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _error(won: NDArray[np.bool_]) -> float:
    rate = _mean(won.astype(np.float64))
    return float(np.sqrt(rate * (1 - rate) / len(won))) if len(won) else float("nan")
