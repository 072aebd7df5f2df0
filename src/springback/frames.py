"""Springback in Python: settings from a dict, frames in, frames with words out, and the report of a run in a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from springback import settings as toml
from springback.analytics import run_folder
from springback.backtest.result import Result, daily_frame, fills_frame, funnel_frame, orders_frame, trades_frame
from springback.data.files import tables
from springback.data.files.reading import Table
from springback.data.files.sheets import Given
from springback.data.store.content_hash import content_hash
from springback.features import FEATURES
from springback.market.costs import Profile
from springback.market.forecasts import Forecasts
from springback.market.tape import Tape
from springback.quality.entry import fetch
from springback.workflow import backtests
from springback.workflow.models import forecast_fixed, in_sample
from springback.workflow.models import forecast_walk_forward as forecast
from springback.workflow.models import save_models as keep
from springback.workflow.models import train_models as train
from springback.workflow.prepare import World
from springback.workflow.prepare import prepare_world as world
from springback.workflow.report import summary_of, tell
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo, load_bars, open_store

__all__ = [
    "Run",
    "Settings",
    "World",
    "bars_frame",
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
    "report",
    "run_backtest",
    "summary_of",
    "tell",
    "train",
    "world",
]


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
    tape: Tape
    forecasts: Forecasts
    settings: Settings
    models: str
    codes: Result
    store: Path | None = None

    def __repr__(self) -> str:
        first, last = (str(self.daily["date"].iloc[k])[:10] for k in (0, -1))
        return f"<Run {first} to {last}: {len(self.trades):,} trades, equity ${self.daily['equity'].iloc[-1]:,.0f}>"


def load_settings(told: Mapping[str, Any] | Path | str | None = None) -> Settings:
    """The built-in defaults with what a dict says, `{"strategy": {"slots": 10}}` or `{"strategy.slots": 10}`, or a TOML file.

    Raises `SettingsError` on what is unknown or out of its range.
    """
    if told is None or not isinstance(told, Mapping):
        return toml.load(Settings, [] if told is None else [Path(told)])
    return toml.build(Settings, toml.nested(told))


def forecasts_from(table: Table, tape: Tape) -> Forecasts:
    """The forecasts in a file or a frame: date, symbol, qpi, p_long, p_short, adv_63. Raises `InputError`."""
    source = Path(table) if isinstance(table, str | Path) else Given(table, "the frame of forecasts")
    return tables.read_forecasts(source, tape.bars)


def run_backtest(
    tape: Tape,
    forecasts: Forecasts | Table,
    settings: Settings | Mapping[str, Any] | None = None,
    profile: Profile | None = None,
    flat_bp: float = 0.0,
    models: str = "",
    store: Path | str | None = None,
) -> Run:
    """The rule on `tape` by `forecasts` (as `forecast` gives them, a frame or a file), under one cost profile, `flat_bp` a side on top.

    It is a trial, and is written into the ledger beside `store` before it is returned. Raises `InputError`, `SettingsError`.
    """
    chosen = settings if isinstance(settings, Settings) else load_settings(settings)
    said = forecasts if isinstance(forecasts, Forecasts) else forecasts_from(forecasts, tape)
    place = None if store is None else Path(store)
    codes = backtests.run_backtest(tape, said, chosen, profile, flat_bp, models=models, store=place)
    shown = (orders_frame(codes), fills_frame(codes), trades_frame(codes), daily_frame(codes), funnel_frame(codes))
    return Run(*shown, tape, said, chosen, models, codes, place)


def report(run: Run, folder: Path | str) -> Path:
    """Writes the run folder of a backtest, both profiles, cost sweep and overlays with it, and returns its report.html.

    Raises `Unwritable`.
    """
    digest = content_hash(run.tape)
    material = tell(run.tape, run.forecasts, run.settings, digest, run.models or "forecasts that were handed over", store=run.store)
    run_folder.write(Path(folder), material)
    return Path(folder) / "report.html"


def bars_frame(tape: Tape) -> pd.DataFrame:
    """date, symbol, open, high, low, close, volume: one row for each that the tape has."""
    return tables.bars_frame(tape.bars)


def features_frame(made: World) -> pd.DataFrame:
    """date, symbol and the 8 features, one row for each bar."""
    return tables.features_frame(made.tape.bars, FEATURES, made.features)


def forecasts_frame(tape: Tape, forecasts: Forecasts) -> pd.DataFrame:
    """date, symbol, qpi, p_long, p_short, adv_63: one row for each name and session that was ranked."""
    return tables.forecasts_frame(tape.bars, forecasts)
