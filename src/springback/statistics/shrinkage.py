"""What few and noisy measurements are worth beside what was believed before: means of clusters, and their shrinkage towards a prior.

DerSimonian, Laird (1986), Meta-analysis in Clinical Trials, Controlled Clinical Trials 7(3): the variance between groups by moments
Paule, Mandel (1982), Consensus Values and Weighting Factors, Journal of Research of the NBS 87(5): the same, iterated
Liang, Zeger (1986), Longitudinal Data Analysis Using Generalized Linear Models, Biometrika 73(1): the error of a mean of clusters
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Numbers = NDArray[np.float64]
Method = Literal["dersimonian_laird", "paule_mandel"]
FEWEST_CLUSTERS = 10
"""Clusters under which the error of a mean cannot be told."""


@dataclass(frozen=True)
class ClusteredMean:
    """Mean of `count` values in `clusters`, its standard `error` and 95 % interval `low..high` by as many degrees of freedom as clusters
    less one; NaN under `FEWEST_CLUSTERS`, the mean itself where there is no value.
    """

    mean: float
    error: float
    low: float
    high: float
    count: int
    clusters: int


def winsorised(values: Numbers, share: float) -> Numbers:
    """`values` (K,) with the lowest and highest `share` of them brought to those quantiles."""
    return values if not len(values) else np.clip(values, *np.quantile(values, [share, 1 - share]))


def clustered_mean(values: Numbers, cluster: NDArray[np.int64], level: float = 0.95) -> ClusteredMean:
    """The mean of `values` (K,), those of one `cluster` (K,) leaning on one another: the fills of a morning."""
    count, nothing = len(values), float("nan")
    if not count:
        return ClusteredMean(nothing, nothing, nothing, nothing, 0, 0)
    mean, place = float(values.mean()), np.unique(cluster, return_inverse=True)[1]
    sums = np.bincount(place, weights=values - mean)
    groups = len(sums)
    if groups < FEWEST_CLUSTERS:
        return ClusteredMean(mean, nothing, nothing, nothing, count, groups)
    error = float(np.sqrt((sums**2).sum() * groups / (groups - 1)) / count)
    reach = float(special.stdtrit(groups - 1, (1 + level) / 2)) * error
    return ClusteredMean(mean, error, mean - reach, mean + reach, count, groups)


def between_variance(effects: Numbers, variances: Numbers, method: Method, centre: float | None = None) -> float:
    """By how much the true `effects` (K,) of groups vary, given the sampling `variances` (K,) with which they were measured; never below 0.

    They vary about `centre`, or about their own weighted mean where none is given. NaN under two groups, or one with a centre.
    """
    freedom = len(effects) - (centre is None)
    if freedom < 1:
        return float("nan")
    if method == "dersimonian_laird":
        weights = 1 / variances
        spare = weights.sum() - (weights**2).sum() / weights.sum() if centre is None else weights.sum()
        return float(max(0.0, (_heterogeneity(0.0, effects, variances, centre) - freedom) / spare))
    if _heterogeneity(0.0, effects, variances, centre) <= freedom:
        return 0.0
    most = float(((effects - (effects.mean() if centre is None else centre)) ** 2).sum()) + 1.0
    return float(optimize.brentq(lambda one: _heterogeneity(one, effects, variances, centre) - freedom, 0.0, most, xtol=1e-12))


def _heterogeneity(between: float, effects: Numbers, variances: Numbers, centre: float | None) -> float:
    """Cochran's Q with the variance `between` groups added to each."""
    weights = 1 / (variances + between)
    middle = float(weights @ effects / weights.sum()) if centre is None else centre
    return float(weights @ (effects - middle) ** 2)


def shrunk(effects: Numbers, variances: Numbers, prior: Numbers, between: float) -> tuple[Numbers, Numbers]:
    """The `effects` (K,) drawn towards their `prior` (K,) by how little they tell, w x effect + (1 - w) x prior with
    w = between / (between + variance), and the standard error of each, (K,)."""
    weight = between / (between + variances)
    return weight * effects + (1 - weight) * prior, np.sqrt(weight * variances)
