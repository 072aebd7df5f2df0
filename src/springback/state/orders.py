"""The order journal in the database: read in one moment, written by one hand at a time, its head kept beside it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, func, select

from springback.errors import StateError
from springback.state.chain import EMPTY, REBUILT, RESTORED, WAY, Fault, Pages, faults, known_head, laid_down, read_head, seal, write_head
from springback.state.database import Database, add, found
from springback.state.lease import Lease
from springback.state.order_rows import OrderEvent, OrderFill, OrderHead, OrderIntent, fill_of, intent_of
from springback.state.tables import ORDER_EVENT, ORDER_FILL, ORDER_HEAD, ORDER_INTENT

NOTE = "note"


@dataclass(frozen=True)
class Page:
    """An account's journal while it is written: what is appended is kept whole, or not at all."""

    connection: Connection
    account: str

    def head(self) -> OrderHead:
        """Where the chain ends."""
        return (*found(self.connection, OrderHead, self.account), EMPTY)[0]

    def events(self, client_id: str) -> tuple[OrderEvent, ...]:
        """What happened to an order, or to the journal itself."""
        return found(self.connection, OrderEvent, self.account, ORDER_EVENT.c.client_id == client_id)

    def intents(self, symbol: str, session: date, purpose: str) -> tuple[OrderIntent, ...]:
        """The orders of one purpose, by their number."""
        of = (ORDER_INTENT.c.symbol == symbol, ORDER_INTENT.c.session == session, ORDER_INTENT.c.purpose == purpose)
        return tuple(sorted(found(self.connection, OrderIntent, self.account, *of), key=lambda one: one.number))

    def fill(self, execution_id: str) -> OrderFill | None:
        """The execution of that id."""
        return next(iter(found(self.connection, OrderFill, self.account, ORDER_FILL.c.execution_id == execution_id)), None)

    def at(self, count: int) -> str | None:
        """The hash of event `count`; empty before the first, None where there is none."""
        return next((one.hash for one in found(self.connection, OrderEvent, self.account, ORDER_EVENT.c.n == count)), None if count else "")

    def pending(self, *kinds: str, symbol: str | None = None) -> tuple[str, ...]:
        """Client ids of orders whose last event, but for notes, is one of `kinds`: of one symbol, or of all."""
        own = ORDER_EVENT.c.account == self.account
        last = select(func.max(ORDER_EVENT.c.n)).where(own, ORDER_EVENT.c.kind != NOTE).group_by(ORDER_EVENT.c.client_id)
        if symbol is not None:
            named = select(ORDER_INTENT.c.client_id).where(ORDER_INTENT.c.account == self.account, ORDER_INTENT.c.symbol == symbol)
            last = last.where(ORDER_EVENT.c.client_id.in_(named))
        query = select(ORDER_EVENT.c.client_id).where(own, ORDER_EVENT.c.n.in_(last), ORDER_EVENT.c.kind.in_(kinds))
        return tuple(self.connection.execute(query.order_by(ORDER_EVENT.c.n)).scalars())

    def append(self, event: OrderEvent, head: OrderHead | None = None) -> OrderEvent:
        """`event`, sealed and kept, and the rows that its body lays down; after `head`, which is the chain's own if none is named."""
        sealed, body = seal(self.account, event, head or self.head()), json.loads(event.body)
        add(self.connection, self.account, sealed)
        for intent in [intent_of(body["intent"])] if "intent" in body else []:
            if not found(self.connection, OrderIntent, self.account, ORDER_INTENT.c.client_id == intent.client_id):
                add(self.connection, self.account, intent)
        for fill in map(fill_of, body.get("fills", ())):
            if self.fill(fill.execution_id) is None:
                add(self.connection, self.account, fill)
        self._move(OrderHead(sealed.n, sealed.hash))
        return sealed

    def _move(self, head: OrderHead) -> None:
        values = {"count": head.count, "hash": head.hash}
        if not self.connection.execute(ORDER_HEAD.update().where(ORDER_HEAD.c.account == self.account).values(**values)).rowcount:
            add(self.connection, self.account, head)

    def pages(self) -> Pages:
        """The whole journal."""
        intents = found(self.connection, OrderIntent, self.account)
        events, fills = found(self.connection, OrderEvent, self.account), found(self.connection, OrderFill, self.account)
        return Pages(self.account, intents, events, fills, self.head())

    def events_after(self, count: int) -> tuple[OrderEvent, ...]:
        """What was added after event `count`."""
        return found(self.connection, OrderEvent, self.account, ORDER_EVENT.c.n > count)

    def pages_after(self, count: int) -> Pages:
        """What was added after event `count`, and the rows that it laid down."""
        events = self.events_after(count)
        names, executions = laid_down(events)
        intents = found(self.connection, OrderIntent, self.account, ORDER_INTENT.c.client_id.in_(names))
        fills = found(self.connection, OrderFill, self.account, ORDER_FILL.c.execution_id.in_(executions))
        return Pages(self.account, intents, events, fills, self.head())

    def sizes(self) -> tuple[int, int]:
        """How many rows the tables of intents and of executions have."""
        tables = (ORDER_INTENT, ORDER_FILL)
        counts = (select(func.count()).select_from(one).where(one.c.account == self.account) for one in tables)
        intents, fills = (int(self.connection.execute(one).scalar_one()) for one in counts)
        return intents, fills

    def restored(self) -> bool:
        """Whether the journal came out of a backup, and nobody rebuilt it since."""
        own = (ORDER_EVENT.c.client_id == "", ORDER_EVENT.c.kind.in_((RESTORED, REBUILT)))
        return [one.kind for one in found(self.connection, OrderEvent, self.account, *own)][-1:] == [RESTORED]


@dataclass(frozen=True)
class Whole:
    """A journal that was read and found whole up to its `head`; `sizes` are the rows of intents and executions that there were."""

    head: OrderHead
    sizes: tuple[int, int]


class Orders(Database):
    """The order journal of each account; `file` is where its head is kept."""

    def __init__(self, url: str | Path, patience: int | None = None) -> None:
        super().__init__(url, patience)
        self._whole: dict[tuple[str, Path], Whole] = {}

    @contextmanager
    def journal(self, account: str, file: Path, lease: Lease | None = None, rebuild: bool = False) -> Iterator[Page]:
        """The journal, to be written in the block; with a `lease`, as long as the account is held.

        Raises `Taken`, `Unwritable`, and `StateError` where the chain is not the one that `file` knows or came out of a backup, which only
        who comes to `rebuild` it may write.
        """
        with self._writing() as connection:
            page = Page(connection, account)
            if lease is not None:
                lease.renew_in(connection)
            if not rebuild:
                _check(page, file)
            before = page.head()
            yield page
            after = page.head()
        if after != before:
            write_head(file, account, after)

    def unanswered(self, account: str) -> tuple[str, ...]:
        """Client ids of the orders that went out and of which nobody knows what became."""
        with self._reading() as connection:
            return Page(connection, account).pending("sending", "unknown")

    def order_events(self, account: str, since: date | None = None) -> tuple[OrderEvent, ...]:
        """What happened to the orders of the sessions from `since` on (None: of all), in its order."""
        named = select(ORDER_INTENT.c.client_id).where(ORDER_INTENT.c.account == account)
        named = named if since is None else named.where(ORDER_INTENT.c.session >= since)
        return self._rows(OrderEvent, account, ORDER_EVENT.c.client_id.in_(named))

    def executions_heard(self, account: str, after: datetime) -> tuple[OrderEvent, ...]:
        """The events that told of executions, corrections and busts later than the instant `after`, in their order."""
        return self._rows(OrderEvent, account, ORDER_EVENT.c.kind.in_(("fill", "correct", "bust")), ORDER_EVENT.c.at > after)

    def journal_faults(self, account: str, file: Path) -> tuple[Fault, ...]:
        """What is wrong with the account's journal, read from its first event to its last; nothing where it is whole."""
        with self._reading(fresh=True) as connection:  # the file first: what is written meanwhile comes after it
            outside = known_head(file, account)
            return faults(Page(connection, account).pages(), outside)

    def news(self, account: str, head: OrderHead) -> tuple[OrderEvent, ...] | None:
        """What was added since the journal ended at `head`; None where that is no place in its chain."""
        with self._reading() as connection:
            page = Page(connection, account)
            return page.events_after(head.count) if page.at(head.count) == head.hash else None

    def new_faults(self, account: str, file: Path) -> tuple[Fault, ...]:
        """As `journal_faults`; what this process has read and found whole before is not read again, only what was added since."""
        former = self._whole.get((account, file))
        grown = None if former is None else self._grown(account, file, former)
        if grown is None:
            with self._reading(fresh=True) as connection:
                outside, page = known_head(file, account), Page(connection, account)
                pages = page.pages()
                broken = faults(pages, outside)
                grown = Whole(pages.head, page.sizes())
            if broken:
                self._whole.pop((account, file), None)
                return broken
        self._whole[account, file] = grown
        return ()

    def _grown(self, account: str, file: Path, former: Whole) -> Whole | None:
        """The journal that goes on after `former` and is whole; None where only the whole of it can tell."""
        with self._reading(fresh=True) as connection:
            outside, page = known_head(file, account), Page(connection, account)
            if outside is None or outside.count < former.head.count or page.at(former.head.count) != former.head.hash:
                return None
            pages, sizes = page.pages_after(former.head.count), page.sizes()
        added = tuple(after - before for after, before in zip(sizes, former.sizes, strict=True))
        special = any(not one.client_id and one.kind in {RESTORED, REBUILT} for one in pages.events)
        broken = special or added != (len(pages.intents), len(pages.fills)) or faults(pages, outside, former.head)
        return None if broken else Whole(pages.head, sizes)


def _check(page: Page, file: Path) -> None:
    """Raises `StateError` where the file knows of events that are gone, or the journal came out of a backup."""
    head, outside = page.head(), read_head(file, page.account)
    if outside is None and head == EMPTY:
        write_head(file, page.account, EMPTY)  # from the first event on its absence is a fault
    elif page.restored():
        raise StateError(f"the order journal of account {page.account} came out of a backup: {WAY}")
    elif outside is None:
        raise StateError(f"the order journal of account {page.account} has {head.count:,} events and no head at {file}: {WAY}")
    elif any(page.at(one.count) != one.hash for one in {head, outside}):
        raise StateError(
            f"the order journal of account {page.account} says it ends at event {head.count:,} and is not the one that had come to "
            f"event {outside.count:,}, as {file} knows: {WAY}",
            value=head.count,
            limit=outside.count,
        )
