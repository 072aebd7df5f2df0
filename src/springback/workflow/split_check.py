"""In the morning: the splits that take effect at the open, asked of whoever told the prices."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np

from springback import project
from springback.data.hours import NEW_YORK
from springback.data.sources import Source
from springback.data.sources.keys import read_keys
from springback.data.store.store import Store
from springback.errors import SpringbackError
from springback.market.actions import SPLIT
from springback.market.prose import Prose
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.morning import SplitCheck
from springback.workflow.settings import Settings
from springback.workflow.sources import NEED_KEYS, source_of

AHEAD = {"alpaca": True, "tiingo": False, "yahoo": False}
"""Who is asked in the morning, and whether it tells a split before its session has traded: a list of corporate actions does, the others
tell it with the session's bars."""


def split_check(decision: FrozenDecision, settings: Settings, store: Path, now: datetime, vendor: Source | None = None) -> SplitCheck:
    """The splits of the ordered names at the open that `decision` was taken for, as they are known at the instant `now`.

    Before the open the vendor of the store's prices is asked, or `vendor`; afterwards the store, where it holds the session. One that
    cannot be asked is a fault and no error: the orders are shown all the same.
    """
    opens = datetime.fromisoformat(decision.next_open)
    day, symbols = opens.astimezone(NEW_YORK).date(), sorted(set(decision.orders()["symbol"]))
    place = Store(store)
    try:
        if not place.exists():
            return SplitCheck(str(day), fault=Prose(f"{store} holds no store, so nobody was asked for splits"))
        if now >= opens:
            return _stored(place, day, symbols)
        name = vendor.name if vendor else place.origin.source
        asked = vendor or (_vendor(name, settings) if name in AHEAD else None)
        found = {} if asked is None or not symbols else splits_told(asked, symbols, date.fromisoformat(decision.session), day)
        return SplitCheck(str(day), name, AHEAD.get(name, False), found)
    except SpringbackError as error:
        return SplitCheck(str(day), place.origin.source if place.exists() else "", fault=Prose(str(error)))


def splits_told(source: Source, symbols: Sequence[str], session: date, day: date) -> dict[str, float]:
    """Old shares per new one of every split of `symbols` that takes effect after `session` and up to `day`, as `source` tells them.

    Raises `SourceError`, `InputError`.
    """
    factors: dict[str, float] = {}
    for first in range(0, len(symbols), source.batch):
        for one in source.histories(symbols[first : first + source.batch], session, day):
            for event in one.events:
                if event.kind == "split" and np.datetime64(session) < event.day <= np.datetime64(day):
                    factors[one.symbol] = factors.get(one.symbol, 1.0) * event.value
    return factors


def _vendor(name: str, settings: Settings) -> Source:
    keys = read_keys(project.named("keys")) if name in NEED_KEYS else None
    return source_of(name, settings, keys)


def _stored(store: Store, day: date, symbols: Sequence[str]) -> SplitCheck:
    """What the store knows of a session that has opened."""
    if str(store.describe()["last_session"]) < str(day):
        return SplitCheck(str(day), fault=Prose(f"the open has passed and the store does not hold {day}: run 'springback daily'"))
    known = store.read(str(day), str(day))
    actions, names = known.actions, known.bars.symbols
    splits = np.flatnonzero(actions.kind == SPLIT)
    found = {names[actions.name[k]]: float(actions.value[k]) for k in splits if names[actions.name[k]] in symbols}
    return SplitCheck(str(day), "store", True, found)
