"""The gate on new sessions only: an error there bars its name, one elsewhere nobody; how old a membership is; days that nobody traded."""

import time
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from springback.data.demo.demo import Demo, draw
from springback.market.market_data import MarketData
from springback.market.quarantine import FETCHED, Span
from springback.quality.fresh import barless, fresh_errors
from springback.quality.quality_settings import Quality
from tests.quality import planted
from tests.quality.panels import ROW, change, steady, times

FIRST = Quality()


def evening(market_data: MarketData, end: int) -> MarketData:
    """The last 90 sessions before the row `end`, as an evening reads them."""
    whole = market_data.until(end)
    first = end - 90
    return replace(
        whole,
        bars=whole.bars.between(first, end),
        actions=whole.actions.between(first, end),
        vix=whole.vix[first:],
        last=np.where(whole.last >= first, whole.last - first, -1),
        members=None if whole.members is None else whole.members[first:],
        benchmark=None,
        risk_free=None,
    )


def days_of(market_data: MarketData, *rows: int) -> list[date]:
    return [market_data.bars.sessions[row].item() for row in rows]


def test_an_error_on_a_new_session_bars_its_name_and_no_other() -> None:
    market_data, (_, symbol) = planted.upside_down(planted.market())
    row = ROW
    known = evening(market_data, row + 1)
    assert fresh_errors(known, FIRST, days_of(market_data, row)) == {symbol: ("ohlc",)}
    later = evening(market_data, row + 2)
    assert fresh_errors(later, FIRST, days_of(market_data, row + 1)) == {}
    assert fresh_errors(later, FIRST, days_of(market_data, row, row + 1)) == {symbol: ("ohlc",)}


def test_a_price_in_another_unit_is_seen_on_its_first_evening() -> None:
    market_data = planted.market()
    column = steady(market_data)
    spoiled = change(market_data, lambda p: times(p, slice(ROW, None), column, 100.0))
    found = fresh_errors(evening(spoiled, ROW + 1), FIRST, days_of(spoiled, ROW))
    assert found == {market_data.bars.symbols[column]: ("unit",)}


def test_a_clean_evening_bars_nobody_and_a_warning_bars_nobody() -> None:
    market_data = planted.market()
    for row in range(120, 180, 7):
        assert fresh_errors(evening(market_data, row + 1), FIRST, days_of(market_data, row)) == {}
    column = steady(market_data)
    fallen = change(market_data, lambda p: times(p, slice(ROW, None), column, 0.5, volume=20.0))
    assert fresh_errors(evening(fallen, ROW + 1), FIRST, days_of(fallen, ROW)) == {}


def test_an_event_that_was_set_aside_bars_its_name_while_its_quarantine_lasts() -> None:
    market_data = planted.market()
    days, symbol = market_data.bars.sessions, market_data.bars.symbols[3]
    span = Span(symbol, str(days[ROW]), str(days[ROW + 2]), "split 4", FETCHED)
    for row, barred in ((ROW - 1, False), (ROW, True), (ROW + 2, True), (ROW + 3, False)):
        known = replace(evening(market_data, row + 1), quarantine=(span,))
        assert (symbol in fresh_errors(known, FIRST, days_of(market_data, row))) == barred


def test_a_session_that_nobody_traded_is_told() -> None:
    market_data = planted.market()
    row = len(market_data.bars.sessions) - 1

    def shut(panels: dict[str, np.ndarray]) -> None:
        for panel in panels.values():
            panel[row] = np.nan

    closed = change(market_data, shut)
    days = market_data.bars.sessions[-2:].tolist()
    assert barless(closed, days) == (days[1],) and barless(market_data, days) == ()
    assert barless(market_data, [*days, date(2026, 11, 27)]) == (date(2026, 11, 27),)


@pytest.mark.slow
def test_three_thousand_names_take_less_than_three_seconds() -> None:
    market_data = draw(Demo(names=3000, start="2019-01-02", end="2019-12-31"))
    known = evening(market_data, 200)
    begun = time.perf_counter()
    assert fresh_errors(known, FIRST, days_of(market_data, 199)) == {}
    assert time.perf_counter() - begun < 3
