"""One run seen by year, regime, side and exit: pitfalls 29, one crash, one bull, one bear."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from springback.analytics.performance import benchmark_returns, daily_rate, drawdown, returns_of, volatility
from springback.analytics.trades import trade_figures
from springback.statistics.returns import annual_return, lost, sharpe

CRASH_YEAR = 2020


def by_year(
    daily: pd.DataFrame,
    trades: pd.DataFrame,
    cash: float,
    rate: "pd.Series[float] | None" = None,
    benchmark: "pd.Series[float] | None" = None,
) -> pd.DataFrame:
    """A row a calendar year, then the whole run and the run without 2020 (where it holds 2020 and another year).

    Columns: period, sessions, return (of that period), annual_return, volatility, sharpe, max_drawdown, benchmark (return), trades (by
    exit), win_rate, profit (dollars).
    """
    days = _days(daily, cash, rate, benchmark)
    closed = _exits(trades)
    of = pd.DatetimeIndex(days.index).year
    years = sorted(set(of))
    rows = [_period(str(year), days.loc[of == year], trades.loc[closed.year == year]) for year in years]
    if len(years) > 1:
        rows.append(_period("all", days, trades))
        if CRASH_YEAR in years:
            rows.append(_period(f"without {CRASH_YEAR}", days.loc[of != CRASH_YEAR], trades.loc[closed.year != CRASH_YEAR]))
    return pd.DataFrame(rows)


def by_regime(daily: pd.DataFrame, trades: pd.DataFrame, cash: float, rate: "pd.Series[float] | None" = None) -> pd.DataFrame:
    """Bull and bear: sessions under the regime that the decision before them saw, and trades by the regime at their entry; where it is
    not known (NaN) they stand in neither.

    Columns: regime, sessions, annual_mean (252 x mean), volatility, sharpe, trades, win_rate, average_trade, profit.
    """
    days = _days(daily, cash, rate, None)
    in_force = daily["bear"].shift(1, fill_value=0).to_numpy(dtype=np.float64)
    rows = []
    for name, flag in (("normal", 0), ("bear", 1)):
        part = days[in_force == flag]
        chosen = trades[trades["bear"].to_numpy(dtype=np.float64) == flag] if len(trades) else trades
        rows.append(
            {
                "regime": name,
                "sessions": len(part),
                "annual_mean": float("nan") if part.empty or lost(part["return"].to_numpy()) else float(part["return"].mean() * 252),
                "volatility": volatility(part["return"].to_numpy()),
                "sharpe": sharpe((part["return"] - part["rate"]).to_numpy()),
                **_trades(chosen),
            }
        )
    return pd.DataFrame(rows)


def by_side(trades: pd.DataFrame, cash: float) -> pd.DataFrame:
    """Long and short apart: trades, win_rate, average_trade, profit, share (profit over starting cash), holding, costs."""
    return _grouped(trades, "side", ("long", "short"), lambda part: {"share": float(part["profit"].sum()) / cash if len(part) else 0.0})


def by_reason(trades: pd.DataFrame) -> pd.DataFrame:
    """Trades by why they were closed, the most frequent first."""
    reasons = tuple(trades["reason"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index) if len(trades) else ()
    return _grouped(trades, "reason", reasons, lambda _: {})


def _grouped(trades: pd.DataFrame, column: str, values: tuple[str, ...], more: Callable[[pd.DataFrame], dict[str, float]]) -> pd.DataFrame:
    rows = []
    for value in values:
        part = trades[trades[column] == value] if len(trades) else trades
        rows.append({column: value, **_trades(part), "holding": trade_figures(part)["average_holding"].number(), **more(part)})
    return pd.DataFrame(rows)


def _trades(part: pd.DataFrame) -> dict[str, float]:
    figures = trade_figures(part)
    return {
        "trades": len(part),
        "win_rate": figures["win_rate"].number(),
        "average_trade": figures["average_trade"].number(),
        "profit": float(part["profit"].sum()) if len(part) else 0.0,
    }


def _days(daily: pd.DataFrame, cash: float, rate: "pd.Series[float] | None", benchmark: "pd.Series[float] | None") -> pd.DataFrame:
    returns = returns_of(daily, cash)
    dates = pd.DatetimeIndex(returns.index)
    beside = benchmark_returns(benchmark, dates)
    return pd.DataFrame({"return": returns, "rate": daily_rate(rate, dates), "benchmark": np.nan if beside is None else beside})


def _exits(trades: pd.DataFrame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(trades.get("exit_date", [])))


def _period(name: str, days: pd.DataFrame, trades: pd.DataFrame) -> dict[str, object]:
    values = days["return"].to_numpy()
    known = days["return"].dropna()  # all of them, unless the account was lost
    figures = _trades(trades)
    return {
        "period": name,
        "sessions": len(values),
        "return": float(np.prod(1 + known) - 1) if len(known) else float("nan"),
        "annual_return": annual_return(values),
        "volatility": volatility(values),
        "sharpe": sharpe((days["return"] - days["rate"]).to_numpy()),
        "max_drawdown": drawdown(known).depth if len(known) else float("nan"),
        "benchmark": float(np.prod(1 + days["benchmark"]) - 1) if days["benchmark"].notna().all() else float("nan"),
        "trades": figures["trades"],
        "win_rate": figures["win_rate"],
        "profit": figures["profit"],
    }
