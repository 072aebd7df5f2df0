"""A broker whose market is market data: what is sent before an open fills there by the backtest's own law.

It is the fold of its calls: the same market data and calls give the same orders, fills and cash, so that a file of calls is all that it
must remember. Order of the day: the morning's booking, the open, the close. A market order of the day that comes in the session fills at
its open, the one price of it that is known; a stop is judged by the whole bar; the rest of a partial fill is cancelled. There is no window:
an `opg` order is for the next open after it.
"""

import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np

from springback.brokers.broker import (
    Account,
    Activity,
    ActivityKind,
    Answer,
    Asset,
    Events,
    Fill,
    Order,
    OrderRequest,
    Position,
    State,
)
from springback.brokers.simulated_market import Law, Moved, SimulatedMarket
from springback.errors import Disagrees, InputError, Refused, SettingsError
from springback.market.market_data import MarketData
from springback.market.symbols import found_in

NUMBER = "SIMULATED"
NEW_YORK, MORNING = ZoneInfo("America/New_York"), time(2, 30)
"""When the night's interest and corporate actions are booked, as brokers do: before anybody looks in the morning."""
IN_SESSION = 2
"""Of a session its morning and its open were played, its close comes next."""
Hours = tuple[datetime, datetime]
"""When a session opens and closes, instants in UTC."""


@dataclass(frozen=True)
class Terms:
    """What the account begins with, `cash` in dollars, and may hold, `leverage` times its equity; shares of orders that are filled in
    `partial`, or turned away by luck, which `seed` and an order's id decide alone.
    """

    cash: float = 1_000_000.0
    leverage: float = 4.0
    seed: int = 0
    partial: float = 0.0
    refusal: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (("partial", 1.0), ("refusal", 1.0), ("leverage", 1000.0)):
            if not 0 <= getattr(self, name) <= most:
                raise SettingsError(f"{name} of a simulated broker must be 0 to {most:g}, was {getattr(self, name):g}")


class Simulated:
    """An account on `market_data`; `hours` are those of its sessions and of any that follow, `clock` says what time it is. Calls are kept
    in `file`, and played again from it.
    """

    name = "simulated"

    def __init__(
        self,
        market_data: MarketData,
        hours: Sequence[Hours],
        clock: Callable[[], datetime],
        law: Law,
        terms: Terms = Terms(),
        file: Path | None = None,
    ) -> None:
        """Raises `InputError` where a session has no hours, or the file is none of calls."""
        if len(hours) < len(market_data.bars.sessions):
            raise InputError(f"{len(market_data.bars.sessions)} sessions need as many hours, there are {len(hours)}")
        self.hours, self.clock, self.terms, self.file = hours, clock, terms, file
        self.symbols = market_data.bars.symbols
        self.columns = {symbol: column for column, symbol in enumerate(self.symbols)}
        self.market = SimulatedMarket(market_data, law, terms.cash)
        self.orders: dict[str, Order] = {}
        self.requests: dict[str, OrderRequest] = {}
        self.fills: list[Fill] = []
        self.activities: list[Activity] = []
        calls = _calls(file) or [{"at": clock().astimezone(UTC).isoformat(), "begin": asdict(terms)}]
        if calls[0].get("begin") != asdict(terms):
            raise InputError(f"{file} is of a simulated account on other terms, {calls[0].get('begin')}: name another file")
        self.row, self.stage = self._begin(datetime.fromisoformat(calls[0]["at"])), 0
        for call in calls[1:]:
            self._repeat(call)
        if len(calls) == 1 and not (file and file.is_file() and file.stat().st_size):
            self._keep(calls[0])

    def submit(self, order: OrderRequest) -> Answer:
        """See `Broker`. Raises `Refused` with a word of its own as code, `Disagrees`."""
        now = self._advance()
        if (there := self.orders.get(order.client_id)) is not None:
            if there.same(order):
                return Answer(there, duplicate=True)
            raise Disagrees(
                f"another order has the id {order.client_id}: {there.side} {there.quantity} {there.symbol}", symbol=order.symbol
            )
        self._check(order, now)
        self._keep({"at": now.isoformat(), "submit": {key: _text(value) for key, value in asdict(order).items()}})
        return Answer(self._take(order, now))

    def cancel(self, client_id: str) -> Answer:
        """See `Broker`. Raises `Refused` where there is none."""
        now = self._advance()
        if client_id not in self.orders:
            raise Refused(f"there is no order {client_id}: nothing to cancel", "absent", "order not found", now)
        if self.orders[client_id].live:
            self._keep({"at": now.isoformat(), "cancel": client_id})
            self._end(client_id, "cancelled")
        return Answer(self.orders[client_id])

    def events(self, since: datetime, client_ids: Collection[str] = ()) -> Events:
        """See `Broker`."""
        self._advance()
        ids = set(client_ids)
        orders = [one for one in self.orders.values() if one.live or one.client_id in ids or _after(one.submitted_at, since)]
        return Events(
            tuple(orders),
            tuple(one for one in self.fills if _after(one.at, since)),
            tuple(one for one in self.activities if _after(one.at, since)),
            frozenset(ids - set(self.orders)),
        )

    def state(self, symbols: Sequence[str] = ()) -> State:
        """See `Broker`."""
        now, book = self._advance(), self.market.book
        equity, cash = Decimal(repr(self.market.equity())), Decimal(repr(float(book.cash[0])))
        account = Account(NUMBER, "rehearsal", "USD", equity, cash, Decimal(repr(self._room())), Decimal(repr(self.terms.leverage)), True)
        positions = tuple(self._position(int(name)) for name in np.flatnonzero(book.quantity))
        spelled = {symbol: found_in(symbol, self.columns) for symbol in symbols}
        assets = {symbol: self._asset(symbol, name) for symbol, name in spelled.items() if name is not None}
        following = next((opens for opens, _ in self.hours if opens > now), None)
        return State(account, positions, now, assets, following)

    # The market goes on.

    def _begin(self, now: datetime) -> int:
        """The first session that is not over; what closed before is known. An account that is there at night earns the night's interest."""
        row = next((row for row, (_, closes) in enumerate(self.hours) if closes > now), len(self.hours))
        for before in range(min(row, len(self.market.close))):
            self.market.mark(before)
        self.market.played = 0 < row < len(self.hours) and now < _morning(self.hours[row][0])
        return row

    def _advance(self, now: datetime | None = None) -> datetime:
        """Plays all that happened until `now`, and says what time it is."""
        now = now or self.clock().astimezone(UTC)
        while self.row < len(self.market.close):
            opens, closes = self.hours[self.row]
            acts = ((_morning(opens), self._midnight), (opens, self._open), (closes, self._close))
            due, act = acts[self.stage]
            if due > now:
                break
            act(due)
            self.stage = (self.stage + 1) % len(acts)
            self.row += self.stage == 0
        return now

    def _midnight(self, morning: datetime) -> None:
        for one in self.market.midnight(self.row):
            self._book(one, morning)

    def _open(self, opens: datetime) -> None:
        for order in self._live():
            name, level = self.columns[order.symbol], order.stop_price
            price = self.market.opening(self.row, name)
            if level is not None and self._stop(order) != price:
                continue
            if not np.isnan(price):
                self._fill(order, price, opens)
            if order.time_in_force == "opg" and self.orders[order.client_id].live:
                self._end(order.client_id, "expired" if np.isnan(price) else "cancelled")

    def _close(self, closes: datetime) -> None:
        for order in self._live():
            if order.stop_price is not None and not np.isnan(price := self._stop(order)):
                self._fill(order, price, closes)
            if order.time_in_force == "day" and self.orders[order.client_id].live:
                self._end(order.client_id, "expired")
        self.market.mark(self.row)

    def _stop(self, order: Order) -> float:
        level = float(cast(Decimal, order.stop_price))
        return self.market.stop_price(self.row, self.columns[order.symbol], _signed(order), level)

    def _live(self) -> Iterator[Order]:
        """Orders that wait, oldest first."""
        yield from [one for one in self.orders.values() if one.live]

    def _fill(self, order: Order, price: float, at: datetime) -> None:
        request = self.requests[order.client_id]
        shares = int(request.quantity)
        if (luck := self._luck(order.client_id, "partial", self.terms.partial)) is not None:
            shares = max(1, int(shares * luck))
        level = None if order.stop_price is None else float(order.stop_price)
        signed = shares if order.side == "buy" else -shares
        paid, fee = self.market.fill(self.row, self.columns[order.symbol], signed, price, level)
        whole = shares == request.quantity
        cost = Decimal(repr(paid))
        after = replace(
            order,
            state="filled" if whole else "partly_filled",
            word="filled" if whole else "partly_filled",
            filled_quantity=Decimal(shares),
            average_price=cost,
        )
        self.orders[order.client_id] = after
        identity = f"{order.broker_id}-1"
        fee_paid = Decimal(repr(fee))
        self.fills.append(
            Fill(identity, order.broker_id, order.client_id, order.symbol, order.side, Decimal(shares), cost, at, fee=fee_paid)
        )
        if not whole:
            self._end(order.client_id, "cancelled")

    def _book(self, moved: Moved, at: datetime) -> None:
        symbol = self.symbols[moved.name] if moved.name >= 0 else ""
        identity, kind = f"activity-{len(self.activities) + 1}", cast(ActivityKind, moved.kind)
        amount = Decimal(repr(float(moved.amount)))
        self.activities.append(Activity(identity, kind, kind, symbol, Decimal(moved.quantity), amount, at, "executed"))

    # What is taken, and what is not.

    def _take(self, order: OrderRequest, now: datetime) -> Order:
        taken = Order(
            client_id=order.client_id,
            broker_id=f"simulated-{len(self.orders) + 1}",
            asset_id=order.asset_id,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            state="accepted",
            word="accepted",
            filled_quantity=Decimal(0),
            time_in_force=order.time_in_force,
            type=order.type,
            stop_price=order.stop_price,
            submitted_at=now,
        )
        self.orders[order.client_id], self.requests[order.client_id] = taken, order
        if self.stage == IN_SESSION and order.time_in_force == "day" and order.type == "market":
            price = self.market.opening(self.row, self.columns[order.symbol])
            if not np.isnan(price):
                self._fill(taken, price, now)
        return self.orders[order.client_id]

    def _check(self, order: OrderRequest, now: datetime) -> None:
        """Raises `Refused` with a word of its own as code."""
        name = self.columns.get(order.symbol, -1)
        held = int(self.market.book.quantity[name]) if name >= 0 else 0
        opens = order.purpose == "entry"
        signed = _signed(order)
        free = abs(held) - sum(self._rest(one) for one in self._closing(order.symbol))
        value = order.quantity * Decimal(repr(float(np.nan_to_num(self.market.last_close[name]))))
        reasons = {
            "unknown_name": name < 0 or not self._tradable(name),
            "whole_shares": order.quantity % 1 != 0,
            "position": not opens and (held * signed >= 0 or order.quantity > free),
            "borrow": opens and signed < 0 and not self.market.borrowable(name),
            "buying_power": opens and value > Decimal(repr(self._room())),
            "luck": self._luck(order.client_id, "refusal", self.terms.refusal) is not None,
        }
        if code := next((code for code, no in reasons.items() if no), ""):
            words = f"{order.side} {order.quantity} {order.symbol} is not taken: {code.replace('_', ' ')}"
            raise Refused(f"the simulated broker refuses ({code}): {words}", code, words, now)

    def _end(self, client_id: str, state: Any) -> None:
        self.orders[client_id] = replace(self.orders[client_id], state=state, word=state)

    def _closing(self, symbol: str) -> list[Order]:
        return [one for one in self._live() if one.symbol == symbol and self.requests[one.client_id].purpose != "entry"]

    def _rest(self, order: Order) -> int:
        return int(self.requests[order.client_id].quantity - (order.filled_quantity or 0))

    def _room(self) -> float:
        """Dollars that new positions may take: leverage times equity, less what is held and what waits to open."""
        book, closes = self.market.book, self.market.last_close
        held = float(np.abs(book.quantity * np.nan_to_num(book.mark)).sum())
        entries = [one for one in self._live() if self.requests[one.client_id].purpose == "entry"]
        waiting = sum(self._rest(one) * float(np.nan_to_num(closes[self.columns[one.symbol]])) for one in entries)
        return max(0.0, self.terms.leverage * self.market.equity() - held - waiting)

    def _tradable(self, name: int) -> bool:
        """Whether it was listed, and its series does not end before the session that is played or comes next."""
        return not np.isnan(self.market.last_close[name]) and (
            self.row >= len(self.market.close) or int(self.market.market_data.last[name]) >= self.row
        )

    def _asset(self, symbol: str, name: str) -> Asset:
        column = self.columns[name]
        return Asset(symbol, name, name, self._tradable(column), "easy" if self.market.borrowable(column) else "hard", "SIMULATED")

    def _position(self, name: int) -> Position:
        book, symbol = self.market.book, self.symbols[name]
        held = int(book.quantity[name])
        free = abs(held) - sum(self._rest(one) for one in self._closing(symbol))
        prices = (Decimal(repr(float(book.entry_price[name]))), Decimal(repr(float(book.mark[name]))))
        return Position(symbol, symbol, Decimal(held), Decimal(free if held > 0 else -free), *prices)

    def _luck(self, client_id: str, what: str, share: float) -> float | None:
        """A number between 0 and 1 where it happens to this order, else None; of the seed and the id alone."""
        if not share:
            return None
        draw = np.random.default_rng([self.terms.seed, *what.encode(), *client_id.encode()])
        return float(draw.random()) if draw.random() < share else None

    # Calls are all that is remembered.

    def _keep(self, call: dict[str, Any]) -> None:
        """The call is on the disk before it is answered."""
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(call) + "\n")
                lines.flush()
                os.fsync(lines.fileno())

    def _repeat(self, call: dict[str, Any]) -> None:
        now = self._advance(datetime.fromisoformat(call["at"]))
        if "cancel" in call:
            self._end(call["cancel"], "cancelled")
            return
        words = call["submit"]
        numbers = {name: Decimal(words[name]) for name in ("quantity", "stop_price") if words[name] is not None}
        self._take(OrderRequest(**{**words, **numbers}), now)


def _calls(file: Path | None) -> list[dict[str, Any]]:
    if file is None or not file.is_file():
        return []
    text = file.read_text(encoding="utf-8")
    if (whole := text.rfind("\n") + 1) < len(text):  # a call that was cut off was never answered
        os.truncate(file, len(text[:whole].encode()))
    try:
        return [json.loads(line) for line in text[:whole].splitlines()]
    except ValueError:
        raise InputError(f"{file} is no file of a simulated broker's calls: move it away to begin anew") from None


def _morning(opens: datetime) -> datetime:
    return datetime.combine(opens.astimezone(NEW_YORK).date(), MORNING, NEW_YORK).astimezone(UTC)


def _signed(order: Order | OrderRequest) -> int:
    shares = int(order.quantity or 0)
    return shares if order.side == "buy" else -shares


def _after(at: datetime | None, since: datetime) -> bool:
    return at is not None and at > since


def _text(value: object) -> str | None:
    return None if value is None else str(value)
