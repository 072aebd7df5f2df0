"""A server that behaves as Alpaca's trading API does: its windows, codes, rate limit, buying power, borrow, auctions, busts and actions.

Its market and its clock are the test's: `auction`, `trade`, `move_to`, and faults by script. What the document of Alpaca says against a
request or an answer is kept in `violations`; what the document cannot say (bodies of errors, windows) follows the brokers' notes.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from tests.brokers.alpaca_contract import contract

NEW_YORK = ZoneInfo("America/New_York")
KEYS = ("PKTESTTESTTESTTEST", "s3cretOfTheTest")
LIVE = {"accepted", "new", "partially_filled", "pending_new", "pending_cancel", "held"}
FIELDS = {
    *("symbol", "qty", "notional", "side", "type", "time_in_force", "limit_price", "stop_price", "trail_price", "trail_percent"),
    *("extended_hours", "client_order_id", "order_class", "take_profit", "stop_loss", "legs", "position_intent", "advanced_instructions"),
}
CUSHION = Decimal("1.03")
"""Alpaca takes a market order for this much of the last price when it looks at buying power."""


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of `method` whose path begins with `path`, after `after` that go right.

    `kind`: silence_before, silence_after (the client's time-out passes, before or after the order is taken), cut_after, gateway_after
    (504), storm (429 with a reset `reset` seconds from now), dropped (answered as taken, then forgotten), garbled, answer (`status` and
    `content`, a text is a page of somebody on the way); or `change`, a function of the answer.
    """

    kind: str
    method: str = "POST"
    path: str = "/v2/orders"
    times: int = 1
    after: int = 0
    change: Callable[[Any], Any] | None = None
    status: int = 503
    content: Any = None
    seconds: float = 0.3
    reset: float = -30.0


class Verdict(Exception):
    """A refusal: HTTP status, Alpaca's code and its words."""

    def __init__(self, status: int, code: int, words: str, **more: object) -> None:
        super().__init__(words)
        self.status, self.body = status, {"code": code, "message": words, **more}


@dataclass
class Asset:
    """One name as Alpaca lists it; `borrow` None leaves the field out, `older` writes the one past its sunset."""

    symbol: str
    borrow: str | None = "easy_to_borrow"
    older: bool = False
    shortable: bool = True
    tradable: bool = True
    exchange: str = "NASDAQ"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def record(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "id": self.id,
            "class": "us_equity",
            "exchange": self.exchange,
            "symbol": self.symbol,
            "name": f"{self.symbol} Inc.",
            "status": "active",
            "tradable": self.tradable,
            "marginable": True,
            "shortable": self.shortable,
            "fractionable": True,
            "margin_requirement_long": "30",
            "margin_requirement_short": "30",
            "attributes": [],
        }
        if self.borrow is not None:
            out["borrow_status"] = self.borrow
        return {**out, "easy_to_borrow": self.borrow == "easy_to_borrow"} if self.older else out


@dataclass
class Holding:
    """Signed shares of an asset and what they cost a share."""

    quantity: Decimal = Decimal(0)
    price: Decimal = Decimal(0)


class FakeAlpaca:
    """The account and its market. Times are UTC; `limit` requests a minute are answered."""

    def __init__(self, now: datetime, cash: Decimal = Decimal(100_000), limit: int = 200) -> None:
        self.now, self.cash, self.limit = now, cash, limit
        self.number, self.multiplier, self.shorting = "PA3TESTTEST", Decimal(2), True
        self.identity = str(uuid.uuid4())
        self.assets: dict[str, Asset] = {}
        self.prices: dict[str, Decimal] = {}
        self.auctions: dict[str, tuple[Decimal, Decimal | None] | None] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.holdings: dict[str, Holding] = {}
        self.activities: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, Any]] = []
        self.violations: list[str] = []
        self.stream_there, self.noise = True, ": welcome\n\n"
        self.window: list[float] = []
        self.lock = Lock()
        self.url = ""
        self.count = 0

    # The market, as the test moves it.

    def enlist(self, symbol: str, price: str, **how: Any) -> Asset:
        """A name with a last price, in dollars."""
        self.assets[symbol] = asset = Asset(symbol, **how)
        self.prices[symbol] = Decimal(price)
        return asset

    def auction(self, symbol: str, price: str | None, shares: str | None = None) -> None:
        """The opening print of `symbol` in dollars; None: no auction; `shares`: no more than these fill of an order."""
        self.auctions[symbol] = None if price is None else (Decimal(price), None if shares is None else Decimal(shares))

    def move_to(self, instant: datetime) -> None:
        """The clock goes on; openings (09:30) and closes (16:00) on the way happen."""
        with self.lock:
            day = self.now.astimezone(NEW_YORK).date()
            while day <= instant.astimezone(NEW_YORK).date():
                for hour, act in ((clock_time(9, 30), self._open), (clock_time(16), self._close)):
                    at = datetime.combine(day, hour, NEW_YORK).astimezone(UTC)
                    if day.weekday() < 5 and self.now < at <= instant:
                        self.now = at
                        act()
                day += timedelta(days=1)
            self.now = instant

    def trade(self, symbol: str, price: str) -> None:
        """A print in the session: stops that it elects fill there."""
        with self.lock:
            self.prices[symbol] = level = Decimal(price)
            for order in self._live(symbol):
                stop = Decimal(order["stop_price"] or 0)
                if order["type"] == "stop" and (level <= stop if order["side"] == "sell" else level >= stop):
                    self._fill(order, Decimal(order["qty"]) - Decimal(order["filled_qty"]), level)

    def split(self, symbol: str, factor: str) -> None:
        """`factor` old shares for a new one: positions change, orders do not."""
        held = self.holdings[self.assets[symbol].id]
        before, held.quantity = held.quantity, held.quantity / Decimal(factor)
        held.price *= Decimal(factor)
        self.prices[symbol] *= Decimal(factor)
        self._activity("SPLIT", "FSPLIT" if Decimal(factor) < 1 else "RSPLIT", symbol, held.quantity - before, Decimal(0))

    def dividend(self, symbol: str, dollars: str) -> None:
        """A dividend a share; a short pays it."""
        held = self.holdings[self.assets[symbol].id].quantity
        self.cash += held * Decimal(dollars)
        self._activity("DIV", "CDIV" if held > 0 else "SPD", symbol, held, held * Decimal(dollars))

    def rename(self, symbol: str, name: str) -> None:
        """A symbol change: the asset keeps its id."""
        asset = self.assets.pop(symbol)
        self.assets[name], asset.symbol = asset, name
        self.prices[name] = self.prices.pop(symbol)
        self._activity("NC", "SNC", name, self.holdings[asset.id].quantity, Decimal(0))

    def bust(self, execution_id: str) -> None:
        """The exchange undoes an execution; the stream of activities alone says so."""
        fill = next(one for one in self.activities if one["id"].endswith(execution_id))
        order, quantity = self.orders[fill["order_id"]], Decimal(fill["qty"])
        signed = quantity if fill["side"] == "buy" else -quantity
        self.holdings[order["asset_id"]].quantity -= signed
        self.cash += signed * Decimal(fill["price"])
        details = {
            "order_id": order["id"],
            "client_order_id": order["client_order_id"],
            "side": order["side"],
            "symbol": order["symbol"],
            "asset_id": order["asset_id"],
            "leaves_qty": "0",
            "cum_qty": "0",
            "order_status": order["status"],
            "execution_type": "trade_bust",
        }
        self.messages.append(
            {
                "at": _z(self.now),
                "event_id": f"{len(self.messages):026d}",
                "activity_type": "FILL",
                "executed_at": _z(self.now),
                "status": "canceled",
                "settle_date": str(self.now.date()),
                "currency": "USD",
                "ref_id": str(uuid.uuid4()),
                "previous_id": execution_id,
                "qty": fill["qty"],
                "price": fill["price"],
                "details": details,
            }
        )

    def end(self, client_id: str, status: str = "canceled") -> None:
        """An order ends without a word, as a short does whose borrow is gone."""
        order = next(one for one in self.orders.values() if one["client_order_id"] == client_id)
        order.update(status=status, canceled_at=_z(self.now))

    def of(self, client_id: str) -> list[dict[str, Any]]:
        """Every order under a client id: the proof that there are no two."""
        return [one for one in self.orders.values() if one["client_order_id"] == client_id]

    # What Alpaca does.

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """HTTP status and body, None for an empty one. Raises `Verdict`."""
        plain: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "/v2/account"): self._account,
            ("GET", "/v2/clock"): self._clock,
            ("GET", "/v2/positions"): lambda: [self._position(key, held) for key, held in self.holdings.items() if held.quantity],
            ("GET", "/v2/assets"): lambda: [one.record() for one in self.assets.values()],
            ("GET", "/v2/orders"): lambda: self._page(query),
            ("GET", "/v2/orders:by_client_order_id"): lambda: self._found(query["client_order_id"]),
            ("GET", "/v2/account/activities"): lambda: self._activities(query),
            ("POST", "/v2/orders"): lambda: self._submit(body),
        }
        if act := plain.get((method, path)):
            return 200, act()
        if method == "DELETE" and path.startswith("/v2/orders/"):
            self._cancel(path.rpartition("/")[2])
            return 204, None
        raise Verdict(404, 40410000, f"endpoint not found: {path}")

    def _found(self, client_id: str) -> dict[str, Any]:
        if not (there := self.of(client_id)):
            raise Verdict(404, 40410000, f"order not found for {client_id}")
        return there[0]

    def _submit(self, body: dict[str, Any]) -> dict[str, Any]:
        if unknown := set(body) - FIELDS:
            raise Verdict(422, 40010000, f"request body format is invalid: unknown field {min(unknown)}")
        if self.of(body["client_order_id"]):
            raise Verdict(422, 40010001, "client_order_id must be unique")
        asset = self.assets.get(body["symbol"])
        if asset is None or not asset.tradable:
            raise Verdict(422, 42210000, f'asset "{body["symbol"]}" is not found or not tradable')
        self._check_window(body)
        self._check_price(body)
        self._check_shares(body, asset)
        self.count += 1
        order = self._order(body, asset)
        self.orders[order["id"]] = order
        if body["time_in_force"] == "day" and body["type"] == "market" and self._in_session():
            self._fill(order, Decimal(body["qty"]), self.prices[body["symbol"]])
        return order

    def _check_window(self, body: dict[str, Any]) -> None:
        clock = self.now.astimezone(NEW_YORK).time()
        if body["time_in_force"] == "opg":
            if clock_time(9, 28) <= clock < clock_time(19):
                raise Verdict(403, 40310000, "opg orders must be submitted after 7:00pm and before 9:28am")
            if body["type"] not in {"market", "limit"} or Decimal(body["qty"]) % 1:
                raise Verdict(422, 42210000, "opg orders must be market or limit orders of whole shares")

    def _check_price(self, body: dict[str, Any]) -> None:
        if (price := body.get("stop_price")) is not None:
            places = 2 if Decimal(price) >= 1 else 4
            if -int(Decimal(price).normalize().as_tuple().exponent) > places:
                raise Verdict(422, 42210000, f"invalid stop_price {price}. sub-penny increment does not fulfill minimum pricing criteria")

    def _check_shares(self, body: dict[str, Any], asset: Asset) -> None:
        """Shares to sell, borrow, the opposite order and buying power."""
        quantity, held = Decimal(body["qty"]), self.holdings.get(asset.id, Holding()).quantity
        opposite = [one for one in self._live(asset.symbol) if one["side"] != body["side"] and one["type"] in {"market", "stop"}]
        if opposite:
            words = "potential wash trade detected. use complex orders"
            reason = "opposite side market/stop order exists"
            raise Verdict(403, 40310000, words, existing_order_id=opposite[0]["id"], reject_reason=reason)
        closes = body["position_intent"].endswith("to_close")
        if closes:
            free = abs(held) - self._held_for_orders(asset.id)
            if quantity > free or (held > 0) != (body["side"] == "sell"):
                words = f"insufficient qty available for order (requested: {quantity}, available: {max(free, Decimal(0))})"
                raise Verdict(403, 40310000, words, available=str(free), existing_qty=str(abs(held)), symbol=asset.symbol)
            return
        if body["side"] == "sell" and (not asset.shortable or asset.borrow != "easy_to_borrow" or not self.shorting):
            raise Verdict(422, 42210000, f'asset "{asset.symbol}" cannot be sold short')
        if quantity * self.prices[asset.symbol] * CUSHION > self._buying_power():
            raise Verdict(403, 40310000, "insufficient buying power", buying_power=f"{self._buying_power():.2f}")

    def _order(self, body: dict[str, Any], asset: Asset) -> dict[str, Any]:
        at = _z(self.now + timedelta(microseconds=self.count))
        empty = ("filled_at", "expired_at", "canceled_at", "failed_at", "replaced_at", "replaced_by", "replaces", "notional")
        return {
            **dict.fromkeys((*empty, "filled_avg_price", "limit_price", "stop_price", "trail_price", "trail_percent", "hwm", "legs")),
            "id": str(uuid.uuid4()),
            "asset_id": asset.id,
            "asset_class": "us_equity",
            "created_at": at,
            "updated_at": at,
            "submitted_at": at,
            "expires_at": _z(self.now + timedelta(days=1)),
            "filled_qty": "0",
            "order_class": "",
            "order_type": body["type"],
            "status": "accepted",
            "extended_hours": False,
            "source": "access_key",
            "subtag": None,
            **{key: value for key, value in body.items() if key in FIELDS},
        }

    def _cancel(self, identity: str) -> None:
        order = self.orders.get(identity)
        if order is None:
            raise Verdict(404, 40410000, f"order not found for {identity}")
        clock = self.now.astimezone(NEW_YORK).time()
        if order["status"] not in LIVE or (order["time_in_force"] == "opg" and clock_time(9, 28) <= clock < clock_time(9, 30)):
            raise Verdict(422, 42210000, f'order is not cancelable in state "{order["status"]}"')
        order.update(status="canceled", canceled_at=_z(self.now))

    def _open(self) -> None:
        for order in [one for one in self.orders.values() if one["status"] in LIVE and one["type"] == "market"]:
            shown = self.auctions.get(order["symbol"], (self.prices[order["symbol"]], None))
            wanted = Decimal(order["qty"])
            if shown is not None:
                self._fill(order, min(wanted, shown[1] if shown[1] is not None else wanted), shown[0])
            if order["status"] in LIVE and order["time_in_force"] == "opg":
                order.update(status="canceled", canceled_at=_z(self.now))
        self.prices |= {symbol: one[0] for symbol, one in self.auctions.items() if one}
        self.auctions.clear()

    def _close(self) -> None:
        for order in self.orders.values():
            if order["status"] in LIVE and order["time_in_force"] == "day" and order["submitted_at"] < _z(self.now):
                order.update(status="expired", expired_at=_z(self.now))

    def _fill(self, order: dict[str, Any], quantity: Decimal, price: Decimal) -> None:
        if quantity <= 0:
            return
        held = self.holdings.setdefault(order["asset_id"], Holding())
        signed = quantity if order["side"] == "buy" else -quantity
        if held.quantity * signed >= 0:
            held.price = (abs(held.quantity) * held.price + quantity * price) / (abs(held.quantity) + quantity)
        held.quantity += signed
        self.cash -= signed * price
        before, total = Decimal(order["filled_qty"]), Decimal(order["filled_qty"]) + quantity
        whole = total == Decimal(order["qty"])
        paid = (Decimal(order["filled_avg_price"] or 0) * before + price * quantity) / total
        order.update(filled_qty=str(total), filled_avg_price=str(paid), status="filled" if whole else "partially_filled")
        order["filled_at"] = _z(self.now) if whole else None
        self.activities.append(
            {
                "activity_type": "FILL",
                "id": f"{self.now:%Y%m%d%H%M%S}{len(self.activities):06d}::{uuid.uuid4()}",
                "qty": str(quantity),
                "cum_qty": str(total),
                "leaves_qty": str(Decimal(order["qty"]) - total),
                "price": str(price),
                "side": order["side"],
                "symbol": order["symbol"],
                "transaction_time": _z(self.now),
                "order_id": order["id"],
                "order_status": order["status"],
                "type": "fill" if whole else "partial_fill",
            }
        )

    def _activity(self, kind: str, sub: str, symbol: str, quantity: Decimal, dollars: Decimal) -> None:
        self.activities.append(
            {
                "activity_type": kind,
                "activity_sub_type": sub,
                "date": str(self.now.date()),
                "created_at": _z(self.now),
                "id": f"{self.now:%Y%m%d%H%M%S}{len(self.activities):06d}::{uuid.uuid4()}",
                "net_amount": str(dollars),
                "symbol": symbol,
                "qty": str(quantity),
                "status": "executed",
                "currency": "USD",
            }
        )

    def _account(self) -> dict[str, Any]:
        long, short = self._worth(1), self._worth(-1)
        equity = f"{self.cash + long + short:.2f}"
        return {
            "id": self.identity,
            "account_number": self.number,
            "status": "ACTIVE",
            "currency": "USD",
            "cash": f"{self.cash:.2f}",
            "equity": equity,
            "last_equity": equity,
            "portfolio_value": equity,
            "buying_power": f"{self._buying_power():.2f}",
            "multiplier": str(self.multiplier),
            "shorting_enabled": self.shorting,
            "long_market_value": f"{long:.2f}",
            "short_market_value": f"{short:.2f}",
            "account_blocked": False,
            "trading_blocked": False,
            "transfers_blocked": False,
            "trade_suspended_by_user": False,
            "created_at": "2026-01-02T15:00:00Z",
            "balance_asof": str(self.now.date()),
        }

    def _clock(self) -> dict[str, Any]:
        local = self.now.astimezone(NEW_YORK)
        day = local.date() + timedelta(days=1 if local.time() >= clock_time(9, 30) else 0)
        while day.weekday() > 4:
            day += timedelta(days=1)
        opens, closes = (datetime.combine(day, hour, NEW_YORK).isoformat() for hour in (clock_time(9, 30), clock_time(16)))
        return {"timestamp": local.isoformat(), "is_open": self._in_session(), "next_open": opens, "next_close": closes}

    def _position(self, key: str, held: Holding) -> dict[str, Any]:
        asset = next(one for one in self.assets.values() if one.id == key)
        price = self.prices[asset.symbol]
        gain = held.quantity * (price - held.price)
        return {
            "asset_id": key,
            "symbol": asset.symbol,
            "exchange": asset.exchange,
            "asset_class": "us_equity",
            "asset_marginable": True,
            "qty": str(held.quantity),
            "side": "long" if held.quantity > 0 else "short",
            "avg_entry_price": str(held.price),
            "qty_available": str(held.quantity - self._held_for_orders(key) * (1 if held.quantity > 0 else -1)),
            "market_value": str(held.quantity * price),
            "cost_basis": str(held.quantity * held.price),
            "current_price": str(price),
            "lastday_price": str(price),
            "change_today": "0",
            "unrealized_pl": str(gain),
            "unrealized_plpc": "0",
            "unrealized_intraday_pl": str(gain),
            "unrealized_intraday_plpc": "0",
        }

    def _page(self, query: dict[str, str]) -> list[dict[str, Any]]:
        status, limit = query.get("status", "open"), int(query.get("limit", 50))
        rows = [one for one in self.orders.values() if status == "all" or (one["status"] in LIVE) == (status == "open")]
        if "after" in query:
            start = datetime.fromisoformat(query["after"])
            rows = [one for one in rows if datetime.fromisoformat(one["submitted_at"]) > start]
        if "after_order_id" in query:
            start = datetime.fromisoformat(self.orders[query["after_order_id"]]["submitted_at"])
            rows = [one for one in rows if datetime.fromisoformat(one["submitted_at"]) > start]
        rows = rows if query.get("direction") == "asc" else rows[::-1]
        return [dict(one) for one in rows[: min(limit, 500)]]

    def _activities(self, query: dict[str, str]) -> list[dict[str, Any]]:
        start = datetime.fromisoformat(query["after"])
        rows = [one for one in self.activities if datetime.fromisoformat(one.get("transaction_time") or one["created_at"]) > start]
        rows = rows if query.get("direction") == "asc" else rows[::-1]
        if token := query.get("page_token"):
            rows = rows[[one["id"] for one in rows].index(token) + 1 :]
        return rows[: int(query.get("page_size", 100))]

    def _live(self, symbol: str) -> list[dict[str, Any]]:
        return [one for one in self.orders.values() if one["symbol"] == symbol and one["status"] in LIVE]

    def _held_for_orders(self, key: str) -> Decimal:
        closing = [one for one in self.orders.values() if one["asset_id"] == key and one["status"] in LIVE and _closes(one)]
        return sum((Decimal(one["qty"]) - Decimal(one["filled_qty"]) for one in closing), Decimal(0))

    def _worth(self, sign: int) -> Decimal:
        prices = {asset.id: self.prices[asset.symbol] for asset in self.assets.values()}
        return sum((held.quantity * prices[key] for key, held in self.holdings.items() if held.quantity * sign > 0), Decimal(0))

    def _buying_power(self) -> Decimal:
        long, short = self._worth(1), self._worth(-1)
        opening = [one for one in self.orders.values() if one["status"] in LIVE and not _closes(one)]
        reserved = sum(
            ((Decimal(one["qty"]) - Decimal(one["filled_qty"])) * self.prices[one["symbol"]] * CUSHION for one in opening), Decimal(0)
        )
        return max(Decimal(0), self.multiplier * (self.cash + long + short) - long + short - reserved)

    def _in_session(self) -> bool:
        local = self.now.astimezone(NEW_YORK)
        return local.weekday() < 5 and clock_time(9, 30) <= local.time() < clock_time(16)


def _closes(order: dict[str, Any]) -> bool:
    return str(order.get("position_intent", "")).endswith("to_close")


def _z(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextmanager
def running(fake: FakeAlpaca) -> Iterator[FakeAlpaca]:
    """The server on a port of this machine; `fake.url` is its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
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


def _handler(fake: FakeAlpaca) -> type[BaseHTTPRequestHandler]:  # noqa: C901 (the faults of a wire, one after the other)
    class Answers(BaseHTTPRequestHandler):
        protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True

        rate: ClassVar[dict[str, str]] = {}

        def serve(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            with fake.lock:
                fake.requests.append((self.command, self.path, body))
                fault = self.due(parts.path)
            if self.headers.get("APCA-API-KEY-ID") != KEYS[0] or self.headers.get("APCA-API-SECRET-KEY") != KEYS[1]:
                return self.reply(401, {"message": "unauthorized"})
            if self.over():
                return self.reply(429, {"code": 42910000, "message": "rate limit exceeded"})
            if parts.path == "/v2beta1/events/activities":
                return self.stream(query)
            return self.act(parts.path, query, body, fault)

        do_GET = do_POST = do_DELETE = serve  # noqa: N815 (as the server calls them)

        def act(self, path: str, query: dict[str, str], body: Any, fault: Fault | None) -> None:
            kind = fault.kind if fault else ""
            if fault and kind in {"silence_before", "storm", "answer"}:
                return self.fail(fault)
            with fake.lock:
                if judge := contract():
                    fake.violations += judge.request(self.command, path, query, body)
                before = set(fake.orders)
                try:
                    status, answer = fake.answer(self.command, path, query, body)
                except Verdict as verdict:
                    status, answer = verdict.status, verdict.body
                answer = json.loads(json.dumps(answer))
                if judge and status < 300 and answer is not None:
                    fake.violations += judge.answer(self.command, path, status, answer)
                if kind == "dropped":
                    for one in set(fake.orders) - before:
                        del fake.orders[one]
            if fault and kind in {"silence_after", "cut_after", "gateway_after"}:
                return self.fail(fault)
            if kind == "garbled":
                return self.raw(200, b'{"id": "not whole', {"Content-Type": "application/json"})
            return self.reply(status, fault.change(answer) if fault and fault.change and status < 300 else answer)

        def fail(self, fault: Fault) -> None:
            if fault.kind.startswith("silence"):
                time.sleep(fault.seconds)
                self.close_connection = True
            elif fault.kind == "cut_after":
                self.close_connection = True
                self.connection.close()
            elif fault.kind == "gateway_after":
                self.raw(504, b"<html>Gateway Time-out</html>", {"Content-Type": "text/html"})
            elif fault.kind == "storm":
                headers = {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(time.time() + fault.reset)}
                self.reply(429, {"code": 42910000, "message": "rate limit exceeded"}, **headers)
            elif isinstance(fault.content, str):
                self.raw(fault.status, fault.content.encode(), {"Content-Type": "text/html"})
            else:
                self.reply(fault.status, fault.content)

        def due(self, path: str) -> Fault | None:
            for fault in fake.faults:
                if fault.method == self.command and path.startswith(fault.path) and fault.times > 0:
                    if fault.after > 0:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    return fault
            return None

        def over(self) -> bool:
            """Whether this request is one too many of its minute."""
            now = time.time()
            with fake.lock:
                fake.window = [one for one in fake.window if one > now - 60]
                full = len(fake.window) >= fake.limit
                fake.window += [] if full else [now]
                left, reset = fake.limit - len(fake.window), (fake.window or [now])[0] + 60
                self.rate = {"X-RateLimit-Limit": str(fake.limit), "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": str(reset)}
            return full

        def stream(self, query: dict[str, str]) -> None:
            if not fake.stream_there:
                return self.reply(404, {"code": 40410000, "message": "endpoint not found"})
            start, end = datetime.fromisoformat(query["since"]), datetime.fromisoformat(query["until"])
            told = [one for one in fake.messages if start <= datetime.fromisoformat(one["at"]) <= end]
            lines = fake.noise + "".join(f"data: {json.dumps(one)}\n\n" for one in told)
            return self.raw(200, lines.encode(), {"Content-Type": "text/event-stream"})

        def reply(self, status: int, body: Any, **headers: str) -> None:
            content = b"" if body is None else json.dumps(body).encode()
            self.raw(status, content, {"Content-Type": "application/json", **headers})

        def raw(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response_only(status)
            self.send_header("Date", format_datetime(fake.now.astimezone(UTC), usegmt=True))
            for name, value in {**self.rate, **headers}.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Answers
