"""What no order may pass before it is sent: limits of one order, of the book and of the account. Pure.

A limit that cannot be worked out, because a number is missing, stops entries and never an order that reduces a position. Only the kill
switch, a wrong account, the clock, the journal and the lease stop those too (`EVERYTHING`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from springback.market.prose import Prose
from springback.strategy.knobs import Strategy
from springback.trading.guard_settings import Guard

Scope = Literal["order", "name", "entries", "all"]
EVERYTHING = ("kill", "wrong_account", "clock", "journal", "lease")
"""Codes of scope "all": nothing is sent, no exit either."""
CENT = 1e-9
"""Share of a limit by which rounding may pass it."""


@dataclass(frozen=True)
class Verdict:
    """What is not to be sent: one order, the entries of a `symbol`, all entries, or everything; `code` for a program, `why` for people."""

    code: str
    scope: Scope
    why: Prose
    symbol: str = ""


@dataclass(frozen=True)
class Proposal:
    """An order before it is sent: `quantity` in shares, above 0, `reference_close` the dollars a share that it was sized on; `purpose` is
    entry (an increase too), exit or stop. `mean_volume` in shares of 63 sessions, `latest_close` the same session's close as it is known
    now; both on the split scale of the quantity, None where nobody knows.
    """

    symbol: str
    side: str
    purpose: str
    quantity: float
    reference_close: float | None = None
    mean_volume: float | None = None
    latest_close: float | None = None

    @property
    def enters(self) -> bool:
        """Whether it opens or increases a position."""
        return self.purpose == "entry"

    @property
    def sign(self) -> int:
        """1 where it buys, -1 where it sells."""
        return 1 if self.side == "buy" else -1


@dataclass(frozen=True)
class Stake:
    """What is held of a name, or waits as an entry at the broker: signed shares, dollars a share; `closing`: its exit is ordered."""

    quantity: float
    mark: float | None
    closing: bool = False


@dataclass(frozen=True)
class Ground:
    """What the orders of a session stand on: `equity` in dollars, the `stakes` by symbol, the decision's regime (None: unknown), how many
    orders the session has `sent` before.
    """

    equity: float | None
    stakes: Mapping[str, Stake]
    bear: bool | None
    sent: int = 0


@dataclass(frozen=True)
class Standing:
    """The account and this machine as they are: numbers and modes as configured and as the broker says; seconds by which this clock is
    ahead of the broker's; gigabytes free; None where it is not known. What was lost is the decision's matter (`market.limits`).

    `killed`, `journal` and `lease` say what is wrong with each, empty where nothing is.
    """

    number: str
    broker_number: str
    mode: str
    broker_mode: str
    blocked: bool = False
    clock_gap: float | None = None
    disk_free: float | None = None
    killed: str = ""
    journal: str = ""
    lease: str = ""


def order_verdicts(orders: Sequence[Proposal], ground: Ground, guard: Guard, strategy: Strategy) -> tuple[Verdict, ...]:
    """Why some of `orders` are not to be sent, together with what is held and waits already. No verdict concerns an order that reduces a
    position; an exit or stop that does not is one of scope "order".
    """
    entries = [one for one in orders if one.enters]
    own = [verdict for one in entries for verdict in _of_entry(one, ground, guard, strategy)]
    stopped = {one.symbol for one in own}
    left = [one for one in entries if one.symbol not in stopped]
    return (*_of_exits(orders, ground), *own, *_of_count(orders, ground, guard, strategy), *_of_book(left, ground, guard, strategy))


def account_verdicts(standing: Standing, guard: Guard, simulated: bool = False) -> tuple[Verdict, ...]:
    """What the account and this machine forbid: everything, or entries. A `simulated` account has no clock of its own."""
    return (
        *_of_switches(standing),
        *_of_account(standing),
        *(() if simulated else _of_clock(standing.clock_gap, guard.clock)),
        *_of_disk(standing.disk_free, guard.disk),
    )


def stops(verdicts: Iterable[Verdict], order: Proposal) -> tuple[Verdict, ...]:
    """Those of `verdicts` that keep `order` from being sent."""
    return tuple(one for one in verdicts if _stops(one, order))


def _stops(verdict: Verdict, order: Proposal) -> bool:
    if verdict.scope == "all":
        return True
    if verdict.scope == "entries":
        return order.enters
    if verdict.symbol != order.symbol:
        return False
    return order.enters if verdict.scope == "name" or verdict.code != "no_reduction" else not order.enters


def known(*values: float | None) -> bool:
    """Whether every one is a finite number above 0."""
    return all(one is not None and math.isfinite(one) and one > 0 for one in values)


def _weight(strategy: Strategy, sign: int, bear: bool | None) -> float:
    """Share of equity of one new position on a side; of the larger regime where the regime is None."""
    bull, low = (strategy.bull_long, strategy.bear_long) if sign > 0 else (strategy.bull_short, strategy.bear_short)
    return (max(bull, low) if bear is None else low if bear else bull) / strategy.slots


def _of_exits(orders: Iterable[Proposal], ground: Ground) -> Iterable[Verdict]:
    for one in orders:
        held = ground.stakes.get(one.symbol, Stake(0.0, None)).quantity
        if not one.enters and not 0 < one.quantity <= -one.sign * held:
            words = f"{one.side} {one.quantity:g} {one.symbol} closes nothing: {held:g} shares are held"
            yield Verdict("no_reduction", "order", Prose(words), one.symbol)


def _of_entry(one: Proposal, ground: Ground, guard: Guard, strategy: Strategy) -> Iterable[Verdict]:
    """The limits of a single entry."""
    if not known(one.quantity, one.reference_close, one.mean_volume, ground.equity) or ground.bear is None:
        words = f"{one.symbol} has no quantity, close, volume, equity or regime to be judged by: not entered"
        yield Verdict("unjudged", "order", Prose(words), one.symbol)
        return
    dollars = one.quantity * float(one.reference_close or 0)
    most = guard.order_weight * _weight(strategy, one.sign, ground.bear) * float(ground.equity or 0)
    if dollars > most * (1 + CENT):
        words = f"{one.symbol} for ${dollars:,.0f} is more than ${most:,.0f} (guard.order_weight)"
        yield Verdict("order_weight", "order", Prose(words), one.symbol)
    shares = guard.participation * strategy.max_adv_fraction * float(one.mean_volume or 0)
    if one.quantity > shares * (1 + CENT):
        words = f"{one.quantity:,.0f} {one.symbol} are more than {shares:,.0f}, its share of the volume (guard.participation)"
        yield Verdict("participation", "order", Prose(words), one.symbol)
    if guard.move and not _near(one.reference_close, one.latest_close, guard.move):
        words = f"{one.symbol} was sized on ${one.reference_close:g}, which is {one.latest_close} now: beyond {guard.move:.0%} (guard.move)"
        yield Verdict("move", "name" if known(one.latest_close) else "order", Prose(words), one.symbol)


def _near(reference: float | None, latest: float | None, limit: float) -> bool:
    return known(reference, latest) and abs(float(latest or 0) / float(reference or 1) - 1) <= limit * (1 + CENT)


def _of_count(orders: Sequence[Proposal], ground: Ground, guard: Guard, strategy: Strategy) -> Iterable[Verdict]:
    most, count = guard.orders * strategy.slots, ground.sent + len(orders)
    if count > most:
        yield Verdict("orders", "entries", Prose(f"{count} orders of one session, limit {most:g} (guard.orders): no entries"))


def _of_book(entries: Sequence[Proposal], ground: Ground, guard: Guard, strategy: Strategy) -> Iterable[Verdict]:
    """Gross and net of what stays, waits and is entered, as shares of equity."""
    if not entries:
        return
    longs, shorts = (_side(sign, entries, ground, strategy) for sign in (1, -1))
    if longs is None or shorts is None or not known(ground.equity):
        yield Verdict("gross", "entries", Prose("a position has no mark or the account no equity: gross is not known, no entries"))
        return
    equity = float(ground.equity or 1)
    long, short = longs / equity, shorts / equity
    most_long, most_short = (_weight(strategy, sign, None) * strategy.slots for sign in (1, -1))
    gross, net = most_long + most_short + guard.margin, long - short
    if long + short > gross * (1 + CENT):
        yield Verdict("gross", "entries", Prose(f"gross would be {long + short:.1%}, limit {gross:.1%} (guard.margin): no entries"))
    if not -(most_short + guard.margin) * (1 + CENT) <= net <= (most_long + guard.margin) * (1 + CENT):
        limits = f"{-most_short - guard.margin:.1%} to {most_long + guard.margin:.1%}"
        yield Verdict("net", "entries", Prose(f"net would be {net:.1%}, limits {limits} (guard.margin): no entries"))


def _side(sign: int, entries: Iterable[Proposal], ground: Ground, strategy: Strategy) -> float | None:
    """Dollars of one side, a position at most at its weight; None where a mark is missing."""
    most = _weight(strategy, sign, None) * float(ground.equity or 0)
    dollars = sum(one.quantity * float(one.reference_close or 0) for one in entries if one.sign == sign)
    for one in ground.stakes.values():
        if one.quantity * sign > 0 and not one.closing:
            if not known(one.mark):
                return None
            dollars += min(abs(one.quantity) * float(one.mark or 0), most)
    return dollars


def _of_switches(standing: Standing) -> Iterable[Verdict]:
    if standing.killed:
        yield Verdict("kill", "all", Prose(standing.killed))
    if standing.journal:
        yield Verdict("journal", "all", Prose(standing.journal))
    if standing.lease:
        yield Verdict("lease", "all", Prose(standing.lease))


def _of_account(standing: Standing) -> Iterable[Verdict]:
    """Nothing is sent to an account that is not the one that was pinned, or of which the broker does not say which it is."""
    told, wanted = (standing.broker_number, standing.broker_mode), (standing.number, standing.mode)
    if told != wanted or not all(wanted):
        words = f"the keys open account {told[0] or 'unknown'} ({told[1] or 'unknown'}), not {wanted[0] or 'none'} ({wanted[1]})"
        yield Verdict("wrong_account", "all", Prose(f"{words}: set brokers.account, or give other keys"))
    if standing.blocked:
        yield Verdict("blocked", "entries", Prose(f"the broker lets account {told[0]} open nothing: ask it why"))


def _of_clock(gap: float | None, limit: float) -> Iterable[Verdict]:
    if gap is None or not abs(gap) <= limit:
        words = "the broker does not say what time it is" if gap is None else f"this clock and the broker's differ by {gap:+.1f} s"
        yield Verdict("clock", "all", Prose(f"{words}, limit {limit:g} s (guard.clock): nothing is sent; set the clock"))


def _of_disk(free: float | None, limit: float) -> Iterable[Verdict]:
    if limit and (free is None or not free >= limit):
        words = "nobody knows how much disk is free" if free is None else f"{free:.2f} GB of disk are free"
        yield Verdict("disk", "entries", Prose(f"{words}, limit {limit:g} GB (guard.disk): no entries; make room"))
