"""Forecasts are found again only where every single thing they were made of is the same; then they are the same to the last bit."""

import dataclasses
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import springback
from springback import settings
from springback.forecasting.archive import read_timeline, write_timeline
from springback.market.quarantine import Span
from springback.workflow import forecast_cache, forecasts
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import PreparedData, prepare_world
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo

FEW = ("demo.names=60", "demo.start=2019-01-02", "demo.end=2020-12-31", "training.trees=5", "walk_forward.months=6")
SPAN = ("backtest.start=2020-07-01", "backtest.end=2020-12-31")


@pytest.fixture(scope="module")
def chosen() -> Settings:
    return settings.load(Settings, [], [*FEW, *SPAN])


@pytest.fixture(scope="module")
def made(chosen: Settings) -> PreparedData:
    return prepare_world(draw_demo(chosen), chosen)


@pytest.fixture
def models(made: PreparedData, chosen: Settings, tmp_path: Path) -> Path:
    forecasts.forecasts_for(chosen, made, forecasts.Choice(tmp_path))
    return tmp_path


def test_the_same_bits_without_a_walk(made: PreparedData, chosen: Settings, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walked = forecast_walk_forward(made, chosen, models).forecasts
    monkeypatch.setattr(forecasts, "forecast_walk_forward", lambda *_: pytest.fail("walked again"))
    found = forecasts.forecasts_for(chosen, made, forecasts.Choice(models, "walk-forward"))
    for name in ("qpi", "p_long", "p_short", "adv"):
        np.testing.assert_array_equal(getattr(found.forecasts, name), getattr(walked, name))
    assert found.words.startswith("walk-forward") and not found.in_sample


def other_data(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    return dataclasses.replace(made, hash="another"), chosen


def quarantined(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    return dataclasses.replace(
        made, market_data=dataclasses.replace(made.market_data, quarantine=(Span(made.market_data.bars.symbols[0]),))
    ), chosen


def other_knob(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    return made, settings.load(Settings, [], [*FEW, *SPAN, "universe.min_price=2"])


def touched_model(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    file = next(folder.parent.glob("archive/*/*.pkl"))
    file.write_bytes(file.read_bytes() + b"x")
    return made, chosen


def touched_timeline(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    timeline = read_timeline(folder)
    assert timeline is not None
    write_timeline(folder, dataclasses.replace(timeline, tried=""))
    return made, chosen


def other_policy(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    return made, settings.load(Settings, [], [*FEW, *SPAN, "walk_forward.policy=newest"])


def other_contests(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    return made, settings.load(Settings, [], [*FEW, *SPAN, "retraining.level=0.05"])


def touched_forecasts(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    file = folder / forecast_cache.FILE
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    return made, chosen


def no_note(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    (folder / forecast_cache.NOTE).unlink()
    return made, chosen


def unnamed(made: PreparedData, chosen: Settings, folder: Path) -> tuple[PreparedData, Settings]:
    nameless = dataclasses.replace(made, hash="")
    forecast_cache.note(nameless, chosen, folder)
    return nameless, chosen


CHANGES = (other_data, quarantined, other_knob, other_policy, other_contests, touched_model, touched_timeline, touched_forecasts, no_note)


@pytest.mark.parametrize("change", [*CHANGES, unnamed])
def test_anything_else_is_walked_anew(change: Callable[..., object], made: PreparedData, chosen: Settings, models: Path) -> None:
    folder = models / "walk_forward"
    assert forecast_cache.find(made, chosen, folder) is not None
    assert forecast_cache.find(*change(made, chosen, folder), folder) is None


def test_other_data_overwrite_no_pair(made: PreparedData, chosen: Settings, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk over another market into the same folder: every file of the first is as it was, and the first is found again whole."""
    archive = models / "archive"
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in archive.rglob("*") if path.is_file()}
    other = settings.load(Settings, [], [*FEW, *SPAN, "demo.seed=99"])
    forecasts.forecasts_for(other, prepare_world(draw_demo(other), other), forecasts.Choice(models))
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert len(list(archive.iterdir())) == 2 * len({path.parent for path in before})
    monkeypatch.setattr(sys.modules["springback.training.walk_forward"], "_learn", lambda *_: pytest.fail("trained again"))
    forecasts.forecasts_for(chosen, made, forecasts.Choice(models))


def test_another_program_makes_other_forecasts(made: PreparedData, chosen: Settings, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_cache, "program", lambda: "changed")
    assert forecast_cache.find(made, chosen, models / "walk_forward") is None


def test_the_program_is_the_whole_package() -> None:
    """Features, training and the rule lie in other rooms than the cache: their sources count too."""
    package = Path(springback.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    assert (package / "features" / "window.py").is_file() and forecast_cache.program() == digest.hexdigest()


def test_what_the_rule_alone_reads_changes_nothing(made: PreparedData, chosen: Settings, models: Path) -> None:
    slots = settings.load(Settings, [], [*FEW, *SPAN, "strategy.slots=7"])
    assert forecast_cache.find(made, slots, models / "walk_forward") is not None
