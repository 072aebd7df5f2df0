"""Other histories made of the same days, or of the same trades: how far the figures of one history may be luck."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from springback.backtest.result import Result
from springback.scenarios.scenario_run import Numbers
from springback.statistics.paths import falls, ratios, yearly
from springback.statistics.returns import lost, ruin
from springback.statistics.significance import block_rows

LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
DRAWS, BLOCK, BINS, FEWEST = 2000, 20, 40, 30
FIGURES = ("annual_return", "sharpe", "max_drawdown", "under_water")


@dataclass(frozen=True, eq=False)
class Spread:
    """What `draws` resampled histories show: `quantiles` name -> one value for each of `LEVELS`, `bins` name -> (edges, counts), `losing`
    the share of histories that end below where they began. Blocks are `block` sessions long on average."""

    draws: int
    block: int
    seed: int
    losing: float
    quantiles: Mapping[str, tuple[float, ...]]
    bins: Mapping[str, tuple[tuple[float, ...], tuple[int, ...]]]


def by_day(returns: Numbers, excess: Numbers, seed: int, draws: int = DRAWS, block: int = BLOCK) -> Spread | None:
    """Whole sessions resampled in blocks (stationary bootstrap, Politis and Romano 1994), all that was held on a date together; None under
    30 sessions, or where the account was lost. `returns` (S,) of the account, `excess` (S,) the same over the risk-free rate."""
    if len(returns) < FEWEST or lost(returns):
        return None
    rows = block_rows(len(returns), draws, block, np.random.default_rng(seed))
    return _spread(returns[rows], excess[rows], seed, block)


def by_trade(result: Result, seed: int, draws: int = DRAWS, block: int = BLOCK) -> Spread | None:
    """The trades resampled in blocks of entry sessions; None under 30 sessions, without a trade, or where the account was lost.

    A session is drawn with all trades entered on it; each brings its profit over the equity at the close before its entry, on the session
    it was closed. What runs past the end comes round to the beginning. Interest, earned and paid, and open positions are left out; no
    risk-free rate is taken off the Sharpe ratio.
    """
    earned = contributions(result)
    if len(earned) < FEWEST or not earned.any() or ruin(result.daily["equity"]) is not None:
        return None
    rows = block_rows(len(earned), draws, block, np.random.default_rng(seed))
    paths = np.zeros(rows.shape)
    for later in np.flatnonzero(earned.any(axis=0)):
        paths += np.roll(earned[rows, later], later, axis=1)
    return _spread(paths, paths, seed, block)


def contributions(result: Result) -> Numbers:
    """What the trades entered on each session earned, (S, H): column h holds the profits taken h sessions after the entry, as a fraction of
    the equity at the close before the entry. H is one more than the longest holding, at most S."""
    trades, sessions = result.trades, len(result.sessions)
    entry = trades["entry_row"].astype(np.int64) - result.first
    later = np.minimum(trades["exit_row"].astype(np.int64) - trades["entry_row"].astype(np.int64), sessions - 1)
    before = np.concatenate([[result.cash], result.daily["equity"][:-1]])
    earned = np.zeros((sessions, int(later.max(initial=0)) + 1))
    np.add.at(earned, (entry, later), trades["profit"] / before[entry])
    return earned


def _spread(returns: Numbers, excess: Numbers, seed: int, block: int) -> Spread:
    deep, long = falls(returns)
    found = dict(zip(FIGURES, (yearly(returns), ratios(excess), deep, long.astype(np.float64)), strict=True))
    known = {name: values[np.isfinite(values)] for name, values in found.items()}
    return Spread(
        draws=len(returns),
        block=block,
        seed=seed,
        losing=float(np.mean(found["annual_return"] < 0)),
        quantiles={name: tuple(float(one) for one in np.quantile(values, LEVELS)) for name, values in known.items() if len(values)},
        bins={name: _bins(values) for name, values in known.items() if len(values)},
    )


def _bins(values: Numbers) -> tuple[tuple[float, ...], tuple[int, ...]]:
    counts, edges = np.histogram(values, BINS)
    return tuple(float(one) for one in edges), tuple(int(one) for one in counts)
