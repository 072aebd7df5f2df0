"""From a page as a value to HTML: the templates, what they call, and the files beside them by their hashes."""

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from springback import __version__
from springback.analytics import palette
from springback.data.hours import NEW_YORK
from springback.grammar import agree
from springback.web.cells import shown
from springback.web.page import Bar, BarList, Picture

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
NAMED = {**palette.NAMED, "second": palette.SECOND, "benchmark": palette.BENCHMARK, "bear": palette.BEAR} | {
    f"other-{k}": colour for k, colour in enumerate(palette.OTHER)
}
"""The colours that a picture may name."""


@cache
def environment() -> Environment:
    """The templates, every text escaped."""
    made = Environment(
        loader=PackageLoader("springback.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"shown": shown, "words": words, "new_york": new_york}
    made.globals |= {"asset": asset, "address_of": address_of, "plot": plot, "spot": spot, "version": __version__}
    return made


def words(text: Any) -> str:
    """A text as a person reads it."""
    return agree(str(text))


def new_york(at: datetime) -> str:
    """The time that clocks show there."""
    return f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}"


def address_of(link: str, row: Mapping[str, Any]) -> str:
    """`link` with the cells of `row` in it, each as an address has it."""
    return link.format_map({key: quote(str(value), safe="") for key, value in row.items()})


def plot(picture: Picture) -> str:
    """The picture as JSON for the script that draws it; days as seconds since 1970."""
    days = [_seconds(one) for one in picture.days] if not picture.across else list(picture.days)
    lines = [
        {
            "name": one.name,
            "values": [_finite(value) for value in one.values],
            "colour": one.colour,
            "dashed": one.dashed,
            "filled": one.filled,
            "points": one.points,
        }
        for one in picture.lines
    ]
    told = {
        "kind": picture.kind,
        "days": days,
        "lines": lines,
        "shaded": [[_seconds(first), _seconds(last)] for first, last in picture.shaded],
        "level": picture.level,
        "across": picture.across,
    }
    return json.dumps(told, separators=(",", ":"), allow_nan=False)


def spot(group: BarList, bar: Bar) -> tuple[float, float]:
    """Where a bar begins and how long it is, in % of its line: all of a `group` on one scale, with zero where the signs ask for it."""
    values = [one.value for one in group.bars if math.isfinite(one.value)]
    low, high = min([0.0, *values]), max([0.0, *values])
    scale = 100 / (high - low) if high > low else 0.0
    value = bar.value if math.isfinite(bar.value) else 0.0
    return round((min(0.0, value) - low) * scale, 2), round(abs(value) * scale, 2)


def _seconds(day: Any) -> int:
    return int(np.datetime64(str(day), "s").astype(np.int64))


def _finite(value: float | None) -> float | None:
    """Six digits, which is more than a picture shows."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


@cache
def assets() -> Mapping[str, tuple[bytes, str]]:
    """The files that pages ask for, by name: content and type. The colours are those of the reports."""
    found: dict[str, tuple[bytes, str]] = {}
    root = files("springback.web") / "static"
    for folder, before in ((root, ""), (root / "vendor", "vendor/")):
        for one in folder.iterdir():
            kind = KINDS.get(f".{one.name.rpartition('.')[2]}")
            if kind is not None:
                found[f"{before}{one.name}"] = one.read_bytes(), kind
    found["colours.css"] = _colours().encode(), KINDS[".css"]
    return found


def asset(name: str) -> str:
    """The address of a file, which changes with its content."""
    return f"/static/{name}?{hashlib.sha256(assets()[name][0]).hexdigest()[:12]}"


def _colours() -> str:
    light = " ".join(f"--{name}: {colour};" for name, colour in NAMED.items())
    dark = " ".join(f"--{name}: {palette.DARK.get(colour, colour)};" for name, colour in NAMED.items())
    return f":root {{ color-scheme: light dark; {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
