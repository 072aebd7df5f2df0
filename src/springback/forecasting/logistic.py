"""The logistic function, to the same last bit on every processor.

numpy's exponential has one code for each kind of processor, and they differ in the last bit. A boosted forest asks for the gradient of
every row in every round, and one bit there turns a split: the same rows then give other trees on another machine. Sums and products alone
are the same everywhere.
"""

from typing import Any

import numpy as np

from springback.compiled import compiled

FARTHEST = 30.0
"""Log-odds beyond this are taken as this: 1e-13 from certainty."""


@compiled
def logistic(log_odds: Any) -> Any:
    """1 / (1 + exp(-x)) of `log_odds`, a number or an array (R,), right to eight digits; NaN stays NaN.

    exp(-x) is the Taylor series of exp(-x / 64), nine terms, squared six times.
    """
    part = np.minimum(np.maximum(log_odds, -FARTHEST), FARTHEST) * -0.015625
    power = 1.0 + part / 9.0
    for k in range(8, 0, -1):
        power = 1.0 + part * power / k
    for _ in range(6):
        power = power * power
    return 1.0 / (1.0 + power)
