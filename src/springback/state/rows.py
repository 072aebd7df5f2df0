"""What the state database holds, as values: one frozen dataclass a table, without the account, which every method takes first.

Sessions are dates, instants UTC and aware. `n` numbers the rows of one account and table from 1; it is 0 in a value that is not yet kept.
"""

import math
import re
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal

from springback.errors import InputError
from springback.market.prose import Prose

NOTHING = Prose("")
UNKEPT = re.compile("[\0\ud800-\udfff]")
"""Characters that no database keeps: NUL, and halves of a pair."""
EVENINGS = ("frozen", "deadline", "late")
SCOPES = ("name", "entries", "all")


@dataclass(frozen=True)
class Row:
    """A value that any of the databases keeps unchanged. Raises `InputError` on one that none would: NaN, a time without zone, a NUL."""

    def __post_init__(self) -> None:
        for name in (one.name for one in fields(self)):
            value = getattr(self, name)
            fault = _fault(value)
            if fault:
                raise InputError(f"{name} of {type(self).__name__.lower()} {fault}", value=value)
            if isinstance(value, datetime):
                object.__setattr__(self, name, value.astimezone(UTC))


def _fault(value: object) -> str:
    """Why a database would not give `value` back as it is; nothing where it does."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return f"must be an instant with its zone, was {value}"
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return f"must be finite, was {value}"
    if isinstance(value, str) and UNKEPT.search(value):
        return f"holds a character that no database keeps: {value!r}"
    return ""


def one_of(name: str, value: str, words: tuple[str, ...]) -> None:
    """Raises `InputError` where `value` is none of the words that `name` may have."""
    if value not in words:
        raise InputError(f"{name} must be one of {', '.join(words)}, was '{value}'", value=value)


@dataclass(frozen=True)
class Evening(Row):
    """One frozen decision: its `kind` of `EVENINGS`, the SHA-256 of its decision.json, and when it was frozen."""

    session: date
    kind: str
    hash: str
    frozen_at: datetime

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("the kind of an evening", self.kind, EVENINGS)


@dataclass(frozen=True)
class BookEvent(Row):
    """What changed the book: `session` is the first decision it is for, `kind` what it is (cash, set, import).

    `quantity` is in shares, or in dollars where it is cash, `price` in dollars a share (None: there is none), `opened` the session in which
    the position was (None: the decision's own); `by` is who said so.
    """

    at: datetime
    session: date
    kind: str
    symbol: str
    quantity: float
    price: float | None
    by: str
    why: Prose = NOTHING
    opened: date | None = None
    n: int = 0


@dataclass(frozen=True)
class Halt(Row):
    """What is not to be ordered: one `symbol` (scope "name"), "entries" or "all"; `code` is the reason for a program, `why` for a person.
    In force until somebody lifts it.
    """

    scope: str
    code: str
    why: Prose
    by: str
    at: datetime
    symbol: str = ""
    lifted_by: str = ""
    lifted_at: datetime | None = None
    n: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("the scope of a halt", self.scope, SCOPES)
        if (self.scope == "name") != bool(self.symbol):
            raise InputError(f"a halt of scope 'name' has a symbol and no other has, was '{self.scope}' with '{self.symbol}'")


@dataclass(frozen=True)
class Restriction(Row):
    """A name without entries from session `start` to session `end`, both included (None: until it is removed)."""

    symbol: str
    start: date
    end: date | None
    why: Prose
    by: str
    at: datetime
    removed_by: str = ""
    removed_at: datetime | None = None
    n: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.end is not None and self.end < self.start:
            raise InputError(f"{self.symbol} is restricted from {self.start} to {self.end}: the end must not lie before the start")


@dataclass(frozen=True)
class Incident(Row):
    """Something that a person must know: its `cause` for a program, `words` for the person, the `verb` that resolves it.

    `heard` is how much of it was delivered: "" nothing, "opening", or "end", which is all; `notified_at` is when that was.
    """

    cause: str
    opened_at: datetime
    session: date | None
    words: Prose
    verb: str
    closed_at: datetime | None = None
    notified_at: datetime | None = None
    heard: str = ""
    n: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("what was heard of an incident", self.heard, ("", "opening", "end"))


@dataclass(frozen=True)
class Alarm(Row):
    """A score of `model` whose CUSUM `value` passed its `limit` on `session`; in force until it is cleared."""

    model: str
    session: date
    value: float
    limit: float
    cleared_by: str = ""
    cleared_at: datetime | None = None
    n: int = 0


@dataclass(frozen=True)
class Attempt(Row):
    """A task that is due by the calendar and was tried: its `kind` ("retraining"), for which session, the `outcome` for a program."""

    kind: str
    at: datetime
    session: date
    outcome: str
    detail: Prose = NOTHING
    n: int = 0


@dataclass(frozen=True)
class Request(Row):
    """What a person asks of the trader, who alone holds the broker: the `act` ("resume") on the halts of these `numbers`, parted by spaces,
    and with `file` on the files of the kill switch too. Open until it is answered: `outcome` for a program, `words` for a person.
    """

    act: str
    numbers: str
    file: bool
    by: str
    why: Prose
    at: datetime
    answered_at: datetime | None = None
    outcome: str = ""
    words: Prose = NOTHING
    n: int = 0
