"""Each variant of the rule in a case worked by hand; without it the same market data goes as specified."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from springback.backtest.ablations import ablations, count
from springback.backtest.result import Result, daily_frame, fills_frame, funnel_frame, orders_frame, trades_frame
from springback.backtest.run import backtest
from springback.errors import SettingsError
from springback.lean import parameters
from springback.market.actions import SPLIT, Actions
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.strategy.knobs import Regime, Strategy
from springback.workflow.settings import choose
from tests.backtest.worlds import account_of, flat_tape, signals

LONG_SIGNAL, SHORT_SIGNAL = (5.0, 0.9, 0.1), (95.0, 0.1, 0.9)
BOOK = Regime(scope="book")


def run(market_data: MarketData, forecasts: Forecasts, strategy: Strategy | None = None, regime: Regime | None = None) -> Result:
    return backtest(market_data, forecasts, account_of(market_data), strategy or Strategy(), regime or Regime(), Costs())


def ranged(market_data: MarketData, highs: dict[tuple[int, int], float], lows: dict[tuple[int, int], float] | None = None) -> MarketData:
    """`market_data` with given highs and lows at (row, column)."""
    high, low = market_data.bars.high.copy(), market_data.bars.low.copy()
    for panel, given in ((high, highs), (low, lows or {})):
        for place, value in given.items():
            panel[place] = value
    return dataclasses.replace(market_data, bars=dataclasses.replace(market_data.bars, high=high, low=low))


def reasons(result: Result) -> list[tuple[int, str]]:
    """(row of the decision, reason) of each order."""
    return [(int(row), reason) for row, reason in zip(result.orders["row"], orders_frame(result)["reason"], strict=True)]


def test_without_a_stop_a_fall_is_held_to_its_sixth_session() -> None:
    market_data = flat_tape({"AAA": [100.0, 100, 100, 60, 50, 40, 30, 30, 30, 30]})
    forecasts = signals(market_data, {(1, "AAA"): LONG_SIGNAL})
    assert reasons(run(market_data, forecasts)) == [(1, "entry"), (3, "stop_loss")]
    assert reasons(run(market_data, forecasts, Strategy(stop_mode="none"))) == [(1, "entry"), (7, "time_stop")]


def test_a_long_leaves_when_it_closes_above_yesterdays_high() -> None:
    """Filled in row 2 at 100; row 3 closes at 101 under row 2's high of 102; row 4 closes at 102.5, above row 3's high of 102.4."""
    market_data = flat_tape({"AAA": [100.0, 100, 100, 101, 102.5, 103, 103, 103, 103, 103]})
    market_data = ranged(market_data, {(2, 0): 102.0, (3, 0): 102.4})
    forecasts = signals(market_data, {(1, "AAA"): LONG_SIGNAL})
    assert reasons(run(market_data, forecasts)) == [(1, "entry"), (7, "time_stop")]
    result = run(market_data, forecasts, Strategy(exit_rule="above_yesterday_high"))
    assert reasons(result) == [(1, "entry"), (4, "beyond_yesterday")]
    assert fills_frame(result)["price"].tolist() == [100.0, 103.0]  # the next open


def test_a_close_at_yesterdays_high_stays_and_a_missing_one_is_no_limit() -> None:
    market_data = flat_tape({"AAA": [100.0, 100, 100, 102, float("nan"), 104, 104, 104, 104, 104, 104]})
    market_data = ranged(market_data, {(2, 0): 102.0})
    result = run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL}), Strategy(exit_rule="above_yesterday_high"))
    # Row 3 equals the high; row 5 has no session before it with a range; rows 6 and 7 equal the high.
    assert reasons(result) == [(1, "entry"), (7, "time_stop")]


def test_a_short_leaves_when_it_closes_below_yesterdays_low() -> None:
    market_data = flat_tape({"AAA": [100.0, 100, 100, 99, 98, 98, 98, 98, 98, 98]})
    market_data = ranged(market_data, {}, {(2, 0): 99.0, (3, 0): 98.5})
    result = run(market_data, signals(market_data, {(1, "AAA"): SHORT_SIGNAL}), Strategy(exit_rule="above_yesterday_high"))
    assert reasons(result) == [(1, "entry"), (4, "beyond_yesterday")]


def test_yesterdays_high_is_split_with_the_share() -> None:
    """4 for 1 in row 4: row 3's high of 104 is 26 on the new scale; 26.5 lies above it, raw 104 it would not."""
    market_data = flat_tape({"AAA": [100.0, 100, 100, 101, 26.5, 26, 26, 26, 26, 26]})
    market_data = ranged(market_data, {(2, 0): 102.0, (3, 0): 104.0})
    market_data = dataclasses.replace(market_data, actions=Actions(np.array([4]), np.array([0]), np.array([SPLIT]), np.array([0.25])))
    result = run(market_data, signals(market_data, {(1, "AAA"): LONG_SIGNAL}), Strategy(exit_rule="above_yesterday_high"))
    assert reasons(result) == [(1, "entry"), (4, "beyond_yesterday")]
    assert orders_frame(result)["quantity"].tolist() == [550, -2200]


def test_with_the_trend_longs_stand_above_their_mean_and_shorts_below() -> None:
    up, down = list(np.linspace(50, 100, 210)), list(np.linspace(100, 50, 210))
    market_data = flat_tape({"AAA": up, "BBB": down, "CCC": up, "DDD": down})
    fired = {(205, "AAA"): LONG_SIGNAL, (205, "BBB"): LONG_SIGNAL, (205, "CCC"): SHORT_SIGNAL, (205, "DDD"): SHORT_SIGNAL}
    forecasts = signals(market_data, fired)
    assert orders_frame(run(market_data, forecasts))["symbol"].tolist() == ["AAA", "BBB", "CCC", "DDD"]
    result = run(market_data, forecasts, Strategy(trend="sma200"))
    assert orders_frame(result)["symbol"].tolist() == ["AAA", "DDD"]
    assert funnel_frame(result)["against_trend"].tolist() == [1, 1]


def test_before_150_closes_there_is_no_trend_and_no_entry() -> None:
    market_data = flat_tape({"AAA": list(np.linspace(50, 100, 160))})
    early, late = ({(row, "AAA"): LONG_SIGNAL} for row in (148, 149))
    assert reasons(run(market_data, signals(market_data, early), Strategy(trend="sma200"))) == []
    assert reasons(run(market_data, signals(market_data, late), Strategy(trend="sma200")))[0] == (149, "entry")


def test_a_name_cools_down_on_the_side_it_left() -> None:
    """Stopped: sold at the open of row 4. With 3 sessions of cool-down rows 4, 5 and 6 are skipped; the short side is free at once."""
    market_data = flat_tape({"AAA": [100.0, 100, 100, 90] + [90.0] * 12})
    always = signals(market_data, {(row, "AAA"): LONG_SIGNAL for row in range(1, 16)})
    assert reasons(run(market_data, always))[:3] == [(1, "entry"), (3, "stop_loss"), (4, "entry")]
    cooled = run(market_data, always, Strategy(cool_down=3))
    assert reasons(cooled)[:3] == [(1, "entry"), (3, "stop_loss"), (7, "entry")]
    assert funnel_frame(cooled).loc["long", "cooling"] >= 3
    turned = signals(market_data, {(1, "AAA"): LONG_SIGNAL, (4, "AAA"): SHORT_SIGNAL})
    assert reasons(run(market_data, turned, Strategy(cool_down=3)))[2] == (4, "entry")


def shocked(closes: dict[str, list[float]], first: int, end: int) -> MarketData:
    """Market data whose VIX is 40 in the rows first <= row < end, else 15."""
    market_data = flat_tape(closes)
    vix = np.full(len(market_data.vix), 15.0)
    vix[first:end] = 40.0
    return dataclasses.replace(market_data, vix=vix)


def test_the_book_follows_the_regime_when_it_turns() -> None:
    """Filled in row 19: 5,500 long at 10. Row 20 is bear: floor(equity * 0.1 / 20 / 10) = 499 stay. Row 23 is not: up to 5,497 again.

    Equity at row 20: 1,000,000 - 27.50 of fees; at row 23 less 25.01 more for 5,001 shares sold: 0.055 * 999,947.49 / 10 = 5,499.71.
    """
    market_data = shocked({"AAA": [10.0] * 30, "BBB": [10.0] * 30}, 20, 23)
    forecasts = signals(market_data, {(18, "AAA"): LONG_SIGNAL, (18, "BBB"): SHORT_SIGNAL})
    result = run(market_data, forecasts, Strategy(holding_sessions=9), BOOK)
    long = orders_frame(result)[lambda frame: frame["symbol"] == "AAA"]
    assert long["quantity"].tolist() == [5500, -5001, 5000, -5499]
    assert long["reason"].tolist() == ["entry", "regime", "regime", "time_stop"]
    assert [row for row, reason in reasons(result) if reason == "regime"] == [20, 23], "0.2 short in both: left alone"
    trade = trades_frame(result).iloc[0]
    assert trade["quantity"] == 5500 and trade["profit"] == pytest.approx(-(27.5 + 25.005 + 25.0 + 27.495))
    assert reasons(run(market_data, forecasts, Strategy(holding_sessions=9)))[2:] == [(27, "time_stop"), (27, "time_stop")]


def test_sizes_change_after_exits_and_before_entries() -> None:
    market_data = shocked({"AAA": [10.0] * 20 + [9.0] * 10, "BBB": [10.0] * 30, "CCC": [10.0] * 30}, 20, 23)
    fired = {(18, "AAA"): LONG_SIGNAL, (18, "BBB"): LONG_SIGNAL, (20, "CCC"): LONG_SIGNAL}
    orders = orders_frame(run(market_data, signals(market_data, fired), regime=BOOK)).iloc[2:5]
    assert orders["symbol"].tolist() == ["AAA", "BBB", "CCC"]
    assert orders["reason"].tolist() == ["stop_loss", "regime", "entry"]


def test_an_increase_is_capped_by_the_volume_and_its_price_enters_the_mean() -> None:
    """Entered in the bear at 10 with 500 shares; when it ends the slot is worth 5,500, 5 % of the 60,000 traded a day allows 3,000 more."""
    market_data = shocked({"AAA": [10.0] * 24 + [9.6] * 16}, 20, 23)
    market_data = dataclasses.replace(
        market_data, bars=dataclasses.replace(market_data.bars, volume=np.full(market_data.bars.shape, 60_000.0))
    )
    result = run(market_data, signals(market_data, {(21, "AAA"): LONG_SIGNAL}), Strategy(holding_sessions=9), BOOK)
    assert orders_frame(result)["quantity"].tolist() == [500, 3000, -3500]
    trade = trades_frame(result).iloc[0]
    assert trade["entry_price"] == pytest.approx((500 * 10 + 3000 * 9.6) / 3500)
    assert trade["profit"] == pytest.approx(-500 * 0.4 - 2.5 - 15.0 - 17.5)


@pytest.mark.parametrize(("price", "changes"), [(9.0, 1), (1.5, 0)])
def test_a_short_is_not_increased_where_nothing_can_be_borrowed(price: float, changes: int) -> None:
    """Sold short in the bear; when it ends the slot doubles, but under $2 there is nothing to borrow (profile `realistic`)."""
    market_data = shocked({"AAA": [10.0] * 34 + [price] * 6}, 30, 34)
    forecasts = signals(market_data, {(31, "AAA"): SHORT_SIGNAL})
    account = account_of(market_data, "realistic")
    result = backtest(market_data, forecasts, account, Strategy(bear_short=0.1, holding_sessions=9), BOOK, Costs())
    assert [reason for _, reason in reasons(result)].count("regime") == changes


def test_a_regime_without_exposure_closes_the_book() -> None:
    market_data = shocked({"AAA": [10.0] * 30}, 20, 25)
    result = run(market_data, signals(market_data, {(18, "AAA"): LONG_SIGNAL}), Strategy(bear_long=0.0), BOOK)
    assert reasons(result) == [(18, "entry"), (20, "regime")]
    assert trades_frame(result)["reason"].tolist() == ["regime"]
    assert daily_frame(result)["n_long"].iloc[-1] == 0


def test_a_variant_is_an_overlay_and_no_stop_is_none() -> None:
    market_data = ranged(flat_tape({"AAA": [100.0, 100, 100, 101, 102.5, 103, 103, 103, 103, 103]}), {(2, 0): 102.0, (3, 0): 102.4})
    forecasts = signals(market_data, {(1, "AAA"): LONG_SIGNAL})
    on = Strategy(exit_rule="above_yesterday_high", trend="sma200", cool_down=1, stop_mode="none")
    for strategy in (Strategy(), on, Strategy(exit_rule="above_yesterday_high")):
        base, said = run(market_data, forecasts, strategy), list[str]()
        found = ablations(base, market_data, forecasts, account_of(market_data), strategy, Regime(), Costs(), report=said.append)
        assert len(found) == len(said) == count(strategy)
        names = [one.name for one in found]
        assert ("stop" in names) == (strategy.stop_mode != "none")
    assert found[-1].name == "yesterday's range" and (found[-1].touched, found[-1].among) == (1, 1)
    assert reasons(found[-1].without)[-1] == (7, "time_stop")


@pytest.mark.parametrize(
    ("kind", "knob", "value", "says"),
    [
        (Strategy, "stop_mode", "never", "strategy.stop_mode must be one of close, intraday, none, was 'never'"),
        (Strategy, "exit_rule", "high", "strategy.exit_rule must be one of none, above_yesterday_high, was 'high'"),
        (Strategy, "trend", "sma50", "strategy.trend must be one of off, sma200, was 'sma50'"),
        (Strategy, "indicator", "rsi", "strategy.indicator must be one of qpi, return_percentile, was 'rsi'"),
        (Strategy, "cool_down", -1, "strategy.cool_down must be at least 0 sessions, was -1"),
        (Regime, "scope", "all", "regime.scope must be one of entries, book, was 'all'"),
    ],
)
def test_an_unknown_variant_is_refused_with_its_choices(kind: type, knob: str, value: object, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        kind(**{knob: value})


def test_an_older_name_of_an_indicator_is_read_as_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[strategy]\nindicator = "rarity"\n')
    new = Strategy(indicator="return_percentile")
    assert choose(file).strategy == choose(sets=["strategy.indicator=rarity"]).strategy == new
    assert parameters.read({"strategy.indicator": "rarity"}).strategy == new
    assert parameters.write(parameters.Parameters(strategy=new))["strategy.indicator"] == "return_percentile"


def test_variants_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(SettingsError, match="falls rank below 50, rises above"):
        Strategy(indicator="return_percentile", qpi_low=60.0)
    market_data = flat_tape({"AAA": [10.0] * 5})
    with pytest.raises(SettingsError, match="leaves a stop of the old size at the market: set stop_mode to close or none"):
        run(market_data, signals(market_data, {}), Strategy(stop_mode="intraday"), BOOK)
