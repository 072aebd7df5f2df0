"""The gate on the real bundle finds what its README confesses. Two windows, so that it stays light; docs/data.md has the whole."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bundle import FACTS
from springback.data.files import csv_folder
from springback.market.actions import SPLIT, Actions
from springback.market.market_data import MarketData
from springback.quality import gate
from springback.quality.quality_finding import QualityFinding
from springback.quality.quality_settings import Quality
from tests.data.samples import SHARED

BUNDLE = SHARED / "data"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BUNDLE / "prices").is_dir(), reason="the bundle of real prices is not here: ../shared/data"),
]


def examined(start: str, end: str) -> tuple[MarketData, dict[str, QualityFinding]]:
    market_data = csv_folder.read(Path(BUNDLE), start, end, FACTS)
    return market_data, {one.check: one for one in gate.examine(market_data, Quality())}


@pytest.fixture(scope="module")
def summer() -> tuple[MarketData, dict[str, QualityFinding]]:
    return examined("2018-05-01", "2018-10-31")


@pytest.fixture(scope="module")
def winter() -> tuple[MarketData, dict[str, QualityFinding]]:
    return examined("2020-11-02", "2021-03-31")


@pytest.fixture(scope="module")
def spring() -> tuple[MarketData, dict[str, QualityFinding]]:
    return examined("2023-01-03", "2023-06-30")


def said(market_data: MarketData, one: QualityFinding, symbol: str) -> list[str]:
    """The sessions of `symbol` that `one` accuses."""
    return [str(market_data.bars.sessions[row]) for row, column in one.places if market_data.bars.symbols[column] == symbol]


@pytest.mark.parametrize(
    ("start", "end", "known"),
    [
        ("2020-07-01", "2020-10-30", {"AAPL": "2020-08-31"}),
        ("2022-05-02", "2022-09-30", {"AMZN": "2022-06-06", "GOOG": "2022-07-18", "GOOGL": "2022-07-18", "TSLA": "2022-08-25"}),
    ],
)
def test_splits_whose_records_are_taken_away_are_found(start: str, end: str, known: dict[str, str]) -> None:
    """Most of those of 5:4 and more; benchmarks/splits.py counts them over all years."""
    market_data = csv_folder.read(Path(BUNDLE), start, end, FACTS)
    kept = market_data.actions.kind != SPLIT
    actions = Actions(*(getattr(market_data.actions, name)[kept] for name in ("row", "name", "kind", "value")))
    told = {one.check: one for one in gate.examine(replace(market_data, actions=actions), Quality())}
    places = [tuple(one) for check in ("split_without_record", "split_or_move") for one in told[check].places]
    named = {(str(market_data.bars.sessions[row]), market_data.bars.symbols[column]) for row, column in places}
    assert {(day, symbol) for symbol, day in known.items()} <= named
    a = market_data.actions
    there = {(int(r), int(c)) for r, c, value in zip(a.row[~kept], a.name[~kept], a.value[~kept], strict=True) if abs(np.log(value)) > 0.2}
    seen = {(r, c) for r, c in there if r > 5 and not np.isnan(market_data.bars.close[r - 1 : r + 1, c]).any()}
    assert len(seen) >= 5
    assert len(seen & set(places)) >= 0.85 * len(seen)


def test_series_that_a_snapshot_cut_short(summer: tuple[MarketData, dict[str, QualityFinding]]) -> None:
    """Known defect 1: 218 series stop at 2018-07-18, not at a delisting; APC is one of them."""
    market_data, found = summer
    assert "218 on 2018-07-18" in found["snapshot"].sentence
    assert said(market_data, found["snapshot"], "APC") == ["2018-07-18"]
    assert said(market_data, found["ends_without_reason"], "APC") == ["2018-07-18"]


def test_the_days_of_december_2020_that_many_names_lack(winter: tuple[MarketData, dict[str, QualityFinding]]) -> None:
    """Known defect 2: 2020-12-14 to 2020-12-31."""
    market_data, found = winter
    rows = found["gap_together"].places[:, 0]
    days = [str(day) for day in market_data.bars.sessions[np.unique(rows)]]
    inside = market_data.bars.sessions[
        (market_data.bars.sessions >= np.datetime64("2020-12-14")) & (market_data.bars.sessions <= np.datetime64("2020-12-31"))
    ]
    assert [day for day in days if "2020-12-14" <= day <= "2020-12-31"] == [str(day) for day in inside]
    assert found["gap_together"].names > 150


def test_rows_with_a_close_only(winter: tuple[MarketData, dict[str, QualityFinding]]) -> None:
    """Known defect 2: source R begins on 2021-01-29."""
    market_data, found = winter
    assert found["close_only"].severity == "warning"
    assert str(market_data.bars.sessions[found["close_only"].places[:, 0].min()]) == "2021-01-29"


def test_banks_that_stand_still_after_their_halt(spring: tuple[MarketData, dict[str, QualityFinding]]) -> None:
    """Known defect 3: SIVB, SBNY and FRC have stale rows after 2023-03-10 and 2023-05-01."""
    market_data, found = spring
    dead = found["dead_end"]
    assert said(market_data, dead, "SIVB") == ["2023-03-10", "2023-03-13"]
    assert said(market_data, dead, "SBNY") == ["2023-03-13", "2023-03-14", "2023-03-24", "2023-03-27"]
    assert said(market_data, dead, "FRC")[-1] == "2023-05-02"


def test_members_that_have_ended(spring: tuple[MarketData, dict[str, QualityFinding]]) -> None:
    """Known defects 4 and 5: the lists keep who was taken over. SIVB is a member to the end of the June list of 2022."""
    market_data, found = spring
    ended = found["members_ended"]
    assert market_data.members is not None
    assert ended.severity == "warning"
    assert said(market_data, ended, "SIVB")[0] == "2023-03-14"
    assert ended.count + found["members_no_bar"].count == int((market_data.members & np.isnan(market_data.bars.close)).sum())


def test_one_firm_under_two_symbols() -> None:
    """Known defect 9, and BRK.B beside BRK-B, which the README does not name."""
    market_data, found = examined("2021-05-03", "2021-12-31")
    pairs = [(symbol, said(market_data, found["two_symbols"], symbol)) for symbol in ("SVMK", "FEYE", "PVAC")]
    assert pairs == [("SVMK", ["2021-06-14"]), ("FEYE", ["2021-10-04"]), ("PVAC", ["2021-10-15"])]


def test_sanity_of_the_bundle(spring: tuple[MarketData, dict[str, QualityFinding]]) -> None:
    """No high under low, no session off the calendar or absent, VIX on each; zero volume, cents and large moves are told."""
    _, found = spring
    assert {"ohlc", "missing_session", "closed_day", "time_zone", "vix", "benchmark"}.isdisjoint(found)
    assert {"no_volume", "under_a_dollar", "jump"} <= set(found)
