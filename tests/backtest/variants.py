"""The named variants of the rule, each alone and all at once: what the laws are held for beside the default."""

from dataclasses import replace

from springback.strategy.knobs import Regime, Strategy

VARIANTS: dict[str, tuple[dict[str, object], Regime]] = {
    "none": ({}, Regime()),
    "intraday": ({"stop_mode": "intraday"}, Regime()),
    "no_stop": ({"stop_mode": "none"}, Regime()),
    "exit_rule": ({"exit_rule": "above_yesterday_high"}, Regime()),
    "exit_intraday": ({"exit_rule": "above_yesterday_high", "stop_mode": "intraday", "cool_down": 3}, Regime()),
    "trend": ({"trend": "sma200"}, Regime()),
    "cool_down": ({"cool_down": 4}, Regime()),
    "waiting": ({"entry_life": 0}, Regime()),
    "two_openings": ({"entry_life": 2}, Regime()),
    "book": ({}, Regime(scope="book")),
    "all": ({"exit_rule": "above_yesterday_high", "trend": "sma200", "cool_down": 2, "stop_mode": "none"}, Regime(scope="book")),
}


def turned(strategy: Strategy, variant: str) -> tuple[Strategy, Regime]:
    """`strategy` and the regime under a variant."""
    knobs, regime = VARIANTS[variant]
    return replace(strategy, **knobs), regime  # type: ignore[arg-type]


def sessions_of(variant: str) -> int:
    """Long enough for the variant to have something to look at."""
    return 260 if VARIANTS[variant][0].get("trend") else 90
