"""The user's own events file against the prices: refused with every row that they contradict."""

from collections.abc import Mapping

import numpy as np

from springback.data.files import series
from springback.data.files.reading import line
from springback.data.files.sheets import Table
from springback.errors import BadTable
from springback.market.actions import KINDS, Actions
from springback.market.bars import Bars
from springback.market.record import AGAINST, TWICE, Held, hold
from springback.market.symbols import spellings

ADJUSTED = "; where the prices are adjusted for splits already, say --prices split"


def check_record(events: Table, bars: Bars, actions: Actions) -> None:
    """Raises `BadTable` with all rows of `events` that the raw prices of `bars` contradict; `actions` are what was read of it, and perhaps
    more.
    """
    wrong = [one for one in hold(bars, actions) if one.doubt.word in (AGAINST, TWICE)]
    if not wrong:
        return
    rows = series.rows_of_events(events)
    told = [(found[0], one.doubt.adjusted, found[1]) for one in wrong if (found := _row(rows, bars, actions, one))]
    if told:
        adjusted = ADJUSTED if any(already for _, already, _ in told) else ""
        count = f"{len(told)} row{'s' if len(told) > 1 else ''}"
        listed = "; ".join(said for _, _, said in sorted(told, key=lambda one: (one[0], one[2])))
        them = "them" if len(told) > 1 else "it"
        raise BadTable(f"{events}: the prices contradict {count}: {listed}. Mend {them} or take {them} out{adjusted}")


def _row(
    rows: Mapping[tuple[str, str, float], list[tuple[int, np.datetime64]]], bars: Bars, actions: Actions, one: Held
) -> tuple[int, str] | None:
    """The line of an action and what is wrong with it; None where it is not from the file."""
    symbol, kind = bars.symbols[one.column], KINDS[actions.kind[one.place]]
    value = float(actions.value[one.place])
    places = [place for word in (symbol, *spellings(symbol)) for place in rows.get((word, kind, value), [])]
    near = [(place, day) for place, day in places if int(np.searchsorted(bars.sessions, day)) == one.row]
    if not near:
        return None
    place, day = near[0]
    return line(place), f"line {line(place)}: {symbol} on {day}: the {kind} {one.doubt.clause}"
