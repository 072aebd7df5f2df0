"""The book without a broker: what persons say of an account, as events from the next decision on, and the account as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from springback.data.files.reading import Columns, read_table
from springback.data.hours import newest_closed
from springback.data.store.store import Store
from springback.errors import BadTable, InputError
from springback.market.prose import Prose
from springback.market.symbols import check_symbols
from springback.operation.account_state import AccountState, corrected
from springback.operation.freezing import lines
from springback.state.rows import BookEvent, Halt, Restriction
from springback.workflow.evening import CASH, HEAD, LiveAccount, corrections_of, remembered

SET, IMPORT, PAUSE = "set", "import", "pause"
POSITIONS = Columns(("opened",), ("symbol",), ("quantity", "entry_price"), optional=("opened",), sparse=("opened",))


@dataclass(frozen=True)
class Word:
    """Who says something, when and why."""

    by: str
    at: datetime
    why: str = ""

    def __post_init__(self) -> None:
        if not self.by.strip():
            raise InputError("what a person says of an account is signed: give --by WHO")


@dataclass(frozen=True, eq=False)
class Standing:
    """An account as it stands now: after which session, its cash and equity in dollars, a line for each position and waiting order, the
    halts and restricted names in force, and how many corrections are known that no decision has seen yet.
    """

    session: str
    cash: float
    equity: float
    lines: tuple[dict[str, Any], ...]
    halts: tuple[Halt, ...]
    restricted: tuple[Restriction, ...]
    pending: int


def opened(account: LiveAccount, cash: float, word: Word) -> BookEvent:
    """Gives a new account its `cash`, dollars. Raises `InputError` where it has some already."""
    if not cash > 0:
        raise InputError(f"the cash of an account must be above 0 dollars, was {cash:g}", value=cash, limit=0)
    _refuse_traded(account)
    if account.state.book_events(account.name):
        raise InputError(f"account {account.name} was opened before: 'springback book set --cash' corrects its cash")
    return account.state.record(account.name, _event(account, word, CASH, "", cash))[0]


def position_set(account: LiveAccount, symbol: str, quantity: int, price: float | None, opened_on: date | None, word: Word) -> BookEvent:
    """Says that `quantity` signed shares of `symbol` are held (0: none), at a mean `price` in dollars (None: the book's), since `opened_on`
    (None: as the book has it, else the session of the next decision).

    Raises `InputError`, `MissingData` where the account was never opened.
    """
    _refuse_traded(account)
    check_symbols([symbol], "book set")
    held = _now(account).positions
    if quantity and price is None and symbol not in held:
        raise InputError(f"{symbol} is not in the book: give --price, the mean entry price in dollars", symbol=symbol)
    if price is not None and not price > 0:
        raise InputError(f"--price must be above 0 dollars, was {price:g}", symbol=symbol, value=price, limit=0)
    event = _event(account, word, SET, symbol, float(quantity), price, opened_on)
    if quantity:
        _check_stored(account, [symbol])
    return account.state.record(account.name, event)[0]


def cash_set(account: LiveAccount, cash: float, word: Word) -> BookEvent:
    """Says how much cash there is, dollars; a debit is negative. Raises `InputError`, `MissingData` where the account was never opened."""
    _refuse_traded(account)
    _now(account)
    return account.state.record(account.name, _event(account, word, CASH, "", cash))[0]


def imported(account: LiveAccount, path: Path, word: Word) -> tuple[BookEvent, ...]:
    """Says that what a table holds is all that is held: symbol, quantity (signed shares), entry_price (dollars) and, where it is known,
    opened (a date); positions of the book that it does not name are gone, and after the open so are the fills that are assumed. A position
    of the book goes on since its own opening where none is said. Raises `BadTable`, `InputError`, `MissingData`.
    """
    _refuse_traded(account)
    rows = read_table(path, POSITIONS).to_dict("records")
    symbols = [str(one["symbol"]) for one in rows]
    check_symbols(symbols, path)
    if len(set(symbols)) < len(symbols):
        twice = next(one for one in symbols if symbols.count(one) > 1)
        raise BadTable(f"{path}: {twice} is there twice: one row a position", symbol=twice)
    events = [_row(account, word, path, k, symbol, row) for k, (symbol, row) in enumerate(zip(symbols, rows, strict=True), 2)]
    _check_stored(account, symbols)
    now = _now(account)
    ordered = sorted(one.symbol for one in now.working) if _opened(account, word.at) else []
    gone = [symbol for symbol in dict.fromkeys((*now.positions, *ordered)) if symbol not in set(symbols)]
    return account.state.record(account.name, *events, *(_event(account, word, IMPORT, symbol, 0.0) for symbol in gone))


def traded(account: LiveAccount) -> bool:
    """Whether the account is at a broker: it has a journal of orders."""
    return account.trader is not None or (account.folder.path / HEAD).exists()


def _refuse_traded(account: LiveAccount) -> None:
    """Raises `InputError` where a broker says what the account holds, not a person."""
    if traded(account):
        words = f"account {account.name} is at a broker, whose orders and bookings alone make its book"
        raise InputError(f"{words}: 'springback adopt' says whose shares are that no order explains")


def _check_stored(account: LiveAccount, symbols: Sequence[str]) -> None:
    """Raises `InputError` where the account's store has no bar of one of `symbols`: no evening could be played with it."""
    store = Store(account.store)
    names = set(store.securities()["symbol"]) if store.exists() else set(symbols)
    strange = next((one for one in symbols if one not in names), None)
    if strange is not None:
        raise InputError(
            f"{account.store} has no bar of {strange}: fetch it first, or name the account's store with --store", symbol=strange
        )


def _opened(account: LiveAccount, now: datetime) -> bool:
    """Whether the open has passed for which the newest decision gave orders: what they did is then known to whoever names positions."""
    return bool(account.folder.sessions()) and datetime.fromisoformat(account.folder.decision().next_open) <= now


def _row(account: LiveAccount, word: Word, path: Path, number: int, symbol: str, row: dict[Any, Any]) -> BookEvent:
    quantity, price, since = float(row["quantity"]), float(row["entry_price"]), row.get("opened")
    if quantity != int(quantity) or not price > 0:
        words = f"{symbol} needs whole shares and a price above 0, was {quantity:g} at {price:g}"
        raise BadTable(f"{path}: line {number}: {words}", symbol=symbol)
    when = None if pd.isna(since) else date.fromisoformat(str(since)[:10])
    return _event(account, word, IMPORT, symbol, quantity, price, when)


def paused(account: LiveAccount, word: Word) -> Halt:
    """No entries until somebody resumes. Raises `InputError` without a reason."""
    if not word.why.strip():
        raise InputError("a pause says why: give --why REASON")
    return account.state.halt(account.name, Halt("entries", PAUSE, Prose(word.why), word.by, word.at))


def restricted(account: LiveAccount, symbol: str, start: date, end: date | None, word: Word) -> Restriction:
    """Keeps `symbol` from being entered from session `start` to `end`, both included. Raises `InputError`."""
    check_symbols([symbol], "restrict")
    if not word.why.strip():
        raise InputError(f"the restriction of {symbol} says why: give --why REASON", symbol=symbol)
    return account.state.restrict(account.name, Restriction(symbol, start, end, Prose(word.why), word.by, word.at))


def unrestricted(account: LiveAccount, symbol: str, word: Word) -> tuple[Restriction, ...]:
    """Takes every restriction of `symbol` away; those that were in force. Raises `InputError` where there is none."""
    known = [one for one in account.state.restrictions(account.name) if one.symbol == symbol.upper() and not one.removed_by]
    if not known:
        raise InputError(f"{symbol.upper()} is not restricted", symbol=symbol.upper())
    return tuple(account.state.unrestrict(account.name, one.n, word.by, word.at) for one in known)


def standing(account: LiveAccount, now: datetime) -> Standing:
    """The account as it stands, with the corrections that the next decision will know. Raises `MissingData` where it was never opened."""
    memory = remembered(account, "9999-12-31")
    state = _now(account)
    session = newest_closed(now, timedelta(0), account.closed).day
    halts, names = account.state.halts(account.name), account.state.restricted(account.name, session)
    said = memory.events if state.session else memory.events[1:]  # the first one opened the account
    return Standing(state.session, state.cash, state.equity, lines(state), halts, names, len(said))


def _now(account: LiveAccount) -> AccountState:
    """The newest state under the corrections since."""
    memory = remembered(account, "9999-12-31")
    if not memory.events:
        return memory.state
    session = memory.state.session or str(memory.events[-1].session)
    said = corrections_of(memory.events, session, account.closed, session)
    return corrected(memory.state, (*said.earlier, *said.later))


def _event(
    account: LiveAccount, word: Word, kind: str, symbol: str, quantity: float, price: float | None = None, since: date | None = None
) -> BookEvent:
    """An event of now, for the next decision. Raises `InputError` on a position that is not opened yet."""
    if since is not None and since > word.at.date():
        raise InputError(f"{symbol} is opened on {since}, which lies after {word.at:%Y-%m-%d}", symbol=symbol, value=str(since))
    session = newest_closed(word.at, timedelta(0), account.closed).day
    return BookEvent(word.at, session, kind, symbol, quantity, price, word.by, Prose(word.why), since)
