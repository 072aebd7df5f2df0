"""What the verbs of the book say: what is held, what a person said of it, and what is halted."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from springback.errors import InputError
from springback.verbs.console import Console, table
from springback.workflow import book
from springback.workflow.accounts import account_of
from springback.workflow.book import Word
from springback.workflow.evening import LiveAccount
from springback.workflow.settings import choose


def account(desk: Path, begins: bool = False) -> LiveAccount:
    """The account whose folder is `desk`; one that is not there yet where it `begins`."""
    return account_of(desk, choose(), begins=begins)


def word_of(by: str, why: str = "") -> Word:
    """What is said now, by whom: the user of this machine where nobody is named."""
    return Word(by or getpass.getuser(), datetime.now(UTC), why)


def begin(console: Console, account: LiveAccount, cash: float, word: Word) -> None:
    """Opens the account."""
    book.opened(account, cash, word)
    console.payload["book"] = {"account": account.name, "cash": cash}
    console.say(f"account {account.name} begins with ${cash:,.2f}; 'springback daily' decides its first evening")


def show(console: Console, account: LiveAccount) -> None:
    """Lists what is held."""
    now = book.standing(account, datetime.now(UTC))
    console.payload["book"] = {
        "account": account.name,
        "session": now.session,
        "cash": now.cash,
        "equity": now.equity,
        "positions": list(now.lines),
        "halts": [{"scope": one.scope, "symbol": one.symbol, "code": one.code, "why": one.why, "by": one.by} for one in now.halts],
        "restricted": [one.symbol for one in now.restricted],
        "pending": now.pending,
    }
    shown = table("", "symbol", "shares", "age", "entry", "last", "to the stop", "profit", "")
    for one in now.lines:
        shown.add_row(*_cells(one, account.settings.strategy.stop_loss))
    if shown.row_count:
        console.show(shown)
    where = f"after {now.session}" if now.session else "no evening yet"
    console.say(f"account {account.name}, {where}: cash ${now.cash:,.2f}, equity ${now.equity:,.2f}")
    for halt in now.halts:
        console.say(f"  {halt.code}{f' {halt.symbol}' if halt.symbol else ''} by {halt.by}: {halt.why}")
    for name in now.restricted:
        console.say(f"  {name.symbol} is restricted{f' until {name.end}' if name.end else ''}: {name.why}")
    if now.pending:
        console.say(f"  {now.pending} corrections of the book stand until the next decision")


def _cells(line: dict[str, Any], stop: float) -> tuple[str, ...]:
    """A position as the table shows it, or an order that waits."""
    if not line["quantity"]:
        return line["symbol"], f"{line['waiting']:,}", "", "", "", "", "", "ordered"
    side = 1 if line["quantity"] > 0 else -1
    level = line["entry_price"] * (1 - side * stop)
    room, profit = side * (line["mark"] / level - 1), line["quantity"] * (line["mark"] - line["entry_price"])
    words = " ".join(["closing"] * line["closing"] + ["assumed"] * line["assumed"])
    prices = f"{line['entry_price']:,.2f}", f"{line['mark']:,.2f}", f"{room:+.1%}", f"{profit:+,.0f}"
    age = str(line["age"]) if line["age"] >= 0 else ""  # opened after the newest decision
    return line["symbol"], f"{line['quantity']:,}", age, *prices, words


def correct(
    console: Console,
    account: LiveAccount,
    position: tuple[str, int | None, float | None, datetime | None],
    cash: float | None,
    word: Word,
) -> None:
    """Says what is held, or the cash, or both. Raises `InputError` where neither is said."""
    symbol, quantity, price, since = position
    if (symbol == "") != (quantity is None) or (not symbol and cash is None):
        raise InputError("say what is held: springback book set SYMBOL QUANTITY [--price PRICE], or --cash DOLLARS, or both")
    numbers = []
    if quantity is not None:
        numbers.append(book.position_set(account, symbol.upper(), quantity, price, since.date() if since else None, word).n)
    if cash is not None:
        numbers.append(book.cash_set(account, cash, word).n)
    console.payload["book"] = {"account": account.name, "events": numbers}
    if quantity is not None:
        console.say(
            f"{symbol.upper()}: {quantity:,} shares from the next decision on{'' if cash is not None else '; the cash stays as it is'}"
        )
    if cash is not None:
        console.say(f"cash ${cash:,.2f} from the next decision on")


def bring(console: Console, account: LiveAccount, file: Path, word: Word) -> None:
    """Takes the positions of a file for all that is held."""
    events = book.imported(account, file, word)
    console.payload["book"] = {"account": account.name, "events": [one.n for one in events]}
    gone = sum(one.quantity == 0 for one in events)
    console.say(f"{len(events) - gone} positions of {file} from the next decision on, {gone} of the book are gone; the cash stays as it is")


def restrict(
    console: Console, account: LiveAccount, symbol: str, span: tuple[datetime | None, datetime | None], remove: bool, word: Word
) -> None:
    """Restricts a name, or takes that back."""
    start, end = (one.date() if one else None for one in span)
    if remove:
        gone = book.unrestricted(account, symbol, word)
        console.payload["restrict"] = {"symbol": symbol.upper(), "removed": [one.n for one in gone]}
        console.say(f"{symbol.upper()} is no longer restricted")
        return
    kept = book.restricted(account, symbol.upper(), start or word.at.date(), end, word)
    console.payload["restrict"] = {"symbol": kept.symbol, "n": kept.n}
    console.say(f"{kept.symbol} is not entered from {kept.start}{f' to {kept.end}' if kept.end else ''}: {kept.why}")
