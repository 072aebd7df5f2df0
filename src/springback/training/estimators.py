"""The two estimators and the fitting of a pair. Their libraries are imported when a fit begins."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from springback.cluster import Cores
from springback.compiled import compiled
from springback.errors import MissingData
from springback.forecasting.boosted import Boosted
from springback.forecasting.calibrated import Calibrated, log_odds
from springback.forecasting.logistic import logistic
from springback.forecasting.models import Classifier
from springback.training.calibration import platt
from springback.training.rows import TrainingRows
from springback.training.splits import split_by_time
from springback.training.training_settings import Training

Features = NDArray[np.float32]
Target = NDArray[np.bool_]
Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
DIGITS = 12
"""Of the log-odds that a forest starts from: what the logarithms of two processors have in common."""


def exact(features: Features, target: Target, training: Training) -> Classifier:
    """scikit-learn's GradientBoostingClassifier: every distinct value may split. The estimator the strategy names.

    `features` (R, 8) float32 without NaN, `target` (R,).
    """
    from sklearn.ensemble import GradientBoostingClassifier

    forest = GradientBoostingClassifier(
        n_estimators=training.trees, max_depth=training.depth, learning_rate=training.learning_rate, random_state=training.seed
    )
    model: Classifier = forest.fit(features, target)
    return model


def histogram(features: Features, target: Target, training: Training) -> Classifier:
    """LightGBM: the same boosting on 255 bins a feature; `features` (R, 8) float32, `target` (R,).

    Leaves may be as small as in `exact` (one row), trees as deep and as full (2^depth leaves), every row and feature enters every tree,
    and nothing stops early. One thread a fit: the same bits on any number of cores, and long and short are fitted side by side;
    LightGBM's own two threads took 2 to 4 times as long whenever the machine was shared. Faster than scikit-learn's: docs/results.md.
    """
    import lightgbm

    share = float(target.mean())
    start = round(math.log(share / (1.0 - share)), DIGITS)
    knobs = {
        "objective": _pull,
        "learning_rate": training.learning_rate,
        "max_depth": training.depth,
        "num_leaves": 2**training.depth,
        "min_data_in_leaf": 1,
        "seed": training.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    binned = lightgbm.Dataset(features, target, init_score=np.full(len(target), start), params={**knobs, "objective": "none"})
    return Boosted(lightgbm.train(knobs, binned, num_boost_round=training.trees), start)


def _pull(scores: NDArray[np.float64], binned: Any) -> tuple[Features, Features]:
    """Gradient and hessian (R,) of the logistic loss at the log-odds `scores`, the same bits on every processor."""
    gradient, hessian = np.empty(len(scores), dtype=np.float32), np.empty(len(scores), dtype=np.float32)
    _pulled(scores, binned.get_label(), gradient, hessian)
    return gradient, hessian


@compiled
def _pulled(scores: NDArray[np.float64], target: Features, gradient: Features, hessian: Features) -> None:
    for row in range(len(scores)):
        probability = logistic(scores[row])
        gradient[row] = probability - target[row]
        hessian[row] = probability * (1.0 - probability)


ESTIMATORS: dict[str, Callable[[Features, Target, Training], Classifier]] = {"exact": exact, "histogram": histogram}


def fit(rows: TrainingRows, target: Target, training: Training) -> Classifier:
    """A classifier of `target` (R,) on the features of `rows`, calibrated if asked for. Raises `MissingData` if there is nothing to tell
    apart.
    """
    if len(rows) == 0 or target.all() or not target.any():
        raise MissingData(
            f"training: {len(rows)} rows, {int(target.sum())} of them with a move to that side: both kinds are needed; widen the window"
        )
    if training.scores == "raw":
        return ESTIMATORS[training.estimator](rows.features, target, training)
    older, newer = split_by_time(rows, training)
    raw = fit(older, target[: len(older)], replace(training, scores="raw"))
    said = log_odds(raw.predict_proba(newer.features)[:, 1])
    return Calibrated(raw, *platt(said, target[len(rows) - len(newer) :]))


def targets(rows: TrainingRows) -> tuple[Target, Target]:
    """(rises, falls), each (R,), of what the models learn; zero is neither."""
    return rows.learned > 0, rows.learned < 0


def side_by_side(work: Callable[[Task], Outcome], tasks: Iterable[Task], threads: int) -> Iterator[Outcome]:
    """`work` of each task in order, `threads` (0: one a core) at a time on this machine; see `cluster.Cores`."""
    return Cores(threads).each(lambda _, task: work(task), None, tasks)


def fit_pair(rows: TrainingRows, training: Training) -> tuple[Classifier, Classifier]:
    """(long, short) on the same rows, at the same time."""
    thin = rows.thinned(training.max_rows)
    long, short = side_by_side(lambda target: fit(thin, target, training), targets(thin), training.threads)
    return long, short
