"""What a search is handed: the market before the held-back period, the settings to start from, and a way to look at others.

Nothing of what is held back is in it: the market data is cut before universe, features, forecasts and backtests are made of it.
"""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from springback.backtest.result import Result
from springback.cluster import Workers
from springback.data.store.content_hash import content_hash
from springback.errors import MissingData, SettingsError
from springback.market.bars import Dates
from springback.market.market_data import MarketData
from springback.quality import gate
from springback.search.knobs import Knob, Value, Values, parse_all
from springback.search.optimizer import Numbers, TrialResult, stamp
from springback.settings import flat
from springback.statistics.returns import account_excess, lost, sharpe
from springback.strategy.decide import ENTERED
from springback.strategy.knobs import rule_parameters as checked
from springback.training.walk_forward import WalkForwardResult
from springback.workflow import places
from springback.workflow.backtests import BacktestCache, run_backtests
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import PreparedData, survey
from springback.workflow.progress import SILENT, Progress
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, dated, moving, searchable

LOST = -1000.0
"""The figure of a setting that lost the account: worse than any other, and a number that Optuna's file can hold."""
MODELS = "walk-forward, searched before {held}"


@dataclass(frozen=True, eq=False)
class SearchJob:
    """A search: where, on what and with what. `whole` the market data with the period that is held back, `hold_out_start` to `end`;
    `prepared` what is known before it, all that a search is handed; `settings`, their backtest ending there; `spec` the searched knobs as
    specified.
    """

    whole: MarketData
    hold_out_start: np.datetime64
    end: np.datetime64
    prepared: PreparedData
    settings: Settings
    knobs: tuple[Knob, ...]
    spec: Values
    stamp: str
    folder: Path
    models: Path
    record: Recorder

    @property
    def hash(self) -> str:
        """What the data are called in the ledger."""
        return self.record.data_hash


def job(settings: Settings, market_data: MarketData, models: Path, out: Path, record: Recorder, progress: Progress = SILENT) -> SearchJob:
    """The search that `settings` describes, with nothing in it of what is held back; its study lies in a folder of its own under `out`.

    Raises `MissingData`.
    """
    record = record.on(market_data)
    settings = dated(settings, market_data)
    market_data = gate.accused(market_data, settings.quality)
    held, end = span(market_data, settings)
    ends = market_data.bars.row(held)
    if not ends or market_data.bars.sessions[ends - 1] <= np.datetime64(settings.backtest.days[0]):
        raise MissingData(
            f"nothing is left to search: {settings.optimise.held_back} months are held back from {held}, the backtest starts "
            f"{settings.backtest.days[0]}: hold back less, or start earlier"
        )
    before = market_data.until(ends)
    last = before.bars.sessions[-1]
    cut = dataclasses.replace(settings, backtest=dataclasses.replace(settings.backtest, end=last.item()))
    knobs = parse_all(cut.optimise.knobs, searchable(cut))
    plain = flat(Settings())
    spec = {one.name: plain[one.name] for one in knobs}
    deciding = {name: value for name, value in moving(cut, "forecasts", "orders", "search").items() if name not in spec}
    mark = stamp(deciding | {"data": content_hash(before), "held": held})
    folder = out / f"{settings.optimise.objective.replace('_', '-')}-{hashlib.sha256(mark.encode()).hexdigest()[:8]}"
    made = survey(cut, before, content_hash(before), progress)
    return SearchJob(market_data, held, end, made, cut, knobs, spec, mark, folder, models, record)


def span(market_data: MarketData, settings: Settings) -> tuple[np.datetime64, np.datetime64]:
    """The first day that is held back, a first of a month, and the last session of it. Raises `MissingData` where no bar is so early."""
    sessions = market_data.bars.sessions
    row = int(np.searchsorted(sessions, np.datetime64(settings.backtest.days[1]), side="right")) - 1
    if row < 0:
        raise MissingData(f"the bars begin after backtest.end {settings.backtest.days[1]}: set it later")
    end = sessions[row]
    month = end.astype("datetime64[M]") + 1 - settings.optimise.held_back
    return month.astype("datetime64[D]"), end


class BacktestCaches:
    """The ground of each setting: one for all that change the rule only, a walk-forward each for those that change the models."""

    def __init__(self, one: SearchJob, workers: Workers, progress: Progress = SILENT) -> None:
        self.job, self.workers, self.progress = one, workers, progress
        self.base = forecast(one, one.prepared, one.settings, workers, progress)
        first = np.datetime64(self.base.folds[0].first).item()
        self.settings = dataclasses.replace(one.settings, backtest=dataclasses.replace(one.settings.backtest, start=first))
        self._last = self.key(one.settings), BacktestCache(one.prepared.market_data, self.base.forecasts)

    def of(self, settings: Settings) -> BacktestCache:
        """The ground for `settings`; the last one is kept."""
        if self._last[0] != self.key(settings):
            said = forecast(self.job, self.job.prepared, settings, self.workers, self.progress)
            self._last = self.key(settings), BacktestCache(self.job.prepared.market_data, said.forecasts)
        return self._last[1]

    def key(self, settings: Settings) -> dict[str, Any]:
        """What settings with the same forecasts have in common."""
        return moving(settings, "forecasts")


def forecast(one: SearchJob, prepared: PreparedData, settings: Settings, workers: Workers, progress: Progress) -> WalkForwardResult:
    """Walk-forward forecasts; the models of the base training are kept, those of a trial's own training are not."""
    kept = one.models if settings.training == one.settings.training else None
    with places.filling(one.models, progress) if kept else nullcontext():
        return forecast_walk_forward(prepared, settings, kept, progress, workers)


def looker(one: SearchJob, caches: BacktestCaches, workers: Workers) -> Callable[[Sequence[Values]], Iterator[TrialResult]]:
    """Runs settings on what may be searched; every one is in the ledger before its figure is handed on."""
    folds = [(np.datetime64(fold.first), np.datetime64(fold.last)) for fold in caches.base.folds]

    def figure(result: Result, excess: Numbers) -> float:
        if lost(excess):
            return LOST
        if one.settings.optimise.objective == "sharpe":
            return ratio_of(excess) or 0.0
        parts = [excess[(result.sessions >= low) & (result.sessions <= high)] for low, high in folds]
        return float(np.median([ratio_of(part) or 0.0 for part in parts]))

    def look(many: Sequence[Values]) -> Iterator[TrialResult]:
        given = [possible(caches.settings, values) for values in many]
        for same in _runs(given, caches):
            if same[0] is None:
                yield TrialResult(None, np.empty(0))
                continue
            told = MODELS.format(held=one.hold_out_start)
            for result in run_backtests(caches.of(same[0]), [s for s in same if s], workers, one.record.of(told, "optimise")):
                excess = account_excess(result, one.prepared.market_data)
                yield TrialResult(figure(result, excess), excess, int(result.funnel[:, :, ENTERED].sum()))

    return look


def _runs(many: list[Settings | None], caches: BacktestCaches) -> Iterator[list[Settings | None]]:
    """Neighbours that stand on one ground, together; what is impossible alone."""
    group: list[Settings | None] = []
    for settings in many:
        if group and (settings is None or group[-1] is None or caches.key(settings) != caches.key(group[-1])):
            yield group
            group = []
        group.append(settings)
    if group:
        yield group


def possible(settings: Settings, values: Values) -> Settings | None:
    """`settings` with `values`; None where they do not go together."""
    try:
        made = with_knobs(settings, values)
        checked(made.strategy, made.regime)
    except SettingsError:
        return None
    return made


def with_knobs(settings: Settings, values: Values) -> Settings:
    """`settings` with `values`. Raises `SettingsError`."""
    parts: dict[str, dict[str, Value]] = {}
    for name, value in values.items():
        part, _, knob = name.partition(".")
        parts.setdefault(part, {})[knob] = value
    return dataclasses.replace(settings, **{part: dataclasses.replace(getattr(settings, part), **told) for part, told in parts.items()})


def ratio_of(excess: Numbers) -> float | None:
    """Annual Sharpe ratio; None where the account stands still or was lost."""
    found = sharpe(excess) if not lost(excess) and excess.std() > 1e-8 else math.nan
    return float(found) if math.isfinite(found) else None


def sessions_of(one: SearchJob, caches: BacktestCaches) -> Dates:
    """The searched sessions."""
    sessions = one.prepared.market_data.bars.sessions
    return sessions[sessions >= np.datetime64(caches.settings.backtest.days[0])]
