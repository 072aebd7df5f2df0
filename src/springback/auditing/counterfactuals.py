"""Market data that never were: other futures, later beginnings, late inputs, other names, fewer names."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import SPLIT, Actions
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.market_data import BANKRUPT, DELISTED, TRADING, MarketData, last_rows

Rng = np.random.Generator
PRICES = ("open", "high", "low", "close")


def other_future(market_data: MarketData, row: int, rng: Rng) -> MarketData:
    """`market_data` up to `row`, and garbage after it: prices, volumes, halts, endings, actions, VIX, rates and membership.

    Names that have ended stay ended, and a name that trades on keeps at least the next bar: that a name's last session is known as such
    is part of the rule.
    """
    bars = _garbage(market_data, row, rng)
    sessions = market_data.bars.shape[0]
    later = sessions - row - 1
    last = last_rows(bars.close)
    fate = rng.choice([DELISTED, BANKRUPT], len(last))
    ending = np.where(market_data.last <= row, market_data.ending, np.where(last < sessions - 1, fate, TRADING))
    return replace(
        market_data,
        bars=bars,
        actions=_other_actions(market_data, row, rng),
        vix=_spliced(market_data.vix, row, rng.uniform(8, 90, later)),
        last=last,
        ending=ending.astype(np.int8),
        members=None if market_data.members is None else np.vstack([market_data.members[: row + 1], rng.random((later, len(last))) < 0.5]),
        benchmark=None if market_data.benchmark is None else _spliced(market_data.benchmark, row, rng.uniform(1, 1000, later)),
        risk_free=None if market_data.risk_free is None else _spliced(market_data.risk_free, row, rng.uniform(0, 0.2, later)),
    )


def _garbage(market_data: MarketData, row: int, rng: Rng) -> Bars:
    """Bars after `row` that have nothing to do with those before."""
    close = np.array(market_data.bars.close)
    shape = (close.shape[0] - row - 1, close.shape[1])
    alive = market_data.last > row
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
        panel = np.array(getattr(market_data.bars, name))
        panel[row + 1 :] = np.where(present, new[name], np.nan)
        panels[name] = panel
    return Bars(market_data.bars.sessions, market_data.bars.symbols, **panels)


def _other_actions(market_data: MarketData, row: int, rng: Rng) -> Actions:
    """The actions up to `row`; then a split of a third of the names on the next session, and of others later."""
    known = market_data.actions.between(0, row + 1)
    sessions, names = market_data.bars.shape
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


def since(market_data: MarketData, first: int) -> MarketData:
    """The market data from row `first` on: a shorter warm-up."""
    end = market_data.bars.shape[0]
    return replace(
        market_data,
        bars=market_data.bars.between(first, end),
        actions=market_data.actions.between(first, end),
        vix=market_data.vix[first:],
        last=np.maximum(market_data.last - first, -1),
        members=None if market_data.members is None else market_data.members[first:],
        benchmark=None if market_data.benchmark is None else market_data.benchmark[first:],
        risk_free=None if market_data.risk_free is None else market_data.risk_free[first:],
    )


def of_names(market_data: MarketData, columns: NDArray[np.int64]) -> MarketData:
    """The names in `columns` (K,) alone, in the order of the panel."""
    kept = np.unique(columns)
    place = np.full(market_data.bars.shape[1], -1)
    place[kept] = np.arange(len(kept))
    mine = place[market_data.actions.name] >= 0
    actions = Actions(
        market_data.actions.row[mine],
        place[market_data.actions.name[mine]],
        market_data.actions.kind[mine],
        market_data.actions.value[mine],
    )
    return _columns(market_data, kept, tuple(market_data.bars.symbols[k] for k in kept), actions)


def relabelled(market_data: MarketData, order: NDArray[np.int64]) -> MarketData:
    """The same names with their symbols dealt out anew: column k holds what column `order[k]` held; `order` (N,) is a permutation."""
    place = np.argsort(order)
    actions = replace(market_data.actions, name=place[market_data.actions.name])
    now = {market_data.bars.symbols[old]: market_data.bars.symbols[new] for new, old in enumerate(order)}
    barred = tuple(replace(span, symbol=now.get(span.symbol, span.symbol)) for span in market_data.quarantine)
    ends = tuple(replace(one, symbol=now.get(one.symbol, one.symbol)) for one in market_data.delistings)
    return replace(_columns(market_data, order, market_data.bars.symbols, actions), quarantine=barred, delistings=ends)


def _columns(market_data: MarketData, order: NDArray[np.int64], symbols: Sequence[str], actions: Actions) -> MarketData:
    panels = {name: getattr(market_data.bars, name)[:, order] for name in FIELDS}
    return replace(
        market_data,
        bars=Bars(market_data.bars.sessions, tuple(symbols), **panels),
        actions=actions,
        last=market_data.last[order],
        ending=market_data.ending[order],
        members=None if market_data.members is None else market_data.members[:, order],
        sectors=None if market_data.sectors is None else tuple(market_data.sectors[k] for k in order),
    )


def scaled(market_data: MarketData, prices: Panel | None = None, volumes: Panel | None = None) -> MarketData:
    """The market data with its prices, or its volumes, times a factor a session and name (T, N)."""
    panels = {name: getattr(market_data.bars, name) for name in FIELDS}
    for name in PRICES if prices is not None else ():
        panels[name] = panels[name] * prices
    if volumes is not None:
        panels["volume"] = panels["volume"] * volumes
    return replace(market_data, bars=Bars(market_data.bars.sessions, market_data.bars.symbols, **panels))


def late(market_data: MarketData, inputs: str) -> MarketData:
    """The market data on which `inputs` (prices, volume, VIX, membership) arrive one session later than they did."""
    if inputs == "VIX":
        return replace(market_data, vix=np.concatenate([market_data.vix[:1], market_data.vix[:-1]]))
    if inputs == "membership" and market_data.members is not None:
        return replace(market_data, members=np.concatenate([market_data.members[:1], market_data.members[:-1]]))
    moved = PRICES if inputs == "prices" else ("volume",)
    panels = {name: behind(getattr(market_data.bars, name)) if name in moved else getattr(market_data.bars, name) for name in FIELDS}
    actions = market_data.actions
    if inputs == "prices":
        kept = actions.row < market_data.bars.shape[0] - 1
        actions = Actions(actions.row[kept] + 1, actions.name[kept], actions.kind[kept], actions.value[kept])
    return replace(market_data, bars=Bars(market_data.bars.sessions, market_data.bars.symbols, **panels), actions=actions)


def behind(panel: Panel) -> Panel:
    """`panel` (T, N) with each row one session later; the first is missing (NaN)."""
    return np.concatenate([np.full((1, panel.shape[1]), np.nan), panel[:-1]])
