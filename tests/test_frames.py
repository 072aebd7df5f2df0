"""Springback in Python: what goes in and comes out are frames with words."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import springback as sb
from springback.backtest.result import trades_frame
from springback.errors import BadTable, SettingsError
from springback.settings import flat
from tests.backtest.worlds import random_forecasts, random_tape

SPAN = {"backtest": {"start": "2020-01-01", "end": "2020-12-31"}, "strategy.probability": 0.5}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> "sb.Run":
    """A backtest on frames alone."""
    made = random_tape(3, splits=False)
    market_data = sb.load_bars(sb.bars_frame(made), vix=pd.Series(made.vix, index=pd.DatetimeIndex(made.bars.sessions)))
    said = sb.forecasts_frame(market_data, random_forecasts(3, market_data))
    return sb.run_backtest(market_data, said, SPAN, profile="lean", store=tmp_path_factory.mktemp("home") / "store")


def test_a_result_is_frames_with_words(run: "sb.Run") -> None:
    assert (
        len(run.trades) > 10
        and set(run.trades["side"]) <= {"long", "short"}
        and set(run.trades["symbol"]) <= set(run.market_data.bars.symbols)
    )
    assert all(isinstance(word, str) for frame in (run.orders, run.fills, run.trades) for word in frame["reason"])
    pd.testing.assert_frame_equal(run.trades, trades_frame(run.codes))
    assert run.daily["date"].iloc[0] == pd.Timestamp(run.codes.sessions[0]) and "trades, equity $" in repr(run)
    assert run.settings.strategy.probability == 0.5


def test_frames_that_go_out_come_in_again(run: "sb.Run") -> None:
    again = sb.load_bars(sb.bars_frame(run.market_data))
    assert np.array_equal(again.bars.close, run.market_data.bars.close, equal_nan=True)
    back = sb.forecasts_from(sb.forecasts_frame(run.market_data, run.forecasts), run.market_data)
    assert np.array_equal(back.qpi, run.forecasts.qpi, equal_nan=True)
    with pytest.raises(BadTable, match=r"^the frame of forecasts has no columns 'p_short' and 'adv_63'"):
        sb.forecasts_from(sb.forecasts_frame(run.market_data, run.forecasts).drop(columns=["p_short", "adv_63"]), run.market_data)


def test_the_features_are_a_frame() -> None:
    market_data = random_tape(3, splits=False)
    frame = sb.features_frame(sb.prepare(market_data, sb.load_settings({"universe.min_dollar_volume": 0})))
    assert list(frame)[:2] == ["date", "symbol"] and frame.shape[1] == 10 and len(frame) == int((~np.isnan(market_data.bars.close)).sum())


def test_the_report_of_a_run_is_one_call(run: "sb.Run", tmp_path: Path) -> None:
    page = sb.report(run, tmp_path / "folder")
    assert page == tmp_path / "folder" / "report.html" and page.is_file() and (page.parent / "trades.csv").is_file()


def test_settings_come_from_a_dict() -> None:
    both = sb.load_settings({"strategy": {"slots": 10}, "strategy.probability": 0.7})
    assert (both.strategy.slots, both.strategy.probability) == (10, 0.7)
    assert flat(sb.load_settings()) == flat(sb.Settings())
    for told, said in (
        ({"strategy": {"slot": 3}}, "did you mean 'strategy.slots'"),
        ({"slots": 3}, "outside any table"),
        ({"a.b": 1}, "no table 'a'"),
    ):
        with pytest.raises(SettingsError, match=said):
            sb.load_settings(told)


def test_dir_shows_the_public_names_and_loads_nothing() -> None:
    assert set(dir(sb)) == set(sb.__all__) and {"load_bars", "run_backtest", "report", "load_settings", "Settings"} <= set(dir(sb))
    assert all(getattr(sb, name) is not None for name in dir(sb))
    code = "import sys, springback; dir(springback); assert 'pandas' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


@pytest.mark.parametrize("knobs", [[1], 7, ("strategy",)])
def test_what_is_no_settings_is_refused_in_words_of_ours(knobs: object) -> None:
    with pytest.raises(SettingsError, match="settings are a dict of knobs or a TOML file, was"):
        sb.load_settings(knobs)  # type: ignore[arg-type]
