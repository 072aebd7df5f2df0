"""From the backtest's change of equity to the account's, as an exact chain of worlds: each changes one thing, the terms are cents. Pure.

Perold (1988), The Implementation Shortfall: Paper Versus Reality, Journal of Portfolio Management 14(3): execution and opportunity. Here
the paper portfolio is the backtest, and the steps to the account are taken one after the other, always in the order of `TERMS`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import accumulate, pairwise
from typing import Any

from springback.errors import InputError
from springback.state.order_rows import digits
from springback.trading.booked import NOTHING

TERMS = (*("backtest", "data", "signal", "refused", "sizing", "opportunity", "price", "stops", "fees", "financing", "events", "foreign"),)
"""The worlds W0 to W11 by what each adds to the one before: the backtest on today's data; the data as they were known; models, settings and
program that ran; names and entries that were allowed; the account's own equity; what was filled; at which prices; of stops; real fees; real
interest and borrow fees; dividends, actions and corrections as booked; other hands, deposits and an inherited book.
"""
PLAYED = 6
"""The first worlds are played by the backtest's loop, the others are counted from journal and bookings."""
CENT, MILLIONTH = Decimal("0.01"), Decimal("0.000001")


@dataclass(frozen=True)
class Pair:
    """An order of ours that was filled in a session, all its executions together, beside the backtest's own fill of as many shares: signed
    `quantity`, mean `price` and the sum of fees; `modelled` price and fee; the official `opening` print and the `auction`'s. Dollars, None
    where there is none.
    """

    client_id: str
    symbol: str
    purpose: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    modelled: Decimal | None = None
    modelled_fee: Decimal = NOTHING
    opening: Decimal | None = None
    auction: Decimal | None = None

    @property
    def slippage(self) -> float | None:
        """Basis points of the official open that it cost; None without one."""
        if not self.opening:
            return None
        side = 1 if self.quantity > 0 else -1
        return float(10_000 * side * (self.price - self.opening) / self.opening)

    def plain(self) -> dict[str, Any]:
        """As JSON; decimals digit by digit."""
        own = {name: digits(value) if isinstance(value, Decimal) else value for name, value in vars(self).items()}
        return own | {"slippage_bp": self.slippage}


@dataclass(frozen=True)
class Chain:
    """One session: dollars by name of `TERMS`, whole cents, the `change` of the account's equity, and what is left: the `residual`."""

    terms: Mapping[str, Decimal]
    change: Decimal
    residual: Decimal

    @property
    def whole(self) -> bool:
        """Whether the chain explains the account to the cent."""
        return self.residual == 0


@dataclass(frozen=True)
class Counted:
    """What the journal and the bookings say of a session, beside what the backtest's loop played of it with the same fills, dollars.

    `pairs` are the fills; `fees` and `financing` what was booked of them (negative: paid), `modelled_financing` the loop's; `events` what
    corporate actions, dividends, corrections and fills outside the decision came to by name, less the loop's; `foreign` what others moved.
    """

    pairs: tuple[Pair, ...] = ()
    fees: Decimal = NOTHING
    financing: Decimal = NOTHING
    modelled_financing: Decimal = NOTHING
    events: Mapping[str, Decimal] = field(default_factory=dict)
    foreign: Decimal = NOTHING


def chain(worlds: Sequence[Decimal], counts: Counted, change: Decimal) -> Chain:
    """The chain of a session: `worlds` is what it made in each of the first worlds, `change` that of the account's equity, dollars.

    The terms are cents and sum to `change` less the residual, exactly. Raises `InputError` on another number of worlds.
    """
    if len(worlds) != PLAYED:
        raise InputError(f"the chain begins with {PLAYED} worlds that are played, was given {len(worlds)}", value=len(worlds), limit=PLAYED)
    steps = [worlds[0], *(after - before for before, after in pairwise(worlds))]
    told = dict(zip(TERMS, (*steps, *_counted(counts)), strict=True))
    sums = list(accumulate(told.values()))
    residual, whole = cents(change - sums[-1]), cents(change)
    ends = [*(cents(one) for one in sums[:-1]), whole - residual]
    terms = dict(zip(TERMS, (ends[0], *(after - before for before, after in pairwise(ends))), strict=True))
    return Chain(terms, whole, residual)


def _counted(counted: Counted) -> tuple[Decimal, ...]:
    """Price, stops, fees, financing, events, foreign: exact dollars."""
    prices, stops = (_paid(one for one in counted.pairs if (one.purpose == "stop") == stop) for stop in (False, True))
    fees = counted.fees - sum((one.fee - one.modelled_fee for one in counted.pairs), NOTHING)
    financing = counted.financing - counted.modelled_financing
    return prices, stops, fees, financing, sum(counted.events.values(), NOTHING), counted.foreign


def _paid(pairs: Iterable[Pair]) -> Decimal:
    """What fills cost beside the prices that the backtest models, negative where they were worse."""
    return sum((-one.quantity * (one.price - one.modelled) for one in pairs if one.modelled is not None), NOTHING)


def cents(value: Decimal) -> Decimal:
    """`value` in whole cents; never a negative nothing. What floats lost beyond a millionth does not move a half cent to either side."""
    return value.quantize(MILLIONTH, ROUND_HALF_EVEN).quantize(CENT, ROUND_HALF_EVEN) + NOTHING


def exact(value: float) -> Decimal:
    """A float of the loop as the shortest decimal that is it."""
    return Decimal(repr(float(value)))
