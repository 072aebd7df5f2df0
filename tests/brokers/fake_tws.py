"""A stand-in for IB's Gateway: TWS' text protocol over a small market whose clock the test moves, with faults by script."""

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from threading import RLock, Thread
from typing import Any
from zoneinfo import ZoneInfo

from tests.brokers import tws_wire as wire

NEW_YORK = ZoneInfo("America/New_York")
OPENS, CLOSES = clock_time(9, 30), clock_time(16)
LAST, FIRST = clock_time(9, 28), clock_time(16, 0, 10)
ORDER, CANCEL = 3, 4


@dataclass
class Stock:
    """A share: `available` for borrowing, dollars a share; `opening` is what the next auctions print, `shares` how many it fills."""

    symbol: str
    con_id: int
    price: float
    available: int = 10_000_000
    opening: float = 0.0
    shares: int | None = None
    primary: str = "NASDAQ"
    currency: str = "USD"
    kind: str = "COMMON"


@dataclass
class Fault:
    """What goes wrong `times` times with messages of the kind `message` (3: orders), those of `symbol` alone where it is given.

    `silence`: it is lost; `deaf`: it is acted on, and the answer is lost; `cut`: it is acted on and the line breaks; `late`: it is acted on
    after the next message. `error`: `code` and `text` are the answer, and nothing is done; `warning`: they come beside it. `day`: 10349, it
    becomes a day order; `garbled`: the answer has a field too few; `lacking`: commissions come without their executions; `filled`: what is
    to be cancelled fills first; `inactive`: the order comes, and TWS calls it so;
    `unlinked`: IB's servers are lost and back in between.
    """

    kind: str
    message: int = ORDER
    times: int = 1
    code: int = 0
    text: str = ""
    symbol: str = ""


@dataclass
class FakeTws:
    """One Gateway. `down`: nobody listens; `login`: it listens and says nothing; `link` False: it has lost IB's servers."""

    now: datetime
    account: str = "DU1234567"
    accounts: str = ""
    cash: float = 100_000.0
    currency: str = "USD"
    leverage: float = 4.0
    stocks: list[Stock] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    executions: list[dict[str, Any]] = field(default_factory=list)
    held: dict[int, list[float]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    messages: list[list[str]] = field(default_factory=list)
    login: bool = False
    link: bool = True
    silent_fills: bool = False
    only_commissions: bool = False
    repeats: int = 1
    port: int = 0

    def __post_init__(self) -> None:
        self.lock = RLock()
        self.lines: dict[socket.socket, int] = {}
        self.permanent, self.serial = itertools.count(900_001), itertools.count(1)
        self.next_id = 1
        self.threads: list[Thread] = []
        self.server: socket.socket | None = None
        self.mute: set[socket.socket] = set()
        self.lacking = False

    @property
    def number(self) -> str:
        """The account's number, as the other stand-ins name it."""
        return self.account

    @property
    def prices(self) -> dict[str, float]:
        """Dollars a share, by our symbol."""
        return {one.symbol.replace(" ", "."): one.price for one in self.stocks}

    # The market.

    def enlist(self, symbol: str, price: float, **more: Any) -> Stock:
        """A share is listed."""
        stock = Stock(symbol, 1000 + len(self.stocks), price, **{"opening": price, **more})
        self.stocks.append(stock)
        return stock

    def stock(self, con_id: int) -> Stock:
        """The share of that id."""
        return next(one for one in self.stocks if one.con_id == con_id)

    def of(self, reference: str) -> list[dict[str, Any]]:
        """The orders under that reference."""
        return [one for one in self.orders if one["orderRef"] == reference]

    def move_to(self, instant: datetime) -> None:
        """The clock goes on, through each open and close on the way."""
        with self.lock:
            day = self.now.astimezone(NEW_YORK).date()
            while day <= instant.astimezone(NEW_YORK).date():
                for hour, act in ((OPENS, self._open), (CLOSES, self._close)):
                    moment = datetime.combine(day, hour, NEW_YORK).astimezone(UTC)
                    if self.now < moment <= instant and day.weekday() < 5:
                        self.now = moment
                        act()
                day += timedelta(days=1)
            self.now = instant

    def fill(self, order: dict[str, Any], shares: float, price: float, suffix: str = "01") -> None:
        """Shares change hands."""
        with self.lock:
            signed = shares if order["action"] == "BUY" else -shares
            held = self.held.setdefault(order["conId"], [0.0, price])
            held[0] += signed
            self.cash -= signed * price
            total = order["filled"] + shares
            order["average"] = (order["average"] * order["filled"] + price * shares) / total
            order["filled"] = total
            order["status"] = "Filled" if total >= order["quantity"] else "Submitted"
            self._ended(order, f"Filled Size: {total:g}" if order["status"] == "Filled" else "")
            identity = f"0000e0d5.{next(self.serial):08x}.01.{suffix}"
            self.tell(order, identity, shares, price)

    def tell(self, order: dict[str, Any], identity: str, shares: float, price: float) -> None:
        """An execution is written down, and said to whom gave the order."""
        side, cumulated = ("BOT" if order["action"] == "BUY" else "SLD"), order["filled"]
        values = {
            **{name: order[name] for name in ("orderId", "conId", "symbol", "permId", "clientId", "orderRef", "account")},
            "execId": identity,
            "time": self._stamp(),
            "venue": "ISLAND",
            "exchange": "ISLAND",
            "side": side,
            "shares": shares,
            "price": price,
            "liquidation": 0,
            "cumQty": cumulated,
            "avgPrice": order["average"],
            "day": self._day(),
            "fee": 1.0,
        }
        self.executions.append(values)
        for line, client in list(self.lines.items()):
            if client == order["clientId"] and not self.silent_fills:
                told = [] if self.only_commissions else [wire.execution(-1, values), wire.order_status(order)]
                self._write(line, *[*told, wire.commission(identity, 1.0)] * self.repeats)

    def end(self, order: dict[str, Any], word: str = "Cancelled by system") -> None:
        """An order is over without its rest."""
        order["status"] = "Cancelled"
        self._ended(order, word)
        for line, client in list(self.lines.items()):
            if client == order["clientId"]:
                self._write(line, wire.order_status(order), wire.error(order["orderId"], 202, "Order Canceled - reason:"))

    def _open(self) -> None:
        for stock in self.stocks:
            stock.price = stock.opening
        for order in [one for one in self.orders if self._live(one)]:
            stock = self.stock(order["conId"])
            if order["type"] == "MKT":
                rest = order["quantity"] - order["filled"]
                shares = rest if stock.shares is None or order["tif"] != "OPG" else min(rest, stock.shares)
                if shares:
                    self.fill(order, shares, stock.price)
                if self._live(order) and order["tif"] == "OPG":
                    self.end(order, "At the open order can not be executed")
            elif (stock.price <= order["aux"]) == (order["action"] == "SELL"):
                self.fill(order, order["quantity"] - order["filled"], stock.price)

    def _close(self) -> None:
        for order in [one for one in self.orders if self._live(one)]:
            self.end(order, "Order expired")

    # The wire.

    def start(self) -> None:
        """Listens, on the port of before where there was one."""
        self.server = socket.socket()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(("127.0.0.1", self.port))
        self.server.listen()
        self.port = self.server.getsockname()[1]
        self.threads.append(Thread(target=self._accept, args=(self.server,), daemon=True))
        self.threads[-1].start()

    def stop(self) -> None:
        """Nobody listens, and every line breaks."""
        with self.lock:
            server, self.server = self.server, None
            for line in list(self.lines):
                self._hang_up(line)
        if server is not None:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()

    def restart(self) -> None:
        """As the Gateway does once a day: the lines break, orders stay at IB."""
        self.stop()
        self.start()

    def again(self, fields: list[str]) -> None:
        """A message that was lost on the way comes after all, from the newest connection."""
        with self.lock:
            self._act(list(self.lines)[-1], fields)

    def sent(self, kind: int = ORDER) -> list[list[str]]:
        """The messages of that kind that came."""
        return [one for one in self.messages if one[0] == str(kind)]

    def notice(self, code: int, text: str = "") -> None:
        """What it says to everyone: 1100, 1102."""
        with self.lock:
            self.link = {1100: False, 1101: True, 1102: True}.get(code, self.link)
            for line in list(self.lines):
                self._write(line, wire.error(-1, code, text))

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.lines[line] = -1
                self.threads.append(Thread(target=self._serve, args=(line,), daemon=True))
                self.threads[-1].start()

    def _serve(self, line: socket.socket) -> None:
        if wire.read_greeting(line) is not None and not self.login:
            with self.lock:
                self._write(line, wire.frame(wire.VERSION, self._stamp()))
            late: list[list[str]] = []
            while (fields := wire.read_frame(line)) is not None:
                with self.lock:
                    self.messages.append(fields)
                    self._hear(line, fields, late)
        elif self.login:
            while wire.read_frame(line) is not None:
                pass
        with self.lock:
            self._hang_up(line)

    def _hear(self, line: socket.socket, fields: list[str], late: list[list[str]]) -> None:
        fault = self._fault(fields)
        waiting, late[:] = list(late), []
        kind = fault.kind if fault else ""
        if kind == "late":
            late.append(fields)
        elif kind == "error" and fault is not None:
            self._write(line, wire.error(int(fields[1 if fields[0] == "3" else 2]), fault.code, fault.text))
        elif kind != "silence":
            before = len(self.orders)
            self._first(line, kind, fields)
            self._act(line, fields)
            self.mute.discard(line)
            if fault is not None and len(self.orders) > before:
                self._beside(line, fault, self.orders[-1])
            if kind == "garbled":
                self._write(line, wire.frame({"5": 5, "16": 5, "99": 101, "7": 11, "61": 61}[fields[0]], 1))
                self._act(line, fields)
            if kind == "cut":
                self._hang_up(line)
        for one in waiting:
            self._act(line, one)

    def _first(self, line: socket.socket, kind: str, fields: list[str]) -> None:
        """What a fault does before the message is acted on."""
        if kind in {"deaf", "cut", "garbled"}:
            self.mute.add(line)
        if kind == "filled":
            order = next(one for one in self.orders if one["orderId"] == int(fields[2]))
            self.fill(order, order["quantity"] - order["filled"], self.stock(order["conId"]).price)
        if kind == "unlinked":
            self._write(line, wire.error(-1, 1100, "lost"), wire.error(-1, 1102, "restored"))
        self.lacking = kind == "lacking"

    def _beside(self, line: socket.socket, fault: Fault, order: dict[str, Any]) -> None:
        if fault.kind == "day":
            order["tif"] = "DAY"
            self._write(
                line, wire.error(order["orderId"], 10349, "Order TIF was set to DAY based on order preset."), wire.open_order(order)
            )
        if fault.kind == "inactive":
            order["status"] = "Inactive"
            self._write(line, wire.open_order(order), wire.order_status(order))
        if fault.kind == "warning":
            self._write(line, wire.error(order["orderId"], fault.code, fault.text))

    def _fault(self, fields: list[str]) -> Fault | None:
        for one in self.faults:
            if one.times > 0 and str(one.message) == fields[0] and one.symbol in {"", fields[3] if len(fields) > 3 else ""}:
                one.times -= 1
                return one
        return None

    def _act(self, line: socket.socket, fields: list[str]) -> None:
        kind = int(fields[0])
        acts = {
            ORDER: self._place,
            CANCEL: self._cancel,
            5: self._open_orders,
            16: self._open_orders,
            6: self._values,
            7: self._told,
            9: self._details,
            61: self._positions,
            71: self._begin,
            99: self._completed,
            62: self._summary,
        }
        if kind in acts:
            acts[kind](line, fields)
        elif kind == 49:
            self._write(line, wire.frame(49, 1, int(self.now.timestamp())))
        elif kind == 76:
            self._write(line, wire.frame(74, 1, fields[2]))
        elif kind == 8:
            self._write(line, wire.frame(9, 1, self.next_id))

    def _begin(self, line: socket.socket, fields: list[str]) -> None:
        if int(fields[2]) in self.lines.values():
            self._write(line, wire.error(-1, 326, "Unable to connect as the client id is already in use."))
            self._hang_up(line)
            return
        self.lines[line] = int(fields[2])
        self._write(line, wire.frame(15, 1, self.accounts or self.account), wire.frame(9, 1, self.next_id))
        self._write(line, wire.error(-1, 2104, "Market data farm connection is OK:usfarm"))
        if not self.link:
            self._write(line, wire.error(-1, 1100, "Connectivity between IBKR and Trader Workstation has been lost."))

    def _place(self, line: socket.socket, fields: list[str]) -> None:
        number, client = int(fields[1]), self.lines[line]
        if any((one["clientId"], one["orderId"]) == (client, number) for one in self.orders) or number < self.next_id:
            self._write(line, wire.error(number, 103, "Duplicate order id"))
            return
        self.next_id = number + 1
        order: dict[str, Any] = {
            "orderId": number,
            "clientId": client,
            "conId": int(fields[2]),
            "symbol": fields[3],
            "action": fields[16],
            "quantity": float(fields[17]),
            "type": fields[18],
            "aux": float(fields[20] or 0),
            "tif": fields[21],
            "account": fields[23],
            "orderRef": fields[26],
            "permId": next(self.permanent),
            "filled": 0.0,
            "average": 0.0,
            "status": "PreSubmitted",
            "ended": "",
            "ended_word": "",
            "at": self.now,
        }
        if words := self._refusal(order):
            self._write(line, wire.error(number, 201, f"Order rejected - reason:{words}"))
            return
        self.orders.append(order)
        self._write(line, wire.open_order(order), wire.order_status(order))
        if self._in_session() and order["type"] == "MKT" and order["tif"] == "DAY":
            self.fill(order, order["quantity"], self.stock(order["conId"]).price)

    def _refusal(self, order: dict[str, Any]) -> str:
        """Why an order is not taken; empty where it is."""
        stock = self.stock(order["conId"])
        signed = order["quantity"] if order["action"] == "BUY" else -order["quantity"]
        after = self.held.get(stock.con_id, [0.0])[0] + signed
        local = self.now.astimezone(NEW_YORK).time()
        if order["tif"] == "OPG" and LAST <= local < FIRST:
            return "Exchange is closed."
        if signed < 0 and after < 0 and not stock.available:
            return "The contract is not available for short sale."
        worth = sum(abs(one["quantity"]) * self.stock(one["conId"]).price for one in self.orders if self._live(one))
        if abs(after) * stock.price + worth > self.equity() * self.leverage:
            return "Your account has insufficient buying power."
        return ""

    def _cancel(self, line: socket.socket, fields: list[str]) -> None:
        number = int(fields[2])
        found = [one for one in self.orders if (one["clientId"], one["orderId"]) == (self.lines[line], number)]
        if not found:
            self._write(line, wire.error(number, 10147, f"OrderId {number} that needs to be cancelled is not found."))
        elif not self._live(found[0]):
            self._write(line, wire.error(number, 10148, f"OrderId {number} that needs to be cancelled cannot be cancelled."))
        else:
            self.end(found[0], "Cancelled by Trader")

    def _open_orders(self, line: socket.socket, fields: list[str]) -> None:
        for one in self.orders:
            if self._live(one) and (fields[0] == "16" or one["clientId"] == self.lines[line]):
                self._write(line, wire.open_order(one), wire.order_status(one))
        self._write(line, wire.frame(53, 1))

    def _completed(self, line: socket.socket, fields: list[str]) -> None:
        """Those of the day alone."""
        for one in self.orders:
            if not self._live(one) and one["ended_day"] == self._day():
                self._write(line, wire.completed_order(one))
        self._write(line, wire.frame(102))

    def _told(self, line: socket.socket, fields: list[str]) -> None:
        """Executions since midnight alone."""
        for one in self.executions:
            if one["day"] == self._day():
                told = [] if self.lacking else [wire.execution(int(fields[2]), one)]
                self._write(line, *told, wire.commission(one["execId"], one["fee"]))
        self._write(line, wire.frame(55, 1, fields[2]))

    def _positions(self, line: socket.socket, fields: list[str]) -> None:
        for con_id, (shares, cost) in self.held.items():
            if shares:
                self._write(line, wire.position(self.account, self.stock(con_id).symbol, con_id, shares, cost))
        self._write(line, wire.frame(62, 1))

    def _values(self, line: socket.socket, fields: list[str]) -> None:
        if fields[2] == "1":
            for con_id, (shares, cost) in self.held.items():
                stock = self.stock(con_id)
                self._write(line, wire.portfolio(self.account, stock.symbol, con_id, shares, stock.price, cost))
            for tag, value in self._account_values().items():
                self._write(line, wire.frame(6, 2, tag, value, "" if tag == "AccountReady" else self.currency, self.account))
            self._write(line, wire.frame(54, 1, self.account))

    def _summary(self, line: socket.socket, fields: list[str]) -> None:
        for tag, value in self._account_values().items():
            self._write(line, wire.frame(63, 1, fields[2], self.account, tag, value, self.currency))
        self._write(line, wire.frame(64, 1, fields[2]))

    def _details(self, line: socket.socket, fields: list[str]) -> None:
        number, con_id, symbol = int(fields[2]), int(fields[3]), fields[4]
        found = [one for one in self.stocks if one.con_id == con_id or (not con_id and one.symbol == symbol)]
        for one in found:
            values = {"symbol": one.symbol, "conId": one.con_id, "primary": one.primary, "currency": one.currency, "kind": one.kind}
            self._write(line, wire.contract_details(number, {**values, "hours": self._hours()}))
        if not found:
            self._write(line, wire.error(number, 200, "No security definition has been found for the request"))
        else:
            self._write(line, wire.frame(52, 1, number))

    def equity(self) -> float:
        """Cash and positions, dollars."""
        return self.cash + sum(shares * self.stock(con_id).price for con_id, (shares, _) in self.held.items())

    def _account_values(self) -> dict[str, str]:
        free = self.equity() - sum(abs(shares) * self.stock(one).price for one, (shares, _) in self.held.items()) / self.leverage
        dollars = {
            "NetLiquidation": self.equity(),
            "TotalCashValue": self.cash,
            "AvailableFunds": free,
            "BuyingPower": free * self.leverage,
        }
        return {"AccountReady": str(self.link).lower(), **{tag: f"{value:.2f}" for tag, value in dollars.items()}}

    def _hours(self) -> str:
        day = self.now.astimezone(NEW_YORK).date()
        days = [day + timedelta(days=k) for k in range(6)]
        return ";".join(f"{one:%Y%m%d}:0930-{one:%Y%m%d}:1600" if one.weekday() < 5 else f"{one:%Y%m%d}:CLOSED" for one in days)

    def _live(self, order: dict[str, Any]) -> bool:
        return order["status"] not in {"Filled", "Cancelled"}

    def _ended(self, order: dict[str, Any], word: str) -> None:
        order |= {"ended": self._stamp(), "ended_word": word, "ended_day": self._day()}

    def _in_session(self) -> bool:
        local = self.now.astimezone(NEW_YORK)
        return local.weekday() < 5 and OPENS <= local.time() < CLOSES

    def _day(self) -> date:
        return self.now.astimezone(NEW_YORK).date()

    def _stamp(self) -> str:
        return f"{self.now.astimezone(NEW_YORK):%Y%m%d %H:%M:%S} US/Eastern"

    def _write(self, line: socket.socket, *frames: bytes) -> None:
        if line not in self.mute:
            with suppress(OSError):
                line.sendall(b"".join(frames))

    def _hang_up(self, line: socket.socket) -> None:
        self.lines.pop(line, None)
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()


@contextmanager
def running(fake: FakeTws) -> Iterator[FakeTws]:
    """The Gateway on a port of this machine."""
    fake.start()
    try:
        yield fake
    finally:
        fake.stop()
        for thread in fake.threads:
            thread.join()
