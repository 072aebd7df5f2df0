"""Returns of an account by session, written once: against the equity before, over the risk-free rate, and none once the account is lost.

Below zero a loss divides to a gain and a ratio says nothing: what comes after the close at which nothing was left is not a number, and a
figure that needs a return of every session is not given (`lost`).
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SESSIONS = 252


def ruin(equity: Numbers) -> int | None:
    """The first session at whose close nothing was left of the account, its place in `equity` (S,); None where that never happened."""
    gone = np.flatnonzero(equity <= 0)
    return int(gone[0]) if len(gone) else None


def daily_returns(equity: Numbers, cash: float) -> Numbers:
    """Return of each session (S,), the first against the starting `cash`; NaN after the session on which the account was lost."""
    end = ruin(equity)
    returns = np.full(len(equity), np.nan)
    kept = slice(None) if end is None else slice(end + 1)
    returns[kept] = equity[kept] / np.concatenate([[cash], equity[:-1]])[kept] - 1
    return returns


def excess_returns(equity: Numbers, cash: float, annual: Numbers | None, first: int) -> Numbers:
    """`daily_returns` over the risk-free rate of the session, (1 + annual)^(1/252) - 1.

    `annual` (T,) a fraction by session of the market data, whose row `first` is the account's first session: carried forward where it is
    not known, 0 before it is known at all, or where there is none."""
    returns = daily_returns(equity, cash)
    if annual is None:
        return returns
    known = ~np.isnan(annual)
    newest = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    carried = np.where(newest >= 0, annual[np.maximum(newest, 0)], 0.0)[first : first + len(equity)]
    return np.asarray(returns - ((1 + carried) ** (1 / SESSIONS) - 1))


def lost(returns: Numbers) -> bool:
    """Whether the account of `returns` (or of excess returns) was lost on the way: a session took all there was, or has no return."""
    return not bool(np.all(returns > -1))
