"""Springback in Python: settings from a dict, frames in and out, and each task of the program as a function with defaults.

`settings` may be a `Settings`, a dict as `load_settings` takes it, or None for the defaults. What looks at a period is written into the
trial ledger beside `store`, or in the working folder where no store is named. `out` is a folder that gets the page of the task.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from springback import settings as toml
from springback.analytics import run_folder
from springback.analytics.report_data import ReportData
from springback.auditing.audit_page import Audit
from springback.backtest.result import Result, daily_frame, fills_frame, funnel_frame, orders_frame, trades_frame
from springback.cluster import Cores
from springback.data.files import tables
from springback.data.files.reading import Table
from springback.data.files.sheets import NamedFrame
from springback.data.store.content_hash import content_hash
from springback.errors import SettingsError
from springback.features import FEATURES
from springback.forecasting.models import Models
from springback.market.costs import Profile
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.project import usual
from springback.quality.quality_study import QualityStudy
from springback.scenarios.stress_study import StressStudy
from springback.search.search_finding import SearchReport
from springback.training.train import Trained
from springback.training.walk_forward import WalkForwardResult
from springback.validation.validation_study import ValidationStudy
from springback.workflow import audit as auditing
from springback.workflow import backtests, models
from springback.workflow import check_data as checking
from springback.workflow import fetch as fetching
from springback.workflow import optimize as searching
from springback.workflow import report as reporting
from springback.workflow import stress as stressing
from springback.workflow import validate as validating
from springback.workflow.forecasts import Forecasted
from springback.workflow.inputs import Inputs, Loaded, Request, fill
from springback.workflow.inputs import keep as keep_in_store
from springback.workflow.models import in_sample
from springback.workflow.models import save_models as keep
from springback.workflow.prepare import PreparedData, bare, prepare_world
from springback.workflow.progress import SILENT, Progress
from springback.workflow.recorder import Recorder
from springback.workflow.report import summary_of
from springback.workflow.search import job
from springback.workflow.settings import Settings, dated, under
from springback.workflow.sources import draw_demo as draw
from springback.workflow.sources import load_bars, open_store

__all__ = [
    "PreparedData",
    "Run",
    "Settings",
    "audit",
    "bars_frame",
    "check_data",
    "draw_demo",
    "features_frame",
    "fetch",
    "forecast",
    "forecast_fixed",
    "forecasts_frame",
    "forecasts_from",
    "in_sample",
    "keep",
    "load_bars",
    "load_settings",
    "open_store",
    "optimize",
    "prepare",
    "report",
    "run_backtest",
    "stress",
    "summary_of",
    "tell",
    "train",
    "validate",
]
Knobs = Settings | Mapping[str, Any] | None
Folder = Path | str | None
BROUGHT = "forecasts that were handed over"


@dataclass(frozen=True, eq=False)
class Run:
    """One backtest: `orders`, `fills`, `trades`, `daily` and `funnel` as frames, with words and not codes, and what it was made of.

    The frames are those of a run folder (`orders.csv` ...). `codes` are the columns of the loop that they were made from.
    """

    orders: pd.DataFrame
    fills: pd.DataFrame
    trades: pd.DataFrame
    daily: pd.DataFrame
    funnel: pd.DataFrame
    market_data: MarketData
    forecasts: Forecasts
    settings: Settings
    models: str
    codes: Result
    store: Path | None = None

    def __repr__(self) -> str:
        first, last = (str(self.daily["date"].iloc[k])[:10] for k in (0, -1))
        return f"<Run {first} to {last}: {len(self.trades):,} trades, equity ${self.daily['equity'].iloc[-1]:,.0f}>"


def load_settings(knobs: Mapping[str, Any] | Path | str | None = None) -> Settings:
    """The built-in defaults with what a dict says, `{"strategy": {"slots": 10}}` or `{"strategy.slots": 10}`, or a TOML file.

    Raises `SettingsError` on what is unknown or out of its range.
    """
    if isinstance(knobs, Mapping):
        return toml.build(Settings, toml.nested(knobs))
    if knobs is not None and not isinstance(knobs, str | Path):
        raise SettingsError(f"settings are a dict of knobs or a TOML file, was {knobs!r}: give {{'strategy.slots': 10}}", value=knobs)
    return toml.load(Settings, [] if knobs is None else [Path(knobs)])


def draw_demo(settings: Knobs = None) -> MarketData:
    """The demo market of `settings.demo`: every price is invented. Pure function of the settings."""
    return draw(_known(settings))


def fetch(
    market: MarketData | str,
    store: Path | str,
    settings: Knobs = None,
    symbols: Sequence[str] | str | None = None,
    days: tuple[str | None, str | None] = (None, None),
    inputs: Inputs | None = None,
    progress: Progress = SILENT,
) -> Loaded:
    """Fills the Parquet store from `market`: market data at hand, or the name of a source (yahoo, tiingo, alpaca, lean, csv, demo).

    A vendor is asked for `symbols` (names, or a file with one a line) over `days`, first and last, None the usual ones; `inputs` names
    files, keys and folders beside that. Returns the market data that the store holds then and its hash. Raises `InputError`, `SourceError`,
    `MissingData`, `Restated`.
    """
    if isinstance(market, MarketData):
        return keep_in_store(market, Path(store), progress)
    listed = symbols if symbols is None or isinstance(symbols, str) else ",".join(symbols)
    request = Request(listed, *days)
    market_inputs = dataclasses.replace(inputs or Inputs(), store=Path(store), request=request if inputs is None else inputs.request)
    if market_inputs.by_name(market):
        return fetching.fetch(_known(settings), market_inputs, market, progress)
    return fill(_known(settings), market_inputs, market, progress)


def prepare(market_data: MarketData, settings: Knobs = None, data_hash: str = "") -> PreparedData:
    """The tradable universe (T, N) and the features (T, N, 8) of `market_data`. `data_hash`: what `open_store` said; empty: worked out."""
    return prepare_world(market_data, _known(settings), data_hash)


def train(prepared: PreparedData, settings: Knobs = None, progress: Progress = SILENT) -> Trained:
    """Long and short models by the 80/20 split in time, judged on the newest sessions."""
    return models.train_models(prepared, _known(settings), progress)


def forecast(prepared: PreparedData, settings: Knobs = None, models_dir: Folder = None, progress: Progress = SILENT) -> WalkForwardResult:
    """Quarterly walk-forward forecasts of the backtest's days; the models are kept in `models_dir`, and found there again."""
    return models.forecast_walk_forward(prepared, _known(settings), _folder(models_dir), progress)


def forecast_fixed(prepared: PreparedData, models_dir: Path | str, settings: Knobs = None) -> tuple[Forecasts, Models]:
    """Forecasts of every session by the one pair in `models_dir`, and the pair. Raises `ModelError`."""
    return models.forecast_fixed(prepared, Path(models_dir), _known(settings))


def forecasts_from(table: Table, market_data: MarketData) -> Forecasts:
    """The forecasts in a file or a frame: date, symbol, qpi, p_long, p_short, adv_63. Raises `InputError`."""
    source = Path(table) if isinstance(table, str | Path) else NamedFrame(table, "the frame of forecasts")
    return tables.read_forecasts(source, market_data.bars)


def run_backtest(
    market_data: MarketData,
    forecasts: Forecasts | Table,
    settings: Knobs = None,
    profile: Profile | None = None,
    flat_bp: float = 0.0,
    models: str = "",
    store: Folder = None,
) -> Run:
    """The rule on `market_data` by `forecasts` (as `forecast` gives them, a frame or a file), under one cost profile, with
    `flat_bp` basis points a side on top.

    It is a trial, and is written into the ledger before it is returned. Raises `InputError`, `SettingsError`.
    """
    chosen, place = _known(settings), _folder(store)
    by = _forecasts(forecasts, market_data)
    codes = backtests.run_backtest(market_data, by, under(chosen, profile) if profile else chosen, Recorder(place, models=models), flat_bp)
    shown = (orders_frame(codes), fills_frame(codes), trades_frame(codes), daily_frame(codes), funnel_frame(codes))
    return Run(*shown, market_data, by, chosen, models, codes, place)


def tell(
    market_data: MarketData,
    forecasts: Forecasts,
    settings: Knobs = None,
    data_hash: str = "",
    models: str = BROUGHT,
    in_sample: bool = False,
    store: Folder = None,
) -> ReportData:
    """All that the report of a backtest shows: both cost profiles, the sweep, the overlays. The headline is a trial."""
    record = Recorder(_folder(store), data_hash or content_hash(market_data), models=models)
    return reporting.gather(market_data, forecasts, _known(settings), record, in_sample)


def report(run: Run, folder: Path | str) -> Path:
    """Writes the run folder of a backtest, both profiles, cost sweep and overlays with it, and returns its report.html.

    Raises `Unwritable`.
    """
    run_folder.write(Path(folder), tell(run.market_data, run.forecasts, run.settings, models=run.models or BROUGHT, store=run.store))
    return Path(folder) / "report.html"


def validate(
    prepared: PreparedData,
    settings: Knobs = None,
    method: str = "walk-forward",
    models_dir: Folder = None,
    out: Folder = None,
    store: Folder = None,
    progress: Progress = SILENT,
) -> ValidationStudy:
    """Whether the models rank the names of a day, by `method`: walk-forward, or combinatorial (purged cross-validation).

    Raises `SettingsError`, `MissingData`.
    """
    asked = validating.Method(method, _folder(models_dir))
    study = validating.validate(_known(settings), prepared, asked, progress, Recorder(_folder(store), prepared.hash))
    if out is not None:
        validating.write(study, Path(out))
    return study


def stress(run: Run, out: Folder = None, progress: Progress = SILENT) -> StressStudy:
    """Shocks around what a backtest held, crashes of the past, resampled histories; its base run is the trial of the backtest again."""
    digest = content_hash(run.market_data)
    by = Forecasted(run.forecasts, run.models or BROUGHT)
    study = stressing.stress(run.settings, bare(run.settings, run.market_data, digest), by, progress, Recorder(run.store, digest))
    if out is not None:
        stressing.write(study, Path(out))
    return study


def audit(
    market_data: MarketData,
    settings: Knobs = None,
    quick: bool = False,
    seed: int = 1,
    out: Folder = None,
    store: Folder = None,
    progress: Progress = SILENT,
) -> Audit:
    """Whether anything in the pipeline looks ahead, or finds an edge in noise: every check on a sample of `market_data`; `quick` a small
    one.
    """
    effort = auditing.Effort(quick, seed=seed)
    made = auditing.audit(_known(settings), market_data, effort, progress, Recorder(_folder(store)))
    if out is not None:
        auditing.write(made, Path(out))
    return made


def optimize(
    market_data: MarketData,
    settings: Knobs = None,
    out: Path | str = "runs/optimise",
    models_dir: Folder = None,
    store: Folder = None,
    progress: Progress = SILENT,
) -> SearchReport:
    """The search for settings before a held-back period that `settings.optimise` describes, and how much of the gain is luck.

    Its study lies in a folder of its own under `out`, where a search that was stopped goes on. Raises `SettingsError`, `MissingData`.
    """
    chosen = searching.checked(dated(_known(settings), market_data))
    record = Recorder(_folder(store))
    return searching.optimize(
        job(chosen, market_data, _folder(models_dir) or usual("models"), Path(out), record, progress), Cores(), progress
    )


def check_data(market: MarketData | Path | str, settings: Knobs = None, out: Folder = None, progress: Progress = SILENT) -> QualityStudy:
    """Whether the data may be used: every check on market data, a store, a file or a folder of bars. Raises `MissingData`, `InputError`."""
    if isinstance(market, MarketData):
        study = checking.check_tape(_known(settings), market, progress)
    else:
        study = checking.check_data(_known(settings), checking.inputs_of(Path(market)), progress).study
    if out is not None:
        checking.write(study, Path(out))
    return study


def bars_frame(market_data: MarketData) -> pd.DataFrame:
    """date, symbol, open, high, low, close, volume: one row for each that the market data has."""
    return tables.bars_frame(market_data.bars)


def features_frame(prepared: PreparedData) -> pd.DataFrame:
    """date, symbol and the 8 features, one row for each bar."""
    return tables.features_frame(prepared.market_data.bars, FEATURES, prepared.features)


def forecasts_frame(market_data: MarketData, forecasts: Forecasts) -> pd.DataFrame:
    """date, symbol, qpi, p_long, p_short, adv_63: one row for each name and session that was ranked."""
    return tables.forecasts_frame(market_data.bars, forecasts)


def _known(settings: Knobs) -> Settings:
    return settings if isinstance(settings, Settings) else load_settings(settings)


def _folder(folder: Folder) -> Path | None:
    return None if folder is None else Path(folder)


def _forecasts(forecasts: Forecasts | Table, market_data: MarketData) -> Forecasts:
    return forecasts if isinstance(forecasts, Forecasts) else forecasts_from(forecasts, market_data)
