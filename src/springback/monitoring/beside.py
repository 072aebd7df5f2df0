"""The desk beside the backtests of the same days, and the band in which days out of sample would have left it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Dates
from springback.statistics.significance import block_rows

Numbers = NDArray[np.float64]
FEWEST = 60
DRAWS = 2000


@dataclass(frozen=True, eq=False)
class Beside:
    """By session (S,): `equity` of the desk in dollars, of the frozen decisions `replayed`, and of the backtest on `today`'s data; None
    where one was not run. `low..high` (S,) is the 95 % band of equity, None under 60 sessions out of sample.
    """

    sessions: Dates
    cash: float
    equity: Numbers
    replayed: Numbers | None
    today: Numbers | None
    low: Numbers | None
    high: Numbers | None

    @property
    def profit(self) -> Numbers:
        """Dollars of each session, (S,), the first against the starting cash."""
        return np.diff(self.equity, prepend=self.cash)

    @property
    def outside(self) -> bool:
        """Whether the newest session lies outside of a known band."""
        if self.low is None or self.high is None or not len(self.equity):
            return False
        return not float(self.low[-1]) <= float(self.equity[-1]) <= float(self.high[-1])

    def gap(self, other: Numbers | None) -> float | None:
        """Dollars by which the desk's newest equity lies above that of `other` (S,); None without one."""
        return None if other is None or not len(self.equity) else float(self.equity[-1] - other[-1])


def beside(
    sessions: Dates, cash: float, equity: Numbers, replayed: Numbers | None, today: Numbers | None, out_of_sample: Numbers, seed: int = 1
) -> Beside:
    """The desk beside two backtests; `out_of_sample` (R,) are daily returns of the same rule on sessions that its models never saw, before
    the desk began.
    """
    low, high = band(out_of_sample, len(equity), seed)
    return Beside(sessions, cash, equity, replayed, today, None if low is None else cash * low, None if high is None else cash * high)


def band(out_of_sample: Numbers, sessions: int, seed: int = 1, block: int = 10) -> tuple[Numbers | None, Numbers | None]:
    """The 95 % band (S,) of the growth of one dollar over 1 to `sessions` sessions, from blocks of whole days; None under 60 of them.

    Each end holds for one session looked at alone, not for all of them at once.
    """
    known = out_of_sample[~np.isnan(out_of_sample)]
    if len(known) < FEWEST or not sessions:
        return None, None
    rows = block_rows(len(known), DRAWS, block, np.random.default_rng(seed))
    while rows.shape[1] < sessions:
        rows = np.hstack([rows, block_rows(len(known), DRAWS, block, np.random.default_rng((seed, rows.shape[1])))])
    growth = np.cumprod(1 + known[rows[:, :sessions]], axis=1)
    low, high = np.quantile(growth, [0.025, 0.975], axis=0)
    return low, high
