"""What `springback journal` does: lists the orders, checks the chain, has it rebuilt."""

from pathlib import Path

from springback.errors import InputError
from springback.verbs.book import word_of
from springback.verbs.console import Console, table
from springback.workflow.accounts import account_of
from springback.workflow.book import Word
from springback.workflow.evening import LiveAccount
from springback.workflow.order_journal import Listing, listing, made_good
from springback.workflow.rebuilding import made_good_by_broker
from springback.workflow.settings import Chosen, choose
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_halting import Venue, traded
from springback.workflow.trade_status import account_folder

COLUMNS = ("client_id", "side", "quantity", "filled_quantity", "average_price", "state", "reason")


def show(console: Console, desk: Path, verify: bool) -> bool:
    """Every order of the desk; whether nothing is wrong with its journal, as far as that was asked."""
    found = listing(account_folder(desk, choose(), traded=True), verify)
    _say(console, found)
    return not found.faults


def rebuild(
    console: Console,
    desk: Path,
    file: Path | None,
    account: str,
    word: tuple[str, str],
    broker: Venue = ("", False),
    knobs: Chosen = (None, None),
) -> bool:
    """Has the journal rebuilt from `file`, or from what the broker says when it is asked; whether it is whole then. `word` is who and why.

    Raises `InputError` without a reason.
    """
    by, why = word
    if not why.strip():
        raise InputError("a rebuild of the journal says why: give --why REASON")
    settings = choose(*knobs)
    folder = account_folder(desk, settings, traded=True)
    if file is not None:
        found = made_good(folder, file, account, word_of(by, why))
    else:
        found = _asked(account_of(folder, settings, begins=True), account, word_of(by, why), broker)
    _say(console, found)
    console.say(f"the journal of account {found.account} is rebuilt: {len(found.orders):,} orders were written anew")
    return not found.faults


def _asked(own: LiveAccount, account: str, word: Word, broker: Venue) -> Listing:
    clock = TradeClock()
    trading = traded(own, broker, clock)
    if trading is None:
        raise InputError(f"nobody knows the broker of account {own.name}: name it by --broker, or give a FILE with what it says")
    with trading:
        return made_good_by_broker(trading, account, word, clock)


def _say(console: Console, listed: Listing) -> None:
    console.payload["account"], console.payload["orders"] = listed.account, list(listed.orders)
    shown = table("", *COLUMNS)
    shown.columns[-1].no_wrap, shown.columns[-1].justify = False, "left"  # a long reason breaks its own line and no other column
    for one in listed.orders:
        shown.add_row(*(_cell(one[name]) for name in COLUMNS))
    if listed.orders:
        console.show(shown)
    console.say(f"journal of account {listed.account}: {len(listed.orders):,} orders")
    if listed.faults is None:
        return
    console.payload["faults"] = [one._asdict() for one in listed.faults]
    for fault in listed.faults:
        console.say(f"  {fault.code} at event {fault.n}{f' ({fault.subject})' if fault.subject else ''}")
    console.say(f"{len(listed.faults):,} faults: nothing is sent" if listed.faults else "whole, from its first event to its last")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
