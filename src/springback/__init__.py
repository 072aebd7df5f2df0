"""Springback: machine-learning mean reversion on US equities, from raw bars to an honest report.

The public names are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = [  # noqa: PLE0604 (loaded on first use, from `frames`)
    *("__version__", "Settings", "load_settings", "draw_demo", "load_bars", "open_store", "fetch", "check_data"),
    *("PreparedData", "prepare", "train", "keep", "forecast", "forecast_fixed", "in_sample", "forecasts_from"),
    *("Run", "run_backtest", "report", "tell", "summary_of", "validate", "stress", "audit", "optimize"),
    *("bars_frame", "features_frame", "forecasts_frame"),
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("springback.frames"), name)
    raise AttributeError(f"springback has no public name '{name}': it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
