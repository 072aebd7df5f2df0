"""A stand-in for IB's Flex Web Service, version 3: what the fake Gateway's account booked, with the service's own words of failure."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from tests.brokers.fake_tws import NEW_YORK, FakeTws

TOKEN, QUERY = "123456789012345678901234", "987654"
WORDS = {
    "1012": "Token has expired.",
    "1014": "Query is invalid.",
    "1018": "Too many requests have been made from this token. Please try again shortly.",
    "1019": "Statement generation in progress. Please try again shortly.",
}


@dataclass
class FakeFlex:
    """The service for the account of `tws`: the `cash`, `actions`, `transfers` and more `trades` beside its executions, each row with its
    day of booking. `answers` are what it says first: a code, or a whole body.
    """

    tws: FakeTws
    cash: list[tuple[date, dict[str, str]]] = field(default_factory=list)
    actions: list[tuple[date, dict[str, str]]] = field(default_factory=list)
    transfers: list[tuple[date, dict[str, str]]] = field(default_factory=list)
    trades: list[tuple[date, dict[str, str]]] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    lacking: str = ""
    url: str = ""

    def today(self) -> date:
        """The Gateway's day in New York."""
        return self.tws.now.astimezone(NEW_YORK).date()

    def end(self) -> date:
        """The last weekday before today: what is in the statement."""
        day = self.today() - timedelta(days=1)
        while day.weekday() > 4:
            day -= timedelta(days=1)
        return day

    def answer(self, act: str, query: dict[str, str]) -> bytes:
        """What it says to one request."""
        self.requests.append((act, query))
        if self.answers and self.answers[0][0] == act:
            _, code = self.answers.pop(0)
            return code.encode() if code.startswith("<") else _failure(code)
        if query.get("t") != TOKEN:
            return _failure("1012")
        if act == "SendRequest":
            if query.get("q") != QUERY:
                return _failure("1014")
            root = Element("FlexStatementResponse", timestamp="05 March, 2026 03:00 AM EST")
            for tag, text in (("Status", "Success"), ("ReferenceCode", "4711"), ("Url", "https://elsewhere/GetStatement")):
                SubElement(root, tag).text = text
            return tostring(root)
        return self._statement()

    def _statement(self) -> bytes:
        end = self.end()
        root = Element("FlexQueryResponse", queryName="springback", type="AF")
        whole = SubElement(root, "FlexStatements", count="1")
        days = {"fromDate": f"{end - timedelta(days=6):%Y%m%d}", "toDate": f"{end:%Y%m%d}", "period": "Last7CalendarDays"}
        one = SubElement(whole, "FlexStatement", accountId=self.tws.account, whenGenerated=f"{self.today():%Y%m%d};023000", **days)
        sections = (
            ("Trades", "Trade", [*map(self._trade, self.tws.executions), *self.trades]),
            ("CashTransactions", "CashTransaction", self.cash),
            ("CorporateActions", "CorporateAction", self.actions),
            ("Transfers", "Transfer", self.transfers),
        )
        for section, tag, rows in sections:
            if section != self.lacking:
                part = SubElement(one, section)
                for day, row in rows:
                    if day <= end:
                        SubElement(part, tag, {"accountId": self.tws.account, "currency": "USD", **row})
        return tostring(root)

    def _trade(self, one: dict[str, object]) -> tuple[date, dict[str, str]]:
        stamp = str(one["time"])
        row = {
            "assetCategory": "STK",
            "symbol": str(one["symbol"]),
            "conid": str(one["conId"]),
            "levelOfDetail": "EXECUTION",
            "dateTime": f"{stamp[:8]};{stamp[9:17].replace(':', '')}",
            "quantity": f"{one['shares']:g}",
            "tradePrice": str(one["price"]),
            "buySell": "BUY" if one["side"] == "BOT" else "SELL",
            "ibCommission": f"-{one['fee']}",
            "taxes": "0",
            "ibExecID": str(one["execId"]),
            "ibOrderID": str(one["permId"]),
            "orderReference": str(one["orderRef"]),
            "transactionID": f"t-{one['execId']}",
            "transactionType": "ExchTrade",
            "origTransactionID": "0",
        }
        return one["day"], row  # type: ignore[return-value]


def _failure(code: str) -> bytes:
    root = Element("FlexStatementResponse", timestamp="05 March, 2026 03:00 AM EST")
    for tag, text in (("Status", "Warn"), ("ErrorCode", code), ("ErrorMessage", WORDS.get(code, "No."))):
        SubElement(root, tag).text = text
    return tostring(root)


@contextmanager
def serving(fake: FakeFlex) -> Iterator[FakeFlex]:
    """The service on a port of this machine; `fake.url` is its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = fake.answer(parts.path.strip("/"), dict(parse_qsl(parts.query)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
