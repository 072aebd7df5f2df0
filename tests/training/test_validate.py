"""The judgement against other libraries, its intervals against truth, and the laws of cuts and folds."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, roc_auc_score

from springback.statistics.significance import block_rows
from springback.training import Training
from springback.training.judgement import Judgement
from springback.training.rows import TrainingRows
from springback.training.training_settings import Validation
from springback.validation.cuts import DOLLAR_PARTS, PRICE_PARTS, Cut, cuts
from springback.validation.validate import Judgeable, Resample, validate
from tests.training.schools import random_tape, weekdays

SETTINGS = Validation(draws=500, block=5)


def resample(count: int) -> NDArray[np.int64]:
    return block_rows(count, SETTINGS.draws, SETTINGS.block, np.random.default_rng(1))


def rows_and_said(seed: int, skill: float = 0.0, days: int = 90, names: int = 25) -> tuple[TrainingRows, Any, Any]:
    """Rows of independent returns, and probabilities of which `skill` is truth."""
    draw = np.random.default_rng(seed)
    session = np.repeat(np.arange(days), names)
    forward = draw.normal(0.0, 0.03, len(session))
    forward[draw.random(len(session)) < 0.02] = 0.0
    forward[:names] = 0.01  # a session on which everything rose
    long, short = (1 / (1 + np.exp(-(sign * skill * forward / 0.03 + draw.normal(0.0, 0.5, len(session))))) for sign in (1, -1))
    long, short = np.round(long, 2), np.round(short, 2)  # ties
    name = np.tile(np.arange(names), days)
    rows = TrainingRows(np.zeros((len(session), 8), np.float32), forward, np.full(len(session), np.nan), session, name, session + 6)
    return rows, long, short


def judged(
    rows: TrainingRows, long: Any, short: Any, cut: tuple[Cut, ...] = (), folds: Cut | None = None, by: Resample = resample
) -> Judgement:
    folds = folds or Cut("quarter", ("one",), np.zeros(len(rows), dtype=np.int64))
    said = np.atleast_2d(long), np.atleast_2d(short)
    return validate("walk-forward", Judgeable(rows, *said, weekdays(2000), folds, cut), Training(), SETTINGS, by, (0.6, 0.6))


@pytest.mark.parametrize("skill", [0.0, 0.5])
def test_every_figure_is_what_other_libraries_say(skill: float) -> None:
    rows, long, short = rows_and_said(3, skill)
    found = judged(rows, long, short)
    for side, p, direction in ((found.whole.long, long, 1.0), (found.whole.short, short, -1.0)):
        true = direction * rows.forward > 0
        days = [rows.session == day for day in range(90)]
        both = [day for day in days if true[day].any() and not true[day].all()]
        assert side.base_rate == pytest.approx(true.mean())
        assert side.auc.value == pytest.approx(roc_auc_score(true, p), abs=2e-5)
        assert side.auc_by_day.value == pytest.approx(np.mean([roc_auc_score(true[day], p[day]) for day in both]), abs=1e-12)
        daily = [spearmanr(p[day], direction * rows.forward[day]).statistic for day in days[1:]]
        assert side.rank_ic.value == pytest.approx(np.mean(daily), abs=1e-12)
        assert side.accuracy.value == pytest.approx(accuracy_score(true, p > 0.5))
        assert side.precision.value == pytest.approx(precision_score(true, p > 0.6))
        assert side.fired == int((p > 0.6).sum())
        brier = brier_score_loss(true, p)
        assert side.brier.value == pytest.approx(brier)
        assert side.brier_skill.value == pytest.approx(1 - brier / brier_score_loss(true, np.full(len(p), true.mean())))
    both_sides = [spearmanr((long - short)[rows.session == day], rows.forward[rows.session == day]).statistic for day in range(1, 90)]
    assert found.whole.rank_ic.value == pytest.approx(np.mean(both_sides), abs=1e-12)
    assert np.isnan(found.days.rank_ic[0]), "a session on which all returns are equal has no rank"
    np.testing.assert_allclose(found.days.rank_ic[1:], both_sides, atol=1e-12)
    assert found.mirror == pytest.approx(np.corrcoef(long, 1 - short)[0, 1])


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    rows, long, short = rows_and_said(4, days=400)
    one_day = partial(block_rows, draws=2000, block=1, rng=np.random.default_rng(2))
    found = judged(rows, long, short, by=one_day).whole.rank_ic
    assert found.error is not None and found.low is not None and found.high is not None
    assert found.error == pytest.approx(1 / np.sqrt(24) / np.sqrt(400), rel=0.1), "Spearman's error of 25 independent pairs"
    assert found.high - found.low == pytest.approx(2 * 1.96 * found.error, rel=0.1)


def test_the_interval_holds_zero_for_19_of_20_coins() -> None:
    inside = [not judged(*rows_and_said(seed)).whole.rank_ic.excludes(0.0) for seed in range(60)]
    assert np.mean(inside) > 0.85
    assert judged(*rows_and_said(1, skill=0.3)).whole.rank_ic.excludes(0.0)


def test_overlapping_labels_widen_an_interval_by_blocks_and_not_one_by_day() -> None:
    draw = np.random.default_rng(8)
    days, names, horizon = 300, 20, 6
    step = draw.normal(0.0, 0.02, (days + horizon, names))
    forward = np.array([step[day + 1 : day + 1 + horizon].sum(axis=0) for day in range(days)]).ravel()
    liking = np.repeat(draw.normal(0.0, 1.0, (days // 50, names)), 50, axis=0).ravel()
    p = 1 / (1 + np.exp(-liking))
    session, name = np.repeat(np.arange(days), names), np.tile(np.arange(names), days)
    rows = TrainingRows(np.zeros((len(p), 8), np.float32), forward, forward, session, name, session + horizon)
    errors = [
        judged(rows, p, 1 - p, by=partial(block_rows, draws=1000, block=block, rng=np.random.default_rng(1))).whole.rank_ic.error
        for block in (1, 20)
    ]
    assert errors[1] > 1.6 * errors[0], errors  # type: ignore[operator]


def test_a_cut_divides_the_rows_and_each_part_is_judged_as_if_alone() -> None:
    market_data = random_tape(9, sessions=150, names=40)
    rows, long, short = rows_and_said(5, 0.2, days=90, names=40)
    rows = TrainingRows(rows.features, rows.forward, rows.tradable, rows.session + 50, rows.name, rows.known_at + 50)
    bear = np.zeros(150, dtype=np.bool_)
    bear[60:100] = True
    made = cuts(rows, market_data.bars, bear)
    assert [cut.name for cut in made] == ["year", "regime", "liquidity", "price"]
    found = judged(rows, long, short, made)
    for cut in made:
        parts = [part for part in found.parts if part.cut == cut.name]
        assert sum(part.rows for part in parts) == len(rows)
        for part in parts:
            which = cut.label == cut.parts.index(part.name)
            alone = judged(rows.pick(which), long[which], short[which]).whole
            assert (alone.rows, alone.sessions) == (part.rows, part.sessions)
            assert alone.rank_ic == part.rank_ic and alone.long.auc_by_day == part.long.auc_by_day
            assert alone.long.precision == part.long.precision
    regime = {part.name: part for part in found.parts if part.cut == "regime"}
    assert regime["bear"].rows == 40 * 40 and regime["bull"].rows == 50 * 40


def test_buckets_by_hand() -> None:
    market_data = random_tape(9, sessions=150, names=40)
    rows, _, _ = rows_and_said(5, days=90, names=40)
    price = cuts(rows, market_data.bars, np.zeros(150, dtype=np.bool_))[3]
    for label, close in zip(price.label, market_data.bars.close[rows.session, rows.name], strict=True):
        expected = PRICE_PARTS[0] if close <= 5 else PRICE_PARTS[1] if close <= 20 else PRICE_PARTS[2] if close <= 100 else PRICE_PARTS[3]
        assert price.parts[label] == expected
    assert len(DOLLAR_PARTS) == len(PRICE_PARTS) == 4


def test_more_paths_are_the_mean_of_them() -> None:
    rows, long, short = rows_and_said(6, 0.2)
    _, other_long, other_short = rows_and_said(7, 0.2)
    both = judged(rows, np.stack([long, other_long]), np.stack([short, other_short]))
    apart = [judged(rows, long, short), judged(rows, other_long, other_short)]
    for name in ("auc", "auc_by_day", "rank_ic", "accuracy", "brier"):
        expected = np.mean([getattr(one.whole.long, name).value for one in apart])
        assert getattr(both.whole.long, name).value == pytest.approx(expected, abs=1e-12), name
    assert both.paths == 2 and both.whole.rows == apart[0].whole.rows


def test_too_little_is_said_not_guessed() -> None:
    rows, long, short = rows_and_said(3, days=10)
    found = judged(rows, long, short).whole
    assert found.rank_ic.value is not None and found.rank_ic.low is None and found.rank_ic.error is None
    rows, long, short = rows_and_said(3, names=5)
    found = judged(rows, long, short).whole
    assert found.sessions == 0 and found.rank_ic.value is None and found.long.auc.value is not None
    quiet = judged(rows, np.full(len(rows), 0.5), np.full(len(rows), 0.5)).whole.long
    assert quiet.fired == 0 and quiet.precision.value is None and quiet.auc.value == 0.5
