"""Files of the edge: written whole or not at all, refused with one line."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.data.files.reading import Columns, atomic, read_table, write_table
from springback.errors import BadTable, InputError, MissingData, Unwritable

COLUMNS = Columns(("date",), ("symbol",), ("close",))


def test_a_file_appears_only_when_the_block_ends_well(tmp_path: Path) -> None:
    target = tmp_path / "new" / "out.csv"
    with atomic(target) as part:
        part.write_text("whole")
        assert not target.exists()
        assert part.suffix == ".csv"
    assert target.read_text() == "whole"
    assert [path.name for path in target.parent.iterdir()] == ["out.csv"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")

    def fail() -> None:
        with atomic(target) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_folder_that_cannot_be_is_unwritable(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    with pytest.raises(Unwritable, match="cannot be written"), atomic(blocker / "out.csv"):
        pass


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_what_is_written_is_read_back_to_the_last_bit(tmp_path: Path, name: str) -> None:
    values = np.array([0.1 + 0.2, 1e-300, np.nan, 123456789.123])
    symbols = ["NA", "TRUE", "null", "BRK.B"]
    frame = pd.DataFrame({"date": ["2020-01-02"] * 4, "symbol": symbols, "close": values})
    if name.endswith("parquet"):
        frame["date"] = pd.to_datetime(frame["date"])
    write_table(tmp_path / name, frame)
    back = read_table(tmp_path / name, COLUMNS)
    assert list(back["symbol"].astype(str)) == symbols
    assert np.array_equal(back["close"].to_numpy(), values, equal_nan=True)
    assert str(back["date"].iloc[0])[:10] == "2020-01-02"


def test_pandas_reads_the_same_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": ["2020-01-02", "2020-01-03"], "symbol": ["A", "B"], "close": [0.1 + 0.2, np.nan]})
    for name in ("t.csv", "t.csv.gz"):
        write_table(tmp_path / name, frame)
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name, float_precision="round_trip"), frame, check_exact=True)


def test_gzip_is_told_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "packed.csv"
    path.write_bytes(gzip.compress(b"date,symbol,close\n2020-01-02,A,1\n"))
    assert len(read_table(path, COLUMNS)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("date,symbol,close\n", "no rows"),
        ("date,symbol,clsoe\n2020-01-02,A,1\n", "no column 'close': did you mean 'clsoe'"),
        ("date,symbol\n2020-01-02,A\n", "no column 'close': it has date, symbol"),
        ("date,symbol,close,close\n2020-01-02,A,1,1\n", "'close' twice"),
        ("date,symbol,close\n2020-01-02,A,1\n2020-13-02,A,1\n", "line 3: date must be a date such as 2020-03-31, was '2020-13-02'"),
        ("date,symbol,close\n2020-01-02,A,1\n01/03/2020,A,1\n", "line 3: date must be a date"),
        ("date,symbol,close\n2020-1-2,A,1\n", "line 2: date must be a date such as 2020-03-31, was '2020-1-2'"),
        ("when,who,what\n2020-01-02,A,1\n", "no columns 'date', 'symbol' and 'close': it has when, who, what"),
        ("date,symbol,close\n2020-01-02,A,one\n", "line 2: close must be a number, was 'one'"),
        ("date,symbol,close\n,A,1\n", "line 2: date is empty"),
        ("date,symbol,close\n2020-01-02,,1\n", "line 2: symbol is empty"),
        ("date,symbol,close\n2020-01-02,A\n", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(BadTable) as caught:
        read_table(path, COLUMNS)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_bytes_are_refused_with_one_line(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = "".join(f"2020-01-02,A{k},{rng.random()}\n" for k in range(5000))
    whole = gzip.compress(("date,symbol,close\n" + rows).encode())
    for content in (whole[: len(whole) // 2], whole[:40], b"date,symbol,close\n2020-01-02,\xff\xfe,1\n", b"\x00\x01\x02\n\x03"):
        path = tmp_path / "bad.csv.gz"
        path.write_bytes(content)
        with pytest.raises(BadTable) as caught:
            read_table(path, COLUMNS)
        assert "\n" not in str(caught.value)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(BadTable, match="cannot be read"):
        read_table(tmp_path / "bad.parquet", COLUMNS)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="does not exist"):
        read_table(tmp_path / "none.csv", COLUMNS)
    with pytest.raises(MissingData, match="is not a file"):
        read_table(tmp_path, COLUMNS)


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="suffix must be"):
        write_table(tmp_path / "out.xlsx", pd.DataFrame({"a": [1]}))
