"""What a broker tells, in the journal's words: answers to orders, executions, bookings. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from springback.brokers.broker import Account, Activity, Fill
from springback.brokers.broker import Order as BrokerOrder
from springback.errors import Disagrees
from springback.market.prose import Prose
from springback.state.order_rows import OrderFill
from springback.state.trading_rows import Booking
from springback.trading.journal import Answer, Order

ENDS = {"cancelled": "cancelled", "expired": "expired", "refused": "refused", "replaced": "cancelled"}
"""State of an order that is over at the broker -> kind of the answer; of a filled one the executions say it."""
NO_BORROW, UNFILLED, ELSEWHERE, REPLACED, RESTRICTED = "no_borrow", "unfilled", "cancelled_elsewhere", "replaced", "short_sale_restricted"
WHY = {
    NO_BORROW: "the broker ended it without a word: its shares cannot be borrowed, or not be sold short today",
    UNFILLED: "the market did not fill all of it",
    ELSEWHERE: "ended by another hand than ours: that is final",
    REPLACED: "another order took its place at the broker",
}


CURRENCY, NO_MARGIN = UNFIT = "currency", "no_margin"
"""Codes of an account that may open nothing."""
LEAST_EQUITY = Decimal(2000)
"""Dollars under which a broker lends no shares."""


def no_entries(theirs: Account) -> tuple[str, str] | None:
    """Why the account may open nothing, as code and words: it must be a margin account, in dollars (USD). None where it may."""
    if theirs.currency not in {"", "USD"}:
        return CURRENCY, f"the account is in {theirs.currency}, not in USD: no entries"
    if theirs.multiplier is not None and theirs.multiplier <= 1:
        return NO_MARGIN, "the account is no margin account: no entries"
    return None


def no_shorting(theirs: Account) -> str:
    """Why the account may open no short: the broker says so, or it has too few dollars; empty where it may."""
    if theirs.shorting is False:
        return "the broker does not let the account sell short: no short entries"
    if theirs.equity is not None and theirs.equity < LEAST_EQUITY:
        return f"nobody lends shares to an account under ${LEAST_EQUITY:,}, and its equity is ${theirs.equity:,.2f}: no short entries"
    return ""


def answers(there: BrokerOrder, ours: Order, code: str) -> tuple[Answer, ...]:
    """What the broker's order tells the journal's, in order; `code` says why it ended where we did not ask for it. Nothing where both know
    the same end.
    """
    reported = there.filled_quantity
    if there.state in ENDS:
        if ours.closed and reported in {None, ours.reported}:
            return ()
        why = code if ours.state not in {"cancelling", *ENDS} else ""
        return (Answer(ENDS[there.state], there.broker_id, why, Prose(WHY.get(why, "")), reported),)
    found = [Answer("accepted", there.broker_id, reported=reported)]
    if ours.closed and there.state != "filled" and ours.state != "filled":
        found = [Answer("reopened", there.broker_id, reported=reported)]
    if there.state == "cancelling" and ours.state != "cancelling":
        found.append(Answer("cancelling", there.broker_id))
    return tuple(found)


def why_ended(there: BrokerOrder, ours: Order, borrowable: bool, opened: bool) -> str:
    """Why an order is over that we did not end: `borrowable` are its shares, `opened` has the market for which it was."""
    if there.state == "replaced":
        return REPLACED
    if there.state == "refused":
        return there.word
    short = ours.intent.purpose == "entry" and ours.intent.side == "sell" and not there.filled_quantity
    if short and (not borrowable or ours.code == RESTRICTED):
        return NO_BORROW
    return UNFILLED if opened else ELSEWHERE


def check_same(there: BrokerOrder, ours: Order, asset_ids: Mapping[str, str]) -> None:
    """Raises `Disagrees` where the broker's order under the client id is another one than ours; what it does not say differs in nothing."""
    intent, own = ours.intent, asset_ids.get(ours.intent.symbol, "")
    pairs = ((there.side, intent.side), (there.quantity, intent.quantity), (there.asset_id and own and there.asset_id, own))
    if any(theirs not in {None, "", our} for theirs, our in pairs):
        theirs = f"{there.side} {there.quantity} {there.symbol} under {ours.client_id}"
        words = f"the broker has {theirs}, ours is {intent.side} {intent.quantity} {intent.symbol}: look at the account"
        raise Disagrees(words, symbol=intent.symbol)


def execution(fill: Fill, client_id: str, now: datetime) -> OrderFill:
    """The execution as the journal keeps it."""
    quantity = Decimal(0) if fill.execution == "bust" else fill.quantity
    corrects = fill.previous_id if fill.execution != "fill" else ""
    return OrderFill(fill.execution_id, client_id, fill.at or now, quantity, fill.price, fill.fee or Decimal(0), corrects)


def known(fill: OrderFill, order: Order) -> bool:
    """Whether the journal has the execution already: by its id, shares and price; a fee that comes later is the booking's."""
    same = [one for one in order.history if one.execution_id == fill.execution_id]
    return any((one.quantity, one.price, one.corrects) == (fill.quantity, fill.price, fill.corrects) for one in same)


def in_turn(fills: Iterable[Fill], now: datetime) -> list[Fill]:
    """Executions before what corrects them, each in time."""
    return sorted(fills, key=lambda one: (one.execution != "fill", one.at or now))


def booking(one: Activity, symbols: Mapping[str, str], now: datetime) -> Booking:
    """The activity as it is kept; `symbols` has our name of the broker's."""
    symbol = symbols.get(one.symbol, one.symbol)
    return Booking(one.activity_id, one.kind, one.word, symbol, one.quantity, one.amount, one.at or now, now, one.status)
