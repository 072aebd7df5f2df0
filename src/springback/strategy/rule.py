"""The trading rule, written once: regime, exits, ranking, sizing. Everything is a number or an array of today's session."""

import numpy as np
from numpy.typing import NDArray

from springback.compiled import compiled

ENTRY, STOP_LOSS, TIME_STOP, RESTING_STOP, DELISTING, BEYOND_YESTERDAY, REGIME, RECALL, SPLIT_OUT, FLATTEN = range(10)
REASONS = ("entry", "stop_loss", "time_stop", "resting_stop", "delisting", "beyond_yesterday", "regime", "recall", "split", "flatten")
STAY = -1


@compiled
def vix_mean(vix: NDArray[np.float64], row: int, window: int) -> float:
    """Mean of the last `window` VIX closes (T,) up to and including `row`; NaN with fewer, or where one is missing."""
    if row + 1 < window:
        return np.nan
    total = 0.0
    for value in vix[row + 1 - window : row + 1]:
        total += value
    return total / window


@compiled
def is_bear(vix: float, mean: float, multiple: float) -> bool:
    """Whether VIX closed above `multiple` times its mean; not bear while the mean is unknown (NaN)."""
    return bool(vix > multiple * mean)


@compiled
def exit_reason(quantity: int, entry_price: float, close: float, age: int, stop_loss: float, intraday: bool, holding: int) -> int:
    """STOP_LOSS, TIME_STOP or STAY for one position that was filled `age` sessions ago. With `intraday` the stop rests at the market
    instead; without a bar today (`close` NaN) only the time stop is judged.
    """
    if not intraday:
        if quantity > 0 and close < (1.0 - stop_loss) * entry_price:
            return STOP_LOSS
        if quantity < 0 and close > (1.0 + stop_loss) * entry_price:
            return STOP_LOSS
    return TIME_STOP if age >= holding else STAY


@compiled
def beyond_yesterday(quantity: int, close: float, high: float, low: float) -> bool:
    """Whether a long closed above yesterday's `high`, or a short below yesterday's `low`; not so where one is missing (NaN)."""
    return bool(close > high) if quantity > 0 else bool(close < low)


@compiled
def stop_level(quantity: int, fill_price: float, stop_loss: float) -> float:
    """Price of the resting stop of a position: the fill less/plus `stop_loss`, to the cent (1/10,000 under $1)."""
    level = fill_price * (1.0 - stop_loss) if quantity > 0 else fill_price * (1.0 + stop_loss)
    return round_price(level)


@compiled
def round_price(price: float) -> float:
    """`price` on the exchange's grid, cents or 1/10,000 dollar under $1, as Python's `round` gives it, which is what LEAN's host calls.

    `price * ticks` is off by a rounding error that decides halves the wrong way, so the error is worked out exactly (Dekker 1971).
    """
    ticks = 10_000.0 if price < 1.0 else 100.0
    product = price * ticks
    whole = np.floor(product)
    above_half = (product - (whole + 0.5)) + _product_error(price, ticks, product)
    if above_half > 0 or (above_half == 0 and whole % 2 == 1):
        whole += 1.0
    return float(whole / ticks)


@compiled
def _product_error(a: float, b: float, product: float) -> float:
    """Exactly `a * b - product` (Dekker's product of two doubles split at 27 bits)."""
    split_a, split_b = 134217729.0 * a, 134217729.0 * b
    high_a = split_a - (split_a - a)
    high_b = split_b - (split_b - b)
    low_a, low_b = a - high_a, b - high_b
    return ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b


@compiled
def rank(names: NDArray[np.int64], probability: NDArray[np.float64], extremeness: NDArray[np.float64]) -> NDArray[np.int64]:
    """`names` (ascending) by probability, highest first; then extremeness, highest first; then name. All (K,)."""
    by_extremeness = np.argsort(-extremeness, kind="mergesort")
    by_probability = np.argsort(-probability[by_extremeness], kind="mergesort")
    ranked: NDArray[np.int64] = names[by_extremeness[by_probability]]
    return ranked


@compiled
def shares(equity: float, gross: float, slots: int, close: float, mean_volume: float, max_adv_fraction: float) -> int:
    """Whole shares of one entry: an equal part of the side's gross, capped by a fraction of the mean volume."""
    wanted = np.floor(equity * gross / slots / close)
    cap = np.floor(max_adv_fraction * mean_volume)
    return int(max(0.0, min(wanted, cap)))
