"""An entry is a day order, and a row that nobody traded is a mark: cases worked by hand, and laws on random markets full of both."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.backtest.result import Result, daily_frame, fills_frame, orders_frame, positions_frame, trades_frame
from springback.backtest.run import backtest
from springback.backtest.state import CANCELLED, DELISTED_AWAY, DROPPED, FILLED, WAITING
from springback.market.actions import SPLIT, Actions
from springback.market.costs import Costs
from springback.market.market_data import DELISTED, MarketData
from springback.scenarios.positions import held
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.rule import ENTRY, REGIME
from tests.backtest.variants import VARIANTS, sessions_of, turned
from tests.backtest.worlds import account_of, flat_tape, random_forecasts, random_tape, signals

NAN = float("nan")
LONG_SIGNAL, SHORT_SIGNAL = (5.0, 0.9, 0.1), (95.0, 0.1, 0.9)
ONE_SLOT = Strategy(slots=1, bull_long=1.0)


def run(
    market_data: MarketData, fired: dict[tuple[int, str], tuple[float, float, float]], strategy: Strategy = ONE_SLOT, profile: str = "lean"
) -> Result:
    return backtest(market_data, signals(market_data, fired), account_of(market_data, profile), strategy, Regime(), Costs())


def untraded(market_data: MarketData, symbol: str, rows: slice, kind: str) -> MarketData:
    """The rows of a name as each vendor writes a halt: no row, a close alone, or the last close again with a volume of 0."""
    column, bars = market_data.bars.symbols.index(symbol), market_data.bars
    panels = {field: np.array(getattr(bars, field)) for field in ("open", "high", "low", "close", "volume")}
    for field, panel in panels.items():
        if kind == "no row" or (kind == "close alone" and field != "close"):
            panel[rows, column] = NAN
        elif field == "volume":
            panel[rows, column] = 0.0
    return dataclasses.replace(market_data, bars=dataclasses.replace(bars, **panels))


def fate(result: Result) -> list[tuple[str, int, str, str, int, str]]:
    """(symbol, row of the decision, reason, status, row of the end (-1: none), why) of each order."""
    frame, columns = orders_frame(result), result.orders
    rows = zip(columns["row"].astype(int).tolist(), columns["ended"].astype(int).tolist(), frame.itertuples(), strict=True)
    return [(one.symbol, row, one.reason, one.status, ended, one.why) for row, ended, one in rows]


HALTS = ("no row", "close alone", "volume 0")


@pytest.mark.parametrize("kind", HALTS)
def test_an_entry_that_does_not_fill_at_the_next_open_is_taken_back_and_its_slot_is_free_in_that_decision(kind: str) -> None:
    """AAA is ordered in row 1 and has no bar from row 2 to 4; BBB fires in row 2 and gets the only slot."""
    market_data = untraded(flat_tape({"AAA": [10.0] * 12, "BBB": [10.0] * 12}), "AAA", slice(2, 5), kind)
    fired = {(1, "AAA"): LONG_SIGNAL, (2, "BBB"): LONG_SIGNAL, (3, "AAA"): LONG_SIGNAL}
    result = run(market_data, fired)
    assert fate(result)[:2] == [("AAA", 1, "entry", "cancelled", 2, "unfilled"), ("BBB", 2, "entry", "filled", 3, "")]
    assert result.daily["n_long"][:4].tolist() == [0, 0, 0, 1]
    assert result.daily["long_waiting"].sum() == 0


@pytest.mark.parametrize(("life", "ended"), [(1, 2), (2, 3), (3, 4)])
def test_an_entry_lives_as_many_openings_as_the_knob_says(life: int, ended: int) -> None:
    market_data = untraded(flat_tape({"AAA": [10.0] * 12}), "AAA", slice(2, 6), "no row")
    result = run(market_data, {(1, "AAA"): LONG_SIGNAL}, dataclasses.replace(ONE_SLOT, entry_life=life))
    assert fate(result) == [("AAA", 1, "entry", "cancelled", ended, "unfilled")]
    assert result.daily["long_waiting"].tolist() == [0, 0, *[1] * (life - 1), *[0] * (11 - life)]


def test_with_a_life_of_0_it_waits_until_it_fills_and_is_counted_meanwhile() -> None:
    market_data = untraded(flat_tape({"AAA": [10.0] * 12}), "AAA", slice(2, 5), "close alone")
    result = run(market_data, {(1, "AAA"): LONG_SIGNAL}, dataclasses.replace(ONE_SLOT, entry_life=0))
    assert fate(result)[0] == ("AAA", 1, "entry", "filled", 5, "")
    assert result.daily["n_long"].tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]
    assert result.daily["long_waiting"].tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert result.daily["long_positions"].tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0]


def test_the_last_session_takes_step_0_and_no_more() -> None:
    market_data = untraded(flat_tape({"AAA": [10.0] * 6, "BBB": [10.0] * 6}), "AAA", slice(5, 6), "volume 0")
    result = run(market_data, {(4, "AAA"): LONG_SIGNAL, (5, "BBB"): LONG_SIGNAL})
    assert fate(result) == [("AAA", 4, "entry", "cancelled", 5, "unfilled")]
    assert result.daily["n_long"].tolist() == [0] * 6


@pytest.mark.parametrize("profile", ["lean", "realistic"])
def test_however_a_halt_is_written_the_trade_is_the_same(profile: str) -> None:
    """Bought at 100, halted for three sessions behind the last close, the first print is 0.40: nobody gets out at 100."""
    closes = [100.0, 100, 100, 100, 100, 100, 100, 0.40, 0.40, 0.40, 0.40, 0.40]
    whole = flat_tape({"AAA": closes})
    trades = [trades_frame(run(untraded(whole, "AAA", slice(4, 7), kind), {(1, "AAA"): LONG_SIGNAL}, profile=profile)) for kind in HALTS]
    assert all(one.equals(trades[0]) for one in trades)
    assert trades[0]["exit_price"].iloc[0] == pytest.approx(0.40, rel=0.01)
    assert trades[0]["sessions"].tolist() == [6]  # the stop is seen on the close of the first print, and filled at the next open


def test_a_mark_triggers_no_stop_and_values_a_position_in_the_realistic_profile_alone() -> None:
    """The marks of rows 4 to 6 stand at 60: no stop on the close, no resting stop; only the time stop is judged and waits for a bar."""
    market_data = flat_tape({"AAA": [100.0, 100, 100, 100, 60, 60, 60, 100, 100, 100, 100, 100]})
    for kind in ("close alone", "volume 0"):
        halted = untraded(market_data, "AAA", slice(4, 7), kind)
        for mode in ("close", "intraday"):
            result = run(halted, {(1, "AAA"): LONG_SIGNAL}, dataclasses.replace(ONE_SLOT, stop_mode=mode))
            assert [one.split("@")[0] for one in orders_frame(result)["reason"]][-1] == "time_stop"
            assert result.daily["long_value"][4] == result.daily["long_value"][3]
            real = run(halted, {(1, "AAA"): LONG_SIGNAL}, dataclasses.replace(ONE_SLOT, stop_mode=mode), "realistic")
            assert real.daily["long_value"][4] == pytest.approx(0.6 * real.daily["long_value"][3])


def test_a_resting_stop_and_an_exit_say_what_became_of_them() -> None:
    market_data = flat_tape({"AAA": [100.0] * 12})
    result = run(market_data, {(1, "AAA"): LONG_SIGNAL, (9, "AAA"): LONG_SIGNAL}, dataclasses.replace(ONE_SLOT, stop_mode="intraday"))
    assert [(one[2], *one[3:]) for one in fate(result)] == [
        ("entry", "filled", 2, ""),
        ("resting_stop@95.0", "cancelled", 7, "replaced"),
        ("time_stop", "filled", 8, ""),
        ("entry", "filled", 10, ""),
        ("resting_stop@95.0", "waiting", -1, ""),
    ]
    assert str(orders_frame(result)["ended"].iloc[-1]) == "NaT"


def test_a_delisting_drops_what_waits() -> None:
    market_data = untraded(flat_tape({"AAA": [100.0] * 12}), "AAA", slice(9, 12), "no row")
    market_data = untraded(
        market_data, "AAA", slice(8, 9), "close alone"
    )  # a last row that is a mark: it lives until then, and nothing fills
    market_data = dataclasses.replace(market_data, last=np.array([8]), ending=np.array([DELISTED], dtype=np.int8))
    result = run(market_data, {(1, "AAA"): LONG_SIGNAL})
    assert fate(result)[1:] == [("AAA", 7, "time_stop", "dropped", 8, "delisted")]
    assert trades_frame(result)["reason"].tolist() == ["Liquidate from delisting"]


def test_an_increase_is_a_day_order_too() -> None:
    """The regime turns in row 28 and asks for more; AAA has no bar in row 29: what would have come is taken back, the position stays."""
    market_data = untraded(flat_tape({"AAA": [10.0] * 34}), "AAA", slice(29, 31), "no row")
    vix = np.full(34, 15.0)
    vix[25:28] = [40.0, 60.0, 90.0]  # bear when it is bought, over by row 28
    market_data = dataclasses.replace(market_data, vix=vix)
    strategy, regime = Strategy(slots=1, bull_long=1.0, bear_long=0.5, holding_sessions=9), Regime(window=2, scope="book")
    result = backtest(market_data, signals(market_data, {(25, "AAA"): LONG_SIGNAL}), account_of(market_data), strategy, regime, Costs())
    assert fate(result) == [("AAA", 25, "entry", "filled", 26, ""), ("AAA", 28, "regime", "cancelled", 29, "unfilled")]
    assert positions_frame(result)["quantity"].tolist() == [50_000]
    waits = backtest(
        market_data,
        signals(market_data, {(25, "AAA"): LONG_SIGNAL}),
        account_of(market_data),
        dataclasses.replace(strategy, entry_life=0),
        regime,
        Costs(),
    )
    assert fate(waits)[1] == ("AAA", 28, "regime", "filled", 31, "")


def reverse(row: int, factor: float) -> Actions:
    return Actions(np.array([row]), np.array([0]), np.array([SPLIT]), np.array([factor]))


def test_a_reverse_split_that_pays_a_short_out_whole_is_a_trade() -> None:
    """1:100 and 98 short at 4.09: 0.98 of a share is paid in cash at the last close; what is left of 1.00 of commission is the profit."""
    market_data = dataclasses.replace(flat_tape({"MUL": [4.09] * 4 + [409.0] * 6}), actions=reverse(4, 100.0))
    strategy = Strategy(slots=1, bull_short=0.0101, cool_down=3, stop_mode="intraday")
    said = signals(market_data, {(1, "MUL"): SHORT_SIGNAL, (4, "MUL"): SHORT_SIGNAL, (6, "MUL"): SHORT_SIGNAL})
    result = backtest(market_data, said, account_of(market_data, cash=40_000.0), strategy, Regime(), Costs())
    trades = trades_frame(result)
    assert trades[["symbol", "side", "quantity", "entry_price", "exit_price", "reason"]].to_numpy().tolist() == [
        ["MUL", "short", 98, 4.09, 4.09, "split"]
    ]
    assert trades["profit"].iloc[0] == pytest.approx(-1.00)
    assert trades["return"].iloc[0] == pytest.approx(-1.00 / 400.82)
    assert trades["exit_date"].iloc[0] == market_data.bars.sessions[4]
    assert fate(result) == [
        ("MUL", 1, "entry", "filled", 2, ""),
        ("MUL", 2, "resting_stop@4.29", "dropped", 4, "split"),
    ]  # and it cools down: neither row 4 nor row 6 enters again
    assert daily_frame(result)["equity"].iloc[-1] == pytest.approx(39_999.00)


def test_the_return_of_a_split_trade_is_that_of_what_was_put_in() -> None:
    """135 bought at 4.09 are 1 share and 143.15 in cash after 1:100; sold at 399.02: 11.98 lost of 552.15, two commissions among them."""
    closes, opens = [4.09] * 4 + [409.0, 399.02] + [399.02] * 6, [4.09] * 4 + [409.0, 409.0] + [399.02] * 6
    market_data = dataclasses.replace(flat_tape({"MUL": closes}, {"MUL": opens}), actions=reverse(4, 100.0))
    said = signals(market_data, {(1, "MUL"): LONG_SIGNAL})
    result = backtest(market_data, said, account_of(market_data, cash=10_000.0), Strategy(slots=1, bull_long=0.0553), Regime(), Costs())
    trades = trades_frame(result)
    assert trades["quantity"].tolist() == [1]
    assert trades["profit"].iloc[0] == pytest.approx(-11.98)
    assert trades["return"].iloc[0] == pytest.approx(-11.98 / 552.15)


def test_what_a_name_does_in_its_marks_hangs_on_no_other_name() -> None:
    """Rows without a close, but with a volume, are none; whether another name has marks changes nothing of what is printed."""
    market_data = flat_tape({"AAA": [10.0] * 4, "BBB": [10.0] * 4})
    volume, close = np.array(market_data.bars.volume), np.array(market_data.bars.close)
    close[1, 0] = NAN
    alone = dataclasses.replace(market_data.bars, close=close)
    volume[2, 1] = 0.0
    beside = dataclasses.replace(alone, volume=volume)
    for field in ("open", "close", "volume"):
        np.testing.assert_array_equal(alone.printed(field)[:, 0], beside.printed(field)[:, 0])
    assert np.isnan(beside.printed("volume")[[1, 2], [0, 1]]).all() and beside.marks.sum() == 1


LIVES = st.sampled_from([0, 1, 2, 3])


def played(seed: int, variant: str, life: int, profile: str, cash: float = 1_000_000.0) -> tuple[MarketData, Strategy, Result]:
    market_data = random_tape(seed, sessions_of(variant))
    strategy, regime = turned(Strategy(probability=0.3, slots=4, entry_life=life), variant)
    return (
        market_data,
        strategy,
        backtest(market_data, random_forecasts(seed, market_data), account_of(market_data, profile, cash), strategy, regime, Costs()),
    )


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), life=LIVES, profile=st.sampled_from(["lean", "realistic"]))
def test_a_slot_is_held_by_a_position_or_by_an_order_younger_than_its_life(variant: str, seed: int, life: int, profile: str) -> None:
    """Counted again from fills, splits and orders alone; and never more than the slots of a side, but for what is leaving."""
    market_data, _, result = played(seed, variant, life, profile)
    life = VARIANTS[variant][0].get("entry_life", life)  # type: ignore[assignment]
    orders, daily = result.orders, result.daily
    entry, end = orders["reason"] == ENTRY, result.first + len(result.sessions)
    for k, row in enumerate(range(result.first, end)):
        own = held(result, market_data.actions, row)
        goes_tonight = (orders["ended"] == row) & (orders["why"] == DELISTED_AWAY)
        lives = entry & (orders["row"] < row) & ((orders["ended"] > row) | (orders["status"] == WAITING) | goes_tonight)
        if life:
            assert (row - orders["row"][lives] < life).all()
        for sign, side in ((1, "long"), (-1, "short")):
            positions, waiting = int((sign * own.quantity > 0).sum()), int((sign * orders["quantity"][lives] > 0).sum())
            told = [daily[f"n_{side}"][k], daily[f"{side}_positions"][k], daily[f"{side}_waiting"][k]]
            assert told == [positions + waiting, positions, waiting]
    grow = entry | (orders["reason"] == REGIME)
    if life:
        assert (orders["ended"] - orders["row"])[grow & (orders["status"] == CANCELLED)].max(initial=0) <= life
        assert (orders["ended"] - orders["row"])[entry & (orders["status"] == FILLED)].max(initial=0) <= life


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), life=LIVES, profile=st.sampled_from(["lean", "realistic"]), cash=st.sampled_from([1e6, 2_000.0]))
def test_trades_and_open_positions_are_the_change_of_equity(variant: str, seed: int, life: int, profile: str, cash: float) -> None:
    _, _, result = played(seed, variant, life, profile, cash)
    earned = result.trades["profit"].sum() + result.positions["profit"].sum() - result.daily["financing"].sum()
    assert earned == pytest.approx(result.daily["equity"][-1] - cash, abs=1e-6 * max(1.0, cash / 1e4))
    assert len(result.positions["name"]) == result.daily["long_positions"][-1] + result.daily["short_positions"][-1]


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), life=LIVES)
def test_every_order_has_one_end_and_what_was_filled_was_filled_on_a_bar(seed: int, life: int) -> None:
    market_data, _, result = played(seed, "intraday", life, "lean")
    orders, fills = result.orders, result.fills
    day = fills["midnight"] == 0
    assert market_data.bars.traded[fills["row"][day].astype(int), fills["name"][day].astype(int)].all()
    filled = dict(zip(fills["order_id"][day], fills["row"][day], strict=True))
    for number, status, ended in zip(orders["order_id"], orders["status"], orders["ended"], strict=True):
        assert (status == FILLED) == (number in filled) and (status == WAITING) == (ended == -1)
        assert status != FILLED or filled[number] == ended
    assert set(orders["status"]) <= {FILLED, CANCELLED, DROPPED, WAITING}
    assert fills_frame(result)["order_id"].is_unique
