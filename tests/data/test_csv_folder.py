"""The folder of real prices: back to raw, dividends inferred, endings told apart. A miniature folder by hand, then the real one."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bundle import FACTS
from springback.data.files import csv_file, csv_folder
from springback.data.files.folder_actions import PRINTED, WORKED_OUT, small_ratio
from springback.data.files.folder_facts import FolderFacts
from springback.data.membership import from_market_data
from springback.errors import BadTable, InputError, MissingData
from springback.market.actions import DIVIDEND, SPLIT
from springback.market.market_data import BANKRUPT, DELISTED, END_OF_DATA, TRADING, MarketData
from tests.data.samples import SHARED

DAYS = ("2018-01-02", "2018-01-03", "2018-01-04", "2018-01-05", "2018-01-08")
PRICES = "date,symbol,open,high,low,close,adj_close,volume,src\n"


def miniature(folder: Path) -> Path:
    """Five sessions: AA splits 2-for-1 and pays, CUT stops at a snapshot, GONE is delisted, R1 has closes only, SIVB fails."""
    rows = []
    for k, day in enumerate(DAYS):
        factor = 0.98 if k < 2 else 1.0
        rows.append(f"{day},AA,50,51,49,50,{50 * factor:.4f},1000,D")
        if k < 3:
            rows += [f"{day},{name},10,11,9,10,10,100,D" for name in ("CUT", "GONE", "SIVB")]
        rows.append(f"{day},R1,,,,{20 + k},{20 + k},300,R")
    (folder / "prices").mkdir()
    rows.sort(key=lambda row: row.split(",")[1::-1])
    (folder / "prices" / "prices_2018.csv.gz").write_bytes(gzip.compress((PRICES + "\n".join(rows) + "\n").encode()))
    (folder / "benchmark.csv").write_text(
        "date,symbol,adj_close\n" + "".join(f"{d},SPY,{100 + k}\n{d},IWM,9\n" for k, d in enumerate(DAYS))
    )
    (folder / "vix.csv").write_text("date,open,high,low,close\n" + "".join(f"{day},9,9,9,9.5\n" for day in DAYS))
    (folder / "riskfree.csv").write_text("DATE,PCREDIT8\n2017-12-14,2.00\n2018-01-05,2.25\n")
    (folder / "splits.csv").write_text("symbol,date,new_shares_per_old,source\nAA,2018-01-05,2.0,x\nZZ,2018-01-05,2.0,x\n")
    kinds = {"AA": "trading_at_2024-03", "CUT": "truncated_by_snapshot", "GONE": "delisted_or_ended", "R1": "trading_at_2024-03"}
    kinds["SIVB"] = "delisted_or_ended"
    (folder / "securities.csv").write_text("symbol,end_kind,sector\n" + "".join(f"{name},{kind},\n" for name, kind in kinds.items()))
    (folder / "membership.csv").write_text("symbol,start,end,tickers\nAA,2017-06-26,2018-01-05,AA\nR1,2018-01-04,2024-06-28,R1\n")
    return folder


def events(market_data: MarketData, kind: int) -> dict[tuple[str, str], float]:
    """(symbol, session) -> value."""
    a = market_data.actions
    rows = zip(a.row, a.name, a.kind, a.value, strict=True)
    return {
        (market_data.bars.symbols[name], str(market_data.bars.sessions[row])): float(value)
        for row, name, this, value in rows
        if this == kind
    }


def test_the_miniature_by_hand(tmp_path: Path) -> None:
    market_data = csv_folder.read(miniature(tmp_path), facts=FACTS)
    assert market_data.bars.symbols == ("AA", "CUT", "GONE", "R1", "SIVB")
    assert market_data.bars.close[:, 0].tolist() == [100, 100, 100, 50, 50]
    assert market_data.bars.volume[:, 0].tolist() == [500, 500, 500, 1000, 1000]
    assert events(market_data, SPLIT) == {("AA", "2018-01-05"): 0.5}
    assert events(market_data, DIVIDEND) == {("AA", "2018-01-04"): 2.0}
    assert market_data.ending.tolist() == [TRADING, END_OF_DATA, DELISTED, TRADING, BANKRUPT]
    assert np.isnan(market_data.bars.open[:, 3]).all() and market_data.bars.close[4, 3] == 24
    assert market_data.members is not None and market_data.members.sum(axis=1).tolist() == [1, 1, 2, 1, 1]
    assert not any("stands in" in line for line in market_data.findings), "the oldest list is of before its sessions"
    assert market_data.risk_free is not None and market_data.risk_free.tolist() == [0.02, 0.02, 0.02, 0.0225, 0.0225]
    assert market_data.benchmark is not None and market_data.benchmark.tolist() == [100, 101, 102, 103, 104]
    assert "Known biases" in str(market_data.origin)


def test_the_oldest_list_is_told_where_it_stands_in_for_sessions_before_it(tmp_path: Path) -> None:
    """Members of later on earlier sessions: the reading says so, and the answer for such a day does."""
    folder = miniature(tmp_path)
    (folder / "membership.csv").write_text("symbol,start,end,tickers\nAA,2018-01-05,2018-01-08,AA\nR1,2018-01-04,2024-06-28,R1\n")
    market_data = csv_folder.read(folder)
    assert market_data.members is not None and market_data.members.sum(axis=1).tolist() == [1, 1, 1, 2, 1]
    assert any(
        line.startswith("the membership list of 2018-01-04 is the oldest: it stands in for the 2 sessions") for line in market_data.findings
    )
    answer = from_market_data(market_data, np.datetime64("2018-01-03"))
    assert (answer.source, answer.confidence, answer.lag) == ("membership list of 2018-01-04, which is of later", "low", None)


def test_what_no_table_says_is_not_known_without_facts(tmp_path: Path) -> None:
    """The reader of yearly files knows no bank, no source by its letter, no list but the folder's."""
    market_data = csv_folder.read(miniature(tmp_path))
    assert market_data.ending.tolist() == [TRADING, END_OF_DATA, DELISTED, TRADING, DELISTED]
    assert "Russell" not in str(market_data.origin) and not market_data.origin.biases
    assert not any("no adj_close of their own" in line for line in market_data.findings)
    carried = csv_folder.read(tmp_path, facts=FolderFacts(carried=("D",)))
    assert len(events(market_data, DIVIDEND)) == 1 and not events(carried, DIVIDEND), "a step beside a carried factor says nothing"


def test_a_split_that_the_source_left_in_the_prices_is_taken_as_it_stands(tmp_path: Path) -> None:
    folder = miniature(tmp_path)
    path = folder / "prices" / "prices_2018.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    for day in DAYS[3:]:
        text = text.replace(f"{day},AA,50,51,49,50,50.0000", f"{day},AA,25,26,24,25,25.0000")
    path.write_bytes(gzip.compress(text.encode()))
    market_data = csv_folder.read(folder)
    assert market_data.bars.close[:, 0].tolist() == [50, 50, 50, 25, 25]
    assert events(market_data, SPLIT) == {("AA", "2018-01-05"): 0.5}
    assert any("did not adjust once" in line and "AA " in line and "not at all" in line for line in market_data.findings)


@pytest.mark.parametrize(
    ("ratio", "worked_out", "expected"),
    [
        (3.0003, True, (3, 1)),
        (1.499925, True, (3, 2)),
        (0.0333, True, (1, 30)),
        (0.066667, True, (1, 15)),
        (0.285714, True, (2, 7)),
        (1.503081, True, (1.503081, 1)),
        (3.0003, False, (3.0003, 1)),
        (3.000003, False, (3, 1)),
        (0.33333333, False, (1, 3)),
        (1.0299997734, False, (1.03, 1)),
        (2.642, False, (2.642, 1)),
        (0.96296253498, False, (0.96296253498, 1)),
    ],
)
def test_a_ratio_worked_out_from_rounded_prices_is_the_small_one(ratio: float, worked_out: bool, expected: tuple[float, float]) -> None:
    """The ratios as splits.csv has them; IAC 2021-05-25 (1.503081) was a spin-off and stays what it is."""
    assert small_ratio(ratio, WORKED_OUT if worked_out else PRINTED) == expected


def test_raw_prices_are_what_was_printed_where_that_is_sure(tmp_path: Path) -> None:
    """WMT closed at 157.57 on 2023-12-28: the file has 52.5233 and a detected ratio of 3.0003."""
    folder = miniature(tmp_path)
    (folder / "splits.csv").write_text("symbol,date,new_shares_per_old,source\nAA,2018-01-05,3.0003,detected_nasdaq_netchange\n")
    path = folder / "prices" / "prices_2018.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    text = text.replace("2018-01-02,AA,50,51,49,50,49.0000,1000", "2018-01-02,AA,52.5233,53.3367,52.401,52.5233,51.4728,57254073")
    path.write_bytes(gzip.compress(text.encode()))
    market_data = csv_folder.read(folder, facts=FACTS)
    row = tuple(float(getattr(market_data.bars, name)[0, 0]) for name in ("open", "high", "low", "close", "volume"))
    assert row == (157.57, 160.01, 157.203, 157.57, 19084691.0)
    assert events(market_data, SPLIT) == {("AA", "2018-01-05"): 1 / 3}
    assert any(line.startswith("1 ratios of splits are rounded in the list") for line in market_data.findings)


def test_what_the_lists_do_not_have_is_said(tmp_path: Path) -> None:
    folder = miniature(tmp_path)
    (folder / "splits.csv").write_text("symbol,date,new_shares_per_old,source\nAA,2018-01-03,2,x\nAA,2018-01-08,2,x\n")
    (folder / "membership_lists.csv").write_text(
        "start,end,ticker,company,symbol,list\n2017-06-26,2018-06-25,AA,A,AA,1\n2017-06-26,2018-06-25,LGF.A,L,,1\n"
    )
    findings = csv_folder.read(folder).findings
    assert any("longest pause is from 2018-01-03 to 2018-01-08" in line for line in findings)
    assert (
        "1 of 2 entries of the published lists have no price at all and are no members here, 1 tickers (list of 2017-06-26: 1)" in findings
    )


def test_a_window_that_ends_before_a_name_does_leaves_it_trading(tmp_path: Path) -> None:
    market_data = csv_folder.read(miniature(tmp_path), end="2018-01-04")
    assert set(market_data.ending) == {TRADING}
    assert market_data.bars.close[:, 0].tolist() == [100, 100, 100]


def test_a_bad_folder_is_refused_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="holds no folder 'prices'"):
        csv_folder.read(tmp_path)
    folder = miniature(tmp_path)
    with pytest.raises(InputError, match="must be dates"):
        csv_folder.read(folder, "soon")
    with pytest.raises(MissingData, match="no sessions of SPY"):
        csv_folder.read(folder, "2020-01-01", "2021-01-01")
    path = folder / "prices" / "prices_2018.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress((text + "2019-01-02,ZZ,1,1,1,1,1,1,D\n").encode()))
    with pytest.raises(BadTable, match="the date must be in 2018, was 2019-01-02"):
        csv_folder.read(folder)
    path.unlink()
    with pytest.raises(MissingData, match=r"prices_2018\.csv\.gz does not exist"):
        csv_folder.read(folder)


@pytest.mark.slow
@pytest.mark.golden
@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="../shared/data is absent")
def test_the_real_folder_against_the_golden_corporate_file() -> None:
    golden = SHARED / "lean-golden" / "corporate"
    witness = csv_file.read(golden / "bars.csv.gz", events=golden / "events.csv")
    market_data = csv_folder.read(SHARED / "data", "2019-10-01", "2023-12-31", FACTS)
    ours, theirs = events(market_data, DIVIDEND), events(witness, DIVIDEND)
    near = [key for key in theirs if key in ours and abs(ours[key] / theirs[key] - 1) < 0.1]
    assert len(near) / len(theirs) > 0.99
    known = {key: value for key, value in ours.items() if key[0] in witness.bars.symbols and key[1] > "2019-11-01"}
    assert len(known) - len(near) < 0.04 * len(theirs)
    splits = events(market_data, SPLIT)
    assert all(splits[key] == pytest.approx(value, rel=0.005) for key, value in events(witness, SPLIT).items())
    row, column = market_data.bars.row("2020-08-28"), market_data.bars.symbols.index("AAPL")
    assert market_data.bars.close[row, column] == pytest.approx(499.23)
    wmt = market_data.bars.symbols.index("WMT")
    assert market_data.bars.close[market_data.bars.row("2023-12-28"), wmt] == 157.57
    assert any("5-for-1 split of TSLA on 2020-08-31 is not in the list" in line for line in market_data.findings)
    assert {"FRC", "SBNY", "SIVB"} == {market_data.bars.symbols[k] for k in np.flatnonzero(market_data.ending == BANKRUPT)}
