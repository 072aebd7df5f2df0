"""One look at a period: what was run, on which market, and what it earned day by day. And what the ledger says of it later."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.market import older_prose, recorded

KINDS = ("backtest", "validate", "optimise", "audit")
Days = NDArray[np.datetime64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NewEntry:
    """A figure that is about to be shown.

    `kind` one of `KINDS`; `command` as typed; `models` how forecasts were made, in words; `market` which past it is (recorded markets
    are one, each demo market its own); `data_hash` of the very data; `profile` of costs; `settings` every knob that a result depends on,
    flat; `days` (S,) the sessions; `excess` (S,) the return of each over the risk-free rate, a fraction; `sharpe` annual, None where it
    does not vary; `hold_out_start` the first day of the held-back period that this looks at, ISO, empty where it looks at none.
    """

    kind: str
    market: str
    data_hash: str
    profile: str
    settings: Mapping[str, Any]
    days: Days
    excess: Numbers
    sharpe: float | None
    command: str = ""
    models: str = ""
    hold_out_start: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a look is one of {', '.join(KINDS)}, was '{self.kind}'")
        if len(self.days) != len(self.excess) or not len(self.days):
            raise ValueError(f"a look needs one return a session, was {len(self.excess)} for {len(self.days)}")

    @property
    def settings_text(self) -> str:
        """The settings as one line, the same for the same knobs in any order.

        A knob that says what every run did before it existed is left out: such a run is the same trial as one recorded then.
        """
        return json.dumps(recorded.plain(self.settings), sort_keys=True, default=str)

    @property
    def record(self) -> tuple[bytes, bytes]:
        """Days since 1970 as int32 and returns as float64, both little-endian."""
        return self.days.astype("datetime64[D]").astype("<i4").tobytes(), self.excess.astype("<f8").tobytes()


@dataclass(frozen=True)
class Entry:
    """A row of the ledger. `settings` and `returns` are hashes of what lies beside it; `previous` is the hash of the row before.

    `hold_out_start` is None in a row that was written before there was such a column, whose seal does not cover it.
    """

    row: int
    at: str
    kind: str
    command: str
    models: str
    market: str
    data_hash: str
    profile: str
    first: str
    last: str
    sessions: int
    sharpe: float | None
    settings: str
    returns: str
    version: str
    hold_out_start: str | None
    previous: str
    hash: str

    @property
    def trial(self) -> tuple[str, ...]:
        """What makes it a trial of its own: settings, data, period and returns."""
        return self.settings, self.data_hash, self.first, self.last, self.returns

    @property
    def hold_out(self) -> str:
        """The first day of the held-back period that was looked at, ISO; empty where none was."""
        return older_prose.hold_out_start(self.models, self.first) if self.hold_out_start is None else self.hold_out_start

    def sealed(self) -> str:
        """The hash that the row must carry: over everything else in it, the hash of the row before included."""
        over = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "hash"}
        if self.hold_out_start is None:
            del over["hold_out_start"]
        return digest(json.dumps(list(over.values())).encode())


@dataclass(frozen=True)
class Trial:
    """Looks alike in settings, data, period and returns: `entry` the first of them, `looks` how many, `newest` when the last."""

    entry: Entry
    looks: int
    newest: str


def trials(entries: Sequence[Entry]) -> tuple[Trial, ...]:
    """The distinct trials among `entries`, in the order in which each was first seen."""
    seen: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        seen.setdefault(entry.trial, []).append(entry)
    return tuple(Trial(looks[0], len(looks), looks[-1].at) for looks in seen.values())


def overlapping(trials: Sequence[Trial], market: str, first: str, last: str) -> tuple[Trial, ...]:
    """The trials on `market` whose period shares at least one day with `first` to `last`, ISO dates, both included."""
    return tuple(one for one in trials if one.entry.market == market and one.entry.first <= last and first <= one.entry.last)


def digest(*parts: bytes) -> str:
    """SHA-256 of the parts, one after the other."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()
