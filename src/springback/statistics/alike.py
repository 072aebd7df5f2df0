"""How many independent trials a search amounts to: its trials correlated on the sessions they share, then put into families.

    Bailey, Lopez de Prado (2014), The Deflated Sharpe Ratio, appendix 3: rho + (1 - rho) x n for trials of one mean correlation rho
    Lopez de Prado, Lewis (2019), Detection of False Investment Strategies Using Unsupervised Learning Methods: first cluster, then count

One mean over unlike trials hides that two searches were made; within a family it says what its members are worth together. Neither 72
neighbours of one winner nor a trial that ran over other years count as so many.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SHARED = 252
"""Sessions that two trials must share for their correlation to be known."""
KIN = 0.3
"""Mean correlation under which trials are no family: nearly five standard errors of a correlation over a year."""
CHUNK = 256


@dataclass(frozen=True)
class Families:
    """`members` the places of the trials of each family; `effective` how many independent trials all of them together are worth."""

    members: tuple[tuple[int, ...], ...]
    effective: float


def families(alike: Numbers) -> Families:
    """The partition of the trials that makes them worth fewest, each family being worth rho + (1 - rho) x its size.

    `alike` (P, P) holds correlations, 0 where unknown. Average linkage proposes the families; each partition is an upper bound, since
    what families have in common is not counted.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    count = len(alike)
    if count < 2:
        return Families(tuple((k,) for k in range(count)), float(count))
    apart = 1 - np.clip(alike, -1.0, 1.0)
    np.fill_diagonal(apart, 0.0)
    tree = linkage(squareform(apart, checks=False), "average")
    worth, within, members = [1.0] * count, [0.0] * count, [[k] for k in range(count)]
    best = [[[k]] for k in range(count)]
    for left, right, between, size in tree:
        one, two = int(left), int(right)
        pairs = within[one] + within[two] + (1 - between) * len(members[one]) * len(members[two])
        rho = max(0.0, pairs / (size * (size - 1) / 2))
        together, separate = rho + (1 - rho) * size, worth[one] + worth[two]
        within.append(pairs)
        members.append(members[one] + members[two])
        kin = 1 - between >= KIN and together < separate
        worth.append(together if kin else separate)
        best.append([members[-1]] if kin else best[one] + best[two])
    return Families(tuple(tuple(sorted(one)) for one in best[-1]), worth[-1])


def correlations(returns: Numbers, least: int) -> Numbers:
    """Correlation of each pair of rows of `returns` (P, S), NaN where a trial has no session, over the sessions that both have; 0 where
    those are fewer than `least` or one of the two does not vary on them. Some rows at a time: thousands of trials fit.
    """
    there = ~np.isnan(returns)
    values = np.where(there, returns - np.nanmean(returns, axis=1, keepdims=True), 0.0)
    held, squares = there.astype(np.float64), values**2
    found = np.eye(len(returns))
    for start in range(0, len(returns), CHUNK):
        own = slice(start, start + CHUNK)
        shared = held[own] @ held.T
        count = np.maximum(shared, 1.0)
        mean, other = (values[own] @ held.T) / count, (held[own] @ values.T) / count
        spread = np.maximum((squares[own] @ held.T) / count - mean**2, 0.0) * np.maximum((held[own] @ squares.T) / count - other**2, 0.0)
        known = (shared >= least) & (spread > 1e-32)
        together = (values[own] @ values.T) / count - mean * other
        found[own] = np.where(known, together / np.sqrt(np.where(known, spread, 1.0)), 0.0)
    np.fill_diagonal(found, 1.0)
    return found
