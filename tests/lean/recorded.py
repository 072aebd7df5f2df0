"""Where the recorded runs of the real engine lie: a small one in the repository, the larger ones in ../shared beside it."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from springback.data.files import csv_file
from springback.data.files.tables import read_forecasts
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY.parent / "shared" / "lean-golden"
SHIPPED = REPOSITORY / "tests" / "golden"
OLD = ("strategy/default", "strategy/busy", "strategy/resting", "corporate/busy")
DAY = ("day/strategy-busy", "day/strategy-resting")
OURS = tuple(f"invented/{name}" for name in ("close", "resting", "close-day", "resting-day"))

needs_golden = [pytest.mark.golden, pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/lean-golden is absent")]
EVERY = (*OURS, *(pytest.param(name, marks=needs_golden) for name in (*OLD, *DAY)))
"""All recorded runs, those of the repository without a condition."""


class Recorded(NamedTuple):
    """A recorded run: the folder of its market, its own, and what differed from the defaults."""

    market: Path
    folder: Path
    said: dict[str, Any]

    def table(self, name: str, **options: Any) -> pd.DataFrame:
        """`orders`, `fills` or `daily` as it was recorded."""
        return pd.read_csv(file_of(self.folder, name), keep_default_na=False, **options)

    @property
    def events(self) -> Path | None:
        """The market's splits and dividends; None where the prices are adjusted (its events are endings and halts)."""
        file = file_of(self.market, "events")
        return file if "value" in file_head(file) else None


def recorded(run: str) -> Recorded:
    """The run of that name; one that does not say how long an entry lives was made when it waited until it filled."""
    world, _, name = run.partition("/")
    market = SHIPPED / world if world == "invented" else GOLDEN / ("strategy" if world == "day" else world)
    folder = GOLDEN / world / name if world == "day" else market / "runs" / name
    return Recorded(market, folder, {"entry_life": 0} | json.loads((folder / "settings.json").read_text()))


def file_of(folder: Path, name: str) -> Path:
    """The table of that name, packed or not."""
    plain = folder / f"{name}.csv"
    return plain if plain.is_file() else folder / f"{name}.csv.gz"


def file_head(file: Path) -> list[str]:
    """The column names of a table."""
    return list(pd.read_csv(file, nrows=0).columns)


def market(run: str) -> tuple[MarketData, Forecasts]:
    """The market data and the forecasts of a recorded run."""
    known = recorded(run)
    market_data = csv_file.read(file_of(known.market, "bars"), vix=file_of(known.market, "vix"), events=known.events)
    return market_data, read_forecasts(file_of(known.market, "forecasts"), market_data.bars)
