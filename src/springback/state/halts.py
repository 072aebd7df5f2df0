"""What is not to be ordered: halts and restricted names. Each begins and ends by somebody's hand, and stays in the history."""

from datetime import date, datetime

from sqlalchemy import or_

from springback.errors import InputError
from springback.state.database import Database, add, change, found
from springback.state.rows import Halt, Restriction
from springback.state.tables import HALT, RESTRICTED


class Halts(Database):
    """The halts and restricted names of each account."""

    def halt(self, account: str, halt: Halt) -> Halt:
        """The halt in force for this scope, symbol and code: `halt` itself, now kept, or the one that was there before."""
        same = (HALT.c.scope == halt.scope, HALT.c.symbol == halt.symbol, HALT.c.code == halt.code, HALT.c.lifted_at.is_(None))
        with self._writing() as connection:
            return (found(connection, Halt, account, *same) or add(connection, account, halt))[0]

    def lift(self, account: str, n: int, by: str, at: datetime) -> Halt:
        """Halt `n`, lifted. Raises `InputError` where none with this number is in force."""
        with self._writing() as connection:
            for one in found(connection, Halt, account, HALT.c.n == n, HALT.c.lifted_at.is_(None)):
                return change(connection, account, one, lifted_by=by, lifted_at=at)
        raise InputError(f"no halt {n} of account {account} is in force", value=n)

    def halts(self, account: str, history: bool = False, code: str = "") -> tuple[Halt, ...]:
        """The halts in force, of one `code` where it is named; with `history` the lifted ones too."""
        conditions = [*(() if history else (HALT.c.lifted_at.is_(None),)), *((HALT.c.code == code,) if code else ())]
        return self._rows(Halt, account, *conditions)

    def restrict(self, account: str, restriction: Restriction) -> Restriction:
        """The restriction as it was kept."""
        return self._add(account, restriction)[0]

    def unrestrict(self, account: str, n: int, by: str, at: datetime) -> Restriction:
        """Restriction `n`, removed. Raises `InputError` where there is none with this number, or no longer."""
        with self._writing() as connection:
            for one in found(connection, Restriction, account, RESTRICTED.c.n == n, RESTRICTED.c.removed_at.is_(None)):
                return change(connection, account, one, removed_by=by, removed_at=at)
        raise InputError(f"account {account} has no restriction {n}", value=n)

    def restricted(self, account: str, session: date) -> tuple[Restriction, ...]:
        """The restrictions in force on `session`."""
        until = or_(RESTRICTED.c.end.is_(None), RESTRICTED.c.end >= session)
        return self._rows(Restriction, account, RESTRICTED.c.removed_at.is_(None), RESTRICTED.c.start <= session, until)

    def restrictions(self, account: str) -> tuple[Restriction, ...]:
        """Every restriction there ever was, the removed ones too."""
        return self._rows(Restriction, account)
