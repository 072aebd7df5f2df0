"""Run folders of our own backtest, and the same run as LEAN would have left it, on random markets and on the recorded ones."""

import json
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from springback.analytics import run_folder
from springback.analytics.report_data import GOLDEN_COLUMNS, Account, ReportData
from springback.analytics.summary import Summary
from springback.backtest.result import Result
from springback.backtest.run import Backtest, backtest
from springback.data.files import csv_file
from springback.data.files.tables import read_forecasts
from springback.lean import as_run
from springback.lean.results import read_result
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.market.origin import Origin, Provenance
from springback.market.prose import Prose
from springback.strategy.knobs import Regime, Strategy
from springback.workflow.report import account
from tests.analytics.golden import GOLDEN
from tests.backtest.worlds import account_of, random_forecasts, random_tape
from tests.lean.lean_files import write_result

FEW = Strategy(slots=3, probability=0.4, qpi_low=30, qpi_high=70)


def undrawn(report_data: ReportData, summary: Summary, folder: Path) -> None:
    """Leaves the report out: it takes longest and says nothing here."""


def random_result(seed: int, stop_mode: str = "close") -> Result:
    """A run over a random market with halts, delistings, splits and dividends."""
    market_data = random_tape(seed)
    strategy = Strategy(slots=FEW.slots, probability=0.4, qpi_low=30, qpi_high=70, stop_mode=stop_mode)
    return backtest(market_data, random_forecasts(seed, market_data), account_of(market_data), strategy, Regime(), Costs())


def ours(folder: Path, result: Result, start: str, end: str) -> Account:
    """Writes the run as a run folder of ours."""
    made = account(result, "lean")
    report_data = ReportData(
        (made,), start, end, Provenance(Origin("file", "made up", Prose("made up")), Prose("names"), {}, "sha256:0", {}, 0)
    )
    run_folder.write(folder, report_data, undrawn)
    return made


def theirs(folder: Path, made: Account, start: str, end: str, record: bool = True) -> Path:
    """Writes the run as LEAN would: its result file. LEAN takes no decision in the last session, so the record has no row for it."""
    daily = made.daily[list(GOLDEN_COLUMNS["daily"])]
    file = write_result(folder, made.orders, as_lean_stamps(made.fills), daily, cash=made.cash, start=start, end=end, record=False)
    if record:
        store = folder / "storage" / "springback"
        store.mkdir(parents=True)
        (store / "daily.csv").write_text(run_folder.table_text(daily.iloc[:-1], GOLDEN_COLUMNS["daily"]))
    return file


def as_lean_stamps(fills: pd.DataFrame) -> pd.DataFrame:
    """With daily bars LEAN fills everything at the close, but for what it closes at midnight."""
    days = fills["time"].dt.normalize()
    return fills.assign(time=fills["time"].where(fills["time"] == days, days + pd.Timedelta(hours=16)))


def imported(folder: Path, file: Path) -> ReportData:
    """Turns a result of LEAN into the run folder, without the report."""
    report_data = as_run.as_run(read_result(file), as_run.find_record(file))
    run_folder.write(folder, report_data, undrawn)
    return report_data


@cache
def golden_world(name: str) -> tuple[MarketData, Forecasts]:
    """The market and the forecasts of a recorded run."""
    folder = GOLDEN / name
    market_data = csv_file.read(
        folder / "bars.csv.gz", vix=folder / "vix.csv", events=folder / "events.csv" if name == "corporate" else None
    )
    return market_data, read_forecasts(folder / "forecasts.csv.gz", market_data.bars)


def golden_result(run: str) -> Result:
    """Our backtest of a recorded run."""
    world, name = run.split("/")
    said = json.loads((GOLDEN / world / "runs" / name / "settings.json").read_text())
    span = Backtest(date.fromisoformat(said.pop("start")), date.fromisoformat(said.pop("end")), said.pop("cash"), "lean")
    return backtest(*golden_world(world), span, Strategy(**{"entry_life": 0} | said), Regime(), Costs())


def golden_tables(run: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """orders, fills and daily rows as they were recorded."""
    world, name = run.split("/")
    folder = GOLDEN / world / "runs" / name
    orders, fills = (pd.read_csv(folder / f"{one}.csv", keep_default_na=False) for one in ("orders", "fills"))
    return orders, fills, pd.read_csv(folder / "daily.csv")
