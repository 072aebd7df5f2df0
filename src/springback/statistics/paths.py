"""Figures of many paths of returns at once, each path a history of the same length."""

import numpy as np
from numpy.typing import NDArray

from springback.statistics.returns import SESSIONS, Numbers, below_high, lost, path_sharpes


def falls(returns: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Of each path of `returns` (D, S): the deepest fall from the highest close so far, the start included, as a positive fraction, and the
    longest spell below it in sessions. Both (D,). Who has lost all he had has fallen by 1 and stays there."""
    worth = np.cumprod(np.maximum(1 + np.nan_to_num(returns, nan=-1.0), 0.0), axis=1)
    below = below_high(worth, 1.0)
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
    return np.full(len(excess), np.nan) if lost(excess) else path_sharpes(excess)
