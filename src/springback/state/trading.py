"""What a trader did and saw: its steps, the broker's account at each, bookings, adoptions, reconciliations, attributions."""

from datetime import date
from typing import TypeVar

from sqlalchemy import func, select

from springback.state.database import Database, add, found
from springback.state.tables import BOOKING, TABLE_OF
from springback.state.trading_rows import Adoption, Attribution, Booking, Reconciliation, Snapshot, Step

Kept = TypeVar("Kept", Step, Snapshot, Adoption, Reconciliation, Attribution)


class Trading(Database):
    """The trader's records of each account; they only grow."""

    def keep(self, account: str, record: Kept) -> Kept:
        """The record, numbered and on the disk."""
        return self._add(account, record)[0]

    def kept(self, account: str, kind: type[Kept], session: date | None = None, since: date | None = None) -> tuple[Kept, ...]:
        """The records of a `kind`, oldest first: all of them, of one `session`, or of the sessions from `since` on."""
        column = TABLE_OF[kind].c.get("session")
        conditions = [] if session is None or column is None else [column == session]
        conditions += [] if since is None or column is None else [column >= since]
        return self._rows(kind, account, *conditions)

    def newest(self, account: str, kind: type[Kept]) -> Kept | None:
        """The newest record of a `kind`; None where there is none."""
        table = TABLE_OF[kind]
        last = select(func.max(table.c.n)).where(table.c.account == account).scalar_subquery()
        return next(iter(self._rows(kind, account, table.c.n == last)), None)

    def numbered(self, account: str, kind: type[Kept], n: int) -> Kept | None:
        """The record of a `kind` with the number `n`; None where there is none."""
        return next(iter(self._rows(kind, account, TABLE_OF[kind].c.n == n)), None)

    def book(self, account: str, *bookings: Booking) -> tuple[Booking, ...]:
        """Those of `bookings` that were not known as they are, now kept."""
        with self._writing() as connection:
            new: list[Booking] = []
            for one in bookings:
                same = found(connection, Booking, account, BOOKING.c.activity_id == one.activity_id)
                if not same or _told(same[-1]) != _told(one):
                    new += add(connection, account, one)
        return tuple(new)

    def bookings(self, account: str) -> tuple[Booking, ...]:
        """Every activity as it stands now, in the order in which they were first heard of."""
        return tuple({one.activity_id: one for one in self._rows(Booking, account)}.values())


def _told(one: Booking) -> tuple[object, ...]:
    """What the broker says of it."""
    return (one.kind, one.symbol, one.quantity, one.amount, one.at, one.status)
