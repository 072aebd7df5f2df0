"""Forecasts and features as tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.data.demo.demo import Demo, draw
from springback.data.files import csv_file, tables
from springback.errors import BadTable
from springback.market.forecasts import Forecasts
from tests.data.samples import SHARED, write_bars

BARS = draw(Demo(names=20, start="2020-01-02", end="2020-06-30", shocks=1)).bars
GOLDEN = SHARED / "lean-golden" / "strategy"
HEADER = "date,symbol,qpi,p_long,p_short,adv_63\n"


def some_forecasts() -> Forecasts:
    rng = np.random.default_rng(5)
    none = np.isnan(BARS.close) | (rng.random(BARS.shape) < 0.5)
    draws = [np.where(none, np.nan, top * rng.random(BARS.shape)) for top in (100, 1, 1, 1e6)]
    return Forecasts(*draws)


@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz", "f.parquet"])
def test_forecasts_come_back_to_the_last_bit(tmp_path: Path, name: str) -> None:
    forecasts = some_forecasts()
    tables.write_forecasts(tmp_path / name, BARS, forecasts)
    back = tables.read_forecasts(tmp_path / name, BARS)
    for field in ("qpi", "p_long", "p_short", "adv"):
        assert np.array_equal(getattr(back, field), getattr(forecasts, field), equal_nan=True)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2020-01-02,Z,1,0.5,0.5,9", "line 2: the bars have no name 'Z'"),
        ("2020-01-04,A,1,0.5,0.5,9", "line 2: 2020-01-04 is not a session of the bars, which run from 2020-01-02 to 2020-01-03"),
        ("2019-01-04,A,1,0.5,0.5,9", "is not a session"),
        ("2021-01-04,A,1,0.5,0.5,9", "is not a session"),
        ("2020-01-02,A,101,0.5,0.5,9", "qpi must be 0 to 100, was 101"),
        ("2020-01-02,A,1,1.5,0.5,9", "p_long must be 0 to 1, was 1.5"),
        ("2020-01-02,A,1,0.5,-0.1,9", "p_short must be 0 to 1, was -0.1"),
        ("2020-01-02,A,1,0.5,,9", "p_short must be 0 to 1, was empty or NaN"),
        ("2020-01-02,A,1,0.5,0.5,inf", "adv_63 must be 0 or more, was inf"),
        ("2020-01-02,A,1,0.5,0.5,9\n2020-01-02,A,1,0.5,0.5,9", "line 3: the forecast for A on 2020-01-02 is there twice"),
    ],
)
def test_bad_forecasts_are_refused_with_one_line(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "f.csv"
    path.write_text(HEADER + row + "\n")
    with pytest.raises(BadTable) as caught:
        tables.read_forecasts(path, csv_file.read(write_bars(tmp_path)).bars)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("date,symbol,qpi,p_long,p_short\n2020-01-02,A,1,0.5,0.5\n")
    with pytest.raises(BadTable, match="no column 'adv_63'"):
        tables.read_forecasts(path, BARS)


def test_features_have_a_row_for_each_bar(tmp_path: Path) -> None:
    panel = np.random.default_rng(1).normal(size=(*BARS.shape, 2))
    panel[:3] = np.nan
    for name in ("x.csv", "x.parquet"):
        tables.write_features(tmp_path / name, BARS, ["one", "two"], panel)
        frame = pd.read_csv(tmp_path / name, float_precision="round_trip") if name == "x.csv" else pd.read_parquet(tmp_path / name)
        assert list(frame.columns) == ["date", "symbol", "one", "two"]
        assert len(frame) == int((~np.isnan(BARS.close)).sum())
        assert np.array_equal(frame["two"].to_numpy(), panel[~np.isnan(BARS.close)][:, 1], equal_nan=True)


@pytest.mark.golden
@pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/lean-golden is absent")
def test_the_golden_forecasts_read() -> None:
    bars = csv_file.read(GOLDEN / "bars.csv.gz").bars
    forecasts = tables.read_forecasts(GOLDEN / "forecasts.csv.gz", bars)
    assert int((~np.isnan(forecasts.qpi)).sum()) == 18144
    row, column = bars.row("2020-01-10"), bars.symbols.index("AAP")
    assert (forecasts.qpi[row, column], forecasts.adv[row, column]) == (13.545215, 965625)
