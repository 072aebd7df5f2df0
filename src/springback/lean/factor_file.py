"""LEAN's factor files: the splits and dividends of one name.

A row is `date,price factor,split factor,reference close`; its date is the last session before the event, its factors hold for days up
to it. LEAN reads the events back out of the ratio of two rows (Common/Data/Auxiliary/CorporateFactorRow.cs, CorporateFactorProvider.cs):
split = ratio of split factors, dividend = reference * (1 - ratio of price factors), rounded to the cent (Dividend.ComputeDistribution).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import DIVIDEND, Actions
from springback.market.bars import Dates

FOREVER = "20501231"
"""The date of the last row, LEAN's end of time."""
DECIMALS = 12


@dataclass(frozen=True)
class FactorFile:
    """The `text` of a factor file. Counted: `actions` in it, those `left_out`, and dividends that LEAN pays `in_cents` only.

    Left out are actions that LEAN cannot say: before there is a close to refer to, after the name's last session, a dividend as large as
    the close.
    """

    text: str
    actions: int
    left_out: int
    in_cents: int


@dataclass
class Event:
    """All that happens to a name before one session: `ratio` of the price factors, `split` of the split factors."""

    row: int
    reference: float
    ratio: float
    split: float
    actions: int
    in_cents: int


def factor_file(sessions: Dates, close: NDArray[np.float64], actions: Actions, first: int, last: int) -> FactorFile:
    """The factor file of a name with raw closes `close` (T,) in dollars, its own `actions`, held by LEAN in sessions
    `first <= row <= last`."""
    mine = np.flatnonzero((actions.row > first) & (actions.row <= last))
    events = [_event(close, actions, mine[actions.row[mine] == row]) for row in np.unique(actions.row[mine])]
    lines, price, split, said = [f"{FOREVER},1,1,0"], 1.0, 1.0, []
    for event in filter(None, reversed(events)):
        # Each row is worked out from the row as it stands in the file, so that their ratio is the event and nothing else.
        factors = round(price * event.ratio, DECIMALS), round(split * event.split, DECIMALS)
        if min(factors) > 0:
            price, split = factors
            said.append(event)
            lines.append(f"{_day(sessions[event.row - 1])},{_number(price)},{_number(split)},{_number(event.reference)}")
    if not said or said[-1].row - 1 > first:
        lines.append(f"{_day(sessions[first])},{_number(price)},{_number(split)},0")
    count = sum(event.actions for event in said)
    text = "".join(line + "\n" for line in reversed(lines))
    return FactorFile(text, count, len(actions.row) - count, sum(event.in_cents for event in said))


def _event(close: NDArray[np.float64], actions: Actions, same_day: NDArray[np.int64]) -> Event | None:
    """The actions `same_day` as one event, or None if LEAN cannot say it.

    LEAN pays before it splits: a dividend on new shares, given after a split of the same day, is paid as so much more on old ones.
    """
    row = int(actions.row[same_day[0]])
    known = np.flatnonzero(~np.isnan(close[:row]))
    reference = round(float(close[known[-1]]), 4) if len(known) else 0.0
    paid, split = 0.0, 1.0
    for kind, value in zip(actions.kind[same_day], actions.value[same_day], strict=True):
        if kind == DIVIDEND:
            paid += float(value) / split
        else:
            split *= float(value)
    if not paid < reference or not 1e-9 < split < 1e9:
        return None
    in_cents = int(paid > 0 and abs(paid - round(paid, 2)) > 1e-9)
    return Event(row, reference, 1.0 - paid / reference, split, len(same_day), in_cents)


def _number(value: float) -> str:
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")


def _day(session: np.datetime64) -> str:
    return str(session).replace("-", "")
