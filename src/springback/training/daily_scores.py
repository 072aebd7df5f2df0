"""How a model did, session by session: what a contest is judged by, and what a winner must not pay for it with. From forecasts, forward
returns and dollar volumes alone, so that a backtest and frozen forecasts give the same figures.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from springback.market.bars import Panel
from springback.statistics.contest import Ratios

Numbers = NDArray[np.float64]
FEWEST = 10
"""Names with a forecast and a return that a session needs for its figures."""
PICKS = 20
"""Names a side, at most a third of those ranked, that stand for what the rule would hold."""
STRESS = 0.2
"""The share of a contest's sessions, those with the lowest mean return of the ranked names, that are its stress."""


@dataclass(frozen=True, eq=False)
class DailyScore:
    """One model by session, (T,) each, NaN unknown.

    `rank_ic` of P_long - P_short with the forward return. Of the names with the highest and the lowest: the `spread` of their mean forward
    returns, a fraction; `turnover`, the share of them that was not among them the session before; `dollars`, the harmonic mean of their
    dollar volumes. `market`, the mean forward return of all ranked names, a fraction. What is made of returns is known `horizon` sessions
    later.
    """

    rank_ic: Numbers
    spread: Numbers
    turnover: Numbers
    dollars: Numbers
    market: Numbers

    @staticmethod
    def unknown(sessions: int) -> "DailyScore":
        """Of no session yet."""
        return DailyScore(*(np.full(sessions, np.nan) for _ in fields(DailyScore)))

    def put(self, first: int, more: "DailyScore") -> None:
        """Takes over the figures `more` of the sessions from row `first` on."""
        for one in fields(DailyScore):
            getattr(self, one.name)[first : first + len(more.rank_ic)] = getattr(more, one.name)


def daily_scores(signal: Panel, forward: Panel, dollars: Panel, before: Numbers | None = None) -> DailyScore:
    """Figures of the sessions of `signal` (S, N), P_long - P_short, NaN not ranked; `forward` returns, fractions, and volumes in `dollars`
    (S, N) likewise; `before` (N,) the signal of the session before the first, None: unknown.
    """
    out = DailyScore.unknown(len(signal))
    old = None if before is None else _picks(before)
    for row, said in enumerate(signal):
        new = _picks(said)
        if old and new:
            out.turnover[row] = 1.0 - (len(np.intersect1d(old[0], new[0])) + len(np.intersect1d(old[1], new[1]))) / (2 * len(new[0]))
        old = new
        if new:
            with np.errstate(divide="ignore"):
                out.dollars[row] = 1.0 / np.mean(1.0 / dollars[row][np.concatenate(new)])
        known = ~np.isnan(said) & ~np.isnan(forward[row])
        if known.sum() < FEWEST or not new:
            continue
        earned = forward[row]
        out.rank_ic[row] = _correlation(rankdata(said[known]), rankdata(earned[known]))
        out.market[row] = earned[known].mean()
        low, high = (side[known[side]] for side in new)
        if len(low) and len(high):
            out.spread[row] = earned[high].mean() - earned[low].mean()
    return out


def ratios(challenger: DailyScore, champion: DailyScore, rows: slice, horizon: int) -> Ratios:
    """What the challenger would cost against the champion over the sessions `rows`; NaN where it cannot be told.

    The drawdown is the deepest fall of the summed daily spread through the sessions of stress alone.
    """
    both = challenger, champion
    turnover, capacity = (_ratio(*(_mean(getattr(one, name)[rows]) for one in both)) for name in ("turnover", "dollars"))
    market = champion.market[rows]
    known = ~np.isnan(market)
    if not known.any():
        return Ratios(turnover, capacity, float("nan"))
    stress = known & (market <= np.quantile(market[known], STRESS))
    return Ratios(turnover, capacity, _ratio(*(_fall(one.spread[rows][stress] / horizon) for one in both)))


def _picks(signal: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The places of the names with the lowest and the highest signal, ties in the order of the names; None under three names."""
    ranked = np.flatnonzero(~np.isnan(signal))
    count = min(PICKS, len(ranked) // 3)
    if not count:
        return None
    order = ranked[np.argsort(signal[ranked], kind="stable")]
    return order[:count], order[-count:]


def _correlation(left: Numbers, right: Numbers) -> float:
    left, right = left - left.mean(), right - right.mean()
    scale = float(np.sqrt(np.sum(left**2) * np.sum(right**2)))
    return float(np.sum(left * right)) / scale if scale > 0 else float("nan")


def _fall(earned: Numbers) -> float:
    """The deepest fall of the running sum of `earned`, from 0 on; at least 0."""
    course = np.concatenate([[0.0], np.cumsum(np.nan_to_num(earned))])
    return float(np.max(np.maximum.accumulate(course) - course))


def _mean(values: Numbers) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _ratio(challenger: float, champion: float) -> float:
    """1 where both are equal, none of both included."""
    if challenger == champion:
        return 1.0
    return challenger / champion if champion else float("inf")
