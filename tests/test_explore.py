"""The tables of the notebook against pandas, scikit-learn and the package's own steps."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

import springback as sb
from springback import settings
from springback.notebook import explore
from springback.training.rows import QPI
from springback.training.train import Trained

SMALL = ("demo.names=40", "demo.start='2018-01-02'", "demo.end='2020-06-30'", "training.trees=10", "demo.shocks=2")


@pytest.fixture(scope="module")
def chosen() -> sb.Settings:
    return settings.load(sb.Settings, [], list(SMALL))


@pytest.fixture(scope="module")
def world(chosen: sb.Settings) -> sb.PreparedData:
    market_data, digest = explore.market(chosen, Path("no such store"))
    return sb.prepare(market_data, chosen, digest)


@pytest.fixture(scope="module")
def trained(world: sb.PreparedData, chosen: sb.Settings) -> Trained:
    return sb.train(world, chosen)


def test_a_store_in_the_working_folder_comes_before_the_demo(world: sb.PreparedData, chosen: sb.Settings, tmp_path: Path) -> None:
    sb.fetch(world.market_data.until(300), tmp_path / "store")
    market_data, digest = explore.market(chosen, tmp_path / "store")
    assert market_data.bars.shape[0] == 300 and len(digest) == 64


def test_home_is_where_the_settings_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notebooks" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks" / "deep")
    assert explore.home() == Path.cwd()
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "default.toml").touch()
    assert explore.home() == tmp_path.resolve()


def test_the_buckets_are_those_of_pandas(world: sb.PreparedData, chosen: sb.Settings) -> None:
    rows = explore.labelled(world, chosen)
    table = explore.by_qpi(rows, 1)
    cut = pd.cut(rows.features[:, QPI].astype(np.float64), list(explore.EDGES), right=False, labels=False)
    last = len(explore.EDGES) - 2
    bucket = pd.Series(cut).fillna(last)  # 100 itself is in the last one
    groups = pd.Series(rows.forward).groupby(bucket)
    found = groups.agg(["size", "mean"])
    at = found.index.astype(int)
    assert np.array_equal(table["rows"].to_numpy()[at], found["size"]) and np.allclose(
        table["mean"].to_numpy()[at], found["mean"], rtol=1e-12
    )
    assert np.allclose(table["naive"].to_numpy()[at], 1.96 * groups.sem())
    assert table["everyone"].iloc[0] == pytest.approx(rows.forward.mean())


def test_a_band_holds_its_mean_and_is_wider_than_independent_rows_would_give(world: sb.PreparedData, chosen: sb.Settings) -> None:
    table = explore.by_qpi(explore.labelled(world, chosen), 1)
    full = table[table["rows"] > 500]
    assert len(full) >= 4
    assert ((full["band_low"] < full["mean"]) & (full["mean"] < full["band_high"])).all()
    assert ((full["band_high"] - full["band_low"]) / 2 > full["naive"]).all()
    assert explore.by_qpi(explore.labelled(world, chosen), 1).equals(table)


def test_the_exam_is_the_one_that_the_models_were_judged_by(world: sb.PreparedData, chosen: sb.Settings, trained: Trained) -> None:
    exam = explore.examine(world, trained, chosen)
    assert len(exam.rows) == trained.evaluation.test_rows
    for (_, came_true, said), judged in zip(exam.sides(), (trained.evaluation.long, trained.evaluation.short), strict=True):
        assert roc_auc_score(came_true, said) == pytest.approx(judged.auc)


def test_the_curve_is_that_of_scikit_learn(world: sb.PreparedData, chosen: sb.Settings, trained: Trained) -> None:
    exam = explore.examine(world, trained, chosen)
    curve = explore.roc(exam)
    for side, came_true, said in exam.sides():
        part = curve[curve["side"] == side]
        false, true, _ = roc_curve(came_true, said, drop_intermediate=False)
        known = set(zip(false.round(12), true.round(12), strict=True))
        assert set(zip(part["false_rate"].round(12), part["true_rate"].round(12), strict=True)) <= known
        assert tuple(part.iloc[0, 1:]) == (0.0, 0.0) and tuple(part.iloc[-1, 1:]) == (1.0, 1.0)


def test_months_are_months_of_the_exam(world: sb.PreparedData, chosen: sb.Settings, trained: Trained) -> None:
    months = explore.auc_by_month(explore.examine(world, trained, chosen))
    assert set(months["side"]) == {"long", "short"}
    assert months["period"].min() >= trained.evaluation.test_first[:7] and months["period"].max() <= trained.evaluation.test_last[:7]


def test_days_count_the_names_past_the_marks(world: sb.PreparedData, chosen: sb.Settings) -> None:
    days = explore.days(world, chosen)
    assert len(days) == world.market_data.bars.shape[0] and days["level"].iloc[0] == 1.0
    qpi = world.features[300, world.eligible[300], QPI]
    assert days["low"].iloc[300] == (qpi < 15).sum() and days["high"].iloc[300] == (qpi > 85).sum()
    assert explore.typical(world, chosen) in world.market_data.bars.symbols


def test_a_close_without_a_split_is_the_one_that_was_printed(world: sb.PreparedData) -> None:
    market_data = world.market_data
    plain = next(k for k in range(market_data.bars.shape[1]) if not (market_data.actions.name[market_data.actions.kind == 1] == k).any())
    frame = explore.name_days(world, market_data.bars.symbols[plain])
    assert np.array_equal(frame["close"].to_numpy(), market_data.bars.close[:, plain], equal_nan=True)


def test_a_fail_stands_in_the_table(chosen: sb.Settings, trained: Trained) -> None:
    table = explore.judged(trained.evaluation, chosen)
    worst = min(trained.evaluation.long.auc or 0.0, trained.evaluation.short.auc or 0.0)
    assert table.loc["AUC", "gate"].endswith("PASS" if worst > 0.6 else "FAIL")
    assert list(explore.splits(trained.evaluation)["random"]) == list(trained.evaluation.random_split_auc)
