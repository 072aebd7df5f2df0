"""The whole road through a real LEAN, where one is at hand: our bars exported, the engine run, its result read back, order for order.

It runs only where SPRINGBACK_LEAN_LAUNCHER names the QuantConnect.Lean.Launcher.dll of a native build.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.terminal import done, sets, springback

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "lean-golden"
LAUNCHER = os.environ.get("SPRINGBACK_LEAN_LAUNCHER")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.engine,
    pytest.mark.skipif(not LAUNCHER, reason="no real LEAN: SPRINGBACK_LEAN_LAUNCHER does not name a QuantConnect.Lean.Launcher.dll"),
    pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/lean-golden is absent"),
]


@pytest.mark.timeout(900)
def test_the_golden_default_run_comes_out_of_a_real_engine_again(project: Path, tmp_path: Path) -> None:
    world, golden = GOLDEN / "strategy", GOLDEN / "strategy" / "runs" / "default"
    data, out = project / "data", tmp_path / "run"
    sources = ["--bars", world / "bars.csv.gz", "--vix", world / "vix.csv", "--interest-rate", world / "interest-rate.csv"]
    done(springback(tmp_path, "lean", "export", "--out", data, *sources))
    knobs = sets(backtest__start='"2020-01-01"', backtest__end='"2023-12-31"', backtest__cash=1_000_000.0, strategy__probability=0.6)
    words = ["--data-folder", data, "--forecasts", world / "forecasts.csv.gz", "--project", project, "--out", out, "--time-limit", "10"]
    done(springback(tmp_path, "lean", "backtest", *words, *knobs))

    orders, expected = pd.read_csv(out / "orders.csv", keep_default_na=False), pd.read_csv(golden / "orders.csv", keep_default_na=False)
    for column in ("decided", "symbol", "quantity", "reason"):
        assert orders[column].tolist() == expected[column].tolist(), column
    fills, filled = pd.read_csv(out / "fills.csv", keep_default_na=False), pd.read_csv(golden / "fills.csv", keep_default_na=False)
    assert fills["symbol"].tolist() == filled["symbol"].tolist()
    for column in ("quantity", "price", "fee"):
        assert np.abs(fills[column] - filled[column]).max() <= 1e-9, column
    daily, account = (pd.read_csv(folder / "daily.csv").set_index("date") for folder in (out, golden))
    for column in ("equity", "cash"):
        assert np.abs(daily.loc[account.index, column] - account[column]).max() <= 1e-6, column
