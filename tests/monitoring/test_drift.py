"""Drift: a notice that is seldom false, sees a change, and says whether it moves forecasts."""

import numpy as np
import pytest

from springback.errors import MissingData
from springback.monitoring.drift import Rows, drift, psi

NAMES = 40


def market(seed: int, sessions: int, first: int = 0, **shifts: float) -> Rows:
    """Two features whose days lean on one another; the score listens to `a` alone, 0.1 a standard deviation."""
    draw = np.random.default_rng(seed)
    session = np.repeat(np.arange(first, first + sessions), NAMES)

    def feature(name: str) -> np.ndarray:
        mood = np.convolve(draw.normal(0, 1, sessions + 4), np.ones(5) / np.sqrt(5), mode="valid")
        return np.repeat(mood, NAMES) * 0.5 + draw.normal(0, 1, sessions * NAMES) + shifts.get(name, 0.0)

    a, b = feature("a"), feature("b")
    return Rows(session, {"a": a, "b": b}, 0.1 * a + 0.01 * draw.normal(0, 1, len(a)))


def test_without_a_change_few_notices() -> None:
    """1 % a column is asked; the folklore's 0.1 and rows taken as independent are the canary."""
    found = [drift(market(seed, 21, 500), market(seed + 900, 250), seed=seed) for seed in range(60)]
    assert np.mean([one.drifts for run in found for one in run]) < 0.05
    assert np.mean([one.moves for run in found for one in run]) < 0.05
    naive = (10 - 1) * (1 / (21 * NAMES) + 1 / (250 * NAMES))
    assert np.mean([one.index > 3 * naive for run in found for one in run]) > 0.3


def test_a_change_is_seen_and_only_what_the_score_listens_to_moves_it() -> None:
    a, b, score = drift(market(1, 63, 500, a=0.8), market(2, 500))
    assert a.drifts and a.moves and score.drifts and score.moves and not b.drifts
    assert a.weight == pytest.approx(0.1 * np.sqrt(1.25), rel=0.05) and a.shift == pytest.approx(0.8 / np.sqrt(1.25), abs=0.15)
    assert a.move == pytest.approx(a.weight * a.shift) and a.move == pytest.approx(score.move, abs=0.01)
    b = drift(market(1, 63, 500, b=0.8), market(2, 500))[1]
    assert b.drifts and abs(b.move) < 0.005, "a feature that forecasts do not listen to"


def test_the_index_by_hand() -> None:
    """(0.7 - 0.5) ln(0.7 / 0.5) + (0.3 - 0.5) ln(0.3 / 0.5) = 0.0673 + 0.1022; large counts make the half of no weight."""
    assert psi(np.array([7e6, 3e6]), np.array([5e6, 5e6])) == pytest.approx(0.16946, abs=1e-4)
    assert np.isfinite(psi(np.array([10.0, 0.0]), np.array([5.0, 5.0])))


def test_missing_clipped_and_tied_by_hand() -> None:
    reference = market(3, 200)
    live = market(4, 20, 500)
    live.columns["a"][:80] = np.nan
    live.columns["b"][:200] = 100.0
    a, b, _ = drift(live, reference)
    assert a.missing == (0.1, 0.0) and b.clipped[0] == pytest.approx(0.25) and b.tied == (0.25, 0.0)
    assert b.clipped[1] == pytest.approx(2 / 8000)


def test_a_column_that_never_varies_and_one_that_is_gone_are_no_error() -> None:
    reference, live = market(5, 200), market(6, 20, 500)
    still = Rows(reference.session, {"a": reference.columns["a"], "b": np.zeros(8000)}, reference.score)
    gone = Rows(live.session, {"a": np.full(800, np.nan), "b": np.zeros(800)}, live.score)
    a, b, _ = drift(gone, still)
    assert a.missing[0] == 1.0 and b.index < 0.01 and not b.drifts and b.weight == 0.0


def test_too_short_a_reference_is_said() -> None:
    with pytest.raises(MissingData, match="drift of 63 sessions needs a reference of 126 at least, has 100"):
        drift(market(1, 63, 500), market(2, 100))
