"""A boosted forest of LightGBM, as a classifier that is pickled by its text."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from springback.forecasting.logistic import logistic

if TYPE_CHECKING:
    from lightgbm import Booster


MANY = 20_000
"""Rows from which on a second thread is worth its start."""


class Boosted:
    """LightGBM's `Booster` of log-odds above `start`, behind scikit-learn's method.

    LightGBM 4.6's own `LGBMClassifier` warns at every prediction from an array under scikit-learn 1.6.
    """

    def __init__(self, booster: "Booster", start: float) -> None:
        self.booster = booster
        self.start = start

    def predict_proba(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float64]:  # noqa: N803 (scikit-learn's name)
        """Probability of class 0 and of class 1, (R, 2) float64, for rows (R, 8). Many rows go over all cores; that changes no bit."""
        threads = 1 if len(X) < MANY else os.cpu_count() or 1
        above = np.asarray(self.booster.predict(X, raw_score=True, num_threads=threads), dtype=np.float64)
        one = logistic(self.start + above)
        return np.column_stack([1.0 - one, one])

    def contributions(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float64]:  # noqa: N803 (as above)
        """What each feature adds to the log-odds of rows (R, 8), and last what they begin with, (R, 9): together the log-odds."""
        parts = np.asarray(self.booster.predict(X, pred_contrib=True, num_threads=1), dtype=np.float64)
        parts[:, -1] += self.start
        return parts

    def __getstate__(self) -> dict[str, Any]:
        return {"text": self.booster.model_to_string(), "start": self.start}

    def __setstate__(self, state: dict[str, Any]) -> None:
        from lightgbm import Booster

        self.booster = Booster(model_str=state["text"], params={"verbosity": -1})
        self.start = state["start"]
