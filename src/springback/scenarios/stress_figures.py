"""The few figures by which runs and resampled histories are set side by side."""

from dataclasses import dataclass

import numpy as np

from springback.scenarios.scenario_run import RuleRun
from springback.statistics.paths import falls
from springback.statistics.returns import account_returns, annual_return, below_high, ruin, sharpe


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


def figures(run: RuleRun) -> Figures:
    """The figures of a run."""
    result = run.result
    returns = account_returns(result)
    deep, long = falls(returns[None])
    equity = result.daily["equity"]
    worst = int(np.nanargmin(returns))
    end = ruin(equity)
    if end is not None:  # a debt grows on
        deep = np.array([-below_high(equity, result.cash).min()])
    profits = result.trades["profit"]
    return Figures(
        annual_return=annual_return(returns),
        total_return=float(result.daily["equity"][-1] / result.cash - 1),
        sharpe=sharpe(run.excess),
        max_drawdown=float(deep[0]),
        worst_day=float(returns[worst]),
        worst_date=str(result.sessions[worst]),
        under_water=int(long[0]),
        trades=len(profits),
        win_rate=float(np.mean(profits > 0)) if len(profits) else float("nan"),
        lost_on="" if end is None else str(result.sessions[end]),
    )
