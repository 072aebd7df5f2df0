"""Malice by hand: archives that swell, names that climb out of their folder, cells that a spreadsheet would run."""

import gzip
import time
import zipfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from springback.analytics.run_folder import table_text
from springback.data.files import csv_file, packed
from springback.data.files.packed import unzip
from springback.data.files.reading import write_table
from springback.data.sources.downloads import Downloads
from springback.data.sources.lean_folder import LeanFolder
from springback.errors import BadTable, OddName
from springback.market.symbols import check_symbols, harmless
from tests.data.samples import HEADER, SHARED

CLIMBING = ("../../x", "a/b", "..", "A\x00B", "A" * 300, "", "/etc/passwd", "..\\x", "=1+1", "+A", "-A", "@A", "\tA", "A B", ".A")
SPAN = date(2020, 1, 1), date(2020, 12, 31)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a test can reach: 1 MB."""
    monkeypatch.setattr(packed, "SMALL", 1 << 20)


def test_a_gzip_bomb_ends_soon_in_one_line(tmp_path: Path, small: None) -> None:
    path = tmp_path / "bomb.csv.gz"
    row = b"2020-01-02,A,10,11,9,10,100\n"
    path.write_bytes(gzip.compress(HEADER.encode() + row * 4_000_000))
    started = time.process_time()
    with pytest.raises(BadTable, match=r"bomb\.csv\.gz holds more than [0-9,]+ bytes when unpacked"):
        csv_file.read(path)
    assert time.process_time() - started < 5


def test_a_zip_bomb_ends_in_one_line(tmp_path: Path, small: None) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.csv", b"0" * 50_000_000)
    with pytest.raises(BadTable, match="holds more than"):
        unzip(path)


def test_a_parquet_bomb_is_refused_by_its_row_count(tmp_path: Path, small: None) -> None:
    path, rows = tmp_path / "bomb.parquet", 500_000
    same = {"date": pa.array(np.full(rows, "2020-01-02", "datetime64[D]")), "symbol": pa.array(["A"] * rows)}
    numbers = {name: pa.array(np.ones(rows)) for name in ("open", "high", "low", "close", "volume")}
    pa.parquet.write_table(pa.table(same | numbers), path)
    with pytest.raises(BadTable, match="holds more than"):
        csv_file.read(path)


def test_a_few_odd_dates_and_names_do_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "thin.csv"
    days = [np.datetime64("1950-01-01") + k for k in range(9000)]
    path.write_text(HEADER + "".join(f"{day},S{k},10,11,9,10,100\n" for k, day in enumerate(days)))
    with pytest.raises(BadTable, match="no daily bars of a market"):
        csv_file.read(path)


@pytest.mark.parametrize("names", [["../../x.csv", "b.csv"], []])
def test_a_zip_must_hold_one_file(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, b"x")
    with pytest.raises(BadTable, match="one CSV is expected"):
        unzip(path)


@pytest.mark.parametrize("symbol", CLIMBING)
def test_what_is_no_symbol_is_refused_at_every_door(tmp_path: Path, symbol: str) -> None:
    (tmp_path / "equity" / "usa" / "daily").mkdir(parents=True)
    with pytest.raises(BadTable, match="symbol"):
        next(LeanFolder(tmp_path).histories([symbol], *SPAN))
    with pytest.raises(BadTable, match="symbol"):
        Downloads(tmp_path / "kept", "yahoo", timedelta(1)).known(symbol, *SPAN, pd.Timestamp("2024-01-01", tz="UTC").to_pydatetime())
    frame = pd.DataFrame({"date": ["2020-01-02"], "symbol": [symbol], "open": 10.0, "high": 11.0, "low": 9.0, "close": 10.0, "volume": 1.0})
    path = tmp_path / "bars.parquet"
    pa.parquet.write_table(pa.Table.from_pandas(frame.assign(date=np.array(["2020-01-02"], "datetime64[D]"))), path)
    with pytest.raises(BadTable) as said:
        csv_file.read(path)
    assert str(said.value).isprintable()


def test_a_map_file_leads_nowhere_else(tmp_path: Path) -> None:
    base = tmp_path / "equity" / "usa"
    for name in ("daily", "map_files"):
        (base / name).mkdir(parents=True)
    (base / "map_files" / "aaa.csv").write_text("20200102,../../x,Q\n20501231,../../x,Q\n")
    with pytest.raises(OddName, match=r"aaa\.csv: '\.\./\.\./x' is no symbol"):
        next(LeanFolder(tmp_path).histories(["AAA"], *SPAN))


def test_real_symbols_are_symbols() -> None:
    check_symbols(("A", "BRK.B", "BF-A", "RAD_2022", "COR_2021_2", "7203.T", "TRUE", "NA", "BACpL", "TAP^A", "GC=F"), "here")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")
def test_the_symbols_of_the_real_folder_are_symbols() -> None:
    for name in ("securities", "membership", "splits"):
        check_symbols(pd.read_csv(SHARED / "data" / f"{name}.csv", dtype=str, keep_default_na=False)["symbol"], name)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_csv_of_ours_holds_a_formula(tmp_path: Path, cell: str) -> None:
    frame = pd.DataFrame({"symbol": ["A"], "reason": [cell], "price": [2.5]})
    write_table(tmp_path / "out.csv", frame)
    for text in (table_text(frame, ("symbol",)), (tmp_path / "out.csv").read_bytes().decode()):
        assert harmless(cell) in text and f",{cell}" not in text and "2.5" in text
