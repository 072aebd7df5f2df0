"""Why a classifier says what it says of a row: what each feature adds to the log-odds, as LightGBM itself counts it."""

from dataclasses import dataclass

import numpy as np

from springback.forecasting.boosted import Boosted
from springback.forecasting.calibrated import Calibrated
from springback.forecasting.models import Classifier, FeatureRows, Probabilities


@dataclass(frozen=True, eq=False)
class Contributions:
    """What `features` (R, 8) add to the `base` (R,), log-odds: base and features together are those of the forest's own score.

    A model that was calibrated says `slope` times these log-odds plus `intercept`; 1 and 0 of one that was not.
    """

    features: Probabilities
    base: Probabilities
    slope: float = 1.0
    intercept: float = 0.0

    @property
    def log_odds(self) -> Probabilities:
        """Log-odds of the forest's own score, (R,)."""
        return np.asarray(self.base + self.features.sum(axis=1))


def contributions(classifier: Classifier, features: FeatureRows) -> Contributions | None:
    """The contributions to the score of each row (R, 8) of `features`; None of a classifier that knows none, scikit-learn's.

    They are Shapley values of the trees' own paths (Lundberg, Erion, Lee 2018, Consistent Individualized Feature Attribution for Tree
    Ensembles), rows rounded to float32 as the models are asked.
    """
    if isinstance(classifier, Calibrated):
        inner = contributions(classifier.classifier, features)
        return None if inner is None else Contributions(inner.features, inner.base, classifier.slope, classifier.intercept)
    if not isinstance(classifier, Boosted):
        return None
    parts = classifier.contributions(np.ascontiguousarray(features, dtype=np.float32))
    return Contributions(parts[:, :-1], parts[:, -1])
