"""What is laid beside each other when an account is reconciled, and what comes of it: values, and the fold of the journal. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from springback.state.order_rows import digits
from springback.state.trading_rows import Adoption, Booking
from springback.trading.booked import FRACTION, NOTHING, Change
from springback.trading.journal import Order

CODES = (
    *("equal", "split", "cash_in_lieu", "fraction", "name_change", "merger", "spin_off", "dividend", "substitute", "delisting", "recall"),
    *("bust", "correction", "foreign", "unbooked", "unexplained", "fee", "interest", "other", "unread"),
)
"""Why a position or the cash is as it is. `unbooked`: an order of ours is at the market or unknown, or a correction is not in the position
yet; `foreign`: adopted, or done by another hand; `unread`: the broker did not say.
"""


@dataclass(frozen=True)
class Held:
    """A position as the broker has it: signed shares of one asset, `symbol` in its own spelling."""

    asset_id: str
    symbol: str
    quantity: Decimal


@dataclass(frozen=True)
class Traded:
    """An execution of another hand in the account: signed shares, dollars a share, `symbol` in the broker's spelling."""

    execution_id: str
    symbol: str
    quantity: Decimal
    price: Decimal
    fee: Decimal = NOTHING


@dataclass(frozen=True)
class Seen:
    """The account as the broker has it now: positions, cash in dollars (None: not said), executions of other hands, bookings as they stand,
    and what `names` are there: our symbol -> asset id and the broker's spelling.
    """

    positions: tuple[Held, ...]
    cash: Decimal | None
    traded: tuple[Traded, ...] = ()
    bookings: tuple[Booking, ...] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ours:
    """What the journal says: signed `shares` by our symbol and the dollars that their executions moved, fees included, how many there were,
    since when (None: never) and in which `names`; `rests` are signed shares, lowest and highest, that orders at the market or unknown
    may have filled unheard; `corrected` what busts and corrections did; `ended` signed shares that orders for fractions filled.
    """

    shares: Mapping[str, Decimal]
    cash: Decimal
    executions: int = 0
    first: datetime | None = None
    names: frozenset[str] = frozenset()
    rests: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    corrected: Mapping[str, tuple[str, Decimal]] = field(default_factory=dict)
    ended: Mapping[str, Decimal] = field(default_factory=dict)

    def called(self, names: Mapping[str, str]) -> "Ours":
        """The same by the symbols that `names` have of ours, several of which may be one name."""
        if not names:
            return self
        rests: dict[str, tuple[Decimal, Decimal]] = {}
        for symbol, (low, high) in self.rests.items():
            before = rests.get(names.get(symbol, symbol), (NOTHING, NOTHING))
            rests[names.get(symbol, symbol)] = before[0] + low, before[1] + high
        return replace(
            self,
            shares={symbol: quantity for symbol, quantity in _by_name(self.shares, names).items() if quantity},
            names=frozenset(names.get(symbol, symbol) for symbol in self.names),
            rests=rests,
            corrected={names.get(symbol, symbol): what for symbol, what in self.corrected.items()},
            ended=_by_name(self.ended, names),
        )


def _by_name(shares: Mapping[str, Decimal], names: Mapping[str, str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for symbol, quantity in shares.items():
        found[names.get(symbol, symbol)] = found.get(names.get(symbol, symbol), NOTHING) + quantity
    return found


@dataclass(frozen=True)
class Memory:
    """What earlier reconciliations found out: `changes` by bookings, `foreign` shares by symbol, executions of others that are known,
    the `names`; the cash before anything of ours, the dollars that others moved, and the dollars that nobody has explained yet (`drift`).
    """

    changes: tuple[Change, ...] = ()
    foreign: Mapping[str, Decimal] = field(default_factory=dict)
    traded: frozenset[str] = frozenset()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    base: Decimal | None = None
    others_cash: Decimal = NOTHING
    drift: Decimal = NOTHING
    adoption: int = 0

    @property
    def renamed(self) -> dict[str, str]:
        """Our symbol -> what the name is called now, of names that are called otherwise than when we first traded them."""
        return {symbol: our_spelling(name) for symbol, (_, name) in self.names.items() if name and our_spelling(name) != symbol}

    def plain(self) -> dict[str, Any]:
        """As JSON; decimals digit by digit."""
        changes = [{name: _plain(value) for name, value in vars(one).items()} for one in self.changes]
        return {
            "changes": changes,
            "foreign": {symbol: digits(quantity) for symbol, quantity in self.foreign.items()},
            "traded": sorted(self.traded),
            "names": {symbol: list(name) for symbol, name in self.names.items()},
            "base": None if self.base is None else digits(self.base),
            "others_cash": digits(self.others_cash),
            "drift": digits(self.drift),
            "adoption": self.adoption,
        }


def our_spelling(name: str) -> str:
    """A broker's spelling of a share's class, "BRK B", as ours."""
    return name.replace(" ", ".")


def memory_of(body: Mapping[str, Any]) -> Memory:
    """The memory that `plain` laid out."""
    numbers = ("quantity", "amount", "others", "others_amount")
    changes = tuple(Change(**(one | {name: Decimal(one[name]) for name in numbers})) for one in body["changes"])
    foreign = {symbol: Decimal(quantity) for symbol, quantity in body["foreign"].items()}
    names = {symbol: (identity, spelling) for symbol, (identity, spelling) in body["names"].items()}
    base = None if body["base"] is None else Decimal(body["base"])
    cash = Decimal(body["others_cash"]), Decimal(body["drift"])
    return Memory(changes, foreign, frozenset(body["traded"]), names, base, *cash, body["adoption"])


@dataclass(frozen=True)
class Line:
    """One name: signed shares `ours` and `foreign` as they stand now, at the `broker`, and `difference`: the broker's less what was known
    before this reconciliation. `code` of `CODES` says why it is none; `activities` are the bookings that did.
    """

    symbol: str
    asset_id: str
    ours: Decimal
    foreign: Decimal
    broker: Decimal
    difference: Decimal
    code: str
    activities: tuple[str, ...] = ()

    @property
    def halts(self) -> bool:
        """Whether the name is halted: nobody can say whose shares these are, or another hand took ours."""
        return self.code == "unexplained" or (self.code == "foreign" and self.ours * self.foreign < 0)


@dataclass(frozen=True)
class CashLine:
    """Dollars that moved since the last reconciliation for the reason `code`; of a name, or of the account (empty)."""

    code: str
    amount: Decimal
    symbol: str = ""


@dataclass(frozen=True)
class Reconciled:
    """What was found: a line a name, the cash by reason, and what is remembered.

    `fractions` are signed shares of ours that no decision of the rule ends, of a split or of a name that came by booking: a day market
    order ends them. `not_short` are names whose short was bought back by another hand: they are not shorted again in the session.
    """

    lines: tuple[Line, ...]
    cash: tuple[CashLine, ...]
    memory: Memory
    fractions: Mapping[str, Decimal]
    not_short: frozenset[str]

    @property
    def unexplained(self) -> int:
        """How many differences nobody can explain: of shares, and of the cash."""
        return sum(one.code == "unexplained" for one in self.lines) + sum(one.code == "unexplained" for one in self.cash)

    @property
    def halts(self) -> tuple[str, ...]:
        """The names that are halted."""
        return tuple(one.symbol for one in self.lines if one.halts)

    @property
    def ours(self) -> dict[str, Decimal]:
        """Signed shares of ours by symbol, bookings included."""
        return {one.symbol: one.ours for one in self.lines if one.ours}

    @property
    def foreign(self) -> frozenset[str]:
        """Names of which another hand holds shares: no candidates."""
        return frozenset(one.symbol for one in self.lines if one.foreign or one.code == "foreign")

    @property
    def body(self) -> str:
        """All of it as JSON, as a `Reconciliation` row keeps it."""
        lines = [{**{name: _plain(value) for name, value in vars(one).items()}, "halts": one.halts} for one in self.lines]
        cash = [{name: _plain(value) for name, value in vars(one).items()} for one in self.cash]
        fractions = {symbol: digits(part) for symbol, part in self.fractions.items()}
        more = {"fractions": fractions, "not_short": sorted(self.not_short), "whole": self.whole}
        return json.dumps({"lines": lines, "cash": cash, **more, "memory": self.memory.plain()}, sort_keys=True)

    @property
    def whole(self) -> bool:
        """Whether the day is: all shares and all cash are explained, and the cash was told."""
        return not self.unexplained and all(one.code != "unread" for one in self.cash)


def _plain(value: object) -> object:
    return digits(value) if isinstance(value, Decimal) else value


def ours_of(orders: Iterable[Order], adoptions: Iterable[Adoption] = (), since: datetime | None = None) -> Ours:
    """What the journal's `orders` and what was adopted as ours come to; busts and corrections of executions at or after `since`."""
    told = list(orders)
    shares: dict[str, Decimal] = {}
    signed = [(one.intent.symbol, one.sign * one.filled_quantity) for one in told]
    for symbol, quantity in (*signed, *((one.symbol, one.quantity) for one in adoptions if one.claim == "ours")):
        shares[symbol] = shares.get(symbol, NOTHING) + quantity
    held = {symbol: quantity for symbol, quantity in shares.items() if quantity}
    history = [(one.intent.symbol, fill.at) for one in told for fill in one.history]
    return Ours(
        held,
        -sum((one.sign * fill.quantity * fill.price + fill.fee for one in told for fill in one.fills), NOTHING),
        len(history),
        min((at for _, at in history), default=None),
        frozenset({symbol for symbol, _ in history} | set(held)),
        _rests(told),
        {symbol: what for one in told for symbol, what in _corrected(one, since).items()},
        _ended(told),
    )


def _ended(orders: Iterable[Order]) -> dict[str, Decimal]:
    """Signed shares that orders for fractions filled."""
    found: dict[str, Decimal] = {}
    for one in orders:
        if one.intent.reason == FRACTION:
            found[one.intent.symbol] = found.get(one.intent.symbol, NOTHING) + one.sign * one.filled_quantity
    return found


def _rests(orders: Iterable[Order]) -> dict[str, tuple[Decimal, Decimal]]:
    """Signed shares, lowest and highest, that orders at the market may have filled unheard."""
    rests: dict[str, tuple[Decimal, Decimal]] = {}
    for one in orders:
        if one.live or one.untold:
            low, high = rests.get(one.intent.symbol, (NOTHING, NOTHING))
            rests[one.intent.symbol] = (low - one.rest, high) if one.sign < 0 else (low, high + one.rest)
    return rests


def _corrected(order: Order, since: datetime | None) -> dict[str, tuple[str, Decimal]]:
    """What corrections of the order's executions did to its shares, signed."""
    quantities = {one.execution_id: one.quantity for one in order.history}
    late = [one for one in order.history if one.corrects and (since is None or one.at >= since)]
    if not late:
        return {}
    moved = sum((one.quantity - quantities[one.corrects] for one in late), NOTHING)
    return {order.intent.symbol: ("correction" if late[-1].quantity else "bust", order.sign * moved)}
