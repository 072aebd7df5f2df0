"""Figures of the account by trading days, as the field computes them; LEAN's own are in `lean_statistics`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.analytics.figures import Figure, Unit, figure
from springback.statistics.overfitting import Search, deflated_sharpe, track_record_years
from springback.statistics.returns import annual_return, below_high, daily_returns, lost, ruin, sharpe
from springback.statistics.significance import SESSIONS, mean_band, probability_above, sharpe_band, sharpe_error

Numbers = NDArray[np.float64]
BAND_SEED = 1
"""Of the resamples behind a band: one for all, so that a run shows one band wherever it is shown, whatever its models were seeded with."""


def returns_of(daily: pd.DataFrame, cash: float) -> "pd.Series[float]":
    """Return of each session, fraction, by date; the first is against the starting cash. NaN once the account is lost."""
    values = daily_returns(daily["equity"].to_numpy(dtype=np.float64), cash)
    return pd.Series(values, index=pd.DatetimeIndex(pd.to_datetime(daily["date"])), name="return")


def ruin_of(daily: pd.DataFrame) -> str | None:
    """The ISO date of the session at whose close nothing was left of the account; None where that never happened."""
    place = ruin(daily["equity"].to_numpy(dtype=np.float64))
    return None if place is None else f"{pd.Timestamp(daily['date'].iloc[place]):%Y-%m-%d}"


def benchmark_returns(level: "pd.Series[float] | None", dates: pd.DatetimeIndex) -> "pd.Series[float] | None":
    """Return of the benchmark on the run's sessions; the first is against the last level known before. None without two levels."""
    if level is None or level.dropna().empty:
        return None
    known = level.dropna()
    known.index = pd.DatetimeIndex(pd.to_datetime(known.index))
    on = known.reindex(dates, method="ffill")
    earlier = known[known.index < dates[0]]
    first = earlier.iloc[-1] if len(earlier) else on.iloc[0]
    change: pd.Series[float] = on / on.shift(1).fillna(first) - 1
    return change.fillna(0.0)


def daily_rate(annual: "pd.Series[float] | None", dates: pd.DatetimeIndex) -> "pd.Series[float]":
    """Risk-free return of each session: (1 + annual)^(1/252) - 1, the rate carried forward; 0 where none is known."""
    if annual is None:
        return pd.Series(0.0, index=dates)
    known = annual.dropna()
    known.index = pd.DatetimeIndex(pd.to_datetime(known.index))
    carried: pd.Series[float] = (1 + known.reindex(dates, method="ffill").fillna(0.0)) ** (1 / SESSIONS) - 1
    return carried


def volatility(returns: Numbers) -> float:
    """Standard deviation (ddof 1) a year, a fraction, of daily returns (S,); NaN under two."""
    return float(returns.std(ddof=1) * np.sqrt(SESSIONS)) if len(returns) > 1 else float("nan")


def sortino(excess: Numbers) -> float:
    """sqrt(252) x mean / root mean square of the negative excess returns over all sessions; NaN where none is negative or the account was
    lost."""
    downside = np.sqrt(np.mean(np.minimum(excess, 0.0) ** 2)) if len(excess) and not lost(excess) else 0.0
    return float(np.sqrt(SESSIONS) * excess.mean() / downside) if downside > 0 else float("nan")


@dataclass(frozen=True)
class Drawdown:
    """The deepest fall: `depth` as a positive fraction, the dates of its peak, trough and recovery (None: not yet), and the longest time
    under water of the run in sessions."""

    depth: float
    peak: pd.Timestamp | None
    trough: pd.Timestamp | None
    recovery: pd.Timestamp | None
    longest: int


def underwater(returns: "pd.Series[float]") -> "pd.Series[float]":
    """Distance of equity from its highest close so far (the start counts), fraction, 0 or negative; once the account is lost, that of the
    session on which it was."""
    equity = (1 + returns).cumprod().ffill()
    return pd.Series(below_high(equity.to_numpy(), 1.0), index=equity.index, name=equity.name)


def drawdown(returns: "pd.Series[float]") -> Drawdown:
    """The deepest drawdown of the run."""
    return _deepest(underwater(returns))


def _deepest(fall: "pd.Series[float]") -> Drawdown:
    if not len(fall) or fall.min() >= 0:
        return Drawdown(0.0, None, None, None, 0)
    trough = pd.DatetimeIndex(fall.index)[int(fall.to_numpy().argmin())]
    peaks = fall.index[(fall >= 0) & (fall.index < trough)]
    back = fall.index[(fall >= 0) & (fall.index > trough)]
    below = fall.to_numpy() < 0
    ends = np.flatnonzero(np.diff(np.concatenate([[0], below.astype(np.int64), [0]])))
    peak, recovery = (peaks[-1] if len(peaks) else None), (back[0] if len(back) else None)
    return Drawdown(-float(fall.min()), peak, trough, recovery, int((ends[1::2] - ends[::2]).max()))


def account_figures(
    daily: pd.DataFrame,
    cash: float,
    rate: "pd.Series[float] | None",
    benchmark: "pd.Series[float] | None",
    seed: int,
    search: Search | None = None,
) -> dict[str, Figure]:
    """Every trading-day figure of one account. `rate` annual risk-free by date, `benchmark` a level by date, `search` the trials that saw
    the period, None where no ledger tells of them."""
    returns = returns_of(daily, cash)
    dates = pd.DatetimeIndex(returns.index)
    excess = (returns - daily_rate(rate, dates)).to_numpy()
    return (
        _growth(returns, daily, cash)
        | _certainty(returns, excess, seed)
        | _shape(returns, excess)
        | _selection(excess, search)
        | _beside(returns, daily_rate(rate, dates), benchmark_returns(benchmark, dates))
        | _use(daily)
    )


def _debts(daily: pd.DataFrame, cash: float) -> "pd.Series[float]":
    """Distance from the highest close of an account that went below zero and on from there."""
    fall = below_high(daily["equity"].to_numpy(dtype=np.float64), cash)
    return pd.Series(fall, index=pd.DatetimeIndex(pd.to_datetime(daily["date"])))


def _growth(returns: "pd.Series[float]", daily: pd.DataFrame, cash: float) -> dict[str, Figure]:
    values = returns.to_numpy()
    deepest = _deepest(_debts(daily, cash) if lost(values) else underwater(returns))
    growth = annual_return(values)

    def day(date: pd.Timestamp | None) -> str | None:
        return None if date is None else f"{date:%Y-%m-%d}"

    return {
        "sessions": figure(len(values), "sessions of the run", "count"),
        "start_equity": figure(cash, "cash at the start", "dollars"),
        "end_equity": figure(float(daily["equity"].iloc[-1]), "equity at the last close", "dollars"),
        "total_return": figure(float(daily["equity"].iloc[-1]) / cash - 1, "end over start equity - 1", "fraction"),
        "lost_on": Figure(ruin_of(daily), "session at whose close nothing was left of the account (none: never)", "date"),
        "annual_return": figure(growth, "(end / start) ^ (252 / sessions) - 1", "fraction"),
        "volatility": figure(volatility(values), "standard deviation (ddof 1) of daily returns x sqrt(252)", "fraction"),
        "max_drawdown": figure(deepest.depth, "deepest fall of the closing equity from its highest close, the start included", "fraction"),
        "drawdown_peak": Figure(day(deepest.peak), "last high before the deepest fall (none: the start)", "date"),
        "drawdown_trough": Figure(day(deepest.trough), "close of the deepest fall", "date"),
        "drawdown_recovery": Figure(day(deepest.recovery), "first close at the old high again (none: not yet)", "date"),
        "longest_under_water": figure(deepest.longest, "longest run of closes below the highest close so far", "sessions"),
        "calmar": figure(growth / deepest.depth if deepest.depth else float("nan"), "annual return / max drawdown", "ratio"),
    }


def _certainty(returns: "pd.Series[float]", excess: Numbers, seed: int) -> dict[str, Figure]:
    """The Sharpe ratio, and how sure it and the mean return are."""
    low, high = sharpe_band(excess, seed)
    mean_low, mean_high = mean_band(returns.to_numpy(), seed)
    error = sharpe_error(excess)
    boot = "2,000 stationary-bootstrap resamples of whole dates, mean block 10 sessions, 95 %"
    return {
        "sharpe": figure(
            sharpe(excess), "sqrt(252) x mean / standard deviation (ddof 1) of daily returns over the risk-free rate", "ratio"
        ),
        "sharpe_error": figure(error, "standard error of the Sharpe ratio for independent returns, Lo (2002)", "ratio"),
        "sharpe_low": figure(low, f"lower end of the Sharpe ratio's interval: {boot}", "ratio"),
        "sharpe_high": figure(high, f"upper end of the Sharpe ratio's interval: {boot}", "ratio"),
        "mean_low": figure(mean_low, f"lower end of 252 x mean daily return: {boot}", "fraction"),
        "mean_high": figure(mean_high, f"upper end of 252 x mean daily return: {boot}", "fraction"),
        "probabilistic_sharpe": figure(
            probability_above(excess, 0.0),
            "probability that the true Sharpe ratio is above 0, Bailey and Lopez de Prado (2012)",
            "fraction",
        ),
        "min_track_record": figure(
            track_record_years(excess),
            "years that a record of this Sharpe ratio and shape must have to be above 0 with 95 %, Bailey and Lopez de Prado (2012)",
            "years",
        ),
    }


def _shape(returns: "pd.Series[float]", excess: Numbers) -> dict[str, Figure]:
    """How the returns are spread."""
    values = returns.to_numpy()
    centred = returns - returns.mean()
    spread = float(values.std()) if len(values) and not lost(values) else 0.0
    known = values[~np.isnan(values)]
    return {
        "sortino": figure(sortino(excess), "sqrt(252) x mean / root mean square of negative daily excess returns", "ratio"),
        "skew": figure(float((centred**3).mean()) / spread**3 if spread > 0 else float("nan"), "third standardised moment, daily", "ratio"),
        "kurtosis": figure(
            float((centred**4).mean()) / spread**4 - 3 if spread > 0 else float("nan"), "fourth standardised moment - 3, daily", "ratio"
        ),
        "positive_days": figure(
            float((values > 0).mean()) if len(values) else float("nan"),
            "share of sessions with a gain; none counts once the account is lost",
            "fraction",
        ),
        "best_day": figure(known.max(initial=-np.inf), "largest daily return", "fraction"),
        "worst_day": figure(known.min(initial=np.inf), "smallest daily return", "fraction"),
    }


SELECTION: Mapping[str, tuple[str, Unit]] = {
    "trials": ("different runs on this market and period in the ledger", "count"),
    "independent_trials": (
        "trials in families by the correlation of their daily returns on the sessions they share (252 or more), a family of n worth "
        "rho + (1 - rho) x n, Bailey and Lopez de Prado (2014), appendix 3; a trial without such an account counts as one",
        "one",
    ),
    "trial_spread": (
        "1.4826 x median distance of the families' Sharpe ratios from their median, on these sessions; trials that never traded, "
        "lost the account or lie more than 3 standard errors below 0 do not widen it",
        "ratio",
    ),
    "best_by_luck": (
        "Sharpe expected of the best of so many independent skill-less trials, which scatter by the larger of the trials' spread and "
        "this run's standard error, Bailey and Lopez de Prado (2014), equation 1",
        "ratio",
    ),
    "deflated_sharpe": ("probability that the true Sharpe ratio is above what luck shows, Bailey and Lopez de Prado (2014)", "fraction"),
    "overfitting": (
        "how often the trial that is best on one half of the sessions is no better than the median of all on the other half: CSCV with "
        "16 blocks over the headline profile's trials, Bailey, Borwein, Lopez de Prado and Zhu (2017)",
        "fraction",
    ),
}
"""Figure of a selection among trials -> what it says, its unit."""


def _selection(excess: Numbers, search: Search | None) -> dict[str, Figure]:
    """What the number of trials makes of the Sharpe ratio; all unknown where no ledger tells of them."""
    values: dict[str, float | None] = {}
    if search is not None:
        values = {
            "trials": search.trials,
            "independent_trials": search.independent,
            "trial_spread": search.spread,
            "best_by_luck": search.luck(sharpe_error(excess)),
            "deflated_sharpe": deflated_sharpe(excess, search),
            "overfitting": search.overfitting,
        }
    known = {name: value for name, value in values.items() if value is not None}
    return {name: figure(known.get(name, float("nan")), *meaning) for name, meaning in SELECTION.items()}


def _beside(returns: "pd.Series[float]", rate: "pd.Series[float]", benchmark: "pd.Series[float] | None") -> dict[str, Figure]:
    missing = float("nan")
    beta = alpha = correlation = growth = ratio = missing
    if benchmark is not None and len(returns) > 2 and float(benchmark.var()) > 0:
        own, other = (returns - rate).to_numpy(), (benchmark - rate).to_numpy()
        own = own if not lost(own) else np.full(len(own), np.nan)
        beta = float(np.cov(own, other)[0, 1] / other.var(ddof=1))
        alpha = float((1 + (own - beta * other).mean()) ** SESSIONS - 1)
        correlation = float(np.corrcoef(own, other)[0, 1]) if own.std() > 0 else missing
        growth, ratio = annual_return(benchmark.to_numpy()), sharpe(other)
    return {
        "beta": figure(beta, "covariance with the benchmark / its variance, daily excess returns", "ratio"),
        "alpha": figure(alpha, "(1 + mean of daily excess return less beta x the benchmark's)^252 - 1", "fraction"),
        "correlation": figure(correlation, "correlation with the benchmark, daily", "ratio"),
        "benchmark_annual_return": figure(growth, "annual return of the benchmark over the same sessions", "fraction"),
        "benchmark_sharpe": figure(ratio, "Sharpe ratio of the benchmark over the same sessions", "ratio"),
    }


def _use(daily: pd.DataFrame) -> dict[str, Figure]:
    equity = daily["equity"].where((daily["equity"] > 0).cummin())  # shares of a debt say nothing

    def mean(values: "pd.Series[float] | None") -> float:
        return float("nan") if values is None or values.empty else float(values.mean())

    def share(*columns: str) -> "pd.Series[float] | None":
        if not all(column in daily for column in columns):
            return None
        total: pd.Series[float] = sum((daily[column] for column in columns), start=pd.Series(0.0, index=daily.index)) / equity
        return total

    figures = {
        "long_exposure": figure(mean(share("long_value")), "mean of long market value / equity at the close", "fraction"),
        "short_exposure": figure(mean(share("short_value")), "mean of short market value / equity at the close, negative", "fraction"),
        "net_exposure": figure(mean(share("long_value", "short_value")), "mean of (long + short market value) / equity", "fraction"),
        "annual_turnover": figure(
            mean(share("traded")) * SESSIONS, "252 x mean of dollars traded a session (buys and sells) / equity", "ratio"
        ),
        "bear_sessions": figure(mean(daily["bear"].astype(float)), "share of sessions whose decision saw the bear regime", "fraction"),
    }
    for column, text in COSTS.items():
        total = float(daily[column].sum()) if column in daily else float("nan")
        figures[f"total_{column}"] = figure(total, text, "dollars")
    return figures


COSTS = {
    "fees": "commissions paid",
    "slippage": "dollars lost against the raw open: spread and impact",
    "borrow": "paid to borrow shorted shares",
    "financing": "net interest on debit, cash and short proceeds, paid positive",
    "dividends": "dividends as the account books them, summed",
}
