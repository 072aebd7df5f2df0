"""Small tapes to learn from: noise, and noise with a known dose of reversal."""

import numpy as np
from numpy.typing import NDArray

from springback import features
from springback.market.actions import Actions
from springback.market.bars import Bars, Panel
from springback.market.tape import TRADING, Tape, last_rows

NOW = "2026-01-02T03:04:05+00:00"


def weekdays(sessions: int, start: str = "2018-01-01") -> NDArray[np.datetime64]:
    """Consecutive weekdays."""
    return np.asarray(np.busday_offset(start, np.arange(sessions), roll="forward"), dtype="datetime64[D]")


def tape_of(close: Panel, volume: Panel | None = None, actions: Actions | None = None) -> Tape:
    """A tape whose opens are the closes of the session before."""
    sessions, names = close.shape
    opens = np.vstack([close[:1], close[:-1]])
    volume = np.full(close.shape, 1e6) if volume is None else volume
    bars = Bars(weekdays(sessions), tuple(f"N{k:03d}" for k in range(names)), opens, close, close, close, volume)
    return Tape(bars, actions or Actions.none(), np.full(sessions, 15.0), last_rows(close), np.full(names, TRADING, dtype=np.int8))


def random_tape(seed: int, sessions: int = 420, names: int = 12, reversal: float = 0.0) -> Tape:
    """Independent random walks; `reversal` of each name's last 3-session move comes back over the next session."""
    draw = np.random.default_rng(seed)
    steps = draw.normal(0.0, 0.02, (sessions, names))
    for row in range(3, sessions):
        steps[row] -= reversal * steps[row - 3 : row].sum(axis=0)
    volume = np.round(draw.lognormal(13.0, 0.5, (sessions, names)))
    return tape_of(30.0 * np.exp(np.cumsum(steps, axis=0)), volume)


def lessons(tape: Tape) -> tuple[Tape, NDArray[np.bool_], Panel]:
    """(tape, everything eligible, features): the first arguments of `train` and `walk_forward`."""
    return tape, np.ones(tape.bars.shape, dtype=np.bool_), features.panel(tape.bars, tape.actions)
