"""One plain CSV file: the small ugly markets, the golden folders, and all that is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.data.files import csv_file
from springback.errors import BadTable
from springback.market.actions import DIVIDEND, SPLIT
from springback.market.market_data import DELISTED, TRADING
from springback.quality.remarks import remarked
from tests.data.samples import GOOD, HEADER, SHARED, TAPES, assert_same, write_bars

GOLDEN = SHARED / "lean-golden"


def test_a_split_and_a_dividend_stand_at_the_session_before_whose_open_they_act() -> None:
    market_data = csv_file.read(TAPES / "split.csv", events=TAPES / "split_events.csv")
    assert list(market_data.actions.row) == [2, 2]
    assert list(market_data.actions.kind) == [SPLIT, DIVIDEND]
    assert list(market_data.actions.value) == [0.25, 0.5]
    outside = "1 split or dividend is of a name or day without bars and passed over (such as GONE on 2020-08-31: dividend 1)"
    assert outside in market_data.findings
    assert not any("moved more than" in line for line in market_data.findings)


def test_a_jump_without_a_split_is_a_finding() -> None:
    findings = remarked(csv_file.read(TAPES / "split.csv")).findings
    said = "1 closes moved more than 50% in a session with no split or dividend on record, in 1 names"
    assert f"{said} (such as FOUR on 2020-08-31)" in findings


def test_a_halt_is_a_hole_and_odd_names_stay_names() -> None:
    market_data = remarked(csv_file.read(TAPES / "halt.csv"))
    assert market_data.bars.symbols == ("HALT", "NA")
    assert list(np.isnan(market_data.bars.close[:, 0])) == [False, True, True, False]
    assert list(market_data.ending) == [TRADING, TRADING]
    assert any(line.startswith("2 sessions without a bar inside a name's life") for line in market_data.findings)


def test_a_name_that_stops_early_is_delisted() -> None:
    market_data = csv_file.read(TAPES / "delisting.csv")
    assert market_data.bars.symbols == ("SIVB", "TRUE")
    assert list(market_data.ending) == [DELISTED, TRADING]
    assert list(market_data.last) == [2, 3]
    assert market_data.bars.close[2, 0] == 106.04


def test_a_close_only_row_marks_and_is_a_finding() -> None:
    market_data = remarked(csv_file.read(TAPES / "gap.csv"))
    assert np.isnan(market_data.bars.open[1, 0]) and market_data.bars.close[1, 0] == 325
    assert any(line.startswith("1 bars have a close and no open, high, low") for line in market_data.findings)
    assert any("fewer than 21 bars" in line for line in market_data.findings)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("2020-01-02,A,10,11,9,-1,1",), "line 2: close of A on 2020-01-02 must be above 0 and finite, was -1"),
        (("2020-01-02,A,-1,11,9,10,1",), "open of A on 2020-01-02 must be above 0 and finite, was -1"),
        (("2020-01-02,A,10,inf,9,10,1",), "high of A on 2020-01-02 must be above 0 and finite, was inf"),
        (("2020-01-02,A,10,8,9,10,1",), "high of A on 2020-01-02 must not be below its low 9, was 8"),
        (("2020-01-02,A,10,11,9,0.00004,1",), "close of A on 2020-01-02 must be at least 0.000100, the finest step, was 4e-05"),
        (("2020-01-02,A,10,11,9,,1",), "no row is left: 1 row has no close and is no row (such as A on 2020-01-02)"),
        (("2020-01-02,A,10,11,9,NaN,1",), "1 row has no close and is no row"),
        (("2020-01-02,A,nan,11,9,10,1",), "no row has an open, a high and a low: no order can be filled"),
        (("2020-01-02,A,0,11,9,10,1",), "no row has an open, a high and a low"),
        (("2020-01-02,A,10,11,9,10,",), "no row has a volume above 0 beside an open, a high and a low"),
        (("2020-01-02,A,10,11,9,10,-5",), "volume of A on 2020-01-02 must be a number, 0 or more, was -5"),
        (("9999-01-02,A,10,11,9,10,1",), "no row is left: 1 row is of a day to come and left out (such as A on 9999-01-02)"),
        (("2020-01-01,A,10,11,9,10,1",), "1 row is of a day on which the exchange was closed and left out (such as A on 2020-01-01)"),
        (("2020-01-02,A,ten,11,9,10,1",), "line 2: open must be a number, was 'ten'"),
    ],
)
def test_a_file_of_which_nothing_counts_is_refused_with_one_line(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadTable) as caught:
        csv_file.read(write_bars(tmp_path, *rows))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_by_symbol_and_by_date_are_both_sorted(tmp_path: Path) -> None:
    by_date = sorted(GOOD)
    assert_same(csv_file.read(write_bars(tmp_path)), csv_file.read(write_bars(tmp_path, *by_date, name="other.csv")))


@given(st.permutations(GOOD))
def test_the_order_of_the_rows_changes_nothing(rows: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        good = write_bars(Path(folder))
        assert_same(csv_file.read(good), csv_file.read(write_bars(Path(folder), *rows, name="mixed.csv")))


def test_the_files_beside_the_bars(tmp_path: Path) -> None:
    bars = write_bars(tmp_path)
    (tmp_path / "vix.csv").write_text("date,close\n2020-01-01,13.5\n2020-01-02,14.5\n")
    (tmp_path / "members.csv").write_text("symbol,start,end\nA,2019-01-01,2020-01-03\nB,2020-01-03,\nZ,2019-01-01,\n")
    (tmp_path / "rates.csv").write_text("DATE,PCREDIT8\n2019-06-01,2.5\n2020-01-03,2.25\n")
    market_data = csv_file.read(bars, vix=tmp_path / "vix.csv", members=tmp_path / "members.csv", risk_free=tmp_path / "rates.csv")
    assert np.array_equal(market_data.vix, [14.5, np.nan], equal_nan=True)
    assert market_data.members is not None and market_data.members.tolist() == [[True, False], [False, True]]
    assert market_data.risk_free is not None and np.allclose(market_data.risk_free, [0.025, 0.0225])
    assert np.isnan(csv_file.read(bars).vix).all()


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("vix", "date,close\n2020-01-03,14\n2020-01-02,14\n", "line 3: 2020-01-02 comes after a later date"),
        ("vix", "date,close\n2020-01-03,14\n2020-01-03,14\n", "line 3: 2020-01-03 is there twice"),
        ("vix", "date,close\n2020-01-03,\n", "close must be above 0"),
        ("members", "symbol,start,end\nA,2020-01-03,2020-01-03\n", "line 2: start must be a date before end"),
        ("members", "symbol,start,end\nZ,2020-01-02,\n", "names no member"),
        ("events", "date,symbol,event,value\n2020-01-03,A,merger,1\n", "event must be one of dividend, split, delisting, was 'merger'"),
        ("events", "date,symbol,event,value\n2020-01-03,A,split,0\n", "value must be above 0"),
        ("events", "symbol,event,first,last\nA,delisted,2020-01-02,2020-01-02\n", "has no columns 'date' and 'value'"),
    ],
)
def test_a_bad_file_beside_the_bars_is_refused(tmp_path: Path, kind: str, text: str, message: str) -> None:
    path = tmp_path / f"{kind}.csv"
    path.write_text(text)
    with pytest.raises(BadTable) as caught:
        csv_file.read(write_bars(tmp_path), **{kind: path})
    assert message in str(caught.value)


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "win.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "\n".join(GOOD)).replace("\n", "\r\n").encode())
    assert_same(csv_file.read(path), csv_file.read(write_bars(tmp_path)))


@pytest.mark.golden
@pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/lean-golden is absent")
def test_the_golden_folders_read() -> None:
    plain = csv_file.read(GOLDEN / "strategy" / "bars.csv.gz", GOLDEN / "strategy" / "vix.csv")
    assert plain.bars.shape == (1047, 400)
    assert int((plain.ending == DELISTED).sum()) == 25
    assert not np.isnan(plain.vix).any()
    corporate = GOLDEN / "corporate"
    acted = csv_file.read(corporate / "bars.csv.gz", corporate / "vix.csv", events=corporate / "events.csv")
    assert np.bincount(acted.actions.kind).tolist() == [4233, 180]
