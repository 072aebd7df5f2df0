"""Does it still work: the desk's frozen decisions beside the market as it is known today. Nothing is tried, so no trial is counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.backtest.result import Result
from springback.errors import MissingData, ModelError
from springback.features import FEATURES
from springback.forecasting import model_store
from springback.forecasting.archive import ARCHIVE
from springback.forecasting.forecast import forecast_panel
from springback.market.bars import Dates
from springback.market.forecasts import Forecasts
from springback.market.liquidity import mean_volume
from springback.market.market_data import MarketData
from springback.market.origin import Provenance
from springback.monitoring.accuracy import Accuracy, LiveForecasts, accuracy
from springback.monitoring.beside import Beside, beside
from springback.monitoring.decay import Decay, alarm_factor, shortfall
from springback.monitoring.drift import Drift, Rows, drift
from springback.monitoring.monitor_page import page
from springback.monitoring.monitor_study import Lack, MonitorStudy
from springback.monitoring.regime_effect import RegimeEffect, regime_effect
from springback.operation.account_state import opening
from springback.operation.desk_folder import DeskFolder
from springback.operation.evening import Terms, play
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.window import sessions_needed, window
from springback.statistics.returns import daily_returns
from springback.strategy.indicator import triggered
from springback.training.labels import forward_return
from springback.workflow import places, watch
from springback.workflow.backtests import loop_inputs, simulate
from springback.workflow.frozen import Frozen, before, frozen, since
from springback.workflow.inputs import Loaded
from springback.workflow.prepare import PreparedData, survey
from springback.workflow.progress import SILENT, Progress, counter
from springback.workflow.provenance import provenance
from springback.workflow.settings import Settings, between

Numbers = NDArray[np.float64]
NEVER = 1e9
"""A multiple of VIX' mean that it never closes above: no regime."""
EMPTY = np.empty(0)


@dataclass(frozen=True, eq=False)
class Scene:
    """What every part of the monitor reads: the market from well before the desk's first session, its features, the decisions laid over it,
    and forecasts out of sample of the sessions before the desk's first, None where there are none; whole numbers are rows of the scene.
    """

    settings: Settings
    models: Path
    prepared: PreparedData
    frozen: Frozen
    past: Forecasts | None

    @property
    def market_data(self) -> MarketData:
        """The market of the scene."""
        return self.prepared.market_data

    @property
    def first(self) -> int:
        """The row of the desk's first session."""
        return int(self.frozen.rows[0])

    @property
    def end(self) -> int:
        """The row after the newest decision."""
        return int(self.frozen.rows[-1]) + 1


def monitor(settings: Settings, desk: Path, market: Loaded, models: Path, command: str = "", progress: Progress = SILENT) -> MonitorStudy:
    """How the desk's account did and whether its models still work, on the market as it is known today; brings the watch up to date.

    Raises `MissingData` where the desk has no decision of a session that the market knows, `BadTable` where one is damaged.
    """
    say = counter(progress.step("monitor"), 6)
    say("decisions")
    decisions = tuple(DeskFolder(desk).decisions())
    if not decisions:
        raise MissingData(f"{desk} holds no decision yet: run 'springback daily'")
    say("the watch")
    found = watch.watch(settings, desk, market.market_data, models, again=True)
    state = found if found is not None and found.watched else None
    say("features and accuracy")
    scene = _scene(settings, decisions, market, models)
    lacks: dict[str, Lack] = {} if state is not None else {"watch": "no_reference"}
    scores = _accuracy(scene, lacks)
    say("backtests of the same days")
    curves = _beside(scene, lacks)
    say("the regime")
    effect = _regime(scene)
    say("drift")
    parts = scores, curves, effect, _drift(scene, lacks)
    return _study(scene, state, parts, lacks, provenance(scene.market_data, market.hash, settings, "what the desk ranked", command))


def _study(
    scene: Scene,
    state: Decay | None,
    parts: tuple[Accuracy, Beside, RegimeEffect, tuple[Drift, ...]],
    lacks: dict[str, Lack],
    ground: Provenance,
) -> MonitorStudy:
    own, (scores, curves, effect, drifts) = scene.frozen.decisions, parts
    path_days, path = _path(state, scores, scene)
    return MonitorStudy(
        account=own[-1].account,
        champion=scene.frozen.champion,
        first=own[0].session,
        last=own[-1].session,
        alarm_factor=alarm_factor(state, scene.settings.monitor),
        beside=curves,
        accuracy=scores,
        days=scene.market_data.bars.sessions[scores.days.row],
        watch=state,
        path_days=path_days,
        path=path,
        drift=drifts,
        regime=effect,
        lacks=lacks,
        provenance=ground,
    )


def write(study: MonitorStudy, out: Path) -> None:
    """Writes the page of a study to the file `out`. Raises `Unwritable`."""
    places.write(out.parent, {out.name: page(study)})


def _scene(settings: Settings, decisions: tuple[FrozenDecision, ...], market: Loaded, models: Path) -> Scene:
    whole = market.market_data
    needed = sessions_needed(settings.strategy, settings.regime, settings.universe)
    known = {str(day) for day in whole.bars.sessions}
    held = [one for one in decisions if one.session in known]
    if not held:
        raise MissingData(f"the market ends on {whole.bars.sessions[-1]} and knows no session that the desk decided: fetch more")
    part = since(whole, held[0].session, watch.REFERENCE + needed)
    prepared = survey(settings, part, market.hash)
    laid = frozen(held, prepared.market_data)
    walked = watch.walked_forecasts(models, part)
    past = None if walked is None else before(walked, int(laid.rows[0]))
    return Scene(settings, models, prepared, laid, None if past is None or np.isnan(past.qpi).all() else past)


def _accuracy(scene: Scene, lacks: dict[str, Lack]) -> Accuracy:
    """Of the champion in each session, as the labels are known now; what fired is held against the past."""
    settings, said, bars = scene.settings, scene.frozen.forecasts, scene.market_data.bars
    forward = forward_return(bars, scene.market_data.actions, settings.training.horizon)
    live = LiveForecasts(said.p_long, said.p_short, forward, scene.frozen.rows)
    fired = None
    if scene.past is not None:
        ranked = ~np.isnan(scene.past.qpi).all(axis=1)
        sides = (scene.past.p_long[ranked], scene.past.p_short[ranked])
        fired = tuple((side > settings.training.threshold).sum(axis=1) for side in sides)
    training = settings.training
    now, both = bars.shape[0] - 1, None if fired is None else (fired[0], fired[1])
    found = accuracy(live, now, training.horizon, training.threshold, settings.validation.names, both)
    if found.long.firing is None:
        lacks["firing"] = "no_reference"
    if not len(found.days.row):
        lacks["accuracy"] = "nothing_ripe"
    return found


def _path(state: Decay | None, scores: Accuracy, scene: Scene) -> tuple[Dates, Numbers]:
    """The sum of the watch over the scored sessions of its champion, for the picture: as it would be without any clearing."""
    if state is None:
        return scene.market_data.bars.sessions[:0], EMPTY
    own = {row for row, one in zip(scene.frozen.rows, scene.frozen.decisions, strict=True) if one.champion == state.champion}
    which = np.array([row in own for row in scores.days.row], bool)
    path = shortfall(scores.days.rank_ic[which], state.mean, state.deviation, state.allowance)
    return scene.market_data.bars.sessions[scores.days.row[which]], path


def _beside(scene: Scene, lacks: dict[str, Lack]) -> Beside:
    decisions, rows = scene.frozen.decisions, scene.frozen.rows
    cash = decisions[0].equity
    equity = np.array([one.equity for one in decisions])
    replayed, today = _replayed(scene, cash), _today(scene, cash)
    if replayed is None:
        lacks["replayed"] = "no_replay"
    if today is None:
        lacks["today"] = "few_sessions" if scene.end - scene.first < 2 else "no_models"
    at = rows - scene.first
    found = beside(
        scene.market_data.bars.sessions[rows],
        cash,
        equity,
        None if replayed is None else replayed[at],
        None if today is None else today[at],
        _past_returns(scene),
        scene.settings.monitor.seed,
    )
    if found.low is None:
        lacks["band"] = "no_reference"
    return found


def _replayed(scene: Scene, cash: float) -> Numbers | None:
    """Equity by session from the desk's first: the frozen orders, filled by the loop's own law on the bars as they are today."""
    settings, market_data = scene.settings, scene.market_data
    needed = sessions_needed(settings.strategy, settings.regime, settings.universe)
    terms = Terms(settings.strategy, settings.regime, settings.costs, settings.backtest)
    orders = {row: one.working() for row, one in zip(scene.frozen.rows.tolist(), scene.frozen.decisions, strict=True)}
    state, equity = opening(cash), []
    for row in range(scene.first, scene.end):
        sent = orders.get(row, ())
        seen = window(market_data, row + 1, needed, state.symbols | {one.symbol for one in sent})
        if not {one.symbol for one in sent} <= set(seen.bars.symbols):
            return None
        nothing = np.full(seen.bars.shape, np.nan)
        evening = play(state, seen, Forecasts(nothing, nothing, nothing, nothing), terms, None, sent)
        state = evening.after
        equity.append(float(evening.daily["equity"]))
    return np.array(equity)


def _today(scene: Scene, cash: float) -> Numbers | None:
    """Equity by session of the rule on the forecasts that the same models give on the data as they are today."""
    forecasts = _asked_anew(scene)
    return None if forecasts is None or scene.end - scene.first < 2 else _run(scene, forecasts, cash).daily["equity"]


def _asked_anew(scene: Scene) -> Forecasts | None:
    """What the champion of each session says on today's data; None where one of the models is gone."""
    prepared, bars = scene.prepared, scene.market_data.bars
    out = {name: np.full(bars.shape, np.nan) for name in ("qpi", "p_long", "p_short", "adv")}
    by_hash: dict[str, list[int]] = {}
    for row, one in zip(scene.frozen.rows.tolist(), scene.frozen.decisions, strict=True):
        if not one.champion:
            continue
        by_hash.setdefault(str(_models_of(one.hashes).get(one.champion)), []).append(row)
    for hash_, rows in by_hash.items():
        try:
            pair = model_store.load(scene.models / ARCHIVE / hash_)
        except ModelError:
            return None
        found = forecast_panel(pair, prepared.features[rows], prepared.eligible[rows], mean_volume(bars)[rows])
        for name, panel in out.items():
            panel[rows] = getattr(found, name)
    return triggered(Forecasts(**out), scene.settings.strategy.indicator, bars, scene.market_data.actions)


def _models_of(hashes: Mapping[str, Any]) -> Mapping[str, Any]:
    found = hashes.get("models")
    return found if isinstance(found, Mapping) else {}


def _run(scene: Scene, forecasts: Forecasts, cash: float, settings: Settings | None = None) -> Result:
    """The rule from the desk's first session to its newest, what the alarm and the missed evenings took from entries taken here too."""
    days = (scene.market_data.bars.sessions[row].item() for row in (scene.first, scene.end - 1))
    chosen = between(settings or scene.settings, *days)
    chosen = replace(chosen, backtest=replace(chosen.backtest, cash=cash))
    free = replace(forecasts, qpi=np.where(scene.frozen.barred, np.nan, forecasts.qpi))
    inputs = loop_inputs(scene.market_data, free, chosen, scene.frozen.entry_factor)
    return simulate(scene.market_data, free, chosen, inputs=inputs)


def _past_returns(scene: Scene) -> Numbers:
    """Daily returns of the rule on the past's forecasts, out of sample; empty where there are none."""
    if scene.past is None:
        return EMPTY
    ranked = np.flatnonzero(~np.isnan(scene.past.qpi).all(axis=1))
    sessions = scene.market_data.bars.sessions
    first, last = int(ranked[0]), min(int(ranked[-1]), scene.first - 1)
    if last - first < 1 or np.isnan(scene.market_data.vix[first : last + 1]).any():
        return EMPTY
    chosen = between(scene.settings, sessions[first].item(), sessions[last].item())
    result = simulate(scene.market_data, scene.past, chosen)
    return daily_returns(result.daily["equity"], result.cash)


def _regime(scene: Scene) -> RegimeEffect:
    """The frozen forecasts under the rule, with the regime and without."""
    cash, sessions = scene.frozen.decisions[0].equity, scene.market_data.bars.sessions[scene.first : scene.end]
    if scene.end - scene.first < 2:
        return regime_effect(sessions[:0], EMPTY, EMPTY, np.empty(0, bool))
    own = scene.settings
    without = replace(own, regime=replace(own.regime, multiple=NEVER))
    runs = [_run(scene, scene.frozen.forecasts, cash, one) for one in (own, without)]
    returns, bare = (daily_returns(one.daily["equity"], cash) for one in runs)
    return regime_effect(sessions, returns, bare, runs[0].daily["bear"] > 0)


def _drift(scene: Scene, lacks: dict[str, Lack]) -> tuple[Drift, ...]:
    """Features of the eligible names and scores of the newest sessions against those before the desk's first."""
    rules, past = scene.settings.monitor, scene.past
    newest = scene.frozen.rows[-rules.drift_sessions :]
    if past is None:
        lacks["drift"] = "no_reference"
        return ()
    said = scene.frozen.forecasts
    ranked = np.flatnonzero(~np.isnan(past.qpi).all(axis=1))
    try:
        return drift(
            _rows(scene, newest, said.p_long - said.p_short),
            _rows(scene, ranked, past.p_long - past.p_short),
            rules.block,
            rules.seed,
        )
    except MissingData:
        lacks["drift"] = "no_reference"
        return ()


def _rows(scene: Scene, rows: NDArray[np.int64], score: Numbers) -> Rows:
    """The eligible names of some sessions, one a row."""
    session, name = np.nonzero(scene.prepared.eligible[rows])
    session = rows[session]
    values = scene.prepared.features[session, name]
    return Rows(session, {one: values[:, k] for k, one in enumerate(FEATURES)}, score[session, name])
