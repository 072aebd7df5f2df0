"""The one way into a store: what is new is laid over what is there, or takes its place, and what it says of the past is compared."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from springback.data.store.continuation import continued, joined
from springback.data.store.restatement import EVERY, NOTHING, Restatement
from springback.data.store.store import Store
from springback.errors import Restated
from springback.market.market_data import MarketData


def update_store(
    market_data: MarketData,
    store: Path,
    now: datetime | None = None,
    accept_restatement: bool = False,
    symbols: Collection[str] | None = None,
    members: Path | None = None,
    joins: bool = False,
) -> dict[str, Any]:
    """Writes `market_data` into the Parquet store and returns its manifest, with what was restated of the past under `restated`.

    Market data that begins after the store does is laid over it (`continued` says what `symbols` and `members` are), as is one that
    `joins`: of names the store does not have, with all their past. Another is what the store holds from now on. A drawn market gives way to
    any market data, and takes the place of none that was recorded. Raises `Restated` when the past changed and that was not accepted,
    `InputError` where a session between the two would be missing.
    """
    place = Store(store)
    old = place.describe() if place.exists() else None
    restated = NOTHING
    if old is None:
        restated = place.write(market_data, now, accept_restatement)
    elif place.origin.demo:
        place.replace(market_data, now, over=int(old["generation"]))
    elif market_data.origin.demo:
        raise Restated(f"{store} holds recorded prices ({place.origin}), the demo market would take their place: give another --store")
    elif joins:
        restated = place.update(joined(market_data, np.datetime64(old["last_session"], "D")), now, accept_restatement)
    elif market_data.bars.sessions[0] > np.datetime64(old["first_session"]):
        last = np.datetime64(old["last_session"], "D")
        restated = place.update(continued(market_data, place.securities(), last, symbols, members), now, accept_restatement)
    else:
        restated = place.write(market_data, now, accept_restatement)
    return place.describe() | {"restated": str(restated) if restated else ""}


def lay_over(
    market_data: MarketData, store: Path, symbols: Collection[str] | None = None, members: Path | None = None, joins: bool = False
) -> Restatement:
    """Lays `market_data` over the store, where none of real prices lies writes it, and returns every change of the past, all of them taken;
    the other arguments are those of `update_store`.

    Raises `InputError` where a session between the two would be missing, `StoreError`.
    """
    place = Store(store)
    if not place.exists() or place.origin.demo:
        update_store(market_data, store, None, True)
        return NOTHING
    last = np.datetime64(place.describe()["last_session"], "D")
    made = joined(market_data, last) if joins else continued(market_data, place.securities(), last, symbols, members)
    return place.update(made, None, True, EVERY)
