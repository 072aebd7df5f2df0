"""An account from its first session to its newest, a line a session. What is frozen never changes, so that each is read once."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from springback.operation.desk_folder import DAY, DeskFolder
from springback.operation.frozen_decision import DECISION, FrozenDecision, read
from springback.workflow.listing import names

MOST = 20_000
"""Lines that are remembered in all: those of the accounts that were looked at last."""

FOLDERS = 16
"""Folders that are remembered whole."""


@dataclass(frozen=True)
class SessionLine:
    """A frozen decision in short: `equity` and `cash` in dollars at the close of `session` (ISO), long and short positions and what they
    are worth, the regime ("bear", "bull", "unknown") with VIX and its mean, fees and slippage of the session, its `fills` (a mapping each,
    as `freezing.fills` lays them out), whether nothing was entered, and who decided.
    """

    session: str
    kind: str
    equity: float
    cash: float
    n_long: int
    n_short: int
    long_value: float
    short_value: float
    regime: str
    vix: float | None
    mean: float | None
    fees: float
    slippage: float
    exits_only: bool
    champion: str
    fills: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class ListedFolder(DeskFolder):
    """A desk's folder with the sessions that it had when it was listed: of one look, in which they are asked for many times."""

    listing: tuple[str, ...] = ()

    def sessions(self) -> tuple[str, ...]:
        """Those of the listing."""
        return self.listing


class History:
    """Remembers the lines of many folders, by place and time of writing; for any number of threads."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._lines: OrderedDict[tuple[Path, int], SessionLine] = OrderedDict()
        self._listings: OrderedDict[Path, tuple[tuple[str, ...], tuple[str, ...]]] = OrderedDict()
        self._whole: OrderedDict[Path, tuple[tuple[object, ...], tuple[SessionLine, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def listed(self, folder: DeskFolder) -> ListedFolder:
        """`folder` with the sessions that it has now; a session that was there is not looked for again, since none is ever taken back."""
        try:
            everything = names(folder.path)
        except OSError:
            return ListedFolder(folder.path)
        seen, known = self._listings.get(folder.path, ((), ()))
        if everything is not seen or not known:
            there = frozenset(known)
            days = tuple(one for one in everything if DAY.fullmatch(one))
            known = tuple(one for one in days if one in there or (folder.place(one) / DECISION).exists())
            self._keep(self._listings, folder.path, (everything if known == days else (), known), FOLDERS)
        return ListedFolder(folder.path, known)

    def of(self, folder: DeskFolder) -> tuple[SessionLine, ...]:
        """Every session of `folder`, oldest first. Raises `BadTable` at a decision that is damaged."""
        sessions = folder.sessions()
        ends = tuple((folder.place(one) / DECISION).stat().st_mtime_ns for one in (*sessions[:1], *sessions[-1:]))
        known = self._whole.get(folder.path)
        if known is None or known[0] != (sessions, ends):
            known = (sessions, ends), tuple(self._line(folder.place(session)) for session in sessions)
            self._keep(self._whole, folder.path, known, FOLDERS)
        return known[1]

    def _keep(self, store: OrderedDict[Any, Any], key: object, value: object, most: int) -> None:
        with self._lock:
            store[key] = value
            while len(store) > most:
                store.popitem(last=False)

    def _line(self, place: Path) -> SessionLine:
        key = place, (place / DECISION).stat().st_mtime_ns
        known = self._lines.get(key)
        if known is None:
            known = line_of(read(place))
            self._keep(self._lines, key, known, self.most)
        return known


def line_of(decision: FrozenDecision) -> SessionLine:
    """The decision in short."""
    daily = decision.daily
    return SessionLine(
        session=decision.session,
        kind=decision.kind,
        equity=decision.equity,
        cash=decision.cash,
        n_long=int(daily.get("n_long") or 0),
        n_short=int(daily.get("n_short") or 0),
        long_value=float(daily.get("long_value") or 0.0),
        short_value=float(daily.get("short_value") or 0.0),
        regime=decision.regime_name,
        vix=decision.regime.get("vix"),
        mean=decision.regime.get("mean"),
        fees=float(daily.get("fees") or 0.0),
        slippage=float(daily.get("slippage") or 0.0),
        exits_only=decision.exits_only,
        champion=decision.champion,
        fills=decision.fills,
    )
