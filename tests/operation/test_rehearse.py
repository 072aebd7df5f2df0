"""Evenings played one by one are the backtest of the same days, line by line, whatever the policy, the profile and the endings."""

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from springback.backtest.run import Backtest
from springback.data.demo.demo import Demo, draw
from springback.data.store.store import Store
from springback.errors import InputError, MissingData
from springback.statistics.contest import Retraining
from springback.strategy.knobs import Strategy
from springback.training import Training
from springback.training.walk_forward import WalkForward
from springback.workflow.inputs import Inputs
from springback.workflow.rehearse import Period, Rehearsal, rehearse
from springback.workflow.settings import Settings

SETTINGS = Settings(
    strategy=Strategy(qpi_low=30.0, qpi_high=70.0, probability=0.5, slots=6),
    backtest=Backtest(cash=1_000_000.0),
    training=Training(trees=10, depth=2),
    walk_forward=WalkForward(policy="never", min_sessions=63),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of 25 names, and the models that were trained so far."""
    folder = tmp_path_factory.mktemp("rehearsals")
    Store(folder / "store").write(draw(Demo(names=25, seed=4, start="2021-11-01", end="2022-10-31", shocks=1)))
    return folder


def played(place: Path, settings: Settings, first: str = "2022-05-20", last: str = "2022-06-24", desk: str = "rehearsal") -> Rehearsal:
    period = Period(date.fromisoformat(first), date.fromisoformat(last))
    return rehearse(settings, Inputs(store=place / "store"), place / "models", place / desk, period)


def turned(**tables: dict[str, Any]) -> Settings:
    return replace(SETTINGS, **{name: replace(getattr(SETTINGS, name), **values) for name, values in tables.items()})


@pytest.mark.parametrize(
    "settings",
    [
        turned(backtest={"profile": "lean", "endings": "known"}),
        turned(backtest={"profile": "lean", "endings": "learned"}),
        turned(backtest={"profile": "realistic", "endings": "known"}),
        turned(backtest={"profile": "realistic", "endings": "learned"}, strategy={"stop_mode": "intraday"}),
        turned(walk_forward={"policy": "newest"}, retraining={"months": 1}),
        turned(walk_forward={"policy": "if_better"}, retraining={"months": 1}),
    ],
    ids=["lean-known", "lean-learned", "realistic-known", "realistic-learned-intraday", "newest", "if_better"],
)
def test_evenings_are_the_backtest_line_by_line(place: Path, settings: Settings) -> None:
    found = played(place, settings)
    assert found.first_difference is None and found.orders_equal and found.largest_equity_difference == 0.0
    assert found.sessions == 24 and found.orders > 30
    assert len(found.champions) == (2 if settings.walk_forward.policy == "newest" else 1)


def test_a_promotion_is_played_by_both(tmp_path: Path) -> None:
    """The contest is won by what evenings froze, and in the backtest by what the walk-forward said; on the same day."""
    rules = {"sessions": 63, "level": 0.49, "max_turnover": 9.0, "min_capacity": 0.01, "max_drawdown": 9.0}
    settings = turned(walk_forward={"policy": "if_better"}, retraining=rules)
    Store(tmp_path / "store").write(draw(Demo(names=25, seed=3, start="2021-09-01", end="2022-07-29", shocks=1, reversal=0.9)))
    found = played(tmp_path, settings, "2022-03-01", "2022-06-15", "promoted")
    assert [one[:10] for one in found.champions] == ["2022-02-28", "2022-03-31"]
    assert found.first_difference is None and found.largest_equity_difference == 0.0 and found.sessions == 74


def test_a_rehearsal_is_made_anew_in_its_own_folder_alone(place: Path) -> None:
    """It writes its contests into a ledger of its own, and may be played again where it was."""
    settings = turned(walk_forward={"policy": "if_better"}, retraining={"months": 1})
    for _ in range(2):
        found = played(place, settings, "2022-05-27", "2022-06-03", "again")
        (place / "again" / "monitor.json").write_text("{}")
    assert found.sessions == 5 and (place / "again" / "ledger.sqlite").is_file()
    assert not (place / "ledger.sqlite").exists()
    shutil.copy(place / "again" / "monitor.json", place / "again" / "mine.txt")
    with pytest.raises(InputError, match=r"holds mine.txt"):
        played(place, settings, "2022-05-27", "2022-06-03", "again")


def test_a_period_must_have_sessions_and_models_a_past(place: Path) -> None:
    with pytest.raises(InputError, match="--from must lie before --to"):
        played(place, SETTINGS, "2022-06-03", "2022-06-03")
    with pytest.raises(MissingData, match="needs 2 at least"):
        played(place, SETTINGS, "2022-06-04", "2022-06-05")
    with pytest.raises(MissingData, match="min_sessions"):
        played(place, turned(walk_forward={"min_sessions": 252}), desk="short")
    assert not list((place / "short").glob("2022-*")), "it is told before the first evening"


def test_the_json_has_its_fixed_names(place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.contracts.test_fetch import springback

    monkeypatch.chdir(place)
    sets = ["strategy.qpi_low=30", "training.trees=10", "training.depth=2", "walk_forward.min_sessions=63", 'walk_forward.policy="never"']
    words = [word for one in sets for word in ("--set", one)]
    code, said = springback(capfd, "rehearse", "--from", "2022-06-01", "--to", "2022-06-10", "--json", *words)
    told = json.loads(said)
    assert code == 0 and (told["sessions"], told["orders_equal"], told["first_difference"]) == (8, True, None)
    assert told["orders"] >= 0 and told["largest_equity_difference"] == 0.0


def test_faults_break_no_law_of_the_desk(place: Path) -> None:
    """Late names, a late VIX, restated closes, evenings without data and missed ones, kills: and every evening is frozen once."""
    period = Period(date(2022, 5, 20), date(2022, 7, 29), faults=1)
    found = rehearse(SETTINGS, Inputs(store=place / "store"), place / "models", place / "faulty", period)
    assert found.broken == () and found.sessions == 48 and found.kills > 3
    assert {"bars", "vix", "late", "curbed"} <= {one.cause for one in found.causes}
