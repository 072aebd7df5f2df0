"""What triggers entries: QPI, or the indicator that `strategy.indicator` puts in its place."""

import numpy as np

from springback.market.actions import Actions
from springback.market.bars import Bars, Panel
from springback.market.forecasts import Forecasts
from springback.strategy.lookback import return_percentile


def indicator(name: str, qpi: Panel, bars: Bars, actions: Actions, first: int = 0) -> Panel:
    """The indicator called `name`, 0 to 100 for each name and session, (T, N), NaN where it has none; `qpi` (T, N) is the features' own.

    With `first` only the rows from there on, `qpi` those rows alone. `bars` are raw prices, whose splits are undone by `actions`.
    """
    return qpi if name == "qpi" else return_percentile(bars, actions, first)


def triggered(forecasts: Forecasts, name: str, bars: Bars, actions: Actions) -> Forecasts:
    """`forecasts` with the indicator called `name` for QPI, panels (T, N); a name that has none yet is not ranked: all of it is NaN.

    `bars` are raw prices, whose splits are undone by `actions`.
    """
    if name == "qpi":
        return forecasts
    trigger = indicator(name, forecasts.qpi, bars, actions)
    unranked = np.isnan(forecasts.qpi) | np.isnan(trigger)
    return Forecasts(*(np.where(unranked, np.nan, panel) for panel in (trigger, forecasts.p_long, forecasts.p_short, forecasts.adv)))
