"""How much each feature carries: the AUC that is lost when it is shuffled, whole blocks of dates at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.features import FEATURES
from springback.forecasting.models import Classifier
from springback.training.evaluate import auc
from springback.training.rows import TrainingRows

BLOCK = 20
REPEATS = 5
MOST_ROWS = 40_000


@dataclass(frozen=True)
class Importance:
    """AUC lost by shuffling one feature: mean over the repeats and their standard deviation. Near zero or below: it carries nothing."""

    feature: str
    auc_lost: float
    spread: float


def importance(model: Classifier, came_true: NDArray[np.bool_], rows: TrainingRows, seed: int) -> tuple[Importance, ...]:
    """Permutation importance of the 8 features, by blocks of 20 sessions; empty when the AUC is not defined. `came_true` (R,).

    Rows of a block keep their order and the blocks change places, so a shuffled feature keeps its own runs in time: rows of one day are not
    independent, and shuffling them one by one would call a feature that only marks the day important. At most 40,000 rows, evenly taken.
    """
    which = np.arange(len(rows)) if len(rows) <= MOST_ROWS else np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64)
    sample, outcome = rows.pick(which), came_true[which]
    whole = auc(outcome, model.predict_proba(sample.features)[:, 1])
    if whole is None:
        return ()
    draw = np.random.default_rng(seed)
    orders = [_blocks_shuffled(sample.session, draw) for _ in range(REPEATS)]
    lost = np.array([[whole - _shuffled_auc(model, sample, outcome, k, order) for order in orders] for k in range(len(FEATURES))])
    return tuple(Importance(name, float(drops.mean()), float(drops.std(ddof=1))) for name, drops in zip(FEATURES, lost, strict=True))


def _shuffled_auc(model: Classifier, rows: TrainingRows, outcome: NDArray[np.bool_], column: int, order: NDArray[np.int64]) -> float:
    features = rows.features.copy()
    features[:, column] = features[order, column]
    return auc(outcome, model.predict_proba(features)[:, 1]) or 0.0


def _blocks_shuffled(session: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.int64]:
    """Row numbers with blocks of `BLOCK` consecutive sessions in random order."""
    number = np.unique(session, return_inverse=True)[1] // BLOCK
    blocks = np.split(np.arange(len(session)), np.flatnonzero(np.diff(number)) + 1)
    return np.concatenate([blocks[k] for k in draw.permutation(len(blocks))])
