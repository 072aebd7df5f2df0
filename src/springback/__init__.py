"""Springback: machine-learning mean reversion on US equities, from raw bars to an honest report.

The public names are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
_WIRING = (
    *("Settings", "World", "draw_demo", "load_bars", "open_store", "fetch", "world", "train", "forecast", "forecast_fixed"),
    *("in_sample", "keep"),
)
_STORY = ("tell", "summary_of")
_FRAMES = (
    *("Run", "load_settings", "run_backtest", "report", "forecasts_from"),
    *("bars_frame", "features_frame", "forecasts_frame"),
)
__all__ = [  # noqa: PLE0604 (loaded on first use)
    "__version__",
    *_WIRING,
    *_STORY,
    *_FRAMES,
]


def __getattr__(name: str) -> Any:
    if name in _WIRING:
        return getattr(import_module("springback.wiring"), name)
    if name in _STORY:
        return getattr(import_module("springback.workflow.report"), name)
    if name in _FRAMES:
        return getattr(import_module("springback.frames"), name)
    raise AttributeError(f"springback has no public name '{name}': it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
