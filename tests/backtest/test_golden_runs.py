"""The embedded backtest against complete runs of the real LEAN engine: the same orders, fills and account."""

import json
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.backtest.result import daily_frame, fills_frame, orders_frame
from springback.backtest.run import Backtest, backtest
from springback.data.files import csv_file
from springback.data.files.tables import read_forecasts
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.strategy.knobs import Regime, Strategy

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "lean-golden"
pytestmark = [pytest.mark.golden, pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/lean-golden is absent")]
RUNS = {
    **{f"strategy/runs/{name}": "strategy" for name in ("default", "busy", "resting")},
    "corporate/runs/busy": "corporate",
    **{f"day/{name}": "strategy" for name in ("strategy-busy", "strategy-resting")},
    **{f"invented/runs/{name}": "invented" for name in ("close", "resting", "close-day", "resting-day")},
}
"""Folder of each run and the market it was run on. The oldest do not name `entry_life`: they kept entries waiting, which is 0."""


@lru_cache
def world(market: str) -> tuple[MarketData, Forecasts]:
    folder = GOLDEN / market
    events = folder / "events.csv" if market != "strategy" else None
    market_data = csv_file.read(folder / "bars.csv.gz", vix=folder / "vix.csv", events=events)
    return market_data, read_forecasts(folder / "forecasts.csv.gz", market_data.bars)


@pytest.mark.parametrize("run", RUNS)
def test_the_lean_runs_come_out_order_for_order(run: str) -> None:
    folder = GOLDEN / run
    said = {"entry_life": 0} | json.loads((folder / "settings.json").read_text())
    account = Backtest(date.fromisoformat(said.pop("start")), date.fromisoformat(said.pop("end")), said.pop("cash"), "lean")
    result = backtest(*world(RUNS[run]), account, Strategy(**said), Regime(), Costs())

    orders = orders_frame(result)
    orders["decided"] = orders["decided"].dt.strftime("%Y-%m-%d")
    recorded = pd.read_csv(folder / "orders.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(orders[recorded.columns], recorded)

    fills, expected = fills_frame(result), pd.read_csv(folder / "fills.csv", keep_default_na=False, parse_dates=["time"])
    assert set(orders["order_id"][orders["status"] == "filled"]) == set(expected["order_id"]) & set(orders["order_id"])
    for column in ("order_id", "symbol", "quantity", "reason"):
        assert fills[column].tolist() == expected[column].tolist(), column
    assert fills["time"].dt.normalize().tolist() == expected["time"].dt.normalize().tolist()
    for column in ("price", "fee"):
        assert np.abs(fills[column] - expected[column]).max() <= 1e-9, column

    # LEAN wrote its daily rows at the 16:30 decision, which the last session does not take.
    daily, account_rows = daily_frame(result).iloc[:-1], pd.read_csv(folder / "daily.csv")
    assert daily["date"].dt.strftime("%Y-%m-%d").tolist() == account_rows["date"].tolist()
    for column in ("equity", "cash"):
        assert np.abs(daily[column] - account_rows[column]).max() <= 1e-6, column
    for column in ("n_long", "n_short", "bear"):
        assert daily[column].tolist() == account_rows[column].tolist(), column
