"""Small random markets for the laws of the features: gaps, zero volumes, flat names, splits."""

import numpy as np

from springback.market.actions import SPLIT, Actions
from springback.market.bars import Bars, Panel

START = np.datetime64("2020-01-01")


def bars_of(close: Panel, volume: Panel) -> Bars:
    """Bars with all four prices equal to `close`."""
    sessions, names = close.shape
    return Bars(START + np.arange(sessions), tuple(f"N{k:03d}" for k in range(names)), close, close, close, close, volume)


def random_bars(seed: int, sessions: int = 45, names: int = 5, ugly: bool = True) -> Bars:
    """A random walk; if `ugly`, with missing closes and volumes, runs without volume, and a name that never moves."""
    draw = np.random.default_rng(seed)
    close = 20.0 * np.exp(np.cumsum(draw.normal(0.0, 0.03, (sessions, names)), axis=0))
    volume = np.round(draw.lognormal(11.0, 1.0, (sessions, names)))
    if ugly:
        close[draw.random((sessions, names)) < 0.01] = np.nan
        volume[draw.random((sessions, names)) < 0.01] = np.nan
        volume[draw.random((sessions, names)) < 0.05] = 0.0
        close[:, 0] = 7.0
        start = int(draw.integers(0, sessions))
        volume[start : start + 25, 1] = 0.0
    return bars_of(close, volume)


def splits(*events: tuple[int, int, float]) -> Actions:
    """Splits given as (row, name, factor)."""
    row, name, value = zip(*sorted(events), strict=True)
    return Actions(np.array(row), np.array(name), np.full(len(row), SPLIT), np.array(value, dtype=np.float64))


def random_splits(seed: int, sessions: int = 45, names: int = 5) -> Actions:
    """Up to four splits, some in one window and some on one day."""
    draw = np.random.default_rng(seed)
    factors = (0.25, 0.5, 1.0 / 3.0, 2.0, 10.0)
    return splits(*[(int(draw.integers(0, sessions)), int(draw.integers(0, names)), float(draw.choice(factors))) for _ in range(4)])
