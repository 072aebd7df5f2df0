"""Writes generation after generation into a store until it is killed: `python store_writer.py FOLDER`, for tests.

Each generation is A or B in turn; one line `ready` when the first can be written.
"""

import sys
from dataclasses import replace

import numpy as np

from springback.data.store.store import Store
from springback.market.actions import Actions
from springback.market.bars import Bars
from springback.market.market_data import MarketData, last_rows
from springback.market.origin import Origin
from springback.market.prose import Prose, prose

NAMES, SESSIONS = 20, 60


def market_data(version: int) -> MarketData:
    """A market over a year's end whose every number says its version, 1 or 2."""
    days = np.datetime64("2023-11-20") + np.arange(SESSIONS)
    close = np.full((SESSIONS, NAMES), float(version))
    bars = Bars(days, tuple(f"N{k:02d}" for k in range(NAMES)), close, close, close, close, close)
    acts = Actions(np.array([5, 9]), np.array([1, 2]), np.array([0, 1]), np.array([version / 4, version / 2]))
    made = MarketData(
        bars, acts, close[:, 0].copy(), last_rows(close), np.zeros(NAMES, np.int8), origin=Origin(words=Prose(f"version {version}"))
    )
    return replace(made, findings=prose((f"finding {version}",)))


def main() -> None:
    """Writes whole versions and, between them, updates of the last three sessions; ends when it is killed."""
    store, versions = Store(sys.argv[1]), (market_data(1), market_data(2))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for one in versions:
            store.write(one, accept_restatement=True)


if __name__ == "__main__":
    main()
