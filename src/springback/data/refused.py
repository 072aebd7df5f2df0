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
    """Raises `BadTable` with all rows of `events` that the raw `bars` contradict; `actions` are what was read of it, and perhaps more."""
    wrong = [one for one in hold(bars, actions) if one.doubt.word in (AGAINST, TWICE)]
    if not wrong:
        return
    rows = series.rows_of_events(events)
    told = [said for one in wrong if (said := _row(rows, bars, actions, one))]
    if told:
        adjusted = ADJUSTED if any("adjusted for it already" in said for said in told) else ""
        count = f"{len(told)} row{'s' if len(told) > 1 else ''}"
        listed = "; ".join(said for _, said in sorted((int(said.split()[1].rstrip(":")), said) for said in told))
        them = "them" if len(told) > 1 else "it"
        raise BadTable(f"{events}: the prices contradict {count}: {listed}. Mend {them} or take {them} out{adjusted}")


def _row(rows: Mapping[tuple[str, str, float], list[tuple[int, np.datetime64]]], bars: Bars, actions: Actions, one: Held) -> str:
    """The row of an action and what is wrong with it; empty where it is not from the file."""
    symbol, kind = bars.symbols[one.column], KINDS[actions.kind[one.place]]
    value = float(actions.value[one.place])
    places = [place for word in (symbol, *spellings(symbol)) for place in rows.get((word, kind, value), [])]
    near = [(place, day) for place, day in places if int(np.searchsorted(bars.sessions, day)) == one.row]
    return f"line {line(near[0][0])}: {symbol} on {near[0][1]}: the {kind} {one.doubt.said}" if near else ""
