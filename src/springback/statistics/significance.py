"""How far a Sharpe ratio may be luck: its error, its band, and what the best of many skill-less trials would show."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from springback.statistics.returns import SESSIONS, Numbers, lost, path_sharpes, sharpe

__all__ = ["SESSIONS", "Numbers"]
EULER = 0.5772156649015329


def sharpe_error(excess: Numbers) -> float:
    """Standard error of the annual Sharpe ratio for independent returns: sqrt((1 + SR^2 / 2) / T) x sqrt(252), SR daily.

    Lo (2002), The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4), equation 9.
    """
    ratio = sharpe(excess, 1)
    return float(np.sqrt((1 + ratio**2 / 2) / len(excess) * SESSIONS)) if len(excess) else float("nan")


def block_rows(count: int, draws: int, block: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Row numbers of stationary-bootstrap resamples, (draws, count): blocks of geometric length with mean `block`, wrapping round.

    Politis and Romano (1994), The Stationary Bootstrap, JASA 89(428).
    """
    rows = np.empty((draws, count), dtype=np.int64)
    fresh = rng.random((draws, count)) < 1.0 / block
    starts = rng.integers(0, count, (draws, count))
    rows[:, 0] = starts[:, 0]
    for k in range(1, count):
        rows[:, k] = np.where(fresh[:, k], starts[:, k], (rows[:, k - 1] + 1) % count)
    return rows


def sharpe_band(excess: Numbers, seed: int, draws: int = 2000, block: int = 10, level: float = 0.95) -> tuple[float, float]:
    """Lower and upper end of the annual Sharpe ratio's interval, by resampling whole dates in blocks; NaN under 30 sessions, or where
    the account was lost."""
    if len(excess) < 30 or np.isnan(sharpe(excess)):
        return float("nan"), float("nan")
    drawn = excess[block_rows(len(excess), draws, block, np.random.default_rng(seed))]
    ratios = path_sharpes(drawn)
    low, high = np.quantile(ratios[~np.isnan(ratios)], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_band(returns: Numbers, seed: int, draws: int = 2000, block: int = 10, level: float = 0.95) -> tuple[float, float]:
    """The same for the yearly mean (252 x daily mean), a fraction."""
    if len(returns) < 30 or lost(returns):
        return float("nan"), float("nan")
    drawn = returns[block_rows(len(returns), draws, block, np.random.default_rng(seed))].mean(axis=1) * SESSIONS
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_interval(values: Numbers, level: float) -> tuple[float, float]:
    """Two-sided interval of the mean of `values` (T,) in order of time, which may lean on one another: the long-run variance is the mean of
    the squares of 0.41 x T^(2/3) cosine-weighted sums, and t has as many degrees of freedom. No block, no random number.

    Lazarus, Lewis, Stock, Watson (2018), HAR Inference: Recommendations for Practice, Journal of Business and Economic Statistics 36(4):
    the equal-weighted cosine estimator.
    """
    count = len(values)
    weights = _cosines(count)
    mean = float(values.mean())
    sums = weights @ (values - mean)
    reach = float(special.stdtrit(len(weights), (1 + level) / 2) * np.sqrt(np.mean(sums**2) / count))
    return mean - reach, mean + reach


@lru_cache(maxsize=16)
def _cosines(count: int) -> Numbers:
    """The weights of `mean_interval`, (terms, count); each row has length 1 and the mean 0."""
    terms = np.arange(1, max(1, int(0.41 * count ** (2 / 3))) + 1)
    return np.asarray(np.sqrt(2 / count) * np.cos(np.pi * np.outer(terms, (np.arange(count) + 0.5) / count)))


def probability_above(excess: Numbers, benchmark: float) -> float:
    """Probability that the true annual Sharpe exceeds the annual `benchmark`, given length, skew and kurtosis of the record.

    NaN where it does not vary, or under 4 sessions. Bailey and Lopez de Prado (2012), equation 9.
    """
    ratio = sharpe(excess, 1)
    if not np.isfinite(ratio) or len(excess) < 4:
        return float("nan")
    shape = float(stats.skew(excess)), float(stats.kurtosis(excess, fisher=False))
    return probabilistic_sharpe(ratio, len(excess), *shape, benchmark / np.sqrt(SESSIONS))


def probabilistic_sharpe(sharpe: float, count: int, skew: float, kurtosis: float, benchmark: float = 0.0) -> float:
    """Probability that the true ratio of `count` returns exceeds `benchmark`; all ratios a period, `kurtosis` 3 for a normal.

    Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2), equation 9.
    """
    spread = np.sqrt(1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2)
    return float(stats.norm.cdf((sharpe - benchmark) * np.sqrt(count - 1) / spread))


def expected_best_sharpe(trials: float, error: float) -> float:
    """Sharpe that the best of `trials` skill-less strategies is expected to show; `error` by how much one of them scatters.

    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, Journal of Portfolio Management 40(5), equation 1. Between the whole
    numbers too, for a number of independent trials that was estimated; 0 for a single trial, and never below.
    """
    if trials <= 1:
        return 0.0
    first, second = stats.norm.ppf(1 - 1 / trials), stats.norm.ppf(1 - 1 / (trials * math.e))
    return float(error * max(0.0, (1 - EULER) * first + EULER * second))
