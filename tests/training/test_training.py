"""Training finds what is there, and nothing where there is nothing."""

import dataclasses
import json

import numpy as np
import pytest

from springback.features import FEATURES
from springback.training import Trained, Training, train
from springback.training.evaluate import auc_by_day, complement_correlation, judge, reliability
from springback.training.rows import gather
from tests.training.schools import NOW, lessons, random_tape


@pytest.fixture(scope="module")
def trained() -> Trained:
    """Trained where a fifth of each 3-session move comes back."""
    return train(*lessons(random_tape(31, sessions=700, names=20, reversal=0.2)), Training(trees=40), NOW)


def test_reversal_is_found(trained: Trained) -> None:
    told = trained.evaluation
    assert told.long.auc is not None and told.short.auc is not None
    assert told.long.auc > 0.55 and told.short.auc > 0.55
    assert told.long.auc_by_day == pytest.approx(told.long.auc, abs=0.03)
    assert told.mirror is not None and told.mirror > 0.8


def test_evaluation_is_json_and_its_parts_add_up(trained: Trained) -> None:
    told = trained.evaluation
    assert json.loads(json.dumps(dataclasses.asdict(told)))["long"]["rows"] == told.test_rows
    assert sum(one.rows for one in told.long.reliability) == told.test_rows
    assert [one.feature for one in told.importance_long] == list(FEATURES)
    assert told.train_last < told.test_first
    assert told.random_split_auc[0] is not None


def test_the_card_tells_the_training(trained: Trained) -> None:
    card = trained.models.card
    assert card.features == FEATURES and card.created == NOW and card.seed == 1 and card.horizon == 6
    assert (card.first, card.last, card.rows) == (
        trained.evaluation.train_first,
        trained.evaluation.train_last,
        trained.evaluation.train_rows,
    )
    assert card.last < card.known_by < trained.evaluation.test_first
    assert card.scores["long_auc"] == trained.evaluation.long.auc


def test_training_again_gives_the_same(trained: Trained) -> None:
    again = train(*lessons(random_tape(31, sessions=700, names=20, reversal=0.2)), Training(trees=40), NOW)
    assert again.evaluation == trained.evaluation
    assert again.models.card == trained.models.card


def test_progress_is_told_in_order() -> None:
    said: list[tuple[int, int, str]] = []
    train(*lessons(random_tape(33)), Training(trees=3), NOW, lambda *step: said.append(step))
    assert [done for done, _, _ in said] == [0, 1, 2, 3, 4] and said[-1][2] == "trained"


@pytest.mark.parametrize("seed", range(3))
def test_the_purged_split_finds_nothing_in_noise_and_the_canary_is_alive(seed: int) -> None:
    """pitfalls.md, 1: names that move together and overlapping labels; a session's neighbours in a random split tell its label.

    Purged, the mean AUC within a day is 0.5; its standard error is that of independent days, widened by sqrt(6) because a label shares
    steps with those of the 5 sessions beside it. The random split must exceed what that allows: the canary is alive.
    """
    market_data = random_tape(seed, sessions=800, names=40)
    common = np.exp(np.cumsum(np.random.default_rng(seed + 100).normal(0.0, 0.02, (800, 1)), axis=0))
    bars = dataclasses.replace(market_data.bars, close=market_data.bars.close * common)
    told = train(*lessons(dataclasses.replace(market_data, bars=bars)), Training(), NOW).evaluation
    for side, random in zip((told.long, told.short), told.random_split_auc, strict=True):
        assert side.auc_by_day is not None and side.auc_by_day_error is not None and random is not None
        error = side.auc_by_day_error * np.sqrt(6)
        assert abs(side.auc_by_day - 0.5) < 3 * error
        assert random > 0.53


def test_judging_by_hand() -> None:
    """Four rows of two days, qpi below 15 in the first and third."""
    market_data, eligible, panel = lessons(random_tape(1, sessions=60, names=2))
    rows = gather(market_data, eligible, panel, Training()).pick(slice(0, 4))
    features = rows.features.copy()
    features[:, 0] = (10, 50, 12, 90)
    rows = dataclasses.replace(
        rows, features=features, forward=np.array([0.02, -0.01, -0.03, 0.0]), tradable=np.array([0.01, 0, np.nan, 0])
    )
    long, short = judge(rows, np.array([0.9, 0.7, 0.65, 0.2]), np.array([0.1, 0.8, 0.3, 0.7]), Training())
    assert (long.fired, long.signals, long.signal_precision) == (3, 2, 0.5) and long.precision == pytest.approx(1 / 3)
    assert long.signal_return == pytest.approx(-0.005) and long.signal_tradable == pytest.approx(0.01)
    assert (long.base_rate, long.accuracy, long.auc) == (0.25, 0.5, 1.0)
    assert long.brier == pytest.approx((0.1**2 + 0.7**2 + 0.65**2 + 0.2**2) / 4)
    assert (short.base_rate, short.signals, short.signal_return) == (0.5, 1, 0.0)
    assert long.auc_by_day == 1.0 and long.auc_by_day_error is None  # only the first day has both kinds


def test_nothing_to_judge_is_none() -> None:
    empty = np.empty(0)
    assert all(one.rows == 0 and one.came_true is None for one in reliability(np.empty(0, dtype=np.bool_), empty))
    assert len(auc_by_day(np.empty(0, dtype=np.bool_), empty, np.empty(0, dtype=np.int64))) == 0
    assert complement_correlation(empty, empty) is None
