"""A journal made good again from what its broker says when it is asked, after a restored backup or a chain that is cut or changed."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from springback.brokers.broker import Events
from springback.brokers.broker import Order as TheirOrder
from springback.errors import InputError
from springback.state.order_rows import OrderFill
from springback.trading.journal import id_parts, line
from springback.trading.rebuild import Activity, BrokerOrder, Truth
from springback.workflow.book import Word
from springback.workflow.broker_words import execution, in_turn
from springback.workflow.evening import CASH
from springback.workflow.order_journal import Listing
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trading_account import TradingAccount, holding

MARGIN, UNKNOWN_START = timedelta(days=2), timedelta(days=365)
"""How far before its beginning an account's orders are asked for; and how far back where neither state nor folder knows one."""
WORDS = {"replaced": "cancelled"}
"""Broker's states that are none of the journal's: another order took the place of a replaced one."""


def made_good_by_broker(account: TradingAccount, number: str, word: Word, clock: TradeClock) -> Listing:
    """The journal rebuilt from all that the broker says of the account since its beginning; the orders that were written anew.

    Raises `InputError` where `number` is not the account's, `Disagrees` where executions are missing that the broker counts, and as it
    does.
    """
    if number != account.live.name:
        raise InputError(f"to rebuild its journal type the account's number: --account {account.live.name}, was '{number}'", value=number)
    with holding(account):
        account.broker.state()  # another account's orders are none of ours
        truth = truth_of_events(account.broker.events(_start(account, clock.now())), clock.now())
        anew = account.journal.rebuild(truth, word.by, word.why, word.at)
    return Listing(account.journal.account, tuple(map(line, anew)), account.journal.verify())


def truth_of_events(events: Events, now: datetime) -> Truth:
    """What the broker told, in the journal's words: orders with an id of ours, their executions, and what else was booked."""
    own = {one.client_id: one for one in events.orders if id_parts(one.client_id)}
    owners = {one.broker_id: one.client_id for one in own.values()}
    fills = []
    for one in in_turn(events.fills, now):
        name = one.client_id or owners.get(one.broker_id, "")
        if name in own:
            fills.append(execution(one, name, now))
    booked = [
        Activity(one.activity_id, one.at or now, one.kind, one.symbol, one.quantity or Decimal(0), one.amount or Decimal(0))
        for one in events.activities
    ]
    return Truth(tuple(_order(one, fills, now) for one in own.values()), tuple(fills), tuple(booked))


def _order(one: TheirOrder, fills: list[OrderFill], now: datetime) -> BrokerOrder:
    """The order; what was busted or corrected counts as its executions say, for some brokers go on counting it."""
    parts, own = id_parts(one.client_id), [fill for fill in fills if fill.client_id == one.client_id]
    assert parts is not None
    force: dict[str, Decimal] = {}
    for fill in own:
        force.pop(fill.corrects, None)
        force[fill.execution_id] = fill.quantity
    told, late = sum(force.values(), Decimal(0)), any(fill.corrects for fill in own)
    filled = told if one.filled_quantity is None or late else one.filled_quantity
    undone = late and one.state == "filled" and told != one.quantity
    return BrokerOrder(
        client_id=one.client_id,
        broker_id=one.broker_id,
        symbol=parts[2],
        side=one.side,
        quantity=one.quantity or Decimal(0),
        filled_quantity=filled,
        state="cancelled" if undone else WORDS.get(one.state, one.state),
        at=one.submitted_at or now,
    )


def _start(account: TradingAccount, now: datetime) -> datetime:
    """From when on the broker is asked: before the first contact, or the oldest decision in the folder where that is older."""
    known = [one.at for one in account.live.state.book_events(account.live.name) if one.kind == CASH]
    known += [datetime.combine(date.fromisoformat(one), time(0), UTC) for one in account.live.folder.sessions()[:1]]
    return min(known, default=now - UNKNOWN_START) - MARGIN
