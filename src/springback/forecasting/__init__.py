"""What a trained model is: two classifiers, the card that vouches for them, the store they stand in, the forecasts they give."""

from springback.forecasting.card import Card, versions
from springback.forecasting.forecast import forecast_panel
from springback.forecasting.models import Forecaster, Models

__all__ = ["Card", "Forecaster", "Models", "forecast_panel", "versions"]
