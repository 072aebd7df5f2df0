"""A demo market without a defect, and the means to plant one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from springback.data.demo.demo import Demo, draw
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.tape import END_OF_DATA, Tape, last_rows

ROW = 300
Panels = dict[str, Panel]
Plant = tuple[Tape, tuple[str, str]]


def market() -> Tape:
    """Two years of thirty invented names, no defect planted."""
    return draw(Demo(names=30, start="2018-01-02", end="2019-12-31", shocks=1, seed=7))


def steady(tape: Tape, row: int = ROW) -> int:
    """A name that trades on every session, with no action near `row` and no move of a tenth there."""
    close = tape.bars.close
    whole = ~np.isnan(close).any(axis=0) & (close[row] > 5)
    for column in np.flatnonzero(whole):
        near = np.abs(np.diff(np.log(close[row - 30 : row + 31, column]))).max() < 0.1
        if near and not np.any(tape.actions.name == column):
            return int(column)
    raise AssertionError("the demo market has no quiet name")


def change(tape: Tape, edit: Callable[[Panels], None]) -> Tape:
    """`tape` with panels that `edit` was let loose on."""
    panels = {name: np.array(getattr(tape.bars, name)) for name in FIELDS}
    edit(panels)
    bars = Bars(tape.bars.sessions, tape.bars.symbols, **panels)
    last = last_rows(bars.close)
    ending = np.where(last < tape.last, END_OF_DATA, tape.ending)
    return replace(tape, bars=bars, last=last, ending=ending.astype(np.int8))


def spot(tape: Tape, row: int, column: int) -> tuple[str, str]:
    """(session, name), as a finding says it."""
    return str(tape.bars.sessions[row]), tape.bars.symbols[column]


def times(panels: Panels, rows: "slice | int", column: int, factor: float, volume: float = 1.0) -> None:
    for name in ("open", "high", "low", "close"):
        panels[name][rows, column] *= factor
    panels["volume"][rows, column] *= volume


def blank(panels: Panels, rows: "slice | int", column: int, names: tuple[str, ...] = FIELDS) -> None:
    for name in names:
        panels[name][rows, column] = np.nan
