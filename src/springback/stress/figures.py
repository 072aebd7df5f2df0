"""The few figures by which runs and resampled histories are set side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.analytics.significance import SESSIONS
from springback.analytics.statistics import annual_return, sharpe
from springback.backtest.result import Result
from springback.stress.scene import Numbers, Ran


@dataclass(frozen=True)
class Figures:
    """Of one run: return a year and of the whole, Sharpe ratio, deepest fall (positive), worst day and its date, longest spell under water
    in sessions, closed trades and the share of them that won. NaN where not defined."""

    annual_return: float
    total_return: float
    sharpe: float
    max_drawdown: float
    worst_day: float
    worst_date: str
    under_water: int
    trades: int
    win_rate: float


def figures(ran: Ran) -> Figures:
    """The figures of a run."""
    result = ran.result
    returns = returns_of(result)
    deep, long = falls(returns[None])
    worst = int(np.argmin(returns))
    profits = result.trades["profit"]
    return Figures(
        annual_return=annual_return(returns),
        total_return=float(result.daily["equity"][-1] / result.cash - 1),
        sharpe=sharpe(ran.excess),
        max_drawdown=float(deep[0]),
        worst_day=float(returns[worst]),
        worst_date=str(result.sessions[worst]),
        under_water=int(long[0]),
        trades=len(profits),
        win_rate=float(np.mean(profits > 0)) if len(profits) else float("nan"),
    )


def returns_of(result: Result) -> Numbers:
    """Return of each session (S,), the first against the starting cash."""
    equity = result.daily["equity"]
    returns: Numbers = equity / np.concatenate([[result.cash], equity[:-1]]) - 1
    return returns


def falls(returns: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Of each path of `returns` (D, S): the deepest fall from the highest close so far, the start included, as a positive fraction, and the
    longest spell below it in sessions. Both (D,)."""
    worth = np.cumprod(1 + returns, axis=1)
    below = worth / np.maximum(np.maximum.accumulate(worth, axis=1), 1.0) - 1
    spell = np.zeros(len(returns), np.int64)
    longest = np.zeros(len(returns), np.int64)
    for k in range(returns.shape[1]):
        spell = np.where(below[:, k] < 0, spell + 1, 0)
        np.maximum(longest, spell, out=longest)
    return -below.min(axis=1), longest


def yearly(returns: Numbers) -> Numbers:
    """Compound growth a year of each path of `returns` (D, S), 252 sessions a year; -1 where the account was lost. (D,)"""
    growth = np.prod(1 + returns, axis=1)
    return np.asarray(np.maximum(growth, 0.0) ** (SESSIONS / returns.shape[1]) - 1)


def ratios(excess: Numbers) -> Numbers:
    """Annual Sharpe ratio of each path of daily `excess` returns (D, S); NaN where it does not vary. (D,)"""
    deviation = excess.std(axis=1, ddof=1)
    ratio = np.divide(excess.mean(axis=1), deviation, out=np.full(len(excess), np.nan), where=deviation > 1e-15)
    return np.asarray(np.sqrt(SESSIONS) * ratio)
