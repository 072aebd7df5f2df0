"""The moments at which LEAN looks at the account, rebuilt from one equity a session.

With daily bars LEAN samples equity at every midnight of every calendar day and at every close; a midnight sample is the last close's
equity, since the dividends and splits of that day come after it and a delisting pays the last close. Seen in the golden runs'
`return_chart.csv` and `equity_chart.csv.gz`; LEAN: Engine/AlgorithmManager.cs:163, Engine/Results/BaseResultsHandler.cs:708.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.errors import BadTable

Numbers = NDArray[np.float64]
CLOSE_OF_RUN = pd.Timedelta(hours=16, minutes=15)
"""LEAN takes its last sample when the VIX of the last session arrives."""


@dataclass(frozen=True, eq=False)
class Samples:
    """`days` (D,) every calendar day of the run; `midnight` (D,) equity at 00:00 of each, dollars; `close` the equity a session, by date;
    `extra` days on which LEAN sampled once more although no session was held (VIX is printed on some holidays)."""

    days: pd.DatetimeIndex
    midnight: Numbers
    close: "pd.Series[float]"
    extra: pd.DatetimeIndex

    def performance(self) -> Numbers:
        """Daily returns as LEAN annualises them: one a calendar day, weekends as 0, without the first two points. Fractions
        (R,), R one less than the days."""
        equity = np.append(self.midnight, self.close.iloc[-1])
        returns: Numbers = equity[1:] / equity[:-1] - 1
        return returns[1:]

    def years(self) -> float:
        """Years of 365 days from the first midnight to the last sample, New York time."""
        first = self.days[0].tz_localize("America/New_York")
        last = (self.days[-1] + CLOSE_OF_RUN).tz_localize("America/New_York")
        return float((last - first) / pd.Timedelta(days=365))

    def curve(self) -> "pd.Series[float]":
        """Midnights and closes in order of time: what drawdown is measured on. Dollars, indexed by New York wall time."""
        closes = pd.Series(self.close.to_numpy(), index=self.close.index + pd.Timedelta(hours=16))
        curve: pd.Series[float] = pd.concat([pd.Series(self.midnight, index=self.days), closes]).sort_index()
        return curve

    def risk_free(self, rates: "pd.Series[float]") -> float:
        """Mean annual rate over the dates of the equity chart; `rates` annual fractions by the day they changed, carried forward."""
        dates = self.days.append([pd.DatetimeIndex(self.close.index), self.extra, self.days[-1:]])
        return float(rates.reindex(dates, method="ffill").bfill().fillna(0.0).mean())


def sample(daily: pd.DataFrame, start: str, cash: float, extra_days: Sequence[str] = ()) -> Samples:
    """LEAN's samples of a run from its `daily` frame (date, equity; one row a session, the last one included).

    `start` is the run's first calendar day as it was asked for, `cash` its equity until the first close.
    Raises `BadTable` on an empty frame.
    """
    if daily.empty:
        raise BadTable("daily: no session to take statistics of: the run needs at least one")
    dates = pd.DatetimeIndex(pd.to_datetime(daily["date"]))
    close = pd.Series(daily["equity"].to_numpy(dtype=np.float64), index=dates)
    days = pd.date_range(min(pd.Timestamp(start), dates[0]), dates[-1])
    before = close.reindex(days - pd.Timedelta(days=1), method="ffill").fillna(cash)
    extra = pd.DatetimeIndex(pd.to_datetime(list(extra_days)))
    extra = extra[(extra >= days[0]) & (extra <= days[-1]) & ~extra.isin(dates)]
    return Samples(days, before.to_numpy(dtype=np.float64), close, extra)
