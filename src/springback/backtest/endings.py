"""When a run takes a name for ended: on its last session, as hindsight knows it, or once it has been silent, as a live desk learns it."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.market.market_data import DELISTED, TRADING, MarketData

SILENT = 5
"""Sessions without a row after which a name counts as ended, as the store counts them."""
Endings = Literal["known", "learned"]


class Ends(NamedTuple):
    """`name` (E,) is taken for ended after the close of `row` (E,), ascending by row; `ending` (N,) says how, as `MarketData` does."""

    row: NDArray[np.int64]
    name: NDArray[np.int64]
    ending: NDArray[np.int8]


def ends_of(market_data: MarketData, endings: Endings) -> Ends:
    """When names (N,) end in the sessions (T,) of `market_data`. "known": each after its last row, as the data turned out. "learned": a
    name each time it has had no row for `SILENT` sessions, whatever comes later; it may trade again.
    """
    if endings == "known":
        return Ends(np.sort(market_data.last), np.argsort(market_data.last, kind="stable"), market_data.ending)
    row, name = np.nonzero(_silent(market_data) == SILENT)
    return Ends(row, name, np.where(market_data.ending == TRADING, DELISTED, market_data.ending).astype(np.int8))


def _silent(market_data: MarketData) -> NDArray[np.int64]:
    """Sessions since the newest row of each name, (T, N); 0 where it has one today or had none yet."""
    rows = np.arange(market_data.bars.shape[0])[:, None]
    seen = np.maximum.accumulate(np.where(np.isnan(market_data.bars.close), -1, rows), axis=0)
    return np.where(seen < 0, 0, rows - seen)
