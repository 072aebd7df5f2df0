"""The trials of a ledger as rows, how many saw the same period, and what luck makes of so many."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from springback.ledger import entry as look
from springback.ledger.book import Ledger
from springback.ledger.entry import Trial
from springback.market import recorded
from springback.settings import flat
from springback.statistics.significance import SESSIONS
from springback.workflow import record
from springback.workflow.settings import Settings


@dataclass(frozen=True)
class Trials:
    """A ledger's file, how many looks it holds, what is wrong with it in words, its trials, a row each, and where the newest of each market
    stands among those that saw its period.
    """

    file: Path
    looks: int
    fault: str
    rows: tuple[dict[str, Any], ...]
    standings: tuple[dict[str, Any], ...]


def trials_of(store: Path | None = None) -> Trials:
    """The trials of the ledger beside `store`. Raises `LedgerError`."""
    book = Ledger(record.place(store))
    entries = book.entries()
    known = look.trials(entries)
    rows = tuple(_row(book, one) for one in known)
    return Trials(book.file, len(entries), book.fault(), rows, tuple(_standings(book, known)))


def _row(book: Ledger, one: Trial) -> dict[str, Any]:
    entry = one.entry
    knobs = recorded.named(json.loads(book.settings(entry.settings)))
    usual = json.loads(json.dumps(flat(Settings()), default=str))
    other = {name: value for name, value in knobs.items() if name not in usual or usual[name] != value}
    named = ("row", "at", "kind", "command", "models", "market", "data_hash", "profile", "first", "last", "sessions", "sharpe")
    return {**{name: getattr(entry, name) for name in named}, "seen": one.looks, "newest": one.newest, "settings": other}


def _standings(book: Ledger, trials: tuple[Trial, ...]) -> list[dict[str, Any]]:
    """For the newest backtest of each market: how many trials saw its period, and what the best of them would show without skill."""
    newest = {one.entry.market: one for one in sorted(trials, key=lambda one: one.newest) if one.entry.kind in record.ACCOUNTS}
    told = []
    for market, one in newest.items():
        held = book.records(frozenset([one.entry.returns])).get(one.entry.returns)
        if held is None:
            continue
        found = record.search_of(book, market, held[0])
        luck = found.luck(float(np.sqrt(SESSIONS / one.entry.sessions)))
        place = {"market": market, "first": one.entry.first, "last": one.entry.last}
        told.append({**place, "trials": found.trials, "independent": round(found.independent, 1), "best_by_luck": luck})
    return told
