"""The orders of evenings, one table after the other, are the orders of the backtest; what stands beside them is what the rule read."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from springback.backtest.result import orders_frame as orders_of_run
from springback.backtest.run import Backtest, backtest
from springback.features import FEATURES
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.operation.evening import Terms
from springback.operation.frozen_decision import ORDER_COLUMNS
from springback.operation.order_table import FORECAST_COLUMNS, forecasts_frame, orders_frame
from springback.strategy.knobs import Strategy
from tests.backtest.variants import turned
from tests.backtest.worlds import random_forecasts, random_tape
from tests.operation.nights import nights

FIVE = ["order_id", "decided", "symbol", "quantity", "reason"]
BUSY = Strategy(qpi_low=40.0, qpi_high=60.0, probability=0.5, slots=3)


@pytest.mark.parametrize("variant", ["none", "intraday", "book", "two_openings"])
def test_the_orders_are_those_of_a_run(variant: str) -> None:
    market_data = random_tape(11)
    said = random_forecasts(11, market_data)
    strategy, regime = turned(BUSY, variant)
    terms = Terms(strategy, regime, Costs(), Backtest(cash=100_000.0))
    days = replace(terms.account, start=market_data.bars.sessions[1].item(), end=market_data.bars.sessions[-1].item())
    want = orders_of_run(backtest(market_data, said, days, strategy, regime, terms.costs))
    last = str(market_data.bars.sessions[-1])
    whole = pd.concat([orders_frame(night.evening, night.seen, night.forecasts, terms) for night in nights(market_data, said, terms)])
    assert list(whole.columns) == list(ORDER_COLUMNS)
    got = whole[(whole["decided"] != last) | whole["reason"].str.startswith("resting_stop")]
    want["decided"] = want["decided"].astype(str)
    assert len(got) > 100
    pd.testing.assert_frame_equal(got[FIVE].reset_index(drop=True), want[FIVE], check_dtype=False)
    entries = whole[whole["reason"] == "entry"]
    assert (entries["side"] == np.where(entries["quantity"] > 0, "long", "short")).all()
    assert (entries["quantity"].abs() <= entries["adv_limit"]).all()
    exits = whole[whole["reason"].isin(["time_stop", "stop_loss"])]
    assert (exits["side"] == np.where(exits["quantity"] < 0, "long", "short")).all() and set(exits["side"]) == {"long", "short"}
    assert exits["rank"].isna().all() and exits["score"].isna().all() and whole["last_close"].notna().all()
    for _, one in entries.groupby(["decided", "side"]):
        assert list(one["rank"]) == list(range(1, len(one) + 1))
        assert list(one["score"]) == sorted(one["score"], reverse=True)


def test_what_stands_beside_an_order_is_what_the_rule_read() -> None:
    market_data = random_tape(4)
    said = random_forecasts(4, market_data)
    terms = Terms(BUSY, account=Backtest(cash=100_000.0))
    night = next(one for one in nights(market_data, said, terms) if (one.evening.orders["reason"] == 0).any())
    order = orders_frame(night.evening, night.seen, night.forecasts, terms).iloc[0]
    column, row = market_data.bars.symbols.index(order["symbol"]), night.end - 1
    assert order["last_close"] == market_data.bars.close[row, column]
    assert order["adv_limit"] == np.floor(BUSY.max_adv_fraction * said.adv[row, column])
    assert order["score"] == (said.p_long if order["side"] == "long" else said.p_short)[row, column]


def test_no_order_is_an_empty_table_with_its_columns() -> None:
    market_data = random_tape(4)
    nothing = Forecasts(*(np.full(market_data.bars.shape, np.nan) for _ in range(4)))
    terms = Terms(BUSY)
    night = next(nights(market_data, nothing, terms))
    frame = orders_frame(night.evening, night.seen, night.forecasts, terms)
    assert list(frame.columns) == list(ORDER_COLUMNS) and frame.empty


def test_every_model_says_its_own_of_every_name_that_it_ranked() -> None:
    market_data = random_tape(5)
    said, other = random_forecasts(5, market_data), random_forecasts(6, market_data)
    features = np.random.default_rng(1).normal(size=(len(market_data.bars.symbols), len(FEATURES)))
    frame = forecasts_frame({"champion": said, "challenger": other}, features, market_data.bars.symbols)
    assert list(frame.columns) == list(FORECAST_COLUMNS)
    assert list(frame["model"].unique()) == ["champion", "challenger"]
    for model, one in (("champion", said), ("challenger", other)):
        part = frame[frame["model"] == model].set_index("symbol")
        ranked = ~np.isnan(one.qpi[-1])
        assert list(part.index) == list(np.array(market_data.bars.symbols)[ranked])
        np.testing.assert_array_equal(part["p_short"], one.p_short[-1, ranked])
        np.testing.assert_array_equal(part[list(FEATURES)], features[ranked])
    nobody = Forecasts(*(np.full(market_data.bars.shape, np.nan) for _ in range(4)))
    assert list(forecasts_frame({"": nobody}, features, market_data.bars.symbols).columns) == list(FORECAST_COLUMNS)
