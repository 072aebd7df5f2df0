"""The way into a store, with the quarantine around what a source says and its prices contradict."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from springback.data.store.restatement import Restatement
from springback.data.store.store_update import lay_over, update_store
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


def fetch_over(
    market_data: MarketData, store: Path, names: Collection[str] | None = None, members: Path | None = None, joins: bool = False
) -> Restatement:
    """`lay_over`, and the quarantine as `fetch` enters it."""
    told = lay_over(market_data, store, names, members, joins)
    quarantine.enter(store, market_data)
    return told
