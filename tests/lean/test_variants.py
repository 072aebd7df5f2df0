"""Variants of the rule on the stand-in of LEAN: the same orders as the embedded backtest."""

from pathlib import Path

import pytest

from springback.backtest.result import orders_frame
from springback.backtest.run import Backtest, backtest
from springback.lean import parameters
from springback.market.costs import Costs
from tests.lean import recorded, replays

VARIANTS = (
    {"strategy.stop_mode": "none"},
    {"strategy.cool_down": "4"},
    {"regime.scope": "book", "strategy.cool_down": "2"},
    {"strategy.exit_rule": "above_yesterday_high", "strategy.trend": "sma200"},
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "run", ["invented/close-day", *(pytest.param(name, marks=recorded.needs_golden) for name in ("strategy/busy", "corporate/busy"))]
)
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_algorithm_orders_what_the_backtest_orders(run: str, variant: dict[str, str], tmp_path: Path) -> None:
    given = replays.golden_parameters(run) | variant
    said = parameters.read(given)
    result = replays.run(replays.golden_world(run, marks=False), given, replays.golden_store(run, tmp_path))
    market_data, forecasts = recorded.market(run)
    account = Backtest(said.backtest.start, said.backtest.end, said.backtest.cash, "lean")
    expected = orders_frame(backtest(market_data, forecasts, account, said.strategy, said.regime, Costs()))
    orders = result.orders[result.orders["tag"] != "Liquidate from delisting"]
    for ours, theirs in (("symbol", "symbol"), ("quantity", "quantity"), ("reason", "tag")):
        assert orders[theirs].tolist() == expected[ours].tolist(), ours
