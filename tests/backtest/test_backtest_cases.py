"""Cases worked by hand, each with its arithmetic."""

import dataclasses
from datetime import date

import numpy as np
import pytest

from springback.backtest.ablations import ablations, fallen
from springback.backtest.result import Result, daily_frame, fills_frame, funnel_frame, orders_frame, trades_frame
from springback.backtest.run import Backtest, backtest
from springback.errors import MissingData, SettingsError
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import BANKRUPT, MarketData
from springback.strategy.knobs import Regime, Strategy
from tests.backtest.worlds import account_of, flat_tape, signals

NAN = float("nan")
LONG_SIGNAL = (5.0, 0.9, 0.1)
SHORT_SIGNAL = (95.0, 0.1, 0.9)


def run(market_data: MarketData, forecasts: Forecasts, strategy: Strategy | None = None, profile: str = "lean") -> Result:
    return backtest(market_data, forecasts, account_of(market_data, profile), strategy or Strategy(), Regime(), Costs())


def test_one_signal_gets_one_slot_not_the_book() -> None:
    market_data = flat_tape({"AAA": [10.0] * 12})
    orders = orders_frame(run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL})))
    # 1,000,000 * 1.1 / 20 / 10 = 5,500 shares, 5.5 % of the equity.
    assert orders["quantity"].tolist() == [5500, -5500]
    assert orders["reason"].tolist() == ["entry", "time_stop"]


def test_an_entry_is_capped_at_five_percent_of_the_mean_volume() -> None:
    market_data = flat_tape({"AAA": [10.0] * 12})
    orders = orders_frame(run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL}, adv=40_019.0)))
    assert orders["quantity"].iloc[0] == 2000  # floor(0.05 * 40,019) = floor(2,000.95)


def test_six_sessions_are_sessions_not_days() -> None:
    """Decided Friday, filled Monday 2020-11-23; Thanksgiving is no session here: Monday counts 1, the sixth is Tuesday 12-01."""
    days = np.array(["2020-11-19", "2020-11-20", "2020-11-23", "2020-11-24", "2020-11-25", "2020-11-27", "2020-11-30", "2020-12-01",
                     "2020-12-02", "2020-12-03"], dtype="datetime64[D]")  # fmt: skip
    flat = flat_tape({"AAA": [10.0] * len(days)})
    market_data = dataclasses.replace(flat, bars=dataclasses.replace(flat.bars, sessions=days))
    orders = orders_frame(run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL})))
    assert orders["decided"].dt.strftime("%Y-%m-%d").tolist() == ["2020-11-20", "2020-12-01"]
    trades = trades_frame(run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL})))
    assert trades["exit_date"].dt.strftime("%Y-%m-%d").tolist() == ["2020-12-02"]


def test_a_stop_on_the_close_pays_the_next_open_gap_and_all() -> None:
    closes, opens = [100.0, 100, 100, 94.99, 80, 80, 80], [100.0, 100, 100, 99, 81, 80, 80]
    market_data = flat_tape({"AAA": closes}, {"AAA": opens})
    fills = fills_frame(run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL})))
    assert fills["reason"].tolist() == ["entry", "stop_loss"]
    assert fills["price"].tolist() == [100.0, 81.0]


def test_a_close_at_exactly_the_stop_stays() -> None:
    market_data = flat_tape({"AAA": [100.0, 100, 100, 95.0, 95.0, 95.0, 95.0, 95.0, 95.0]})
    fills = fills_frame(run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL})))
    assert fills["reason"].tolist() == ["entry", "time_stop"]


@pytest.mark.parametrize(
    ("signal", "low", "high", "open_", "price", "stamp"),
    [
        (LONG_SIGNAL, 94.0, 100.0, 99.0, 95.0, "16:00"),  # touched inside the bar: the level, at a moment nobody knows
        (LONG_SIGNAL, 88.0, 91.0, 90.0, 90.0, "09:30"),  # gapped through: the open, never the level
        (SHORT_SIGNAL, 99.0, 106.0, 100.0, 105.0, "16:00"),
        (SHORT_SIGNAL, 108.0, 112.0, 110.0, 110.0, "09:30"),
    ],
)
def test_a_resting_stop_fills_at_its_level_or_at_the_gap(
    signal: tuple[float, float, float], low: float, high: float, open_: float, price: float, stamp: str
) -> None:
    market_data = flat_tape({"AAA": [100.0] * 7}, {"AAA": [100.0, 100, 100, open_, 100, 100, 100]})
    panels = {"high": market_data.bars.high.copy(), "low": market_data.bars.low.copy()}
    panels["high"][3, 0], panels["low"][3, 0] = max(high, 100.0), min(low, 100.0)
    market_data = dataclasses.replace(market_data, bars=dataclasses.replace(market_data.bars, **panels))
    result = run(market_data, signals(market_data, {(1, "AAA"): signal}), Strategy(stop_mode="intraday"))
    fills = fills_frame(result)
    assert fills["price"].tolist() == [100.0, price]
    assert fills["time"].dt.strftime("%H:%M").tolist() == ["09:30", stamp]
    assert orders_frame(result)["reason"].tolist()[1].startswith("resting_stop@")


def test_a_halted_name_leaves_at_its_first_print() -> None:
    closes = [100.0, 100, 100, 100, 100, 100, NAN, NAN, NAN, NAN, 50.0, 50.0]
    market_data = flat_tape({"AAA": closes, "BBB": [10.0] * 12})
    result = run(market_data, signals(market_data, {(0, "AAA"): LONG_SIGNAL}))
    fills = fills_frame(result)
    assert fills["reason"].tolist() == ["entry", "time_stop"]
    assert fills["price"].tolist() == [100.0, 50.0]
    assert fills["time"].iloc[1].normalize() == market_data.bars.sessions[10]


def test_a_delisted_name_is_closed_at_its_last_close_free_of_fee() -> None:
    market_data = flat_tape({"AAA": [100.0, 100, 100, 101, NAN, NAN, NAN], "BBB": [10.0] * 7})
    fills = fills_frame(run(market_data, signals(market_data, {(0, "AAA"): LONG_SIGNAL})))
    assert fills["reason"].tolist() == ["entry", "Liquidate from delisting"]
    assert fills["price"].tolist()[1] == 101.0 and fills["fee"].tolist()[1] == 0.0
    assert fills["time"].dt.strftime("%Y-%m-%d %H:%M").tolist() == ["2020-01-02 09:30", "2020-01-07 00:00"]  # last session: Monday the 6th


def test_nothing_is_bought_on_its_last_session() -> None:
    market_data = flat_tape({"AAA": [100.0, 100, 100, NAN, NAN], "BBB": [10.0] * 5})
    result = run(market_data, signals(market_data, {(2, "AAA"): LONG_SIGNAL}))
    assert len(orders_frame(result)) == 0
    assert funnel_frame(result).loc["long", "last_session"] == 1


def test_a_bankrupt_name_is_worth_nothing_in_the_realistic_profile() -> None:
    market_data = flat_tape({"AAA": [100.0, 100, 100, 101, NAN, NAN, NAN], "BBB": [10.0] * 7})
    broke = dataclasses.replace(market_data, ending=np.array([BANKRUPT, 0], np.int8))
    trades = trades_frame(run(broke, signals(broke, {(0, "AAA"): LONG_SIGNAL}), profile="realistic"))
    assert trades["exit_price"].tolist() == [0.0]
    assert trades["return"].iloc[0] == pytest.approx(-1.0, abs=0.01)


def test_a_four_for_one_split_keeps_the_position_and_its_stop() -> None:
    market_data = flat_tape({"AAA": [100.0, 100, 100, 25.0, 23.70, 23.0, 23.0]}, {"AAA": [100.0, 100, 100, 25, 25, 23.5, 23]})
    split = Actions(np.array([3]), np.array([0]), np.array([SPLIT]), np.array([0.25]))
    result = run(dataclasses.replace(market_data, actions=split), signals(market_data, {(1, "AAA"): LONG_SIGNAL}))
    # 550 shares at 100 become 2,200 at 25; 23.70 is under 0.95 * 25 = 23.75.
    assert orders_frame(result)["quantity"].tolist() == [550, -2200]
    assert orders_frame(result)["reason"].tolist() == ["entry", "stop_loss"]
    assert trades_frame(result)["profit"].iloc[0] == pytest.approx(2200 * (23.5 - 25) - 2.75 - 11)


def test_a_fraction_left_by_a_split_is_paid_in_cash() -> None:
    market_data = flat_tape({"AAA": [10.0, 10, 10, 30.0, 30, 30, 30]})
    split = Actions(np.array([3]), np.array([0]), np.array([SPLIT]), np.array([3.0]))
    result = run(dataclasses.replace(market_data, actions=split), signals(market_data, {(1, "AAA"): LONG_SIGNAL}, adv=200_020.0))
    # floor(0.05 * 200,020) = 10,001 is above 5,500 shares; 5,500 / 3 = 1,833 and a third, paid at 10 * 3.
    daily = daily_frame(result)
    assert daily["cash"].iloc[3] - daily["cash"].iloc[2] == pytest.approx(1 / 3 * 30)
    assert daily["equity"].iloc[3] == pytest.approx(daily["equity"].iloc[2])


def test_longs_receive_and_shorts_pay_dividends() -> None:
    market_data, hold_3 = flat_tape({"AAA": [10.0] * 8, "BBB": [10.0] * 8}), Strategy(holding_sessions=3)
    paid = Actions(np.array([3, 3]), np.array([0, 1]), np.array([DIVIDEND, DIVIDEND]), np.array([0.5, 0.5]))
    result = run(
        dataclasses.replace(market_data, actions=paid), signals(market_data, {(0, "AAA"): LONG_SIGNAL, (0, "BBB"): SHORT_SIGNAL}), hold_3
    )
    assert daily_frame(result)["dividends"].iloc[3] == pytest.approx(5500 * 0.5 - 1000 * 0.5)
    trades = trades_frame(result).set_index("symbol")["dividends"]
    assert (trades["AAA"], trades["BBB"]) == (2750.0, -500.0)


def test_the_bear_regime_sizes_new_positions_only() -> None:
    market_data = flat_tape({"AAA": [10.0] * 30, "BBB": [10.0] * 30})
    vix = np.full(30, 15.0)
    vix[20:] = 40.0
    shocked = dataclasses.replace(market_data, vix=vix)
    orders = orders_frame(run(shocked, signals(market_data, {(18, "AAA"): LONG_SIGNAL, (20, "BBB"): LONG_SIGNAL})))
    entries = orders[orders["reason"] == "entry"]
    # The second is a little less than 500: the first entry's fee is gone from the equity.
    assert entries["quantity"].tolist() == [5500, 499]


def test_ties_go_by_probability_then_qpi_then_symbol() -> None:
    names = {name: [10.0] * 8 for name in ("AAA", "BBB", "CCC", "DDD")}
    market_data = flat_tape(names)
    fired = {(1, "AAA"): (5.0, 0.7, 0.1), (1, "BBB"): (4.0, 0.7, 0.1), (1, "CCC"): (5.0, 0.7, 0.1), (1, "DDD"): (14.0, 0.8, 0.1)}
    orders = orders_frame(run(market_data, signals(market_data, fired), Strategy(slots=3)))
    assert orders[orders["reason"] == "entry"]["symbol"].tolist() == ["DDD", "BBB", "AAA"]


def test_nothing_to_borrow_nothing_short() -> None:
    market_data = flat_tape({"AAA": [1.5] * 30, "BBB": [10.0] * 30})
    fired = {(25, "AAA"): SHORT_SIGNAL, (25, "BBB"): SHORT_SIGNAL}
    assert orders_frame(run(market_data, signals(market_data, fired)))["symbol"].tolist() == ["AAA", "BBB"]
    realistic = run(market_data, signals(market_data, fired), profile="realistic")
    assert orders_frame(realistic)["symbol"].tolist() == ["BBB"]
    assert funnel_frame(realistic).loc["short", "not_shortable"] == 1


def test_borrow_and_financing_are_charged_by_the_night() -> None:
    market_data = dataclasses.replace(flat_tape({"AAA": [10.0] * 40}), risk_free=np.full(40, 0.05))
    result = run(market_data, signals(market_data, {(30, "AAA"): SHORT_SIGNAL}), profile="realistic")
    daily, trade = daily_frame(result), trades_frame(result).iloc[0]
    # About 1,000 shares short at 10, general collateral 0.3 % on actual/360; free cash earns 5 % - 0.5 %.
    nights = (market_data.bars.sessions[37] - market_data.bars.sessions[31]).astype(int)
    shares = orders_frame(result)["quantity"].abs().iloc[0]
    assert trade["borrow"] == pytest.approx(shares * 10 * 0.003 * nights / 360)
    gap = (market_data.bars.sessions[1] - market_data.bars.sessions[0]).astype(int)
    assert daily["financing"].iloc[1] == pytest.approx(-1_000_000 * 0.045 * gap / 360)


def test_half_spread_and_impact_by_liquidity() -> None:
    market_data = flat_tape({"AAA": [10.0] * 40})  # 10 million dollars a day: 20 bp, half as much again at the open
    fills = fills_frame(run(market_data, signals(market_data, {(30, "AAA"): LONG_SIGNAL}), profile="realistic"))
    rate = 0.0020 * 1.5 + 0.0010 * np.sqrt(5500 / 1e6)
    assert fills["price"].iloc[0] == pytest.approx(10 * (1 + rate))
    assert fills["slippage"].iloc[0] == pytest.approx(5500 * 10 * rate)


def test_an_overlay_that_does_nothing_says_so() -> None:
    market_data = flat_tape({"AAA": [10.0] * 12})
    forecasts = signals(market_data, {(1, "AAA"): LONG_SIGNAL})
    base = run(market_data, forecasts)
    found = {o.name: o for o in ablations(base, market_data, forecasts, account_of(market_data), Strategy(), Regime(), Costs())}
    assert found["time stop"].touched == 1
    assert [found[name].touched for name in ("model", "regime", "stop", "ADV cap")] == [0, 0, 0, 0]
    assert [found[name].could for name in ("model", "regime", "stop", "ADV cap")] == [0, 0, 0, 0], "nothing was due"
    assert len(orders_frame(found["time stop"].without)) == 1


def test_an_overlay_that_was_due_is_counted_from_prices_and_not_from_what_it_did() -> None:
    """A stop that is not applied leaves the fall for all to see, as a regime that is not applied leaves the VIX."""
    market_data = flat_tape({"AAA": [100.0, 100, 100, 94, 90, 90, 90, 90, 90, 90, 90, 90]})
    vix = np.full(12, 15.0)
    vix[8:] = 40.0
    market_data = dataclasses.replace(market_data, vix=vix)
    forecasts = signals(market_data, {(1, "AAA"): LONG_SIGNAL, (8, "AAA"): LONG_SIGNAL})
    for strategy, stops in ((Strategy(), 1), (Strategy(stop_loss=0.5), 0)):
        base = run(market_data, forecasts, strategy)
        assert fallen(base, market_data, strategy) == stops
    unapplied = run(market_data, forecasts, Strategy(stop_mode="none"))
    assert fallen(unapplied, market_data, Strategy()) == 1
    found = {
        o.name: o
        for o in ablations(base, market_data, forecasts, account_of(market_data), Strategy(stop_loss=0.5), Regime(window=3), Costs())
    }
    assert (found["regime"].could, found["regime"].touched) == (0, 0), "fifteen sessions of VIX are not there"


def test_a_session_without_vix_is_refused_by_its_date() -> None:
    market_data = flat_tape({"AAA": [10.0] * 12})
    vix = market_data.vix.copy()
    vix[4] = NAN
    with pytest.raises(MissingData, match=f"no VIX for session {market_data.bars.sessions[4]}"):
        run(dataclasses.replace(market_data, vix=vix), signals(market_data, {}))


def test_a_span_without_bars_is_refused() -> None:
    market_data = flat_tape({"AAA": [10.0] * 12})
    account = Backtest(date(2010, 1, 1), date(2011, 1, 1))
    with pytest.raises(MissingData, match="the bars hold 2020-01-01 to"):
        backtest(market_data, signals(market_data, {}), account, Strategy(), Regime(), Costs())


@pytest.mark.parametrize(
    ("kind", "knob", "value", "says"),
    [
        (Strategy, "slots", 0, "strategy.slots must be at least 1, was 0"),
        (Strategy, "probability", 1.5, "strategy.probability must lie between 0 and 1, was 1.5"),
        (Strategy, "qpi_low", 90.0, "0 <= qpi_low <= qpi_high <= 100"),
        (Strategy, "bull_long", 3.0, "margin ends there"),
        (Regime, "window", 1, "regime.window must be at least 2 sessions, was 1"),
        (Backtest, "cash", 0.0, "backtest.cash must be above 0"),
        (Costs, "impact_bp", -1.0, "costs.impact_bp must be at least 0"),
    ],
)
def test_a_knob_out_of_range_is_refused_with_its_limit(kind: type, knob: str, value: float, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        kind(**{knob: value})
