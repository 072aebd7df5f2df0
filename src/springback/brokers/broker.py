"""What the desk asks of a broker and what it hears: one protocol of four methods, frozen values in the field's terms.

A broker answers, or raises one of three. `Refused` is a verdict: the order is not there and never will be. `Unreachable` is a question: the
order may be there, and nobody knows until `events` was asked for it by its client id. `Disagrees` halts: under the id stands another order.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol, get_args

from springback.errors import InputError

Side = Literal["buy", "sell"]
Purpose = Literal["entry", "exit", "stop"]
TimeInForce = Literal["opg", "day"]
OrderType = Literal["market", "stop"]
PositionIntent = Literal["buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close"]
OrderState = Literal["accepted", "partly_filled", "filled", "cancelling", "cancelled", "expired", "refused", "replaced"]
ENDED: frozenset[OrderState] = frozenset(("filled", "cancelled", "expired", "refused", "replaced"))
"""States after which an order never fills again; of `replaced` the order that took its place goes on."""
Execution = Literal["fill", "correction", "bust"]
ActivityKind = Literal[
    "dividend", "split", "name_change", "merger", "spin_off", "reorganisation", "fee", "interest", "transfer", "journal", "other"
]
Borrow = Literal["easy", "hard", "unknown"]
Mode = Literal["paper", "live", "rehearsal"]
CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""Alpaca takes 128 characters; these travel in an address without a mark."""
Record = Mapping[str, object]
"""An answer as the broker gave it, unknown fields and words too: it is kept, and no fact is read out of it."""


@dataclass(frozen=True)
class OrderRequest:
    """An order to be sent: `quantity` shares, above 0; `stop_price` dollars, of a stop alone. The `client_id` is unique for ever, the
    `symbol` is spelled as the broker does (`Asset.broker_symbol`).
    """

    client_id: str
    asset_id: str
    symbol: str
    side: Side
    quantity: Decimal
    purpose: Purpose
    time_in_force: TimeInForce = "opg"
    type: OrderType = "market"
    stop_price: Decimal | None = None

    def __post_init__(self) -> None:
        if not CLIENT_ID.fullmatch(self.client_id):
            raise InputError(f"client_id must be 1 to 128 letters, digits and . _ -, was '{self.client_id[:140]}'", value=self.client_id)
        for name, words in (("side", Side), ("purpose", Purpose), ("time_in_force", TimeInForce), ("type", OrderType)):
            if getattr(self, name) not in get_args(words):
                raise InputError(f"{name} of an order must be {' or '.join(get_args(words))}, was '{getattr(self, name)}'")
        if not (self.quantity.is_finite() and self.quantity > 0):
            raise InputError(f"an order for {self.symbol} must be for more than 0 shares, was {self.quantity}", symbol=self.symbol, limit=0)
        if (self.type == "stop") != (self.stop_price is not None):
            raise InputError(f"a stop of {self.symbol} has a stop_price and no other order has one", symbol=self.symbol)
        if self.time_in_force == "opg" and (self.type == "stop" or self.quantity % 1):
            raise InputError(f"the opening auction takes whole shares at the market, was {self.quantity} {self.symbol}", symbol=self.symbol)

    @property
    def position_intent(self) -> PositionIntent:
        """Whether it opens or closes: an entry opens, an exit and a stop close, on either side."""
        if self.purpose == "entry":
            return "buy_to_open" if self.side == "buy" else "sell_to_open"
        return "buy_to_close" if self.side == "buy" else "sell_to_close"


@dataclass(frozen=True)
class Order:
    """An order as the broker has it. `word` is the broker's own for `state`; one that is not known counts as live.

    Shares and dollars; None where the broker did not say: an order for dollars has no `quantity`, and where `filled_quantity` is missing
    the fills say it. `client_id` is empty for an order that another hand gave without one.
    """

    client_id: str
    broker_id: str
    asset_id: str
    symbol: str
    side: str
    quantity: Decimal | None
    state: OrderState
    word: str
    filled_quantity: Decimal | None = None
    average_price: Decimal | None = None
    time_in_force: str = ""
    type: str = ""
    stop_price: Decimal | None = None
    submitted_at: datetime | None = None
    replaced_by: str = ""
    record: Record = field(default_factory=dict, compare=False, repr=False)

    @property
    def live(self) -> bool:
        """Whether it may still fill."""
        return self.state not in ENDED

    def same(self, request: OrderRequest) -> bool:
        """Whether it is the order of `request`: name, side, shares, and what else both say; what the broker left out differs in nothing."""
        pairs = (
            (self.asset_id, request.asset_id) if self.asset_id else (self.symbol, request.symbol),
            (self.side, request.side),
            (self.quantity, request.quantity),
            (self.time_in_force, request.time_in_force),
            (self.type, request.type),
            (self.stop_price, request.stop_price),
        )
        return all(theirs in {None, "", ours} for theirs, ours in pairs)


@dataclass(frozen=True)
class Fill:
    """Shares that changed hands, or the word that they did not: a `bust` undoes the execution `previous_id`, a `correction` replaces it."""

    execution_id: str
    broker_id: str
    client_id: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    at: datetime | None
    execution: Execution = "fill"
    previous_id: str = ""
    fee: Decimal | None = None
    record: Record = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Activity:
    """What moved cash or shares and was no order: `amount` dollars into the account, `quantity` shares; None where the broker does not say.
    `word` is the broker's own for `kind`, `status` its word for whether it stands (executed, correct, canceled).
    """

    activity_id: str
    kind: ActivityKind
    word: str
    symbol: str
    quantity: Decimal | None
    amount: Decimal | None
    at: datetime | None
    status: str = ""
    record: Record = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Answer:
    """What became of a submission or cancellation: the `order` as the broker has it. `duplicate`: it was there before this request."""

    order: Order
    duplicate: bool = False


@dataclass(frozen=True)
class Events:
    """Orders, executions and activities, all lists read to their ends. `absent` are client ids that were asked for and are not there.

    Orders are those submitted since the instant asked, every open one, and those asked for by id. `corrections` False: the broker's source
    of busts and corrections did not answer, so there may be some that are not here. `statement` False: nobody tells what was booked, so
    there are no activities, and `silence` says why where who should tell refuses it; `booked_until` is the last day whose bookings are
    here, None where they are here up to now.
    """

    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    activities: tuple[Activity, ...]
    absent: frozenset[str] = frozenset()
    corrections: bool = True
    statement: bool = True
    booked_until: date | None = None
    silence: str = ""

    def booked(self, session: date) -> bool:
        """Whether all that was booked on the day `session` is here."""
        return self.statement and (self.booked_until is None or self.booked_until >= session)


@dataclass(frozen=True)
class Account:
    """The account in dollars; None where the broker did not say. `blocked`: it may not trade; `shorting`: it may sell short."""

    number: str
    mode: Mode
    currency: str = ""
    equity: Decimal | None = None
    cash: Decimal | None = None
    buying_power: Decimal | None = None
    multiplier: Decimal | None = None
    shorting: bool | None = None
    blocked: bool = False
    record: Record = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Position:
    """Shares of one asset, short negative, of which `available` are not held by open orders; prices in dollars a share."""

    asset_id: str
    symbol: str
    quantity: Decimal
    available: Decimal | None = None
    average_price: Decimal | None = None
    market_price: Decimal | None = None
    record: Record = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Asset:
    """One name as the broker knows it: `broker_symbol` is its spelling of our `symbol`. `borrow` hard or unknown is not borrowable."""

    symbol: str
    asset_id: str
    broker_symbol: str
    tradable: bool
    borrow: Borrow = "unknown"
    exchange: str = ""


@dataclass(frozen=True)
class State:
    """The account, its positions, the broker's own time, and of the names asked for those that resolve to exactly one asset."""

    account: Account
    positions: tuple[Position, ...]
    time: datetime
    assets: Mapping[str, Asset] = field(default_factory=dict)
    next_open: datetime | None = None


class Broker(Protocol):
    """One account at a broker. Instants are aware, in UTC; each method raises `Unreachable` where the broker leaves a question open."""

    name: str

    def submit(self, order: OrderRequest) -> Answer:
        """Sends `order` once. Raises `Refused` with the broker's code, `Disagrees` where another order has its id, `Unreachable`."""

    def cancel(self, client_id: str) -> Answer:
        """Asks for the end of an order, and says how it stands then: it may have filled. Raises `Refused` where there is none, or it cannot
        be cancelled now.
        """

    def events(self, since: datetime, client_ids: Collection[str] = ()) -> Events:
        """What happened since the instant `since`, and what became of the orders `client_ids`."""

    def state(self, symbols: Sequence[str] = ()) -> State:
        """How the account stands, and what the broker knows of `symbols`."""


def identity_of(broker: Broker, client_id: str, former: Mapping[str, str]) -> dict[str, str]:
    """What else `broker` knows an order by that goes out now, to be kept before it does; empty where its client id is all. `former` is what
    was kept at its last sending. Raises `Unreachable`, `WrongAccount`.
    """
    numbered = getattr(broker, "identity", None)
    return {} if numbered is None else dict(numbered(client_id, former))


def counted(fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """The executions that stand, each once, shares and dollars a share: told twice they count once, a busted one not at all, a corrected
    one as corrected, in whatever order they were heard.
    """
    unique = {one.execution_id: one for one in reversed(list(fills))}
    undone = {one.previous_id for one in unique.values() if one.execution != "fill"}
    ids = {one.execution_id: one.client_id for one in unique.values()}
    standing = [one for one in unique.values() if one.execution != "bust" and one.execution_id not in undone]
    return tuple(one if one.client_id else replace(one, client_id=ids.get(one.previous_id, "")) for one in reversed(standing))
