"""The desk's retraining: by the walk-forward's own steps, so frozen forecasts give the backtest's timeline; a person's word; kills."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback import settings
from springback.errors import InputError, MissingData, ModelError
from springback.forecasting import model_store
from springback.forecasting.archive import Archive, read_timeline
from springback.forecasting.timeline import Timeline
from springback.ledger.book import Ledger
from springback.market.bars import Bars
from springback.market.liquidity import mean_volume
from springback.market.market_data import MarketData
from springback.training import Training, WalkForwardResult, WalkOptions, walk_forward
from springback.training.labels import forward_return
from springback.workflow import champions, frozen_scores, retrain
from springback.workflow.champions import Registry, Word
from springback.workflow.curbs import DataFaults, Forbidden, curbs_of
from springback.workflow.models import evaluation_of, forecast_walk_forward, save_forecasts, save_models, train_models
from springback.workflow.models_in_use import models_in_use
from springback.workflow.prepare import PreparedData, prepare_world
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from tests.training.schools import NOW, lessons
from tests.training.test_succession import OPTIONS, RULES, TURNED, WALK, H

DEMO = ("demo.names=40", "demo.start=2018-01-02", "demo.end=2020-06-30", "training.trees=5", "retraining.sessions=63")
ME = Word("R. Roe", "it looks right")


@dataclass(frozen=True)
class Frozen:
    """A frozen decision, as far as scores read it."""

    table: pd.DataFrame
    kind: str = "frozen"

    def forecasts(self) -> pd.DataFrame:
        return self.table


class Evenings(dict[str, Frozen]):
    """A desk's folder likewise; it counts how often a decision is opened."""

    opened = 0

    def sessions(self) -> tuple[str, ...]:
        return tuple(self)

    def decision(self, session: str) -> Frozen:
        self.opened += 1
        return self[session]


@pytest.fixture(scope="module")
def chosen() -> Settings:
    return settings.load(Settings, [], list(DEMO))


@pytest.fixture(scope="module")
def prepared(chosen: Settings) -> PreparedData:
    return prepare_world(draw_demo(chosen), chosen)


@pytest.fixture
def registry(tmp_path: Path, chosen: Settings) -> Registry:
    return Registry(tmp_path / "models", chosen.retraining, tmp_path / "store", "recorded", "d" * 64)


def cut(prepared: PreparedData, day: str) -> PreparedData:
    """What was known by the close of `day`."""
    end = prepared.market_data.bars.row(day) + 1
    return PreparedData(prepared.market_data.until(end), "", prepared.eligible[:end], prepared.features[:end])


def events(registry: Registry) -> list[tuple[str, str, str]]:
    return [(one.event.event, one.event.challenger, one.event.champion) for one in registry.ledger.contests()]


def frozen_of(walked: WalkForwardResult, market_data: MarketData) -> Iterator[tuple[int, str, Frozen]]:
    """What a desk would have frozen: each evening every pair that had been trained by the close before speaks of every name."""
    panel, adv = lessons(market_data)[2], mean_volume(market_data.bars)
    for row in range(market_data.bars.row(walked.folds[0].first), market_data.bars.shape[0]):
        tables = []
        for as_of, pair in walked.models.items():
            if as_of < market_data.bars.sessions[row]:
                p_long, p_short = pair.probabilities(panel[row])
                names = {"symbol": market_data.bars.symbols, "model": pair.card.name}
                tables.append(pd.DataFrame({**names, "p_long": p_long, "p_short": p_short, "adv": adv[row]}))
        yield row, str(market_data.bars.sessions[row]), Frozen(pd.concat(tables, ignore_index=True))


def test_frozen_forecasts_give_the_timeline_of_the_walk() -> None:
    """Evening by evening, each with a window of the bars known by then: the desk, signing at once, has the champions of the backtest."""
    walked = walk_forward(*lessons(TURNED), Training(trees=10, years=1), WALK, NOW, OPTIONS)
    assert len(walked.timeline.tenures) > 1
    pairs = {str(as_of): pair.card.name for as_of, pair in walked.models.items()}
    first = next(iter(pairs))
    live, desk, scores = Timeline(tried=first).begun(pairs[first], first, "", ""), Evenings(), {}
    for row, session, evening in frozen_of(walked, TURNED):
        desk[session] = evening
        known = window(TURNED, row)
        scores = frozen_scores.ripened(scores, desk, known, H, session)
        live = retrain.judge(live, scores, known.bars.sessions, H, session, RULES, "auto")
        if session in pairs:
            live = replace(live.registered(pairs[session], session), tried=session)
    assert [(one.model, one.after) for one in live.tenures] == [(one.model, one.after) for one in walked.timeline.tenures]
    assert live.contests == walked.timeline.contests
    assert desk.opened <= 2 * len(desk), "a decision is scored once"


def window(market_data: MarketData, row: int, sessions: int = 80) -> MarketData:
    """The newest `sessions` known at the close of `row`."""
    first, bars = max(0, row + 1 - sessions), market_data.bars
    span = slice(first, row + 1)
    panels = {name: getattr(bars, name)[span] for name in ("open", "high", "low", "close", "volume")}
    last = np.full(len(bars.symbols), row - first)
    return replace(market_data, bars=Bars(bars.sessions[span], bars.symbols, **panels), vix=market_data.vix[span], last=last)


def test_late_decisions_are_no_evidence(tmp_path: Path) -> None:
    walked = walk_forward(*lessons(TURNED), Training(trees=3, years=1), WALK, NOW, WalkOptions(retraining=RULES))
    names, days = [pair.card.name for pair in walked.models.values()], [str(day) for day in walked.models]
    timeline = Timeline().begun(names[0], days[0], "", "").registered(names[1], days[1])
    desk = Evenings((day, replace(one, kind="late") if row % 2 else one) for row, day, one in frozen_of(walked, TURNED))
    row = TURNED.bars.row(days[1]) + 40
    session = str(TURNED.bars.sessions[row])
    scores = frozen_scores.ripened({}, desk, TURNED, H, session)
    found = retrain.judge(timeline, scores, TURNED.bars.sessions, H, session, RULES, "")
    counted = [k for k in range(TURNED.bars.row(days[1]) + 1, row - H + 1) if k % 2 == 0]
    assert found.contests[0].sessions == len(counted) > 10
    frozen_scores.write(tmp_path, scores)
    assert frozen_scores.read(tmp_path) == scores
    (tmp_path / "scores.json").write_text("{}")
    with pytest.raises(ModelError, match=r"scores\.json holds no scores of models"):
        frozen_scores.read(tmp_path)


def test_an_evening_scores_judges_and_keeps(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    """On frozen forecasts in which the challenger knows the answer: it wins, waits, and under sign = "auto" it takes over."""
    timeline = retrain.retrain(registry, cut(prepared, "2019-12-31"), chosen).timeline
    bars, draw = prepared.market_data.bars, np.random.default_rng(1)
    forward = forward_return(bars, prepared.market_data.actions, 6)
    desk = Evenings()
    for row in range(bars.row("2019-12-31"), bars.shape[0]):
        noise = draw.normal(0, 0.02, (2, len(bars.symbols)))
        said = {timeline.champion: noise[0], timeline.challengers[0]: np.nan_to_num(forward[row]) + noise[1]}
        tables = [
            pd.DataFrame({"symbol": bars.symbols, "model": name, "p_long": one, "p_short": 0.0, "adv": 1e6}) for name, one in said.items()
        ]
        desk[str(bars.sessions[row])] = Frozen(pd.concat(tables))
    last = str(bars.sessions[-1])
    loose = replace(registry, rules=replace(registry.rules, max_turnover=9.0, min_capacity=0.1, max_drawdown=9.0))
    found = retrain.score(loose, desk, prepared.market_data, 6, last)
    assert found == read_timeline(registry.models) and found.champion == timeline.champion
    assert [one.state for one in found.contests] == ["won"] and events(registry)[-1][0] == "won"
    assert retrain.score(loose, desk, prepared.market_data, 6, last) == found
    champions.keep(loose, found, timeline, last, Word("the test"))
    new = retrain.score(replace(loose, rules=replace(loose.rules, sign="auto")), desk, prepared.market_data, 6, last)
    assert new.champion == timeline.challengers[0] == model_store.load(registry.models).card.name
    assert new.tenures[-1].by == "retraining.sign = auto" and new.tenures[-1].after < last


def test_the_first_retraining_makes_the_first_champion_and_a_contest(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    known = cut(prepared, "2020-03-31")
    found = retrain.retrain(registry, known, chosen)
    timeline = read_timeline(registry.models)
    assert timeline == found.timeline and timeline.tried == "2020-03-31"
    assert timeline.tenures[0].after == "2020-03-30" and timeline.champion_on("2020-03-31") == timeline.champion
    assert [(one.challenger, one.after, one.share) for one in timeline.contests] == [(found.name, "2020-03-31", 1.0)]
    assert events(registry) == [("began", timeline.champion, ""), ("registered", found.name, timeline.champion)]
    assert model_store.load(registry.models).card.name == timeline.champion
    assert found.evaluation.test_last == str(known.market_data.bars.sessions[-1 - chosen.training.horizon])
    assert not registry.ledger.entries(), "a contest is no trial"
    again = retrain.retrain(registry, known, chosen)
    assert again.timeline == found.timeline and len(events(registry)) == 2


def test_a_challenger_is_the_pair_that_the_walk_forward_trains(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    walked = forecast_walk_forward(prepared, chosen)
    day = list(walked.models)[-1]
    found = retrain.retrain(registry, cut(prepared, str(day)), chosen)
    assert walked.models[day].card.name == found.name


def test_the_walk_s_champion_is_the_desk_s_first(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    walked = forecast_walk_forward(prepared, chosen, registry.models)
    save_forecasts(prepared, walked, registry.models / "walk_forward" / "forecasts.parquet")
    found = retrain.retrain(registry, prepared, chosen)
    assert found.timeline.tenures[0].model == walked.timeline.champion and found.timeline.challengers == (found.name,)


def test_what_train_made_is_the_first_champion_and_train_displaces_no_champion(
    registry: Registry, prepared: PreparedData, chosen: Settings
) -> None:
    known = cut(prepared, "2020-03-31")
    kept = save_models(train_models(known, chosen), registry.models)
    before = evaluation_of(registry.models)
    found = retrain.retrain(registry, known, chosen)
    assert found.timeline.champion == kept.card.name and evaluation_of(registry.models) == before is not None
    other = save_models(train_models(prepared, chosen), registry.models)
    assert other.card.name != kept.card.name and model_store.load(registry.models).card == kept.card
    assert evaluation_of(registry.models) == before and Archive(registry.models).load(other.card.name).card == other.card


def began(registry: Registry, prepared: PreparedData, chosen: Settings) -> Timeline:
    retrain.retrain(registry, cut(prepared, "2020-03-31"), chosen)
    return retrain.retrain(registry, prepared, chosen).timeline


def test_promotion_needs_a_verdict_or_a_reason_and_a_name(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    old = began(registry, prepared, chosen)
    first, second = old.challengers
    with pytest.raises(InputError, match=rf"the contest of {second} is open \(0 of 63 sessions\): wait for the verdict, or say why"):
        champions.promote(registry, second, ME, "", "")
    with pytest.raises(InputError, match="a change of champion is signed"):
        Word("  ")
    with pytest.raises(InputError, match="2021 is in no contest, open are: "):
        champions.promote(registry, "2021", ME, "", "")
    new = champions.promote(registry, second[:10], ME, "the old one is broken", "2020-07-06")
    assert new == read_timeline(registry.models) and (new.champion, new.previous) == (second, old.champion)
    assert new.tenures[-1].after == "2020-07-06" and new.tenures[-1].by == "R. Roe"
    assert model_store.load(registry.models).card.name == second
    told = registry.ledger.contests()[-3:]
    assert [(one.event.event, one.event.challenger, one.event.why) for one in told] == [
        ("closed", first, "the old one is broken"),
        ("overridden", second, "the old one is broken"),
        ("registered", first, ""),
    ]
    assert registry.ledger.fault() == ""


def test_a_rollback_is_one_call(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    old = began(registry, prepared, chosen)
    with pytest.raises(InputError, match="is the first champion"):
        champions.roll_back(registry, ME, "")
    champions.promote(registry, old.challengers[1], ME, "why not", "2020-07-06")
    new = champions.roll_back(registry, ME, "2020-07-08")
    assert new.champion == old.champion == model_store.load(registry.models).card.name
    assert ("rolled back", old.champion, old.challengers[1]) in events(registry)
    use = models_in_use(registry.models, "2020-07-09")
    assert use.champion == old.champion and set(use.challengers) == {old.challengers[0], old.challengers[1]} and not use.fault
    assert models_in_use(registry.models, "2020-07-08").champion == old.challengers[1]
    assert models_in_use(registry.models, "2020-07-06").challengers == (), "the contests of later days have not begun"


def test_a_win_waits_for_its_signature_and_lapses(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    retrain.retrain(registry, cut(prepared, "2020-03-31"), chosen)
    old = read_timeline(registry.models)
    assert old is not None
    won = old.settled(old.contests[0], state="won", decided="2020-06-29", sessions=63, gain=0.1)
    champions.keep(registry, old, won, "2020-06-29", Word("springback daily"))
    later = retrain.retrain(registry, prepared, chosen).timeline
    assert [one.state for one in later.contests] == ["lapsed", "open"] and later.champion == old.champion
    assert [one[0] for one in events(registry)] == ["began", "registered", "won", "lapsed", "registered"]


def test_a_won_contest_is_signed_without_an_override(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    retrain.retrain(registry, cut(prepared, "2020-03-31"), chosen)
    old = read_timeline(registry.models)
    assert old is not None
    won = old.settled(old.contests[0], state="won", decided="2020-06-29", sessions=63, gain=0.1)
    champions.keep(registry, old, won, "2020-06-29", Word("springback daily"))
    assert champions.promote(registry, old.challengers[0], ME, "", "2020-06-30").champion == old.challengers[0]
    assert events(registry)[-1] == ("promoted", old.challengers[0], old.champion)


def test_the_policies(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    newest, never = (replace(chosen, walk_forward=replace(chosen.walk_forward, policy=one)) for one in ("newest", "never"))  # type: ignore[arg-type]
    first = retrain.retrain(registry, cut(prepared, "2020-03-31"), never)
    assert (first.name, first.timeline.challengers) == (first.timeline.champion, ()) and first.timeline.tenures[0].after == "2020-03-30"
    with pytest.raises(InputError, match=r"walk_forward\.policy = never trains no challengers"):
        retrain.retrain(registry, prepared, never)
    assert not retrain.due(never, first.timeline, "2031-01-01") and not retrain.stale(never, first.timeline.tried, "2031-01-01")
    other = retrain.retrain(registry, cut(prepared, "2020-05-29"), chosen)
    found = retrain.retrain(registry, prepared, newest)
    assert found.timeline.champion == found.name and not found.timeline.challengers
    assert retrain.retrain(registry, prepared, newest).timeline == found.timeline
    assert events(registry) == [
        ("began", first.name, ""),
        ("registered", other.name, first.name),
        ("began", found.name, first.name),
        ("closed", other.name, first.name),
    ]


def test_it_is_due_on_the_last_evening_of_a_quarter_and_stale_after_one_and_a_half(chosen: Settings) -> None:
    begun = Timeline(tried="2023-06-30").begun("a", "2023-03-31", "", "")
    days = ("2023-09-27", "2023-09-28", "2023-09-29", "2023-10-02")
    assert [retrain.due(chosen, begun, day) for day in days] == [False, False, True, True]  # the 29th is the quarter's last session
    assert not retrain.due(chosen, replace(begun, tried="2023-09-29"), "2023-10-02"), "the 30th is a Saturday of the old quarter"
    assert retrain.due(chosen, None, "2023-10-02") and retrain.due(chosen, replace(begun, tried=""), "2023-10-02")
    assert [retrain.stale(chosen, begun.tried, day) for day in ("2023-11-10", "2023-11-17")] == [False, True]


def test_a_challenger_that_is_damaged_is_told_and_a_champion_is_refused(
    registry: Registry, prepared: PreparedData, chosen: Settings
) -> None:
    with pytest.raises(MissingData, match="has no timeline of champions yet: run 'springback retrain --now'"):
        champions.timeline_of(registry.models)
    timeline = retrain.retrain(registry, prepared, chosen).timeline
    place, day = registry.models / "archive", "2020-07-01"
    assert models_in_use(registry.models, day).challengers == timeline.challengers
    (place / timeline.hashes[timeline.challengers[0]] / model_store.LONG).write_bytes(b"x")
    assert set(models_in_use(registry.models, day).pairs) == {timeline.champion}
    (place / timeline.hashes[timeline.champion] / model_store.CARD).unlink()
    assert "holds no card.json" in models_in_use(registry.models, day).fault


@pytest.mark.parametrize("step", range(1, 12))
def test_a_kill_at_any_write_leaves_old_or_new(
    step: int, registry: Registry, prepared: PreparedData, chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A promotion is killed before its nth rename: the timeline is whole, and the next call makes all of it one."""
    old = began(registry, prepared, chosen)
    name = old.challengers[1]
    count = 0
    plain = Path.replace

    def killed(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == step:
            raise KeyboardInterrupt
        return plain(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    monkeypatch.setattr(os, "replace", lambda a, b: killed(Path(a), Path(b)))
    with contextlib.suppress(KeyboardInterrupt):
        champions.promote(registry, name, ME, "why not", "2020-07-06")
    monkeypatch.undo()
    found = read_timeline(registry.models)
    assert found is not None and found.champion in (old.champion, name)
    if found.champion == old.champion:
        found = champions.promote(registry, name, ME, "why not", "2020-07-06")
    champions.mend(registry.models, found)
    assert found.champion == model_store.load(registry.models).card.name == name
    assert evaluation_of(registry.models) == evaluation_of(Archive(registry.models).folder(name))
    assert [one[0] for one in events(registry)].count("overridden") == 1 and Ledger(registry.ledger.file).fault() == ""


def test_stale_models_enter_nothing(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    retrain.retrain(registry, cut(prepared, "2019-12-31"), chosen)
    for day, entries in (("2020-05-15", True), ("2020-05-18", False)):
        known, models = cut(prepared, day).market_data, models_in_use(registry.models, day)
        curbs, reasons = curbs_of(known, chosen, models, DataFaults({}, 0.0, 0.0, None, None), Forbidden())
        assert curbs.entries is entries and [one.code for one in reasons] == ([] if entries else ["models_stale"])


def test_what_models_says_is_one_object(registry: Registry, prepared: PreparedData, chosen: Settings) -> None:
    timeline = began(registry, prepared, chosen)
    told = retrain.standing(chosen, timeline, "2020-07-06")
    assert told["champion"] == timeline.champion and told["previous"] is None and told["policy"] == "if_better"
    assert [one["challenger"] for one in told["contests"]] == told["challengers"] == list(timeline.challengers)
    assert told["contests"][1]["share"] == 0.5 and (told["due"], told["stale"]) == (False, False)
    assert dataclasses.asdict(timeline.tenures[0]) == told["tenures"][0]
    assert np.isfinite(told["contests"][0]["share"])
