"""The account kept again from its fills agrees with the backtest's own on ugly random markets, in every variant; a wrong cent is seen."""

from dataclasses import replace

import numpy as np
import pytest

from springback.auditing.accounts import cash_fault, fill_fault, read
from springback.auditing.slots import slot_fault
from springback.backtest.result import Result
from springback.backtest.run import backtest
from springback.market.costs import Costs
from springback.market.market_data import MarketData
from springback.strategy.knobs import Regime, Strategy
from tests.backtest.worlds import account_of, random_forecasts, random_tape

VARIANTS = {
    "as specified": (Strategy(), Regime()),
    "resting stop": (Strategy(stop_mode="intraday", stop_loss=0.02), Regime()),
    "regime over the book": (Strategy(), Regime(scope="book")),
    "entries wait": (Strategy(entry_life=0), Regime()),
    "entries live two openings": (Strategy(entry_life=2), Regime()),
}


def run(seed: int, profile: str, variant: str) -> tuple[MarketData, Result]:
    market_data = random_tape(seed)
    return market_data, backtest(
        market_data, random_forecasts(seed, market_data), account_of(market_data, profile), *VARIANTS[variant], Costs()
    )


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("profile", ["lean", "realistic"])
def test_both_books_agree(profile: str, variant: str) -> None:
    for seed in range(12):
        market_data, result = run(seed, profile, variant)
        done = read(result)
        assert len(done) > 20 and cash_fault(market_data, result, done) is None
        assert [found for one in done if (found := fill_fault(market_data, result, one))] == []
        assert slot_fault(market_data, result, done) is None


@pytest.mark.parametrize(("column", "by"), [("price", 0.01), ("fee", 1.0), ("quantity", 1.0)])
def test_a_wrong_fill_is_seen(column: str, by: float) -> None:
    market_data, result = run(3, "lean", "as specified")
    fills = {name: values.copy() for name, values in result.fills.items()}
    fills[column][5] += by
    wrong = replace(result, fills=fills)
    assert cash_fault(market_data, wrong, read(wrong)) is not None
    if column != "fee":
        assert fill_fault(market_data, wrong, read(wrong)[5]) is not None


def test_a_fill_without_an_order_is_seen() -> None:
    market_data, result = run(4, "lean", "as specified")
    fills = {name: values.copy() for name, values in result.fills.items()}
    k = int(np.flatnonzero(fills["midnight"] == 0)[0])
    fills["order_id"][k] = 1e6
    assert "no order of that name" in str(fill_fault(market_data, result, read(replace(result, fills=fills))[k]))
