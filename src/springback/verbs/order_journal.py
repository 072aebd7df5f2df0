"""What `springback journal` does: lists the orders, checks the chain, has it rebuilt."""

from pathlib import Path

from springback.errors import InputError
from springback.verbs.book import word_of
from springback.verbs.console import Console, table
from springback.workflow.order_journal import Listing, listing, made_good
from springback.workflow.settings import choose
from springback.workflow.trade_status import account_folder

COLUMNS = ("client_id", "side", "quantity", "filled_quantity", "average_price", "state", "reason")


def show(console: Console, desk: Path, verify: bool) -> bool:
    """Every order of the desk; whether nothing is wrong with its journal, as far as that was asked."""
    found = listing(account_folder(desk, choose(), traded=True), verify)
    _say(console, found)
    return not found.faults


def rebuild(console: Console, desk: Path, file: Path, account: str, by: str, why: str) -> bool:
    """Has the journal rebuilt; whether it is whole then. Raises `InputError` without a reason."""
    if not why.strip():
        raise InputError("a rebuild of the journal says why: give --why REASON")
    found = made_good(account_folder(desk, choose(), traded=True), file, account, word_of(by, why))
    _say(console, found)
    console.say(f"the journal of account {found.account} is rebuilt: {len(found.orders):,} orders were written anew")
    return not found.faults


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
