"""A figure with what it means: what summary.json, the report and `--json` show."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

Unit = Literal["fraction", "percent2", "ratio", "three", "one", "dollars", "count", "sessions", "years", "date", "text"]


@dataclass(frozen=True)
class Figure:
    """`value` None = not defined for this run (too few sessions, no benchmark); `definition` says how it was computed."""

    value: float | str | None
    definition: str
    unit: Unit

    def number(self) -> float:
        """The value as a float; NaN where it is not a number."""
        return float(self.value) if isinstance(self.value, (int, float)) else float("nan")


def figure(value: float, definition: str, unit: Unit) -> Figure:
    """A numeric figure; NaN and infinity become None."""
    return Figure(float(value) if np.isfinite(value) else None, definition, unit)


def as_json(figures: Mapping[str, Figure]) -> dict[str, dict[str, Any]]:
    """`{name: {value, definition, unit}}`."""
    return {name: asdict(one) for name, one in figures.items()}


def shown(value: Any, unit: Unit) -> str:
    """A figure as a person reads it: 12.3 %, 0.71, $1,094,986, 24 sessions; an en dash where there is none."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "–"
    if isinstance(value, str):
        return value
    text = {
        "fraction": f"{100 * value:.1f} %",
        "percent2": f"{100 * value:.2f} %",
        "ratio": f"{value:.2f}",
        "three": f"{value:.3f}",
        "one": f"{value:.1f}",
        "dollars": f"{'-' if value < 0 else ''}${abs(value):,.0f}",
        "count": f"{value:,.0f}",
        "years": f"{value:,.1f} year{'' if f'{value:.1f}' == '1.0' else 's'}",
        "sessions": f"{value:,.0f} session{'' if value == 1 else 's'}" if float(value).is_integer() else f"{value:,.1f} sessions",
    }.get(unit, str(value))
    return _minus(text)


def tight(words: str) -> str:
    """`words` with numbers and their per-cent signs kept on one line."""
    return words.replace(" %", "\u00a0%")


def whole_dates(words: str) -> str:
    """`words` whose ISO dates do not break across lines."""
    return re.sub(r"\b(\d{4})-(\d\d)-(\d\d)\b", "\\1\u2011\\2\u2011\\3", words)


def _minus(text: str) -> str:
    """A true minus sign, and no minus before a zero."""
    if text.startswith("-"):
        return text[1:] if not any(digit in text for digit in "123456789") else "\u2212" + text[1:]
    return text
