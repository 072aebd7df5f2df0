"""Evenings played one by one are the backtest of the same days, line by line, whatever the policy, the profile and the endings."""

import json
import shutil
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from springback.backtest.run import Backtest
from springback.data.demo.demo import Demo, draw
from springback.data.store.store import Store
from springback.errors import InputError, MissingData
from springback.operation.desk_folder import DeskFolder
from springback.state.state import State
from springback.strategy.knobs import Strategy
from springback.training import Training
from springback.training.walk_forward import WalkForward
from springback.workflow.desk_laws import DeskLaws
from springback.workflow.evening import LiveAccount
from springback.workflow.faulty import drawn
from springback.workflow.inputs import Inputs
from springback.workflow.progress import Silent, Step
from springback.workflow.rehearse import Period, Rehearsal, rehearse
from springback.workflow.settings import Settings
from tests.operation.live import restated, without

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
    assert found.first_difference is None and found.largest_equity_difference == 0.0 and found.sessions == 75


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
    period = Period(date(2022, 5, 20), date(2022, 6, 30), seed=1)
    found = rehearse(SETTINGS, Inputs(store=place / "store"), place / "models", place / "faulty", period)
    assert found.broken == () and found.sessions == 28 and found.kills > 0
    assert {"bars", "vix", "late", "curbed"} <= {one.cause for one in found.causes}
    decision = place / "faulty" / "2022-06-01" / "decision.json"
    decision.write_text(decision.read_text() + " ")
    account = LiveAccount(
        "rehearsal", DeskFolder(place / "faulty"), SETTINGS, State(place / "faulty" / "state.sqlite"), place / "store", place / "models"
    )
    assert any("2022-06-01 is not what its row says" in one for one in DeskLaws(account).broken(Store(place / "store").read()))
    shutil.rmtree(decision.parent)
    assert any("27 evenings of 28 sessions" in one for one in DeskLaws(account).broken(Store(place / "store").read()))


def test_an_account_begins_with_its_first_evening_whatever_is_missed(place: Path) -> None:
    """A person who misses the first evening has no account yet: it begins then all the same, and every session has its decision."""
    market_data = Store(place / "store").read()
    row, names = market_data.bars.row("2022-06-01"), market_data.bars.shape[1]
    seed = next(one for one in range(1000) if drawn(one, row, names).missed)
    found = rehearse(
        SETTINGS, Inputs(store=place / "store"), place / "models", place / "missed", Period(date(2022, 6, 1), date(2022, 6, 8), seed=seed)
    )
    assert found.sessions == 6 and found.broken == ()


def test_what_was_known_then_is_told_by_cause(place: Path) -> None:
    """Closes that were restated since, and a VIX that came two evenings late."""
    truth = Store(place / "store").read()
    row = truth.bars.row("2022-05-20")
    told = place / "told"
    Store(told).write(truth.until(row))
    for k in range(row, row + 6):
        late = without(truth, str(truth.bars.sessions[row + 2]), vix=k > row + 2)
        Store(told).write(
            (restated(late, str(truth.bars.sessions[row + 1]), truth.bars.symbols[:1], 1.001) if k < row + 3 else late).until(k + 1),
            accept_restatement=True,
        )
    period = Period(date(2022, 5, 20), truth.bars.sessions[row + 5].item(), "known")
    found = rehearse(SETTINGS, Inputs(store=told), place / "models", place / "known", period)
    assert found.broken == () and found.sessions == 6
    days = {cause: [one.session for one in found.causes if one.cause == cause] for cause in ("bars", "vix")}
    assert days["bars"] == [str(truth.bars.sessions[row + 1])] + ([str(truth.bars.sessions[row + 2])] if days["bars"][1:] else [])


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_thousand_faulty_evenings_of_sixty_names(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Two halves of 500, in memory where the machine has a disk there; what the process holds does not grow with its evenings."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory)) if memory.is_dir() else tmp_path_factory.mktemp("thousand")
    try:
        Store(folder / "store").write(draw(Demo(names=60, seed=seed, start="2020-06-01", end="2023-02-28", shocks=2)))
        followed = Resident()
        period = Period(date(2021, 2, 1), date(2023, 1, 25), seed=seed)
        found = rehearse(SETTINGS, Inputs(store=folder / "store"), folder / "models", folder / "faulty", period, followed)
        assert found.broken == () and found.sessions == 500 and found.kills > 20
        assert followed.at[500] < 1.15 * followed.at[250]
    finally:
        shutil.rmtree(folder)


@pytest.mark.soak
@pytest.mark.slow
def test_memory_is_flat_from_250_to_1500_evenings(tmp_path: Path) -> None:
    Store(tmp_path / "store").write(draw(Demo(names=12, seed=4, start="2016-06-01", end="2023-03-31", shocks=1)))
    followed = Resident()
    played_ = rehearse(
        SETTINGS,
        Inputs(store=tmp_path / "store"),
        tmp_path / "models",
        tmp_path / "long",
        Period(date(2017, 3, 1), date(2023, 2, 13)),
        followed,
    )
    assert played_.sessions == 1500 and played_.orders_equal
    assert followed.at[1500] < 1.15 * followed.at[250]


class Resident(Silent):
    """What the process holds in memory, in pages, after so many evenings."""

    def __init__(self) -> None:
        self.at: dict[int, int] = {}

    def step(self, name: str, /) -> Step:
        def advance(done: int, _total: int, _label: str) -> None:
            if name == "evenings":
                self.at[done] = int(Path("/proc/self/statm").read_text().split()[1])

        return advance
