"""The last sessions of all names as two arrays, filled one session at a time: all that features and liquidity look back on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from springback.errors import BadTable, MissingData
from springback.features import WINDOW, latest
from springback.market.actions import Actions
from springback.market.bars import Bars, Dates, Panel
from springback.market.liquidity import latest_mean


class Rolling:
    """Raw closes and volumes of the newest `length` sessions of `symbols` (N, alphabetical), oldest row first; NaN: no bar.

    Splits are kept beside them and applied by the features, so that what was printed on the day stays as it was.
    """

    def __init__(self, symbols: Sequence[str], length: int) -> None:
        self.symbols = tuple(symbols)
        self._length = max(length, WINDOW)
        self._sessions: Dates = np.empty(0, dtype="datetime64[D]")
        self._close = np.empty((0, len(self.symbols)))
        self._volume = np.empty((0, len(self.symbols)))
        self._splits: list[tuple[np.datetime64, str, float]] = []

    @property
    def newest(self) -> np.datetime64:
        """The newest session. Raises `MissingData` before the first one."""
        if not len(self._sessions):
            raise MissingData("no session is known yet: bars come before a decision")
        return np.datetime64(self._sessions[-1], "D")

    def since(self, session: np.datetime64) -> int:
        """How many of the known sessions are later than `session`."""
        return int((self._sessions > session).sum())

    @property
    def close(self) -> NDArray[np.float64]:
        """Raw closes of the newest session, dollars, (N,); NaN: no bar."""
        newest: NDArray[np.float64] = self._close[-1]
        return newest

    def push(self, session: np.datetime64, close: NDArray[np.float64], volume: NDArray[np.float64]) -> None:
        """Adds a session, (N,) raw closes and volumes. Raises `BadTable` if it is not later than the newest."""
        if len(self._sessions) and session <= self.newest:
            raise BadTable(f"session {session} comes after {self.newest} was already known: bars must arrive in order")
        self._sessions = np.append(self._sessions, np.datetime64(session, "D"))[-self._length :]
        self._close = np.concatenate([self._close, close[None]])[-self._length :]
        self._volume = np.concatenate([self._volume, volume[None]])[-self._length :]
        self._splits = [one for one in self._splits if one[0] >= self._sessions[0]]

    def fill(self, sessions: Dates, close: Panel, volume: Panel) -> None:
        """Adds many sessions, (T,) and (T, N), oldest first."""
        for row, session in enumerate(sessions):
            self.push(session, close[row], volume[row])

    def split(self, day: np.datetime64, symbol: str, factor: float) -> None:
        """A split of `symbol` takes effect before the open of `day`: `factor` old shares per new one."""
        self._splits.append((np.datetime64(day, "D"), symbol, factor))

    def features(self) -> Panel:
        """The features of the newest session, (N, 8), the same to the last bit as a panel over all history gives."""
        bars = Bars(self._sessions, self.symbols, self._close, self._close, self._close, self._close, self._volume)
        days, symbols, factors = zip(*self._splits, strict=True) if self._splits else ((), (), ())
        return latest(bars, Actions.align(bars, np.array(days, "datetime64[D]"), symbols, ["split"] * len(symbols), factors))

    def mean_volume(self, window: int) -> NDArray[np.float64]:
        """Mean raw volume of the last `window` sessions, shares, (N,)."""
        return latest_mean(self._volume, window)

    def mean_dollars(self, window: int) -> NDArray[np.float64]:
        """Mean raw close times raw volume of the last `window` sessions, dollars, (N,)."""
        return latest_mean((self._close * self._volume)[-window:], window)
