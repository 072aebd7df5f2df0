"""`springback monitor` on a desk whose evenings were played: the backtests beside it are it, the watch is a value, an alarm has its end."""

import dataclasses
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from springback import settings
from springback.alone import alone
from springback.data.store.store import Store
from springback.errors import InputError, MissingData, Taken
from springback.forecasting.archive import Archive
from springback.market.forecasts import Forecasts
from springback.monitoring import decay
from springback.monitoring.decay import Decay, alarm_factor
from springback.monitoring.metrics import metrics
from springback.monitoring.monitor_page import page
from springback.monitoring.monitor_study import as_json
from springback.monitoring.monitor_words import missing
from springback.operation.desk_folder import DeskFolder
from springback.operation.evening import Evening
from springback.state.state import State
from springback.training.labels import forward_return
from springback.workflow import monitor, watch
from springback.workflow.inputs import Loaded
from springback.workflow.models import forecast_fixed, forecast_walk_forward, save_forecasts, save_models, train_models
from springback.workflow.prepare import PreparedData, prepare_world
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from tests.browser import in_browser, opened
from tests.monitoring.evenings import decided
from tests.terminal import done, springback

WORLD = (
    *("demo.names=60", "demo.start='2018-01-02'", "demo.end='2020-09-30'", "training.trees=5"),
    *(
        "walk_forward.policy='newest'",
        "walk_forward.months=6",
        "walk_forward.min_sessions=200",
        "monitor.draws=100",
        "strategy.probability=0.5",
    ),
)
AT = datetime(2023, 1, 6, 22, tzinfo=UTC)
PAST = ("backtest.start=2019-01-02", "backtest.end=2020-08-31")
"""The walk-forward reaches into the days of the desk, which are no reference."""


@pytest.fixture(autouse=True, scope="module")
def _few_runs() -> Iterator[None]:
    """The measured rate of false alarms is dear, and none of these tests looks at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decay, "false_alarms", lambda *_: 0.06)
        yield


@dataclasses.dataclass(frozen=True)
class Home:
    """A market, models, forecasts of before, and a desk of 90 evenings, of which some were halved and the last ones are not ripe."""

    folder: Path
    settings: Settings
    prepared: PreparedData
    said: Forecasts
    evenings: list[Evening]
    rows: list[int]
    factor: Mapping[int, float]

    @property
    def market(self) -> Loaded:
        return Loaded(self.prepared.market_data, self.prepared.hash, "drawn")

    def study(self, desk: Path | None = None, models: Path | None = None, **knobs: Any) -> Any:
        chosen = dataclasses.replace(self.settings, **knobs)
        return monitor.monitor(chosen, desk or self.folder / "desk", self.market, models or self.folder / "models")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("monitor")
    chosen, past = (settings.load(Settings, [], [*WORLD, *more]) for more in ((), PAST))
    prepared = prepare_world(draw_demo(chosen), chosen)
    Store(folder / "store").write(prepared.market_data)
    models, bars = folder / "models", prepared.market_data.bars
    save_forecasts(prepared, forecast_walk_forward(prepared, past, models), models / "walk_forward" / "forecasts.parquet")
    pair = Archive(models).save(save_models(train_models(prepared, chosen), models))
    said = forecast_fixed(prepared, models, chosen)[0]
    rows = list(range(bars.shape[0] - 90, bars.shape[0]))
    factor = dict.fromkeys(rows[40:60], 0.5)
    evenings = decided(folder / "desk", chosen, prepared.market_data, said, rows, {"first": pair.card.hash, "second": "f" * 64}, factor)
    return Home(folder, chosen, prepared, said, evenings, rows, factor)


@pytest.fixture(scope="module")
def study(home: Home) -> Any:
    return home.study()


def test_the_desk_is_its_own_backtests_to_the_last_bit(home: Home, study: Any) -> None:
    """Nothing was corrected or restated: the frozen orders replayed, and the same models asked again, under the alarm's factor."""
    own = np.array([float(one.daily["equity"]) for one in home.evenings])
    assert len({len(one.orders) for one in home.evenings}) > 1, "it trades"
    for curve in (study.beside.equity, study.beside.replayed, study.beside.today):
        np.testing.assert_array_equal(curve, own)
    assert study.beside.profit.sum() == pytest.approx(own[-1] - home.settings.backtest.cash)
    assert study.beside.low is not None and (study.beside.low < study.beside.high)[1:].all()


def test_accuracy_is_of_the_champion_and_of_ripe_labels_alone(home: Home, study: Any) -> None:
    bars = home.prepared.market_data.bars
    horizon = home.settings.training.horizon
    assert study.days.tolist() == bars.sessions[home.rows[:-horizon]].tolist() and study.last == str(bars.sessions[-1])
    assert np.isfinite(study.accuracy.days.rank_ic).all() and study.accuracy.long.firing is not None
    poisoned = home.prepared.market_data.bars.close.copy()
    poisoned[home.rows[60] :] *= 3.0
    other = dataclasses.replace(home.prepared.market_data, bars=dataclasses.replace(bars, close=poisoned))
    changed = watch.scores(home.settings, home.said, other, home.rows[60] - 1)
    same = watch.scores(home.settings, home.said, home.prepared.market_data, home.rows[60] - 1)
    np.testing.assert_array_equal(changed.rank_ic, same.rank_ic)


def test_the_watch_is_kept_and_told_evening_by_evening_it_is_the_same(home: Home, study: Any, tmp_path: Path) -> None:
    """At once, and with the market as it grows; the second look changes nothing."""
    kept = watch.state_of(home.folder / "desk")
    assert kept == study.watch and kept is not None and kept.champion == "first" and kept.newest == str(study.days[-1])
    assert home.study().watch == kept
    grown = tmp_path / "desk"
    whole = home.prepared.market_data
    for end in (home.rows[20], home.rows[21], home.rows[70], whole.bars.shape[0]):
        for one in (home.folder / "desk").iterdir():
            if one.is_dir() and one.name <= str(whole.bars.sessions[end - 1]) and not (grown / one.name).exists():
                grown.mkdir(exist_ok=True)
                (grown / one.name).symlink_to(one)
        seen = monitor.since(monitor.window(whole, end, end), "2018-01-02", 0)
        state = watch.watch(home.settings, grown, seen, home.folder / "models", lambda: whole)
        ripe = whole.bars.sessions[end - 1 - home.settings.training.horizon]
        assert state is not None and state.newest == str(ripe), "no label that is not known on that evening"
    assert state == kept


def test_another_champion_begins_another_watch_and_its_own_past_is_too_short(home: Home, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    rows = home.rows[:12]
    decided(desk, home.settings, home.prepared.market_data, home.said, rows[:6], {"first": "a", "second": "b"})
    assert home.study(desk).watch.champion == "first"
    extra = tmp_path / "later"
    decided(extra, home.settings, home.prepared.market_data, home.said, rows, {"second": "b"})
    for row in rows[6:]:
        day = str(home.prepared.market_data.bars.sessions[row])
        (extra / day).rename(desk / day)
    found = home.study(desk)
    assert found.watch.champion == "second" and found.watch.count == 6 and found.lacks["today"] == "no_models"


def test_an_alarm_halves_entries_until_a_person_clears_it(home: Home, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    market_data, said = home.prepared.market_data, home.said
    future = np.clip(0.5 + forward_return(market_data.bars, market_data.actions, home.settings.training.horizon), 0.0, 1.0)
    wrong = Forecasts(said.qpi, np.where(np.isnan(said.qpi), np.nan, 1 - future), np.where(np.isnan(said.qpi), np.nan, future), said.adv)
    decided(desk, home.settings, market_data, wrong, home.rows[:20], {"a": "a"})
    found = home.study(desk)
    assert found.alarm and found.alarm_factor == 0.5 == alarm_factor(found.watch, home.settings.monitor)
    assert watch.entry_factor(home.settings, desk, "a") == 0.5 and watch.entry_factor(home.settings, desk, "another") == 1.0
    assert page(found).count("monitor --clear --by WHO") == 1
    rows = State(tmp_path / "state.sqlite")
    with pytest.raises(InputError, match="name who"):
        watch.clear(desk, " ", rows, AT)
    assert not rows.alarms("desk", history=True)
    assert watch.clear(desk, "Ada", rows, AT).cleared == "Ada"
    (row,) = rows.alarms("desk", history=True)
    assert (row.model, str(row.session), row.cleared_by, row.cleared_at) == ("a", found.watch.alarm, "Ada", AT)
    assert alarm_factor(watch.state_of(desk), home.settings.monitor) == 1.0
    with pytest.raises(InputError, match="nothing to clear"):
        watch.clear(desk, "Ada", rows, AT)
    assert not home.study(desk).alarm, "what was cleared is not counted again"


def test_an_alarm_stands_in_the_state_until_it_ends(tmp_path: Path) -> None:
    """Kept once, however many evenings it lasts; ended by a person, or with the watch that raised it."""
    rows, quiet = State(tmp_path / "state.sqlite"), Decay("a", 0.1, 0.1, 4.0, 0.05, 0.25, 252)
    alarmed = replace(quiet, shortfall=5.0, count=9, newest="2023-01-05", alarm="2023-01-05")
    for state in (None, quiet, alarmed, alarmed):
        watch.noted(rows, "desk", state, AT)
    (row,) = rows.alarms("desk")
    assert (row.model, str(row.session), row.value, row.limit) == ("a", "2023-01-05", 5.0, 4.0)
    watch.noted(rows, "desk", replace(quiet, champion="b"), AT)
    assert not rows.alarms("desk") and rows.alarms("desk", history=True)[0].cleared_by == watch.ENDED


def test_an_evening_at_work_is_not_cleared_over(tmp_path: Path) -> None:
    """It would write its own watch over what the person said."""
    (tmp_path / "desk").mkdir()
    held = threading.Event(), threading.Event()

    def evening() -> None:
        with alone(tmp_path / "desk"):
            held[0].set()
            held[1].wait(30)

    at_work = threading.Thread(target=evening)
    at_work.start()
    held[0].wait(30)
    with pytest.raises(Taken):
        watch.clear(tmp_path / "desk", "Ada", State(tmp_path / "state.sqlite"), AT)
    held[1].set()
    at_work.join()


@pytest.mark.usefixtures("study")  # its watch has begun
def test_without_a_past_nothing_is_held_against_it(home: Home, tmp_path: Path) -> None:
    found = home.study(home.folder / "desk", tmp_path / "none")
    assert found.lacks == dict.fromkeys(("firing", "band", "drift"), "no_reference") | {"today": "no_models"}
    other = tmp_path / "desk"
    decided(other, home.settings, home.prepared.market_data, home.said, home.rows[:1], {"a": "a"})
    lone = home.study(other, tmp_path / "none")
    assert not watch.state_of(other).watched and watch.entry_factor(home.settings, other, "a") == 1.0
    assert watch.watch(home.settings, other, home.market.market_data, home.folder / "models").limit == float("inf"), "not looked for again"
    assert home.study(other).watch is not None, "but by the verb"
    assert lone.watch is None and lone.lacks["watch"] == "no_reference" and lone.alarm_factor == 1.0
    assert lone.lacks["today"] == "few_sessions" and "Too few sessions" in page(lone)
    reasons = [one.partition(": ")[2] for one in missing(lone)]
    assert len(set(reasons)) == len(reasons) and any(one.startswith("No band, drift, firing, ") for one in missing(lone))
    with pytest.raises(MissingData, match="holds no decision yet"):
        home.study(tmp_path / "empty")


def test_drift_and_regime(home: Home, study: Any) -> None:
    assert [one.name for one in study.drift][-1] == "score" and len(study.drift) == 9
    assert len(study.regime.difference) == 90 and not study.regime.can_be_told
    bear = np.array([float(one.daily["bear"]) > 0 for one in home.evenings])
    assert sum(one.sessions for one in study.regime.episodes) == bear.sum()


def test_the_text_file_is_read_by_prometheus(study: Any) -> None:
    text = metrics(study)
    found = {one.name: one.samples[0].value for one in text_string_to_metric_families(text) if one.samples}
    assert found["springback_equity_dollars"] == study.beside.equity[-1] and found["springback_alarm_factor"] == 1.0
    assert found["springback_gap_replayed_dollars"] == 0.0 and 'account="desk"' in text
    assert found["springback_scored_sessions"] == len(study.days)


@in_browser
def test_the_page_obeys_the_laws_of_every_page(study: Any, tmp_path: Path, width: int, scheme: str) -> None:
    (tmp_path / "monitor.html").write_text(page(study), encoding="utf-8")
    with opened(tmp_path / "monitor.html", width, scheme) as shown:
        assert shown.locator(".drawing").count() == 6
        assert shown.title().startswith("No alarm")


def test_an_evening_without_data_and_a_barred_name_are_played_as_they_were(home: Home, tmp_path: Path) -> None:
    """Neither takes the watch from its champion; the backtests enter nothing that was not entered."""
    desk, rows, market_data = tmp_path / "desk", home.rows[:14], home.prepared.market_data
    barred = {row: frozenset(market_data.bars.symbols[:40]) for row in rows[:3]}
    evenings = decided(desk, home.settings, market_data, home.said, rows, {"first": "a"}, barred=barred, blind={rows[5], rows[-1]})
    found = home.study(desk)
    assert (found.champion, found.watch.champion) == ("first", "first") and len(found.beside.equity) == 14
    own = np.array([float(one.daily["equity"]) for one in evenings])
    np.testing.assert_array_equal(found.beside.replayed, own)
    scene = monitor._scene(home.settings, tuple(DeskFolder(desk).decisions()), home.market, home.folder / "models")
    np.testing.assert_array_equal(monitor._run(scene, scene.frozen.forecasts, own[0]).daily["equity"], own)


@pytest.mark.slow
def test_as_a_user_types_it(home: Home, tmp_path: Path) -> None:
    knobs = [word for one in WORLD for word in ("--set", one)]
    said = done(springback(home.folder, "monitor", *knobs, "--out", "out/page.html", "--prometheus", "out/springback.prom"))
    assert said.stdout.splitlines()[-1] == "page: out/page.html" and (home.folder / "out" / "springback.prom").is_file()
    told = json.loads(done(springback(home.folder, "monitor", *knobs, "--json")).stdout)["monitor"]
    assert told["champion"] == "first" and len(told["account_beside"]["equity"]) == 90 and told["alarm"] is False
    assert told.keys() == as_json(home.study()).keys()
    for words, error in (
        (("--clear",), "--clear needs --by WHO"),
        (("--clear", "--by", "Ada"), "no alarm stands in desk"),
        (("--by", "Ada"), "say --clear too"),
    ):
        refused = springback(home.folder, "monitor", *words)
        assert refused.returncode == 2 and error in refused.stderr
