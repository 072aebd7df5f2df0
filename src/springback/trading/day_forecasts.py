"""What is said about each name today: by the models that were trained before today, or by a file of forecasts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from springback.forecasting.models import Forecaster
from springback.forecasting.timeline import WALK, Tenure, Timeline
from springback.market.bars import Dates
from springback.market.liquidity import WINDOW
from springback.market.prose import Prose
from springback.strategy.universe import Universe, tradable
from springback.trading.rolling import Rolling

Column = NDArray[np.float64]


class DayForecasts(NamedTuple):
    """One session's forecasts, each (N,); NaN in all four: the name is not ranked today. `qpi` is what triggers entries."""

    qpi: Column
    p_long: Column
    p_short: Column
    adv: Column


class ForecastSource(Protocol):
    """The door to the day's forecasts."""

    def today(self, rolling: Rolling, members: NDArray[np.bool_] | None) -> DayForecasts:
        """The forecasts at the close of the newest session of `rolling` about the index's `members` (N,), or about all names."""
        ...

    def age(self, session: np.datetime64) -> int | None:
        """Days between the close after which the models of `session` were trained and it; None where that is not known."""
        ...


class ModelForecasts:
    """Forecasts by models: for each session those of its champion.

    `models` by the day after whose close a pair speaks, until the next. Only names beyond the indicator's thresholds are put to the models;
    the rule looks at no others.
    """

    def __init__(self, models: Mapping[np.datetime64, Forecaster], universe: Universe, qpi_low: float, qpi_high: float) -> None:
        days = {str(np.datetime64(day, "D")): models[day] for day in sorted(models)}
        self._models, self._timeline = days, Timeline(tuple(Tenure(day, day, WALK, Prose("")) for day in days))
        self._universe = universe
        self._low, self._high = qpi_low, qpi_high

    def today(self, rolling: Rolling, members: NDArray[np.bool_] | None) -> DayForecasts:
        """Forecasts of the names that are in the universe, have all features and lie beyond a threshold, each column (N,)."""
        features = rolling.features()
        dollars = rolling.mean_dollars(self._universe.window)
        chosen = tradable(rolling.close[None], dollars[None], None if members is None else members[None], self._universe)[0]
        indicator = rolling.indicator(features)
        extreme = (indicator < self._low) | (indicator > self._high)
        names = np.flatnonzero(chosen & extreme & ~np.isnan(features).any(axis=1))
        forecasts = DayForecasts(*(np.full(len(rolling.symbols), np.nan) for _ in range(4)))
        if len(names):
            forecasts.qpi[names] = indicator[names]
            forecasts.p_long[names], forecasts.p_short[names] = self._models[self._timeline.champion_on(rolling.newest)].probabilities(
                features[names]
            )
            forecasts.adv[names] = rolling.mean_volume(WINDOW)[names]
        return forecasts

    def age(self, session: np.datetime64) -> int | None:
        """Days since the day after whose close the champion of `session` was trained. Raises `ModelError` where there is none yet."""
        return int((session - np.datetime64(self._timeline.champion_on(session))) / np.timedelta64(1, "D"))


class FixedModelForecasts(ModelForecasts):
    """Forecasts by one pair, whenever it was trained: on sessions it learned from, its words are in sample."""

    def __init__(self, pair: Forecaster, universe: Universe, qpi_low: float, qpi_high: float) -> None:
        super().__init__({np.datetime64("0001-01-01"): pair}, universe, qpi_low, qpi_high)

    def age(self, session: np.datetime64) -> None:  # noqa: ARG002 (one pair for ever is what was asked for)
        """Not known."""
        return


class FileForecasts:
    """Forecasts that were made beforehand: rows of date, symbol, qpi, p_long, p_short, adv_63."""

    def __init__(self, days: Dates, symbols: Sequence[str], values: NDArray[np.float64]) -> None:
        """`days`, `symbols` (R,) and `values` (R, 4), in any order."""
        when = np.asarray(days, dtype="datetime64[D]")
        order = np.argsort(when, kind="stable")
        self._days, self._values = when[order], np.asarray(values, dtype=np.float64)[order]
        self._symbols = np.asarray(symbols, dtype=object)[order]

    def today(self, rolling: Rolling, members: NDArray[np.bool_] | None) -> DayForecasts:  # noqa: ARG002 (the file was made of members)
        """The rows of the newest session; a name that `rolling` does not have is left out. Each column (N,)."""
        columns = {symbol: column for column, symbol in enumerate(rolling.symbols)}
        first, end = (np.searchsorted(self._days, rolling.newest, side) for side in ("left", "right"))
        forecasts = DayForecasts(*(np.full(len(rolling.symbols), np.nan) for _ in range(4)))
        for row in range(first, end):
            if (column := columns.get(self._symbols[row])) is not None:
                for panel, value in zip(forecasts, self._values[row], strict=True):
                    panel[column] = value
        return forecasts

    def age(self, session: np.datetime64) -> None:  # noqa: ARG002 (a session that the file lacks has no forecasts: nobody is entered)
        """Not known."""
        return
