"""Sound files, small enough that a case takes a few milliseconds."""

import gzip
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from springback.data.files import csv_file
from springback.data.files.reading import Columns, read_table, write_table
from springback.data.files.tables import FORECASTS
from springback.data.sources import History
from springback.data.sources.downloads import Downloads
from springback.data.store.store import Store
from springback.forecasting.card import Card
from springback.lean import daily_zip
from springback.market.bars import FIELDS
from tests.data.test_csv_folder import miniature
from tests.lean import runs

SYMBOLS = ("AAA", "BBB", "BRK.B")
DAYS = ("2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08", "2020-01-09")
HOLDINGS = """iShares Russell 3000 ETF
Fund Holdings as of,"Dec 29, 2023"
Inception Date,"May 22, 2000"

Ticker,Name,Sector,Asset Class,Market Value,Weight (%),CUSIP
"AAPL","APPLE INC","Information Technology","Equity","655,372,042.47","6.16","037833100"
"BRKB","BERKSHIRE HATHAWAY INC CLASS B","Financials","Equity","152,041,212.80","1.43","084670702"
"XTSLA","BLK CSH FND TREASURY SL AGENCY","Cash and/or Derivatives","Money Market","1.00","0.01","-"

"The content contained herein is owned or licensed by BlackRock"
"""


class Homes:
    """Facts that a sample and the check of it share."""

    NOW = datetime(2024, 5, 6, 12, tzinfo=UTC)
    FRESH = timedelta(days=1)
    PRICES = np.array([[10.0, 11.0, 9.0, 10.5, 100.0]] * 3)


def market(folder: Path) -> None:
    """All the small files that stand alone."""
    draw = np.random.default_rng(1)
    rows = [
        f"{day},{name},{10 + k}.25,{12 + k},{9 + k}.125,{draw.uniform(10 + k, 11 + k):.4f},{draw.integers(1, 10**6)}"
        for day in DAYS
        for k, name in enumerate(SYMBOLS)
    ]
    bars = "date,symbol,open,high,low,close,volume\n" + "\n".join(rows) + "\n"
    (folder / "bars.csv").write_text(bars)
    (folder / "bars.csv.gz").write_bytes(gzip.compress(bars.encode(), mtime=0))
    (folder / "vix.csv").write_text("date,open,close\n" + "".join(f"{day},15,{12 + k}.{k}5\n" for k, day in enumerate(DAYS)))
    (folder / "riskfree.csv").write_text("DATE,PCREDIT8\n2019-12-14,2.00\n2020-01-06,2.25\n")
    (folder / "members.csv").write_text("symbol,start,end\nAAA,2019-01-02,2020-01-07\nBBB,2020-01-03,\nAAA,2020-01-09,\nZZZ,2020-01-09,\n")
    (folder / "events.csv").write_text(
        "date,symbol,event,value\n2020-01-03,AAA,split,0.5\n2020-01-06,BBB,dividend,0.35\n2020-01-07,ZZZ,dividend,1.25\n"
    )
    told = "".join(
        f"{day},{name},{draw.uniform(0, 100):.17g},{draw.random():.17g},{draw.random():.6g},{draw.integers(1, 10**8)}\n"
        for day in DAYS
        for name in SYMBOLS
    )
    (folder / "forecasts.csv").write_text("date,symbol,qpi,p_long,p_short,adv_63\n" + told)
    quoted = read_table(folder / "bars.csv", Columns(("date",), ("symbol",), FIELDS))
    write_table(folder / "bars.parquet", quoted.assign(symbol=quoted["symbol"].astype(str)))
    frame = read_table(folder / "forecasts.csv", FORECASTS)
    write_table(folder / "forecasts.parquet", frame.assign(symbol=frame["symbol"].astype(str)))
    (folder / "renames.csv").write_text("date,old,new\n2020-01-03,FB,META\n2020-01-06,AAB,AAA\n")
    (folder / "holdings.csv").write_text(HOLDINGS)
    span = {"symbol": "AAA", "start": "2020-01-02", "end": "2020-01-03", "reason": "a spike", "by": "me"}
    (folder / "quarantine.json").write_text(json.dumps({"format": 1, "spans": [span, {"symbol": "*", "start": "2020-01-08"}]}))
    card = Card(
        ("a", "b"),
        "2018-01-02",
        "2019-12-19",
        "2019-12-31",
        300,
        6,
        {"trees": 5},
        1,
        "0" * 64,
        "2026-01-02T03:04:05+00:00",
        {"auc": 0.5},
        files={"x.pkl": "1" * 64},
    )
    (folder / "card.json").write_text(card.to_json())
    lean(folder / "lean" / "equity" / "usa")
    world(folder / "world")
    days = np.array(DAYS[:3], "datetime64[D]")
    Downloads(folder / "downloads", "yahoo", Homes.FRESH).keep(
        History("AAA", days, Homes.PRICES), date(2020, 1, 1), date(2020, 1, 7), Homes.NOW
    )
    Store(folder / "store").write(csv_file.read(folder / "bars.csv", vix=folder / "vix.csv"), Homes.NOW)


def world(home: Path) -> None:
    """The same days as others lay them out: a name a file, by Yahoo, Nasdaq, Stooq and yfinance; a zip, a Parquet file, a folder."""
    home.mkdir()
    prices = [(f"{10 + k}.25", f"{12 + k}.5", f"{9 + k}.125", f"{10 + k}.75", str(1000 + k)) for k in range(len(DAYS))]
    told = list(zip(DAYS, prices, strict=True))
    yahoo = "Date,Open,High,Low,Close,Adj Close,Volume\n" + "".join(f"{d},{o},{h},{x},{c},{c},{v}\n" for d, (o, h, x, c, v) in told)
    stooq = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n" + "".join(
        f"AAPL.US,D,{d.replace('-', '')},000000,{o},{h},{x},{c},{v},0\n" for d, (o, h, x, c, v) in told
    )
    nasdaq = "Date,Close/Last,Volume,Open,High,Low\n" + "".join(
        f'{d[5:7]}/{int(d[8:]) + 11}/{d[:4]},"$1,0{c}","1,{v[1:]}",${o},"$1,0{h}",${x}\n' for d, (o, h, x, c, v) in reversed(told)
    )
    history = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n" + "".join(
        f"{d} 00:00:00-05:00,{o},{h},{x},{c},{v},0.0,0.0\n" for d, (o, h, x, c, v) in told
    )
    wide = "Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\nTicker" + ",AAPL,NVDA" * 5 + "\nDate" + "," * 10 + "\n"
    wide += "".join(f"{d},{c},{c},{h},{h},{x},{x},{o},{o},{v},{v}\n" for d, (o, h, x, c, v) in told)
    for name, text in (("AAPL.csv", yahoo), ("MSFT.csv", nasdaq), ("aapl.us.txt", stooq), ("tsla.csv", history), ("wide.csv", wide)):
        (home / name).write_text(text)
    with zipfile.ZipFile(home / "packed.zip", "w") as packed:
        packed.writestr("AAPL.csv", yahoo)
    frame = pd.DataFrame([[float(cell) for cell in row] for row in prices], columns=["Open", "High", "Low", "Close", "Volume"])
    frame.set_index(pd.DatetimeIndex(DAYS, name="Date")).to_parquet(home / "NVDA.parquet")
    (home / "many").mkdir()
    for name in ("AAPL.csv", "nvda.us.txt"):
        (home / "many" / name).write_text(yahoo)


def lean(base: Path) -> None:
    """LEAN's data of one name that was called AAB, split and paid."""
    for name in ("daily", "map_files", "factor_files"):
        (base / name).mkdir(parents=True)
    rows = [f"{day.replace('-', '')} 00:00,{100000 + k},{110000 + k},{90000 + k},{105000 + k},{1000 * k}" for k, day in enumerate(DAYS)]
    (base / "daily" / "aab.zip").write_bytes(daily_zip.pack("AAB", "\n".join(rows[:2]).encode()))
    (base / "daily" / "aaa.zip").write_bytes(daily_zip.pack("AAA", "\n".join(rows[2:]).encode()))
    (base / "map_files" / "aaa.csv").write_text("20200102,aab,Q\n20200103,aab,Q\n20501231,aaa,Q\n")
    (base / "factor_files" / "aaa.csv").write_text("20200102,0.5,0.5,10.5\n20200106,0.98,1,10.5\n20501231,1,1,0\n")


def run(folder: Path) -> None:
    """A result of LEAN."""
    made = runs.ours(folder / "made", runs.random_result(3), "2020-01-01", "2020-05-05")
    runs.theirs(folder, made, "2020-01-01", "2020-05-05")


def ours(folder: Path) -> None:
    """A run folder."""
    runs.ours(folder, runs.random_result(3), "2020-01-01", "2020-05-05")


def bare(folder: Path) -> None:
    """Tables of a run without a summary."""
    ours(folder)
    for name in ("summary.json", "report.json"):
        (folder / name).unlink()
    (folder / "statistics.json").write_text(json.dumps({"statistics": {"Sharpe Ratio": "0.5"}}))
    (folder / "settings.json").write_text(json.dumps({"cash": 1e6, "start": "2020-01-01"}))


def folder(home: Path) -> None:
    """A folder of bars."""
    miniature(home)


SAMPLES = {"market": market, "run": run, "ours": ours, "bare": bare, "folder": folder}
