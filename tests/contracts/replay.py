"""Vendors on this machine: a small market, answered in each vendor's documented format, and the ways in which an answer goes wrong.

Formats: Tiingo end-of-day (api.tiingo.com/documentation/end-of-day), Alpaca market data v2 bars and corporate actions
(docs.alpaca.markets/reference), Yahoo chart v8, Cboe VIX_History.csv, FRED fredgraph.csv.
"""

import io
import json
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import prod
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Row = tuple[float, float, float, float, float]
KEY = "k3y-of-tiingo-0123456789abcdef"
IDENTITY, SECRET = "PK-identity-0123456789", "s3cr3t-of-alpaca-0123456789"


@dataclass
class Name:
    """Raw bars by day; splits as new shares per old, dividends in dollars a raw share, both by ex-date."""

    bars: dict[date, Row]
    splits: dict[date, float] = field(default_factory=dict)
    dividends: dict[date, float] = field(default_factory=dict)


def day(text: str) -> date:
    return date.fromisoformat(text)


def _days(first: str, *rows: Row) -> dict[date, Row]:
    weekdays = (day(first) + timedelta(days=k) for k in range(100))
    return dict(zip((one for one in weekdays if one.weekday() < 5), rows, strict=False))


def walk(first: str, start: float, sessions: int) -> dict[date, Row]:
    """Invented bars that are no multiple of one another."""
    closes = [round(start * (1 + 0.003 * ((k * 7) % 11 - 5)), 2) for k in range(sessions)]
    return _days(first, *((round(c * 0.99, 2), round(c * 1.02, 2), round(c * 0.98, 2), c, 1000.0 * (k + 10)) for k, c in enumerate(closes)))


def market() -> dict[str, Name]:
    """Two weeks of 2020. AAPL is as printed on the market data around its split of 2020-08-31 (4 new for 1), volumes to the hundred shares.

    GONE was delisted after 2020-08-28, REV put ten shares together on 2020-09-02, BRK.B has a dot.
    """
    apple = _days(
        "2020-08-24",
        (514.79, 515.14, 495.75, 503.43, 86484400.0),
        (498.79, 500.72, 492.21, 499.30, 52873900.0),
        (504.72, 507.97, 500.33, 506.09, 40755600.0),
        (508.57, 509.94, 495.33, 500.04, 38888100.0),
        (504.05, 505.77, 498.31, 499.23, 46907500.0),
        (127.58, 131.00, 126.00, 129.04, 225702700.0),
        (132.76, 134.80, 130.53, 134.18, 151948100.0),
        (137.59, 137.98, 127.00, 131.40, 200119000.0),
        (126.91, 128.84, 120.50, 120.88, 257599600.0),
        (120.07, 123.70, 110.89, 120.96, 332607200.0),
    )
    reverse = walk("2020-08-24", 0.8, 7) | walk("2020-09-02", 8.1, 3)
    return {
        "AAPL": Name(apple, {day("2020-08-31"): 4.0}, {day("2020-08-26"): 0.82, day("2020-09-03"): 0.205}),
        "BRK.B": Name(walk("2020-08-24", 215.0, 10)),
        "GONE": Name(walk("2020-08-24", 12.0, 5), {}, {day("2020-08-27"): 0.1}),
        "REV": Name(reverse, {day("2020-09-02"): 0.1}),
        "SPY": Name(walk("2020-08-24", 345.0, 10), {}, {day("2020-09-01"): 1.3}),
    }


VIX = {one: 20.0 + k for k, one in enumerate(market()["AAPL"].bars)}
Answer = tuple[int, bytes, dict[str, str]]
Fault = Callable[["Replay", Answer], Answer]


class Replay:
    """The vendors' server. `faults` maps a word in the address to what spoils the answer, as often as its number says."""

    def __init__(self, names: dict[str, Name]) -> None:
        self.names = names
        self.faults: dict[str, list[Fault]] = {}
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.delisted_stay = True
        self.page = 7
        self.url = ""
        self.after: Callable[[int], None] = lambda _: None

    def spoil(self, word: str, fault: Fault, times: int = 1_000_000) -> None:
        """The next `times` answers whose address holds `word` go through `fault`."""
        self.faults[word] = [fault] * times

    def answer(self, target: str, headers: dict[str, str]) -> Answer:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.headers.append(headers)
        made = self._answer(unquote(parts.path), query, headers)
        for word, faults in self.faults.items():
            if word in target and faults:
                return faults.pop()(self, made)
        return made

    def _answer(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Answer:  # noqa: PLR0911 (one for each address)
        if path.startswith("/v8/finance/chart/"):
            return self._yahoo(path.rsplit("/", 1)[1], query)
        if path.startswith("/tiingo/daily/"):
            return self._tiingo(path.split("/")[3], query) if headers.get("authorization") == f"Token {KEY}" else told(401, {"detail": KEY})
        if path.startswith(("/v2/", "/v1/")):
            if (headers.get("apca-api-key-id"), headers.get("apca-api-secret-key")) != (IDENTITY, SECRET):
                return told(403, {"message": "forbidden."})
            return {"/v2/stocks/bars": self._bars, "/v1/corporate-actions": self._actions, "/v2/assets": self._assets}[path](query)
        if path == "/VIX_History.csv":
            rows = [f"{one:%m/%d/%Y},{v:.6f},{v:.6f},{v:.6f},{v:.6f}" for one, v in VIX.items()]
            return csv("DATE,OPEN,HIGH,LOW,CLOSE\n" + "\n".join(rows) + "\n")
        if path == "/graph/fredgraph.csv":
            values = {one: 0.1 if query["id"] != "VIXCLS" else v for one, v in VIX.items()}
            cells = [f"{one},{v:g}" for one, v in values.items() if query["cosd"] <= str(one) <= query["coed"]]
            return csv(f"observation_date,{query['id']}\n2020-08-25,\n" + "\n".join(cells[2:]) + "\n")
        if path == "/supported_tickers.zip":
            return self._tickers()
        return told(404, {})

    def _yahoo(self, ticker: str, query: dict[str, str]) -> Answer:
        symbol = ticker.replace("-", ".")
        self.asked[symbol] += 1
        name = self.names.get(symbol)
        if name is None or (symbol == "GONE" and not self.delisted_stay):
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return told(404, {"chart": {"result": None, "error": error}})

        def later(one: date) -> float:
            return prod(ratio for when, ratio in name.splits.items() if when > one)

        def stamp(one: date) -> int:
            return int(datetime(one.year, one.month, one.day, 13, 30, tzinfo=UTC).timestamp())

        first, last = (datetime.fromtimestamp(int(query[key]), UTC).date() for key in ("period1", "period2"))
        days = [one for one in name.bars if first <= one]  # the end is no promise: today's price is added whatever was asked
        quote: dict[str, list[Any]] = {key: [] for key in ("open", "high", "low", "close", "volume")}
        for one in days:
            *prices, volume = name.bars[one]
            for key, price in zip(quote, prices, strict=False):
                quote[key].append(float(_single(price / later(one))))
            quote["volume"].append(int(volume * later(one)))
        events: dict[str, Any] = {}
        if splits := {one: ratio for one, ratio in name.splits.items() if first <= one <= last}:
            events["splits"] = {str(stamp(one)): _split(stamp(one), ratio) for one, ratio in splits.items()}
        if paid := {one: dollars for one, dollars in name.dividends.items() if first <= one <= last}:
            events["dividends"] = {str(stamp(one)): {"amount": dollars / later(one), "date": stamp(one)} for one, dollars in paid.items()}
        meta = {"currency": "USD", "symbol": ticker, "exchangeTimezoneName": "America/New_York", "gmtoffset": -14400}
        result = {"meta": meta, "timestamp": [stamp(one) for one in days], "indicators": {"quote": [quote], "adjclose": [{}]}}
        return told(200, {"chart": {"result": [result | ({"events": events} if events else {})], "error": None}})

    def _tiingo(self, ticker: str, query: dict[str, str]) -> Answer:
        symbol = ticker.replace("-", ".")
        self.asked[symbol] += 1
        name = self.names.get(symbol)
        if name is None:
            return told(404, {"detail": "Not found."})
        rows = [
            dict(zip(("open", "high", "low", "close", "volume"), row, strict=True))
            | {
                "date": f"{one}T00:00:00.000Z",
                "adjClose": 1.0,
                "divCash": name.dividends.get(one, 0.0),
                "splitFactor": name.splits.get(one, 1.0),
            }
            for one, row in name.bars.items()
            if query["startDate"] <= str(one) <= query["endDate"]
        ]
        return told(200, rows)

    def _bars(self, query: dict[str, str]) -> Answer:
        assert (query["adjustment"], query["timeframe"]) == ("raw", "1Day")
        rows = []
        for symbol in sorted(query["symbols"].split(",")):
            self.asked[symbol] += "page_token" not in query
            for one, row in self.names.get(symbol, Name({})).bars.items():
                if query["start"] <= str(one) <= query["end"]:
                    rows.append((symbol, dict(zip("ohlcv", row, strict=True)) | {"t": f"{one}T04:00:00Z", "n": 1, "vw": row[3]}))
        return self._paged(rows, query, lambda page: {"bars": _grouped(page)})

    def _actions(self, query: dict[str, str]) -> Answer:
        rows = []
        for symbol in query["symbols"].split(","):
            name = self.names.get(symbol, Name({}))
            for one, ratio in name.splits.items():
                kind, rates = ("forward_splits", (1, ratio)) if ratio > 1 else ("reverse_splits", (1 / ratio, 1))
                told_ = {"symbol": symbol, "old_rate": rates[0], "new_rate": rates[1], "ex_date": str(one), "process_date": str(one)}
                rows.append((kind, told_))
            for one, dollars in name.dividends.items():
                paid = str(one + timedelta(days=20))
                rows.append(("cash_dividends", {"symbol": symbol, "rate": dollars, "ex_date": str(one), "process_date": paid}))
        kept = [(kind, one) for kind, one in rows if query["start"] <= one["process_date"] <= query["end"]]
        return self._paged(kept, query, lambda page: {"corporate_actions": _grouped(page)})

    def _assets(self, query: dict[str, str]) -> Answer:
        return told(200, [{"symbol": symbol, "exchange": "NASDAQ", "status": "active"} for symbol in self.names])

    def _paged(
        self, rows: list[tuple[str, Any]], query: dict[str, str], shape: Callable[[list[tuple[str, Any]]], dict[str, Any]]
    ) -> Answer:
        first = int(query.get("page_token", "p0")[1:])
        after = first + min(self.page, int(query["limit"]))
        return told(200, shape(rows[first:after]) | {"next_page_token": f"p{after}" if after < len(rows) else None})

    def _tickers(self) -> Answer:
        rows = ["ticker,exchange,assetType,priceCurrency,startDate,endDate"]
        for symbol, name in self.names.items():
            kind = "ETF" if symbol == "SPY" else "Stock"
            rows.append(f"{symbol.replace('.', '-')},NYSE,{kind},USD,{min(name.bars)},{max(name.bars)}")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("supported_tickers.csv", "\n".join(rows) + "\n")
        return 200, packed.getvalue(), {"Content-Type": "application/zip"}


def told(status: int, body: Any) -> Answer:
    return status, json.dumps(body).encode(), {"Content-Type": "application/json"}


def csv(text: str) -> Answer:
    return 200, text.encode(), {"Content-Type": "text/csv"}


def status(code: int, **headers: str) -> Fault:
    """An answer with this code and headers such as Retry_After; its body says back every key that came with the question."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def refuse(replay: Replay, made: Answer) -> Answer:
        came = [value for name, value in replay.headers[-1].items() if name == "authorization" or name.startswith("apca")]
        return code, json.dumps({"detail": "no", "echo": came}).encode(), made[2] | named

    return refuse


def web_page(replay: Replay, made: Answer) -> Answer:
    return 200, b"<!DOCTYPE html><html><title>Be right back</title></html>", {"Content-Type": "text/html"}


def cut_short(replay: Replay, made: Answer) -> Answer:
    """The whole length announced, half of it sent."""
    return made[0], made[1][: len(made[1]) // 2], made[2] | {"Content-Length": str(len(made[1]))}


def half(replay: Replay, made: Answer) -> Answer:
    """Half of the JSON, as if it were all."""
    return made[0], made[1][: len(made[1]) // 2], made[2]


def empty(replay: Replay, made: Answer) -> Answer:
    return 200, b"", made[2]


def renamed(*pairs: tuple[str, str]) -> Fault:
    """Words of the answer put in other words."""

    def rename(replay: Replay, made: Answer) -> Answer:
        body = made[1]
        for before, after in pairs:
            body = body.replace(before.encode(), after.encode())
        return made[0], body, made[2]

    return rename


def late(seconds: float) -> Fault:
    def wait(replay: Replay, made: Answer) -> Answer:
        threading.Event().wait(seconds)
        return made

    return wait


def other_clock(away: timedelta) -> Fault:
    return lambda _, made: (made[0], made[1], made[2] | {"Date": format_datetime(datetime.now(UTC) + away)})


@contextmanager
def serving(names: dict[str, Name] | None = None) -> Iterator[Replay]:
    """A replay of `names` (default: `market`) at `replay.url`."""
    replay = Replay(market() if names is None else names)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(replay))
    replay.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()


def _handler(replay: Replay) -> type[BaseHTTPRequestHandler]:
    class Vendor(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's delayed acknowledgement
        wbufsize = -1

        def do_GET(self) -> None:
            status_, body, headers = replay.answer(self.path, {name.lower(): value for name, value in self.headers.items()})
            try:
                self.send_response_only(status_)
                for name, value in {"Content-Length": str(len(body)), "Date": format_datetime(datetime.now(UTC)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
            except OSError:
                self.close_connection = True
            if int(headers.get("Content-Length", len(body))) != len(body):
                self.close_connection = True
            replay.after(sum(replay.asked.values()))

        def handle(self) -> None:
            with suppress(OSError):  # a client that was killed
                super().handle()

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

        def log_message(self, *_: Any) -> None:
            return

    return Vendor


def _grouped(page: list[tuple[str, Any]]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for key, one in page:
        groups.setdefault(key, []).append(one)
    return groups


def _split(stamp: int, ratio: float) -> dict[str, Any]:
    over, under = (ratio, 1.0) if ratio > 1 else (1.0, round(1 / ratio, 6))
    return {"date": stamp, "numerator": over, "denominator": under, "splitRatio": f"{over:g}:{under:g}"}


def _single(value: float) -> float:
    """As Yahoo says it: a single-precision number written out."""
    import numpy as np

    return float(np.float32(value))
