"""Where an order fills, and what it costs: LEAN's daily fills, with the profile's slippage on top."""

import numpy as np

from springback.compiled import compiled
from springback.market.costs import Charges, slippage_rate


@compiled
def stop_trigger(quantity: int, level: float, open_: float, high: float, low: float) -> float:
    """Price at which a resting stop of `quantity` shares fills in a bar; NaN when it does not.

    A sell stop fills at its level once the low reaches it, at the open where the open is already beyond it; a buy stop mirrored.
    (LEAN: EquityFillModel.cs, StopMarketFill.)
    """
    if np.isnan(open_):
        return np.nan
    if quantity < 0:
        if low > level:
            return np.nan
        return open_ if open_ <= level else level
    if high < level:
        return np.nan
    return open_ if open_ >= level else level


@compiled
def paid_price(charges: Charges, quantity: int, price: float, mean_volume: float, mean_dollars: float, at_open: bool) -> float:
    """`price` moved against the order by spread and impact; untouched in the profile `lean`."""
    rate = slippage_rate(charges, quantity, mean_volume, mean_dollars, at_open)
    if rate == 0.0:
        return price
    return price * (1.0 + rate) if quantity > 0 else price * (1.0 - rate)


@compiled
def delisting_price(charges: Charges, quantity: int, last_close: float, bankrupt: bool, known_end: bool, payout: float) -> float:
    """What a share held through its delisting pays: what is known to have been paid (`payout`, a return on the last close; NaN unknown),
    else the last close, or less where `Costs` says so (Shumway 1997).
    """
    if charges.financed and not np.isnan(payout):
        return last_close * (1.0 + payout)
    if bankrupt:
        return last_close * (1.0 + charges.bankruptcy_return)
    if known_end and quantity > 0 and last_close < charges.penny_price:
        return last_close * (1.0 + charges.delisting_return)
    return last_close
