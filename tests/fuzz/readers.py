"""The readers of a market's files and of LEAN's, each with a sound sample and, where a slow reading is short, what it must agree with."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from springback.analytics import run_folder
from springback.comparison.sides import read_side
from springback.data.files import csv_file, csv_folder, holdings, series
from springback.data.files.tables import read_forecasts
from springback.data.sources.downloads import Downloads
from springback.data.sources.lean_folder import LeanFolder
from springback.data.store.store import Store
from springback.forecasting import model_store
from springback.lean import as_run
from springback.lean.map_file import read_renames
from springback.lean.results import read_result
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData
from springback.quality import quarantine, raw
from springback.workflow.sources import load_bars
from tests.fuzz import oracle
from tests.fuzz.reader import Agree, Reader
from tests.fuzz.samples import DAYS, SYMBOLS, Homes

BARS = Bars(np.array(DAYS, "datetime64[D]"), SYMBOLS, *(np.full((len(DAYS), len(SYMBOLS)), 10.0) for _ in FIELDS))
SPAN = date(2019, 1, 1), date(2021, 1, 1)


def _bars(target: str, symbol: str = "") -> Agree:
    def agree(folder: Path, market_data: MarketData) -> None:
        _panel(market_data.bars, oracle.bars(folder / target, symbol))

    return agree


def _panel(bars: Bars, told: oracle.Panel) -> None:
    days = [str(day) for day in bars.sessions]
    assert set(days) == {when for when, _ in told}
    assert set(bars.symbols) == {name for _, name in told}
    for row, when in enumerate(days):
        for column, name in enumerate(bars.symbols):
            cells = told.get((when, name))
            for field in FIELDS:
                value = float(getattr(bars, field)[row, column])
                assert oracle.same(value, cells[field] if cells else np.nan), (when, name, field, value, cells)


def _closes(folder: Path, found: Any) -> None:
    told = {oracle.day(row["date"]): oracle.number(row["close"]) for row in oracle.rows(folder / "vix.csv")}
    for when, value in zip(DAYS, found, strict=True):
        assert oracle.same(float(value), told.get(date.fromisoformat(when), np.nan)), (when, value)


def _rates(folder: Path, found: Any) -> None:
    told = sorted((oracle.day(row["DATE"]) or date.min, oracle.number(row["PCREDIT8"])) for row in oracle.rows(folder / "riskfree.csv"))
    for when, value in zip(DAYS, found, strict=True):
        known = [rate for day, rate in told if day <= date.fromisoformat(when)]
        assert oracle.same(float(value), known[-1] / 100 if known else np.nan), (when, value)


def _members(folder: Path, found: Any) -> None:
    must = np.zeros(BARS.shape, dtype=bool)
    for row in oracle.rows(folder / "members.csv"):
        start, end = oracle.day(row["start"]), oracle.day(row["end"])
        for k, when in enumerate(DAYS):
            inside = start is not None and start <= date.fromisoformat(when) and (end is None or date.fromisoformat(when) < end)
            if inside and row["symbol"] in SYMBOLS:
                must[k, SYMBOLS.index(row["symbol"])] = True
    assert np.array_equal(found, must)


def _events(folder: Path, found: Any) -> None:
    told = oracle.rows(folder / "events.csv")
    values = sorted(oracle.number(row["value"]) for row in told if row["symbol"] in SYMBOLS)
    kept = sorted(map(float, found[0].value))
    assert len(kept) + sum(one.count for one in found[1] if one.law.startswith("event")) == len(told)
    assert all(value in values for value in kept), (kept, values)


def _forecasts(target: str) -> Agree:
    def agree(folder: Path, found: Any) -> None:
        told = {(str(oracle.day(row["date"])), row["symbol"]): row for row in oracle.rows(folder / target)}
        count = 0
        for row, when in enumerate(DAYS):
            for column, name in enumerate(SYMBOLS):
                cells = told.get((when, name))
                count += cells is not None
                for field, panel in zip(
                    ("qpi", "p_long", "p_short", "adv_63"), (found.qpi, found.p_long, found.p_short, found.adv), strict=True
                ):
                    must = oracle.number(cells[field]) if cells else np.nan
                    assert oracle.same(float(panel[row, column]), must), (when, name, field)
        assert count == len(told)

    return agree


def _parquet(folder: Path, found: Any) -> None:
    sound = read_forecasts(folder.parent / "sound" / "forecasts.parquet", BARS)
    for name in ("qpi", "p_long", "p_short", "adv"):
        assert np.array_equal(getattr(found, name), getattr(sound, name), equal_nan=True)


def _renames(folder: Path, found: Any) -> None:
    told = [(str(oracle.day(row["date"])), row["old"], row["new"]) for row in oracle.rows(folder / "renames.csv")]
    assert [(str(one.date), one.old, one.new) for one in found] == told


def _holdings(folder: Path, found: Any) -> None:
    text = (folder / "holdings.csv").read_bytes().decode("utf-8-sig").upper()
    assert all(one.ticker in text for one in found.rows)


def _frames(name: str) -> Agree:
    def agree(folder: Path, found: Any) -> None:
        frame = getattr(found.headline, name)
        told = oracle.rows(folder / f"{name}.csv")
        assert len(frame) == len(told)
        for column in frame.columns:
            for value, row in zip(frame[column], told, strict=True):
                if isinstance(value, str):
                    assert value == row[column], (column, value, row)
                else:
                    must = (
                        oracle.number(row[column]) if row[column].lower() not in ("true", "false") else float(row[column].lower() == "true")
                    )
                    assert oracle.same(float(value), must), (column, value, row)

    return agree


def _lean_result(folder: Path, found: Any) -> None:
    told = json.loads((folder / "Springback-order-events.json").read_bytes())
    prices = [float(one["fillPrice"]) for one in told if one["status"] in ("filled", "partiallyFilled") and float(one["fillQuantity"])]
    numbers = [*found.fills["price"], *found.fills["fee"], *found.curve, found.cash, *found.orders["quantity"].astype(float)]
    assert all(map(np.isfinite, numbers)), "a number that is none"
    assert sorted(prices) == sorted(found.fills["price"])


def _zip(folder: Path, found: Any) -> None:
    lines = oracle_zip(folder / "lean/equity/usa/daily/aaa.zip").decode().splitlines()
    told = {line[:8]: [int(cell) / 10_000 for cell in line.split(",")[1:5]] for line in lines}
    for one in found:
        for when, row in zip(one.days, one.prices, strict=True):
            if when > np.datetime64("2020-01-03"):  # before, it was called AAB
                must = told[str(when).replace("-", "")]
                assert row[3] == must[3] and (list(row[:3]) == must[:3] or np.isnan(row[:3]).all())


def oracle_zip(path: Path) -> bytes:
    """The text of the only member, by another road than the reader's."""
    import zipfile

    with zipfile.ZipFile(path) as packed:
        assert len(packed.namelist()) == 1
        return packed.read(packed.namelist()[0])


def _downloads(folder: Path) -> Any:
    kept = Downloads(folder / "downloads", "yahoo", Homes.FRESH)
    return kept.known("AAA", date(2020, 1, 2), date(2020, 1, 6), Homes.NOW)


def _downloaded(folder: Path, found: Any) -> None:
    if found is not None:
        assert len(found.days) == 3 and np.array_equal(found.prices, Homes.PRICES), "another answer than was kept"


def _lean(folder: Path) -> Any:
    source = LeanFolder(folder / "lean")
    return [*source.histories(source.listing(*SPAN).symbols, *SPAN)]


def _wide(folder: Path, market_data: MarketData) -> None:
    """Two header rows and the name of the index, cell by cell."""
    import csv

    text = (folder / "world/wide.csv").read_text(encoding="utf-8-sig")
    between = max(",;\t|", key=text.split("\n", 1)[0].count)
    upper, lower, *body = (row for row in csv.reader(text.splitlines(), strict=True, delimiter=between) if row)
    fields, names = (upper, lower) if "Close" in upper or "close" in map(str.lower, upper[1:]) else (lower, upper)
    body = body[1:] if body and not any(body[0][1:]) else body
    told = []
    for row in body:
        assert len(row) == len(upper)
        cells: dict[str, oracle.Row] = {}
        for field, name, cell in zip(fields[1:], names[1:], row[1:], strict=True):
            cells.setdefault(name, dict.fromkeys(FIELDS, ""))[field.strip().lower()] = cell
        told += [(oracle.day(row[0]), name, one) for name, one in cells.items()]
    _panel(market_data.bars, oracle.lawful(told))


def _nothing_lost(folder: Path, market_data: MarketData) -> None:
    """Every file of the folder that can be read is in the market data, or the market data says what is not."""
    said = " ".join(market_data.findings)
    for path, symbol in ((folder / "world/many/AAPL.csv", "AAPL"), (folder / "world/many/nvda.us.txt", "NVDA")):
        assert symbol in market_data.bars.symbols or "left out" in said, path
    for column, symbol in enumerate(market_data.bars.symbols):
        if symbol == "NVDA":
            sound = oracle.bars(folder / "world/many/nvda.us.txt", "NVDA")
            closes = market_data.bars.close[:, column]
            assert sorted(closes[~np.isnan(closes)]) == sorted(row["close"] for row in sound.values())


WORLD = {"yahoo": ("AAPL.csv", "AAPL"), "nasdaq": ("MSFT.csv", "MSFT"), "stooq": ("aapl.us.txt", "AAPL"), "history": ("tsla.csv", "TSLA")}
READERS: dict[str, Reader] = {
    **{
        f"world {name}": Reader(
            "market", f"world/{file}", "csv", 250, lambda f, file=file: load_bars(f / "world" / file), _bars(f"world/{file}", symbol)
        )
        for name, (file, symbol) in WORLD.items()
    },
    "world wide": Reader("market", "world/wide.csv", "csv", 250, lambda f: load_bars(f / "world/wide.csv"), _wide),
    "world zip": Reader("market", "world/packed.zip", "zip", 150, lambda f: load_bars(f / "world/packed.zip")),
    "world folder": Reader("market", "world/many/AAPL.csv", "csv", 100, lambda f: load_bars(f / "world/many"), _nothing_lost, "many"),
    "world parquet": Reader("market", "world/NVDA.parquet", "binary", 150, lambda f: load_bars(f / "world/NVDA.parquet")),
    "quality world": Reader("market", "world/MSFT.csv", "csv", 100, lambda f: raw.read_files(f / "world/MSFT.csv")),
    "bars": Reader("market", "bars.csv", "csv", 2500, lambda f: csv_file.read(f / "bars.csv"), _bars("bars.csv")),
    "bars.gz": Reader("market", "bars.csv.gz", "gzip", 1500, lambda f: csv_file.read(f / "bars.csv.gz"), _bars("bars.csv.gz")),
    "vix": Reader("market", "vix.csv", "csv", 1500, lambda f: series.read_closes(f / "vix.csv", BARS.sessions), _closes),
    "rates": Reader("market", "riskfree.csv", "csv", 800, lambda f: series.read_rates(f / "riskfree.csv", BARS.sessions), _rates),
    "members": Reader("market", "members.csv", "csv", 1200, lambda f: series.read_members(f / "members.csv", BARS), _members),
    "events": Reader("market", "events.csv", "csv", 1200, lambda f: series.read_actions(f / "events.csv", BARS), _events),
    "forecasts": Reader(
        "market", "forecasts.csv", "csv", 1500, lambda f: read_forecasts(f / "forecasts.csv", BARS), _forecasts("forecasts.csv")
    ),
    "forecasts.parquet": Reader(
        "market", "forecasts.parquet", "binary", 1200, lambda f: read_forecasts(f / "forecasts.parquet", BARS), _parquet
    ),
    "renames": Reader("market", "renames.csv", "csv", 700, lambda f: read_renames(f / "renames.csv"), _renames),
    "holdings": Reader("market", "holdings.csv", "csv", 1000, lambda f: holdings.read(f / "holdings.csv"), _holdings),
    "quality": Reader("market", "bars.csv", "csv", 300, lambda f: raw.read_files(f / "bars.csv")),
    "quality.parquet": Reader("market", "bars.parquet", "binary", 200, lambda f: raw.read_files(f / "bars.parquet")),
    "quality.gz": Reader("market", "bars.csv.gz", "gzip", 300, lambda f: raw.read_files(f / "bars.csv.gz")),
    **{
        f"folder {name}": Reader(
            "folder", name, "gzip" if name.endswith("gz") else "csv", 150, lambda f: csv_folder.read(f, "2018-01-01", "2018-12-31")
        )
        for name in (
            "prices/prices_2018.csv.gz",
            "benchmark.csv",
            "vix.csv",
            "riskfree.csv",
            "splits.csv",
            "securities.csv",
            "membership.csv",
        )
    },
    "card": Reader("market", "card.json", "json", 800, model_store.read_card),
    "quarantine": Reader("market", "quarantine.json", "json", 800, quarantine.read),
    "LEAN result": Reader("run", "Springback.json", "json", 500, lambda f: read_result(f / "Springback.json"), _lean_result),
    "LEAN events": Reader("run", "Springback-order-events.json", "json", 500, lambda f: read_result(f / "Springback.json"), _lean_result),
    "LEAN record": Reader(
        "run",
        "storage/springback/daily.csv",
        "csv",
        150,
        lambda f: as_run.as_run(read_result(f / "Springback.json"), as_run.find_record(f / "Springback.json")),
    ),
    **{
        f"run {name}": Reader("ours", f"{name}.csv", "csv", 150, run_folder.read, _frames(name))
        for name in ("orders", "fills", "daily", "trades")
    },
    "run report.json": Reader("ours", "report.json", "json", 300, run_folder.read),
    **{
        f"side {name}": Reader("bare", name, "json" if name.endswith("json") else "csv", 100, read_side)
        for name in ("orders.csv", "fills.csv", "daily.csv", "statistics.json")
    },
    "zip": Reader("market", "lean/equity/usa/daily/aaa.zip", "zip", 800, _lean, _zip, "The LEAN folder"),
    "map file": Reader("market", "lean/equity/usa/map_files/aaa.csv", "csv", 400, _lean, words="The LEAN folder"),
    "factor file": Reader("market", "lean/equity/usa/factor_files/aaa.csv", "csv", 400, _lean, words="The LEAN folder"),
    "download": Reader("market", "downloads/yahoo/AAA.parquet", "binary", 300, _downloads, _downloaded),
    "journal": Reader("market", "downloads/yahoo/journal.jsonl", "json", 150, _downloads, _downloaded),
    "store": Reader("market", "store/manifest.json", "json", 300, lambda f: Store(f / "store").read()),
    "store bars": Reader("market", "store/bars/year=2020/000001.parquet", "binary", 100, lambda f: Store(f / "store").read()),
}
