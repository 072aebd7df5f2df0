"""The desk's memory over a restart: what no broker knows, and what the broker says to it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from springback.market.book import (
    ALL,
    CANCELLED,
    CORRECTED,
    DROPPED,
    MARKED,
    NEVER,
    ORDERED,
    SESSION_CLOSED,
    Event,
    Line,
    line_of,
    remember,
)
from springback.trading.desk import Desk


@dataclass(frozen=True)
class Holding:
    """A position as a broker reports it: signed shares, their average price and the last price, dollars."""

    quantity: int
    average_price: float
    price: float


def state_of(desk: Desk) -> dict[str, Any]:
    """What a restart needs, as plain values for JSON: the newest session, VIX of the regime's window, the regime, positions and waiting
    entries, and the names that cool down with their sessions since a long and a short (null: none).
    """
    lines = {symbol: line_of(desk.book, name) for symbol, name in desk.columns.items()}
    positions = {
        symbol: {
            "quantity": line.quantity,
            "waiting": line.waiting,
            "waited": line.waited,
            "closing": line.closing,
            "held": line.age,
            "entry_price": line.entry_price if line.quantity else None,
        }
        for symbol, line in lines.items()
        if line.quantity or line.waiting
    }
    cooling = {
        symbol: [_counted(line.since_long), _counted(line.since_short)]
        for symbol, line in lines.items()
        if min(line.since_long, line.since_short) < desk.cool_down
    }
    return {
        "session": str(desk.rolling.newest),
        "vix": list(desk.vix),
        "bear": desk.was_bear,
        "positions": positions,
        "cooling": cooling,
    }


def _counted(since: int) -> int | None:
    return None if since >= NEVER else int(since)


def read(text: str) -> tuple[dict[str, Any], list[str]]:
    """The state in `text`, as `state_of` gave it to JSON; where it is damaged, no state, and the line that says so.

    Raises nothing: each thing that is another kind is such a line.
    """
    try:
        state = json.loads(text)
        _ = date.fromisoformat(state["session"]), [_number(one, unknown=True) for one in state["vix"]]
        for long, short in state["cooling"].values():
            if not (isinstance(long, int | None) and isinstance(short, int | None)):
                raise ValueError("a count is another kind")
        if not isinstance(state["bear"], bool | None):
            raise ValueError("the regime is another kind")
        for one in state["positions"].values():
            one.setdefault("waited", 0)  # a book of a program that did not count it
            whole = all(type(one[name]) is int for name in ("quantity", "waiting", "waited", "held"))
            if not whole or type(one["closing"]) is not bool:
                raise ValueError("a position is another kind")
            if one["quantity"] != 0 and not _number(one["entry_price"]) > 0:
                raise ValueError("an entry price is not above 0")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        return {}, unreadable(error)
    return dict(state), []


def unreadable(error: Exception) -> list[str]:
    """The line that tells of a book that cannot be read."""
    shown = " ".join(str(error).split())[:80]
    return [f"the book of the last run cannot be read ({shown}): nothing of what the broker holds is known to be ours"]


def _number(value: Any, unknown: bool = False) -> float:
    """A finite number, or NaN where it may be `unknown`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or np.isinf(value) or (np.isnan(value) and not unknown):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def restore(desk: Desk, state: Mapping[str, Any], holdings: Mapping[str, Holding], open_orders: Iterable[str]) -> list[str]:
    """Fills an empty desk's book; what the broker says wins. Returns one line for each thing that `state` and broker disagree on.

    `holdings` are what the broker holds, by symbol; `open_orders` the symbols with an order at the market, or with one that is still to
    be sent. Of names that `state` knows the broker is followed; shares and orders in any other are not ours: the name is no candidate,
    and nothing is sold of it. An entry without an order is dropped. Sessions that passed meanwhile count as held, and as waited by an
    entry; a desk that has seen VIX keeps what it saw.
    """
    known: Mapping[str, Mapping[str, Any]] = state.get("positions", {})
    cooling = state.get("cooling", {})
    if not desk.vix:
        desk.see_vix(state.get("vix", ()))
    desk.was_bear = state.get("bear")
    for symbol in sorted((set(known) | set(cooling)) & set(desk.columns)):
        remember(desk.book, desk.columns[symbol], _line(known.get(symbol, {}), cooling.get(symbol, (None, None))))
    for _ in range(desk.rolling.since(np.datetime64(state["session"])) if "session" in state else 0):
        desk.apply(Event(SESSION_CLOSED, ALL))
    ordered, lines = set(open_orders), []
    for symbol in sorted(set(known) | set(holdings) | ordered):
        if symbol not in known:
            lines.append(_refuse(desk, symbol, holdings.get(symbol)))
        elif symbol not in desk.columns:
            lines.append(f"{symbol} is in the book but is not among the names any more: left alone")
        elif symbol in holdings:
            lines += _follow(desk, symbol, holdings[symbol], symbol in ordered)
        else:
            lines += _miss(desk, symbol, symbol in ordered)
    return lines


def _refuse(desk: Desk, symbol: str, holding: Holding | None) -> str:
    """Shares or orders that the book does not explain: the name is no candidate; the line that tells it."""
    what = "an order is at the broker" if holding is None else f"the broker holds {holding.quantity} shares"
    if symbol in desk.columns:
        desk.refuse(symbol)
        return f"{symbol}: {what}, the book knows of none: not ours, never sold by us, and the name is no candidate"
    return f"{symbol}: {what}, and it is not among the names: left alone"


def _line(position: Mapping[str, Any], cooling: Iterable[int | None]) -> Line:
    """A name's line as the state tells it; what it does not tell is nothing."""
    price = position.get("entry_price")
    since_long, since_short = (NEVER if since is None else since for since in cooling)
    counts = {name: position.get(name, 0) for name in ("quantity", "waiting", "waited")}
    return Line(
        **counts,
        age=position.get("held", 0),
        closing=position.get("closing", False),
        entry_price=np.nan if price is None else price,
        since_long=since_long,
        since_short=since_short,
    )


def _miss(desk: Desk, symbol: str, open_order: bool) -> list[str]:
    """The broker holds nothing of a name of the book: only an order can be left. A position that went while nobody looked cools down."""
    name = desk.columns[symbol]
    waiting = int(desk.book.waiting[name])
    if desk.book.quantity[name] or not open_order:
        desk.apply(Event(CORRECTED, name))
    if waiting and open_order:
        if not desk.book.waiting[name]:
            desk.apply(Event(ORDERED, name, waiting))
        return []
    return [f"{symbol}: the book had shares or an order, the broker has neither: taken as gone"]


def _follow(desk: Desk, symbol: str, holding: Holding, open_order: bool) -> list[str]:
    """What the broker holds of a name, and what of its orders is still at the market, as events; the line that tells a difference."""
    name = desk.columns[symbol]
    before = int(desk.book.quantity[name])
    if before != holding.quantity:
        desk.apply(Event(CORRECTED, name, holding.quantity, holding.average_price))
    if desk.book.waiting[name] and not (open_order and before == holding.quantity):
        desk.apply(Event(CANCELLED, name))
    if desk.book.closing[name] and not open_order:
        desk.apply(Event(DROPPED, name, -holding.quantity))
    desk.apply(Event(MARKED, name, value=holding.price))
    if before == holding.quantity:
        return []
    return [f"{symbol}: the broker holds {holding.quantity} shares, the book {before}: the broker is followed"]
