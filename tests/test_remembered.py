"""Forecasts are found again only where every single thing they were made of is the same; then they are the same to the last bit."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from springback import settings, wiring
from springback.market.quarantine import Span
from springback.verbs import steps
from springback.workflow import forecast_cache

FEW = ("demo.names=60", "demo.start=2019-01-02", "demo.end=2020-12-31", "training.trees=5", "walk_forward.months=6")
SPAN = ("backtest.start=2020-07-01", "backtest.end=2020-12-31")


@pytest.fixture(scope="module")
def chosen() -> wiring.Settings:
    return settings.load(wiring.Settings, [], [*FEW, *SPAN])


@pytest.fixture(scope="module")
def made(chosen: wiring.Settings) -> wiring.World:
    return wiring.world(wiring.draw_demo(chosen), chosen)


@pytest.fixture
def models(made: wiring.World, chosen: wiring.Settings, tmp_path: Path) -> Path:
    with steps.Voice(as_json=False, quiet=True) as voice:
        steps.forecasts_for(voice, made, chosen, tmp_path, "walk-forward", None)
    return tmp_path


def test_the_same_bits_without_a_walk(made: wiring.World, chosen: wiring.Settings, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walked = wiring.forecast(made, chosen, models).forecasts
    monkeypatch.setattr(wiring, "forecast", lambda *_: pytest.fail("walked again"))
    with steps.Voice(as_json=False, quiet=True) as voice:
        found, words, leaky = steps.forecasts_for(voice, made, chosen, models, "walk-forward", None)
    for name in ("qpi", "p_long", "p_short", "adv"):
        np.testing.assert_array_equal(getattr(found, name), getattr(walked, name))
    assert words.startswith("walk-forward") and not leaky


def other_data(made: wiring.World, chosen: wiring.Settings, folder: Path) -> tuple[wiring.World, wiring.Settings]:
    return dataclasses.replace(made, hash="another"), chosen


def quarantined(made: wiring.World, chosen: wiring.Settings, folder: Path) -> tuple[wiring.World, wiring.Settings]:
    return dataclasses.replace(made, tape=dataclasses.replace(made.tape, quarantine=(Span(made.tape.bars.symbols[0]),))), chosen


def other_knob(made: wiring.World, chosen: wiring.Settings, folder: Path) -> tuple[wiring.World, wiring.Settings]:
    return made, settings.load(wiring.Settings, [], [*FEW, *SPAN, "universe.min_price=2"])


def touched_model(made: wiring.World, chosen: wiring.Settings, folder: Path) -> tuple[wiring.World, wiring.Settings]:
    file = next(folder.glob("*/*.pkl"))
    file.write_bytes(file.read_bytes() + b"x")
    return made, chosen


def touched_forecasts(made: wiring.World, chosen: wiring.Settings, folder: Path) -> tuple[wiring.World, wiring.Settings]:
    file = folder / forecast_cache.FILE
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    return made, chosen


def no_note(made: wiring.World, chosen: wiring.Settings, folder: Path) -> tuple[wiring.World, wiring.Settings]:
    (folder / forecast_cache.NOTE).unlink()
    return made, chosen


def unnamed(made: wiring.World, chosen: wiring.Settings, folder: Path) -> tuple[wiring.World, wiring.Settings]:
    nameless = dataclasses.replace(made, hash="")
    forecast_cache.note(nameless, chosen, folder)
    return nameless, chosen


@pytest.mark.parametrize("change", [other_data, quarantined, other_knob, touched_model, touched_forecasts, no_note, unnamed])
def test_anything_else_is_walked_anew(change: Callable[..., object], made: wiring.World, chosen: wiring.Settings, models: Path) -> None:
    folder = models / "walk_forward"
    assert forecast_cache.find(made, chosen, folder) is not None
    assert forecast_cache.find(*change(made, chosen, folder), folder) is None


def test_another_program_makes_other_forecasts(
    made: wiring.World, chosen: wiring.Settings, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_cache, "_program", lambda: "changed")
    assert forecast_cache.find(made, chosen, models / "walk_forward") is None


def test_what_the_rule_alone_reads_changes_nothing(made: wiring.World, chosen: wiring.Settings, models: Path) -> None:
    slots = settings.load(wiring.Settings, [], [*FEW, *SPAN, "strategy.slots=7"])
    assert forecast_cache.find(made, slots, models / "walk_forward") is not None
