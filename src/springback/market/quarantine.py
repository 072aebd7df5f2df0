"""Rows of a name that are not to be learned from or traded on, whatever their prices say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from springback.errors import BadTable
from springback.market.bars import Bars

EVERY_NAME = "*"
FETCHED = "springback fetch"
"""Who spoke: a span around an event that the prices contradict and that was set aside on reading; it stands as an error until another takes
it over."""


@dataclass(frozen=True)
class Span:
    """The sessions of `symbol` (`*`: every name) from `start` to `end`, both included and ISO dates, empty: open on that side.

    `reason` and `by` say why, and who said so.
    """

    symbol: str
    start: str = ""
    end: str = ""
    reason: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        try:
            span = (self.start or "0001-01-01", self.end or "9999-12-31")
            first, last = (np.datetime64(date.fromisoformat(day), "D") for day in span)
        except ValueError:
            raise BadTable(
                f"quarantine of {self.symbol}: dates are such as 2020-03-31, were '{self.start}' and '{self.end}'",
                symbol=self.symbol,
                value=self.start,
            ) from None
        if first > last:
            raise BadTable(
                f"quarantine of {self.symbol}: start must not be after end, were {self.start} and {self.end}",
                symbol=self.symbol,
                value=self.start,
            )


def inside(bars: Bars, spans: Iterable[Span]) -> NDArray[np.bool_]:
    """True where a name is in quarantine on a session, (T, N); names that the bars do not have are passed over; no price is read."""
    out = np.zeros(bars.shape, dtype=bool)
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    for span in spans:
        first = bars.row(span.start) if span.start else 0
        end = bars.row(np.datetime64(span.end, "D") + 1) if span.end else len(bars.sessions)
        if span.symbol == EVERY_NAME:
            out[first:end] = True
        elif span.symbol in columns:
            out[first:end, columns[span.symbol]] = True
    return out


def barred(bars: Bars, spans: Iterable[Span]) -> NDArray[np.bool_]:
    """True where no order may be given, (T, N): inside a span, and on the session before one, whose order would fill there.

    Which rows these are is told by the spans and the calendar alone, no price or later bar: a span that follows a halt must
    begin with the halt, as the ones that the quality gate writes do.
    """
    shut = inside(bars, spans)
    out = shut.copy()
    out[:-1] |= shut[1:]
    return out
