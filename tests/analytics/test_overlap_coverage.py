"""On noise of overlapping positions, an interval from whole dates in blocks holds the truth; positions taken as independent do not."""

import numpy as np
from numpy.typing import NDArray

from springback.statistics.significance import mean_band

SESSIONS, POSITIONS, HELD = 400, 40, 6
Panel = NDArray[np.float64]


def book(seed: int) -> Panel:
    """Returns over the next 6 sessions of 40 positions a session, (T, 40), true mean 0: half of a step is the market's."""
    draw = np.random.default_rng(seed)
    steps = draw.normal(0, 0.01, (SESSIONS + HELD, 1)) + draw.normal(0, 0.01, (SESSIONS + HELD, POSITIONS))
    total = np.vstack([np.zeros((1, POSITIONS)), np.cumsum(steps, axis=0)])
    return np.asarray((total[HELD:] - total[:-HELD])[:SESSIONS])


def holds_zero(values: Panel, seed: int, block: int) -> bool:
    low, high = mean_band(values, seed, draws=300, block=block)
    return low <= 0.0 <= high


def test_blocks_of_dates_cover_and_single_rows_do_not() -> None:
    books = [book(seed) for seed in range(100)]
    by_date = np.mean([holds_zero(one.mean(axis=1), seed, block=20) for seed, one in enumerate(books)])
    one_by_one = np.mean([holds_zero(one.mean(axis=1), seed, block=1) for seed, one in enumerate(books)])
    errors = [one.std(ddof=1) / np.sqrt(one.size) for one in books]
    as_independent = np.mean([abs(one.mean()) <= 1.96 * error for one, error in zip(books, errors, strict=True)])
    assert by_date >= 0.85, "95 % asked for, on 400 sessions of labels that overlap"
    assert one_by_one < 0.70, "the canary: dates alone, without blocks"
    assert as_independent < 0.25, "the canary: 16,000 positions are not 16,000 answers"
