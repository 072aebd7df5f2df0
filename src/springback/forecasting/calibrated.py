"""A classifier whose scores were put on the scale of what came true."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.forecasting.logistic import logistic
from springback.forecasting.models import Classifier

LEAST = 1e-12


class Calibrated:
    """`classifier` with the log-odds of its scores times `slope` plus `intercept` (Platt 1999); a slope of 0 says the same of every row."""

    def __init__(self, classifier: Classifier, slope: float, intercept: float) -> None:
        self.classifier = classifier
        self.slope = slope
        self.intercept = intercept

    def predict_proba(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float64]:  # noqa: N803 (scikit-learn's name)
        """Probability of class 0 and of class 1, (R, 2) float64, for rows (R, 8)."""
        one = logistic(self.slope * log_odds(self.classifier.predict_proba(X)[:, 1]) + self.intercept)
        return np.column_stack([1.0 - one, one])


def log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(p / (1 - p)), (R,), finite: 0 and 1 are taken as 1e-12 from the end."""
    inner = np.clip(probability, LEAST, 1.0 - LEAST)
    return np.asarray(np.log(inner / (1.0 - inner)))
