"""The LEAN algorithm, driven by the stand-in, gives the four runs of the real engine; and what goes wrong on the way ends well."""

import numpy as np
import pandas as pd
import pytest

from tests.lean import replays

golden = [pytest.mark.golden, pytest.mark.skipif(not replays.GOLDEN.is_dir(), reason="../shared/lean-golden is absent")]


@pytest.mark.parametrize("name", [pytest.param(name, marks=golden) for name in replays.RUNS])
def test_the_algorithm_gives_the_golden_runs_order_for_order(name: str, tmp_path: replays.Path) -> None:
    world, run = name.split("/")
    folder = replays.GOLDEN / world / "runs" / run
    store = replays.golden_store(world, tmp_path)
    result = replays.run(replays.golden_world(world), replays.golden_parameters(name), store)

    orders, expected = result.orders[result.orders["tag"] != "Liquidate from delisting"], pd.read_csv(folder / "orders.csv")
    assert orders["order_id"].tolist() == expected["order_id"].tolist()
    assert pd.to_datetime(orders["time"]).dt.strftime("%Y-%m-%d").tolist() == expected["decided"].tolist()
    for column, theirs in (("symbol", "symbol"), ("quantity", "quantity"), ("tag", "reason")):
        assert orders[column].tolist() == expected[theirs].tolist(), column

    fills, real = result.fills, pd.read_csv(folder / "fills.csv", parse_dates=["time"])
    assert fills["order_id"].tolist() == real["order_id"].tolist()
    assert fills["quantity"].tolist() == real["quantity"].tolist()
    for column in ("price", "fee"):
        assert np.abs(fills[column].to_numpy(float) - real[column].to_numpy()).max() <= 1e-9, column

    written = pd.read_csv(store / "springback" / "daily.csv")
    account = pd.read_csv(folder / "daily.csv")
    assert written["date"].tolist()[:-1] == account["date"].tolist()  # LEAN's own ends with the last decision
    for column in ("equity", "cash"):
        assert np.abs(written[column].iloc[:-1] - account[column]).max() <= 1e-6, column
    for column in ("n_long", "n_short", "bear", "vix"):
        assert written[column].iloc[:-1].tolist() == account[column].tolist(), column
