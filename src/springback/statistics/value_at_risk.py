"""The loss that one day in a hundred exceeds, and whether days exceed it as often, and as scattered, as that says.

Kupiec (1995), Techniques for Verifying the Accuracy of Risk Measurement Models, Journal of Derivatives 3(2): how often
Christoffersen (1998), Evaluating Interval Forecasts, International Economic Review 39(4): whether one exception calls the next
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Numbers = NDArray[np.float64]
Hits = NDArray[np.bool_]
FEWEST = 250
"""Sessions under which exceptions are too few to be tested: at 1 % two and a half are due in so many."""
WINDOW = 250


@dataclass(frozen=True)
class Coverage:
    """`exceptions` in `sessions`, `expected` so many; the chances that a sound measure shows such a count (`kupiec`), that exceptions which
    know nothing of each other follow one another like that (`independence`), and of both together (`christoffersen`). NaN under `FEWEST`
    sessions.
    """

    sessions: int
    exceptions: int
    expected: float
    kupiec: float
    independence: float
    christoffersen: float

    @property
    def tested(self) -> bool:
        """Whether there were sessions enough."""
        return self.sessions >= FEWEST


def tail(returns: Numbers, share: float) -> tuple[float, float]:
    """Value at risk and expected shortfall of one session, positive fractions, from past `returns` (S,): the loss that a `share` of them
    exceeds, and the mean of those losses. NaN where there are fewer than 1 / `share` returns.
    """
    known = returns[~np.isnan(returns)]
    if len(known) * share < 1:
        return float("nan"), float("nan")
    limit = float(np.quantile(known, share))
    return -limit, -float(known[known <= limit].mean())


def exceptions(returns: Numbers, share: float, window: int = WINDOW) -> Hits:
    """Whether each of `returns` (S,) from number `window` on fell below the value at risk of the `window` returns before it, (S - window,);
    nothing where there are no more than that.
    """
    if len(returns) <= window:
        return np.zeros(0, np.bool_)
    past = np.lib.stride_tricks.sliding_window_view(returns, window)[:-1]
    return np.asarray(returns[window:] < np.quantile(past, share, axis=1))


def coverage(hits: Hits, share: float) -> Coverage:
    """What the `hits` (S,), sessions in order of time, say of a measure that a `share` of sessions should exceed."""
    count, total = int(hits.sum()), len(hits)
    if total < FEWEST:
        return Coverage(total, count, share * total, *(float("nan"),) * 3)
    often, together = kupiec(count, total, share), independence(transitions(hits))
    chances = stats.chi2.sf([often, together], 1)
    return Coverage(total, count, share * total, float(chances[0]), float(chances[1]), float(stats.chi2.sf(often + together, 2)))


def kupiec(count: int, total: int, share: float) -> float:
    """Likelihood ratio of `count` exceptions in `total` sessions against a `share` of them; chi-squared with 1 degree of freedom."""
    return float(2 * (_log_likelihood(total - count, count, count / total) - _log_likelihood(total - count, count, share)))


def transitions(hits: Hits) -> NDArray[np.int64]:
    """How often no exception followed none, one followed none, none followed one, one followed one, (4,)."""
    before, after = hits[:-1].astype(np.int64), hits[1:].astype(np.int64)
    return np.bincount(2 * before + after, minlength=4)


def independence(moves: NDArray[np.int64]) -> float:
    """Likelihood ratio of the `transitions` (4,) against exceptions that are as likely after one as after none; chi-squared with 1 degree
    of freedom.
    """
    calm, first, last, again = (int(one) for one in moves)
    share = (first + again) / max(int(moves.sum()), 1)
    after_none, after_one = first / max(calm + first, 1), again / max(last + again, 1)
    apart = _log_likelihood(calm, first, after_none) + _log_likelihood(last, again, after_one)
    return float(max(0.0, 2 * (apart - _log_likelihood(calm + last, first + again, share))))


def _log_likelihood(misses: int, hits: int, share: float) -> float:
    return float(special.xlog1py(misses, -share) + special.xlogy(hits, share))
