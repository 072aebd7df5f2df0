"""The prices of the demo market, session by session.

With no reversal every price step is fair: overnight and intraday the expected move is a constant, whatever happened before.
Three things would break that quietly, and are kept out:
- rounding to the cent makes a bounce that looks like reversal: prices are rounded up or down by chance, so that the mean is kept;
- compounding makes the likely sign of a six-session return depend on volatility: idiosyncratic moves are drawn in dollars, on the
  scale of a slow reference price, which makes them symmetric about the close (and volatility rise as a price falls, as it does);
- volatility that answers to the sign of a move would skew what follows: variances answer to its square, only the VIX hears the sign.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from springback.data.demo.names import BANKRUPT_SHARE, ENDS_A_YEAR, SECTORS, Names
from springback.market.actions import DIVIDEND, SPLIT
from springback.market.bars import Panel

Column = NDArray[np.float64]

NIGHT, DAY = np.sqrt(0.3), np.sqrt(0.7)
"""A night holds 30 % of a session's variance."""
CALM = 0.0085**2
"""Long-run daily variance of the market outside crashes."""
CRASH = 0.06
"""Fall on the first night of a crash; its chance is paid for by drift on all sessions."""
MEMORY = 6
"""Sessions over which a move is given back."""


@dataclass(frozen=True, eq=False)
class DemoPrices:
    """Panels (T, N) of bars and market capitalisation (`capital`, dollars), series (T,), and the events in order of time (E,)."""

    open: Panel
    high: Panel
    low: Panel
    close: Panel
    volume: Panel
    capital: Panel
    vix: Column
    benchmark: Column
    risk_free: Column
    event_row: NDArray[np.int64]
    event_name: NDArray[np.int64]
    event_kind: NDArray[np.int64]
    event_value: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DemoWalk:
    """What all names share: factor returns by night and day (T,), the variance state relative to calm (T,), VIX and rates (T,)."""

    night: Column
    day: Column
    state: Column
    vix: Column
    risk_free: Column


@dataclass(eq=False)
class Street:
    """Where each name stands (N,): the one mutable thing of the walk."""

    price: Column
    anchor: Column
    variance: Column
    shares: Column
    mood: Column
    moves: Panel
    events: list[tuple[int, int, int, float]] = field(default_factory=list)


def walk(names: Names, sessions: int, reversal: Column, market_return: float, onsets: NDArray[np.int64], rng: Generator) -> DemoPrices:
    """Bars (T, N) for all names over all sessions, NaN outside a name's life and in halts.

    `reversal` (T,) is the fraction of a move that is given back, negative where it goes on instead, `market_return` a fraction a year,
    `onsets` (C,) the rows on which a crash begins.
    """
    market = draw_market(sessions, market_return, onsets, rng)
    count = len(names.price)
    panels = [np.full((sessions, count), np.nan) for _ in range(6)]
    street = Street(names.price.copy(), names.price.copy(), np.ones(count), names.shares.copy(), np.zeros(count), np.zeros((MEMORY, count)))
    for row in range(sessions):
        for panel, column in zip(panels, _session(row, names, market, street, float(reversal[row]), rng), strict=True):
            panel[row] = column
    rows = np.arange(sessions)[:, None]
    silent = names.halted | (rows < names.first) | (rows > names.end)
    for panel in panels[:5]:
        panel[silent] = np.nan
    events = np.array(street.events, dtype=np.float64).reshape(-1, 4)
    whole = events[:, :3].astype(np.int64)
    benchmark = np.round(100 * np.cumprod((1 + market.night) * (1 + market.day)), 4)
    opened, high, low, closed, volume, capital = panels
    return DemoPrices(
        opened,
        high,
        low,
        closed,
        volume,
        capital,
        market.vix,
        benchmark,
        market.risk_free,
        event_row=whole[:, 0],
        event_name=whole[:, 1],
        event_kind=whole[:, 2],
        event_value=events[:, 3],
    )


def draw_market(sessions: int, market_return: float, onsets: NDArray[np.int64], rng: Generator) -> DemoWalk:
    """The common factor: GARCH(1,1) with fat tails and crashes, and the VIX that it makes."""
    persistence, answer = 0.88, 0.09
    drift = market_return / 252 + CRASH * len(onsets) / sessions
    shock = _fat(rng, 6.0, (sessions, 2))
    noise = 0.03 * rng.standard_normal(sessions)
    force = 0.5 + rng.random(sessions)
    crashes = set(onsets.tolist())
    night, day, state, vix = np.empty(sessions), np.empty(sessions), np.empty(sessions), np.empty(sessions)
    variance, alarm, haze = CALM, 0.0, 0.0
    for row in range(sessions):
        swing = np.sqrt(variance) * (NIGHT * shock[row, 0] + DAY * shock[row, 1])
        night[row] = np.sqrt(variance) * NIGHT * shock[row, 0] - (CRASH if row in crashes else 0.0)
        day[row] = np.sqrt(variance) * DAY * shock[row, 1] + drift
        state[row] = variance / CALM
        variance = (1 - persistence - answer) * CALM + answer * swing**2 + persistence * variance
        if row in crashes:
            variance += 0.028**2 * force[row]
        variance = min(variance, 0.06**2)
        alarm = 0.8 * alarm - 2.5 * (night[row] + day[row])
        haze = 0.9 * haze + noise[row]
        vix[row] = _vix(variance, persistence + answer) * np.exp(alarm + haze)
    return DemoWalk(night, day, state, np.clip(vix, 9.0, 95.0).round(2), _rates(sessions, rng))


def _vix(variance: float, persistence: float) -> float:
    """Expected volatility of the next 21 sessions in percent a year, with the usual premium of implied over realised."""
    mean = CALM + (variance - CALM) * (1 - persistence**21) / (21 * (1 - persistence))
    return float(100 * 1.2 * np.sqrt(252 * mean))


def _rates(sessions: int, rng: Generator) -> Column:
    """A policy rate that moves by quarter points every 40 sessions or so, between 0 and 5.5 %."""
    steps = rng.choice([-0.0025, 0.0, 0.0025], size=sessions, p=[0.35, 0.2, 0.45]) * (rng.random(sessions) < 1 / 40)
    rates, rate = np.empty(sessions), 0.0125
    for row in range(sessions):
        rate = min(max(rate + steps[row], 0.0), 0.055)
        rates[row] = rate
    return np.round(rates, 4)


def _session(row: int, names: Names, market: DemoWalk, street: Street, reversal: float, rng: Generator) -> tuple[Column, ...]:
    """Open, high, low, close, volume and capitalisation of one session; moves `street` on. Draws the same numbers whatever the state."""
    count = len(names.price)
    shock = _fat(rng, 4.5, (2, count))
    sector = 0.004 * np.sqrt(_stress(market.state[row])) * _fat(rng, 6.0, (2, len(SECTORS)))[:, names.sector]
    chance, spread, busy = rng.random((4, count)), np.abs(rng.standard_normal((2, count))), rng.standard_normal((2, count))
    payout = _corporate_actions(row, names, street, chance[2], chance[3])
    width = np.minimum(names.daily_vol * np.sqrt(street.variance * _stress(market.state[row])), 0.07)
    dollars = width * np.clip(street.anchor, 0.6 * street.price, 1.6 * street.price)
    pull = -reversal / MEMORY * street.moves.sum(axis=0)
    night = (street.price - payout) * (1 + names.beta * market.night[row] + sector[0]) + dollars * NIGHT * shock[0]
    opened = _print(night, street.price, chance[0])
    drift = ENDS_A_YEAR * BANKRUPT_SHARE / 252 + pull
    closed = _print(opened * (1 + names.beta * market.day[row] + sector[1] + drift) + dollars * DAY * shock[1], street.price, chance[1])
    high, low = _range(opened, closed, 0.45 * dollars * spread, street.price)
    swing = NIGHT * shock[0] + DAY * shock[1]
    volume = _volume(names, street, swing, market.state[row], busy)
    _move_on(street, closed, swing, dollars / street.price * swing, names.halted[row])
    return opened, high, low, closed, volume, street.price * street.shares


def _corporate_actions(row: int, names: Names, street: Street, chance: Column, kind: Column) -> Column:
    """Carries out the splits of this session and returns the dividend a share that goes ex, dollars (N,)."""
    price = street.price
    free = ~names.halted[row]
    forward, reverse = free & (price > 150) & (chance < 1 / 90), free & (price < 2.0) & (chance < 1 / 120)
    factor = np.where(forward, 1 / np.array([2.0, 3.0, 4.0, 5.0])[(4 * kind).astype(np.int64)], 1.0)
    factor = np.where(reverse, np.where(price < 1, 20.0, 10.0), factor)
    pays = free & ~forward & ~reverse & (names.dividend > 0) & ((row - names.phase) % 63 == 0)
    payout = np.where(pays, np.floor(price * names.dividend * 25 + 0.5) / 100, 0.0)
    for kinds, values in ((SPLIT, np.where(factor != 1.0, factor, 0.0)), (DIVIDEND, payout)):
        street.events += [(row, int(k), kinds, float(values[k])) for k in np.flatnonzero(values)]
    street.price = price * factor
    street.anchor = street.anchor * factor
    street.shares = street.shares / factor
    return payout


def _move_on(street: Street, closed: Column, swing: Column, move: Column, halted: NDArray[np.bool_]) -> None:
    """What the next session starts from; a halted name stands still."""
    variance = 0.04 + 0.08 * street.variance * swing**2 + 0.88 * street.variance
    street.moves = np.vstack([street.moves[1:], np.where(halted, 0.0, move)])
    street.variance = np.where(halted, street.variance, np.minimum(variance, 9.0))
    street.price = np.where(halted, street.price, closed)
    street.anchor += (street.price - street.anchor) / 60


def _volume(names: Names, street: Street, swing: Column, state: float, busy: Panel) -> Column:
    """Shares traded: a slow mood, the day's noise, more when the name or the market moves. It knows the size of a move, never its sign."""
    street.mood = 0.95 * street.mood + 0.1 * busy[0]
    usual = street.shares * names.turnover * state**0.15 * street.variance**0.3
    return np.asarray(np.floor(usual * np.exp(street.mood + 0.3 * busy[1] - 0.1) * (0.6 + 0.5 * np.abs(swing))))


def _stress(state: float) -> float:
    """Variance of sectors and names when the market's is `state` times calm."""
    return float(np.clip(state**0.4, 0.5, 5.0))


def _fat(rng: Generator, freedom: float, shape: tuple[int, ...]) -> Panel:
    """Symmetric fat-tailed draws of about unit variance: Student's t, cut at 6."""
    return np.asarray(np.clip(rng.standard_t(freedom, shape) * np.sqrt((freedom - 2) / freedom), -6, 6))


def _ticks(price: Column) -> Column:
    """Ticks to the dollar: cents, or hundredths of a cent under $1."""
    return np.where(price < 1, 10_000.0, 100.0)


def _print(value: Column, before: Column, chance: Column) -> Column:
    """`value` on the tick grid, up or down by `chance`, so that its expectation stays what it was."""
    ticks = _ticks(before)
    return np.asarray(np.maximum(np.floor(value * ticks + chance), 1.0) / ticks)


def _range(opened: Column, closed: Column, reach: Panel, before: Column) -> tuple[Column, Column]:
    """High and low, on the tick grid, around open and close."""
    ticks = _ticks(before)
    top, bottom = np.maximum(opened, closed), np.minimum(opened, closed)
    high = np.maximum(top, np.floor((top + reach[0]) * ticks) / ticks)
    low = np.minimum(bottom, np.ceil(np.maximum(bottom - reach[1], 0.5 * bottom) * ticks) / ticks)
    return high, low
