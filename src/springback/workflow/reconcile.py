"""The broker's account laid beside the journal once, kept, and the names halted of which nobody can say whose the shares are."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from springback import __version__
from springback.data.store.store import Store
from springback.errors import StateError
from springback.market.prose import Prose
from springback.state.order_rows import digits
from springback.state.rows import Halt
from springback.state.state import State
from springback.state.trading_rows import Adoption, Reconciliation
from springback.trading.accounted import Held, Line, Memory, Reconciled, Seen, Traded, memory_of, our_spelling, ours_of
from springback.trading.booked import NOTHING
from springback.trading.journal import Order
from springback.trading.reconciliation import NEW, reconciled
from springback.workflow.broker_events import ASSET, Heard
from springback.workflow.evening import LiveAccount
from springback.workflow.trading_account import TradingAccount

UNEXPLAINED, TAKEN = "unexplained", "foreign"
"""Codes of halts: shares that nobody can explain; shares of ours that another hand took."""
BY = "springback reconcile"
SINCE, FEW, ROWS = "since", 64, 64
"""Field of a memory that goes on from an earlier row's; fewer changes are written whole, and after so many rows all of them are."""
RECENT = 10
"""Days within which a name that is traded has a bar."""


def reconcile(
    account: TradingAccount, hearing: Heard, session: date, phase: str, splits: Mapping[str, Decimal] | None = None
) -> Reconciled:
    """What the broker said in `hearing` beside the journal, for the decision of `session`; kept as a row, and its names halted.

    `splits` are old shares per new one by our symbol, effective in the session that follows.
    """
    live, last = account.live, account.live.state.newest(account.live.name, Reconciliation)
    memory = remembered(live.state, live.name)
    adoptions = live.state.kept(live.name, Adoption)
    ours = ours_of(hearing.orders.values(), adoptions, None if last is None else last.at)
    found = reconciled(ours, _seen(live, hearing), memory, adoptions, splits)
    names = names_now(live)
    for one in found.lines:
        if one.halts:
            code, symbol = UNEXPLAINED if one.code == UNEXPLAINED else TAKEN, names.get(one.symbol, one.symbol)
            live.state.halt(live.name, Halt("name", code, _why(one), BY, hearing.at, symbol))
    told = {"venue": _venue(account, hearing), "booked": _booked(hearing)}
    told["memory"] = _kept_memory(live.state, live.name, last, found.memory)
    body = json.dumps(json.loads(found.body) | told, sort_keys=True)
    row = Reconciliation(session, phase, hearing.at, found.unexplained, body, account.rehearsal)
    live.state.keep(live.name, row)
    return found


def remembered(state: State, name: str) -> Memory:
    """What the newest reconciliation of the account `name` found out; nothing before the first."""
    last = state.newest(name, Reconciliation)
    return NEW if last is None else memory_of(whole_memory(state, name, json.loads(last.body)["memory"]))


def whole_memory(state: State, name: str, memory: Mapping[str, Any]) -> dict[str, Any]:
    """The `memory` of a row with all its changes: those of the row that it goes on from too, but for what is told anew or gone.

    Raises `StateError` where that row is not there.
    """
    told = dict(memory)
    if SINCE not in told:
        return told
    first, changed = state.numbered(name, Reconciliation, told[SINCE]), {one["activity_id"] for one in told["changes"]}
    if first is None:
        raise StateError(f"the reconciliation {told[SINCE]} of account {name} is gone: restore a backup of the state")
    over = changed | set(told["gone"])
    before = [one for one in json.loads(first.body)["memory"]["changes"] if one["activity_id"] not in over]
    return told | {"changes": [*before, *told["changes"]]}


def _kept_memory(state: State, name: str, last: Reconciliation | None, memory: Memory) -> dict[str, Any]:
    """The memory as its row keeps it: whole while its changes are few and after `ROWS` rows, else only what is other than in the last whole
    one. All of them in each row would make the table grow with the square of the years.
    """
    told = memory.plain()
    if last is None or len(told["changes"]) < FEW:
        return told
    before = json.loads(last.body)["memory"]
    since, rows = before.get(SINCE, last.n), before.get("rows", 0) + 1
    first = state.numbered(name, Reconciliation, since)
    if first is None or rows > ROWS:
        return told
    known = {one["activity_id"]: one for one in json.loads(first.body)["memory"]["changes"]}
    now = {one["activity_id"] for one in told["changes"]}
    changes = [one for one in told["changes"] if known.get(one["activity_id"]) != one]
    return told | {"changes": changes, "gone": sorted(set(known) - now), SINCE: since, "rows": rows}


def names_now(live: LiveAccount, orders: Iterable[Order] = ()) -> dict[str, str]:
    """What names that were renamed are called now, by the symbols of `orders` and of earlier reconciliations; nothing of the rest, and of
    names that the store does not know by the new one.
    """
    last = live.state.newest(live.name, Reconciliation)
    memory = remembered(live.state, live.name)
    called = {identity: our_spelling(name) for identity, name in memory.names.values() if identity and name}
    ids = {one.intent.symbol: dict(one.identity).get(ASSET, "") for one in orders}
    found = memory.renamed | {symbol: called[one] for symbol, one in ids.items() if one in called and called[one] != symbol}
    store = Store(live.store)
    if last is None or not found or not store.exists():
        return {}
    known = store.securities()
    fresh = set(known["symbol"][known["last"].to_numpy().astype("datetime64[D]") >= np.datetime64(last.session) - RECENT])
    return {symbol: name for symbol, name in found.items() if name in fresh}


def fractions(live: LiveAccount) -> dict[str, Decimal]:
    """Signed shares of ours that no decision ends, as the newest reconciliation has them: a day market order sells or buys them back."""
    last, names = live.state.newest(live.name, Reconciliation), names_now(live)
    parts = {} if last is None else json.loads(last.body)["fractions"]
    return {names.get(symbol, symbol): Decimal(part) for symbol, part in parts.items()}


def not_short(live: LiveAccount, session: date) -> frozenset[str]:
    """Names whose short was bought back by another hand since the decision of `session`: they are not shorted again in it."""
    rows, names = live.state.kept(live.name, Reconciliation, session), names_now(live)
    return frozenset(names.get(symbol, symbol) for one in rows for symbol in json.loads(one.body)["not_short"])


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
