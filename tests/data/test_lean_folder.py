"""The map file of a LEAN folder: from when to when a ticker is the company's."""

import zipfile
from datetime import date
from pathlib import Path

import pytest

from springback.data.sources.lean_folder import LeanFolder


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
    assert source.listing(date(2009, 1, 1), date(2014, 12, 31)) == ()


def test_each_ticker_counts_from_the_day_after_the_one_before_it(tmp_path: Path) -> None:
    days = ["20150102", "20150105", "20150106", "20150107", "20150108", "20150109"]
    source = folder_of(tmp_path, {"new": "20150105,old\n20150106,old\n20150108,new\n"}, {"old": days, "new": days})
    found = next(source.histories(["NEW"], date(2009, 1, 1), date(2020, 1, 1)))
    assert found.days.astype(str).tolist() == ["2015-01-05", "2015-01-06", "2015-01-07", "2015-01-08"]


def test_without_a_map_file_a_zip_is_taken_whole(tmp_path: Path) -> None:
    found = next(folder_of(tmp_path, {}, {"foo": ["20100105", "20150105"]}).histories(["FOO"], date(2009, 1, 1), date(2020, 1, 1)))
    assert found.days.astype(str).tolist() == ["2010-01-05", "2015-01-05"]
