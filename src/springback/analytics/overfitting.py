"""What is left of a Sharpe ratio once it is known among how many it was chosen.

    Bailey, Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2): probabilistic Sharpe, track record length
    Bailey, Lopez de Prado (2014), The Deflated Sharpe Ratio, Journal of Portfolio Management 40(5): luck of the best, independent trials
    Bailey, Borwein, Lopez de Prado, Zhu (2017), The Probability of Backtest Overfitting, Journal of Computational Finance 20(4): CSCV

Which trials there were is handed in, from the ledger; nothing here counts them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from springback.analytics.significance import SESSIONS, daily_sharpe, expected_best_sharpe, probability_above, sharpe_error

Numbers = NDArray[np.float64]
BLOCKS = 16  # of the paper's own examples: 12,870 ways to halve them
FEWEST_TRIALS = 10
FEWEST_SESSIONS = 10 * BLOCKS
CHUNK = 256  # halvings at a time, so that thousands of trials fit into memory


@dataclass(frozen=True)
class Search:
    """The trials that saw this period, this run among them, and how alike they are.

    `trials` how many that share a session with this run; `peers` those of them with a return on every session of it that varies;
    `different` peers, equal ones once; `correlation` mean over the pairs of peers, None under two; `spread` standard deviation (ddof 1) of
    the peers' annual Sharpe ratios, None under two; `overfitting` the probability of backtest overfitting, None under `FEWEST_TRIALS`
    different peers or `FEWEST_SESSIONS`.
    """

    trials: int
    peers: int = 0
    different: int = 0
    correlation: float | None = None
    spread: float | None = None
    overfitting: float | None = None

    @property
    def independent(self) -> float:
        """Independent trials that would search as widely: rho + (1 - rho) x peers, rho not below 0, and every other trial as one.

        Bailey and Lopez de Prado (2014), appendix 3.
        """
        rho = max(0.0, self.correlation or 0.0)
        return rho + (1 - rho) * self.peers + (self.trials - self.peers)

    def luck(self, error: float) -> float:
        """Annual Sharpe that a searcher without skill would show: the expected best of the independent trials.

        They scatter as the trials did, but never less than by the standard error of one of them.
        """
        return expected_best_sharpe(self.independent, max(error, self.spread or 0.0))


def search(trials: int, peers: Numbers) -> Search:
    """The search that the ledger tells of. `peers` (P, S): excess returns of each on this run's sessions, this run's own among them."""
    moving = peers[peers.std(axis=1) > 0]
    different = np.unique(moving, axis=0)
    count = len(moving), len(different)
    if len(moving) < 2:
        return Search(trials, *count)
    ratios = np.array([daily_sharpe(one) for one in moving]) * math.sqrt(SESSIONS)
    enough = len(different) >= FEWEST_TRIALS and moving.shape[1] >= FEWEST_SESSIONS
    found = probability_of_overfitting(different) if enough else None
    return Search(trials, *count, mean_correlation(moving), float(ratios.std(ddof=1)), found)


def mean_correlation(returns: Numbers) -> float:
    """Mean correlation over all pairs of rows of `returns` (P, S), without the (P, P) matrix: thousands of trials fit."""
    count, sessions = returns.shape
    standard = (returns - returns.mean(axis=1, keepdims=True)) / returns.std(axis=1, keepdims=True)
    together = float((standard.sum(axis=0) ** 2).sum()) / sessions
    return (together - count) / (count * (count - 1))


def deflated_sharpe(excess: Numbers, found: Search) -> float:
    """Probability that the true Sharpe ratio is above what luck gives the best of the search; NaN where it does not vary."""
    return probability_above(excess, found.luck(sharpe_error(excess)))


def track_record(sharpe: float, skew: float, kurtosis: float, benchmark: float = 0.0, level: float = 0.95) -> float:
    """Sessions that a record of this daily `sharpe` must have to be above the daily `benchmark` at `level`; infinite where it never is.

    `kurtosis` is 3 for a normal. Bailey and Lopez de Prado (2012), equation 11.
    """
    if not sharpe > benchmark:
        return math.inf
    wide = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    return float(1 + wide * (stats.norm.ppf(level) / (sharpe - benchmark)) ** 2)


def track_record_years(excess: Numbers, level: float = 0.95) -> float:
    """Years of such a record until its Sharpe is above 0 at `level`; infinite where it is not positive, NaN where it does not vary."""
    sharpe = daily_sharpe(excess)
    if not np.isfinite(sharpe) or len(excess) < 4:
        return float("nan")
    return track_record(sharpe, float(stats.skew(excess)), float(stats.kurtosis(excess, fisher=False)), level=level) / SESSIONS


def probability_of_overfitting(returns: Numbers, blocks: int = BLOCKS) -> float:
    """How often the trial that was best on one half of the period is no better than the median of all on the other half.

    `returns` (trials, sessions). The sessions are cut into `blocks`; each half of the blocks is the past once, the other half its future.
    0.5 is what noise gives. A trial that stands still on a half counts as a Sharpe ratio of 0 there.
    """
    centred = returns.mean(axis=1, keepdims=True)  # sums of squares about a near centre keep their digits
    parts = np.array_split(returns - centred, blocks, axis=1)
    counts = np.array([part.shape[1] for part in parts], dtype=np.float64)
    sums, squares = (np.array([(part**power).sum(axis=1) for part in parts]) for power in (1, 2))
    halves, lost = 0, 0.0
    for past in _halvings(blocks):
        before = _sharpes(past, counts, sums, squares, centred[:, 0])
        after = _sharpes(1 - past, counts, sums, squares, centred[:, 0])
        chosen = after[np.arange(len(past)), before.argmax(axis=1)][:, None]
        rank = (after < chosen).sum(axis=1) + ((after == chosen).sum(axis=1) + 1) / 2
        lost += int((rank <= (len(returns) + 1) / 2).sum())
        halves += len(past)
    return lost / halves


def _halvings(blocks: int) -> Iterator[Numbers]:
    """Which blocks are the past, (some, blocks) of 0 and 1, every half of them once."""
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    for rows in np.array_split(halves, max(1, len(halves) // CHUNK)):
        chosen = np.zeros((len(rows), blocks))
        np.put_along_axis(chosen, rows, 1.0, axis=1)
        yield chosen


def _sharpes(chosen: Numbers, counts: Numbers, sums: Numbers, squares: Numbers, centre: Numbers) -> Numbers:
    """Daily Sharpe ratios (halvings, trials) over the chosen blocks."""
    sessions = (chosen @ counts)[:, None]
    mean = (chosen @ sums) / sessions
    variance = np.maximum(0.0, (chosen @ squares) / sessions - mean**2) * sessions / (sessions - 1)
    moving = variance > 1e-24
    return np.where(moving, (mean + centre) / np.sqrt(np.where(moving, variance, 1.0)), 0.0)
