"""What happened: frozen decisions, events of the book, attempts. Rows are added and never changed."""

from datetime import date

from springback.errors import StateError
from springback.state.database import Database, add, found
from springback.state.rows import Attempt, BookEvent, Evening
from springback.state.tables import ATTEMPT, BOOK_EVENT, EVENING


class Evenings(Database):
    """The evenings, the book's events and the attempts of each account."""

    def freeze(self, account: str, evening: Evening) -> Evening:
        """Keeps `evening` and returns it; again the same is nothing new. Raises `StateError` where its session has another."""
        with self._writing() as connection:
            for one in found(connection, Evening, account, EVENING.c.session == evening.session):
                if (one.kind, one.hash) != (evening.kind, evening.hash):
                    raise StateError(
                        f"{evening.session} of account {account} is frozen since {one.frozen_at:%Y-%m-%d %H:%M} UTC ({one.kind}, hash "
                        f"{one.hash[:12]}), was {evening.kind}, hash {evening.hash[:12]}: a decision is never changed",
                        session=evening.session,
                        value=evening.hash,
                        limit=one.hash,
                    )
                return one
            return add(connection, account, evening)[0]

    def evenings(self, account: str) -> tuple[Evening, ...]:
        """Every evening by session."""
        return self._rows(Evening, account)

    def evening(self, account: str, session: date) -> Evening | None:
        """The evening of `session`; None where it is not frozen."""
        return next(iter(self._rows(Evening, account, EVENING.c.session == session)), None)

    def record(self, account: str, *events: BookEvent) -> tuple[BookEvent, ...]:
        """The events as they were kept, numbered: all of them or none."""
        return self._add(account, *events)

    def book_events(self, account: str, after: int = 0) -> tuple[BookEvent, ...]:
        """The book's events with a number above `after`, in order."""
        return self._rows(BookEvent, account, BOOK_EVENT.c.n > after)

    def attempt(self, account: str, attempt: Attempt) -> Attempt:
        """The attempt as it was kept."""
        return self._add(account, attempt)[0]

    def attempts(self, account: str, kind: str = "", begins: str = "") -> tuple[Attempt, ...]:
        """Every attempt of one kind, or of those whose name `begins` so; of all where none is named, in order."""
        conditions = [ATTEMPT.c.kind == kind] if kind else []
        conditions += [ATTEMPT.c.kind.startswith(begins, autoescape=True)] if begins else []
        return self._rows(Attempt, account, *conditions)
