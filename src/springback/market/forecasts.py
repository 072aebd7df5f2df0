"""What the models said about each name in each session."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from springback.market.bars import Panel

LIMITS: Mapping[str, tuple[float, float]] = {"qpi": (0.0, 100.0), "p_long": (0.0, 1.0), "p_short": (0.0, 1.0), "adv_63": (0.0, inf)}
"""The columns of a file of forecasts, and between what each of them lies; all are finite."""


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Four (T, N) panels aligned to a `Bars`: `qpi` 0..100, `p_long` and `p_short` 0..1, `adv` mean volume of 63 sessions in raw shares.

    NaN rule: a name outside the universe, or with a missing feature, is NaN in all four: it is not ranked that session.
    """

    qpi: Panel
    p_long: Panel
    p_short: Panel
    adv: Panel
