"""What the verbs that stop and start an account say: kill, pause, resume, flatten, adopt."""

import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from springback.errors import InputError, MissingData, SpringbackError
from springback.verbs.console import Console
from springback.workflow import book, halting
from springback.workflow.accounts import account_of
from springback.workflow.book import Word
from springback.workflow.evening import LiveAccount
from springback.workflow.halting import Claim
from springback.workflow.settings import Chosen, choose
from springback.workflow.state_place import open_state
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_halting import Entry, Venue, taken_back, traded
from springback.workflow.trade_status import account_folder, opened

HASTE = 3
"""Seconds for which a kill waits for the database: the file stands already."""


def account(desk: Path, number: str, knobs: Chosen = (None, None)) -> LiveAccount:
    """The account with this number at the broker; without one that of `desk`, or the only one in it. Raises `MissingData` where it has no
    folder, or there are several.
    """
    settings, known = choose(*knobs), halting.accounts(desk)
    if number and not (desk / number).is_dir():
        raise MissingData(f"{desk} has no account {number}: it has {', '.join(known) or 'none'}")
    if not (number or settings.brokers.account or opened(desk)) and len(known) > 1:
        raise MissingData(f"{desk} has the accounts {', '.join(known)}: name one with --account")
    folder = desk / number if number else account_folder(desk, settings)
    return account_of(folder, settings, begins=folder != desk)


def kill(console: Console, desk: Path, number: str, broker: Venue, word: Word, knobs: Chosen = (None, None)) -> bool:
    """Stops an account, or all, and takes open entries back; whether the file stands. Raises `MissingData` where the account is none."""
    known = halting.accounts(desk)
    if number and number not in known:
        raise MissingData(f"nothing is stopped: {desk} has no account {number}, it has {', '.join(known) or 'none'}")
    done = halting.kill(desk, number, word, lambda folder: open_state(folder, HASTE))
    faults = [str(one) for one in done.faults]
    console.payload["kill"] = {"file": str(done.file or ""), "accounts": list(done.rows), "faults": faults}
    for fault in done.faults:
        console.say(f"did not work: {fault}")
    rows = f", in the database for {', '.join(done.rows)}" if done.rows else ""
    console.say(f"killed{f' by the file {done.file}' if done.file else ''}{rows}: nothing more is sent")
    if not known and not opened(desk):
        console.say(f"no account lies in {desk}: who trades in another folder is not stopped, name it with --desk")
    console.say("exits and stops at the broker and all positions stay")
    console.payload["entries"] = {name: _taken_back(console, desk / name, broker, knobs, faults) for name in done.rows}
    return done.file is not None


def _taken_back(console: Console, folder: Path, broker: Venue, knobs: Chosen, faults: list[str]) -> dict[str, str]:
    """The entries that were open at the broker, and how they stand; the kill stands whatever becomes of them, what did not work is added
    to `faults`.
    """
    clock, name = TradeClock(), folder.name
    found: tuple[Entry, ...] = ()
    try:
        trading = traded(account_of(folder, choose(*knobs), begins=True), broker, clock)
        if trading is not None:
            with trading:
                found = taken_back(trading, clock)
    except (SpringbackError, OSError) as error:
        faults.append(f"{name}: open entries may still be at the broker, the trader's next step takes them back: {error}")
        console.say(faults[-1])
        return {}
    for one in found:
        console.say(f"{one.client_id}: {one.state.replace('_', ' ')}{'' if one.over else ', not taken back yet: kill again'}")
    if not found:
        console.say(f"{name}: no entry was open")
    return {one.client_id: one.state for one in found}


def pause(console: Console, account: LiveAccount, word: Word) -> None:
    """Halts entries."""
    halt = book.paused(account, word)
    console.payload["pause"] = {"account": account.name, "n": halt.n}
    console.say(f"account {account.name}: no entries from now on, exits go on; 'springback resume' lifts it")


def flatten(console: Console, account: LiveAccount, typed: str, word: Word) -> None:
    """Has every position closed. Raises `InputError` where the account's name was not typed."""
    if typed != account.name:
        words = f"to close every position of account {account.name} type its name: --confirm {account.name}"
        raise InputError(f"{words}{f', was {typed}' if typed else ''}", value=typed)
    halt = halting.flattened(account, word)
    console.payload["flatten"] = {"account": account.name, "n": halt.n}
    console.say(f"account {account.name}: no entries, and an exit of every position at the next opens; 'springback resume' ends it")


def resume(
    console: Console,
    desk: Path,
    number: str,
    broker: Venue,
    names: Sequence[str],
    sure: bool,
    word: Word,
    knobs: Chosen = (None, None),
) -> bool:
    """Lifts halts, each confirmed, once the broker said how the account stands; whether none is left that a person lifts.

    Raises `InputError` where none of `names` is in force.
    """
    own, clock = account(desk, number, knobs), TradeClock()
    known = halting.liftable(own)
    if names and not any(_meant(one, names) for one in known):
        there = ", ".join(_named(one) for one in known) or "none"
        raise InputError(f"no halt {', '.join(names)} is in force: account {own.name} has {there}", value=list(names))
    chosen = [one for one in known if _confirmed(console, one, names, sure)]
    numbers = None if sure and not names else [one.n for one in chosen]
    trading = traded(own, broker, clock)
    if trading is None:
        lifted = halting.resumed(own, word, numbers)
    else:
        with trading:
            lifted = halting.resumed(own, word, numbers, lambda: halting.checked(trading, clock))
    console.payload["resume"] = {"account": own.name, "lifted": [one.n for one in lifted]}
    for one in lifted:
        console.say(f"lifted: {one.code}{f' {one.symbol}' if one.symbol else ''} of {one.at:%Y-%m-%d %H:%M} UTC by {one.by}: {one.why}")
    left = halting.liftable(own)
    if not known and not left:
        console.say("no halt was in force")
    for one in left:
        console.say(f"stays: {_named(one)} by {one.by}: {one.why}")
    return not left


def _named(halt: Any) -> str:
    return f"{halt.code}{f' {halt.symbol}' if halt.symbol else ''}"


def _meant(halt: Any, names: Sequence[str]) -> bool:
    """Whether one of `names` is the halt's code, symbol or number."""
    return not {halt.code, halt.symbol, str(halt.n)}.isdisjoint(names)


def _confirmed(console: Console, halt: Any, names: Sequence[str], sure: bool) -> bool:
    """Whether a person wants this halt lifted: it is named, all are, or its code is typed."""
    if names:
        return _meant(halt, names)
    if sure:
        return True
    if not sys.stdin.isatty():
        raise InputError(f"each halt is lifted by its name: --only {halt.code}, or --yes for all")
    console.say(f"{_named(halt)} by {halt.by} since {halt.at:%Y-%m-%d %H:%M} UTC: {halt.why}")
    return bool(input(f"type {halt.code} to lift it, nothing to keep it: ").strip() == halt.code)


def adopt(
    console: Console,
    account: LiveAccount,
    symbol: str,
    claim: str,
    terms: tuple[str | None, float | None, datetime | None],
    word: Word,
) -> None:
    """Keeps whose shares they are. Raises `InputError`."""
    quantity, price, opened = terms
    try:
        shares = None if quantity is None else Decimal(quantity)
    except InvalidOperation:
        raise InputError(f"--quantity must be signed shares, was '{quantity}'", symbol=symbol) from None
    kept = halting.adopted(account, Claim(symbol.upper(), claim, shares, price, opened.date() if opened else None), word)
    told = {"account": account.name, "symbol": kept.symbol, "claim": kept.claim, "quantity": float(kept.quantity), "n": kept.n}
    console.payload["adopt"] = told
    console.say(f"{kept.symbol} of account {account.name} is {kept.claim}: {kept.quantity:f} shares")
    if not halting.held(account, kept.symbol):
        console.say(f"  the broker held no share of {kept.symbol} when it was last asked: mind the spelling")
