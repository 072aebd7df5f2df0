"""A tape with other prices from one session on, or with bars or sessions taken out."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import DIVIDEND, Actions
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.forecasts import Forecasts
from springback.market.tape import Tape

LOOK_BACK = 20
"""Sessions behind a session that its features need."""


def shifted(tape: Tape, row: int, factor: NDArray[np.float64]) -> Tape:
    """Open, high, low and close of each name times its `factor` (N,) from `row` on, for good, and its dividends with them; volumes stay."""
    bars = tape.bars
    panels = {field: getattr(bars, field).copy() for field in FIELDS}
    for field in ("open", "high", "low", "close"):
        panels[field][row:] *= factor
    actions = tape.actions
    paid = (actions.kind == DIVIDEND) & (actions.row >= row)
    value = np.where(paid, actions.value * factor[actions.name], actions.value)
    return replace(tape, bars=Bars(bars.sessions, bars.symbols, **panels), actions=replace(actions, value=value))


def blanked(tape: Tape, first: int, end: int, names: NDArray[np.int64]) -> Tape:
    """No bar of `names` in rows `first <= row < end`: a halt."""
    panels = {field: getattr(tape.bars, field).copy() for field in FIELDS}
    for panel in panels.values():
        panel[first:end, names] = np.nan
    return replace(tape, bars=Bars(tape.bars.sessions, tape.bars.symbols, **panels))


def unranked(forecasts: Forecasts, first: int, end: int, names: NDArray[np.int64]) -> Forecasts:
    """No forecast of `names` in rows `first <= row < end`."""

    def without(panel: Panel) -> Panel:
        out = panel.copy()
        out[first:end, names] = np.nan
        return out

    return Forecasts(*(without(panel) for panel in (forecasts.qpi, forecasts.p_long, forecasts.p_short, forecasts.adv)))


def closed(tape: Tape, forecasts: Forecasts, first: int, end: int) -> tuple[Tape, Forecasts]:
    """The tape as if `first <= row < end` had been no sessions: their actions take effect before the next one, a name whose last bar
    was among them ends on the session before."""
    kept = np.ones(len(tape.bars.sessions), np.bool_)
    kept[first:end] = False
    length = end - first
    bars = Bars(tape.bars.sessions[kept], tape.bars.symbols, **{field: getattr(tape.bars, field)[kept] for field in FIELDS})
    row = np.where(tape.actions.row < first, tape.actions.row, np.maximum(tape.actions.row - length, first))
    last = np.where(tape.last < first, tape.last, np.where(tape.last < end, first - 1, tape.last - length))
    made = replace(
        tape,
        bars=bars,
        actions=Actions(row, tape.actions.name, tape.actions.kind, tape.actions.value),
        vix=tape.vix[kept],
        last=last,
        members=None if tape.members is None else tape.members[kept],
        benchmark=None if tape.benchmark is None else tape.benchmark[kept],
        risk_free=None if tape.risk_free is None else tape.risk_free[kept],
    )
    return made, Forecasts(*(panel[kept] for panel in (forecasts.qpi, forecasts.p_long, forecasts.p_short, forecasts.adv)))
