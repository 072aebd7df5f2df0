"""What happened to a contest of models, as a row of the ledger: registered before its first session, its verdict, who signed, who overrode.

A row is a fact and stays; what became of a contest is another row. A champion that "began" or was "rolled back" had no contest to win.
"""

import json
from dataclasses import dataclass, fields
from types import UnionType
from typing import Any

from springback.ledger.entry import digest

EVENTS = ("began", "registered", "won", "lost", "vetoed", "promoted", "overridden", "closed", "lapsed", "rolled back")
TABLE = """CREATE TABLE contests (
    "row" INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, event TEXT NOT NULL, challenger TEXT NOT NULL, champion TEXT NOT NULL,
    challenger_hash TEXT NOT NULL, champion_hash TEXT NOT NULL, after TEXT NOT NULL, session TEXT NOT NULL, share REAL NOT NULL,
    rules TEXT NOT NULL, sessions INTEGER NOT NULL, gain REAL, market TEXT NOT NULL, data_hash TEXT NOT NULL, "by" TEXT NOT NULL,
    why TEXT NOT NULL, version TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)"""
KINDS: dict[str, type | UnionType] = {"row": int, "share": float, "sessions": int, "gain": float | None}
"""What a column holds that is no text."""


@dataclass(frozen=True)
class ContestEvent:
    """`event`, one of `EVENTS`, by the close of `session` (ISO), of the contest that `challenger` was registered for against `champion`
    after the close of `after` (ISO), with `share` of the level and under `rules`, the settings of retraining as JSON; the models by name
    and hash. `sessions` counted by then and their mean `gain` (None: none yet). On which `market` and `data_hash`; `by` whom, and `why`.
    """

    event: str
    challenger: str
    champion: str
    challenger_hash: str
    champion_hash: str
    after: str
    session: str
    share: float
    rules: str
    sessions: int
    gain: float | None
    market: str
    data_hash: str
    by: str
    why: str

    def __post_init__(self) -> None:
        if self.event not in EVENTS:
            raise ValueError(f"what happens to a contest is one of {', '.join(EVENTS)}, was '{self.event}'")

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the same event, told again."""
        return self.event, self.challenger, self.champion, self.after, self.session


@dataclass(frozen=True)
class ContestRow:
    """A row: its number, when it was written (ISO, UTC), the event, the program's version, the hash of the row before and its own."""

    row: int
    at: str
    event: ContestEvent
    version: str
    previous: str
    hash: str = ""

    @property
    def values(self) -> tuple[Any, ...]:
        """The row as its columns hold it."""
        told = tuple(getattr(self.event, one.name) for one in fields(ContestEvent))
        return self.row, self.at, *told, self.version, self.previous, self.hash

    def sealed(self) -> str:
        """The hash that the row must carry: over everything else in it, the hash of the row before included."""
        return digest(json.dumps(list(self.values[:-1])).encode())


COLUMNS = ("row", "at", *(one.name for one in fields(ContestEvent)), "version", "previous", "hash")


def row_of(values: tuple[Any, ...]) -> ContestRow:
    """The row that `values`, its columns, hold. Raises `ValueError` where no ledger writes such."""
    told = dict(zip(COLUMNS, values, strict=True))
    if odd := [name for name in COLUMNS if not isinstance(told[name], KINDS.get(name, str))]:
        raise ValueError(f"the column {odd[0]} holds what no ledger writes")
    event = ContestEvent(**{one.name: told[one.name] for one in fields(ContestEvent)})
    return ContestRow(told["row"], told["at"], event, told["version"], told["previous"], told["hash"])


def fault(rows: tuple[ContestRow, ...], newest: int) -> str:
    """Which row was changed or removed, in words, of `newest` that were ever written; nothing where they are whole."""
    previous = ""
    for due, one in enumerate(rows, 1):
        if one.row != due or one.previous != previous:
            return f"a row of the contests before row {one.row} was changed or removed"
        if one.hash != one.sealed():
            return f"row {one.row} of the contests was changed"
        previous = one.hash
    return "" if len(rows) == newest else f"the newest of {newest} rows of the contests were removed"
