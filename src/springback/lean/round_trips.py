"""Positions opened and closed, from the fills alone: trades, splits that the quantities betray, positions at the end of a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import copysign
from typing import Any

import numpy as np
import pandas as pd

DELISTING = "Liquidate from delisting"
"""The tag that LEAN puts on the order by which it closes what was delisted: a text of its own."""
RESTING = "resting_stop@"
CLOSING = ("stop_loss", "time_stop", "beyond_yesterday", DELISTING)
"""Reasons that close a whole position: another quantity than the one held means that the shares were split."""
LARGEST_SPLIT = 200
DUST = 1e-9


@dataclass
class _Position:
    quantity: float = 0.0
    price: float = 0.0
    fees: float = 0.0
    since: pd.Timestamp = field(default_factory=lambda: pd.Timestamp(0))
    order: int = 0


@dataclass(frozen=True, eq=False)
class RoundTrips:
    """`trades` one row a closed position; `splits` (date, symbol, event, value); `positions` {symbol: quantity} after each day on which
    it changed, by date; what is closed at midnight was still held at the close before."""

    trades: pd.DataFrame
    splits: pd.DataFrame
    positions: dict[pd.Timestamp, dict[str, float]]


def session_of(times: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The day a fill belongs to: its own, and the day before for midnight, where LEAN closes what was delisted."""
    days = times.dt.normalize()
    session: pd.Series[pd.Timestamp] = days.where(times != days, days - pd.Timedelta(days=1))
    return session


def round_trips(fills: pd.DataFrame) -> RoundTrips:
    """Walks the fills (order_id, time, symbol, quantity, price, fee, reason) in order of time."""
    fills = fills.assign(time=pd.to_datetime(fills["time"]))
    whole = fills.groupby("order_id")["quantity"].sum().to_dict()
    held: dict[str, _Position] = {}
    trades: list[dict[str, Any]] = []
    splits: list[tuple[pd.Timestamp, str, str, float]] = []
    positions: dict[pd.Timestamp, dict[str, float]] = {}
    for session, fill in zip(session_of(fills["time"]), fills.to_dict("records"), strict=True):
        at = held.setdefault(fill["symbol"], _Position())
        total = whole[fill["order_id"]]
        if (
            fill["reason"] in CLOSING
            and at.quantity * total < 0
            and abs(abs(at.quantity) - abs(total)) > DUST
            and fill["quantity"] == total
        ):
            value = split_between(abs(at.quantity), abs(total))
            splits.append((session, fill["symbol"], "split", value))
            at.price *= value
            at.quantity = -float(total)
        trades += _apply(at, fill, session)
        positions[fill["time"].normalize()] = {symbol: one.quantity for symbol, one in held.items() if abs(one.quantity) > DUST}
    return RoundTrips(_trades_frame(trades), pd.DataFrame(splits, columns=["date", "symbol", "event", "value"]), positions)


def split_between(before: float, after: float) -> float:
    """The simplest old-for-new ratio that makes `after` shares of `before`, fractions dropped; the plain ratio where none is simple."""
    for total in range(3, LARGEST_SPLIT + 2):
        for old in range(1, total):
            new = total - old
            if old != new and int(before * new / old) == after:
                return old / new
    return before / after


def _apply(at: _Position, fill: Mapping[Any, Any], session: pd.Timestamp) -> list[dict[str, Any]]:
    """Books a fill on its position; the trade that it closes, if it closes one."""
    quantity, price, fee = float(fill["quantity"]), float(fill["price"]), float(fill["fee"])
    if at.quantity * quantity >= 0:
        if at.quantity == 0:
            at.since, at.order, at.fees = session, int(fill["order_id"]), 0.0
        at.price = (at.price * at.quantity + price * quantity) / (at.quantity + quantity)
        at.quantity += quantity
        at.fees += fee
        return []
    trade = _closed(at, fill, session)
    left = at.quantity + quantity
    at.fees *= 1 - trade["quantity"] / abs(at.quantity)
    if left * at.quantity < 0:
        at.since, at.order, at.price, at.fees = session, int(fill["order_id"]), price, fee * abs(left) / abs(quantity)
    at.quantity = 0.0 if abs(left) < DUST else left
    if at.quantity == 0.0:
        at.price = 0.0
    return [trade]


def _closed(at: _Position, fill: Mapping[Any, Any], session: pd.Timestamp) -> dict[str, Any]:
    """The trade that a fill against the position makes, with its part of the fees."""
    quantity, price = float(fill["quantity"]), float(fill["price"])
    closed = min(abs(quantity), abs(at.quantity))
    fees = at.fees * (closed / abs(at.quantity)) + float(fill["fee"]) * closed / abs(quantity)
    side = copysign(1.0, at.quantity)
    profit = side * closed * (price - at.price) - fees
    return {
        "symbol": fill["symbol"],
        "side": "long" if side > 0 else "short",
        "entry_date": at.since,
        "exit_date": session,
        "quantity": closed,
        "entry_price": at.price,
        "exit_price": price,
        "reason": fill["reason"],
        "fees": fees,
        "profit": profit,
        "return": profit / (closed * at.price) if at.price > 0 else np.nan,
        "entry_order": at.order,
    }


def _trades_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    texts, days = ("symbol", "side", "reason"), ("entry_date", "exit_date")
    numbers = ("quantity", "entry_price", "exit_price", "fees", "profit", "return", "entry_order")
    frame = pd.DataFrame(rows, columns=[*texts, *days, *numbers])
    return frame.astype(dict.fromkeys(texts, object) | dict.fromkeys(days, "datetime64[ns]") | dict.fromkeys(numbers, "float64"))
