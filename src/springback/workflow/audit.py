"""The audit: the pipeline of the settings on a sample of the data, every check of it, and the page."""

import dataclasses
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback import features as workbench
from springback.analytics.evidence import pair
from springback.auditing.audit_finding import AuditFinding
from springback.auditing.audit_page import Audit, as_json, page
from springback.auditing.case import Case, draw_sessions
from springback.auditing.checks import CHECKS, examine
from springback.auditing.pipeline import Flags, ModelForecasts, Pipeline, run_pipeline
from springback.auditing.sample import FULL, QUICK, Sample, Size, take
from springback.backtest.result import Result
from springback.errors import SettingsError
from springback.forecasting.models import Models
from springback.market.bars import Bars, Dates, Panel
from springback.market.forecasts import Forecasts
from springback.market.liquidity import WINDOW
from springback.market.market_data import MarketData
from springback.quality import gate
from springback.strategy.lookback import look_back
from springback.strategy.universe import eligible
from springback.training.rows import gather
from springback.training.train import random_split_auc
from springback.workflow import places
from springback.workflow.backtests import simulate
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import PreparedData
from springback.workflow.progress import SILENT, Progress, Step
from springback.workflow.provenance import provenance
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, dated
from springback.workflow.sources import place_rows

PAGE = "audit.html"
WHOLE_FOREST = 100
SLOW_ROWS = 4_000
"""Rows of a fit by the exact estimator, whose time grows fast."""


@dataclass(frozen=True)
class Effort:
    """How much an audit tries: the small sample or the full one, after how many random sessions the future is changed (None: as many as
    the sample's size says), and the seed of all that is drawn.
    """

    quick: bool = False
    sessions: int | None = None
    seed: int = 1

    @property
    def size(self) -> Size:
        """The sample's size. Raises `SettingsError`."""
        size = QUICK if self.quick else FULL
        if self.sessions is None:
            return size
        if self.sessions < 1:
            raise SettingsError(f"--sessions must be at least 1, was {self.sessions}", value=self.sessions, limit=1)
        return dataclasses.replace(size, at=self.sessions)


def audit(
    settings: Settings, market_data: MarketData, effort: Effort, progress: Progress = SILENT, record: Recorder | None = None
) -> Audit:
    """Every check on a sample of `market_data`; the run on the sample is a trial, which `record` writes down (without it: in the working
    folder's ledger). Raises `SettingsError`, `Unwritable`, `LedgerError` before the work.
    """
    started, size = time.monotonic(), effort.size
    record = (record or Recorder()).on(market_data)
    record.ready()
    market_data = gate.accused(market_data, settings.quality)
    step = progress.step("audit")
    step(0, len(CHECKS) + 1, "the run as it is")
    sample, small = sampled(market_data, settings, size, effort.seed)
    case = case_of(pipeline(small), sample, market_data, size, effort.seed)
    record = record.of(f"walk-forward on {sample.market_data.bars.shape[1]} names, audited", "audit")
    record.backtest(sample.market_data, small, case.base.result)
    findings: list[AuditFinding] = []
    for done, key in enumerate(CHECKS, start=1):
        findings += examine(dataclasses.replace(case, tell=partial(_tell, step, done, key)), (key,))
    step(len(CHECKS) + 1, len(CHECKS) + 1, "done")
    return _audit(tuple(findings), case, small, time.monotonic() - started, effort.seed, record)


def write(result: Audit, out: Path) -> dict[str, Any]:
    """Writes audit.json and audit.html into `out`; returns what the first holds. Raises `Unwritable`."""
    figures = as_json(result)
    places.write(out, pair("audit", figures, page(result)))
    return figures


def _tell(step: Step, count: int, key: str, text: str) -> None:
    step(count, len(CHECKS) + 1, f"{key}: {text}")


def sampled(market_data: MarketData, settings: Settings, size: Size, seed: int) -> tuple[Sample, Settings]:
    """The sample that `size` takes of `market_data` up to the end of the backtest, and the settings that run on it."""
    end = market_data.bars.row(np.datetime64(dated(settings, market_data).backtest.days[1]) + 1)
    warm = max(settings.universe.window, workbench.WINDOW) + settings.training.horizon + 2
    warm = max(warm, _look_back(settings) + 22 - settings.walk_forward.min_sessions)
    least = settings.walk_forward.min_sessions
    rng = np.random.default_rng([seed, 0])
    sample = take(market_data, eligible(market_data, settings.universe), size, end, warm, least, rng)
    days = sample.market_data.bars.sessions
    slow = settings.training.estimator == "exact"
    rows = [one for one in (settings.training.max_rows, size.rows, SLOW_ROWS if slow else 0) if one]
    months = max(settings.walk_forward.months, size.months)
    return sample, dataclasses.replace(
        settings,
        backtest=dataclasses.replace(settings.backtest, start=days[sample.first].item(), end=days[-1].item()),
        training=dataclasses.replace(settings.training, trees=min(settings.training.trees, size.trees), max_rows=min(rows, default=0)),
        # every pair that is trained must speak, or what it learned too early would not be heard
        walk_forward=dataclasses.replace(settings.walk_forward, start="", months=months, policy="newest"),
    )


def case_of(tested: Pipeline, sample: Sample, whole: MarketData, size: Size, seed: int) -> Case:
    """What the checks are handed; the base run is made here."""
    last = sample.market_data.bars.shape[0] - 2
    at = draw_sessions(np.random.default_rng([seed, 1]), sample.first + 20, last, size.at)
    return Case(tested, run_pipeline(tested, sample.market_data), whole, sample.crowd, at, size.retrainings, seed)


def pipeline(settings: Settings) -> Pipeline:
    """The pipeline of the settings, as `springback run` uses it."""
    forest = dataclasses.replace(settings.training, trees=max(settings.training.trees, WHOLE_FOREST))

    def features(market_data: MarketData) -> Panel:
        return workbench.panel(market_data.bars, market_data.actions)

    def forecast(market_data: MarketData, ranked: Flags, panel: Panel) -> ModelForecasts:
        walked = forecast_walk_forward(PreparedData(market_data, "", ranked, panel), settings)
        return ModelForecasts(walked.forecasts, {str(as_of): fingerprint(pair) for as_of, pair in walked.models.items()})

    def replay(market_data: MarketData, said: Forecasts) -> Result:
        return simulate(market_data, said, settings)

    def careless(market_data: MarketData, ranked: Flags, panel: Panel) -> float | None:
        return random_split_auc(gather(market_data, ranked, panel, settings.training), forest)[0]

    return Pipeline(
        eligible=lambda market_data: eligible(market_data, settings.universe),
        features=features,
        forecast=forecast,
        backtest=replay,
        careless=careless,
        read=read,
        named=workbench.FEATURES,
        window=workbench.WINDOW,
        look_back=_look_back(settings),
        horizon=settings.training.horizon,
    )


def read(days: Dates, symbols: Sequence[str], columns: Mapping[str, NDArray[np.float64]]) -> Bars:
    """Long rows (R,), prices in dollars and volumes in shares, through the door that every source uses."""
    return place_rows(days, symbols, columns)


def fingerprint(pair: Models) -> str:
    """Of the rows a pair learned from, and of what it says about 512 made-up ones."""
    low, high = np.array([0, 0, -3, 0, -0.3, -0.3, -0.3, 0]), np.array([100, 100, 3, 4, 0.3, 0.3, 0.3, 4])
    probe = np.random.default_rng(0).uniform(low, high, (512, len(workbench.FEATURES)))
    said = hashlib.sha256(b"".join(np.ascontiguousarray(one).tobytes() for one in pair.probabilities(probe)))
    return f"{pair.card.fingerprint[:16]}-{said.hexdigest()[:16]}"


def _look_back(settings: Settings) -> int:
    """Sessions that the universe and the rule look back on."""
    rule = look_back(settings.strategy.trend, settings.strategy.indicator)
    return max(settings.universe.window, WINDOW, settings.regime.window, workbench.WINDOW, rule) + 1


def _audit(findings: tuple[AuditFinding, ...], case: Case, settings: Settings, seconds: float, seed: int, record: Recorder) -> Audit:
    bars, whole = case.sample.bars, case.whole.bars
    traded = case.base.result.sessions
    taken = (
        f"{bars.shape[1]:,} of {whole.shape[1]:,} names, drawn at random, {bars.sessions[0]} to {bars.sessions[-1]}; "
        f"forecast and traded from {traded[0]}, {len(case.base.learned.models)} pairs of models of {settings.training.trees} trees. "
        f"Noise and planted edge: {case.crowd.bars.shape[1]:,} names. Universe and survivors: all names."
    )
    more = {
        "Random sessions": ", ".join(str(bars.sessions[row]) for row in case.at),
        "Seed": str(seed),
        "Seconds": f"{seconds:.0f}",
        "Ledger": "the run on the sample as it is counts as a trial; runs on other futures, noise and late inputs do not",
    }
    return Audit(findings, provenance(case.whole, record.data_hash, settings, taken, record.command, seed), seconds, more)
