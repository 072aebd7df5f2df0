"""Bars -> 8 numbers a name and session. Pure and compiled."""

from springback.features.panel import latest, panel
from springback.features.window import FEATURES, WINDOW

__all__ = ["FEATURES", "WINDOW", "latest", "panel"]
