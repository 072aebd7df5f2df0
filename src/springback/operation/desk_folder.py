"""One account's folder: its frozen decisions by session, and nothing that is read without being checked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from springback.errors import MissingData
from springback.operation import frozen_decision
from springback.operation.frozen_decision import DECISION, FrozenDecision

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class DeskFolder:
    """The folder at `path`, which may not be there yet."""

    path: Path

    def sessions(self) -> tuple[str, ...]:
        """The sessions that have a decision, ISO dates, oldest first."""
        found = self.path.glob(f"*/{DECISION}") if self.path.is_dir() else ()
        return tuple(sorted(one.parent.name for one in found if DAY.fullmatch(one.parent.name)))

    def place(self, session: str) -> Path:
        """Where the decision of `session` lies, or will."""
        return self.path / session

    def decision(self, session: str | None = None) -> FrozenDecision:
        """The decision of `session`, the newest where none is named. Raises `MissingData` without one, `BadTable` where it is damaged."""
        known = self.sessions()
        if not known:
            raise MissingData(f"{self.path} holds no decision yet: run 'springback daily'")
        if session is not None and session not in known:
            raise MissingData(f"{self.path} holds no decision of {session}: it has {known[0]} to {known[-1]}", session=session)
        return frozen_decision.read(self.place(session or known[-1]))

    def decisions(self, first: str = "", last: str = "9999-12-31") -> Iterator[FrozenDecision]:
        """The decisions from `first` to `last`, both included, oldest first. Raises `BadTable` at one that is damaged."""
        for session in self.sessions():
            if first <= session <= last:
                yield frozen_decision.read(self.place(session))
