"""Which names may be ranked on which session."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.errors import SettingsError
from springback.market.bars import Panel
from springback.market.liquidity import mean_dollar_volume
from springback.market.market_data import MarketData
from springback.market.quarantine import barred


@dataclass(frozen=True)
class Universe:
    """The universe (table `universe`): names that are tradable, by what was known on the session.

    `members` "index" takes the index's members of that session, or the liquidity proxy when the market data knows none; "liquidity" always
    takes the proxy: the `proxy_size` names with the largest mean dollar volume over `window` sessions. Of these a name stays whose raw
    close is above `min_price` dollars and whose mean dollar volume is above `min_dollar_volume`."""

    members: Literal["index", "liquidity"] = "index"
    min_price: float = 1.0
    min_dollar_volume: float = 1_000_000.0
    window: int = 63
    proxy_size: int = 3000

    def __post_init__(self) -> None:
        for name, least in (("min_price", 0), ("min_dollar_volume", 0), ("window", 1), ("proxy_size", 1)):
            if not getattr(self, name) >= least:
                raise SettingsError(f"universe.{name} must be at least {least}, was {getattr(self, name)}", limit=least)


def eligible(market_data: MarketData, universe: Universe) -> NDArray[np.bool_]:
    """True where a name is in the universe at the close of a session, (T, N).

    It has a bar that session, not a mark; each row depends on the rows up to it and on the membership of that session alone. Rows in
    quarantine, and those whose order would fill in it, are out.
    """
    chosen = tradable(
        market_data.bars.printed("close"), mean_dollar_volume(market_data.bars, universe.window), market_data.members, universe
    )
    return chosen & ~barred(market_data.bars, market_data.quarantine) if market_data.quarantine else chosen


class Tests(NamedTuple):
    """What a name must pass on a session, each (T, N): it is a `member`, `priced` and `liquid` above the floors."""

    member: NDArray[np.bool_]
    priced: NDArray[np.bool_]
    liquid: NDArray[np.bool_]


def tradable(close: Panel, dollars: Panel, members: NDArray[np.bool_] | None, universe: Universe) -> NDArray[np.bool_]:
    """The same for sessions as they come: raw `close` and mean dollar volume `dollars` (T, N), `members` (T, N) or None: unknown."""
    tests = tests_of(close, dollars, members, universe)
    return np.asarray(tests.member & tests.priced & tests.liquid)


def tests_of(close: Panel, dollars: Panel, members: NDArray[np.bool_] | None, universe: Universe) -> Tests:
    """The tests of `tradable` one by one, of the same panels (T, N); what is NaN passes none."""
    known = members if universe.members == "index" else None
    member = known if known is not None else _largest(np.where(np.isnan(close), np.nan, dollars), universe.proxy_size)
    return Tests(member, close > universe.min_price, dollars > universe.min_dollar_volume)


def _largest(dollars: Panel, size: int) -> NDArray[np.bool_]:
    """The `size` largest of each row, ties in alphabetical order; NaN is never among them."""
    ranked = ~np.isnan(dollars)
    for row in np.flatnonzero(ranked.sum(axis=1) > size):
        order = np.argsort(-np.where(ranked[row], dollars[row], -1.0), kind="stable")
        ranked[row, order[size:]] = False
    return np.asarray(ranked)
