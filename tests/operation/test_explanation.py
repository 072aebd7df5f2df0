"""Why each order was given: contributions add up to the score, an exit's numbers are those that its rule compared."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from springback.features import FEATURES
from springback.forecasting.contributions import contributions
from springback.forecasting.logistic import logistic
from springback.operation.desk_folder import DeskFolder
from springback.operation.explanation import ExitWhy, explained
from springback.training import Training
from tests.forecasting.shelves import complete_rows, small_models
from tests.operation import desks

QUICK = Training(trees=20, depth=3)


@pytest.mark.parametrize("scores", ["raw", "calibrated"])
def test_contributions_add_up_to_the_log_odds_of_the_score(scores: str) -> None:
    models, rows = desks.pair(replace(QUICK, scores=scores)), complete_rows(30)
    for classifier, probability in zip((models.long, models.short), models.probabilities(rows), strict=True):
        known = contributions(classifier, rows)
        assert known is not None and known.features.shape == (30, 8)
        assert (known.slope == 1.0) == (scores == "raw")
        np.testing.assert_allclose(logistic(known.slope * known.log_odds + known.intercept), probability, atol=1e-7)
        assert np.ptp(known.log_odds) > 0.1


def test_scikit_learns_forest_knows_no_contributions() -> None:
    assert contributions(small_models(estimator="exact").long, complete_rows(3)) is None


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> DeskFolder:
    return desks.freeze_evenings(tmp_path_factory.mktemp("desk") / "desk", 10)


def test_an_entry_is_explained_by_what_was_frozen(desk: DeskFolder) -> None:
    pair = desks.pair()
    count = 0
    for decision in desk.decisions():
        said = decision.forecasts().set_index("symbol")
        orders = decision.orders()
        orders = orders[orders["reason"] == "entry"].set_index("symbol")
        found = explained(decision, pair).entries
        assert [one.symbol for one in found] == list(orders.index)
        for one in found:
            assert (one.rank, one.score) == (orders.loc[one.symbol, "rank"], orders.loc[one.symbol, "score"])
            assert one.base is not None and one.log_odds is not None and not one.calibrated and one.absent == ""
            added = [part.contribution for part in one.parts]
            assert one.base + sum(added) == pytest.approx(one.log_odds)  # type: ignore[arg-type]
            assert logistic(one.log_odds) == pytest.approx(one.score, abs=1e-7)
            assert added == sorted(added, key=lambda part: -abs(part or 0.0))
            for part in one.parts:
                assert part.value == said.loc[one.symbol, part.name]
                assert part.median == np.median(said[part.name])
            assert {part.name for part in one.parts} == set(FEATURES)
            count += 1
    assert count > 20


def test_what_has_no_contributions_says_why(desk: DeskFolder) -> None:
    decision = desk.decision(desk.sessions()[0])
    (nobody, exact) = (explained(decision, one).entries for one in (None, small_models(estimator="exact")))
    assert {one.absent for one in nobody} == {"no_model"} and {one.absent for one in exact} == {"no_contributions"}
    assert all(one.base is None and one.parts[0].contribution is None and one.parts[0].name == FEATURES[0] for one in (*nobody, *exact))


def test_a_calibrated_score_says_that_its_contributions_are_of_the_forests_own(tmp_path: Path) -> None:
    pair = desks.pair(replace(QUICK, scores="calibrated"))
    settings = replace(desks.SETTINGS, strategy=replace(desks.SETTINGS.strategy, probability=0.2))
    desk = desks.freeze_evenings(tmp_path / "desk", 2, models={"one": pair}, settings=settings)
    (why, *_) = explained(desk.decision(), pair).entries
    assert why.calibrated and why.log_odds is not None and why.slope is not None and why.intercept is not None
    assert logistic(why.slope * why.log_odds + why.intercept) == pytest.approx(why.score, abs=1e-7)


def holds(why: ExitWhy) -> bool:
    """Whether the numbers of an exit give its reason."""
    assert why.level is not None
    passed = why.close < why.level if why.side == "long" else why.close > why.level
    return passed if why.stopped else why.reason == "time_stop" and why.age >= why.limit and not passed


def test_an_exits_numbers_give_its_reason(tmp_path: Path) -> None:
    settings = replace(desks.SETTINGS, strategy=replace(desks.SETTINGS.strategy, stop_loss=0.04))
    desk = desks.freeze_evenings(tmp_path / "desk", 12, settings=settings)
    found = [why for one in desk.decisions() for why in explained(one, None).exits]
    assert {one.reason for one in found} == {"stop_loss", "time_stop"} and {one.side for one in found} == {"long", "short"}
    assert all(map(holds, found))
