"""What brings the data of an evening: a vendor asked up to its newest settled session; what fails is a value and stops nothing else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np

from springback.data.sources.gather import UNANSWERED
from springback.data.store.restatement import Change
from springback.data.store.store import Store
from springback.errors import MissingData, SourceError
from springback.market.bars import Dates
from springback.market.market_data import MarketData
from springback.quality import entry
from springback.workflow import places
from springback.workflow.fetch import WEEK, Plan, Tape, ask, plan
from springback.workflow.inputs import Inputs, Loaded
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings
from springback.workflow.sources import open_store
from springback.workflow.universe import with_holdings

GONE, RENAMED = "gone", "renamed"
"""Why a name failed, beside those of `data.sources.gather`: the vendor does not know it now; its company has another ticker now."""
WINDOW = 90
"""Sessions that an evening reads: the longest look back is the universe's 63."""


@dataclass(frozen=True, eq=False)
class Fetched:
    """What an evening's asking brought.

    `loaded` is the last WINDOW sessions of the store as it is then, with the hash of the whole; `session` its newest, `target` the newest
    that was settled and asked for, `new` those that it did not hold before. `failed` says of each name why nothing is known of it now
    (unreadable, unanswered, gone, renamed), `failed_share` how many these are of the names asked for. `stale` are names that trade, did
    not fail and have no bar on `target`. `restated` is every change of the past, `restated_share` how many of the closes of the week
    before are others now.
    """

    loaded: Loaded
    session: date
    target: date
    new: tuple[date, ...]
    failed: Mapping[str, str]
    failed_share: float
    stale: tuple[str, ...]
    restated: tuple[Change, ...]
    restated_share: float
    requests: int
    notes: tuple[str, ...]


def catch_up(
    settings: Settings, inputs: Inputs, source: str, now: datetime, names: Collection[str] = (), progress: Progress = SILENT
) -> Fetched:
    """The store of `inputs` brought up to the newest session that is settled for the vendor `source` at `now`, an aware instant; its
    membership by the members or holdings that `inputs` name.

    Restatements are taken. `names` (those held) keep their columns in the window. Raises `SourceError`, `InputError` where the vendor is
    down or refuses, `MissingData` where it has no bar at all, `StoreError`.
    """
    asked = plan(settings, with_holdings(inputs), source, now, evening=True)
    store = Store(asked.store)
    held = _sessions(store)
    trading = _trading(store)
    places.writable(asked.store)
    tape = ask(asked, asked.staying, asked.first, asked.last, progress) if asked.staying else None
    changes = entry.fetch_over(tape.market_data, asked.store, tape.heard, asked.members).examples if tape else ()
    joined, late = _joined(asked, progress)
    tapes = [one for one in (tape, joined) if one is not None]
    failed = {name: why for one in tapes for name, why in one.failed.items()} | late
    failed |= {name: GONE for name in (tape.unknown if tape else ()) if name in trading}
    failed |= dict.fromkeys((*asked.renamed, *asked.renamed.values()), RENAMED)
    after = _sessions(store)
    return Fetched(
        loaded=window(asked.store, names=names),
        session=after[-1].item(),
        target=asked.last,
        new=tuple(np.setdiff1d(after, held).tolist()),
        failed=failed,
        failed_share=len(failed) / max(1, asked.names + len(asked.renamed)),
        stale=_stale(store, asked.last, failed),
        restated=changes,
        restated_share=_share(changes, tape.market_data, held) if tape and len(held) else 0.0,
        requests=sum(one.requests for one in tapes),
        notes=(*asked.notes, *(note for one in tapes for note in one.notes)),
    )


def window(store: Path, end: str | None = None, sessions: int = WINDOW, names: Collection[str] = (), as_of: str | None = None) -> Loaded:
    """The last `sessions` sessions of a store up to `end`, under its quarantine, and the hash of the whole; of `names` also those without a
    bar in them. Raises `MissingData`, `StoreError`.
    """
    days = _sessions(Store(store))
    days = days if end is None else days[days <= np.datetime64(end, "D")]
    if len(days) == 0:
        raise MissingData(f"{store} has no session{f' up to {end}' if end else ''}: run 'springback fetch' first", session=end)
    market_data, digest = open_store(store, as_of, str(days[-sessions:][0]), str(days[-1]), names)
    return Loaded(market_data, digest, f"read from {store}", store=store)


def _joined(order: Plan, progress: Progress) -> tuple[Tape | None, dict[str, str]]:
    """Stores the names that join with all their past; what was told of them (None: nothing that can be stored), and why they failed where
    the vendor stopped answering.
    """
    if not order.joining or order.joining_from is None:
        return None, {}
    try:
        tape = ask(order, order.joining, order.joining_from, _sessions(Store(order.store))[-1].item(), progress)
    except MissingData:
        return None, {}
    except SourceError:
        return None, dict.fromkeys(order.joining, UNANSWERED)
    entry.fetch_over(tape.market_data, order.store, joins=True)
    return tape, {}


def _sessions(store: Store) -> Dates:
    """The stored sessions; none without a store."""
    return store.series()["date"].to_numpy().astype("datetime64[D]") if store.exists() else np.empty(0, "datetime64[D]")


def _trading(store: Store) -> frozenset[str]:
    """The stored names that trade; none without a store."""
    if not store.exists():
        return frozenset()
    names = store.securities()
    return frozenset(names["symbol"][names["ending"] == "trading"])


def _stale(store: Store, session: date, failures: Collection[str]) -> tuple[str, ...]:
    """The names that trade and have no bar on `session`, without the `failures`."""
    names = store.securities()
    silent = names["symbol"][
        (names["ending"] == "trading") & (names["last"].to_numpy().astype("datetime64[D]") < np.datetime64(session, "D"))
    ]
    return tuple(name for name in silent if name not in failures)


def _share(changes: Sequence[Change], market_data: MarketData, before: Dates) -> float:
    """How many of the closes told of the last WEEK of the sessions `before` are others than they were, or gone."""
    week = before[-WEEK:]
    days = set(week.astype(str).tolist())
    closes = {"bar": "close", "bar gone": "close"}
    changed = [one for one in changes if closes.get(one.kind) == one.field and one.date in days]
    gone = sum(one.kind == "bar gone" for one in changed)
    told = int((~np.isnan(market_data.bars.close[np.isin(market_data.bars.sessions, week)])).sum())
    return len(changed) / max(1, told + gone)
