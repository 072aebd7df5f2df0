"""The orders for the next open with what they cost and leave: shares, dollars, share of the volume, and the account after the fills."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from springback.operation.frozen_decision import FrozenDecision
from springback.operation.order_table import for_the_open
from springback.strategy.rule import ENTRY, REASONS, RESTING_STOP

ACTIONS = {(True, True): "buy", (False, True): "sell", (False, False): "sell short", (True, False): "buy to cover"}
"""By whether shares are bought and whether the position is long."""


@dataclass(frozen=True)
class OrderLine:
    """One order: signed shares `quantity` as frozen, `send` after the splits that take effect at the open. On that scale `last_close` in
    dollars and `limit`, the shares of the mean volume that an entry may take (None: unknown); `dollars` is what the order was worth at the
    close (0: unknown), `share` what it is of the mean volume; `rank` and `score` of an entry, None of an exit.
    """

    order_id: int
    symbol: str
    side: str
    action: str
    quantity: int
    send: int
    last_close: float | None
    dollars: float
    limit: int | None
    share: float | None
    reason: str
    rank: int | None
    score: float | None

    @property
    def entry(self) -> bool:
        """Whether it opens a position."""
        return self.reason == REASONS[ENTRY]


@dataclass(frozen=True)
class AfterFills:
    """The account once all orders at the market are filled at the last closes: `cash` in dollars, `gross`, `net` and the `largest` line as
    multiples of equity, the positions of each side, and the names whose price is `unknown` and which count for nothing.
    """

    cash: float
    gross: float
    net: float
    long: int
    short: int
    largest: str
    largest_share: float
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class RestingStop:
    """A stop at the market: it closes `quantity` signed shares where `level`, dollars, is met."""

    symbol: str
    quantity: int
    level: float


@dataclass(frozen=True, eq=False)
class OrderSheet:
    """A decision as orders: the `lines` in the order they are sent, entries of earlier evenings that still `wait` (signed shares by name),
    the `stops` that rest, and the account `after` the fills.
    """

    decision: FrozenDecision
    lines: tuple[OrderLine, ...]
    wait: Mapping[str, int]
    stops: tuple[RestingStop, ...]
    after: AfterFills

    @property
    def entries(self) -> tuple[OrderLine, ...]:
        """The orders that open positions."""
        return tuple(one for one in self.lines if one.entry)

    @property
    def exits(self) -> tuple[OrderLine, ...]:
        """The others: they close positions or change their size."""
        return tuple(one for one in self.lines if not one.entry)

    @property
    def bought(self) -> float:
        """Dollars that are needed at the open, before anything is sold."""
        return sum(one.dollars for one in self.lines if one.quantity > 0)

    @property
    def sold(self) -> float:
        """Dollars that the open brings in."""
        return sum(one.dollars for one in self.lines if one.quantity < 0)


@dataclass(frozen=True)
class Scale:
    """What a morning knows that the evening did not: old shares per new one of the `splits` that take effect at the open, by name, and
    dollars of names that neither the orders nor the book price.
    """

    splits: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)


def order_sheet(decision: FrozenDecision, scale: Scale | None = None) -> OrderSheet:
    """The sheet of `decision`; shares are sent on the scale of the morning. Raises `BadTable` where a file is not what was frozen."""
    scale = scale or Scale()
    fraction = float(decision.settings["strategy.max_adv_fraction"])
    lines = tuple(_line(one, scale.splits, fraction) for one in for_the_open(decision).to_dict("records"))
    state = decision.state()
    working = state.working if state else ()
    new = {one.order_id for one in lines}
    stops = tuple(RestingStop(one.symbol, one.quantity, one.level) for one in working if one.reason == REASONS[RESTING_STOP])
    older = {one.symbol: one.quantity for one in working if one.reason != REASONS[RESTING_STOP] and one.order_id not in new}
    return OrderSheet(decision, lines, older, stops, _after(decision, lines, older, scale.prices))


def _line(order: Mapping[Any, Any], splits: Mapping[str, float], fraction: float) -> OrderLine:
    quantity, symbol, long = int(order["quantity"]), order["symbol"], order["side"] == "long"
    limit, close, factor = _known(order["adv_limit"]), _known(order["last_close"]), splits.get(symbol, 1.0)
    return OrderLine(
        order_id=int(order["order_id"]),
        symbol=symbol,
        side=order["side"],
        action=ACTIONS[quantity > 0, long],
        quantity=quantity,
        send=sent(quantity, factor),
        last_close=None if close is None else close * factor,
        dollars=abs(quantity) * (close or 0.0),
        limit=None if limit is None else int(limit / factor),
        share=abs(quantity) * fraction / limit if limit else None,
        reason=order["reason"],
        rank=None if _known(order["rank"]) is None else int(order["rank"]),
        score=_known(order["score"]),
    )


def sent(quantity: int, factor: float) -> int:
    """Signed shares of an order of `quantity` after a split of `factor` old shares per new one, whole as the backtest keeps them."""
    return int(quantity / factor)


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _after(decision: FrozenDecision, lines: tuple[OrderLine, ...], wait: Mapping[str, int], prices: Mapping[str, float]) -> AfterFills:
    held = {line["symbol"]: int(line["quantity"]) for line in decision.book["before"] if line["quantity"]}
    marks = {line["symbol"]: _known(line["mark"]) for line in decision.book["before"]}
    marks |= {one.symbol: one.dollars / abs(one.quantity) for one in lines if one.last_close is not None}
    price = {**prices, **{symbol: mark for symbol, mark in marks.items() if mark is not None}}
    cash = decision.cash
    for symbol, quantity in [*((one.symbol, one.quantity) for one in lines), *wait.items()]:
        held[symbol] = held.get(symbol, 0) + quantity
        cash -= quantity * price.get(symbol, 0.0)
    left = {symbol: quantity for symbol, quantity in held.items() if quantity}
    worth = {symbol: quantity * price.get(symbol, 0.0) / decision.equity for symbol, quantity in left.items()}
    largest = max(worth, key=lambda symbol: abs(worth[symbol]), default="")
    return AfterFills(
        cash=cash,
        gross=math.fsum(map(abs, worth.values())),
        net=math.fsum(worth.values()),
        long=sum(one > 0 for one in left.values()),
        short=sum(one < 0 for one in left.values()),
        largest=largest,
        largest_share=abs(worth[largest]) if largest else 0.0,
        unknown=tuple(sorted(symbol for symbol in left if symbol not in price)),
    )
