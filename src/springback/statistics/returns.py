"""Returns of an account by session, written once: against the equity before, over the risk-free rate, and none once the account is lost.

Below zero a loss divides to a gain and a ratio says nothing: what comes after the close at which nothing was left is not a number, and a
figure that needs a return of every session is not given (`lost`).
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from springback.market.market_data import MarketData

Numbers = NDArray[np.float64]
SESSIONS = 252
STILL = 1e-15
"""A standard deviation up to here is rounding: what does not vary has no ratio."""


class Account(Protocol):
    """What is known of an account by session: `daily` columns (S,) with its equity in dollars, `cash` at the start, and the row of the
    market data at which it begins."""

    @property
    def daily(self) -> Mapping[str, Numbers]:
        """Columns (S,) by name."""

    @property
    def cash(self) -> float: ...

    @property
    def first(self) -> int: ...


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
    """Whether the account of `returns` (S,), or of excess returns, was lost on the way: a session took all there was, or has no return."""
    return not bool(np.all(returns > -1))


def account_returns(account: Account) -> Numbers:
    """`daily_returns` of an account: fractions (S,), the first against its cash; NaN once it is lost."""
    return daily_returns(account.daily["equity"], account.cash)


def account_excess(account: Account, market_data: MarketData) -> Numbers:
    """`excess_returns` of an account over the risk-free rate of `market_data`: fractions (S,)."""
    return excess_returns(account.daily["equity"], account.cash, market_data.risk_free, account.first)


def below_high(equity: Numbers, start: float) -> Numbers:
    """Distance of `equity` (S,), or of each path of it (D, S), from its highest close so far, the `start` included: fractions, 0 or
    negative, of the same shape; NaN where it is."""
    return np.asarray(equity / np.maximum(np.fmax.accumulate(equity, axis=-1), start) - 1)


def annual_return(returns: Numbers) -> float:
    """Compound growth a year of 252 sessions, a fraction, of returns (S,); NaN where there is no session or the account was lost."""
    if not len(returns) or lost(returns):
        return float("nan")
    return float(np.prod(1 + returns) ** (SESSIONS / len(returns))) - 1


def path_sharpes(excess: Numbers, periods: int = SESSIONS) -> Numbers:
    """Sharpe ratio (D,) of each path of daily `excess` returns (D, S), or of one (S,): sqrt(`periods`) x mean / standard deviation
    (ddof 1); NaN where it does not vary."""
    if excess.shape[-1] < 2:
        return np.full(excess.shape[:-1], np.nan)
    deviation = excess.std(axis=-1, ddof=1)
    moving = deviation > STILL
    return np.asarray(np.where(moving, np.sqrt(periods) * excess.mean(axis=-1) / np.where(moving, deviation, 1.0), np.nan))


def sharpe(excess: Numbers, periods: int = SESSIONS) -> float:
    """Sharpe ratio of daily `excess` returns (S,), of `periods` sessions; NaN where they do not vary or the account was lost."""
    return float("nan") if lost(excess) else float(path_sharpes(excess, periods))
