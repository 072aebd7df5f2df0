"""TWS' text protocol as its server writes it, version 178: every message as the fields that ib_async 2.1 reads, in their order."""

import struct
from collections.abc import Mapping
from socket import socket
from typing import Any

VERSION = 178
E = ""
NAME = "conId symbol secType expiry strike right multiplier exchange currency localSymbol tradingClass"
OPEN_HEAD = f"orderId {NAME} action quantity type limit"
OPEN_TAIL = "aux tif oca account openClose origin orderRef clientId permId"
DONE_HEAD = f"{NAME} action quantity type limit"
DONE_TAIL = "aux tif oca account openClose origin orderRef permId"
CONTRACT = {"secType": "STK", "strike": 0, "right": "?", "exchange": "SMART", "currency": "USD", "limit": 0.0, "origin": 0}
EXECUTION_HEAD = f"orderId {NAME} execId time account"
EXECUTION_TAIL = "venue side shares price permId clientId liquidation cumQty avgPrice orderRef"


def frame(*fields: object) -> bytes:
    """One message."""
    body = b"".join(str(one).encode() + b"\0" for one in fields)
    return struct.pack(">I", len(body)) + body


def read_frame(line: socket) -> list[str] | None:
    """The fields of the next message; None where the other side is gone."""
    head = _exactly(line, 4)
    body = None if head is None else _exactly(line, struct.unpack(">I", head)[0])
    return None if body is None else body.decode().split("\0")[:-1]


def _exactly(line: socket, count: int) -> bytes | None:
    found = b""
    while len(found) < count:
        try:
            part = line.recv(count - len(found))
        except OSError:
            return None
        if not part:
            return None
        found += part
    return found


def read_greeting(line: socket) -> str | None:
    """The versions that a client speaks."""
    if _exactly(line, 4) != b"API\0":
        return None
    head = _exactly(line, 4)
    body = None if head is None else _exactly(line, struct.unpack(">I", head)[0])
    return None if body is None else body.decode()


def _named(names: str, values: Mapping[str, Any]) -> list[object]:
    known = {**CONTRACT, **values, "localSymbol": values["symbol"], "tradingClass": "NMS"}
    return [known.get(one, E) for one in names.split()]


def open_order(values: Mapping[str, Any]) -> bytes:
    """An open order (5); `status` is TWS' word for it."""
    head = [5, *_named(f"{OPEN_HEAD} {OPEN_TAIL}", values), 0, 0, 0.0, E, E, E, E, E]
    middle = [E, E, E, E, E, 0, E, -1, 0, *[E] * 6, 0, 0, 0, E, 3, 0, 0, E, 0, 0, E, 0, E, E]
    legs = [0, 0, E, E, E, E, E, 0, 0, 0, E, E, E, E, 0, E, "IB", 0, 0, E]
    state = [0, 0, values["status"], *[E] * 9, E, E, E, E, values.get("warning", E), 0, 0, 0]
    tail = ["None", *[E] * 6, 0, E, E, E, E, 0, 0, 0, E, E, E, E, *[E] * 5]
    return frame(*head, *middle, *legs, *state, *tail)


def completed_order(values: Mapping[str, Any]) -> bytes:
    """An order that is over (101): without its orderId, with what filled and how it ended."""
    head = [101, *_named(f"{DONE_HEAD} {DONE_TAIL}", values), 0, 0, 0.0, E, E, E, E]
    middle = [E, E, E, E, E, 0, E, -1, *[E] * 6, 0, 0, E, 3, 0, E, 0, E, E]
    legs = [0, 0, E, E, E, 0, 0, 0, E, E, E, E, E, "IB", 0, 0, E, 0, values["status"], 0, 0, 0]
    tail = [E, E, E, 0, 0, E, values["filled"], 0, 0, E, 0, 0, 0, values["ended"], values["ended_word"], *[E] * 5]
    return frame(*head, *middle, *legs, *tail)


def order_status(values: Mapping[str, Any]) -> bytes:
    """How an order stands (3)."""
    rest = values["quantity"] - values["filled"]
    head = (3, values["orderId"], values["status"], values["filled"], rest, values["average"], values["permId"], 0)
    return frame(*head, values["average"], values["clientId"], E, 0)


def execution(request: int, values: Mapping[str, Any]) -> bytes:
    """An execution (11), unasked for with `request` -1."""
    return frame(11, request, *_named(f"{EXECUTION_HEAD} {EXECUTION_TAIL}", values), E, E, E, 2, 0)


def commission(identity: str, dollars: object) -> bytes:
    """What an execution cost (59)."""
    return frame(59, 1, identity, dollars, "USD", E, E, E)


def position(account: str, symbol: str, con_id: int, shares: object, cost: object) -> bytes:
    """One position (61)."""
    return frame(61, 3, account, con_id, symbol, "STK", E, 0, E, E, "NASDAQ", "USD", symbol, "NMS", shares, cost)


def portfolio(account: str, symbol: str, con_id: int, shares: float, price: float, cost: float) -> bytes:
    """One line of the portfolio (7)."""
    contract = (con_id, symbol, "STK", E, 0, "0", E, "NASDAQ", "USD", symbol, "NMS")
    return frame(7, 8, *contract, shares, price, shares * price, cost, shares * (price - cost), 0.0, account)


def contract_details(request: int, values: Mapping[str, Any]) -> bytes:
    """One contract that fits a question (10); `hours` are its sessions in New York."""
    head = (10, request, values["symbol"], "STK", E, 0, E, "SMART", values["currency"], values["symbol"], "NMS", "NMS", values["conId"])
    middle = (0.01, E, "MKT,STP,OPG", "SMART,NASDAQ,NYSE", 1, 0, values["symbol"], values["primary"], *[E] * 4)
    tail = ("US/Eastern", values["hours"], values["hours"], E, E, 0, 1, E, E, "26", E, values["kind"], 1, 1, 100)
    return frame(*head, *middle, *tail)


def error(identity: int, code: int, text: str) -> bytes:
    """An error or a notice (4); `identity` is the order's, the question's, or -1."""
    return frame(4, 2, identity, code, text, E)
