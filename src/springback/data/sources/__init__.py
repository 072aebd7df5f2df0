"""Where prices come from: one module a vendor, all behind one protocol.

A new vendor is one module here, one line in `workflow.sources.SOURCES`, and a replay in `tests/contracts`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from springback.data.laws import LeftOut, again, judge, why
from springback.data.roster import Roster
from springback.data.sessions import open_on
from springback.errors import OddName
from springback.market.bars import FIELDS, Dates
from springback.market.record import AGAINST

MOST = 1e18
"""No number of a vendor is larger."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Event(NamedTuple):
    """A corporate action of one name: `kind` split or dividend, `value` as in `market.actions`: old shares per new one, dollars a share."""

    day: np.datetime64
    kind: str
    value: float


class EventNote(NamedTuple):
    """What was found of a name on `day`: the `kind` of it, AGAINST an event that its prices contradict and that was set aside, and a
    clause."""

    day: np.datetime64
    kind: str
    text: str

    @property
    def against(self) -> bool:
        """Whether it is of an event that was set aside."""
        return self.kind == AGAINST


@dataclass(frozen=True, eq=False)
class History:
    """One name as its vendor tells it.

    `days` (S,) datetime64[D], rising; `prices` (S, 5) raw open, high, low, close and volume, with the NaN rule of `Bars`; `events` by day.
    `gone`: the vendor does not know the name, or no longer. `until` is the last day of its life where the vendor tells one (`date.max`: it
    lives on): without bars until then it is halted. None: who falls silent has ended. `notes` are what was found on reading it, `left` is
    what the laws of `data.laws` left out of it, each by its day.
    """

    symbol: str
    days: Dates
    prices: NDArray[np.float64]
    events: tuple[Event, ...] = ()
    gone: bool = False
    notes: tuple[EventNote, ...] = ()
    until: date | None = None
    left: tuple[LeftOut, ...] = ()


class Source(Protocol):
    """A vendor of daily bars. `batch` is how many names it is asked for at once."""

    @property
    def name(self) -> str: ...

    @property
    def batch(self) -> int: ...

    def histories(self, symbols: Sequence[str], start: date, end: date) -> Iterator[History]:
        """The history of each of `symbols`, in order, raw, from `start` to `end`, both included. Raises `SourceError`, `InputError`."""
        ...

    def listing(self, start: date, end: date) -> Roster:
        """The names that have bars from `start` to `end`, delisted ones included, alphabetical; none if the vendor keeps no list."""
        ...


def number_of(value: Any) -> float:
    """A number of a vendor's JSON. Raises `ValueError` on a text, on true and false, on one too large to be a price or a rate."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST:
        raise ValueError("what is no number")
    return value


def day_of(text: Any) -> date:
    """A day as vendors and options write it, 2020-03-31. Raises `ValueError` on what else Python takes for one: 20200331, 2020-W14-2."""
    if not isinstance(text, str) or not DAY.fullmatch(text):
        raise ValueError("what is no day")
    return date.fromisoformat(text)


def foreign(day: np.datetime64, amount: float, money: str) -> EventNote:
    """The note of a dividend that is not in dollars, which was set aside."""
    return EventNote(day, AGAINST, f"dividend of {amount:g} is told in {money}, not in dollars")


def nothing(symbol: str, gone: bool = False) -> History:
    """A history without a bar."""
    return History(symbol, np.empty(0, "datetime64[D]"), np.empty((0, len(FIELDS))), (), gone)


def history(
    vendor: str,
    symbol: str,
    rows: Iterable[Sequence[Any]],
    events: Iterable[Event],
    start: date,
    end: date,
    notes: Iterable[EventNote] = (),
) -> History:
    """`rows` (day, open, high, low, close, volume), `events` and `notes` from `start` to `end`, under the laws of `data.laws`; what these
    leave out is `left`. Raises `SourceError` on a price that is no number and an event that is not above 0.
    """
    told = [row for row in rows if start <= row[0]]
    days = np.array([row[0] for row in told], dtype="datetime64[D]")
    try:
        cells = [[np.nan if cell is None else number_of(cell) for cell in row[1:]] for row in told]
        prices = np.array(cells, dtype=np.float64).reshape(-1, len(FIELDS))
    except (TypeError, ValueError):
        raise OddName(f"{vendor} gives {symbol} a price that is no number: {_again(symbol)}", symbol=symbol) from None
    first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    values = {name: prices[:, k] for k, name in enumerate(FIELDS)}
    latest = np.datetime64(datetime.now(UTC).date(), "D") + 1
    found = judge(np.zeros(len(days), np.int64), days, values, latest, open_on(np.minimum(days, latest)))
    kept, when = np.stack([found.values[name] for name in FIELDS], axis=1), days[found.rows]
    order = np.argsort(when, kind="stable")
    order = order[when[order] <= last]
    left = [
        LeftOut(law, symbol, days[k], " ".join(why(values, k)) if law == "cannot_be" else "")
        for law, places in found.broken.items()
        for k in places
        if days[k] <= last or law == "to_come"
    ]
    inside = sorted((one for one in events if first <= one.day <= last), key=lambda one: one.day)
    _check_events(vendor, symbol, inside)
    twice = again(np.array([one.day for one in inside], "datetime64[D]"), [symbol] * len(inside), *_columns(inside))
    left += [_twice(symbol, one) for one, double in zip(inside, twice, strict=True) if double]
    once = tuple(one for one, double in zip(inside, twice, strict=True) if not double)
    found_notes = tuple(one for one in notes if first <= one.day <= last)
    return History(symbol, when[order], kept[order], once, notes=found_notes, left=tuple(left))


def _check_events(vendor: str, symbol: str, events: Iterable[Event]) -> None:
    """Raises `OddName` on an event that is not above 0."""
    for one in events:
        if not (np.isfinite(one.value) and one.value > 0):
            raise OddName(
                f"{vendor}: the {one.kind} of {symbol} on {one.day} must be above 0, was {one.value:g}: {_again(symbol)}",
                symbol=symbol,
                session=one.day,
                value=one.value,
                limit=0,
            )


def _twice(symbol: str, event: Event) -> LeftOut:
    return LeftOut("event_again", symbol, event.day, f"{event.kind} {event.value:g}")


def _columns(events: Sequence[Event]) -> tuple[list[str], list[float]]:
    return [one.kind for one in events], [one.value for one in events]


def _again(symbol: str) -> str:
    return f"run again later, or leave {symbol} out of --symbols"
