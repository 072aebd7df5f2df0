"""Findings: each oddity told once, with a count and an example; the market data itself is left as it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from springback.data.demo.demo import Demo, draw
from springback.data.files import csv_file
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.market_data import MarketData, last_rows
from springback.quality.moves import jumps
from springback.quality.quality_settings import Quality
from springback.quality.remarks import examine, remarked
from tests.backtest.worlds import flat_tape
from tests.data.samples import TAPES, assert_same, write_bars


def test_a_clean_tape_is_unchanged_and_cleaning_twice_says_it_once() -> None:
    market_data = csv_file.read(TAPES / "halt.csv")
    once = remarked(market_data)
    again = remarked(once)
    assert_same(once, market_data)
    assert once.findings == again.findings
    assert len(once.findings) == len(set(once.findings)) > 0


def test_stale_closes_no_volume_and_odd_ranges(tmp_path: Path) -> None:
    days = [f"2020-01-{day:02d}" for day in (2, 3, 6, 7, 8, 9, 10, 13, 14, 15, 16)]
    rows = [*(f"{day},A,12,11,9,10,0" for day in days), f"{days[0]},B,10,11,9,10,5"]
    findings = remarked(csv_file.read(write_bars(tmp_path, *rows))).findings
    assert "1 bars end a run of 10 equal closes, in 1 names (such as A on 2020-01-15)" in findings
    assert "11 rows have no volume: marks, no order fills on them, in 1 names (such as A on 2020-01-02)" in findings
    assert "11 bars have an open or close outside high-low, in 1 names (such as A on 2020-01-02)" in findings
    assert "11 sessions have no VIX close (such as 2020-01-02)" in findings
    assert not any("New York calendar" in line for line in findings)


def test_a_fall_that_a_dividend_on_record_pays_is_no_jump() -> None:
    """6 dollars of 10: without the record, or with one of a tenth of it, the fall is told."""
    closes = [10.0] * 12 + [4.0] * 12
    market_data = flat_tape({"PAYS": closes})

    def paying(*amounts: float) -> MarketData:
        events = len(amounts)
        rows, names = np.full(events, 12), np.zeros(events, np.int64)
        return replace(market_data, actions=Actions(rows, names, np.full(events, DIVIDEND), np.array(amounts)))

    for told, paid in ((1, ()), (1, (0.6,)), (0, (6.0,)), (0, (3.5, 2.5))):
        found = paying(*paid)
        assert sum("closes moved more than 50%" in line for line in examine(found)) == told, paid
        assert sum(one.count for one in jumps(found, Quality())) == told, paid


def test_a_dividend_before_a_split_of_its_day_is_in_old_shares() -> None:
    market_data = flat_tape({"BOTH": [10.0] * 12 + [2.0] * 12})
    actions = Actions(np.array([12, 12]), np.zeros(2, np.int64), np.array([DIVIDEND, SPLIT]), np.array([6.0, 2.0]))
    found = replace(market_data, actions=actions)
    assert any("closes moved" in line for line in examine(found)) and jumps(found, Quality()) != ()
    halved = replace(found, actions=replace(actions, value=np.array([6.0, 0.5])))
    assert not any("closes moved" in line for line in examine(halved)) and jumps(halved, Quality()) == ()


def test_a_session_off_the_calendar_is_told(tmp_path: Path) -> None:
    rows = [f"2020-07-{day:02d},A,10,11,9,10,5" for day in (2, 3, 7)]
    findings = remarked(csv_file.read(write_bars(tmp_path, *rows))).findings
    assert "1 row is of a day on which the exchange was closed and left out (such as A on 2020-07-03)" in findings
    assert any("sessions are not on the New York calendar and 1 of it" in line and "2020-07-06 is absent" in line for line in findings)


def test_a_short_history_is_told() -> None:
    findings = remarked(csv_file.read(TAPES / "halt.csv")).findings
    assert "2 names have fewer than 21 bars, too few for the features: they are never ranked (such as HALT has 2)" in findings


def test_nothing_is_said_of_a_spotless_tape() -> None:
    market_data = draw(Demo(names=12, start="2019-01-02", end="2019-12-31", shocks=0, seed=3))
    split = set(market_data.actions.name[market_data.actions.kind == SPLIT])
    kept = [name for k, name in enumerate(market_data.bars.symbols) if k not in split and not np.isnan(market_data.bars.close[:, k]).any()]
    bars = market_data.bars.of(kept)
    n = len(kept)
    calm = replace(
        market_data,
        bars=bars,
        actions=Actions.none(),
        last=last_rows(bars.close),
        ending=np.zeros(n, dtype=np.int8),
        members=None,
        sectors=None,
    )
    assert examine(calm) == ()
