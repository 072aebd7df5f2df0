"""What every model in use says of the names of a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from springback.features import latest
from springback.forecasting.forecast import forecast_panel
from springback.forecasting.models import Forecaster
from springback.market.bars import Panel
from springback.market.forecasts import Forecasts
from springback.market.liquidity import WINDOW, latest_mean
from springback.market.market_data import MarketData
from springback.strategy.indicator import triggered
from springback.strategy.universe import Universe, eligible


@dataclass(frozen=True, eq=False)
class ModelsInUse:
    """The pairs that speak in a session by name, the `champion`'s among them (empty: there is none, and `fault` says why); the SHA-256 of
    each; `tried` is the newest session (ISO) by whose labels a retraining was tried, empty where none is kept account of.
    """

    champion: str = ""
    pairs: Mapping[str, Forecaster] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    tried: str = ""

    @property
    def challengers(self) -> tuple[str, ...]:
        """The names of those that only forecast."""
        return tuple(name for name in self.pairs if name != self.champion)


@dataclass(frozen=True, eq=False)
class SessionForecasts:
    """What was said on the newest session of a window (T, N): `by_model` panels (T, N) that are NaN before it, the `features` (N, 8), and
    who was `eligible` (N,).
    """

    by_model: Mapping[str, Forecasts]
    features: Panel
    eligible: NDArray[np.bool_]
    champion: str

    @property
    def decisive(self) -> Forecasts:
        """The champion's, by which is decided; where there is none nobody is ranked."""
        if self.champion in self.by_model:
            return self.by_model[self.champion]
        return next(iter(self.by_model.values()))


def session_forecasts(market_data: MarketData, models: ModelsInUse, universe: Universe, indicator: str) -> SessionForecasts:
    """The forecasts of the newest session of `market_data`, a window of raw bars in dollars and shares; without a champion all NaN."""
    bars, shape = market_data.bars, market_data.bars.shape
    features, chosen = latest(bars, market_data.actions), eligible(market_data, universe)[-1]
    adv = latest_mean(bars.printed("volume"), WINDOW)
    said = {name: _embedded(forecast_panel(pair, features[None], chosen[None], adv[None]), shape) for name, pair in models.pairs.items()}
    said = {name: triggered(one, indicator, bars, market_data.actions) for name, one in said.items()}
    return SessionForecasts(said or {"": Forecasts(*(np.full(shape, np.nan) for _ in range(4)))}, features, chosen, models.champion)


def _embedded(newest: Forecasts, shape: tuple[int, int]) -> Forecasts:
    """One session's forecasts (1, N) as the last row of panels (T, N)."""
    panels = [np.full(shape, np.nan) for _ in range(4)]
    for panel, row in zip(panels, (newest.qpi, newest.p_long, newest.p_short, newest.adv), strict=True):
        panel[-1] = row[0]
    return Forecasts(*panels)
