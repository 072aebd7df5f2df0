"""The broker's account laid beside the journal once, kept, and the names halted of which nobody can say whose the shares are."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from springback import __version__
from springback.market.prose import Prose
from springback.state.order_rows import digits
from springback.state.rows import Halt
from springback.state.trading_rows import Adoption, Reconciliation
from springback.trading.accounted import Held, Line, Memory, Reconciled, Seen, Traded, memory_of, ours_of
from springback.trading.booked import NOTHING
from springback.trading.reconciliation import NEW, reconciled
from springback.workflow.broker_events import ASSET, Heard
from springback.workflow.evening import LiveAccount
from springback.workflow.trading_account import TradingAccount

UNEXPLAINED, TAKEN = "unexplained", "foreign"
"""Codes of halts: shares that nobody can explain; shares of ours that another hand took."""
BY = "springback reconcile"


def reconcile(
    account: TradingAccount, hearing: Heard, session: date, phase: str, splits: Mapping[str, Decimal] | None = None
) -> Reconciled:
    """What the broker said in `hearing` beside the journal, for the decision of `session`; kept as a row, and its names halted.

    `splits` are old shares per new one by our symbol, effective in the session that follows.
    """
    live, last = account.live, account.live.state.newest(account.live.name, Reconciliation)
    memory = remembered(last)
    adoptions = live.state.kept(live.name, Adoption)
    ours = ours_of(hearing.orders.values(), adoptions, None if last is None else last.at)
    found = reconciled(ours, _seen(live, hearing), memory, adoptions, splits)
    for one in found.lines:
        if one.halts:
            code = UNEXPLAINED if one.code == UNEXPLAINED else TAKEN
            live.state.halt(live.name, Halt("name", code, _why(one), BY, hearing.at, one.symbol))
    body = json.dumps(json.loads(found.body) | {"venue": _venue(account, hearing), "booked": _booked(hearing)}, sort_keys=True)
    row = Reconciliation(session, phase, hearing.at, found.unexplained, body, account.rehearsal)
    live.state.keep(live.name, row)
    return found


def remembered(last: Reconciliation | None) -> Memory:
    """What the newest reconciliation found out; nothing before the first."""
    return NEW if last is None else memory_of(json.loads(last.body)["memory"])


def fractions(live: LiveAccount) -> dict[str, Decimal]:
    """Signed shares of ours that no decision ends, as the newest reconciliation has them: a day market order sells or buys them back."""
    last = live.state.newest(live.name, Reconciliation)
    return {} if last is None else {symbol: Decimal(part) for symbol, part in json.loads(last.body)["fractions"].items()}


def not_short(live: LiveAccount, session: date) -> frozenset[str]:
    """Names whose short was bought back by another hand since the decision of `session`: they are not shorted again in it."""
    rows = live.state.kept(live.name, Reconciliation, session)
    return frozenset(symbol for one in rows for symbol in json.loads(one.body)["not_short"])


def _seen(live: LiveAccount, hearing: Heard) -> Seen:
    """What the broker said, as the reconciliation takes it."""
    account = hearing.state.account
    traded = tuple(
        Traded(one.execution_id, one.symbol, one.quantity if one.side == "buy" else -one.quantity, one.price, one.fee or NOTHING)
        for one in hearing.foreign_fills
        if one.execution == "fill"
    )
    sent = {one.intent.symbol: dict(one.identity).get(ASSET, "") for one in hearing.orders.values()}
    names = {symbol: (asset_id, symbol) for symbol, asset_id in sent.items() if asset_id}
    names |= {symbol: (one.asset_id, one.broker_symbol) for symbol, one in hearing.state.assets.items() if symbol not in names}
    positions = tuple(Held(one.asset_id, one.symbol, one.quantity) for one in hearing.state.positions)
    return Seen(positions, account.cash, traded, live.state.bookings(live.name), names)


def _venue(account: TradingAccount, hearing: Heard) -> dict[str, str]:
    """Where and by what the account is traded."""
    theirs = hearing.state.account
    return {"broker": account.broker.name, "account": theirs.number, "mode": theirs.mode, "version": __version__}


def _booked(hearing: Heard) -> dict[str, Any]:
    """Whether the broker told what was booked, and the last day of which it did (None: up to now)."""
    until = hearing.events.booked_until
    return {"statement": hearing.events.statement, "until": None if until is None else str(until)}


def booked(body: Mapping[str, Any], session: date) -> bool:
    """Whether the reconciliation whose `body` this is knew all that was booked on the day `session`."""
    told = body.get("booked", {})
    return bool(told.get("statement", True)) and (told.get("until") is None or told["until"] >= str(session))


def _why(one: Line) -> Prose:
    """The halt in words."""
    if one.code == UNEXPLAINED:
        words = f"the broker has {digits(one.broker)} shares, ours are {digits(one.ours)} and foreign ones {digits(one.foreign)}"
        return Prose(f"{words}, and no booking explains the rest: say by 'springback adopt {one.symbol}' whose they are")
    return Prose(f"another hand traded {digits(abs(one.foreign))} shares against the {digits(one.ours)} of ours")
