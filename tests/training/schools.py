"""Small markets to learn from: noise, and noise with a known dose of reversal."""

import numpy as np
from numpy.typing import NDArray

from springback import features
from springback.market.actions import Actions
from springback.market.bars import Bars, Panel
from springback.market.market_data import TRADING, MarketData, last_rows

NOW = "2026-01-02T03:04:05+00:00"


def weekdays(sessions: int, start: str = "2018-01-01") -> NDArray[np.datetime64]:
    """Consecutive weekdays."""
    return np.asarray(np.busday_offset(start, np.arange(sessions), roll="forward"), dtype="datetime64[D]")


def tape_of(close: Panel, volume: Panel | None = None, actions: Actions | None = None) -> MarketData:
    """Market data whose opens are the closes of the session before."""
    sessions, names = close.shape
    opens = np.vstack([close[:1], close[:-1]])
    volume = np.full(close.shape, 1e6) if volume is None else volume
    bars = Bars(weekdays(sessions), tuple(f"N{k:03d}" for k in range(names)), opens, close, close, close, volume)
    return MarketData(bars, actions or Actions.none(), np.full(sessions, 15.0), last_rows(close), np.full(names, TRADING, dtype=np.int8))


def random_tape(seed: int, sessions: int = 420, names: int = 12, reversal: float = 0.0) -> MarketData:
    """Independent random walks; `reversal` of each name's last 3-session move comes back over the next session."""
    draw = np.random.default_rng(seed)
    steps = draw.normal(0.0, 0.02, (sessions, names))
    for row in range(3, sessions):
        steps[row] -= reversal * steps[row - 3 : row].sum(axis=0)
    volume = np.round(draw.lognormal(13.0, 0.5, (sessions, names)))
    return tape_of(30.0 * np.exp(np.cumsum(steps, axis=0)), volume)


def lessons(market_data: MarketData) -> tuple[MarketData, NDArray[np.bool_], Panel]:
    """(market data, everything eligible, features): the first arguments of `train` and `walk_forward`."""
    return market_data, np.ones(market_data.bars.shape, dtype=np.bool_), features.panel(market_data.bars, market_data.actions)
