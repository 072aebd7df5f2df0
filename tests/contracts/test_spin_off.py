"""A spin-off as Alpaca tells it: no split and no dividend, and what is said of it is what an account books."""

from datetime import date

import numpy as np

from springback.backtest.result import daily_frame, fills_frame
from springback.backtest.run import backtest
from springback.data.sources import History
from springback.data.sources.alpaca import Alpaca
from springback.data.sources.assemble import VixAndRates, assemble
from springback.market.costs import Costs
from springback.market.origin import Origin
from springback.market.prose import Prose
from springback.strategy.knobs import Regime, Strategy
from tests.backtest.worlds import account_of, signals
from tests.contracts.replay import Name, Replay, day, serving, told
from tests.contracts.test_sources import KEYS, quick

DAYS = [str(one) for one in np.busday_offset("2018-05-01", range(12), roll="forward")]
ROW = 6
BEFORE, AFTER = 101.40, 81.38


def dover() -> Name:
    """Prices of which a spin-off takes a fifth before the open of the seventh session."""
    prices = [BEFORE] * ROW + [AFTER] * (len(DAYS) - ROW)
    return Name({day(one): (price, price + 1, price - 1, price, 1e6) for one, price in zip(DAYS, prices, strict=True)})


def heard() -> History:
    spun = {"source_symbol": "DOVA", "source_rate": 1, "new_symbol": "APYX", "new_rate": 0.5, "ex_date": DAYS[ROW]}

    class Spinning(Replay):
        def _actions(self, query: dict[str, str]) -> "tuple[int, bytes, dict[str, str]]":
            assert "spin_off" in query["types"]
            return told(200, {"corporate_actions": {"spin_offs": [spun]}, "next_page_token": None})

    with serving({"DOVA": dover()}) as replay:
        replay.__class__ = Spinning
        (one,) = Alpaca(quick(replay), KEYS).histories(["DOVA"], day(DAYS[0]), day(DAYS[-1]))
    return one


def test_the_account_books_the_fall_and_the_finding_says_so() -> None:
    levels = VixAndRates(dict.fromkeys(map(date.fromisoformat, DAYS), 15.0), None)
    market_data = assemble([heard()], levels, None, day(DAYS[0]), day(DAYS[-1]), Origin(words=Prose("by hand")))
    assert len(market_data.actions.row) == 0
    line = next(one for one in market_data.findings if f"DOVA {DAYS[ROW]} spin-off of 0.5 APYX a share" in one)
    assert "an account does not get the shares and books the fall" in line and "no loss" not in line
    result = backtest(
        market_data, signals(market_data, {(1, "DOVA"): (5.0, 0.9, 0.1)}), account_of(market_data), Strategy(), Regime(), Costs()
    )
    held = fills_frame(result)["quantity"].iloc[0]
    equity = daily_frame(result)["equity"].to_numpy()
    assert held == 542 and round(equity[ROW] - equity[ROW - 1], 6) == round(held * (AFTER - BEFORE), 6)
