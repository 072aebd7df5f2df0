"""Both estimators learn the same thing; the histogram one is LightGBM's own logistic loss to the tree."""

import time

import lightgbm
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from springback.errors import MissingData
from springback.training import Training
from springback.training.estimators import exact, fit, fit_pair, histogram, side_by_side, targets
from springback.training.rows import gather
from tests.training.schools import lessons, random_tape

ROWS = gather(*lessons(random_tape(21, reversal=0.15)), Training())
FEW = Training(trees=30)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads() -> None:
    one, two = (fit_pair(ROWS, Training(trees=10, threads=threads)) for threads in (1, 2))
    for left, right in zip(one, two, strict=True):
        np.testing.assert_array_equal(left.predict_proba(ROWS.features), right.predict_proba(ROWS.features))


def test_histogram_is_lightgbms_own_logistic_loss() -> None:
    rises = targets(ROWS)[0]
    knobs = {"objective": "binary", "max_depth": 4, "num_leaves": 16, "min_data_in_leaf": 1, "seed": 1, "num_threads": 1, "verbosity": -1}
    theirs = lightgbm.train(knobs, lightgbm.Dataset(ROWS.features, rises, params=knobs), num_boost_round=30)
    ours = histogram(ROWS.features, rises, FEW).predict_proba(ROWS.features)[:, 1]
    np.testing.assert_allclose(ours, theirs.predict(ROWS.features), atol=1e-5)


def test_histogram_and_exact_agree_where_there_is_something_to_learn() -> None:
    rises = targets(ROWS)[0]
    half = len(ROWS) // 2
    said = [make(ROWS.features[:half], rises[:half], FEW).predict_proba(ROWS.features[half:])[:, 1] for make in (histogram, exact)]
    scores = [roc_auc_score(rises[half:], one) for one in said]
    assert min(scores) > 0.53 and abs(scores[0] - scores[1]) < 0.02
    assert np.corrcoef(said)[0, 1] > 0.8


def test_probabilities_are_two_and_sum_to_one() -> None:
    said = histogram(ROWS.features, targets(ROWS)[1], FEW).predict_proba(ROWS.features)
    np.testing.assert_allclose(said.sum(axis=1), 1.0)
    assert ((said > 0) & (said < 1)).all()


def test_one_kind_only_is_refused() -> None:
    with pytest.raises(MissingData, match="both kinds are needed"):
        fit(ROWS, np.zeros(len(ROWS), dtype=np.bool_), FEW)
    with pytest.raises(MissingData, match="0 rows"):
        fit(ROWS.pick(slice(0, 0)), np.zeros(0, dtype=np.bool_), FEW)


def test_thinning_is_even_in_time() -> None:
    thin = ROWS.thinned(100)
    assert len(thin) == 100 and thin.session[0] == ROWS.session[0] and thin.session[-1] == ROWS.session[-1]
    assert np.ptp(np.diff(thin.session)) <= 1
    assert len(ROWS.thinned(0)) == len(ROWS)


def test_work_not_begun_is_dropped_when_one_fails() -> None:
    begun = []

    def work(task: int) -> int:
        begun.append(task)
        if task == 1:
            raise ValueError("stop")
        time.sleep(0.01)  # a fit takes its time: the caller hears of the failure long before the thousandth
        return task

    with pytest.raises(ValueError, match="stop"):
        list(side_by_side(work, range(1000), 1))
    assert len(begun) < 1000
