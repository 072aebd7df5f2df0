"""Models and features -> what they say about each name in each session."""

import numpy as np
from numpy.typing import NDArray

from springback.features import FEATURES
from springback.forecasting.models import Forecaster
from springback.market.bars import Panel
from springback.market.forecasts import Forecasts

QPI = FEATURES.index("qpi_3day")


def forecast_panel(forecaster: Forecaster, features: Panel, eligible: NDArray[np.bool_], adv: Panel) -> Forecasts:
    """Forecasts (T, N) from `features` (T, N, 8) for the names that are `eligible` (T, N) and have all 8; NaN in all four elsewhere.

    `adv` (T, N) is `mean_volume`, shares.
    """
    ranked = eligible & ~np.isnan(features).any(axis=2)
    p_long, p_short = np.full(ranked.shape, np.nan), np.full(ranked.shape, np.nan)
    if ranked.any():
        p_long[ranked], p_short[ranked] = forecaster.probabilities(features[ranked])
    return Forecasts(np.where(ranked, features[..., QPI], np.nan), p_long, p_short, np.where(ranked, adv, np.nan))
