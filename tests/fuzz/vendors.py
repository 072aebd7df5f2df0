"""What vendors answer, damaged on its way: each question to one of them is answered by the file, every other by the replay."""

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import numpy as np

from springback.data.sources import History, cboe, fred
from springback.data.sources.alpaca import Alpaca
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.keys import Keys
from springback.data.sources.tiingo import Tiingo
from springback.data.sources.yahoo import Yahoo
from springback.errors import SpringbackError
from tests.contracts.replay import IDENTITY, KEY, SECRET, Replay, market
from tests.fuzz import oracle
from tests.fuzz.reader import Agree, Reader

FETCH = Fetch(per_second=10_000, attempts=1, patience=0)
SPAN = date(2020, 8, 24), date(2020, 9, 4)
KEYS = Keys({"TIINGO_API_KEY": KEY, "APCA_API_KEY_ID": IDENTITY, "APCA_API_SECRET_KEY": SECRET})
SIGNED = {"authorization": f"Token {KEY}", "apca-api-key-id": IDENTITY, "apca-api-secret-key": SECRET}
ADDRESSES = {
    "yahoo.json": "/v8/finance/chart/AAPL",
    "tiingo.json": "/tiingo/daily/AAPL/prices",
    "tickers.zip": "/supported_tickers.zip",
    "bars.json": "/v2/stocks/bars",
    "actions.json": "/v1/corporate-actions",
    "assets.json": "/v2/assets",
    "vix.csv": "/VIX_History.csv",
    "fred.csv": "/graph/fredgraph.csv",
}
ROWS = {(name, str(day)): row for name, one in market().items() for day, row in one.bars.items()}


def answers(folder: Path) -> None:
    """What each address answers."""
    replay = Replay(market())
    replay.page = 1000
    spent = f"startDate={SPAN[0]}&endDate={SPAN[1]}&period1=1598227200&period2=1600000000"
    asked = f"{spent}&symbols=AAPL,REV&adjustment=raw&timeframe=1Day&start={SPAN[0]}&end=2020-12-01&limit=1000"
    for name, path in ADDRESSES.items():
        status, content, _ = replay.answer(f"{path}?{asked}&id=DGS3MO&cosd={SPAN[0]}&coed={SPAN[1]}", SIGNED)
        assert status == 200, (name, content)
        (folder / name).write_bytes(content)


def _asked(ask: Callable[[], Any]) -> Callable[[Path], Any]:
    """`ask` while the answers of `folder` are the vendors'. An error must not show a key."""

    def read(folder: Path) -> Any:
        def answer(request: httpx.Request) -> httpx.Response:
            content = next((folder / name).read_bytes() for name, path in ADDRESSES.items() if path.endswith(request.url.path[-16:]))
            kind = "text/csv" if request.url.path.endswith("csv") else "application/json"
            return httpx.Response(200, content=content, headers={"Content-Type": kind})

        with mock.patch.object(httpx, "Client", partial(httpx.Client, transport=httpx.MockTransport(answer), trust_env=False)):
            try:
                return ask()
            except SpringbackError as error:
                if any(key in str(error) for key in (KEY, IDENTITY, SECRET)):
                    raise AssertionError("a key is shown") from None
                raise

    return read


def _told(cell: Any) -> float:
    """A number of a JSON answer, read the slow way; null is none."""
    if cell is None:
        return float("nan")
    assert isinstance(cell, int | float) and not isinstance(cell, bool), cell
    return float(cell)


def _same(found: float, cells: tuple[Any, ...]) -> None:
    """One of `cells` says `found`."""
    assert any(oracle.same(found, _told(cell)) for cell in cells), (found, cells)


def _tiingo(folder: Path, found: list[History]) -> None:
    told = json.loads((folder / "tiingo.json").read_bytes())
    for day, row in zip(found[0].days, found[0].prices, strict=True):
        rows = [one for one in told if one["date"][:10] == str(day)]  # more than one: the laws of all doors choose
        _same(row[3], tuple(one["close"] for one in rows))
        assert np.isnan(row[0]) or row[0] in [_told(one["open"]) for one in rows]
        _same(row[4], tuple(one["volume"] or 0 for one in rows))


def _alpaca(folder: Path, found: list[History]) -> None:
    told = json.loads((folder / "bars.json").read_bytes())["bars"]
    for one in found:
        for day, row in zip(one.days, one.prices, strict=True):
            bars = [bar for bar in told.get(one.symbol, ()) if bar["t"][:10] == str(day)]
            _same(row[3], tuple(bar["c"] for bar in bars))
            assert np.isnan(row[1]) or row[1] in [_told(bar["h"]) for bar in bars]


def _yahoo(folder: Path, found: list[History]) -> None:
    """On the sessions after the split, on which nothing is put back on another scale."""
    quote = json.loads((folder / "yahoo.json").read_bytes())["chart"]["result"][0]["indicators"]["quote"][0]
    for day, row in zip(found[0].days, found[0].prices, strict=True):
        if day >= np.datetime64("2020-08-31") and not any(one.kind == "split" and one.day > day for one in found[0].events):
            assert any(abs(row[3] - _told(cell)) < 1e-3 for cell in quote["close"] if cell is not None), row


def _actions(folder: Path, found: list[History]) -> None:
    """Every event is one that the answer tells, with its numbers."""
    told = json.loads((folder / "actions.json").read_bytes())["corporate_actions"]
    rates = [
        (one["ex_date"], _told(one["rate"]) if "rate" in one else _told(one["old_rate"]) / _told(one["new_rate"]))
        for kind in told.values()
        for one in kind
    ]
    rates += [(one["ex_date"], 1 / (1 + _told(one["rate"]))) for kind in told.values() for one in kind if one.get("rate")]
    assert all((str(event.day), event.value) in rates for one in found for event in one.events)


def _names(folder: Path, found: tuple[str, ...]) -> None:
    assert found == tuple(sorted(found)) and all(isinstance(one, str) and one.isascii() and one.isprintable() for one in found), found


def _series(name: str, column: str, scale: Callable[[str], date | None]) -> Agree:
    def agree(folder: Path, found: dict[date, float]) -> None:
        rows = [{head.strip(): cell.strip() for head, cell in row.items()} for row in oracle.rows(folder / name)]
        told = [(scale(row["DATE" if "DATE" in row else "observation_date"]), row[column]) for row in rows]
        for day, value in found.items():
            cells = [cell for when, cell in told if when == day]
            assert len(cells) == 1 and oracle.same(oracle.number(cells[0]), value), (day, value, cells)

    return agree


def _american(cell: str) -> date:
    month, day, year = cell.split("/")
    return date(int(year), int(month), int(day))


def _histories(source: Any, *symbols: str) -> list[History]:
    return list(source.histories(symbols, *SPAN))


def _listed(source: Any) -> tuple[str, ...]:
    return tuple(sorted(source.listing(*SPAN).symbols))


SAMPLES = {"answers": answers}
READERS: dict[str, Reader] = {
    "Yahoo": Reader("answers", "yahoo.json", "json", 500, _asked(lambda: _histories(Yahoo(FETCH), "AAPL")), _yahoo, "Yahoo"),
    "Tiingo": Reader("answers", "tiingo.json", "json", 500, _asked(lambda: _histories(Tiingo(FETCH, KEYS), "AAPL")), _tiingo, "Tiingo"),
    "Tiingo's names": Reader("answers", "tickers.zip", "zip", 300, _asked(lambda: _listed(Tiingo(FETCH, KEYS))), _names, "Tiingo"),
    "Alpaca's bars": Reader(
        "answers", "bars.json", "json", 400, _asked(lambda: _histories(Alpaca(FETCH, KEYS), "AAPL", "REV")), _alpaca, "Alpaca"
    ),
    "Alpaca's actions": Reader(
        "answers", "actions.json", "json", 300, _asked(lambda: _histories(Alpaca(FETCH, KEYS), "AAPL", "REV")), _actions, "Alpaca"
    ),
    "Alpaca's names": Reader("answers", "assets.json", "json", 200, _asked(lambda: _listed(Alpaca(FETCH, KEYS))), _names, "Alpaca"),
    "Cboe": Reader("answers", "vix.csv", "csv", 400, _asked(lambda: cboe.read_vix(FETCH)), _series("vix.csv", "CLOSE", _american), "Cboe"),
    "FRED": Reader(
        "answers",
        "fred.csv",
        "csv",
        400,
        _asked(lambda: fred.read_series(FETCH, "DGS3MO", *SPAN)),
        _series("fred.csv", "DGS3MO", oracle.day),
        "FRED",
    ),
}
