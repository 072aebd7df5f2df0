"""The whole market data: all that happened, held only by training, the replay and the simulated broker."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from springback.errors import BadTable
from springback.market.actions import Actions
from springback.market.bars import Bars, Dates, Panel
from springback.market.origin import UNKNOWN, Origin
from springback.market.prose import Prose
from springback.market.quarantine import Span

TRADING, DELISTED, END_OF_DATA, BANKRUPT = 0, 1, 2, 3
"""How a name's series ends: it goes on; it was delisted; the data stop but the firm traded on; the shares became worthless."""


@dataclass(frozen=True)
class Delisting:
    """What is known of how the shares of `symbol` ended: on `day`, the last session or after it, why, and the `value` that a holder got as
    a return on the last close (-1 nothing, 0 the last close itself); NaN unknown.
    """

    symbol: str
    day: np.datetime64
    reason: str = ""
    value: float = float("nan")


@dataclass(frozen=True, eq=False)
class MarketData:
    """Everything that happened, aligned to one panel of bars.

    `vix` (T,) Cboe VIX close, NaN unknown. `last` (N,) row of the name's last bar (-1: it has none). `ending` (N,) one of TRADING,
    DELISTED, END_OF_DATA, BANKRUPT. `members` (T, N) True where the name was in the index on that session; None: no membership is
    known and the liquidity proxy stands in. `benchmark` (T,) total-return level of SPY or None. `risk_free` (T,) annual rate as a fraction.
    `sectors` (N,) or None. `origin` is where it comes from, for the report. `findings` are the quality notes of reading it, one line
    each. `quarantine` are rows that nobody may learn from or give an order on. `delistings` say more of names that
    end, where more is known.
    """

    bars: Bars
    actions: Actions
    vix: NDArray[np.float64]
    last: NDArray[np.int64]
    ending: NDArray[np.int8]
    members: NDArray[np.bool_] | None = None
    benchmark: NDArray[np.float64] | None = None
    risk_free: NDArray[np.float64] | None = None
    sectors: tuple[str, ...] | None = None
    origin: Origin = UNKNOWN
    findings: tuple[Prose, ...] = ()
    quarantine: tuple[Span, ...] = ()
    delistings: tuple[Delisting, ...] = ()

    def __post_init__(self) -> None:
        sessions, names = self.bars.shape
        for label, array, shape in (
            ("vix", self.vix, (sessions,)),
            ("last", self.last, (names,)),
            ("ending", self.ending, (names,)),
            ("members", self.members, (sessions, names)),
            ("benchmark", self.benchmark, (sessions,)),
            ("risk_free", self.risk_free, (sessions,)),
        ):
            if array is not None and array.shape != shape:
                raise BadTable(f"market data: {label} has shape {array.shape}, the bars say {shape}")

    def until(self, end: int) -> "MarketData":
        """The market data as it was known after the close of row `end - 1`: names that end later are still trading."""
        bars = self.bars.between(0, end)
        last = last_rows(bars.close)
        return replace(
            self,
            bars=bars,
            actions=self.actions.between(0, end),
            vix=self.vix[:end],
            last=last,
            ending=np.where(self.last < end - 1, self.ending, TRADING).astype(np.int8),
            members=None if self.members is None else self.members[:end],
            benchmark=None if self.benchmark is None else self.benchmark[:end],
            risk_free=None if self.risk_free is None else self.risk_free[:end],
        )


def payouts(market_data: MarketData) -> NDArray[np.float64]:
    """What a holder got after the last close of each name that ended, as a return on it, (N,); NaN where nobody knows or it trades on."""
    out = np.full(len(market_data.bars.symbols), np.nan)
    columns = {symbol: column for column, symbol in enumerate(market_data.bars.symbols)}
    for one in market_data.delistings:
        column = columns.get(one.symbol)
        if column is None or market_data.ending[column] == TRADING:
            continue
        row = market_data.last[column]
        if row < 0 or one.day >= market_data.bars.sessions[row]:  # without a bar in this window it ended before
            out[column] = one.value
    return out


def last_rows(close: Panel) -> NDArray[np.int64]:
    """Row of the last bar of each column of `close` (T, N); -1 where there is none. (N,) int64."""
    has_bar = ~np.isnan(close)
    rows = close.shape[0] - 1 - np.argmax(has_bar[::-1], axis=0)
    return np.where(has_bar.any(axis=0), rows, -1).astype(np.int64)


def align_series(sessions: Dates, dates: Dates, values: NDArray[np.float64], carry: bool = False) -> NDArray[np.float64]:
    """`values` known at `dates` (increasing) on the panel's `sessions`, (T,).

    NaN where the day is absent, or with `carry` the last earlier one.
    """
    if len(values) == 0:
        return np.full(len(sessions), np.nan)
    at = np.searchsorted(dates, sessions, side="right") - 1
    known = at >= 0
    picked = np.where(known, at, 0)
    if not carry:
        known &= dates[picked] == sessions
    return np.where(known, values[picked], np.nan)


def ended_early(bars: Bars) -> NDArray[np.bool_]:
    """True for the names whose last price comes before the last session, (N,)."""
    return last_rows(bars.close) < len(bars.sessions) - 1
