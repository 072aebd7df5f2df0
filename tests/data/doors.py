"""One small market, told at every door in the door's own format."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from springback.data.files import csv_file, csv_folder
from springback.data.sessions import exchange_days
from springback.data.sources import Source
from springback.data.sources.alpaca import Alpaca
from springback.data.sources.assemble import VixAndRates, assemble
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.keys import Keys
from springback.data.sources.lean_folder import LeanFolder
from springback.data.sources.members import enrolled, read_member_list
from springback.data.sources.tiingo import Tiingo
from springback.data.sources.yahoo import Yahoo
from springback.market.market_data import MarketData
from springback.market.origin import Origin
from springback.market.prose import Prose

START, END = date(2021, 6, 21), date(2021, 7, 16)
DAYS = [str(day) for day in exchange_days(START, END)]
REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ("AAA", "BBB", "CCC")
KEYS = Keys({"TIINGO_API_KEY": "k" * 16, "APCA_API_KEY_ID": "k" * 16, "APCA_API_SECRET_KEY": "k" * 16})
Row = tuple[str, str, float | None, float | None, float | None, float | None, float | None]
"""Day, name, open, high, low, close, volume; None: the cell is empty, or null."""


def whole(day: str, name: str) -> Row:
    """The row of a quiet day."""
    k = DAYS.index(day) if day in DAYS else 0
    close = 20 + NAMES.index(name) + k / 4 if name in NAMES else 30 + k / 4
    return day, name, close - 0.25, close + 0.5, close - 0.5, close, 100_000 + 100 * k


@dataclass
class Told:
    """What a door is told: rows in this order, dividends (day, name, dollars), and who is a member, all the time."""

    rows: list[Row] = field(default_factory=lambda: [whole(day, name) for name in NAMES for day in DAYS])
    dividends: list[tuple[str, str, float]] = field(default_factory=list)
    members: tuple[str, ...] = ()

    def of(self, name: str) -> list[Row]:
        return [row for row in self.rows if row[1] == name]

    def named(self, word: str) -> str:
        """The name that a vendor who writes BRK-B is asked for."""
        return word if word in self.names else word.replace("-", ".")

    @property
    def names(self) -> list[str]:
        return sorted({row[1] for row in self.rows})


def _cells(row: Sequence[Any]) -> str:
    return ",".join("" if cell is None else str(cell) for cell in row)


def _roll(told: Told, folder: Path, name: str = "members.csv") -> Path | None:
    if not told.members:
        return None
    (folder / name).write_text("".join(["symbol,start,end\n", *(f"{one},2021-01-04,\n" for one in told.members)]))
    return folder / name


def by_file(told: Told, folder: Path) -> MarketData:
    """`csv_file`."""
    (folder / "bars.csv").write_text("date,symbol,open,high,low,close,volume\n" + "".join(_cells(row) + "\n" for row in told.rows))
    (folder / "events.csv").write_text("date,symbol,event,value\n" + "".join(f"{d},{n},dividend,{v}\n" for d, n, v in told.dividends))
    (folder / "vix.csv").write_text("date,close\n" + "".join(f"{day},18\n" for day in DAYS))
    events = folder / "events.csv" if told.dividends else None
    return csv_file.read(folder / "bars.csv", folder / "vix.csv", _roll(told, folder), events)


def by_folder(told: Told, folder: Path) -> MarketData:
    """`csv_folder`: all rows in the file of 2021, adjusted close = close."""
    (folder / "prices").mkdir()
    head = "date,symbol,open,high,low,close,volume,adj_close,src\n"
    (folder / "prices" / "prices_2021.csv").write_text(head + "".join(f"{_cells((*row, row[5]))},J\n" for row in told.rows))
    for name, text in {
        "benchmark.csv": "date,symbol,adj_close\n" + "".join(f"{day},SPY,100\n" for day in DAYS),
        "vix.csv": "date,close\n" + "".join(f"{day},18\n" for day in DAYS),
        "splits.csv": "date,symbol,new_shares_per_old\n2010-01-04,AAA,2\n",
        "securities.csv": "symbol,end_kind,sector\nAAA,trading,\n",
        "riskfree.csv": "DATE,PCREDIT8\n2021-01-04,1.5\n",
        "membership.csv": "symbol,start,end\nBBB,2021-01-04,\nCCC,2021-01-04,\n",
    }.items():
        (folder / name).write_text(text)
    _roll(told, folder, "membership.csv")
    return csv_folder.read(folder, str(START), str(END))


def _stamp(day: str) -> int:
    return int(np.datetime64(day, "s").astype(int)) + 13 * 3600 + 1800


def _yahoo(told: Told, path: str, params: Mapping[str, Any]) -> Any:
    name = told.named(path.rsplit("/", 1)[1])
    rows = told.of(name)
    quote = {one: [row[2 + k] for row in rows] for k, one in enumerate(("open", "high", "low", "close", "volume"))}
    paid = {str(k): {"date": _stamp(d) + 3600 * k, "amount": v} for k, (d, n, v) in enumerate(told.dividends) if n == name}
    made = {"timestamp": [_stamp(row[0]) for row in rows], "indicators": {"quote": [quote]}, "events": {"dividends": paid}}
    return {"chart": {"result": [made | {"meta": {"currency": "USD"}}], "error": None}}


def _tiingo(told: Told, path: str, params: Mapping[str, Any]) -> Any:
    name = told.named(path.split("/")[3])
    fields = ("open", "high", "low", "close", "volume")
    rows = [
        {"date": f"{row[0]}T00:00:00.000Z", "divCash": 0, "splitFactor": 1, **dict(zip(fields, row[2:], strict=True))}
        for row in told.of(name)
    ]
    for day, dollars in ((d, v) for d, n, v in told.dividends if n == name):
        next(row for row in rows if row["date"][:10] == day)["divCash"] = dollars
    return rows


def _alpaca(told: Told, path: str, params: Mapping[str, Any]) -> Any:
    asked = params["symbols"].split(",")
    if path == "/v2/stocks/bars":
        bars = {n: [{"t": f"{row[0]}T04:00:00Z", **dict(zip("ohlcv", row[2:], strict=True))} for row in told.of(n)] for n in asked}
        return {"bars": bars, "next_page_token": None}
    paid = [{"symbol": n, "ex_date": d, "rate": v} for d, n, v in told.dividends if n in asked]
    return {"corporate_actions": {"cash_dividends": paid}, "next_page_token": None}


def _asked(made: Callable[[Fetch], Any], answer: Callable[[Told, str, Mapping[str, Any]], Any]) -> Callable[[Told, Path], MarketData]:
    def door(told: Told, folder: Path) -> MarketData:
        source = made(Fetch(per_second=10_000))
        source.line.json = lambda path, params, what: json.loads(json.dumps(answer(told, path, params)))  # noqa: ARG005
        return _assembled(source, told, folder)

    return door


def _assembled(source: Source, told: Told, folder: Path) -> MarketData:
    found = list(source.histories(told.names, START, END))
    vix = {date.fromisoformat(day): 18.0 for day in DAYS}
    market_data = assemble(found, VixAndRates(vix, None), None, START, END, Origin(words=Prose(source.name)))
    roll = _roll(told, folder)
    return market_data if roll is None else enrolled(market_data, read_member_list(roll, START, END), told.members)


def by_lean(told: Told, folder: Path) -> MarketData:
    """A data folder of LEAN; it has no empty cell: 0 stands there."""
    daily = folder / "equity" / "usa" / "daily"
    daily.mkdir(parents=True)
    for name in told.names:
        rows = [(row[0].replace("-", ""), *(round((cell or 0) * 10_000) for cell in row[2:6]), int(row[6] or 0)) for row in told.of(name)]
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as packed:
            packed.writestr(f"{name.lower()}.csv", "".join(f"{day} 00:00,{_cells(cells)}\n" for day, *cells in rows))
        (daily / f"{name.lower()}.zip").write_bytes(content.getvalue())
    return _assembled(LeanFolder(folder), told, folder)


DOORS: dict[str, Callable[[Told, Path], MarketData]] = {
    "csv": by_file,
    "folder": by_folder,
    "yahoo": _asked(Yahoo, _yahoo),
    "tiingo": _asked(lambda fetch: Tiingo(fetch, KEYS), _tiingo),
    "alpaca": _asked(lambda fetch: Alpaca(fetch, KEYS), _alpaca),
    "lean": by_lean,
}
