"""A demo market without a defect, and the means to plant one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from springback.data.demo.demo import Demo, draw
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.market_data import END_OF_DATA, MarketData, last_rows

ROW = 300
Panels = dict[str, Panel]
Plant = tuple[MarketData, tuple[str, str]]


def market() -> MarketData:
    """Two years of thirty invented names, no defect planted."""
    return draw(Demo(names=30, start="2018-01-02", end="2019-12-31", shocks=1, seed=7))


def steady(market_data: MarketData, row: int = ROW) -> int:
    """A name that trades on every session, with no action near `row` and no move of a tenth there."""
    close = market_data.bars.close
    whole = ~np.isnan(close).any(axis=0) & (close[row] > 5)
    for column in np.flatnonzero(whole):
        near = np.abs(np.diff(np.log(close[row - 30 : row + 31, column]))).max() < 0.1
        if near and not np.any(market_data.actions.name == column):
            return int(column)
    raise AssertionError("the demo market has no quiet name")


def change(market_data: MarketData, edit: Callable[[Panels], None]) -> MarketData:
    """`market_data` with panels that `edit` was let loose on."""
    panels = {name: np.array(getattr(market_data.bars, name)) for name in FIELDS}
    edit(panels)
    bars = Bars(market_data.bars.sessions, market_data.bars.symbols, **panels)
    last = last_rows(bars.close)
    ending = np.where(last < market_data.last, END_OF_DATA, market_data.ending)
    return replace(market_data, bars=bars, last=last, ending=ending.astype(np.int8))


def spot(market_data: MarketData, row: int, column: int) -> tuple[str, str]:
    """(session, name), as a finding says it."""
    return str(market_data.bars.sessions[row]), market_data.bars.symbols[column]


def times(panels: Panels, rows: "slice | int", column: int, factor: float, volume: float = 1.0) -> None:
    for name in ("open", "high", "low", "close"):
        panels[name][rows, column] *= factor
    panels["volume"][rows, column] *= volume


def blank(panels: Panels, rows: "slice | int", column: int, names: tuple[str, ...] = FIELDS) -> None:
    for name in names:
        panels[name][rows, column] = np.nan
