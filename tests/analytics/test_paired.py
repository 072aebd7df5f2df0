"""A difference of Sharpe ratios: by hand, on noise, and where there is something."""

import numpy as np
import pytest

from springback.statistics.paired import gain, sharpes
from springback.statistics.returns import sharpe
from springback.statistics.significance import block_rows


def rows(sessions: int, seed: int = 1, draws: int = 500) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return block_rows(sessions, draws, 10, np.random.default_rng(seed))


def test_the_ratio_is_that_of_the_resampled_returns() -> None:
    draw = np.random.default_rng(2).normal(0.0004, 0.01, (3, 300))
    picked = rows(300, draws=4)
    counts = np.array([np.bincount(one, minlength=300) for one in picked], dtype=np.float64)
    found = sharpes(draw, counts)
    for k, one in enumerate(picked):
        np.testing.assert_allclose(found[k], [sharpe(run[one]) for run in draw], rtol=1e-10)
    assert sharpes(np.full((1, 40), 0.001), np.ones((1, 40)))[0, 0] == 0.0, "an account that stands still has no ratio"


def test_a_run_is_no_better_than_itself() -> None:
    one = np.random.default_rng(3).normal(0.0, 0.01, 400)
    found = gain(one[None], 0, one, rows(400))
    assert (found.difference, found.low, found.high, found.chance) == (0.0, 0.0, 0.0, 1.0)


def test_what_is_better_each_day_is_no_luck() -> None:
    one = np.random.default_rng(4).normal(0.0, 0.01, 500)
    found = gain(one[None] + 0.001, 0, one, rows(500))
    assert found.low > 0 and found.chance < 0.01


def test_too_few_sessions_say_nothing() -> None:
    one = np.random.default_rng(5).normal(0.0, 0.01, 20)
    found = gain(one[None] + 0.001, 0, one, rows(20))
    assert found.difference > 0 and np.isnan([found.low, found.high, found.chance]).all()


def test_the_best_of_thirty_without_skill_is_called_luck() -> None:
    """The naive interval of the chosen one is fooled far oftener than one time in twenty; the reality check is not."""
    naive = sure = 0
    worlds = 120
    for world in range(worlds):
        draw = np.random.default_rng(1000 + world)
        market = draw.normal(0.0, 0.008, 400)
        runs, other = market + draw.normal(0.0, 0.006, (30, 400)), market + draw.normal(0.0, 0.006, 400)
        best = int(sharpes(runs, np.ones((1, 400)))[0].argmax())
        found = gain(runs, best, other, rows(400, world, 300))
        naive += found.low > 0
        sure += found.low > 0 and found.chance < 0.05
    assert sure / worlds == pytest.approx(0.025, abs=0.05), sure
    assert naive > 4 * max(sure, 1), (naive, sure)
