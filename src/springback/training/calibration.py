"""Calibration: two numbers that put a score on the scale of what came true, learned on rows its classifier never saw."""

import numpy as np
from numpy.typing import NDArray

from springback.forecasting.logistic import logistic

STEPS, ENOUGH = 50, 1e-10
DIGITS = 6
"""Of slope and intercept: what the linear algebra of two processors has in common, and far more than the rows can tell."""


def platt(log_odds: NDArray[np.float64], came_true: NDArray[np.bool_]) -> tuple[float, float]:
    """(slope, intercept) of the likeliest sigmoid of `log_odds` (R,), by Newton's method (Platt 1999; Lin, Lin and Weng 2007).

    A boosted forest pushes its scores away from one half along a sigmoid (Niculescu-Mizil and Caruana 2005), so two numbers suffice, and
    two cannot follow the noise of the tails, as the steps of isotonic regression do where nothing is to be found. The slope is at least
    0: calibration makes scores modest, it does not turn a ranking round; with 0 every row is given the share that came true.
    """
    true = float(came_true.sum())
    false = len(came_true) - true
    target = np.where(came_true, (true + 1.0) / (true + 2.0), 1.0 / (false + 2.0))
    share = float(target.mean())
    slope, intercept = 0.0, float(np.log(share / (1.0 - share)))
    flat = 0.0, round(intercept, DIGITS)
    for _ in range(STEPS):
        said = logistic(slope * log_odds + intercept)
        weight = said * (1.0 - said)
        pull = target - said
        gradient = np.array([pull @ log_odds, pull.sum()])
        curve = np.array([[weight @ log_odds**2, weight @ log_odds], [weight @ log_odds, weight.sum()]])
        step = np.linalg.lstsq(curve, gradient, rcond=None)[0]
        slope, intercept = slope + float(step[0]), intercept + float(step[1])
        if float(np.abs(step).max()) < ENOUGH:
            break
    return (round(slope, DIGITS), round(intercept, DIGITS)) if slope > 0 else flat
