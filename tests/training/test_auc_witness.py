"""AUC from mid-ranks against scikit-learn's, ties and all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from springback.training.evaluate import auc


@given(st.integers(0, 10_000), st.integers(2, 300), st.integers(0, 3))
def test_auc_is_scikit_learns(seed: int, rows: int, digits: int) -> None:
    draw = np.random.default_rng(seed)
    probability = np.round(draw.random(rows), digits)
    came_true = draw.random(rows) < 0.5
    found = auc(came_true, probability)
    if came_true.all() or not came_true.any():
        assert found is None
    else:
        assert found is not None and abs(found - roc_auc_score(came_true, probability)) < 1e-12
