"""What a run means that was recorded before a knob existed, or while a value had another name."""

from collections.abc import Mapping
from typing import Any

BEFORE: Mapping[str, Any] = {"strategy.entry_life": 0, "backtest.endings": "known", "walk_forward.policy": "newest"}
"""Knobs by their full name, and what the program did before they could be set; not their defaults."""
AS_BEFORE: Mapping[str, Any] = {"training.years": 0, "guard.move": 0.0, "guard.day_loss": 0.0, "guard.drawdown": 0.0}
"""Knobs whose default is what the program did before they could be set."""
UNDER = {"retraining.": ("walk_forward.policy", "if_better")}
"""Knobs, by how their name begins, that decide something only where another knob has a value."""
OLDER_NAMES: Mapping[str, Mapping[str, str]] = {"strategy.indicator": {"rarity": "return_percentile"}}
"""Values by the full name of their knob that were called otherwise: what was written, and what it is called today."""


def today(name: str, value: Any) -> Any:
    """What the `value` of the knob `name` is called today."""
    return OLDER_NAMES.get(name, {}).get(value, value) if isinstance(value, str) else value


def _then(name: str, value: Any) -> Any:
    """What the `value` of the knob `name` was called when it was first written."""
    return {new: old for old, new in OLDER_NAMES.get(name, {}).items()}.get(value, value) if isinstance(value, str) else value


def named(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Recorded `settings` (flat) with every knob that they leave unsaid, where they are those of the rule at all, and today's names."""
    ruled = any(name.startswith("strategy.") for name in settings)
    known = {name: today(name, value) for name, value in settings.items()}
    return {**known, **{name: value for name, value in BEFORE.items() if ruled and name not in settings}}


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` (flat) as they were recorded before: a knob that says what used to be, or decides nothing under another's value, is left
    unsaid, a value has the name it had.

    Equal runs give equal texts.
    """
    idle = tuple(start for start, (name, value) in UNDER.items() if name in settings and settings[name] != value)
    said = {name: value for name, value in settings.items() if not name.startswith(idle)}
    before = {**BEFORE, **AS_BEFORE}
    return {name: _then(name, value) for name, value in said.items() if name not in before or before[name] != value}
