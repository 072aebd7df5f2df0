"""A vendor's events held against its prices: what they contradict is set aside, what is told twice counts once, and both are noted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from springback.data.sources import EventNote, History
from springback.market.actions import KINDS, Actions
from springback.market.market_data import MarketData
from springback.market.prose import Prose, prose
from springback.market.quarantine import FETCHED, Span
from springback.market.record import AGAINST, TWICE, UNCLEAR, Doubt, doubts, hold, traded

BEFORE, AFTER = 8, 23
"""Weekdays around an event that was set aside in which the name is left out: no trade lives through it, no feature looks at it."""
OUT = (AGAINST, TWICE)
SHOWN = 20
"""Events that a finding names."""


SymbolNote = tuple[str, EventNote]
"""A name and a note of it."""


def check_history(history: History) -> History:
    """`history` with the events that its prices bear out, or do not speak of; what became of the others is among its notes."""
    events = history.events
    if not events:
        return history
    rows = [int(np.searchsorted(history.days, one.day)) for one in events]
    close = traded(history.prices[:, 3], history.prices[:, 4])
    found = list(doubts(history.days, close, rows, [KINDS.index(one.kind) for one in events], [one.value for one in events]))
    out = {one.place for one in found if one.word in OUT}
    notes = sorted((_note(one, events[one.place].day, events[one.place].kind) for one in found), key=lambda one: one.day)
    return replace(history, events=tuple(one for k, one in enumerate(events) if k not in out), notes=(*history.notes, *notes))


def check_market_data(market_data: MarketData) -> MarketData:
    """`market_data` without the events that its prices contradict, and in quarantine around those set aside."""
    found = hold(market_data.bars, market_data.actions)
    acts, days = market_data.actions, market_data.bars.sessions
    kept = np.ones(len(acts.row), dtype=bool)
    kept[[one.place for one in found if one.doubt.word in OUT]] = False
    told = [(market_data.bars.symbols[one.column], _note(one.doubt, days[one.row], KINDS[acts.kind[one.place]])) for one in found]
    return replace(
        market_data,
        actions=Actions(acts.row[kept], acts.name[kept], acts.kind[kept], acts.value[kept]),
        quarantine=(*market_data.quarantine, *spans(told)),
        findings=(*market_data.findings, *findings(told)),
    )


def notes_of(histories: Iterable[History]) -> Iterator[SymbolNote]:
    """Every note, with its name."""
    return ((one.symbol, note) for one in histories for note in one.notes)


def spans(notes: Iterable[SymbolNote]) -> tuple[Span, ...]:
    """The sessions around each event that was set aside."""
    return tuple(around(symbol, note.day, note.text) for symbol, note in notes if note.against)


def around(symbol: str, day: np.datetime64, reason: str) -> Span:
    """The quarantine of `symbol` around an event of `day` that its prices contradict."""
    first, last = (np.busday_offset(day, by, roll="backward") for by in (-BEFORE, AFTER))
    return Span(symbol, str(first), str(last), f"{day}: {reason}", FETCHED)


def findings(notes: Iterable[SymbolNote]) -> tuple[Prose, ...]:
    """What the notes say, a line for each kind of them, the first few named."""
    lines: dict[str, list[str]] = {}
    names: dict[str, set[str]] = {}
    for symbol, note in notes:
        lines.setdefault(note.kind, []).append(f"{symbol} {note.day} {note.text}")
        names.setdefault(note.kind, set()).add(symbol)
    return prose(f"{HEADS.get(kind, kind)}: {len(some):,} in {_names(len(names[kind]))}: {_listed(some)}" for kind, some in lines.items())


def _note(doubt: Doubt, day: np.datetime64, kind: str) -> EventNote:
    return EventNote(day, doubt.word, f"{kind} {doubt.clause}")


HEADS = {
    AGAINST: "events that the prices contradict, set aside, the names in quarantine around them",
    TWICE: "events told twice, counted once",
    UNCLEAR: "events that the prices can neither bear out nor contradict, taken as told",
}
"""How each kind of note is told."""


def _names(count: int) -> str:
    return f"{count:,} name{'' if count == 1 else 's'}"


def _listed(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - SHOWN:,} more" if len(lines) > SHOWN else ""
    return "; ".join(lines[:SHOWN]) + more
