"""What may be tried is said plainly, and what may not is refused in one line."""

import pytest

from springback.errors import SettingsError
from springback.search.knobs import Knob, parse, parse_all
from springback.search.search_settings import KNOBS, Optimise
from springback.workflow.settings import MOVED, Settings, searchable

KNOWN = searchable(Settings())


def test_ranges_take_the_kind_of_the_setting() -> None:
    assert parse("strategy.probability=0.5:0.7", KNOWN) == Knob("strategy.probability", 0.5, 0.7)
    assert parse("strategy.slots = 10:40", KNOWN) == Knob("strategy.slots", 10, 40, whole=True)
    assert parse("strategy.stop_mode=close, none", KNOWN).choices == ("close", "none")
    assert parse("strategy.holding_sessions=3,6", KNOWN).choices == (3, 6)
    assert [one.name for one in parse_all(KNOBS, KNOWN)] == [text.partition("=")[0] for text in KNOBS]


def test_what_needs_its_own_models_moves_forecasts() -> None:
    slow = [one for one in ("training.trees", "strategy.indicator", "strategy.slots") if MOVED[one] == "forecasts"]
    assert slow == ["training.trees", "strategy.indicator"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("strategy.slots", "was 'strategy.slots'"),
        ("strategy.slot=1:2", "did you mean strategy.slots"),
        ("costs.impact_bp=0:5", "it must be a setting of strategy, regime, training"),
        ("training.seed=1:9", "luck is not searched"),
        ("strategy.slots=9:9", "needs low < high"),
        ("strategy.slots=1.5:9", "is a whole number, was '1.5'"),
        ("strategy.probability=a:b", "is a number, was 'a'"),
        ("strategy.stop_mode=close:none", "is a word, not a number"),
        ("strategy.stop_mode=close", "at least two values"),
    ],
)
def test_a_bad_knob_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse(text, KNOWN)


def test_a_knob_is_named_once() -> None:
    with pytest.raises(SettingsError, match=r"knob strategy\.slots is named twice"):
        parse_all(("strategy.slots=5:9", "strategy.slots=9:12"), KNOWN)


@pytest.mark.parametrize("told", [{"trials": 0}, {"held_back": 0}, {"objective": "gross"}, {"knobs": ()}])
def test_the_search_has_limits(told: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=r"optimise\."):
        Optimise(**told)  # type: ignore[arg-type]


def test_neighbours_lie_inside_the_range_and_hold_the_point() -> None:
    assert Knob("a", 0.0, 1.2).around(0.6, 5) == [0.4, 0.5, 0.6, 0.7, 0.8]
    assert Knob("a", 0.0, 1.2).around(1.2, 5) == [1.0, 1.1, 1.2]
    assert Knob("a", 3, 10, whole=True).around(4, 7) == [3, 4, 5, 6, 7]
    assert Knob("a", choices=("x", "y")).around("x", 7) == ["x", "y"]
