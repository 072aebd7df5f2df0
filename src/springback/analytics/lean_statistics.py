"""The statistics LEAN prints at the end of a backtest, by LEAN's own definitions.

They reproduce the four golden runs to the printed digits. Source: Common/Statistics/PortfolioStatistics.cs and Statistics.cs of
LEAN 24863901. LEAN annualises calendar-day returns with 252 days, so its Sharpe and deviation are about 0.83 of the trading-day ones.
Not computed: Estimated Strategy Capacity and Lowest Capacity Asset (LEAN's capacity estimate needs its own weekly snapshots of dollar
volume inside the engine and is rough by its own account). Alpha, Beta and Treynor are 0: the runs have no benchmark feed.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from springback.analytics.lean_closings import Move, closings, matched, moves, win_and_loss
from springback.analytics.lean_samples import Samples, sample

DAYS = 252
Numbers = NDArray[np.float64]

FORMATS: dict[str, tuple[str, int]] = {
    "Total Orders": ("", 0),
    "Average Win": ("%", 2),
    "Average Loss": ("%", 2),
    "Compounding Annual Return": ("%", 3),
    "Drawdown": ("%", 3),
    "Expectancy": ("", 3),
    "Start Equity": ("", 2),
    "End Equity": ("", 2),
    "Net Profit": ("%", 3),
    "Sharpe Ratio": ("trim", 3),
    "Sortino Ratio": ("trim", 3),
    "Probabilistic Sharpe Ratio": ("%", 3),
    "Loss Rate": ("%", 0),
    "Win Rate": ("%", 0),
    "Profit-Loss Ratio": ("", 2),
    "Alpha": ("trim", 3),
    "Beta": ("trim", 3),
    "Annual Standard Deviation": ("trim", 3),
    "Annual Variance": ("trim", 3),
    "Information Ratio": ("trim", 3),
    "Tracking Error": ("trim", 3),
    "Treynor Ratio": ("trim", 3),
    "Total Fees": ("$", 2),
    "Portfolio Turnover": ("%", 2),
    "Drawdown Recovery": ("", 0),
}
"""How LEAN prints each figure: kind and decimals; `trim` drops trailing zeros."""

RATIOS = (
    *("Compounding Annual Return", "Sharpe Ratio", "Sortino Ratio", "Probabilistic Sharpe Ratio", "Annual Standard Deviation"),
    *("Annual Variance", "Information Ratio", "Tracking Error", "Value at Risk 99", "Value at Risk 95"),
)
"""What is not given where the account was lost: returns on a debt are none."""

DEFINITIONS: dict[str, str] = {
    "Total Orders": "orders sent, cancelled stops and liquidations at delisting included",
    "Average Win": "mean of the winning closing fills' profit over start cash plus profit closed before",
    "Average Loss": "the same of the losing closing fills, zero counted as a loss",
    "Compounding Annual Return": "(end / start) ^ (1 / years) - 1, years of 365 days from the first midnight to the last sample",
    "Drawdown": "deepest fall from a peak over midnights and closes, rounded to 3 decimals",
    "Expectancy": "win rate x profit-loss ratio - loss rate",
    "Start Equity": "cash at the start, dollars",
    "End Equity": "equity at the last close, dollars",
    "Net Profit": "end / start - 1",
    "Sharpe Ratio": "((1 + mean)^252 - 1 - risk-free) / (sqrt(252) x std) of calendar-day returns, weekends as 0",
    "Sortino Ratio": "the Sharpe numerator over sqrt(252) x std of the negative calendar-day returns",
    "Probabilistic Sharpe Ratio": "probability that the daily Sharpe exceeds 1 / sqrt(252), LEAN's own correction for skew and kurtosis",
    "Loss Rate": "losing closing fills over all closing fills",
    "Win Rate": "closing fills with gross profit above twice the closing fee, over all closing fills",
    "Profit-Loss Ratio": "average win / |average loss|",
    "Alpha": "0: no benchmark feed",
    "Beta": "0: no benchmark feed",
    "Annual Standard Deviation": "sqrt(252) x std (ddof 1) of calendar-day returns",
    "Annual Variance": "252 x variance (ddof 1) of calendar-day returns",
    "Information Ratio": "annual performance / tracking error against a benchmark of 0",
    "Tracking Error": "annual standard deviation against a benchmark of 0",
    "Treynor Ratio": "0: no benchmark feed",
    "Total Fees": "commissions, dollars",
    "Portfolio Turnover": "mean over calendar days of dollars traded over equity",
    "Drawdown Recovery": "longest recovery in whole days, from the first sample below a peak to the peak again",
    "Value at Risk 99": "1 % quantile of a normal with mean and std of the last 252 calendar-day returns",
    "Value at Risk 95": "5 % quantile of the same",
    "Closed Trades": "positions closed, first in first out",
    "Trade Win Rate": "closed trades with a profit before fees",
    "Trade Profit Factor": "sum of winning over sum of losing trades, before fees",
    "Trade Average Profit": "mean profit of a closed trade before fees, dollars",
}


def lean_statistics(
    daily: pd.DataFrame,
    fills: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    start: str,
    cash: float,
    rates: "pd.Series[float] | None" = None,
    events: pd.DataFrame | None = None,
    extra_days: Sequence[str] = (),
) -> dict[str, float]:
    """LEAN's figures of one run by LEAN's names, unrounded; fractions where LEAN prints percent. NaN what a lost account does not have.

    `daily` (date, equity) one row for every session of the window, the last one included; `fills`, `orders` with the golden columns;
    `start` the first calendar day asked for; `cash` at the start, dollars; `rates` annual risk-free rates as fractions, indexed by the day
    they changed (None: 0); `events` (date, symbol, event, value) for splits; `extra_days`: days without a session on which the VIX file has
    a row (LEAN samples then too; it moves the mean rate by about 0.01 %).
    """
    samples = sample(daily, start, cash, extra_days)
    risk_free = 0.0 if rates is None else samples.risk_free(rates)
    figures = {
        "Total Orders": float(len(set(orders["order_id"]) | set(fills["order_id"]))),
        "Start Equity": cash,
        "End Equity": float(samples.close.iloc[-1]),
        "Net Profit": float(samples.close.iloc[-1]) / cash - 1,
        "Total Fees": float(fills["fee"].sum()),
        "Portfolio Turnover": _turnover(samples, fills, cash),
        "Alpha": 0.0,
        "Beta": 0.0,
        "Treynor Ratio": 0.0,
    }
    gone = bool((samples.close <= 0).any())
    performance = np.empty(0) if gone else samples.performance()
    figures |= _growth(samples, cash) | _ratios(performance, risk_free) | _closed(moves(fills, events), cash)
    if gone:
        figures |= dict.fromkeys((*RATIOS, "Portfolio Turnover"), float("nan"))
    return {name: figures[name] for name in DEFINITIONS}


def printed(figures: dict[str, float]) -> dict[str, str]:
    """The figures as LEAN prints them, for the names in its summary."""
    return {name: _print(figures[name], kind, decimals) for name, (kind, decimals) in FORMATS.items()}


def _growth(samples: Samples, cash: float) -> dict[str, float]:
    curve = samples.curve()
    fall = 1 - curve / curve.cummax()
    return {
        "Compounding Annual Return": float(max(samples.close.iloc[-1] / cash, 0.0) ** (1 / samples.years()) - 1),
        "Drawdown": round(float(fall.max()), 3),
        "Drawdown Recovery": float(_recovery(curve)),
    }


def _recovery(curve: "pd.Series[float]") -> int:
    """Longest way from the first sample below a peak back to it, whole days; a drawdown that has not ended does not count."""
    below = curve.to_numpy() < curve.cummax().to_numpy()
    times = curve.index.to_numpy()
    first = np.flatnonzero(below & ~np.concatenate([[False], below[:-1]]))
    back = np.flatnonzero(~below & np.concatenate([[False], below[:-1]]))
    spans = times[back] - times[first[: len(back)]]
    return int(spans.max() / np.timedelta64(1, "D")) if len(spans) else 0


def _ratios(performance: Numbers, risk_free: float) -> dict[str, float]:
    mean, variance = _moments(performance)
    annual = (1 + mean) ** DAYS - 1
    deviation = float(np.sqrt(variance * DAYS))
    downside = float(np.sqrt(_moments(performance[performance < 0])[1] * DAYS))
    tail = _moments(performance[-DAYS:])
    risk = [round(float(stats.norm.ppf(q, tail[0], np.sqrt(tail[1]))), 3) if tail[1] > 0 else 0.0 for q in (0.01, 0.05)]
    return {
        "Sharpe Ratio": (annual - risk_free) / deviation if deviation else 0.0,
        "Sortino Ratio": (annual - risk_free) / downside if downside else 0.0,
        "Probabilistic Sharpe Ratio": _probabilistic_sharpe(performance, risk_free),
        "Annual Standard Deviation": deviation,
        "Annual Variance": deviation**2,
        "Information Ratio": annual / deviation if deviation else 0.0,
        "Tracking Error": deviation,
        "Value at Risk 99": risk[0],
        "Value at Risk 95": risk[1],
    }


def _moments(values: Numbers) -> tuple[float, float]:
    if len(values) < 2:
        return (float(values.mean()) if len(values) else 0.0), 0.0
    return float(values.mean()), float(values.var(ddof=1))


def _probabilistic_sharpe(performance: Numbers, risk_free: float) -> float:
    """Statistics.cs ProbabilisticSharpeRatio: excess kurtosis is used where the paper has the plain one."""
    mean, variance = _moments(performance)
    if variance == 0 or len(performance) < 4:
        return 0.0
    observed = (mean - risk_free / DAYS) / np.sqrt(variance)
    skew, kurtosis = stats.skew(performance, bias=False), stats.kurtosis(performance, bias=False)
    spread = (1 - skew * observed + (kurtosis - 1) / 4 * observed**2) / (len(performance) - 1)
    return float(stats.norm.cdf((observed - 1 / np.sqrt(DAYS)) / np.sqrt(spread)))


def _closed(history: list[Move], cash: float) -> dict[str, float]:
    wins, losses, win, loss = win_and_loss(closings(history), cash)
    count = max(wins + losses, 1)
    ratio = win / abs(loss) if loss else 0.0
    gross = matched(history)
    lost = -float(gross[gross <= 0].sum())
    return {
        "Average Win": win,
        "Average Loss": loss,
        "Win Rate": wins / count,
        "Loss Rate": losses / count,
        "Profit-Loss Ratio": ratio,
        "Expectancy": wins / count * ratio - losses / count,
        "Closed Trades": float(len(gross)),
        "Trade Win Rate": float((gross > 0).mean()) if len(gross) else 0.0,
        "Trade Profit Factor": float(gross[gross > 0].sum()) / lost if lost else (10.0 if len(gross) else 0.0),
        "Trade Average Profit": float(gross.mean()) if len(gross) else 0.0,
    }


def _turnover(samples: Samples, fills: pd.DataFrame, cash: float) -> float:
    if fills.empty:
        return 0.0
    days = pd.to_datetime(fills["time"]).dt.normalize()
    traded = (fills["quantity"].abs() * fills["price"]).groupby(days).sum().reindex(samples.days).fillna(0.0)
    equity = samples.close.reindex(samples.days, method="ffill").fillna(cash)
    return float((traded / equity).mean())


def _print(value: float, kind: str, decimals: int) -> str:
    if np.isnan(value):
        return "–"
    scaled = Decimal(repr(value)) * (100 if kind == "%" else 1)
    rounded = scaled.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN) + 0
    text = format(rounded, "f")
    if kind == "trim" or (kind == "" and rounded == rounded.to_integral_value()):
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return {"%": text + "%", "$": "$" + text}.get(kind, text)
