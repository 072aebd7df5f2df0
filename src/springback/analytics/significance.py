"""How far a Sharpe ratio may be luck: its error, its band, and what the best of many skill-less trials would show."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]
SESSIONS = 252
EULER = 0.5772156649015329


def daily_sharpe(excess: Numbers) -> float:
    """Mean over standard deviation (ddof 1) of daily excess returns; NaN where it does not vary."""
    deviation = excess.std(ddof=1) if len(excess) > 1 else 0.0
    return float(excess.mean() / deviation) if deviation > 0 else float("nan")


def sharpe_error(excess: Numbers) -> float:
    """Standard error of the annual Sharpe ratio for independent returns: sqrt((1 + SR^2 / 2) / T) x sqrt(252), SR daily.

    Lo (2002), The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4), equation 9.
    """
    sharpe = daily_sharpe(excess)
    return float(np.sqrt((1 + sharpe**2 / 2) / len(excess) * SESSIONS)) if len(excess) else float("nan")


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
    """Lower and upper end of the annual Sharpe ratio's interval, by resampling whole dates in blocks; NaN under 30 sessions."""
    if len(excess) < 30 or not excess.std() > 0:
        return float("nan"), float("nan")
    drawn = excess[block_rows(len(excess), draws, block, np.random.default_rng(seed))]
    deviation = drawn.std(axis=1, ddof=1)
    ratios = np.sqrt(SESSIONS) * drawn.mean(axis=1)[deviation > 0] / deviation[deviation > 0]
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_band(returns: Numbers, seed: int, draws: int = 2000, block: int = 10, level: float = 0.95) -> tuple[float, float]:
    """The same for the yearly mean (252 x daily mean), a fraction."""
    if len(returns) < 30:
        return float("nan"), float("nan")
    drawn = returns[block_rows(len(returns), draws, block, np.random.default_rng(seed))].mean(axis=1) * SESSIONS
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def probability_above(excess: Numbers, benchmark: float) -> float:
    """Probability that the true annual Sharpe exceeds the annual `benchmark`, given length, skew and kurtosis of the record.

    NaN where it does not vary, or under 4 sessions. Bailey and Lopez de Prado (2012), equation 9.
    """
    sharpe = daily_sharpe(excess)
    if not np.isfinite(sharpe) or len(excess) < 4:
        return float("nan")
    shape = float(stats.skew(excess)), float(stats.kurtosis(excess, fisher=False))
    return probabilistic_sharpe(sharpe, len(excess), *shape, benchmark / np.sqrt(SESSIONS))


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
    first, second = stats.norm.ppf(1 - 1 / trials), stats.norm.ppf(1 - 1 / (trials * np.e))
    return float(error * max(0.0, (1 - EULER) * first + EULER * second))
