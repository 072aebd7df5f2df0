"""What `springback daily` says: what was decided and why, or what it waits for."""

import socket
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from springback.alone import alone
from springback.operation.frozen_decision import FrozenDecision, Reason
from springback.verbs.console import Console
from springback.workflow.accounts import account_of, asking, clock_of, drawn, opening, source_of
from springback.workflow.daily import Clock, DailyOutcome, Fetch, daily
from springback.workflow.evening import LiveAccount
from springback.workflow.inputs import Inputs, Request
from springback.workflow.settings import choose
from springback.workflow.watched import Watch, watched

LEASE = 60.0
"""Seconds after which an account is free for another machine where this one has died; of one machine the folder's lock keeps out others."""
MOST_REASONS = 8


def account(desk: Path, settings: Path | None, sets: list[str] | None, store: Path | None, models: Path | None) -> LiveAccount:
    """The account whose folder is `desk`, under the settings of a file and of words."""
    return account_of(desk, choose(settings, sets), store, models)


def run(
    console: Console, account: LiveAccount, source: str | None, files: tuple[Path | None, Path | None], clock: str | None, dry: bool
) -> int:
    """The evening with the data of `source`; `files` are those of members and keys. The exit code."""
    vendor = source_of(account, source)
    members, keys = files
    time = clock_of(clock, drawn(account, vendor))
    inputs = Inputs(store=account.store, members=members, request=Request(keys=keys))
    fetch = asking(account, inputs, vendor, time, console) if vendor else None
    return evening(console, account, time, fetch, dry)


def evening(console: Console, account: LiveAccount, clock: Clock, fetch: Fetch | None, dry: bool) -> int:
    """Decides what is due and says it; the exit code."""
    silent = dry or clock.fixed is not None
    hears = nullcontext(Watch()) if silent else watched(account, clock.now())
    with alone(account.folder.path), account.state.lease(account.name, socket.gethostname(), LEASE), hears as watch:
        outcome = watch.outcome = daily(account, clock, fetch, dry, console)
    console.payload["daily"] = _plain(outcome, account)
    for one in outcome.decisions:
        _say(console, one)
    if outcome.dry is not None:
        count = len(outcome.dry.evening.orders)
        console.say(f"{outcome.dry.market_data.bars.sessions[-1]}: would be frozen with {count} orders; nothing was written")
    for wait in outcome.waits:
        console.say(f"{outcome.session}: waiting: {wait.text}")
    if not (outcome.decisions or outcome.waits or outcome.dry):
        console.say(f"{outcome.session} is decided: nothing is due")
    if outcome.decisions:
        console.say(f"desk: {account.folder.path}")
    for fault in watch.faults:
        console.say(f"  {fault}")
    return outcome.code


def _say(console: Console, decision: FrozenDecision) -> None:
    orders = decision.orders()
    entries = orders["reason"] == "entry"
    regime = "bear" if decision.regime["bear"] else "bull"
    when = opening(decision)
    if decision.kind == "late":
        console.say(f"{decision.session}: recorded late, no orders: equity ${decision.equity:,.0f}")
        return
    counts = f"{int(entries.sum())} entries and {int((~entries).sum())} exits"
    console.say(
        f"{decision.session}: {counts} for the open of {when:%a %Y-%m-%d %H:%M} New York; {regime} regime, "
        f"equity ${decision.equity:,.0f}{', EXITS ONLY' if decision.exits_only else ''}"
    )
    for line in _lines(decision.reasons):
        console.say(f"  {line}")


def _lines(reasons: Iterable[Reason]) -> list[str]:
    told = [f"{one.symbol}: {one.text}" if one.symbol else one.text for one in reasons]
    more = [f"and {len(told) - MOST_REASONS} more: see 'springback orders'"] if len(told) > MOST_REASONS else []
    return told[:MOST_REASONS] + more


def _plain(outcome: DailyOutcome, account: LiveAccount) -> dict[str, Any]:
    return {
        "account": account.name,
        "session": outcome.session,
        "code": outcome.code,
        "waits": [vars(one) for one in outcome.waits],
        "decisions": [
            {
                "session": one.session,
                "kind": one.kind,
                "folder": str(one.folder),
                "orders": len(one.orders()),
                "exits_only": one.exits_only,
                "equity": one.equity,
                "reasons": [vars(reason) for reason in one.reasons],
            }
            for one in outcome.decisions
        ],
        "dry": outcome.dry is not None,
    }
