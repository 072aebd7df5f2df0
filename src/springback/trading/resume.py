"""The desk's memory over a restart: what no broker knows, and what the broker says to it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from springback.market.book import NEVER, enter
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
    book = desk.book
    positions = {
        desk.symbols[name]: {
            "quantity": int(book.quantity[name]),
            "waiting": int(book.waiting[name]),
            "waited": int(book.waited[name]),
            "closing": bool(book.closing[name]),
            "held": int(book.held[name]),
            "entry_price": float(book.entry_price[name]) if book.quantity[name] else None,
        }
        for name in np.flatnonzero((book.quantity != 0) | (book.waiting != 0))
    }
    left = np.minimum(book.since_long, book.since_short) < desk.cool_down
    cooling = {desk.symbols[name]: [_counted(book.since_long[name]), _counted(book.since_short[name])] for name in np.flatnonzero(left)}
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
    """The state in `text`, as `state_of` gave it to JSON; where it is damaged, no state, and the line that says so."""
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
        shown = " ".join(str(error).split())[:80]
        return {}, [f"the book of the last run cannot be read ({shown}): what the broker holds is taken over as filled today"]
    return dict(state), []


def _number(value: Any, unknown: bool = False) -> float:
    """A finite number, or NaN where it may be `unknown`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or np.isinf(value) or (np.isnan(value) and not unknown):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def restore(desk: Desk, state: Mapping[str, Any], held: Mapping[str, Holding], open_orders: Iterable[str]) -> list[str]:
    """Fills an empty desk's book; what the broker says wins. Returns one line for each thing that `state` and broker disagree on.

    `held` is what the broker holds, by symbol; `open_orders` the symbols with an order at the market. A position that `state` does not
    know is taken over as filled today; an entry without an order is dropped. Sessions that passed meanwhile count as held, and as waited
    by an entry; a desk that has seen VIX keeps what it saw.
    """
    said: list[str] = []
    known: Mapping[str, Mapping[str, Any]] = state.get("positions", {})
    missed = desk.rolling.since(np.datetime64(state["session"])) if "session" in state else 0
    asked = set(open_orders)
    if not desk.vix:
        desk.see_vix(state.get("vix", ()))
    desk.was_bear = state.get("bear")
    for symbol, (long, short) in state.get("cooling", {}).items():
        if symbol in desk.columns:
            name = desk.columns[symbol]
            desk.book.since_long[name] = NEVER if long is None else long + missed
            desk.book.since_short[name] = NEVER if short is None else short + missed
    for symbol in sorted(set(known) | set(held)):
        if symbol not in desk.columns:
            said.append(f"{symbol} is held at the broker but is not among the names: left alone")
        elif symbol in held:
            said += _take_over(desk, symbol, known.get(symbol, {}), held[symbol], symbol in asked, missed)
        elif known[symbol]["waiting"] and symbol in asked:
            _wait(desk, symbol, known[symbol], missed)
        else:
            said.append(f"{symbol}: the book had shares or an order, the broker has neither: taken as gone")
            _gone(desk, symbol, known[symbol]["quantity"])
    return said


def _wait(desk: Desk, symbol: str, known: Mapping[str, Any], missed: int) -> None:
    """The order that waited at the last run still does, and is as many sessions older."""
    name = desk.columns[symbol]
    desk.book.waiting[name], desk.book.waited[name] = known["waiting"], known.get("waited", 0) + missed


def _gone(desk: Desk, symbol: str, quantity: int) -> None:
    """A position that went while nobody looked cools down from today on."""
    since = desk.book.since_long if quantity > 0 else desk.book.since_short
    if quantity:
        since[desk.columns[symbol]] = 0


def _take_over(desk: Desk, symbol: str, known: Mapping[str, Any], held: Holding, asked: bool, missed: int) -> list[str]:
    name = desk.columns[symbol]
    same = known.get("quantity") == held.quantity
    enter(desk.book, name, held.quantity, known["entry_price"] if same else held.average_price, held.price)
    desk.book.held[name] = known["held"] + missed if known else 0
    desk.book.closing[name] = bool(known.get("closing") and asked)
    if known.get("waiting", 0) * held.quantity > 0 and asked and same:
        _wait(desk, symbol, known, missed)  # the rest of an entry, or more of what is held
    if same:
        return []
    return [f"{symbol}: the broker holds {held.quantity} shares, the book {known.get('quantity', 0)}: the broker is followed"]
