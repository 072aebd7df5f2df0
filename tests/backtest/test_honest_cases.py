"""The account's own lies, each in a case worked by hand: the exchange's calendar, the bar of entry, the order of columns, debts."""

import dataclasses
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from springback.backtest.result import daily_frame, fills_frame, orders_frame, trades_frame
from springback.backtest.run import Backtest, backtest
from springback.data.files import csv_file
from springback.data.files.tables import read_forecasts
from springback.data.sessions import exchange_days as new_york
from springback.market.actions import Actions
from springback.market.bars import Bars, Dates
from springback.market.costs import Costs
from springback.market.market_data import MarketData
from springback.strategy.knobs import Regime, Strategy
from springback.training.labels import forward_return
from tests.backtest.test_backtest_cases import LONG_SIGNAL, SHORT_SIGNAL, run
from tests.backtest.worlds import account_of, flat_tape, random_forecasts, random_tape, signals

NAN = float("nan")


def exchange_days(start: str, count: int) -> Dates:
    """Sessions of the New York exchange, from a library that has its holidays."""
    calendar = exchange_calendars.get_calendar("XNYS", start=start, end=str(np.datetime64(start) + 3 * count))
    return np.asarray(calendar.sessions[:count].to_numpy().astype("datetime64[D]"))


def on(market_data: MarketData, days: Dates) -> MarketData:
    return dataclasses.replace(market_data, bars=dataclasses.replace(market_data.bars, sessions=days))


@pytest.mark.parametrize(
    ("start", "closed", "decided", "left"),
    [
        # Thanksgiving: decided Friday 11-20, filled Monday; Mo Tu We (no Th) Fr Mo Tu are six sessions, eight days: out on Wednesday 12-02.
        ("2020-11-19", "2020-11-26", "2020-12-01", "2020-12-02"),
        # Good Friday: decided Friday 04-12, filled Monday 04-15; Mo Tu We Th (no Fr) Mo Tu: out on Wednesday 04-24.
        ("2019-04-11", "2019-04-19", "2019-04-23", "2019-04-24"),
        # No holiday: decided Friday 2019-05-03, Mo to Fr and Monday: out on Tuesday 05-14.
        ("2019-05-02", "2019-05-04", "2019-05-13", "2019-05-14"),
    ],
)
def test_six_sessions_are_the_exchanges_over_thanksgiving_and_good_friday(start: str, closed: str, decided: str, left: str) -> None:
    days = exchange_days(start, 12)
    assert np.datetime64(closed) not in days
    flat = on(flat_tape({"AAA": [10.0] * len(days)}), days)
    result = run(flat, signals(flat, {(1, "AAA"): LONG_SIGNAL}))
    assert orders_frame(result)["decided"].dt.strftime("%Y-%m-%d").tolist() == [str(days[1]), decided]
    trade = trades_frame(result).iloc[0]
    assert f"{trade['exit_date']:%Y-%m-%d}" == left and trade["sessions"] == 6
    rising = on(flat_tape({"AAA": [10.0 + k for k in range(len(days))]}), days)
    label = forward_return(rising.bars, Actions.none())[1, 0]
    assert label == pytest.approx(17 / 11 - 1), "the label too is six sessions"


def test_a_halt_over_the_sixth_session_leaves_at_its_first_print() -> None:
    """Filled in row 1, due in row 6, halted in the rows 5 to 8: the order waits, and fills at the open of row 9, whatever it is."""
    closes = [100.0] * 5 + [NAN] * 4 + [60.0] * 3
    market_data = flat_tape({"AAA": closes, "BBB": [10.0] * 12})
    result = run(market_data, signals(market_data, {(0, "AAA"): LONG_SIGNAL}))
    orders, fills = orders_frame(result), fills_frame(result)
    assert orders["reason"].tolist() == ["entry", "time_stop"] and result.orders["row"].tolist() == [0, 6]
    assert fills["price"].tolist() == [100.0, 60.0] and result.fills["row"].tolist() == [1, 9]
    assert np.isnan(forward_return(market_data.bars, Actions.none())[0, 0]), "no label either: the sixth close is unknown"


@pytest.mark.parametrize(("signal", "low", "high", "price"), [(LONG_SIGNAL, 90.0, 101.0, 95.0), (SHORT_SIGNAL, 99.0, 110.0, 105.0)])
def test_on_the_bar_of_entry_the_entry_is_first_and_its_stop_rests_from_the_next_session(
    signal: tuple[float, float, float], low: float, high: float, price: float
) -> None:
    """Row 2 opens at 100, where the entry fills, and reaches the stop after it; row 3 reaches it too, and there it fills."""
    market_data = flat_tape({"AAA": [100.0] * 8})
    panels = {"high": market_data.bars.high.copy(), "low": market_data.bars.low.copy()}
    for row in (2, 3):
        panels["high"][row, 0], panels["low"][row, 0] = high, low
    market_data = dataclasses.replace(market_data, bars=dataclasses.replace(market_data.bars, **panels))
    result = run(market_data, signals(market_data, {(1, "AAA"): signal}), Strategy(stop_mode="intraday"))
    assert fills_frame(result)["reason"].tolist()[:2] == ["entry", "stop_loss"]
    assert fills_frame(result)["price"].tolist()[:2] == [100.0, price]
    assert result.fills["row"].tolist()[:2] == [2, 3]


def test_a_stop_on_the_close_of_the_bar_of_entry_is_filled_after_the_entry() -> None:
    """Filled at the open of row 2 at 100, which closes at 90: the stop is decided then, and pays the open of row 3."""
    market_data = flat_tape({"AAA": [100.0, 100, 90, 92, 92, 92]}, {"AAA": [100.0, 100, 100, 91, 92, 92]})
    result = run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL}))
    assert fills_frame(result)["price"].tolist() == [100.0, 91.0] and result.fills["row"].tolist() == [2, 3]


def reordered(frame: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """The same rows by date, in any order within a date, and the columns in any order."""
    rows = frame.iloc[draw.permutation(len(frame))].sort_values("date", kind="stable")
    return rows[draw.permutation(rows.columns.to_numpy())]


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_rows_and_columns_of_the_files_give_the_same_trades(seed: int, tmp_path: Path) -> None:
    """The same bars and forecasts with their names in another order, their columns too: ties are decided by symbol, never by place."""
    market_data = random_tape(seed, sessions=60, splits=False)
    said = random_forecasts(seed, market_data)
    row, name = np.nonzero(~np.isnan(market_data.bars.close))
    known = ~np.isnan(said.qpi[row, name])
    days = new_york("2020-01-02", "2020-12-31")[:60].astype(str)  # of a random market data every weekday is a session
    symbols = np.array(market_data.bars.symbols)
    bars = pd.DataFrame({"date": days[row], "symbol": symbols[name]})
    for field in ("open", "high", "low", "close", "volume"):
        bars[field] = getattr(market_data.bars, field)[row, name]
    forecasts = bars.loc[known, ["date", "symbol"]]
    for column, panel in (("qpi", said.qpi), ("p_long", said.p_long), ("p_short", said.p_short), ("adv_63", said.adv)):
        forecasts = forecasts.assign(**{column: panel[row, name][known]})
    draw = np.random.default_rng(seed)
    traded = []
    for shuffled in (False, True):
        for frame, file in ((bars, "bars.csv"), (forecasts, "forecasts.csv")):
            (reordered(frame, draw) if shuffled else frame).to_csv(tmp_path / file, index=False)
        read = dataclasses.replace(csv_file.read(tmp_path / "bars.csv"), vix=market_data.vix)
        strategy = Strategy(slots=2, probability=0.4, qpi_low=30, qpi_high=70)
        result = backtest(read, read_forecasts(tmp_path / "forecasts.csv", read.bars), account_of(read), strategy, Regime(), Costs())
        traded.append((orders_frame(result), trades_frame(result)))
    assert len(traded[0][1]) > 10
    for ours, theirs in zip(*traded, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)


def test_a_net_debit_pays_interest_and_commission_only_pays_none() -> None:
    """20 longs of 5.5 % are 110 % of the equity: the missing 10 % are borrowed at the risk-free rate and 1 % more, actual/360."""
    names = {f"N{k:02d}": [10.0] * 12 for k in range(20)}
    flat = dataclasses.replace(flat_tape(names), risk_free=np.full(12, 0.05))
    days = exchange_days("2020-01-02", 12)
    market_data = on(flat, days)
    fired = signals(market_data, {(1, name): LONG_SIGNAL for name in names})
    account = Backtest(days[0].astype(object), days[-1].astype(object), 1_000_000.0, "realistic")
    free = Costs(impact_bp=0.0, half_spread_bp=(0.0, 0.0, 0.0, 0.0), commission_per_share=0.0, commission_minimum=0.0)
    daily = daily_frame(backtest(market_data, fired, account, Strategy(), Regime(), free))
    assert daily["long_value"].iloc[3] / daily["equity"].iloc[3] == pytest.approx(1.1, abs=0.002)
    debt = -daily["cash"].iloc[3]
    nights = (days[4] - days[3]).astype(int)
    assert debt > 90_000 and daily["financing"].iloc[4] == pytest.approx(debt * 0.06 * nights / 360)
    plain = daily_frame(run(market_data, fired))
    assert (plain["financing"] == 0).all() and (plain["cash"] < 0).any()


def test_short_proceeds_earn_nothing_and_each_day_adds_up() -> None:
    """The ledger by hand over a short: cash moves by the sale, the buy, borrow, dividends and interest on the free part alone."""
    market_data = dataclasses.replace(random_tape(3, splits=False), risk_free=np.full(90, 0.04))
    strategy = Strategy(slots=3, probability=0.4, qpi_low=0.0, qpi_high=60)
    result = run(market_data, random_forecasts(3, market_data), strategy, profile="realistic")
    daily, fills = daily_frame(result), fills_frame(result)
    assert daily["borrow"].sum() > 0 and (daily["n_short"] > 0).sum() > 20 and not (daily["n_long"] > 0).any()
    paid = fills.groupby(result.fills["row"] + result.fills["midnight"])[["quantity"]].size().index
    spent = pd.Series(fills["quantity"] * fills["price"] + fills["fee"]).groupby(result.fills["row"] + result.fills["midnight"]).sum()
    for row in range(1, len(daily)):
        moved = daily["dividends"].iloc[row] - daily["borrow"].iloc[row] - daily["financing"].iloc[row]
        moved -= spent.get(float(row), 0.0) if row in paid else 0.0
        assert daily["cash"].iloc[row] - daily["cash"].iloc[row - 1] == pytest.approx(moved, abs=1e-5), row


def test_bars_refuse_columns_out_of_order() -> None:
    with pytest.raises(Exception, match="symbol"):
        Bars(exchange_days("2020-01-02", 2), ("B", "A"), *(np.ones((2, 2)),) * 5)
