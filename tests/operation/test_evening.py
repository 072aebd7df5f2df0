"""Evening by evening an account is what the backtest's is, to the last bit: orders, fills, cash, equity; over a restart each evening."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.backtest.endings import Endings
from springback.backtest.result import Result
from springback.backtest.run import Backtest, backtest, prepare
from springback.market.costs import Costs, Profile
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, opening
from springback.operation.evening import Evening, Terms, play
from springback.operation.window import sessions_needed, window
from springback.strategy.knobs import Strategy
from springback.strategy.universe import Universe
from tests.backtest.variants import VARIANTS, sessions_of, turned
from tests.backtest.worlds import random_forecasts, random_tape

BUSY = Strategy(qpi_low=40.0, qpi_high=60.0, probability=0.5, slots=3)
"""Fires often and has few slots, so that they are full."""


def evenings(market_data: MarketData, said: Forecasts, terms: Terms) -> list[Evening]:
    """Each session played on what was written down after the one before."""
    length = sessions_needed(terms.strategy, terms.regime, Universe())
    sessions = market_data.bars.shape[0]
    state, out = opening(terms.account.cash), []
    for end in range(2, sessions + 1):
        seen = window(market_data, end, length, state.symbols)
        column = [market_data.bars.symbols.index(one) for one in seen.bars.symbols]
        first = max(0, end - length)
        own = Forecasts(*(panel[first:end, column] for panel in (said.qpi, said.p_long, said.p_short, said.adv)))
        out.append(play(state, seen, own, terms))
        state = AccountState.from_json(out[-1].after.to_json(), "state.json")
        assert state.to_json() == out[-1].after.to_json()
    return out


def whole(market_data: MarketData, said: Forecasts, terms: Terms) -> Result:
    sessions = market_data.bars.sessions
    account = replace(terms.account, start=sessions[1].item(), end=sessions[-1].item())
    inputs = prepare(market_data, said, terms.regime, terms.strategy, account.endings, limits=terms.limits)
    return backtest(market_data, said, account, terms.strategy, terms.regime, terms.costs, inputs=inputs)


def named(symbols: tuple[str, ...], names: np.ndarray) -> list[str]:
    return [symbols[int(one)] for one in names]


def same(result: Result, played: list[Evening], last_decided: bool = False) -> None:
    """Orders (but those of the last evening, on which a backtest does not decide), fills, the daily table, open positions."""
    want = result.orders
    rows = [
        (int(i), s, int(q), int(r))
        for i, s, q, r in zip(want["order_id"], named(result.symbols, want["name"]), want["quantity"], want["reason"], strict=True)
    ]
    got = [
        (int(one["order_id"]), evening.symbols[int(one["name"])], int(one["quantity"]), int(one["reason"]))
        for evening in (played if last_decided else played[:-1])
        for one in evening.orders
    ]
    resting = [one for one in played[-1].orders if int(one["reason"]) == 3]  # stops placed by fills of the last session
    got += [(int(one["order_id"]), played[-1].symbols[int(one["name"])], int(one["quantity"]), 3) for one in resting]
    assert got == rows
    fills = [
        (int(one["order_id"]), evening.symbols[int(one["name"])], one["price"], one["fee"]) for evening in played for one in evening.fills
    ]
    want = result.fills
    assert fills == list(zip(want["order_id"].astype(int), named(result.symbols, want["name"]), want["price"], want["fee"], strict=True))
    for name in (
        "equity",
        "cash",
        "n_long",
        "n_short",
        "bear",
        "fees",
        "borrow",
        "financing",
        "dividends",
        "long_waiting",
        "equity_midnight",
    ):
        np.testing.assert_array_equal([evening.daily[name] for evening in played], result.daily[name], err_msg=name)
    held = {symbol: line.quantity for symbol, line in played[-1].before.positions.items()}
    assert held == dict(zip(named(result.symbols, result.positions["name"]), result.positions["quantity"].astype(int), strict=True))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    variant=st.sampled_from(sorted(VARIANTS)),
    profile=st.sampled_from(["lean", "realistic"]),
    endings=st.sampled_from(["known", "learned"]),
)
def test_evenings_are_the_backtest(seed: int, variant: str, profile: Profile, endings: Endings) -> None:
    market_data = random_tape(seed, sessions_of(variant))
    said = random_forecasts(seed, market_data)
    strategy, regime = turned(BUSY, variant)
    terms = Terms(strategy, regime, Costs(), Backtest(cash=100_000.0, profile=profile, endings=endings))
    same(whole(market_data, said, terms), evenings(market_data, said, terms))
