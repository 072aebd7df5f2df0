"""What is left of a Sharpe ratio once it is known among how many it was chosen.

    Bailey, Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2): probabilistic Sharpe, track record length
    Bailey, Lopez de Prado (2014), The Deflated Sharpe Ratio, Journal of Portfolio Management 40(5): luck of the best
    Bailey, Borwein, Lopez de Prado, Zhu (2017), The Probability of Backtest Overfitting, Journal of Computational Finance 20(4): CSCV

Which trials there were is handed in, from the ledger; nothing here counts them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from springback.statistics.alike import SHARED, correlations, families
from springback.statistics.returns import lost, sharpe
from springback.statistics.significance import SESSIONS, expected_best_sharpe, probability_above, sharpe_error

Numbers = NDArray[np.float64]
HOPELESS = 3.0  # standard errors below 0
LIFETIME = 100.0  # years
BLOCKS = 16  # of the paper's own examples: 12,870 ways to halve them
FEWEST_TRIALS = 10
FEWEST_SESSIONS = 10 * BLOCKS
CONFIDENT = 0.95
"""The deflated Sharpe ratio from which a result is called more than luck, wherever one is called so."""
CHUNK = 256  # halvings at a time, so that thousands of trials fit into memory


@dataclass(frozen=True)
class Search:
    """The trials that saw this period, this run among them, and how alike they are.

    `trials` how many that share a session with this run; `peers` those of them whose account traded, varied and was not lost; `effective`
    how many independent trials the peers are worth (`alike`), None where it was not worked out; `families` how many of them there are;
    `different` peers that hold every session of this run, equal ones once; `correlation` mean over the pairs of peers, None under two;
    `spread` how far their families' annual Sharpe ratios scatter, None under two of them; `hopeless` peers left out of the spread, since
    they lost more than luck takes; `overfitting` the probability of backtest overfitting, None under `FEWEST_TRIALS` different peers or
    `FEWEST_SESSIONS`.
    """

    trials: int
    peers: int = 0
    different: int = 0
    correlation: float | None = None
    spread: float | None = None
    overfitting: float | None = None
    effective: float | None = None
    families: int = 0
    hopeless: int = 0

    @property
    def independent(self) -> float:
        """Independent trials that would search as widely: those of the peers, and every other trial as one."""
        rho = max(0.0, self.correlation or 0.0)
        worth = rho + (1 - rho) * self.peers if self.effective is None else self.effective
        return worth + (self.trials - self.peers)

    def luck(self, error: float) -> float:
        """Annual Sharpe that a searcher without skill would show: the expected best of the independent trials.

        They scatter as the trials did, but never less than by the standard error of one of them.
        """
        return expected_best_sharpe(self.independent, max(error, self.spread or 0.0))


def search(trials: int, returns: Numbers, own: NDArray[np.bool_] | None = None) -> Search:
    """The search that the ledger tells of. `returns` (P, S): excess returns of each account, this run's among them, NaN on sessions it has
    not; `own` (S,) the sessions of this run, None: all of them. Two trials are correlated over the sessions they share, at least `SHARED`
    or as many as this run has.
    """
    here = np.ones(returns.shape[1], np.bool_) if own is None else own
    least = min(SHARED, int(here.sum()))
    moving = returns[[_moves(one) for one in returns]]
    whole = moving[:, here]
    different = np.unique(whole[~np.isnan(whole).any(axis=1)], axis=0)
    count = len(moving), len(different)
    if len(moving) < 2:
        return Search(trials, *count, effective=float(len(moving)), families=len(moving))
    alike = correlations(moving, least)
    found = families(alike)
    mean = float((alike.sum() - len(moving)) / (len(moving) * (len(moving) - 1)))
    spread, hopeless = _spread(whole, found.members, least)
    enough = len(different) >= FEWEST_TRIALS and different.shape[1] >= FEWEST_SESSIONS
    lucky = probability_of_overfitting(different) if enough else None
    return Search(trials, *count, mean, spread, lucky, found.effective, len(found.members), hopeless)


def _moves(excess: Numbers) -> bool:
    known = excess[~np.isnan(excess)]
    return len(known) > 1 and not lost(known) and bool(known.std() > 0)


def _spread(returns: Numbers, members: Sequence[Sequence[int]], least: int) -> tuple[float | None, int]:
    """How far the families' annual Sharpe ratios scatter on this run's sessions, and how many trials are too bad to say anything of luck.

    A family's ratio is its median; the scatter is 1.4826 x the median distance from their median, a standard deviation that a few wild
    trials do not move. A ratio further below 0 than three standard errors is no draw of luck around 0: it would widen what luck can do
    upwards by what carelessness does downwards.
    """
    ratios = np.full(len(returns), np.nan)
    hopeless = 0
    for k, row in enumerate(returns):
        known = row[~np.isnan(row)]
        if len(known) < least:
            continue
        ratio = sharpe(known)
        if ratio < -HOPELESS * math.sqrt(SESSIONS / len(known)):
            hopeless += 1
        else:
            ratios[k] = ratio
    told = [ratios[list(one)] for one in members]
    middle = np.array([np.nanmedian(one) for one in told if not np.isnan(one).all()])
    if len(middle) < 2:
        return None, hopeless
    return float(1.4826 * np.median(np.abs(middle - np.median(middle)))), hopeless


def deflated_sharpe(excess: Numbers, trials: Search) -> float:
    """Probability that the true Sharpe ratio of daily `excess` returns (S,) is above what luck gives the best of `trials`; NaN where it
    does not vary."""
    return probability_above(excess, trials.luck(sharpe_error(excess)))


def beats_luck(deflated: float | None) -> bool:
    """The one verdict on a deflated Sharpe ratio: of a report, of a search's winner. Unknown is no."""
    return deflated is not None and deflated >= CONFIDENT


def track_record(sharpe: float, skew: float, kurtosis: float, benchmark: float = 0.0, level: float = 0.95) -> float:
    """Sessions that a record of this daily `sharpe` must have to be above the daily `benchmark` at `level`; infinite where it never is.

    `kurtosis` is 3 for a normal. Bailey and Lopez de Prado (2012), equation 11.
    """
    if not sharpe > benchmark:
        return math.inf
    wide = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    return float(1 + wide * (stats.norm.ppf(level) / (sharpe - benchmark)) ** 2)


def track_record_years(excess: Numbers, level: float = 0.95) -> float:
    """Years of such a record of daily `excess` returns (S,) until its Sharpe is above 0 at `level`; infinite where it is not
    positive or nobody lives to see it (over `LIFETIME`), NaN where it does not vary."""
    ratio = sharpe(excess, 1)
    if not np.isfinite(ratio) or len(excess) < 4:
        return float("nan")
    years = track_record(ratio, float(stats.skew(excess)), float(stats.kurtosis(excess, fisher=False)), level=level) / SESSIONS
    return years if years <= LIFETIME else math.inf


def probability_of_overfitting(returns: Numbers, blocks: int = BLOCKS) -> float:
    """How often the trial that was best on one half of the period is no better than the median of all on the other half.

    `returns` (P, S) of P trials. The sessions are cut into `blocks`; each half of the blocks is the past once, the other half its future.
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


def _sharpes(blocks: Numbers, counts: Numbers, sums: Numbers, squares: Numbers, centre: Numbers) -> Numbers:
    """Daily Sharpe ratios (halvings, trials) over the chosen blocks."""
    sessions = (blocks @ counts)[:, None]
    mean = (blocks @ sums) / sessions
    variance = np.maximum(0.0, (blocks @ squares) / sessions - mean**2) * sessions / (sessions - 1)
    moving = variance > 1e-24
    return np.where(moving, (mean + centre) / np.sqrt(np.where(moving, variance, 1.0)), 0.0)
