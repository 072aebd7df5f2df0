"""A small pair of real models for the shelf."""

import numpy as np

from springback.features import FEATURES
from springback.forecasting import Card, Models
from springback.training import Training
from springback.training.estimators import ESTIMATORS


def small_models(seed: int = 0, estimator: str = "histogram") -> Models:
    """Two models of 300 random rows."""
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(300, 8)).astype(np.float32)
    rises = draw.random(300) < 0.5
    card = Card(
        features=FEATURES,
        first="2018-01-02",
        last="2019-12-19",
        known_by="2019-12-31",
        rows=300,
        horizon=6,
        settings={"trees": 5, "estimator": estimator},
        seed=seed,
        fingerprint="0" * 64,
        created="2026-01-02T03:04:05+00:00",
        scores={"long_auc": 0.5, "short_auc": None},
    )
    fit = ESTIMATORS[estimator]
    return Models(fit(features, rises, Training(trees=5)), fit(features, ~rises, Training(trees=5)), card)


def complete_rows(count: int = 50) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Feature rows without a gap."""
    return np.random.default_rng(9).normal(size=(count, 8))
