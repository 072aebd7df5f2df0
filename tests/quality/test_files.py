"""Files as they lie there: what no market data can hold any more, and what the door refuses, is found row by row."""

from pathlib import Path

import pytest

from springback.errors import BadTable
from springback.quality import raw
from springback.quality.quality_finding import QualityFinding

HEADER = "date,symbol,open,high,low,close,volume\n"
GOOD = ["2020-01-02,A,10,11,9,10,100", "2020-01-03,A,10,11,9,10.5,100", "2020-01-02,B,20,21,19,20,7", "2020-01-03,B,20,21,19,20,50"]


def examined(folder: Path, *rows: str) -> dict[str, QualityFinding]:
    path = folder / "bars.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in (*GOOD, *rows)))
    return {one.check: one for one in raw.examine(raw.read_files(path))}


def test_nothing_is_said_of_good_rows_but_what_they_are(tmp_path: Path) -> None:
    found = examined(tmp_path)
    assert list(found) == ["file"]
    assert found["file"].sentence.startswith(
        "4 rows of 2 names as printed: 0 without volume, 0 closes under 1, 0 close-only, 0 moves above 0.5"
    )


@pytest.mark.parametrize(
    ("row", "check", "where"),
    [
        ("2020-01-03,A,10,11,9,10.5,100", "file_duplicate", ("2020-01-03", "A")),
        ("2020-01-03T00:00:00,A,10,11,9,10.5,100", "file_duplicate", ("2020-01-03T00:00:00", "A")),
        ("2020-01-06T05:00:00Z,A,10,11,9,10,1", "file_time_zone", ("2020-01-06T05:00:00Z", "A")),
        ("2020-01-06 21:00:00-05:00,A,10,11,9,10,1", "file_time_zone", ("2020-01-06 21:00:00-05:00", "A")),
        ("01/06/2020,A,10,11,9,10,1", "file_date", ("01/06/2020", "A")),
        ("2020-01-06,A,10,9,11,10,1", "file_high_low", ("2020-01-06", "A")),
        ("2020-01-06,A,10,11,9,12,1", "file_outside", ("2020-01-06", "A")),
        ("2020-01-06,A,10,11,9,-10,1", "file_value", ("2020-01-06", "A")),
        ("2020-01-06,A,10,11,9,ten,1", "file_value", ("2020-01-06", "A")),
        ("2020-01-06,A,10,11,9,10,", "file_value", ("2020-01-06", "A")),
    ],
)
def test_a_bad_row_is_found(tmp_path: Path, row: str, check: str, where: tuple[str, str]) -> None:
    found = examined(tmp_path, row)
    assert found[check].count == 1
    assert found[check].rows == (where,)
    assert found[check].severity == ("warning" if check == "file_outside" else "error")


def test_a_close_only_row_is_counted_and_is_no_error(tmp_path: Path) -> None:
    found = examined(tmp_path, "2020-01-06,A,,,,4.5,0")
    assert list(found) == ["file"]
    assert "1 without volume, 0 closes under 1, 1 close-only, 1 moves above 0.5 in logarithm, 0 above 1" in found["file"].sentence


def test_a_file_without_the_columns_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text("date,symbol,close\n2020-01-02,A,10\n")
    with pytest.raises(BadTable, match="has no columns 'open', 'high', 'low' and 'volume'"):
        raw.read_files(path)


def test_what_the_door_understands_is_no_finding(tmp_path: Path) -> None:
    """Nasdaq's file, and a folder with a file a name: dates, dollars and thousands as the sources write them."""
    rows = ['01/03/2017,"$1,115.80","28,781,900",$1115.00,$1116.33,$1114.76', "01/13/2017,$1119.04,26111900,$1119.11,$1119.62,$1118.81"]
    (tmp_path / "AAPL.csv").write_text("Date,Close/Last,Volume,Open,High,Low\n" + "\n".join(rows) + "\n")
    (tmp_path / "msft.us.txt").write_text("Date,Open,High,Low,Close,Volume\n2017-01-03,10,11,9,10,5\n2017-01-13,10,11,9,10,5\n")
    (tmp_path / "vix.csv").write_text("date,close\n2017-01-03,12\n")
    for path, names in ((tmp_path / "AAPL.csv", 1), (tmp_path, 2)):
        found = {one.check: one for one in raw.examine(raw.read_files(path))}
        assert list(found) == ["file"] and f"of {names} name" in found["file"].sentence
