"""A small market of pure noise, and a search on it."""

from pathlib import Path
from typing import Any

from springback import settings
from springback.cluster import Cores, Workers
from springback.market.market_data import MarketData
from springback.search.search_finding import SearchReport
from springback.workflow import optimize, search
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings

NOISE = (
    "demo.names=40",
    "demo.start='2018-01-02'",
    "demo.end='2021-06-30'",
    "demo.reversal=0.0",
    "demo.market_return=0.0",
    "backtest.start=2020-01-01",
    "backtest.end=2021-06-30",
    "training.trees=10",
    "walk_forward.months=6",
    "optimise.held_back=6",
    "optimise.trials=20",
    "optimise.grid=3",
    "optimise.draws=500",
)
HELD = "2021-01-01"


def chosen(*more: str) -> Settings:
    return settings.load(Settings, [], [*NOISE, *more])


def searched(
    market_data: MarketData, folder: Path, *more: str, workers: Workers | None = None, reveal: bool = False, digest: str = "d" * 64
) -> SearchReport:
    """The search on `market_data` with store, models and studies under `folder`."""
    job = job_of(market_data, folder, *more, digest=digest)
    task = optimize.reveal if reveal else optimize.optimize
    return task(job, workers or Cores())


def job_of(market_data: MarketData, folder: Path, *more: str, digest: str = "d" * 64) -> Any:
    return search.job(chosen(*more), market_data, folder / "models", folder / "runs", Recorder(folder / "store", digest))
