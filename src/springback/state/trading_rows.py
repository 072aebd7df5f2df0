"""What a trader leaves behind beside its orders, as values: one frozen dataclass a table, as in `rows.py`. None of them is ever changed."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from springback.errors import InputError
from springback.market.prose import Prose
from springback.state.rows import NOTHING, Row, one_of

CLAIMS = ("ours", "foreign")


@dataclass(frozen=True)
class Step(Row):
    """One call of a step of the timetable ("send", "check", ...) for the decision of `session`: its exit `code`, and a `body` of facts as
    JSON.
    """

    session: date
    step: str
    at: datetime
    code: int
    body: str = "{}"
    rehearsal: bool = False
    n: int = 0


@dataclass(frozen=True)
class Snapshot(Row):
    """The account as the broker had it at a step: dollars, None where it did not say; `positions` is JSON, signed shares by symbol, ours
    and others'.
    """

    session: date
    step: str
    at: datetime
    equity: Decimal | None
    cash: Decimal | None
    buying_power: Decimal | None
    positions: str = "{}"
    rehearsal: bool = False
    n: int = 0


@dataclass(frozen=True)
class Booking(Row):
    """An activity of the account that was no order (`brokers.broker.Activity`): dollars into the account, shares. One that the broker
    changes is booked again, under the same `activity_id`; the newest stands.
    """

    activity_id: str
    kind: str
    word: str
    symbol: str
    quantity: Decimal | None
    amount: Decimal | None
    at: datetime
    heard_at: datetime
    status: str = ""
    n: int = 0


@dataclass(frozen=True)
class Adoption(Row):
    """A person's word on shares that the account holds and no order of ours explains: `claim` of `CLAIMS`.

    Of ours the signed `quantity`, the mean `price` in dollars and the session `opened` are said; of foreign ones the shares there were.
    """

    symbol: str
    claim: str
    quantity: Decimal
    price: float | None
    opened: date | None
    at: datetime
    by: str
    why: Prose = NOTHING
    n: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("the claim of an adoption", self.claim, CLAIMS)
        if self.claim == "ours" and (self.price is None or self.opened is None):
            raise InputError(f"shares of {self.symbol} are ours since a session and at a price: give both", symbol=self.symbol)


@dataclass(frozen=True)
class Reconciliation(Row):
    """The account laid beside the journal at a `phase` ("night", "morning") of the decision of `session`: how many differences nobody
    could explain, and all of them in `body`, JSON.
    """

    session: date
    phase: str
    at: datetime
    unexplained: int
    body: str = "{}"
    rehearsal: bool = False
    n: int = 0


@dataclass(frozen=True)
class Attribution(Row):
    """From the backtest's equity change of `session` to the account's, in dollars: the terms by name in `body`, JSON, and what is left.

    A later row of the same session takes the place of an earlier one; `final` once the broker has booked the session.
    """

    session: date
    at: datetime
    final: bool
    residual: Decimal
    body: str = "{}"
    rehearsal: bool = False
    n: int = 0
