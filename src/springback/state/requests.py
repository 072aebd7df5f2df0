"""What persons ask of the trader of an account, and what it answered."""

from datetime import datetime

from springback.errors import InputError
from springback.market.prose import Prose
from springback.state.database import Database, change, found
from springback.state.rows import Request
from springback.state.tables import REQUEST

OPEN = REQUEST.c.answered_at.is_(None)


class Requests(Database):
    """The requests of each account."""

    def ask(self, account: str, request: Request) -> Request:
        """The request as it was kept."""
        return self._add(account, request)[0]

    def answer(self, account: str, n: int, outcome: str, words: Prose, at: datetime) -> Request:
        """Request `n`, answered. Raises `InputError` where none with this number is open."""
        with self._writing() as connection:
            for one in found(connection, Request, account, REQUEST.c.n == n, OPEN):
                return change(connection, account, one, outcome=outcome, words=words, answered_at=at)
        raise InputError(f"account {account} has no open request {n}", value=n)

    def requests(self, account: str, history: bool = False) -> tuple[Request, ...]:
        """The open requests; with `history` those that were answered too."""
        return self._rows(Request, account, *(() if history else (OPEN,)))
