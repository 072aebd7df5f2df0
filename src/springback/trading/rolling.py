"""The last sessions of all names as arrays, filled one session at a time: all that features, liquidity and the rule look back on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from springback.errors import BadTable, MissingData
from springback.features import FEATURES, WINDOW, latest
from springback.market.actions import Actions
from springback.market.bars import Bars, Dates, Panel, is_bar
from springback.market.liquidity import latest_mean
from springback.strategy.indicator import indicator
from springback.strategy.lookback import trend_mean

QPI = FEATURES.index("qpi_3day")
Column = NDArray[np.float64]


class Rolling:
    """Raw closes and volumes of the newest `length` sessions of `symbols` (N, alphabetical), oldest row first; NaN: no bar. A row that
    is only a mark (`market.bars.is_bar`) is none.

    Splits are kept beside them and applied by the features, so that what was printed on the day stays as it was. Highs and lows, which
    only a variant of the rule asks for, are kept of two sessions; `indicator` is the one that triggers entries.
    """

    def __init__(self, symbols: Sequence[str], length: int, indicator: str = "qpi") -> None:
        self.symbols = tuple(symbols)
        self.length = max(length, WINDOW)
        self._columns = {symbol: column for column, symbol in enumerate(self.symbols)}
        self._indicator = indicator
        self._range = np.full((2, 2, len(self.symbols)), np.nan)
        self._sessions: Dates = np.empty(0, dtype="datetime64[D]")
        self._close = np.empty((0, len(self.symbols)))
        self._volume = np.empty((0, len(self.symbols)))
        self._splits: list[tuple[np.datetime64, str, float]] = []

    @property
    def sessions(self) -> int:
        """How many sessions are known."""
        return len(self._sessions)

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

    def push(
        self,
        session: np.datetime64,
        close: Column,
        volume: Column,
        high: Column | None = None,
        low: Column | None = None,
        open_: Column | None = None,
    ) -> None:
        """Adds a session, (N,) raw closes and volumes, and highs, lows and opens where the host knows them.

        Raises `BadTable` if it is not later than the newest.
        """
        if len(self._sessions) and session <= self.newest:
            raise BadTable(f"session {session} comes after {self.newest} was already known: bars must arrive in order", session=session)
        self._sessions = np.append(self._sessions, np.datetime64(session, "D"))[-self.length :]
        first, top, bottom = (close if one is None else one for one in (open_, high, low))
        bar = is_bar(first, top, bottom, close, volume)
        self._close = np.concatenate([self._close, np.where(bar, close, np.nan)[None]])[-self.length :]
        self._volume = np.concatenate([self._volume, np.where(bar, volume, np.nan)[None]])[-self.length :]
        told = [np.nan if one is None else one for one in (high, low)]
        self._range = np.stack([self._range[1], [np.where(bar, one, np.nan) for one in told]])
        self._splits = [one for one in self._splits if one[0] >= self._sessions[0]]

    def fill(
        self,
        sessions: Dates,
        close: Panel,
        volume: Panel,
        high: Panel | None = None,
        low: Panel | None = None,
        open_: Panel | None = None,
    ) -> None:
        """Adds many sessions, (T,) and (T, N), oldest first."""
        for row, session in enumerate(sessions):
            self.push(session, close[row], volume[row], *(None if one is None else one[row] for one in (high, low, open_)))

    def split(self, day: np.datetime64, symbol: str, factor: float) -> None:
        """A split of `symbol` takes effect before the open of `day`: `factor` old shares per new one."""
        self._splits.append((np.datetime64(day, "D"), symbol, factor))

    def features(self) -> Panel:
        """The features of the newest session, (N, 8), the same to the last bit as a panel over all history gives."""
        return latest(*self._bars())

    def indicator(self, features: Panel) -> Column:
        """What triggers entries in the newest session, 0..100, (N,): from its `features` (N, 8) where that is QPI."""
        newest: Column = indicator(self._indicator, features[None, :, QPI], *self._bars(), len(self._sessions) - 1)[0]
        return newest

    def trend(self) -> Column:
        """Mean of the last 200 closes on the newest session's split scale, dollars, (N,)."""
        newest: Column = trend_mean(*self._bars(), len(self._sessions) - 1)[0]
        return newest

    def yesterday(self) -> tuple[Column, Column]:
        """(high, low) of the session before the newest, dollars on the newest one's split scale, (N,)."""
        factor = np.ones(len(self.symbols))
        for day, symbol, one in self._splits:
            if len(self._sessions) > 1 and self._sessions[-2] < day <= self._sessions[-1]:
                factor[self._columns[symbol]] *= one
        return self._range[0, 0] * factor, self._range[0, 1] * factor

    def _bars(self) -> tuple[Bars, Actions]:
        bars = Bars(self._sessions, self.symbols, self._close, self._close, self._close, self._close, self._volume)  # no marks in it
        days, symbols, factors = zip(*self._splits, strict=True) if self._splits else ((), (), ())
        return bars, Actions.align(bars, np.array(days, "datetime64[D]"), symbols, ["split"] * len(symbols), factors)

    def mean_volume(self, window: int) -> NDArray[np.float64]:
        """Mean raw volume of the last `window` sessions, shares, (N,)."""
        return latest_mean(self._volume, window)

    def mean_dollars(self, window: int) -> NDArray[np.float64]:
        """Mean raw close times raw volume of the last `window` sessions, dollars, (N,)."""
        return latest_mean(self._close[-window:] * self._volume[-window:], window)
