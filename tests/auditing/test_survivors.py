"""As many names must leave as an index loses; a made-up universe whose leavers are counted by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from springback.auditing.members import survivors
from springback.market.actions import Actions
from springback.market.bars import Bars
from springback.market.market_data import DELISTED, TRADING, MarketData, last_rows
from tests.backtest.worlds import sessions_from

NAMES, SESSIONS = 200, 1261


def universe(leave: int, members: bool = True) -> SimpleNamespace:
    """200 names over five years, of which `leave` end half-way. An index loses 5 to 8 % a year of them: 45 to 68."""
    close = np.full((SESSIONS, NAMES), 10.0)
    close[SESSIONS // 2 :, :leave] = np.nan
    last = last_rows(close)
    bars = Bars(sessions_from("2015-01-01", SESSIONS), tuple(f"N{k:03d}" for k in range(NAMES)), close, close, close, close, close)
    ending = np.where(last < SESSIONS - 1, DELISTED, TRADING).astype(np.int8)
    there = ~np.isnan(close) if members else None
    market_data = MarketData(bars, Actions.none(), np.full(SESSIONS, 15.0), last, ending, members=there)
    return SimpleNamespace(whole=market_data, pipeline=SimpleNamespace(eligible=lambda _: ~np.isnan(close)))


@pytest.mark.parametrize(
    ("leave", "verdict", "words"),
    [
        (0, "FAIL", "survivors only"),
        (5, "WARN", "nearly survivors only"),
        (34, "WARN", "fewer leave than an index loses"),
        (37, "PASS", "37 leave"),  # 45 less 1.645 standard errors of 5.9 is 35.5: chance
        (46, "PASS", "46 leave"),
        (80, "PASS", "here 45 to 68"),
    ],
)
def test_fewer_leavers_than_expected_are_no_pass(leave: int, verdict: str, words: str) -> None:
    """On the real data 578 left where 742 to 1,089 were expected: that was a PASS once."""
    found = survivors(universe(leave))  # type: ignore[arg-type]
    assert (found.verdict, words in found.statement) == (verdict, True), found.statement


def test_both_doubts_are_named() -> None:
    said = survivors(universe(34, members=False)).statement  # type: ignore[arg-type]
    assert "fewer leave than an index loses" in said and "no membership is known" in said
