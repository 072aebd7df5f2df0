"""A forecaster, and the pair of trained classifiers that is one."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from springback.features import FEATURES
from springback.forecasting.card import Card

Probabilities = NDArray[np.float64]
FeatureRows = NDArray[np.floating[Any]]


class Classifier(Protocol):
    """What scikit-learn and LightGBM agree on."""

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[np.float64]:  # noqa: N803 (their name)
        """Probability of class 0 and of class 1, (R, 2), of rows (R, 8) float32."""
        ...


class Forecaster(Protocol):
    """The door to a model: anything that turns complete feature rows into two probabilities."""

    def probabilities(self, features: FeatureRows) -> tuple[Probabilities, Probabilities]:
        """P(close is higher at the horizon) and P(it is lower), each (R,), in 0..1, for rows (R, 8) without NaN; a row's values do not
        depend on the rows beside it.
        """
        ...


@dataclass(frozen=True, eq=False)
class Models:
    """The long and the short classifier and their card."""

    long: Classifier
    short: Classifier
    card: Card

    def probabilities(self, features: FeatureRows) -> tuple[Probabilities, Probabilities]:
        """P(close is higher at the horizon) and P(it is lower), each (R,), for complete rows (R, 8) in the order of `FEATURES`.

        The rows are rounded to float32 first, as they were for training: both sides of a tree's threshold stay what they were.
        """
        rows = np.ascontiguousarray(features, dtype=np.float32).reshape(-1, len(FEATURES))
        if len(rows) == 0:
            return np.empty(0), np.empty(0)
        return self.long.predict_proba(rows)[:, 1], self.short.predict_proba(rows)[:, 1]
