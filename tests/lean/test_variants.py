"""Variants of the rule on the stand-in of LEAN: the same orders as the embedded backtest."""

from dataclasses import replace
from pathlib import Path

import pytest

from springback.backtest.result import orders_frame
from springback.backtest.run import Backtest, backtest, prepare
from springback.lean import parameters
from springback.market.costs import NO_FLOOR, Costs, ShortFloor
from springback.strategy.decide import FUNNEL, SHORT
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


def test_the_algorithm_has_the_floor_under_shorts_where_the_profile_asks(tmp_path: Path) -> None:
    """The backtest in the profile `realistic`, with no price for anything but LEAN's commission: what it adds is the floor alone."""
    run = "invented/close-day"
    floor = {"no_short_price": 20.0, "no_short_dollar_volume": 1e6}
    given = replays.golden_parameters(run) | {"lean.profile": "realistic"} | {f"costs.{name}": str(value) for name, value in floor.items()}
    said = parameters.read(given)
    result = replays.run(replays.golden_world(run, marks=False), given, replays.golden_store(run, tmp_path))
    market_data, forecasts = recorded.market(run)
    free = Costs(half_spread_bp=(0.0,) * 4, impact_bp=0.0, borrow_general=0.0, borrow_hard=0.0, debit_over=0.0, credit_under=0.0)
    costs = replace(free, delisting_return=0.0, bankruptcy_return=0.0, **floor)
    ready = prepare(replace(market_data, risk_free=None, delistings=()), forecasts, said.regime, said.strategy)
    account = Backtest(said.backtest.start, said.backtest.end, said.backtest.cash, "realistic")
    ours = backtest(market_data, forecasts, account, said.strategy, said.regime, costs, inputs=ready._replace(mark=ready.close))
    orders = result.orders[result.orders["tag"] != "Liquidate from delisting"]
    assert orders["symbol"].tolist() == orders_frame(ours)["symbol"].tolist()
    assert orders["quantity"].tolist() == orders_frame(ours)["quantity"].tolist()
    assert ours.funnel[:, SHORT, FUNNEL.index("not_shortable")].sum() > 0


def test_a_live_account_has_the_floor_whatever_the_profile() -> None:
    plain, real = (parameters.read({"lean.profile": profile, "costs.no_short_price": "3"}) for profile in ("lean", "realistic"))
    assert plain.short_floor(live=False) == NO_FLOOR
    assert plain.short_floor(live=True) == real.short_floor(live=False) == ShortFloor(3.0, Costs.no_short_dollar_volume)
