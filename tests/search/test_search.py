"""A search that is killed anywhere ends as one that was left alone; nothing is asked twice and nothing is used that was not looked at."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from springback.errors import SettingsError, StoreError, Unwritable
from springback.search.knobs import Knob, Values
from springback.search.optimizer import Memory, Trial, TrialResult, alone, importances, search

KNOBS = (
    Knob("strategy.probability", 0.5, 0.7),
    Knob("strategy.slots", 10, 40, whole=True),
    Knob("strategy.trend", choices=("off", "sma200")),
)


class Interrupted(Exception):
    """The process is gone."""


class Looker:
    """A hill with its top at probability 0.62; dies after `lives` looks."""

    def __init__(self, lives: int = 10**6) -> None:
        self.lives = lives
        self.seen: list[Values] = []

    def __call__(self, many: Sequence[Values]) -> Iterator[TrialResult]:
        for values in many:
            if len(self.seen) == self.lives:
                raise Interrupted
            self.seen.append(values)
            yield self.one(values)

    def one(self, values: Values) -> TrialResult:
        x, slots = float(values["strategy.probability"]), int(values["strategy.slots"])
        if values["strategy.trend"] == "sma200" and slots > 35:
            return TrialResult(None, np.empty(0))
        return TrialResult(-((x - 0.62) ** 2) * 100 - 0.001 * slots, np.array([x, slots / 7.0]))


def quiet(done: int, total: int, text: str) -> None:
    """Nobody listens."""


def run(folder: Path, look: Looker, trials: int = 37, seed: int = 3, stamp: str = "a") -> list[Trial]:
    folder.mkdir(exist_ok=True)
    return search(KNOBS, trials, 8, seed, Memory(folder / "study.sqlite", stamp, KNOBS), look, quiet)


def same(one: list[Trial], other: list[Trial]) -> bool:
    return [(t.number, t.values, t.result.figure, t.result.excess.tolist()) for t in one] == [
        (t.number, t.values, t.result.figure, t.result.excess.tolist()) for t in other
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    return run(tmp_path_factory.mktemp("whole"), Looker())


def test_it_climbs_and_some_settings_do_not_go_together(whole: list[Trial]) -> None:
    best = max((one for one in whole if one.result.figure is not None), key=lambda one: one.result.figure or 0.0)
    assert abs(float(best.values["strategy.probability"]) - 0.62) < 0.02
    assert len(whole) == 37 and [one.number for one in whole] == list(range(37))
    assert any(one.result.figure is None for one in whole)


@pytest.mark.parametrize("lives", [0, 1, 7, 8, 9, 21, 36])
def test_a_kill_anywhere_changes_nothing(whole: list[Trial], lives: int, tmp_path: Path) -> None:
    first, second = Looker(lives), Looker()
    with pytest.raises(Interrupted):
        run(tmp_path, first)
    assert same(run(tmp_path, second), whole)
    assert len(first.seen) + len(second.seen) == 37, "a finished trial is not looked at again"


def test_more_trials_go_on_where_fewer_ended(whole: list[Trial], tmp_path: Path) -> None:
    run(tmp_path, Looker(), trials=13)
    assert same(run(tmp_path, Looker()), whole)
    assert same(run(tmp_path, Looker(0), trials=13), whole[:13])


def test_another_seed_is_another_search(whole: list[Trial], tmp_path: Path) -> None:
    assert not same(run(tmp_path, Looker(), seed=4), whole)


def test_another_search_in_the_file_is_refused(tmp_path: Path) -> None:
    run(tmp_path, Looker(), trials=2)
    with pytest.raises(SettingsError, match="holds another search"):
        run(tmp_path, Looker(), stamp="b")
    with pytest.raises(StoreError, match="is not what this search asks"):
        run(tmp_path, Looker(), seed=9)


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "study.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="is no whole study"):
        run(tmp_path, Looker())


def test_two_searches_do_not_share_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path / "study"), pytest.raises(Unwritable, match="another search is at work"), alone(tmp_path / "study"):
        pass
    with alone(tmp_path / "study"):
        assert list((tmp_path / "study").iterdir()) == []


def test_importance_goes_to_what_matters(whole: list[Trial]) -> None:
    shares = importances(KNOBS, whole, 1)
    assert next(iter(shares)) == "strategy.probability" and shares["strategy.probability"] > 0.5
    assert abs(sum(shares.values()) - 1) < 1e-6 and shares == importances(KNOBS, whole, 1)
    assert importances(KNOBS, [one for one in whole if one.number == 0], 1) == {}
