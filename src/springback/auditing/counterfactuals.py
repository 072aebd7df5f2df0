"""Tapes that never were: other futures, later beginnings, late inputs, other names, fewer names."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import SPLIT, Actions
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.tape import BANKRUPT, DELISTED, TRADING, Tape, last_rows

Rng = np.random.Generator
PRICES = ("open", "high", "low", "close")


def other_future(tape: Tape, row: int, rng: Rng) -> Tape:
    """`tape` up to `row`, and garbage after it: prices, volumes, halts, endings, actions, VIX, rates and membership.

    Names that have ended stay ended, and a name that trades on keeps at least the next bar: that a name's last session is known as such
    is part of the rule.
    """
    bars = _garbage(tape, row, rng)
    sessions = tape.bars.shape[0]
    later = sessions - row - 1
    last = last_rows(bars.close)
    fate = rng.choice([DELISTED, BANKRUPT], len(last))
    ending = np.where(tape.last <= row, tape.ending, np.where(last < sessions - 1, fate, TRADING))
    return replace(
        tape,
        bars=bars,
        actions=_other_actions(tape, row, rng),
        vix=_spliced(tape.vix, row, rng.uniform(8, 90, later)),
        last=last,
        ending=ending.astype(np.int8),
        members=None if tape.members is None else np.vstack([tape.members[: row + 1], rng.random((later, len(last))) < 0.5]),
        benchmark=None if tape.benchmark is None else _spliced(tape.benchmark, row, rng.uniform(1, 1000, later)),
        risk_free=None if tape.risk_free is None else _spliced(tape.risk_free, row, rng.uniform(0, 0.2, later)),
    )


def _garbage(tape: Tape, row: int, rng: Rng) -> Bars:
    """Bars after `row` that have nothing to do with those before."""
    close = np.array(tape.bars.close)
    shape = (close.shape[0] - row - 1, close.shape[1])
    alive = tape.last > row
    present = alive & (rng.random(shape) > 0.05)
    present[:1] = alive
    ends = np.where(rng.random(shape[1]) < 0.2, rng.integers(1, shape[0] + 1, shape[1]), shape[0])
    present &= np.arange(shape[0])[:, None] < ends
    with np.errstate(invalid="ignore"):
        usual = np.nanmedian(np.where(np.isnan(close).all(axis=0), 10.0, close), axis=0)
    new = {"close": usual * np.exp(rng.normal(0, 0.8, shape))}
    new["open"] = new["close"] * np.exp(rng.normal(0, 0.1, shape))
    new["high"] = np.maximum(new["open"], new["close"]) * (1 + rng.random(shape) * 0.1)
    new["low"] = np.minimum(new["open"], new["close"]) * (1 - rng.random(shape) * 0.1)
    new["volume"] = np.floor(np.exp(rng.normal(13, 2, shape)))
    panels = {}
    for name in FIELDS:
        panel = np.array(getattr(tape.bars, name))
        panel[row + 1 :] = np.where(present, new[name], np.nan)
        panels[name] = panel
    return Bars(tape.bars.sessions, tape.bars.symbols, **panels)


def _other_actions(tape: Tape, row: int, rng: Rng) -> Actions:
    """The actions up to `row`; then a split of a third of the names on the next session, and of others later."""
    known = tape.actions.between(0, row + 1)
    sessions, names = tape.bars.shape
    soon = np.flatnonzero(rng.random(names) < 1 / 3)
    late = rng.integers(0, names, names)
    rows = np.concatenate([np.full(len(soon), row + 1), np.sort(rng.integers(row + 1, sessions, names))])
    columns = np.concatenate([soon, late])
    return Actions(
        np.concatenate([known.row, rows]),
        np.concatenate([known.name, columns]),
        np.concatenate([known.kind, np.full(len(rows), SPLIT)]),
        np.concatenate([known.value, rng.choice([0.25, 0.5, 3.0], len(rows))]),
    )


def _spliced(series: NDArray[np.float64], row: int, later: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([series[: row + 1], later])


def since(tape: Tape, first: int) -> Tape:
    """The tape from row `first` on: a shorter warm-up."""
    end = tape.bars.shape[0]
    return replace(
        tape,
        bars=tape.bars.between(first, end),
        actions=tape.actions.between(first, end),
        vix=tape.vix[first:],
        last=np.maximum(tape.last - first, -1),
        members=None if tape.members is None else tape.members[first:],
        benchmark=None if tape.benchmark is None else tape.benchmark[first:],
        risk_free=None if tape.risk_free is None else tape.risk_free[first:],
    )


def of_names(tape: Tape, columns: NDArray[np.int64]) -> Tape:
    """Some of the names, in the order of the panel."""
    kept = np.unique(columns)
    place = np.full(tape.bars.shape[1], -1)
    place[kept] = np.arange(len(kept))
    mine = place[tape.actions.name] >= 0
    actions = Actions(tape.actions.row[mine], place[tape.actions.name[mine]], tape.actions.kind[mine], tape.actions.value[mine])
    return _columns(tape, kept, tuple(tape.bars.symbols[k] for k in kept), actions)


def relabelled(tape: Tape, order: NDArray[np.int64]) -> Tape:
    """The same names with their symbols dealt out anew: column k holds what column `order[k]` held."""
    place = np.argsort(order)
    actions = replace(tape.actions, name=place[tape.actions.name])
    now = {tape.bars.symbols[old]: tape.bars.symbols[new] for new, old in enumerate(order)}
    barred = tuple(replace(span, symbol=now.get(span.symbol, span.symbol)) for span in tape.quarantine)
    ends = tuple(replace(one, symbol=now.get(one.symbol, one.symbol)) for one in tape.delistings)
    return replace(_columns(tape, order, tape.bars.symbols, actions), quarantine=barred, delistings=ends)


def _columns(tape: Tape, order: NDArray[np.int64], symbols: Sequence[str], actions: Actions) -> Tape:
    panels = {name: getattr(tape.bars, name)[:, order] for name in FIELDS}
    return replace(
        tape,
        bars=Bars(tape.bars.sessions, tuple(symbols), **panels),
        actions=actions,
        last=tape.last[order],
        ending=tape.ending[order],
        members=None if tape.members is None else tape.members[:, order],
        sectors=None if tape.sectors is None else tuple(tape.sectors[k] for k in order),
    )


def scaled(tape: Tape, prices: Panel | None = None, volumes: Panel | None = None) -> Tape:
    """The tape with its prices, or its volumes, times a factor a session and name (T, N)."""
    panels = {name: getattr(tape.bars, name) for name in FIELDS}
    for name in PRICES if prices is not None else ():
        panels[name] = panels[name] * prices
    if volumes is not None:
        panels["volume"] = panels["volume"] * volumes
    return replace(tape, bars=Bars(tape.bars.sessions, tape.bars.symbols, **panels))


def late(tape: Tape, inputs: str) -> Tape:
    """The tape on which `inputs` (prices, volume, VIX, membership) arrive one session later than they did."""
    if inputs == "VIX":
        return replace(tape, vix=np.concatenate([tape.vix[:1], tape.vix[:-1]]))
    if inputs == "membership" and tape.members is not None:
        return replace(tape, members=np.concatenate([tape.members[:1], tape.members[:-1]]))
    moved = PRICES if inputs == "prices" else ("volume",)
    panels = {name: behind(getattr(tape.bars, name)) if name in moved else getattr(tape.bars, name) for name in FIELDS}
    actions = tape.actions
    if inputs == "prices":
        kept = actions.row < tape.bars.shape[0] - 1
        actions = Actions(actions.row[kept] + 1, actions.name[kept], actions.kind[kept], actions.value[kept])
    return replace(tape, bars=Bars(tape.bars.sessions, tape.bars.symbols, **panels), actions=actions)


def behind(panel: Panel) -> Panel:
    """Each row one session later; the first is missing."""
    return np.concatenate([np.full((1, panel.shape[1]), np.nan), panel[:-1]])
