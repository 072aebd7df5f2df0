"""The few figures by which runs and resampled histories are set side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.analytics.performance import annual_return, sharpe
from springback.backtest.result import Result
from springback.scenarios.scene import Numbers, Ran
from springback.statistics.returns import SESSIONS, daily_returns, lost, ruin


@dataclass(frozen=True)
class Figures:
    """Of one run: return a year and of the whole, Sharpe ratio, deepest fall (positive), worst day and its date, longest spell under water
    in sessions, closed trades and the share of them that won, and the session on which the account was lost ("": never). NaN where not
    defined."""

    annual_return: float
    total_return: float
    sharpe: float
    max_drawdown: float
    worst_day: float
    worst_date: str
    under_water: int
    trades: int
    win_rate: float
    lost_on: str = ""


def figures(ran: Ran) -> Figures:
    """The figures of a run."""
    result = ran.result
    returns = returns_of(result)
    deep, long = falls(returns[None])
    equity = result.daily["equity"]
    worst = int(np.nanargmin(returns))
    end = ruin(equity)
    if end is not None:  # a debt grows on
        deep = np.array([1 - np.min(equity / np.maximum(np.maximum.accumulate(equity), result.cash))])
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
        lost_on="" if end is None else str(result.sessions[end]),
    )


def returns_of(result: Result) -> Numbers:
    """Return of each session (S,), the first against the starting cash; NaN once the account is lost."""
    return daily_returns(result.daily["equity"], result.cash)


def falls(returns: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Of each path of `returns` (D, S): the deepest fall from the highest close so far, the start included, as a positive fraction, and the
    longest spell below it in sessions. Both (D,). Who has lost all he had has fallen by 1 and stays there."""
    worth = np.cumprod(np.maximum(1 + np.nan_to_num(returns, nan=-1.0), 0.0), axis=1)
    below = worth / np.maximum(np.maximum.accumulate(worth, axis=1), 1.0) - 1
    spell = np.zeros(len(returns), np.int64)
    longest = np.zeros(len(returns), np.int64)
    for k in range(returns.shape[1]):
        spell = np.where(below[:, k] < 0, spell + 1, 0)
        np.maximum(longest, spell, out=longest)
    return -below.min(axis=1), longest


def yearly(returns: Numbers) -> Numbers:
    """Compound growth a year of each path of `returns` (D, S), 252 sessions a year; -1 where the account was lost. (D,)"""
    growth = np.prod(np.maximum(1 + np.nan_to_num(returns, nan=-1.0), 0.0), axis=1)
    return np.asarray(growth ** (SESSIONS / returns.shape[1]) - 1)


def ratios(excess: Numbers) -> Numbers:
    """Annual Sharpe ratio of each path of daily `excess` returns (D, S); NaN where it does not vary, and everywhere if one of the
    paths loses the account: the others alone would flatter. (D,)"""
    if lost(excess):
        return np.full(len(excess), np.nan)
    deviation = excess.std(axis=1, ddof=1)
    ratio = np.divide(excess.mean(axis=1), deviation, out=np.full(len(excess), np.nan), where=deviation > 1e-15)
    return np.asarray(np.sqrt(SESSIONS) * ratio)
