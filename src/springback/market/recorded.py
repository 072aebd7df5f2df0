"""What a run means that was recorded before a knob existed, and so does not name it."""

from collections.abc import Mapping
from typing import Any

BEFORE: Mapping[str, Any] = {"strategy.entry_life": 0}
"""Knobs by their full name, and what the program did before they could be set; not their defaults."""


def named(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Recorded `settings` (flat) with every knob that they leave unsaid, where they are those of the rule at all."""
    ruled = any(name.startswith("strategy.") for name in settings)
    return {**settings, **{name: value for name, value in BEFORE.items() if ruled and name not in settings}}


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` (flat) as they were recorded before: a knob that says what used to be is left unsaid. Equal runs give equal texts."""
    return {name: value for name, value in settings.items() if name not in BEFORE or BEFORE[name] != value}
