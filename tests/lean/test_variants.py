"""Variants of the rule on the stand-in of LEAN: the same orders as the embedded backtest."""

from pathlib import Path

import pytest

from springback.backtest.result import orders_frame
from springback.backtest.run import Backtest, backtest
from springback.data import csv_file
from springback.data.tables import read_forecasts
from springback.lean import parameters
from springback.market.costs import Costs
from tests.lean import replays

VARIANTS = (
    {"strategy.stop_mode": "none"},
    {"strategy.cool_down": "4"},
    {"regime.scope": "book", "strategy.cool_down": "2"},
    {"strategy.exit_rule": "above_yesterday_high", "strategy.trend": "sma200"},
)


@pytest.mark.golden
@pytest.mark.skipif(not replays.GOLDEN.is_dir(), reason="../shared/lean-golden is absent")
@pytest.mark.parametrize("world", ["strategy", "corporate"])
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_algorithm_orders_what_the_backtest_orders(world: str, variant: dict[str, str], tmp_path: Path) -> None:
    folder = replays.GOLDEN / world
    given = replays.golden_parameters(f"{world}/busy") | variant
    said = parameters.read(given)
    result = replays.run(replays.golden_world(world), given, replays.golden_store(world, tmp_path))
    tape = csv_file.read(folder / "bars.csv.gz", vix=folder / "vix.csv", events=folder / "events.csv" if world == "corporate" else None)
    forecasts = read_forecasts(folder / "forecasts.csv.gz", tape.bars)
    account = Backtest(said.backtest.start, said.backtest.end, said.backtest.cash, "lean")
    expected = orders_frame(backtest(tape, forecasts, account, said.strategy, said.regime, Costs()))
    orders = result.orders[result.orders["tag"] != "Liquidate from delisting"]
    for ours, theirs in (("symbol", "symbol"), ("quantity", "quantity"), ("reason", "tag")):
        assert orders[theirs].tolist() == expected[ours].tolist(), ours
