"""What the algorithm keeps and asks under `lean live`: when orders are sent, what is still to be sent, whose the account's shares are."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any

import numpy as np

from springback.errors import InputError, SettingsError
from springback.market.prose import Prose
from springback.strategy.rule import ENTRY, REASONS
from springback.trading import resume
from springback.trading.desk import Desk, Order

Account = Mapping[str, resume.Holding]
"""What a broker holds, by symbol."""
OURS, FOREIGN = "ours", "foreign"
UNHURT = Prose("")
FIRST_SENDING = time(16, 31)
"""The decision falls at 16:30."""


@dataclass(frozen=True)
class Sheet:
    """Orders that were decided after a close and have not been sent, for the open of the session `opens` (ISO; empty: nothing was decided).

    An order leaves the sheet, and the sheet is kept, before the order is handed to LEAN: whatever happens then, it is not sent again.
    `splitting` names those of which a split at the next open was told, with the day (ISO) on which it was.
    """

    opens: str = ""
    orders: tuple[Order, ...] = ()
    splitting: Mapping[str, str] = field(default_factory=dict)

    def warned(self, symbol: str, day: date) -> "Sheet":
        """The same after a warning on `day`: `symbol` splits before the open that follows."""
        return replace(self, splitting={**self.splitting, symbol: day.isoformat()})

    def split(self, symbol: str, factor: float) -> "Sheet":
        """The same after a split before the open: `factor` old shares per new one, whole shares; an order without any is none."""
        sized = (replace(one, quantity=int(one.quantity / factor)) if one.symbol == symbol else one for one in self.orders)
        return replace(self, orders=tuple(one for one in sized if one.quantity))

    def without(self, symbols: Collection[str]) -> "Sheet":
        """The same without the orders in `symbols`."""
        return replace(self, orders=tuple(one for one in self.orders if one.symbol not in symbols))


@dataclass(frozen=True)
class Claim:
    """One word of `lean.adopt`: whose the account's shares of `symbol` are, and since which `day` we hold ours (None: today)."""

    symbol: str
    whose: str
    day: date | None

    @property
    def text(self) -> str:
        """The word as it is typed."""
        return f"{self.symbol}:{self.whose}" + (f":{self.day}" if self.day else "")


@dataclass(frozen=True)
class Memory:
    """What the last life left: the desk's `state` (empty: no book), the sheet, the words of `lean.adopt` that have been followed, and
    what is told of a book that cannot be read (empty: it was read).
    """

    state: Mapping[str, Any] = field(default_factory=dict)
    sheet: Sheet = Sheet()
    adopted: tuple[str, ...] = ()
    damage: Prose = UNHURT


def sending_time(text: str) -> time:
    """`lean.send_at`, New York. Raises `SettingsError` where it is no time of the evening after the decision."""
    if not re.fullmatch(r"\d\d:\d\d", text) or text > "23:59" or text[3:] > "59":
        raise SettingsError(f"lean.send_at must be a time such as 19:05, was '{text}'", value=text)
    at = time.fromisoformat(text)
    if at < FIRST_SENDING:
        raise SettingsError(f"lean.send_at must lie from {FIRST_SENDING:%H:%M} on, the decision falls at 16:30, was {text}", value=text)
    return at


def claims(text: str) -> tuple[Claim, ...]:
    """`lean.adopt`: words SYMBOL:ours, SYMBOL:ours:DAY and SYMBOL:foreign with commas between. Raises `SettingsError`."""
    found = tuple(_claim(word.strip()) for word in text.split(",") if word.strip())
    twice = sorted({one.symbol for one in found if sum(other.symbol == one.symbol for other in found) > 1})
    if twice:
        raise SettingsError(f"lean.adopt names {twice[0]} twice: say once whose its shares are", value=text)
    return found


def _claim(word: str) -> Claim:
    symbol, _, rest = word.partition(":")
    whose, _, day = rest.partition(":")
    try:
        since = date.fromisoformat(day) if day else None
    except ValueError:
        whose, since = "", None
    if not symbol or whose not in (OURS, FOREIGN) or (since and whose == FOREIGN):
        raise SettingsError(
            f"lean.adopt takes SYMBOL:ours, SYMBOL:ours:2026-11-20 or SYMBOL:foreign with commas between, was '{word}'", value=word
        )
    return Claim(symbol, whose, since)


def remembered(text: str | None) -> Memory:
    """The book of the last life out of `text`, as `kept` wrote it; None: there is none. Raises nothing: what is damaged is no book."""
    if text is None:
        return Memory()
    state, lines = resume.read(text)
    try:
        told = state.get("sheet", {"opens": "", "orders": []})
        splitting = {str(name): date.fromisoformat(day).isoformat() for name, day in told.get("splitting", {}).items()}
        orders = tuple(Order(str(symbol), int(quantity), str(reason)) for symbol, quantity, reason in told["orders"])
        sheet = Sheet(date.fromisoformat(told["opens"]).isoformat() if orders else "", orders, splitting)
        adopted = tuple(_claim(word).text for word in state.get("adopted", ()))
    except (ValueError, KeyError, TypeError, AttributeError, SettingsError) as error:
        return Memory(damage=Prose(" ".join(resume.unreadable(error))))
    return Memory(state, sheet, adopted, Prose(" ".join(lines)))


def kept(desk: Desk, sheet: Sheet, adopted: Collection[str], session: Any) -> str:
    """The book as text: `desk` after `session`, the newest that it knows or one that came without bars."""
    told = {
        "opens": sheet.opens,
        "orders": [[one.symbol, one.quantity, one.reason] for one in sheet.orders],
        "splitting": dict(sheet.splitting),
    }
    return json.dumps({**resume.state_of(desk), "session": str(session), "sheet": told, "adopted": list(adopted)})


def claimed(
    memory: Memory, words: Collection[Claim], desk: Desk, account: Mapping[str, resume.Holding], ordered: Collection[str]
) -> Memory:
    """The memory with what `lean.adopt` makes ours, and without entries that were never sent where the account holds the name already.

    `account` is what the broker holds, `ordered` the names with an order there. Raises `InputError` where there is no book and something
    in the account is not typed, and where shares that are not there, or of no name of ours, are to be ours.
    """
    new = [one for one in words if one.whose == OURS and one.text not in memory.adopted and one.symbol not in _held(memory)]
    for one in new:
        if one.symbol not in account or one.symbol not in desk.columns:
            where = "the account holds none of it" if one.symbol not in account else "it is not among the names"
            raise InputError(f"lean.adopt says {one.symbol} is ours, but {where}: take {one.text} out of it")
    if not memory.state:
        _typed(words, account, ordered)
    taken = {name for name in _unsent(memory) if name in account or name in ordered}
    known = {name: one for name, one in memory.state.get("positions", {}).items() if name not in taken}
    known |= {one.symbol: _position(one, desk, account[one.symbol]) for one in new}
    state = {**memory.state, "positions": known} if memory.state or new else {}
    return replace(memory, state=state, sheet=memory.sheet.without(taken), adopted=(*memory.adopted, *(one.text for one in new)))


def _typed(words: Collection[Claim], account: Account, ordered: Collection[str]) -> None:
    strange = sorted((set(account) | set(ordered)) - {one.symbol for one in words})
    if strange:
        shown = ", ".join(f"{name} {account[name].quantity}" if name in account else f"{name} (an order)" for name in strange)
        example = ",".join(f"{name}:{OURS if name in account else FOREIGN}" for name in strange)
        raise InputError(
            f"there is no book, and the account holds {shown}: say whose each is, as lean.adopt={example} "
            f"({OURS} are sold by the rule, {FOREIGN} are never touched)"
        )


def _held(memory: Memory) -> set[str]:
    return {name for name, one in memory.state.get("positions", {}).items() if one["quantity"]}


def _unsent(memory: Memory) -> set[str]:
    """Names of the book that are nothing but an entry that has not been sent."""
    return {one.symbol for one in memory.sheet.orders if one.reason == REASONS[ENTRY]} - _held(memory)


def _position(claim: Claim, desk: Desk, holding: resume.Holding) -> dict[str, Any]:
    age = desk.rolling.since(np.datetime64(claim.day)) if claim.day else 0
    return {
        "quantity": holding.quantity,
        "waiting": 0,
        "waited": 0,
        "closing": False,
        "held": age,
        "entry_price": holding.average_price,
    }
