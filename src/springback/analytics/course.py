"""How an account went: month by month, its falls, its Sharpe ratio as it rolled on, how its days are spread."""

import numpy as np
import pandas as pd

from springback.analytics.performance import (
    Drawdown,
    benchmark_returns,
    daily_rate,
    drawdown,
    returns_of,
    underwater,
    volatility,
)
from springback.analytics.report_data import ReportData
from springback.statistics.returns import annual_return, sharpe
from springback.statistics.significance import SESSIONS

HALF_A_YEAR = 126
MOST_BINS = 60
NOTHING = 1e-12
"""A fall that is rounding."""


def by_month(returns: "pd.Series[float]") -> pd.DataFrame:
    """Compound return of each calendar month, fraction: a row a year (its index), a column for each month 1 to 12 and `year`, the whole
    year's. NaN where the run has no session; after an account is lost (NaN returns) too."""
    dates = pd.DatetimeIndex(returns.index)
    frame = pd.DataFrame({"year": dates.year, "month": dates.month, "growth": 1 + returns.to_numpy()}).dropna()
    months = frame.groupby(["year", "month"])["growth"].prod().unstack().reindex(columns=range(1, 13))
    return (months.assign(year=frame.groupby("year")["growth"].prod()) - 1).sort_index()


def worst_falls(returns: "pd.Series[float]", count: int = 5) -> list[Drawdown]:
    """The `count` deepest falls, deepest first. A fall runs from a high (`peak`, None: the start) to the first close at that high again
    (`recovery`, None: not yet); `longest` counts its closes below the high."""
    fall = underwater(returns)
    dates = pd.DatetimeIndex(fall.index)
    below = np.concatenate([[0], (fall.to_numpy() < -NOTHING).astype(np.int64), [0]])
    starts, ends = (np.flatnonzero(np.diff(below) == step) for step in (1, -1))
    falls = []
    for first, end in zip(starts, ends, strict=True):
        part = fall.iloc[first:end]
        peak = dates[first - 1] if first else None
        back = dates[end] if end < len(dates) else None
        falls.append(Drawdown(-float(part.min()), peak, dates[first + int(part.to_numpy().argmin())], back, len(part)))
    return sorted(falls, key=lambda one: -one.depth)[:count]


def rolling_sharpe(excess: "pd.Series[float]", window: int = HALF_A_YEAR) -> "pd.Series[float]":
    """Annual Sharpe ratio of the last `window` sessions, by date; NaN before there are so many and where returns do not vary."""
    over = excess.rolling(window)
    spread = over.std(ddof=1)
    rolled: pd.Series[float] = np.sqrt(SESSIONS) * over.mean() / spread.where(spread > NOTHING)
    return rolled


def bins_of(returns: "pd.Series[float]") -> tuple[list[float], list[float]]:
    """Edges (B + 1) and the share of sessions in each bin (B); bins as wide as Freedman and Diaconis (1981) advise, 60 at most."""
    values = returns.dropna().to_numpy()
    edges = np.histogram_bin_edges(values, "fd")
    if len(edges) - 1 > MOST_BINS:
        edges = np.histogram_bin_edges(values, MOST_BINS)
    counts, edges = np.histogram(values, edges)
    return [float(one) for one in edges], [float(one) for one in counts / max(len(values), 1)]


def excess_of(report_data: ReportData) -> "pd.Series[float]":
    """The headline's daily returns over the risk-free rate."""
    returns = returns_of(report_data.headline.daily, report_data.headline.cash)
    return returns - daily_rate(report_data.risk_free, pd.DatetimeIndex(returns.index))


def beside(report_data: ReportData) -> "pd.Series[float] | None":
    """The benchmark's daily returns on the run's sessions; None without one."""
    return benchmark_returns(report_data.benchmark, pd.DatetimeIndex(pd.to_datetime(report_data.headline.daily["date"])))


def benchmark_figures(report_data: ReportData) -> dict[str, float]:
    """The benchmark's own figures under the names of the account's; empty without a benchmark."""
    returns = beside(report_data)
    if returns is None:
        return {}
    values, fall = returns.to_numpy(), drawdown(returns)
    excess = (returns - daily_rate(report_data.risk_free, pd.DatetimeIndex(returns.index))).to_numpy()
    return {
        "annual_return": annual_return(values),
        "total_return": float(np.prod(1 + values) - 1),
        "sharpe": sharpe(excess),
        "volatility": volatility(values),
        "max_drawdown": fall.depth,
        "longest_under_water": float(fall.longest),
    }
