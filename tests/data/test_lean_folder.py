"""The map file of a LEAN folder: from when to when a ticker is the company's."""

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from springback.data.sessions import exchange_days
from springback.data.sources import Event, History
from springback.data.sources.assemble import VixAndRates, _to_its_end, assemble
from springback.data.sources.lean_folder import LeanFolder
from springback.market.market_data import DELISTED, TRADING, MarketData
from springback.market.origin import Origin
from springback.market.prose import Prose


def folder_of(folder: Path, maps: dict[str, str], bars: dict[str, list[str]]) -> LeanFolder:
    base = folder / "equity" / "usa"
    for place in ("daily", "map_files"):
        (base / place).mkdir(parents=True)
    for name, text in maps.items():
        (base / "map_files" / f"{name}.csv").write_text(text)
    for name, days in bars.items():
        with zipfile.ZipFile(base / "daily" / f"{name}.zip", "w") as pack:
            pack.writestr(f"{name}.csv", "".join(f"{day} 00:00,100000,110000,90000,100000,5\n" for day in days))
    return LeanFolder(folder)


@pytest.mark.parametrize("text", ["20150105,foo\n20501231,foo\n", "20501231,foo\n20150105,foo\n"])
def test_bars_before_the_map_files_first_day_are_another_companys(text: str, tmp_path: Path) -> None:
    """A ticker used again: its zip still holds the bars of the company that had it in 2010."""
    source = folder_of(tmp_path, {"foo": text}, {"foo": ["20100105", "20150102", "20150105", "20150106"]})
    found = next(source.histories(["FOO"], date(2009, 1, 1), date(2020, 1, 1)))
    assert found.days.astype(str).tolist() == ["2015-01-05", "2015-01-06"]
    assert source.listing(date(2009, 1, 1), date(2014, 12, 31)).symbols == ()


def test_each_ticker_counts_from_the_day_after_the_one_before_it(tmp_path: Path) -> None:
    days = ["20150102", "20150105", "20150106", "20150107", "20150108", "20150109"]
    source = folder_of(tmp_path, {"new": "20150105,old\n20150106,old\n20150108,new\n"}, {"old": days, "new": days})
    found = next(source.histories(["NEW"], date(2009, 1, 1), date(2020, 1, 1)))
    assert found.days.astype(str).tolist() == ["2015-01-05", "2015-01-06", "2015-01-07", "2015-01-08"]


def test_without_a_map_file_a_zip_is_taken_whole(tmp_path: Path) -> None:
    found = next(folder_of(tmp_path, {}, {"foo": ["20100105", "20150105"]}).histories(["FOO"], date(2009, 1, 1), date(2020, 1, 1)))
    assert found.days.astype(str).tolist() == ["2010-01-05", "2015-01-05"]


WEEKS = [str(day).replace("-", "") for day in exchange_days(date(2021, 3, 1), date(2021, 4, 30))]
"""Forty-four sessions."""


def assembled(folder: Path, maps: dict[str, str], bars: dict[str, list[str]]) -> MarketData:
    names = sorted(name.upper() for name in bars)
    source, first, last = folder_of(folder, maps, bars), date(2021, 3, 1), date(2021, 4, 30)
    return assemble(list(source.histories(names, first, last)), VixAndRates({}, None), None, first, last, Origin(words=Prose("a folder")))


def test_a_life_ends_where_the_map_file_says_and_a_name_without_bars_until_then_is_halted(tmp_path: Path) -> None:
    """A real name had closes and no open for a year and a half before it was delisted: LEAN's folder has no bar of that time."""
    maps = {
        "gone": f"20210301,gone\n{WEEKS[30]},gone\n",  # halted after its tenth session, delisted after its thirty-first
        "halt": "20210301,halt\n20501231,halt\n",  # halted, and not delisted
        "soon": f"20210301,soon\n{WEEKS[42]},soon\n",  # delisted a session before the last one: no week of silence
        "live": "20210301,live\n20501231,live\n",
    }
    bars = {"gone": WEEKS[:10], "halt": WEEKS[:10], "soon": WEEKS[:43], "live": WEEKS, "mute": WEEKS[:10]}  # mute: no map file
    market_data = assembled(tmp_path, maps, bars)
    lasts = dict(zip(market_data.bars.symbols, market_data.last.tolist(), strict=True))
    assert lasts == {"GONE": 30, "HALT": 43, "LIVE": 43, "MUTE": 9, "SOON": 42}
    ends = dict(zip(market_data.bars.symbols, market_data.ending.tolist(), strict=True))
    assert ends == {"GONE": DELISTED, "HALT": TRADING, "LIVE": TRADING, "MUTE": DELISTED, "SOON": DELISTED}
    at = market_data.bars.symbols.index("GONE")
    assert np.isnan(market_data.bars.open[30, at]) and (market_data.bars.close[30, at], market_data.bars.volume[30, at]) == (
        10.0,
        0.0,
    )  # a mark, no bar
    assert [(one.symbol, str(one.day)) for one in market_data.delistings] == [
        ("GONE", str(market_data.bars.sessions[30])),
        ("SOON", "2021-04-29"),
    ]
    assert any("2 names have no bar up to the end of their life" in line for line in market_data.findings)


def test_the_mark_of_a_halted_name_is_on_the_scale_of_a_split_since() -> None:
    days = np.array(["2021-03-01", "2021-03-02", "2021-03-05", "2021-03-08"], "datetime64[D]")
    one = History("A", days[:1], np.full((1, 5), 10.0), (Event(np.datetime64("2021-03-03"), "split", 4.0),), until=date(2021, 3, 6))
    whole = _to_its_end(one, days)
    assert whole.days.astype(str).tolist() == ["2021-03-01", "2021-03-05"] and whole.prices[1, 3:].tolist() == [40.0, 0.0]
