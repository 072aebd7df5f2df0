"""What `springback daily` says: what was decided and why, or what it waits for."""

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from springback.alone import alone
from springback.errors import InputError, MissingData
from springback.operation.frozen_decision import FrozenDecision, Reason
from springback.verbs.console import Console
from springback.workflow.accounts import account_of, asking, clock_of, drawn, opening, source_of
from springback.workflow.catch_up import Fetched
from springback.workflow.daily import Clock, DailyOutcome, Fetch, daily
from springback.workflow.evening import LiveAccount
from springback.workflow.governance import Governed
from springback.workflow.inputs import Inputs, Request
from springback.workflow.places import models_folder
from springback.workflow.settings import choose
from springback.workflow.sources import NEED_KEYS, SOURCES, has_store
from springback.workflow.trade_status import account_folder
from springback.workflow.watched import Watch, watched

LEASE = 60.0
"""Seconds after which an account is free for another machine where this one has died; of one machine the folder's lock keeps out others."""
MOST_REASONS = 8


def account(
    desk: Path, settings: Path | None = None, sets: list[str] | None = None, store: Path | None = None, models: Path | None = None
) -> LiveAccount:
    """The account whose folder is `desk`, under the settings of a file and of words. Raises `MissingData` where a store or a folder of
    models that was named is not there.
    """
    chosen = choose(settings, sets)
    if store is not None and not has_store(store):
        raise MissingData(f"{store} holds no store: fill it with 'springback fetch --store {store}', or leave --store out")
    return account_of(account_folder(desk, chosen), chosen, store, models_folder(models))


def run(console: Console, account: LiveAccount, source: str | None, files: Mapping[str, Path], clock: str | None, dry: bool) -> int:
    """The evening with the data of `source`; `files` are those of members, holdings and keys, by option. The exit code."""
    vendor = source_of(account, source)
    check_files(files, vendor)
    time = clock_of(clock, drawn(account, vendor))
    lists = tuple(name for name in files if name != "keys")
    inputs = Inputs(
        store=account.store, members=files.get("members"), holdings=files.get("holdings"), request=Request(keys=files.get("keys"))
    )
    fetch = asking(account, inputs, vendor, time, console) if vendor else None
    return evening(console, account, time, fetch, dry, lists)


def check_files(files: Mapping[str, Path], vendor: str | None) -> None:
    """Refuses a file that nobody would read. Raises `InputError`, `MissingData`."""
    for name, file in files.items():
        if vendor is None:
            raise InputError(f"--{name} goes with a vendor who is asked, --source {', '.join(SOURCES)}: this store is filled by others")
        if name == "keys" and vendor not in NEED_KEYS:
            raise InputError(f"--keys goes with {', '.join(NEED_KEYS)}: {vendor} needs none")
        if not file.exists():
            raise MissingData(f"{file} does not exist: --{name} takes one that does")


def evening(console: Console, account: LiveAccount, clock: Clock, fetch: Fetch | None, dry: bool, lists: Sequence[str] = ()) -> int:
    """Decides what is due and says it; the exit code. Of membership `lists`, named by their options, it says where nothing was asked."""
    silent = dry or clock.fixed is not None
    hears = nullcontext(Watch()) if silent else watched(account, clock.now())
    with alone(account.folder.path), account.state.lease(account.name, socket.gethostname(), LEASE), hears as watch:
        outcome = watch.outcome = daily(account, clock, fetch, dry, console)
    console.payload["daily"] = _plain(outcome, account)
    for one in outcome.decisions:
        say_decision(console, one)
    for line in (*_fetched(outcome.fetched), *_governed(outcome.governed)):
        console.say(f"  {line}")
    if outcome.dry is not None:
        count = len(outcome.dry.evening.orders)
        console.say(f"{outcome.dry.market_data.bars.sessions[-1]}: would be frozen with {count} orders; nothing was written")
    for wait in outcome.waits:
        console.say(f"{outcome.session}: waiting: {wait.text}")
    if not (outcome.decisions or outcome.waits or outcome.dry):
        console.say(f"{outcome.session} is decided: nothing is due")
    if lists and outcome.fetched is None:
        console.say(f"  --{lists[0]} was not read, since the source was not asked: give it again when a session is due")
    if outcome.decisions:
        console.say(f"desk: {account.folder.path}")
    for fault in watch.faults:
        console.say(f"  {fault}")
    return outcome.code


def say_decision(console: Console, decision: FrozenDecision) -> None:
    """What was decided and for which open, and what curbed it."""
    orders = decision.orders()
    entries = orders["reason"] == "entry"
    when = opening(decision)
    if decision.kind == "late":
        console.say(f"{decision.session}: recorded late, no orders: equity ${decision.equity:,.0f}")
        return
    counts = f"{int(entries.sum())} entries and {int((~entries).sum())} exits"
    console.say(
        f"{decision.session}: {counts} for the open of {when:%a %Y-%m-%d %H:%M} New York; {decision.regime_name} regime, "
        f"equity ${decision.equity:,.0f}{', EXITS ONLY' if decision.exits_only else ''}"
    )
    for line in _lines(decision.reasons):
        console.say(f"  {line}")


def _fetched(fetched: Fetched | None) -> Iterator[str]:
    """What the source told otherwise than before, and of whom it told nothing."""
    if fetched is None:
        return
    if fetched.restated:
        yield (
            f"{len(fetched.restated):,} values of the past are others now ({fetched.restated_share:.2%} of last week's closes), "
            f"such as {fetched.restated[0]}; what was frozen stays as it is"
        )
    if fetched.failed:
        name, why = next(iter(fetched.failed.items()))
        yield f"{len(fetched.failed):,} names failed ({fetched.failed_share:.1%}), such as {name} ({why}): they are not entered"


def _governed(governed: Iterable[Governed]) -> Iterator[str]:
    """What became of the models."""
    for one in governed:
        if one.challenger:
            yield f"challenger {one.challenger} was trained, its contest with {one.champion} is registered: see 'springback models'"
        for fault in one.faults:
            yield f"{fault.code}: {fault.text}"


def _lines(reasons: Iterable[Reason]) -> list[str]:
    told = [one.line for one in reasons]
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
        "restated": [] if outcome.fetched is None else [vars(one) for one in outcome.fetched.restated],
        "failed": {} if outcome.fetched is None else dict(outcome.fetched.failed),
        "models": [asdict(one) for one in outcome.governed],
    }
