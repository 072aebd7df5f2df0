"""A boosted forest of LightGBM, as a classifier that is pickled by its text."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lightgbm import Booster


class Boosted:
    """LightGBM's `Booster` behind scikit-learn's method. LightGBM's own `LGBMClassifier` of 4.6 warns at every prediction from an array
    under scikit-learn 1.6, and would bin the rows of each model anew.
    """

    def __init__(self, booster: "Booster") -> None:
        self.booster = booster

    def predict_proba(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float64]:  # noqa: N803 (scikit-learn's name)
        """Probability of class 0 and of class 1, (n, 2), for rows (n, 8). One thread: two models are asked side by side."""
        one = np.asarray(self.booster.predict(X, num_threads=1), dtype=np.float64)
        return np.column_stack([1.0 - one, one])

    def __getstate__(self) -> dict[str, str]:
        return {"text": self.booster.model_to_string()}

    def __setstate__(self, state: dict[str, str]) -> None:
        from lightgbm import Booster

        self.booster = Booster(model_str=state["text"], params={"verbosity": -1})
