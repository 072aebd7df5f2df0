"""A model is a function of the labels known by its session: poison those it cannot know, and its very bytes stay what they were."""

import dataclasses
import hashlib
import io

import joblib
import numpy as np

from springback.training import Training
from springback.training.rows import TrainingRows, gather
from springback.training.train import fit_models
from tests.training.schools import NOW, lessons, random_tape

TAPE, ELIGIBLE, PANEL = lessons(random_tape(17, sessions=220, names=8))
KNOBS = Training(trees=6, threads=1)
AS_OF = 200


def model_hash(rows: TrainingRows) -> str:
    """SHA-256 of the pair as it would lie on the shelf, trained as of session `AS_OF`."""
    models = fit_models(rows.known_by(AS_OF), TAPE.bars.sessions, KNOBS, AS_OF, NOW)
    file = io.BytesIO()
    joblib.dump((models.long, models.short, models.card), file)
    return hashlib.sha256(file.getvalue()).hexdigest()


def turned(rows: TrainingRows, first: int, end: int) -> TrainingRows:
    """The same rows with every label of the sessions `first <= session < end` turned round."""
    poisoned = (rows.session >= first) & (rows.session < end)
    assert poisoned.any()
    return dataclasses.replace(rows, forward=np.where(poisoned, -rows.forward, rows.forward))


def test_poisoned_labels_of_the_last_six_sessions_leave_the_models_hash_alone() -> None:
    rows = gather(TAPE, ELIGIBLE, PANEL, KNOBS)
    truth = model_hash(rows)
    assert model_hash(turned(rows, AS_OF - 5, AS_OF + 1)) == truth
    assert model_hash(turned(rows, AS_OF - 5, 220)) == truth, "and so do all later ones"
    assert model_hash(turned(rows, AS_OF - 6, AS_OF - 5)) != truth, "the newest label that is known does enter"


def test_every_row_says_when_its_label_is_known() -> None:
    rows = gather(TAPE, ELIGIBLE, PANEL, KNOBS)
    np.testing.assert_array_equal(rows.known_at, rows.session + 6)
    assert rows.known_by(AS_OF).known_at.max() == AS_OF
