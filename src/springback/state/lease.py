"""An account is worked on by one holder at a time, on whatever machine: a lease that is taken, renewed and given back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import Connection

from springback.errors import InputError, SpringbackError, Taken
from springback.state.database import Database, now
from springback.state.tables import LEASE

OFTEN = 3
"""Renewals within the time of a lease."""


def _take(connection: Connection, account: str, holder: str, seconds: float, renewal: bool) -> None:
    of, at = LEASE.c.account == account, now(connection)
    row = connection.execute(LEASE.select().where(of)).one_or_none()
    if row is None and renewal:
        raise Taken(f"account {account} is no longer held by {holder}: another has had it meanwhile; run the command again")
    if row is not None and row.holder != holder and (renewal or row.until > at):
        raise Taken(
            f"account {account} is worked on by {row.holder} until {row.until:%Y-%m-%d %H:%M:%S} UTC: wait until it is done",
            value=row.holder,
        )
    values = {"holder": holder, "until": at + timedelta(seconds=seconds)}
    connection.execute((LEASE.insert().values(account=account) if row is None else LEASE.update().where(of)).values(**values))


class Lease:
    """One account's lease while it is held. It renews itself; whoever is about to do what must not be done twice calls `renew` first."""

    def __init__(self, leases: "Leases", account: str, holder: str, seconds: float) -> None:
        self.account, self.holder, self.seconds = account, holder, seconds
        self._leases = leases
        self._loss: SpringbackError | None = None
        self._over = threading.Event()

    def renew(self) -> None:
        """Holds the account for the lease's whole time from now. Raises `Taken` where another holds it, or has held it since."""
        with self._leases._writing() as connection:
            self.renew_in(connection)

    def renew_in(self, connection: Connection) -> None:
        """As `renew`, in a transaction that does more: what it writes is kept only while the account is held. Raises `Taken`."""
        if isinstance(self._loss, Taken):
            raise self._loss
        _take(connection, self.account, self.holder, self.seconds, renewal=True)

    def _keep(self) -> None:
        while not self._over.wait(self.seconds / OFTEN):
            try:
                self._leases.take(self.account, self.holder, self.seconds, renewal=True)
            except Taken as error:
                self._loss = error
                return
            except SpringbackError:  # the database does not answer now: it is asked again, and so is whoever calls `renew`
                continue


class Leases(Database):
    """The lease of each account."""

    @contextmanager
    def lease(self, account: str, holder: str, seconds: float = 60.0) -> Iterator[Lease]:
        """The account, held by `holder` while the block runs, and for `seconds` at most where its process dies in it.

        A holder is known by its name: one that died takes its own lease again at once, so processes that must not work at the same time
        have different names. An expired lease is taken over. Raises `Taken`, which names the other holder: at the beginning, and at the end
        where the lease was lost in between.
        """
        if not holder.strip() or seconds <= 0:
            raise InputError(f"a lease needs a holder with a name and a time above 0 s, was '{holder}' for {seconds:g} s")
        self.take(account, holder, seconds)
        held = Lease(self, account, holder, seconds)
        keeper = threading.Thread(target=held._keep, daemon=True)
        keeper.start()
        try:
            yield held
        finally:
            held._over.set()
            keeper.join()
            with suppress(SpringbackError):  # a lease that cannot be given back ends by itself
                self._give_back(account, holder)
        if held._loss:
            raise held._loss

    def take(self, account: str, holder: str, seconds: float, renewal: bool = False) -> None:
        """Writes that `holder` holds the account for `seconds` from now. Raises `Taken` where another does; a renewal also where the lease
        is no longer there, for then another may have held it.
        """
        with self._writing() as connection:
            _take(connection, account, holder, seconds, renewal)

    def _give_back(self, account: str, holder: str) -> None:
        with self._writing() as connection:
            connection.execute(LEASE.delete().where(LEASE.c.account == account, LEASE.c.holder == holder))
