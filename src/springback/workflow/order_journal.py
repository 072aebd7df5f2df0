"""The order journal of a desk: its orders, whether it is whole, and how it is made good again."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from springback.errors import BadTable, InputError, MissingData
from springback.state.chain import Fault
from springback.state.order_rows import OrderFill
from springback.state.state import State
from springback.trading.journal import line
from springback.trading.order_journal import OrderJournal
from springback.trading.rebuild import Activity, BrokerOrder, Truth
from springback.workflow.book import Word
from springback.workflow.evening import HEAD
from springback.workflow.state_place import open_state, place

MAKERS: dict[Any, Callable[[Any], Any]] = {
    datetime: datetime.fromisoformat,
    datetime | None: datetime.fromisoformat,
    Decimal: lambda value: Decimal(str(value)),
}
KINDS: dict[str, type[Any]] = {"orders": BrokerOrder, "fills": OrderFill, "activities": Activity}


def journal_of(desk: Path, number: str = "", state: State | None = None, rehearsal: bool = False) -> OrderJournal:
    """The order journal of the desk in `desk`, for the broker's account `number`. Raises as `State` does."""
    return OrderJournal(state or open_state(desk), desk.resolve().name, desk / HEAD, number, rehearsal=rehearsal)


@dataclass(frozen=True)
class Listing:
    """A desk's orders under their fixed names, and what is wrong with its chain (None: it was not asked)."""

    account: str
    orders: tuple[dict[str, Any], ...]
    faults: tuple[Fault, ...] | None


def listing(desk: Path, verify: bool = False) -> Listing:
    """Every order of the desk, as they were planned. Raises `MissingData` where there is no state, `Disagrees` on events that cannot be."""
    journal = _present(desk)
    found = journal.verify() if verify else None
    orders = () if found else tuple(line(one) for one in journal.orders())  # what is not whole is not shown as if it were
    return Listing(journal.account, orders, found)


def made_good(desk: Path, file: Path, number: str, word: Word) -> Listing:
    """The journal rebuilt from what `file` says of the broker's account `number`; the orders that were written anew.

    Raises `BadTable` where the file is not what it must be, `InputError`, `MissingData`, `Disagrees`.
    """
    journal, truth = _present(desk, number), truth_of(file)
    anew = journal.rebuild(truth, word.by, word.why, word.at)
    return Listing(journal.account, tuple(map(line, anew)), journal.verify())


def _present(desk: Path, number: str = "") -> OrderJournal:
    where = place(desk)
    if "://" not in where and not Path(where).exists():
        raise MissingData(f"there is no state {where}: name the desk by --desk, or the state by [paths] state")
    return journal_of(desk, number)


def truth_of(file: Path) -> Truth:
    """What a broker says, out of a JSON file with the lists "orders", "fills" and "activities". Raises `MissingData`, `BadTable`."""
    if not file.is_file():
        raise MissingData(f"there is no file {file}: name one with what the broker says, with the lists {', '.join(KINDS)}")
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        lists = {name: tuple(_row(kind, one) for one in told.get(name, ())) for name, kind in KINDS.items()}
        missing = {"orders", "fills"} - set(told)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, InvalidOperation, InputError) as error:
        words = f"{type(error).__name__}: {error}"
        raise BadTable(f"{file} does not say what a broker knows ({words}): give lists of {', '.join(KINDS)}") from None
    if missing:
        raise BadTable(f"{file} has no list of {' and '.join(sorted(missing))}: an empty one says that the broker has none")
    return Truth(**lists)


def _row(kind: type[Any], row: dict[str, Any]) -> Any:
    """A row of a list; numbers may be texts, instants are ISO with their zone."""
    types = {one.name: one.type for one in fields(kind)}
    return kind(**{name: MAKERS.get(types[name], str)(value) for name, value in row.items() if value is not None})
