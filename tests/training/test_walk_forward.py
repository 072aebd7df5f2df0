"""Walk-forward: a quarter's models know what was known before it, and an interrupted walk goes on."""

import dataclasses

import numpy as np
import pytest

from springback import features
from springback.forecasting import Card, Models
from springback.market.bars import Panel
from springback.market.market_data import MarketData
from springback.training import Training, WalkForward, WalkForwardResult, WalkOptions, walk_forward
from springback.training.rows import gather
from tests.training.schools import NOW, lessons, random_tape

FAST = Training(trees=8)
EARLY = WalkForward(min_sessions=100, policy="newest")
TAPE = random_tape(41, reversal=0.1)
PANELS = ("qpi", "p_long", "p_short", "adv")


@pytest.fixture(scope="module")
def walked() -> WalkForwardResult:
    """The walk that the others are compared with."""
    return walk_forward(*lessons(TAPE), FAST, EARLY, NOW)


def same_models(left: Models, right: Models, panel: Panel) -> bool:
    """Same lesson and same answers."""
    rows = panel[~np.isnan(panel).any(axis=2)]
    answers = zip(left.probabilities(rows), right.probabilities(rows), strict=True)
    return left.card.fingerprint == right.card.fingerprint and all(np.array_equal(*pair) for pair in answers)


def poisoned(market_data: MarketData, first: int) -> MarketData:
    """Every bar from row `first` on made up."""
    draw = np.random.default_rng(99)
    fields = {field: getattr(market_data.bars, field).copy() for field in ("open", "close", "volume")}
    for panel in fields.values():
        panel[first:] *= draw.uniform(0.2, 5.0, panel[first:].shape)
    return dataclasses.replace(market_data, bars=dataclasses.replace(market_data.bars, **fields))


def test_the_future_changes_nothing(walked: WalkForwardResult) -> None:
    """Poison all bars after an as-of session: its models, all before and the quarters forecast till then stay as they were."""
    as_of = list(walked.models)[1]
    row = TAPE.bars.row(as_of)
    other = poisoned(TAPE, row + 1)
    again = walk_forward(*lessons(other), FAST, EARLY, NOW)
    panel = features.panel(TAPE.bars, TAPE.actions)
    early = list(walked.models)[:2]
    assert all(same_models(walked.models[one], again.models[one], panel) for one in early)
    assert not same_models(walked.models[list(walked.models)[2]], again.models[list(walked.models)[2]], panel)
    for name in PANELS:
        before, after = getattr(walked.forecasts, name), getattr(again.forecasts, name)
        np.testing.assert_array_equal(before[: row + 1], after[: row + 1])


def test_a_bar_of_the_as_of_session_does_enter(walked: WalkForwardResult) -> None:
    """The guard is not too wide: the last close before the quarter decides the label of six sessions earlier."""
    as_of = next(iter(walked.models))
    again = walk_forward(*lessons(poisoned(TAPE, TAPE.bars.row(as_of))), FAST, EARLY, NOW)
    assert walked.models[as_of].card.fingerprint != again.models[as_of].card.fingerprint


def test_the_last_six_labels_before_a_quarter_do_not_enter(walked: WalkForwardResult) -> None:
    rows = gather(*lessons(TAPE), FAST)
    for as_of, models in walked.models.items():
        row = TAPE.bars.row(as_of)
        assert models.card.last == str(TAPE.bars.sessions[row - 6])
        assert models.card.rows == int((rows.session <= row - 6).sum())
        assert models.card.known_by == str(as_of)


def test_each_quarter_is_forecast_by_its_own_models(walked: WalkForwardResult) -> None:
    panel = features.panel(TAPE.bars, TAPE.actions)
    for fold, models in zip(walked.folds, walked.models.values(), strict=True):
        low, high = TAPE.bars.row(fold.first), TAPE.bars.row(fold.last)
        for row in (low, high):
            p_long, p_short = models.probabilities(panel[row])
            np.testing.assert_array_equal(walked.forecasts.p_long[row], p_long)
            np.testing.assert_array_equal(walked.forecasts.p_short[row], p_short)
    start = TAPE.bars.row(walked.folds[0].first)
    assert np.isnan(walked.forecasts.p_long[:start]).all() and not np.isnan(walked.forecasts.p_long[start:]).any()


def test_folds_tell_how_it_went(walked: WalkForwardResult) -> None:
    assert [fold.first for fold in walked.folds] == ["2018-07-02", "2018-10-01", "2019-01-01", "2019-04-01", "2019-07-01"]
    assert walked.folds[0].forecasts == 65 * 12 == walked.folds[0].long.rows
    assert walked.folds[-1].long.rows == walked.folds[-1].forecasts - 6 * 12  # labels not yet known
    assert all(0.3 < fold.long.auc < 0.9 for fold in walked.folds if fold.long.auc)


def test_start_and_end_bound_the_walk() -> None:
    start, end = np.datetime64("2019-02-04"), np.datetime64("2019-05-31")
    result = walk_forward(*lessons(TAPE), FAST, EARLY, NOW, WalkOptions(start=start, end=end))
    has = np.flatnonzero(~np.isnan(result.forecasts.p_long).all(axis=1))
    assert (TAPE.bars.sessions[has[0]], TAPE.bars.sessions[has[-1]]) == (start, end)
    assert [(fold.first, fold.last) for fold in result.folds] == [("2019-02-04", "2019-03-29"), ("2019-04-01", "2019-05-31")]


def test_an_interrupted_walk_goes_on(walked: WalkForwardResult) -> None:
    kept: dict[np.datetime64, Models] = {}

    def save(as_of: np.datetime64, models: Models) -> None:
        kept[as_of] = models
        if len(kept) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk_forward(*lessons(TAPE), FAST, EARLY, NOW, WalkOptions(save=save))
    asked: list[np.datetime64] = []

    def lookup(card: Card) -> Models | None:
        asked.append(np.datetime64(card.known_by))
        return kept.get(asked[-1])

    again = walk_forward(*lessons(TAPE), FAST, EARLY, "later", WalkOptions(lookup=lookup))
    assert asked == list(walked.models)
    assert [models.card.created for models in again.models.values()] == [NOW, NOW, "later", "later", "later"]
    for name in PANELS:
        np.testing.assert_array_equal(getattr(again.forecasts, name), getattr(walked.forecasts, name))


def test_models_of_another_lesson_are_not_reused(walked: WalkForwardResult) -> None:
    options = WalkOptions(lookup=lambda card: walked.models.get(np.datetime64(card.known_by)))
    again = walk_forward(*lessons(TAPE), dataclasses.replace(FAST, trees=9), EARLY, "later", options)
    other = walk_forward(*lessons(random_tape(42)), FAST, EARLY, "later", options)
    assert all(models.card.created == "later" for result in (again, other) for models in result.models.values())


def test_progress_counts_the_quarters() -> None:
    said: list[tuple[int, int, str]] = []
    walk_forward(*lessons(TAPE), Training(trees=2), EARLY, NOW, WalkOptions(progress=lambda *step: said.append(step)))
    assert [step[:2] for step in said] == [(k, 5) for k in range(1, 6)]


def test_noise_forecasts_nothing() -> None:
    """Independent names, no reversal: the mean AUC of the quarters is 0.5 within 3 standard errors."""
    sessions, names = 520, 30
    result = walk_forward(*lessons(random_tape(43, sessions=sessions, names=names)), Training(trees=30), EARLY, NOW)
    rows = sum(fold.long.rows for fold in result.folds)
    error = np.sqrt(1.0 / (3.0 * rows / 6))  # each label shares its steps with its 5 neighbours
    for side in ("long", "short"):
        scores = [getattr(fold, side).auc for fold in result.folds]
        assert abs(np.mean(scores) - 0.5) < 3 * error
