"""Calibrated scores: scikit-learn is the witness of the sigmoid, and the test never enters."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from springback.forecasting import model_store
from springback.forecasting.calibrated import Calibrated, log_odds
from springback.training import Training, WalkForward, train, walk_forward
from springback.training.calibration import platt
from springback.training.estimators import fit, targets
from springback.training.evaluate import auc
from springback.training.rows import gather
from springback.training.splits import split_by_time
from tests.training.schools import NOW, lessons, random_tape

CALIBRATED = Training(trees=20, scores="calibrated")
TAPE = random_tape(51, reversal=0.2)


def drawn(seed: int, rows: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    """Scores four times as far from one half, in log-odds, as what came true, and 0.3 too high."""
    draw = np.random.default_rng(seed)
    true = draw.normal(0, 0.3, rows)
    return 4 * true + 0.3, draw.random(rows) < 1 / (1 + np.exp(-true))


@pytest.mark.parametrize("seed", range(3))
def test_the_sigmoid_is_scikit_learns(seed: int) -> None:
    said, came_true = drawn(seed)
    witness = LogisticRegression(C=np.inf, tol=1e-10).fit(said[:, None], came_true)
    slope, intercept = platt(said, came_true)
    # Platt's targets are not 0 and 1 but a little inside: a thousandth of the numbers at this size.
    assert slope == pytest.approx(witness.coef_[0, 0], rel=5e-3) and slope == pytest.approx(0.25, abs=0.06)
    assert intercept == pytest.approx(witness.intercept_[0], abs=5e-3)


def test_two_scores_by_hand() -> None:
    """At log-odds 1 three of four came true, at -1 one of four: with Platt's targets 5/6 and 1/6 the means are 2/3 and 1/3."""
    said = np.array([1.0, 1, 1, 1, -1, -1, -1, -1])
    came_true = np.array([1, 1, 1, 0, 1, 0, 0, 0], dtype=bool)
    slope, intercept = platt(said, came_true)
    assert slope == pytest.approx(np.log(2)) and intercept == pytest.approx(0.0, abs=1e-9)


def test_a_reversed_ranking_is_not_turned_round() -> None:
    said, came_true = drawn(1)
    slope, intercept = platt(-said, came_true)
    assert slope == 0.0 and 1 / (1 + np.exp(-intercept)) == pytest.approx(came_true.mean(), abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_calibration_keeps_the_ranking_and_the_mean(seed: int) -> None:
    said, came_true = drawn(seed, 500)
    slope, intercept = platt(said, came_true)
    told = 1 / (1 + np.exp(-(slope * said + intercept)))
    assert told.mean() == pytest.approx(came_true.mean(), abs=5e-3)
    if slope > 0:
        assert auc(came_true, told) == auc(came_true, said)


def test_the_forest_learns_from_the_older_part_and_the_sigmoid_from_the_newer() -> None:
    rows = gather(*lessons(TAPE), CALIBRATED)
    rises = targets(rows)[0]
    whole = fit(rows, rises, CALIBRATED)
    assert isinstance(whole, Calibrated)
    older, newer = split_by_time(rows, CALIBRATED)
    assert older.known_at.max() + CALIBRATED.embargo <= newer.session.min()
    forest = fit(older, rises[: len(older)], dataclasses.replace(CALIBRATED, scores="raw"))
    np.testing.assert_array_equal(whole.classifier.predict_proba(rows.features), forest.predict_proba(rows.features))
    said = log_odds(forest.predict_proba(newer.features)[:, 1])
    assert (whole.slope, whole.intercept) == platt(said, targets(newer)[0])


@pytest.mark.slow
def test_on_noise_calibrated_scores_are_nearer_to_what_came_true_and_fire_less() -> None:
    brier, fired = np.zeros(2), np.zeros(2)
    for seed in range(4):
        lesson = lessons(random_tape(seed, sessions=900, names=30))
        for k, scores in enumerate(("raw", "calibrated")):
            told = train(*lesson, Training(trees=40, scores=scores), NOW).evaluation.long
            assert told.brier is not None
            brier[k] += told.brier
            fired[k] += told.fired
    assert brier[1] < brier[0] and fired[1] < fired[0] / 4


def test_calibrated_models_stand_on_the_shelf(tmp_path: Path) -> None:
    trained = train(*lessons(TAPE), CALIBRATED, NOW).models
    kept = model_store.save(trained, tmp_path)
    found = model_store.load(tmp_path)
    rows = np.random.default_rng(0).normal(size=(50, 8))
    np.testing.assert_array_equal(found.probabilities(rows), trained.probabilities(rows))
    assert found.card == kept.card and found.card.settings["scores"] == "calibrated"


def test_the_future_of_a_quarter_does_not_reach_its_sigmoid() -> None:
    """Every bar after the first as-of session made up: the pair of that session is the same."""
    walked = walk_forward(*lessons(TAPE), CALIBRATED, WalkForward(min_sessions=120), NOW)
    as_of = next(iter(walked.models))
    row = TAPE.bars.row(as_of)
    close = TAPE.bars.close.copy()
    close[row + 1 :] *= np.random.default_rng(9).uniform(0.2, 5.0, close[row + 1 :].shape)
    other = dataclasses.replace(TAPE, bars=dataclasses.replace(TAPE.bars, close=close))
    again = walk_forward(*lessons(other), CALIBRATED, WalkForward(min_sessions=120), NOW)
    for side in ("long", "short"):
        ours, theirs = (getattr(one.models[as_of], side) for one in (walked, again))
        assert (ours.slope, ours.intercept) == (theirs.slope, theirs.intercept)
