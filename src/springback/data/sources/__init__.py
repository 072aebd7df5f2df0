"""Where prices come from: one module a vendor, all behind one protocol.

A new vendor is one module here, one line in `wiring.SOURCES`, and a replay in `tests/contracts`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from springback.errors import SourceError
from springback.market.bars import FIELDS, Dates

MOST = 1e18
"""No price, volume, rate or instant of a vendor is larger."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Event(NamedTuple):
    """A corporate action of one name: `kind` split or dividend, `value` as in `market.actions`: old shares per new one, dollars a share."""

    day: np.datetime64
    kind: str
    value: float


class Note(NamedTuple):
    """What was found of a name on `day`, in a clause; `against`: an event that its prices contradict, and that was set aside."""

    day: np.datetime64
    said: str
    against: bool = False


@dataclass(frozen=True, eq=False)
class History:
    """One name as its vendor tells it.

    `days` (S,) datetime64[D], rising; `prices` (S, 5) raw open, high, low, close and volume, with the NaN rule of `Bars`; `events` by day.
    `gone`: the vendor does not know the name, or no longer. `until` is the last day of its life where the vendor tells one (`date.max`: it
    lives on): without bars until then it is halted. None: who falls silent has ended. `notes` are
    what was found on reading it.
    """

    symbol: str
    days: Dates
    prices: NDArray[np.float64]
    events: tuple[Event, ...] = ()
    gone: bool = False
    notes: tuple[Note, ...] = ()
    until: date | None = None


class Source(Protocol):
    """A vendor of daily bars. `batch` is how many names it is asked for at once."""

    @property
    def name(self) -> str: ...

    @property
    def batch(self) -> int: ...

    def histories(self, symbols: Sequence[str], start: date, end: date) -> Iterator[History]:
        """The history of each of `symbols`, in order, raw, from `start` to `end`, both included. Raises `SourceError`, `InputError`."""
        ...

    def listing(self, start: date, end: date) -> tuple[str, ...]:
        """The names that have bars from `start` to `end`, delisted ones included; none if the vendor keeps no list."""
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


def foreign(day: np.datetime64, amount: float, money: str) -> Note:
    """The note of a dividend that is not in dollars, which was set aside."""
    return Note(day, f"against: dividend of {amount:g} is told in {money}, not in dollars", against=True)


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
    notes: Iterable[Note] = (),
) -> History:
    """`rows` (day, open, high, low, close, volume), `events` and `notes` cut to `start` to `end`, under the laws a bar must obey.

    A row without a close is no bar; one whose open, high or low is missing or 0 stays close-only; a missing volume is 0. Raises
    `SourceError` on a day to come, a price that cannot be, a high below the low, a day that is there twice, an event not above 0.
    """
    told = [row for row in rows if row[4] is not None]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    ahead = [row[0] for row in told if row[0] > tomorrow]
    if ahead:
        raise SourceError(
            f"{vendor} has a bar of {symbol} on {ahead[0]}, the clock here says {tomorrow - timedelta(days=1)}: set it, or ask later"
        )
    kept = [row for row in told if start <= row[0] <= end]
    days = np.array([row[0] for row in kept], dtype="datetime64[D]")
    try:
        prices = np.array([[np.nan if cell is None else number_of(cell) for cell in row[1:]] for row in kept], dtype=np.float64).reshape(
            -1, len(FIELDS)
        )
    except (TypeError, ValueError):
        raise SourceError(f"{vendor} gives {symbol} a price that is no number: {_again(symbol)}") from None
    prices[:, 4] = np.where(np.isnan(prices[:, 4]), 0.0, prices[:, 4])
    hollow = ~(prices[:, :3] > 0).all(axis=1) & ~(prices[:, :3] < 0).any(axis=1)
    prices[hollow, :3] = np.nan
    order = np.argsort(days, kind="stable")
    _check(vendor, symbol, days[order], prices[order])
    first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    inside = sorted((one for one in events if first <= one.day <= last), key=lambda one: one.day)
    for one in inside:
        if not (np.isfinite(one.value) and one.value > 0):
            raise SourceError(f"{vendor}: the {one.kind} of {symbol} on {one.day} must be above 0, was {one.value:g}: {_again(symbol)}")
    found = tuple(one for one in notes if first <= one.day <= last)
    return History(symbol, days[order], prices[order], tuple(inside), notes=found)


def _check(vendor: str, symbol: str, days: Dates, prices: NDArray[np.float64]) -> None:
    def refuse(bad: NDArray[np.bool_], what: str, column: int) -> None:
        if bad.any():
            k = int(np.argmax(bad))
            raise SourceError(f"{vendor}: {what} of {symbol} on {days[k]}, was {prices[k, column]:g}: {_again(symbol)}")

    twice = np.flatnonzero(np.diff(days) == np.timedelta64(0, "D"))
    if len(twice):
        raise SourceError(f"{vendor} gives {symbol} two bars on {days[twice[0]]}: {_again(symbol)}")
    with np.errstate(invalid="ignore"):
        for column, name in enumerate(FIELDS[:4]):
            value = prices[:, column]
            refuse(~np.isnan(value) & ~(np.isfinite(value) & (value > 0)), f"{name} must be above 0", column)
        refuse(~(np.isfinite(prices[:, 4]) & (prices[:, 4] >= 0)), "volume must be 0 or more", 4)
        refuse(prices[:, 1] < prices[:, 2], "high must not be below low", 1)


def _again(symbol: str) -> str:
    return f"run again later, or leave {symbol} out of --symbols"
