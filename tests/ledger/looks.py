"""Looks to write down, and a process that writes many of them."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from springback.ledger.book import Ledger
from springback.ledger.entry import NewEntry

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)


def look(seed: int = 1, **changes: object) -> NewEntry:
    """One backtest of 200 sessions; `changes` replace fields."""
    excess = np.random.default_rng(seed).normal(0, 0.01, 200)
    fields: dict[str, object] = {
        "kind": "backtest",
        "market": "recorded",
        "data_hash": "d" * 64,
        "profile": "realistic",
        "settings": {"strategy.slots": seed, "strategy.stop_loss": 0.05},
        "days": np.busday_offset("2020-01-01", np.arange(200), roll="forward"),
        "excess": excess,
        "sharpe": float(np.sqrt(252) * excess.mean() / excess.std(ddof=1)),
        "command": "springback backtest",
    }
    return NewEntry(**(fields | changes))  # type: ignore[arg-type]


def filled(file: Path, *seeds: int) -> Ledger:
    """A ledger with a look for each of `seeds`, an hour between them."""
    ledger = Ledger(file)
    for k, seed in enumerate(seeds):
        ledger.record(look(seed), "1.0", NOON + timedelta(hours=k))
    return ledger


if __name__ == "__main__":
    ledger = Ledger(Path(sys.argv[1]))
    for seed in range(int(sys.argv[2]), int(sys.argv[3])):
        ledger.record(look(seed), "1.0")
        print(seed, flush=True)
