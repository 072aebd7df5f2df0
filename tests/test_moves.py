"""A setting says itself what it moves: what is kept is made anew where it must be, and a table that says nothing is refused."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from springback import settings
from springback.workflow.settings import MOVED, Settings, moving, searchable


@dataclass(frozen=True)
class Part:
    """A table of a later day."""

    knob: int = 1
    other: int = field(default=1, metadata={"moves": "nothing"})


def test_every_knob_says_what_it_moves() -> None:
    assert set(MOVED) == set(settings.flat(Settings()))
    assert set(MOVED.values()) == set(settings.MOVES)


def test_a_table_that_does_not_say_is_refused() -> None:
    silent = dataclasses.make_dataclass("silent", [("part", Part, field(default_factory=Part))], bases=(Settings,), frozen=True)
    with pytest.raises(TypeError, match=r"part\.knob must say what it moves"):
        settings.moves(silent)


def test_a_knob_speaks_before_its_table() -> None:
    own = field(default_factory=Part, metadata={"moves": "forecasts"})
    spoken = dataclasses.make_dataclass("spoken", [("part", Part, own)], frozen=True)
    assert settings.moves(spoken) == {"part.knob": "forecasts", "part.other": "nothing"}


def test_forecasts_hang_on_the_universe_the_training_and_the_window() -> None:
    tables = {name.split(".")[0] for name in moving(Settings(), "forecasts")}
    assert tables == {"universe", "training", "walk_forward", "retraining", "backtest", "strategy"}
    assert {name for name in moving(Settings(), "forecasts") if name.startswith(("backtest.", "strategy."))} == {
        *("backtest.start", "backtest.end", "strategy.indicator"),
    }
    assert MOVED["training.threads"] == MOVED["retraining.sign"] == "nothing"


def test_luck_is_not_searched() -> None:
    found = searchable(Settings())
    assert found.luck == {"training.seed", "training.threads"} and not found.luck & set(found.values)
    assert found.tables == "strategy, regime, training"
