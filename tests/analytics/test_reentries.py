"""The same faller bought again and again is counted."""

import numpy as np
import pandas as pd
import pytest

from springback.analytics.summary import summarise
from springback.analytics.trades import re_entries
from springback.backtest.result import daily_frame, trades_frame
from springback.strategy.knobs import Strategy
from tests.analytics.materials import account, empty_account, report_data
from tests.backtest.test_backtest_cases import LONG_SIGNAL, run
from tests.backtest.worlds import flat_tape, signals

DAYS = pd.Series(pd.DatetimeIndex(["2020-11-23", "2020-11-24", "2020-11-25", "2020-11-27", "2020-11-30", "2020-12-01", "2020-12-02"]))


def test_re_entries_by_hand() -> None:
    """A is left on Wednesday and bought on Friday, over Thanksgiving 1 session later; B on the other side is none; C comes back 5 later."""
    rows = [
        ("A", "long", "2020-11-23", "2020-11-25"),
        ("A", "long", "2020-11-27", "2020-11-30"),
        ("A", "long", "2020-12-01", "2020-12-02"),
        ("B", "long", "2020-11-23", "2020-11-24"),
        ("B", "short", "2020-11-25", "2020-11-27"),
        ("C", "short", "2020-11-23", "2020-11-24"),
        ("C", "short", "2020-12-02", "2020-12-02"),
    ]
    trades = pd.DataFrame(rows, columns=["symbol", "side", "entry_date", "exit_date"])
    assert re_entries(trades, DAYS) == 3 and re_entries(trades, DAYS, within=4) == 2 and re_entries(trades, DAYS, within=0) == 0
    assert re_entries(trades.sample(frac=1.0, random_state=1), DAYS) == 3
    assert re_entries(trades.iloc[:0], DAYS) == re_entries(empty_account().trades, DAYS) == 0


@pytest.mark.parametrize(("cool_down", "entries", "again"), [(0, 3, 2), (6, 1, 0)])
def test_a_cool_down_ends_them(cool_down: int, entries: int, again: int) -> None:
    """A name that falls by 10 % every other session and fires on each: bought in rows 2, 5 and 9, stopped, sold in 4, 8 and 12."""
    closes = [100.0, 100.0]
    for _ in range(6):
        closes += [closes[-1], closes[-1] * 0.9]
    market_data = flat_tape({"AAA": closes, "BBB": [10.0] * len(closes)})
    fired = signals(market_data, {(row, "AAA"): LONG_SIGNAL for row in range(1, len(closes))})
    result = run(market_data, fired, Strategy(cool_down=cool_down))
    trades = trades_frame(result)
    assert (len(trades), re_entries(trades, daily_frame(result)["date"])) == (entries, again)


def test_the_summary_says_how_many() -> None:
    found = summarise(report_data()).figures["realistic"]["re_entries"]
    one = account()
    assert found.value == re_entries(one.trades, one.daily["date"]) and "6 sessions" in found.definition
    assert np.isfinite(found.number())
