"""An account as it is remembered from one evening to the next: by symbol, not by column, so that tomorrow's names may be others."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.backtest.state import COUNTS, FILL, LIFE, ORDER, TICKET, TRADE, WAITING, Account, Log, Row, empty_account
from springback.backtest.state import DAY as DAILY
from springback.errors import BadTable
from springback.market.bars import Dates
from springback.market.book import Line, empty_book, line_of, remember
from springback.strategy.decide import FUNNEL
from springback.strategy.rule import REASONS

MONEY = tuple(name for name in LIFE.names or () if name != "entry_row")
"""What is counted of the life of an open position, beside the session it began in."""
BEFORE = -1
"""The row of an entry that lies before the window of bars at hand."""


@dataclass(frozen=True)
class WorkingOrder:
    """An order at the market: signed shares of `symbol` for `reason` (`strategy.rule.REASONS`), decided after the session `decided`;
    `level` dollars where it is a resting stop (NaN else).
    """

    order_id: int
    symbol: str
    quantity: int
    reason: str
    decided: str
    level: float = float("nan")


@dataclass(frozen=True)
class Life:
    """What an open position of the account cost and paid so far (`backtest.state.LIFE`), since the session `opened`; `assumed` where nobody
    has said what was really filled.
    """

    opened: str
    counts: Mapping[str, float]
    assumed: bool = True


@dataclass(frozen=True)
class AccountState:
    """An account after the close of `session` (empty: before its first one): `cash` in dollars, the id of its newest order, the `Line` of
    every name that is held, waits or cools down, the `Life` of every position, and the orders at the market, ascending by id. `peak` is
    its equity at its highest close, dollars (NaN: now).
    """

    session: str
    cash: float
    order_id: int = 0
    lines: Mapping[str, Line] = field(default_factory=dict)
    lives: Mapping[str, Life] = field(default_factory=dict)
    working: tuple[WorkingOrder, ...] = ()
    peak: float = float("nan")

    @property
    def symbols(self) -> frozenset[str]:
        """The names that the account must go on seeing: what is held, waits or cools down."""
        return frozenset(self.lines) | {one.symbol for one in self.working}

    @property
    def positions(self) -> dict[str, Line]:
        """What is held, by symbol, alphabetical."""
        return {symbol: self.lines[symbol] for symbol in sorted(self.lines) if self.lines[symbol].quantity}

    @property
    def equity(self) -> float:
        """Cash and positions at their marks, dollars."""
        return self.cash + sum(one.quantity * one.mark for one in self.positions.values())

    def to_json(self) -> str:
        """The state as text: numbers to the last bit, NaN as null."""
        return json.dumps(_plain(asdict(self)), indent=1, sort_keys=True, allow_nan=False) + "\n"

    @staticmethod
    def from_json(text: str, where: str) -> "AccountState":
        """The state that `text` holds. Raises `BadTable` naming `where`."""
        try:
            values = json.loads(text)
            return AccountState(
                session=str(values["session"]),
                cash=_number(values["cash"]),
                order_id=int(values["order_id"]),
                lines={symbol: Line(**_with_nan(line)) for symbol, line in values["lines"].items()},
                lives={
                    symbol: Life(one["opened"], _with_nan(one["counts"]), bool(one["assumed"])) for symbol, one in values["lives"].items()
                },
                working=tuple(WorkingOrder(**_with_nan(one)) for one in values["working"]),
                peak=float("nan") if values.get("peak") is None else _number(values["peak"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadTable(f"{where} is not the state of an account ({error}): bring back a copy of the desk's folder") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Line):
        return _plain(value._asdict())
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _with_nan(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: float("nan") if value is None else value for key, value in values.items()}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def opening(cash: float) -> AccountState:
    """An account of `cash` dollars that holds nothing and has seen no session."""
    return AccountState("", cash)


def laid_out(state: AccountState, symbols: Sequence[str], slots: int, sessions: int = 2) -> Account:
    """The account that the loop plays on, over the columns `symbols` (N,), with room for `sessions`; dollars and shares.

    Raises `BadTable` where a name of the account has no column.
    """
    columns = {symbol: column for column, symbol in enumerate(symbols)}
    if lost := sorted(state.symbols - set(columns)):
        raise BadTable(f"the account holds {lost[0]}, of which these bars know nothing: give bars of every name it holds", symbol=lost[0])
    room = _room(state, len(symbols), slots, sessions)
    for symbol, line in state.lines.items():
        remember(room.book, columns[symbol], line)
    for symbol, life in state.lives.items():
        row = room.lives[columns[symbol]]
        row["entry_row"] = BEFORE
        for name in MONEY:
            row[name] = life.counts[name]
    for k, one in enumerate(state.working):
        _put(room, k, one, columns[one.symbol])
    room.counts[0]["orders"] = room.counts[0]["tickets"] = len(state.working)
    room.counts[0]["order_id"] = state.order_id
    equity = state.equity
    room.heights[:] = equity, equity, equity if math.isnan(state.peak) else state.peak
    return room


def _room(state: AccountState, names: int, slots: int, sessions: int) -> Account:
    """An empty account with room for what the state has at the market and for `sessions` more."""
    base = empty_account(state.cash, sessions, names, slots)
    more = len(state.working)
    log = Log(
        orders=np.empty(len(base.log.orders) + more, ORDER),
        fills=np.empty(len(base.log.fills) + more + names, FILL),
        trades=np.empty(len(base.log.trades) + more + names, TRADE),
        daily=np.zeros(sessions, DAILY),
        funnel=np.zeros((sessions, 2, len(FUNNEL)), np.int64),
    )
    tickets = np.zeros(len(base.tickets) + more, TICKET)
    return Account(empty_book(names, state.cash), np.zeros(names, LIFE), tickets, np.zeros(1, COUNTS), log, base.heights)


def _put(room: Account, k: int, one: WorkingOrder, column: int) -> None:
    """An order that was sent on an earlier evening, at the market and in the log."""
    reason = REASONS.index(one.reason)
    ticket, line = room.tickets[k], room.log.orders[k]
    for row in (ticket, line):
        row["order_id"], row["name"], row["quantity"], row["reason"] = one.order_id, column, one.quantity, reason
        row["row"], row["level"] = BEFORE, one.level
    ticket["line"] = k
    line["status"], line["ended"], line["why"] = WAITING, BEFORE, 0


def taken_up(
    account: Account, before: AccountState, sessions: Dates, symbols: Sequence[str], cool_down: int, assumed: bool = True
) -> AccountState:
    """What is to be remembered of `account`, laid out from `before` and played up to the newest of `sessions` (T,); dollars and shares.

    Names that left longer than `cool_down` sessions ago are forgotten. `assumed`: nobody said what was filled.
    """
    lines = {symbols[column]: line_of(account.book, int(column)) for column in _remembered(account, cool_down)}
    lives = {}
    columns = {symbol: column for column, symbol in enumerate(symbols)}
    for symbol, line in lines.items():
        if line.quantity:
            life = account.lives[columns[symbol]]
            row = int(life["entry_row"])
            counts = {name: float(life[name]) for name in MONEY}
            lives[symbol] = replace(before.lives[symbol], counts=counts) if row == BEFORE else Life(str(sessions[row]), counts, assumed)
    tickets = account.tickets[: int(account.counts[0]["tickets"])]
    working = tuple(_working(ticket, before, sessions, symbols) for ticket in tickets)
    number, peak = int(account.counts[0]["order_id"]), float(account.heights[2])
    return AccountState(str(sessions[-1]), float(account.book.cash[0]), number, lines, lives, working, peak)


def _remembered(account: Account, cool_down: int) -> NDArray[np.int64]:
    """The columns of names that are held, wait or cool down."""
    book = account.book
    left = book.sessions[0] - np.maximum(book.left_long, book.left_short)
    return np.flatnonzero((book.quantity != 0) | (book.waiting != 0) | (left <= cool_down))


def _working(ticket: Row, before: AccountState, sessions: Dates, symbols: Sequence[str]) -> WorkingOrder:
    number, row = int(ticket["order_id"]), int(ticket["row"])
    decided = str(sessions[row]) if row != BEFORE else next(one.decided for one in before.working if one.order_id == number)
    return WorkingOrder(
        number, symbols[int(ticket["name"])], int(ticket["quantity"]), REASONS[int(ticket["reason"])], decided, float(ticket["level"])
    )


@dataclass(frozen=True)
class Correction:
    """What a person says is held: `quantity` signed shares of `symbol` (0: none) at a mean `price` in dollars (NaN: as it was), since the
    session `opened`, `age` sessions ago; what is held on the same side keeps its own opening, unless this one is `dated`. Without a symbol
    it is the cash, `price` dollars.
    """

    symbol: str
    quantity: int = 0
    price: float = float("nan")
    opened: str = ""
    age: int = 0
    dated: bool = True


def corrected(state: AccountState, corrections: Iterable[Correction]) -> AccountState:
    """`state` as a person says it is, dollars and shares. An exit at the market is then one of what is held; other orders of the name are
    gone. The peak goes with the equity: what a person says is neither gain nor loss.
    """
    equity = state.equity
    for one in corrections:
        state = _corrected(state, one) if one.symbol else replace(state, cash=one.price)
    return replace(state, peak=state.peak + (state.equity - equity))


def _corrected(state: AccountState, one: Correction) -> AccountState:
    lines, lives = dict(state.lines), dict(state.lives)
    old, life = lines.pop(one.symbol, Line()), lives.pop(one.symbol, None)
    stays = old.quantity * one.quantity > 0
    closing = old.closing and stays
    orders = (_resized(order, one, closing) for order in state.working)
    if one.quantity:
        price = old.entry_price if np.isnan(one.price) else one.price
        opened, age = (life.opened, old.age) if life and stays and not one.dated else (one.opened, one.age)
        lines[one.symbol] = _held(old, one.quantity, price, age, closing)
        lives[one.symbol] = Life(opened, _begun(one.quantity, price), assumed=False)
    return replace(state, lines=lines, lives=lives, working=tuple(order for order in orders if order))


def sent(state: AccountState, orders: Iterable[WorkingOrder]) -> AccountState:
    """`state` with exits of what it holds at the market, signed shares, that were sent without a session in between."""
    lines, working, number = dict(state.lines), list(state.working), state.order_id
    for one in orders:
        held = lines.get(one.symbol, Line()).quantity
        if held * one.quantity < 0:
            lines[one.symbol] = lines[one.symbol]._replace(closing=True, waiting=0, waited=0)
            working = [other for other in working if other.symbol != one.symbol] + [replace(one, quantity=-held)]
        number = max(number, one.order_id)
    return replace(state, lines=lines, working=tuple(working), order_id=number)


def _resized(order: WorkingOrder, one: Correction, closing: bool) -> WorkingOrder | None:
    """An order of the name as it goes on: the exit of what is held; anything else does not."""
    if order.symbol != one.symbol:
        return order
    return replace(order, quantity=-one.quantity) if closing and order.quantity * one.quantity < 0 else None


def _held(line: Line, quantity: int, price: float, age: int, closing: bool) -> Line:
    mark = line.mark if line.quantity else price
    return line._replace(quantity=quantity, waiting=0, waited=0, closing=closing, age=age, entry_price=price, mark=mark)


def _begun(quantity: int, price: float) -> dict[str, float]:
    """The life of a position of which only shares and price are known."""
    counts = dict.fromkeys(MONEY, 0.0)
    counts |= {"quantity": quantity, "entry_price": price, "flow": -quantity * price, "value": abs(quantity) * price}
    return counts | {"probability": float("nan"), "qpi": float("nan")}
