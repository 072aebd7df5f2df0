"""The few colours of page and picture, each with one meaning; on dark paper each has a lighter or darker twin."""

from collections.abc import Mapping

INK = "#1c2430"
MUTED = "#626c79"
RULE = "#e3e1da"
PAPER = "#fbfaf7"
CARD = "#ffffff"
NET = "#1d4e74"
SECOND = "#85a9c5"
BENCHMARK = "#a39c8f"
LONG = "#2a7463"
SHORT = "#b9593b"
BEAR = "#f3e7d3"
GOOD = LONG
BAD = "#b0413a"
PASSED = "#e9f4f0"
FAILED = "#f8e9e6"
WARNED = "#f6ecd2"
CAUTION = "#7a5b10"
OTHER = ("#7a5195", "#c08a2d", "#5c8a3a")
"""Lines that mean nothing but another case."""

DARK: Mapping[str, str] = {
    INK: "#e6e4de",
    MUTED: "#9fa9b5",
    RULE: "#343b45",
    PAPER: "#161a20",
    CARD: "#22272f",
    NET: "#8fc1ea",
    SECOND: "#4f86b0",
    BENCHMARK: "#8d877b",
    LONG: "#6fbfa9",
    SHORT: "#dd8263",
    BEAR: "#33291c",
    BAD: "#ec958b",
    PASSED: "#1d3a33",
    FAILED: "#3a2422",
    WARNED: "#3a311a",
    CAUTION: "#dcb964",
    **dict(zip(OTHER, ("#b892d4", "#d9a94f", "#93c06d"), strict=True)),
}
"""Each colour of the page and its twin on dark paper."""

NAMED: Mapping[str, str] = {
    "ink": INK, "muted": MUTED, "rule": RULE, "paper": PAPER, "card": CARD, "net": NET, "good": GOOD, "bad": BAD,
    "passed": PASSED, "failed": FAILED, "warned": WARNED, "caution": CAUTION,
}  # fmt: skip
"""The names under which the style sheet knows them."""


def wash(colour: str, strength: float) -> str:
    """`colour` through which the paper shows: 0 nothing of it, 1 all."""
    return f"{colour}{round(255 * strength):02x}"
