"""The definitions against pandas, TA-Lib, LEAN's golden forecasts and a case worked by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback import features
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars
from tests.features.tapes import bars_of, random_bars

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/lean-golden"


def pandas_features(close: pd.DataFrame, volume: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """rule.md's table, word for word, with pandas' rolling windows."""
    returns = close.pct_change(fill_method=None)
    change = close.diff()
    ratio = volume / volume.rolling(20).mean()
    qpi = 50 + 10 * (close / close.shift(3) - 1) / (returns.rolling(20).std() + 1e-6) - 5 * (ratio - 1)
    gain, loss = change.clip(lower=0).rolling(14).mean(), (-change).clip(lower=0).rolling(14).mean()
    return {
        "qpi_3day": qpi.clip(0, 100),
        "rsi_14": 100 - 100 / (1 + gain / (loss + 1e-6)),
        "bb_position": (close - close.rolling(20).mean()) / (close.rolling(20).std() + 1e-6),
        "volume_surge": volume / volume.rolling(5).mean(),
        "mom_5": close / close.shift(5) - 1,
        "mom_10": close / close.shift(10) - 1,
        "mom_20": close / close.shift(20) - 1,
        "vol_ratio": ratio,
    }


def test_pandas_gives_the_same_eight() -> None:
    bars = random_bars(7, sessions=200, names=20, ugly=False)
    close = bars.close.copy()
    close[90:93, 4] = np.nan
    ours = features.panel(bars_of(close, bars.volume), Actions.none())
    theirs = pandas_features(pd.DataFrame(close), pd.DataFrame(bars.volume))
    gap = pd.DataFrame(close).isna()
    for k, (name, sessions) in enumerate(zip(features.FEATURES, (21, 15, 20, 5, 6, 11, 21, 20), strict=True)):
        expected = theirs[name].to_numpy(copy=True)
        expected[(gap.rolling(sessions, min_periods=1).sum() > 0).to_numpy()] = np.nan  # a return over a gap is known to pandas
        np.testing.assert_allclose(ours[..., k], expected, rtol=1e-9, atol=1e-9, err_msg=name)


def test_talib_gives_the_same_bands_and_simple_rsi() -> None:
    talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
    bars = random_bars(11, sessions=120, names=3, ugly=False)
    ours = features.panel(bars, Actions.none())
    for name in range(3):
        close = bars.close[:, name].copy()
        spread = talib.STDDEV(close, 20, 1) * np.sqrt(20 / 19)  # TA-Lib divides by n, the rule by n - 1
        np.testing.assert_allclose(ours[20:, name, 2], ((close - talib.SMA(close, 20)) / (spread + 1e-6))[20:], rtol=1e-6)
        change = np.diff(close)
        gain, loss = talib.SMA(np.maximum(change, 0), 14), talib.SMA(np.maximum(-change, 0), 14)
        np.testing.assert_allclose(ours[20:, name, 1], (100 - 100 / (1 + gain / (loss + 1e-6)))[19:], rtol=1e-9)
        np.testing.assert_allclose(ours[20:, name, 6], talib.ROCP(close, 20)[20:], rtol=1e-12, atol=1e-15)
        first = talib.RSI(close, 14)[14]  # Wilder's first value is the simple mean, without the epsilon
        assert ours[14, name, 1] == pytest.approx(first, abs=1e-3)


def test_case_worked_by_hand() -> None:
    """20 sessions at 10 dollars and 100 shares, then 11 dollars on 200.

    mean return 0.1/20 = 0.005, squares 0.1^2 - 20*0.005^2 = 0.0095, volatility sqrt(0.0095/19) = 0.02236068; vol_ratio 200/105 = 1.904762;
    qpi 50 + 10*0.1/0.02236168 - 5*0.904762 = 50 + 44.7193 - 4.5238; band: mean 10.05, squares 19*0.05^2 + 0.95^2 = 0.95,
    deviation sqrt(0.95/19) = 0.2236068, z 0.95/0.2236078; rsi: gain 1/14, no loss: 100 - 100/(1 + 71428.57); surge 200/120.
    """
    close = np.full((21, 1), 10.0)
    volume = np.full((21, 1), 100.0)
    close[20], volume[20] = 11.0, 200.0
    values = dict(zip(features.FEATURES, features.latest(bars_of(close, volume), Actions.none())[0], strict=True))
    expected = {
        "qpi_3day": 90.195500,
        "rsi_14": 99.998600,
        "bb_position": 4.248511,
        "volume_surge": 1.666667,
        "mom_5": 0.1,
        "mom_10": 0.1,
        "mom_20": 0.1,
        "vol_ratio": 1.904762,
    }
    assert values == pytest.approx(expected, abs=1e-4)


def test_a_missing_session_is_missing_in_every_window_that_holds_it() -> None:
    bars = random_bars(5, sessions=60, names=1, ugly=False)
    close, volume = bars.close.copy(), bars.volume.copy()
    close[25], volume[30] = np.nan, np.nan
    missing = np.isnan(features.panel(bars_of(close, volume), Actions.none())[20:, 0])
    rows = np.arange(20, 60)
    for k, sessions in enumerate((21, 15, 20, 5, 6, 11, 21, 20)):  # a close without a volume is no bar either
        expected = ((rows >= 25) & (rows < 25 + sessions)) | ((rows >= 30) & (rows < 30 + sessions))
        np.testing.assert_array_equal(missing[:, k], expected, err_msg=features.FEATURES[k])


def test_a_row_without_volume_is_a_hole_in_every_window_that_holds_it() -> None:
    close, volume = np.full((70, 1), 5.0), np.full((70, 1), 100.0)
    volume[21:46] = 0.0
    values = features.panel(bars_of(close, volume), Actions.none())[:, 0]
    assert not np.isnan(values[20]).any() and np.isnan(values[21:46]).all()
    for k, sessions in enumerate((21, 15, 20, 5, 6, 11, 21, 20)):
        assert np.isnan(values[46 : 45 + sessions, k]).all() and not np.isnan(values[45 + sessions :, k]).any(), features.FEATURES[k]
    assert values[50, 3] == 1.0 and values[65, 7] == 1.0


@pytest.mark.golden
@pytest.mark.skipif(not GOLDEN.exists(), reason="../shared/lean-golden is absent")
@pytest.mark.parametrize("market_data", ["strategy", "corporate"])
def test_golden_forecasts_hold_the_same_qpi(market_data: str) -> None:
    """QPI of the golden runs came from another program and adjusted histories; ours from raw prices and known splits.

    Prices of both are rounded to the cent or 1/10,000, so a few names near a dollar are off in the third digit.
    """
    table = pd.read_csv(GOLDEN / market_data / "bars.csv.gz", parse_dates=["date"])
    wide = {field: table.pivot(index="date", columns="symbol", values=field).sort_index(axis=1) for field in FIELDS}
    index, symbols = wide["close"].index, wide["close"].columns
    bars = Bars(index.to_numpy().astype("datetime64[D]"), tuple(symbols), **{field: wide[field].to_numpy() for field in FIELDS})
    events = pd.read_csv(GOLDEN / market_data / "events.csv")
    events = events[events["event"].isin(["split", "dividend"])]
    dates = events["date"].to_numpy().astype("datetime64[D]") if len(events) else np.empty(0, "datetime64[D]")
    values = events["value"].to_list() if len(events) else []
    actions = Actions.align(bars, dates, events["symbol"].to_list(), events["event"].to_list(), values)
    golden = pd.read_csv(GOLDEN / market_data / "forecasts.csv.gz", parse_dates=["date"])
    at = index.get_indexer(pd.Index(golden["date"])), symbols.get_indexer(pd.Index(golden["symbol"]))
    qpi = features.panel(bars, actions)[..., 0][at]
    off = np.abs(qpi - golden["qpi"])[~np.isnan(qpi)]  # holes cut into the strategy market data after its forecasts were made
    assert np.isnan(qpi).mean() < 0.01
    assert off.max() < 0.03 and off.median() < 1e-5 and off.quantile(0.98) < 2e-3
