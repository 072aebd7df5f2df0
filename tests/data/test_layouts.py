"""Bars as people have them: each layout beside the same market in ours. Headers and cells are those the sources write."""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from springback.data.files.layouts import symbol_of
from springback.errors import BadTable, InputError, MissingData
from springback.market.market_data import MarketData
from springback.workflow.sources import load_bars
from tests.data.samples import HEADER, assert_same

DAYS = ("2017-01-03", "2017-01-04", "2017-01-13")
VALUES = {
    "AAPL": (
        (115.8, 116.33, 114.76, 116.15, 28781900),
        (115.85, 116.51, 115.75, 116.02, 21118100),
        (119.11, 119.62, 118.81, 119.04, 26111900),
    ),
    "NVDA": ((1104.4, 1106.37, 1099.38, 1102.01, 1500), (1103.4, 1105.5, 1101.15, 1104.0, 2500), (1101.0, 1102.5, 1100.25, 1101.75, 3500)),
}


def ours(folder: Path, *symbols: str) -> MarketData:
    """The market in our own layout."""
    path = folder / "ours.csv"
    rows = [f"{day},{name},{','.join(map(repr, row))}" for name in symbols for day, row in zip(DAYS, VALUES[name], strict=True)]
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return load_bars(path)


def lines(symbol: str, row: str, days: tuple[str, ...] = DAYS) -> list[str]:
    """One line a day, `row` filled with d, o, h, l, c, v."""
    return [row.format(d=day, o=o, h=h, l=low, c=c, v=v, n=symbol) for day, (o, h, low, c, v) in zip(days, VALUES[symbol], strict=True)]


AMERICAN = ("01/03/2017", "01/04/2017", "01/13/2017")
COMPACT = ("20170103", "20170104", "20170113")
ONE: dict[str, tuple[str, str, list[str]]] = {
    "Yahoo": ("AAPL.csv", "Date,Open,High,Low,Close,Adj Close,Volume", lines("AAPL", "{d},{o},{h},{l},{c},{c},{v}")),
    "yfinance history": (
        "aapl.csv",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits",
        lines("AAPL", "{d} 00:00:00-05:00,{o},{h},{l},{c},{v},0.0,0.0"),
    ),
    "yfinance, two header rows": (
        "whatever.csv",
        "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,",
        lines("AAPL", "{d},{c},{h},{l},{o},{v}"),
    ),
    "yfinance, older": (
        "older.csv",
        ",Adj Close,Close,High,Low,Open,Volume\n,AAPL,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,,",
        lines("AAPL", "{d},{c},{c},{h},{l},{o},{v}"),
    ),
    "Stooq, archive": (
        "aapl.us.txt",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
        lines("AAPL", "AAPL.US,D,{d},000000,{o},{h},{l},{c},{v},0", COMPACT),
    ),
    "Stooq, one name": ("aapl_us_d.csv", "Date,Open,High,Low,Close,Volume", lines("AAPL", "{d},{o},{h},{l},{c},{v}")),
    "Nasdaq, newest first": (
        "AAPL.csv",
        "Date,Close/Last,Volume,Open,High,Low",
        lines("AAPL", "{d},${c},{v},${o},${h},${l}", AMERICAN)[::-1],
    ),
    "tab and stamps": ("AAPL.tsv", "Date\tOpen\tHigh\tLow\tClose\tVolume", lines("AAPL", "{d} 16:00:00\t{o}\t{h}\t{l}\t{c}\t{v}")),
    "stamps of a vendor in UTC": ("AAPL.csv", "timestamp,open,high,low,close,volume", lines("AAPL", "{d}T05:00:00Z,{o},{h},{l},{c},{v}")),
    "midnights of UTC": ("AAPL.csv", "date,close,high,low,open,volume", lines("AAPL", "{d}T00:00:00.000Z,{c},{h},{l},{o},{v}")),
    "Alpha Vantage": ("AAPL.csv", "timestamp,1. open,2. high,3. low,4. close,5. volume", lines("AAPL", "{d},{o},{h},{l},{c},{v}")),
    "windows and a mark": (
        "AAPL.csv",
        "\ufeffDate,Open,High,Low,Close,Volume\r",
        [one + "\r" for one in lines("AAPL", "{d},{o},{h},{l},{c},{v}")],
    ),
}


@pytest.mark.parametrize("name", ONE)
def test_one_name_as_its_source_writes_it(tmp_path: Path, name: str) -> None:
    title, header, rows = ONE[name]
    (tmp_path / title).write_text(header + "\n" + "\n".join(rows) + "\n", newline="")
    found = load_bars(tmp_path / title)
    assert_same(found, ours(tmp_path, "AAPL"))
    assert sum(" read as: " in line for line in found.findings) == 1 and found.findings[0].startswith(title)


def test_thousands_and_decimals_of_either_half_of_the_world(tmp_path: Path) -> None:
    with_points = lines("NVDA", '{d},NVDA,"${o:,.2f}","${h:,.2f}","${l:,.2f}","${c:,.2f}","{v:,}"')
    (tmp_path / "points.csv").write_text(HEADER + "\n".join(with_points) + "\n")
    swapped = [one.replace(",", ";").translate(str.maketrans(".", ",")) for one in lines("NVDA", "{d},NVDA,{o},{h},{l},{c},{v}")]
    grouped = [one.replace("1104,4", "1.104,4") for one in swapped]
    (tmp_path / "commas.csv").write_text(HEADER.replace(",", ";") + "\n".join(grouped) + "\n")
    for title in ("points.csv", "commas.csv"):
        assert_same(load_bars(tmp_path / title), ours(tmp_path, "NVDA"))


@pytest.mark.parametrize(
    ("cells", "must"),
    [
        (("1,234", "1,300", "1,200", "1,250", "1,000"), "a number whose comma is sure"),
        (("10,25", "11.125", "9.125", "10.125", "100"), "a number whose decimal mark is sure"),
        (("10,25", "11.5", "9.5", "10.5", "100"), "must be a number, was '10,25'"),
        (("10.25", "11.5", "9.5", "10.5", "1.23M"), "volume must be a number, was '1.23M'"),
        (("10.25", "11.5", "9.5", "10.5", "1,23,456"), "volume must be a number"),
    ],
)
def test_a_number_that_is_not_sure_is_refused(tmp_path: Path, cells: tuple[str, ...], must: str) -> None:
    (tmp_path / "in.csv").write_text(HEADER + "2017-01-03,A," + ",".join(f'"{one}"' for one in cells) + "\n")
    with pytest.raises(BadTable, match=must):
        load_bars(tmp_path / "in.csv")


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (("01/03/2017", "01/04/2017"), "no row tells whether the month or the day comes first"),
        (("01/13/2017", "13/01/2017"), "some rows have the month first and some the day"),
        (("2017-01-03", "20170104"), "line 3: date must be a date such as 2020-03-31, written as the others are, was '20170104'"),
        (("2017-01-03T05:00:00Z", "2017-01-04T00:00:00Z"), "all are midnights, or all are not"),
        (("2017-01-03 00:00:00-05:00", "2017-01-04 00:00:00"), "with a zone, as others are"),
        (("01/03/17", "01/04/17"), "line 2: date must be a date such as 2020-03-31, was '01/03/17'"),
        (("20170230", "20170301"), "line 2: date must be a date"),
    ],
)
def test_a_day_that_is_not_sure_is_refused(tmp_path: Path, days: tuple[str, ...], said: str) -> None:
    (tmp_path / "in.csv").write_text(HEADER + "".join(f"{day},A,10,11,9,10.5,100\n" for day in days))
    with pytest.raises(BadTable) as caught:
        load_bars(tmp_path / "in.csv")
    assert said in str(caught.value)


def test_months_that_only_one_reading_has(tmp_path: Path) -> None:
    for days in (
        ("03/01/2017", "13/01/2017"),
        ("01/03/2017", "01/13/2017"),
        ("Jan 3, 2017", "Jan 13, 2017"),
        ("03-Jan-2017", "13-Jan-2017"),
    ):
        (tmp_path / "in.csv").write_text(HEADER + "".join(f'"{day}",A,10,11,9,10.5,100\n' for day in days))
        assert load_bars(tmp_path / "in.csv").bars.sessions.astype(str).tolist() == ["2017-01-03", "2017-01-13"]


def test_a_moment_is_the_day_of_new_york(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(HEADER + "2017-01-04T00:30:00+01:00,A,10,11,9,10.5,100\n2017-07-06T01:00:00Z,A,10,11,9,10.5,100\n")
    assert load_bars(tmp_path / "in.csv").bars.sessions.astype(str).tolist() == ["2017-01-03", "2017-07-05"]


def folder_of(home: Path) -> Path:
    """A file a name: Yahoo's, gzipped, Parquet in a folder below, and what is no bars."""
    home.mkdir()
    (home / "nvda.us.txt").write_text("Date,Open,High,Low,Close,Volume\n" + "\n".join(lines("NVDA", "{d},{o},{h},{l},{c},{v}")) + "\n")
    frame = pd.DataFrame(VALUES["AAPL"], columns=["Open", "High", "Low", "Close", "Volume"], index=pd.DatetimeIndex(DAYS, name="Date"))
    (home / "deep").mkdir()
    frame.to_parquet(home / "deep" / "AAPL.parquet")
    (home / "EMPTY.csv").write_text("Date,Open,High,Low,Close,Volume\n")
    (home / "HistoricalData_1700000000.csv").write_text("Date,Open,High,Low,Close,Volume\n2017-01-03,1,1,1,1,1\n")
    (home / "README.md").write_text("not a table")
    (home / ".hidden.csv").write_text("x")
    return home


def test_a_folder_of_one_file_a_name(tmp_path: Path) -> None:
    found = load_bars(folder_of(tmp_path / "bars"))
    assert_same(found, ours(tmp_path, "AAPL", "NVDA"))
    assert found.findings[0].startswith("bars read as: 2 files, 2 names, 1 left out that are without rows (such as EMPTY.csv), 1 left out")
    assert "HistoricalData_1700000000.csv" in found.findings[0]


def test_a_folder_brings_what_stands_beside_its_bars(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "bars")
    (folder / "vix.csv").write_text("DATE,OPEN,HIGH,LOW,CLOSE\n01/03/2017,1,1,1,12.85\n01/04/2017,1,1,1,11.85\n01/13/2017,1,1,1,11.23\n")
    (folder / "benchmark.csv").write_text("Date,Close\n2017-01-03,225.24\n")
    found = load_bars(folder)
    assert found.vix.tolist() == [12.85, 11.85, 11.23] and found.benchmark is not None and found.benchmark[0] == 225.24
    (tmp_path / "other.csv").write_text("date,close\n2017-01-03,20\n")
    assert load_bars(folder, vix=tmp_path / "other.csv").vix[0] == 20


def test_a_name_in_two_files_of_a_folder_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "bars")
    (folder / "NVDA.csv").write_text((folder / "nvda.us.txt").read_text())
    with pytest.raises(BadTable, match=r"NVDA has bars of one day in NVDA\.csv and in nvda\.us\.txt"):
        load_bars(folder)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(MissingData, match="give it a file a name"):
        load_bars(tmp_path / "nothing")


def long_frame() -> pd.DataFrame:
    rows = [(day, name, *row) for name in VALUES for day, row in zip(DAYS, VALUES[name], strict=True)]
    return pd.DataFrame(rows, columns=["Date", "Ticker", "Open", "High", "Low", "Close", "Volume"])


def wide_frame() -> pd.DataFrame:
    """As `yfinance.download` gives it."""
    columns = pd.MultiIndex.from_product([["Close", "High", "Low", "Open", "Volume"], list(VALUES)], names=["Price", "Ticker"])
    rows = [[VALUES[name][k][at] for at in (3, 1, 2, 0, 4) for name in VALUES] for k in range(len(DAYS))]
    return pd.DataFrame(rows, columns=columns, index=pd.DatetimeIndex(DAYS, name="Date"))


FRAMES: dict[str, Any] = {
    "long": long_frame,
    "stamped": lambda: long_frame().assign(Date=lambda f: pd.to_datetime(f["Date"]).dt.tz_localize("America/New_York")),
    "indexed": lambda: long_frame().assign(Date=lambda f: pd.to_datetime(f["Date"])).set_index(["Date", "Ticker"]),
    "wide": wide_frame,
    "by ticker": lambda: wide_frame().swaplevel(axis=1).sort_index(axis=1),
    "polars": lambda: pl.from_pandas(long_frame()),
    "polars dates": lambda: pl.from_pandas(long_frame()).with_columns(pl.col("Date").str.to_date()),
    "arrow": lambda: pl.from_pandas(long_frame()).to_arrow(),
    "one a name": lambda: {name: wide_frame().xs(name, axis=1, level=1) for name in VALUES},
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_bars_too(tmp_path: Path, name: str) -> None:
    assert_same(load_bars(FRAMES[name]()), ours(tmp_path, *VALUES))


def test_what_stands_beside_may_be_frames(tmp_path: Path) -> None:
    vix = pd.Series([12.85, 11.85, 11.23], index=pd.DatetimeIndex(DAYS))
    found = load_bars(long_frame(), vix=vix, benchmark=pl.DataFrame({"date": list(DAYS), "close": [225.0, 226.0, 227.0]}))
    assert found.vix.tolist() == [12.85, 11.85, 11.23] and found.benchmark is not None and found.benchmark.tolist() == [225, 226, 227]


def test_a_bad_frame_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(
        BadTable, match=r"^the frame of bars has no columns 'symbol' and 'close': it has Date, Open, High, Low, Volume; or give"
    ):
        load_bars(long_frame().drop(columns=["Ticker", "Close"]))
    with pytest.raises(BadTable, match="the frame of bars: line 1: close of AAPL on 2017-01-03 must be above 0"):
        load_bars(long_frame().assign(Close=-1.0))
    with pytest.raises(BadTable, match="the frame of vix: line"):
        load_bars(long_frame(), vix=pd.DataFrame({"date": ["2017-01-03", "2017-01-04"], "close": [12.0, np.nan]}))
    with pytest.raises(BadTable, match="must be one of pandas"):
        load_bars(7)


def test_packed_in_any_way(tmp_path: Path) -> None:
    text = "Date,Open,High,Low,Close,Volume\n" + "\n".join(lines("AAPL", "{d},{o},{h},{l},{c},{v}")) + "\n"
    (tmp_path / "AAPL.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as made:
        made.writestr("AAPL.csv", text)
        made.writestr("__MACOSX/._AAPL.csv", b"\0")
    for title in ("AAPL.csv.gz", "download.zip"):
        assert_same(load_bars(tmp_path / title), ours(tmp_path, "AAPL"))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as made:
        made.writestr("AAPL.csv", text)
        made.writestr("MSFT.csv", text)
    with pytest.raises(BadTable, match="holds 2 files, a zip of one table is expected: unpack it into a folder"):
        load_bars(tmp_path / "two.zip")


@pytest.mark.parametrize("title", ["bars.xlsx", "bars.ods", "bars.csv"])
def test_a_workbook_is_refused_with_the_way_out(tmp_path: Path, title: str) -> None:
    with zipfile.ZipFile(tmp_path / title, "w") as made:
        made.writestr("[Content_Types].xml", b"<x/>")
        made.writestr("xl/workbook.xml", b"<x/>")
    with pytest.raises(BadTable, match=r"is a workbook of a spreadsheet: save the sheet as CSV \(UTF-8\) or Parquet"):
        load_bars(tmp_path / title)


def test_rows_of_nothing_are_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_text(
        "Date,Open,High,Low,Close,Adj Close,Volume\n2017-01-03,1,2,1,1.5,1.5,9\n2017-01-04,null,null,null,null,null,null\n"
    )
    market_data = load_bars(tmp_path / "AAPL.csv")
    assert market_data.bars.shape == (1, 1) and "1 row has no close and is no row (such as AAPL on 2017-01-04)" in market_data.findings


def test_files_that_are_not_there_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"bars\.csv and .*vix\.csv do not exist"):
        load_bars(tmp_path / "bars.csv", vix=tmp_path / "vix.csv")
    with pytest.raises(InputError, match=r"absent\.csv does not exist"):
        load_bars(long_frame(), benchmark=tmp_path / "absent.csv")


def test_what_a_file_is_called_is_a_symbol_or_not() -> None:
    found = {
        title: symbol_of(title) for title in ("AAPL.csv", "brk-b.us.txt", "BF.B.csv.gz", "RAD_2022.parquet", "7203.T.csv", "aapl_us_d.csv")
    }
    assert list(found.values()) == ["AAPL", "BRK-B", "BF.B", "RAD_2022", "7203.T", "AAPL"]
    assert not any(map(symbol_of, ("bars.csv", "data.csv", "HistoricalData_1700000000.csv", "^VIX.csv", "my file.csv", "prices.parquet")))
