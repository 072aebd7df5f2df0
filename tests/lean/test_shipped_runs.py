"""The embedded backtest against the runs of the real engine that lie in the repository: the same on any machine, nothing is skipped.

The LEAN algorithm is held against them in test_algorithm.py, the stand-in by itself in test_standin.py.
"""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from springback.backtest.result import daily_frame, fills_frame, orders_frame
from springback.backtest.run import Backtest, backtest
from springback.market.costs import Costs
from springback.strategy.knobs import Regime, Strategy
from tests.lean import recorded

COLUMNS = ["order_id", "decided", "symbol", "quantity", "reason"]


@pytest.mark.parametrize("run", recorded.OURS)
def test_the_backtest_gives_the_recorded_run_order_for_order(run: str) -> None:
    known = recorded.recorded(run)
    said = dict(known.said)
    account = Backtest(date.fromisoformat(said.pop("start")), date.fromisoformat(said.pop("end")), said.pop("cash"), "lean")
    result = backtest(*recorded.market(run), account, Strategy(**said), Regime(), Costs())

    orders = orders_frame(result)[COLUMNS]
    orders["decided"] = orders["decided"].dt.strftime("%Y-%m-%d")
    pd.testing.assert_frame_equal(orders, known.table("orders"))
    fills, expected = fills_frame(result), known.table("fills", parse_dates=["time"])
    for column in ("order_id", "symbol", "quantity", "reason"):
        assert fills[column].tolist() == expected[column].tolist(), column
    assert pd.to_datetime(fills["time"]).dt.normalize().tolist() == expected["time"].dt.normalize().tolist()
    for column in ("price", "fee"):
        assert np.abs(fills[column] - expected[column]).max() <= 1e-9, column
    daily, account_rows = daily_frame(result).iloc[:-1], known.table("daily")  # the engine decides nothing in the last session
    assert daily["date"].dt.strftime("%Y-%m-%d").tolist() == account_rows["date"].tolist()
    for column in ("equity", "cash"):
        assert np.abs(daily[column] - account_rows[column]).max() <= 1e-6, column
    for column in ("n_long", "n_short", "bear"):
        assert daily[column].tolist() == account_rows[column].tolist(), column
