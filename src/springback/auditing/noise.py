"""Markets whose edge is known: the user's own without its sequence, and the same with a reversal planted."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from springback.market.actions import SPLIT, Actions
from springback.market.bars import Bars, Panel
from springback.market.market_data import MarketData

Rng = np.random.Generator
MEMORY = 6
GROUPS = 12


@dataclass(frozen=True, eq=False)
class Moves:
    """Log returns (T, N) of market data on one split scale with dividends added back, 0 where there is no bar: `night` since the last
    close, `day` since the open; `above`, `below` the reach of high and low beyond open and close.
    """

    night: Panel
    day: Panel
    above: Panel
    below: Panel


def matched_noise(market_data: MarketData, rng: Rng, reversal: float = 0.0) -> MarketData:
    """`market_data` with the signs of its returns drawn anew, so that nothing of the past can tell the future.

    The market's part of each session, the mean of its names, gets one sign; what each name has beyond it, a sign a session and sector
    (or one of 12 random groups where no sector is known). Night and day of a session keep together. So volatility and its clustering,
    the common moves, volume beside them, listings, halts and endings stay, and log returns are symmetric: rises are as likely as falls
    whatever a name's volatility. Splits are kept, dividends left out; VIX and membership stay as they are. With `reversal`, that
    share of each move beyond the market's is given back evenly over the next six sessions, between open and close.
    """
    moves = _moves(market_data)
    groups = _groups(market_data, rng)
    sessions, names = market_data.bars.shape
    market = rng.choice([-1.0, 1.0], (sessions, 1))
    own = rng.choice([-1.0, 1.0], (sessions, int(groups.max()) + 1))[:, groups]
    bars = ~np.isnan(market_data.bars.close)
    night, day = np.zeros(market_data.bars.shape), np.zeros(market_data.bars.shape)
    given_back = np.zeros((MEMORY, names))
    count = np.maximum(bars.sum(axis=1), 1)
    for row in range(sessions):
        common = moves.night[row].sum() / count[row], moves.day[row].sum() / count[row]
        beyond = [
            np.where(bars[row], part - mean, 0.0) * own[row] for part, mean in zip((moves.night[row], moves.day[row]), common, strict=True)
        ]
        night[row] = np.where(bars[row], common[0] * market[row] + beyond[0], 0.0)
        day[row] = np.where(bars[row], common[1] * market[row] + beyond[1] - reversal / MEMORY * given_back.sum(axis=0), 0.0)
        given_back[row % MEMORY] = beyond[0] + beyond[1]
    return _rebuilt(market_data, Moves(night, day, moves.above, moves.below))


def _moves(market_data: MarketData) -> Moves:
    bars = market_data.bars
    sessions, names = bars.shape
    factor, paid = np.ones(bars.shape), np.zeros(bars.shape)
    for k in range(len(market_data.actions.row)):
        at = market_data.actions.row[k], market_data.actions.name[k]
        if market_data.actions.kind[k] == SPLIT:
            factor[at] *= market_data.actions.value[k]
        else:
            paid[at] += market_data.actions.value[k]
    opens = np.where(np.isnan(bars.open), bars.close, bars.open)
    before = np.full(names, np.nan)
    night = np.zeros(bars.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        for row in range(sessions):
            before = before * factor[row]
            night[row] = np.log((opens[row] + paid[row]) / before)
            before = np.where(np.isnan(bars.close[row]), before, bars.close[row])
        day = np.log(bars.close / opens)
        above = np.log(bars.high / np.maximum(opens, bars.close))
        below = np.log(np.minimum(opens, bars.close) / bars.low)
    return Moves(*(np.where(np.isfinite(one), one, 0.0) for one in (night, day, above, below)))


def _groups(market_data: MarketData, rng: Rng) -> NDArray[np.int64]:
    if market_data.sectors is not None:
        return np.asarray(np.unique(np.array(market_data.sectors), return_inverse=True)[1], dtype=np.int64)
    return rng.integers(0, GROUPS, market_data.bars.shape[1])


def _rebuilt(market_data: MarketData, moves: Moves) -> MarketData:
    """Bars that make `moves`, from each name's first close on."""
    bars, splits = market_data.bars, market_data.actions.kind == SPLIT
    actions = Actions(*(getattr(market_data.actions, name)[splits] for name in ("row", "name", "kind", "value")))
    scale = np.zeros(bars.shape)
    np.add.at(scale, (actions.row, actions.name), np.log(actions.value))
    listed = ~np.isnan(bars.close)
    first = np.argmax(listed, axis=0)
    start = np.where(listed.any(axis=0), bars.close[first, np.arange(bars.shape[1])], 1.0)
    steps = moves.night + moves.day + scale
    steps[np.arange(bars.shape[0])[:, None] <= first] = 0.0
    close = np.log(start) + np.cumsum(steps, axis=0)
    opened = close - moves.day
    high, low = np.maximum(opened, close) + moves.above, np.minimum(opened, close) - moves.below
    shadow = np.isnan(bars.open)
    panels = {
        name: np.where(listed & ~(shadow & (name != "close")), np.exp(panel), np.nan)
        for name, panel in (("open", opened), ("high", high), ("low", low), ("close", close))
    }
    return replace(market_data, bars=Bars(bars.sessions, bars.symbols, volume=bars.volume, **panels), actions=actions)
