"""Nobody sees a figure that is not counted: what was run goes into the trial ledger, and what it says of the search comes out.

The ledger lies beside the store, in the folder that holds it: `ledger.sqlite`; where no store is named, in the working folder. Every
public name and verb that returns a performance figure writes its row before it returns: there is no switch. The same run again (settings,
data, period and returns the same) is the same trial, seen once more. The second cost profile, the cost sweep and the runs without an
overlay that stand in a report are shown beside its headline, not chosen among, and are no trials of their own; nor are the scenarios of a
stress test, whose base run is one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback.errors import Unwritable
from springback.ledger import entry
from springback.ledger.book import Ledger
from springback.ledger.entry import Days, Numbers, Trial
from springback.market.market_data import MarketData
from springback.statistics import overfitting
from springback.statistics.overfitting import Search
from springback.workflow.ledger_place import ADDRESS, place

__all__ = ["place"]
RECORDED = "recorded"  # all recorded markets are one past: another vendor or a longer file starts no new count
ACCOUNTS = ("backtest", "optimise")  # kinds whose record is an account's returns, so that they can be set beside one another


@dataclass(frozen=True)
class Standing:
    """What the ledger says of one run: the search it belongs to, and what is wrong with the ledger, in words."""

    search: Search
    fault: str


def ready(store: Path | None = None) -> None:
    """Nothing, if a row can be written: asked before the work. Raises `Unwritable`, `LedgerError`."""
    if store is not None and not ADDRESS.match(str(store)) and store.parent.is_file():
        raise Unwritable(f"{store} cannot be written ({store.parent} is a file): choose another place")
    Ledger(place(store)).ready()


def market_of(market_data: MarketData, data_hash: str) -> str:
    """Which past it is: each demo market is its own, all recorded ones are one."""
    return f"demo {data_hash}" if market_data.origin.demo else RECORDED


def standing(market_data: MarketData, data_hash: str, days: Days, store: Path | None = None) -> Standing:
    """Where a run over the sessions `days` stands, once it has been written down."""
    ledger = Ledger(place(store))
    return Standing(search_of(ledger, market_of(market_data, data_hash), days), ledger.fault())


def search_of(ledger: Ledger, market: str, days: Days) -> Search:
    """The trials on `market` that share a session with `days`, and how alike they are."""
    counted = tries(entry.overlapping(entry.trials(ledger.entries()), market, str(days[0])[:10], str(days[-1])[:10]))
    returns_, own = _accounts(ledger, counted, days)
    return overfitting.search(len(counted), returns_, own)


def tries(trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """Those that count: every backtest, and every validation of settings that no backtest among them has."""
    backtested = {one.entry.settings for one in trials if one.entry.kind in ACCOUNTS}
    validated: dict[str, Trial] = {}
    for one in trials:
        if one.entry.kind not in ACCOUNTS and one.entry.settings not in backtested:
            validated.setdefault(one.entry.settings, one)
    return tuple(one for one in trials if one.entry.kind in ACCOUNTS or validated.get(one.entry.settings) is one)


def _accounts(ledger: Ledger, counted: tuple[Trial, ...], days: Days) -> tuple[Numbers, NDArray[np.bool_]]:
    """Excess returns (P, U) of the accounts among `counted` on all sessions that any of them or `days` has, NaN where it has none; and
    which of the sessions `days` holds. An account that never traded, or was lost, has no Sharpe ratio in the ledger and is not among them.
    """
    wanted = [one.entry.returns for one in counted if one.entry.kind in ACCOUNTS and one.entry.sharpe is not None]
    held = ledger.records(frozenset(wanted))
    known = [held[hash_] for hash_ in wanted if hash_ in held]
    union = np.unique(np.concatenate([days.astype("datetime64[D]"), *(own for own, _ in known)]))
    rows = np.full((len(known), len(union)), np.nan)
    for row, (own, excess) in zip(rows, known, strict=True):
        row[np.searchsorted(union, own)] = excess
    return rows, np.isin(union, days)
