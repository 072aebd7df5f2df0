"""The way into a store, with the quarantine around what a source says and its prices contradict."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from springback.data.store.store_update import update_store
from springback.market.market_data import MarketData
from springback.quality import quarantine


def fetch(
    market_data: MarketData,
    store: Path,
    now: datetime | None = None,
    accept_restatement: bool = False,
    names: Collection[str] | None = None,
    members: Path | None = None,
    joins: bool = False,
) -> dict[str, Any]:
    """`update_store`; then the spans around events that were set aside on reading `market_data` go into the file beside the store."""
    told = update_store(market_data, store, now, accept_restatement, names, members, joins)
    quarantine.enter(store, market_data)
    return told
