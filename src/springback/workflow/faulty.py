"""A past market told evening by evening by a vendor that errs: names that are late, a late VIX, closes that are restated, evenings without
data or missed, and a process that is killed at any moment. All of it is drawn from a seed.
"""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from springback.data.store.store import Store
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData, last_rows
from springback.market.origin import Origin
from springback.market.prose import Prose
from springback.quality import entry
from springback.workflow.fetch import WEEK

SHARE = 0.06
"""How often each fault falls upon a session."""
KILLS = 0.25
MOST = 3
"""Sessions that a VIX is late at most."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong on one evening: the columns of names that are not told of, or told wrongly; by how many sessions the VIX is late;
    whether the data come after the deadline, or nobody calls until the next evening; and how often the process is killed.
    """

    missing: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()
    vix: int = 0
    late: bool = False
    missed: bool = False
    kills: int = 0


def drawn(seed: int, row: int, names: int) -> Fault:
    """The fault of session `row`, always the same, among `names` columns."""
    random = np.random.default_rng([seed, row])
    hits = random.random(5) < SHARE
    few = random.permutation(names)[: 1 + int(random.integers(0, 3))]
    return Fault(
        missing=tuple(few.tolist()) if hits[0] else (),
        wrong=tuple(few.tolist()) if hits[1] else (),
        vix=int(random.integers(1, MOST + 1)) if hits[2] else 0,
        late=bool(hits[3]),
        missed=bool(hits[4]) and not hits[3],
        kills=int(random.random() < KILLS),
    )


@dataclass(frozen=True, eq=False)
class ErringVendor:
    """Tells `market_data` (T, N) to `store` session by session, as the `seed` has it."""

    market_data: MarketData
    store: Path
    seed: int

    def begin(self, row: int) -> None:
        """The store with everything before session `row`, told rightly."""
        known = replace(self.market_data.until(row), origin=Origin("recorded", "rehearsal", Prose("a rehearsal")))
        Store(self.store).write(known)

    def tell(self, row: int) -> None:
        """Lays the sessions of the week up to `row` over the store, as the vendor has them on that evening."""
        first = max(0, row - WEEK)
        until = self.market_data.until(row + 1)
        bars, vix = until.bars.between(first, row + 1), until.vix[first:].copy()
        panels = {name: getattr(bars, name).copy() for name in FIELDS}
        own = self.fault(row)
        for panel in panels.values():
            panel[-1, list(own.missing)] = np.nan
        for name in ("open", "high", "low", "close"):
            panels[name][-1, list(own.wrong)] *= 1.001
        for k, day in enumerate(range(first, row + 1)):
            vix[k] = np.nan if self.fault(day).vix > row - day else vix[k]
        told = Bars(bars.sessions, bars.symbols, **panels)
        entry.fetch_over(replace(self._cut(until, first), bars=told, vix=vix, last=last_rows(told.close)), self.store)

    def fault(self, row: int) -> Fault:
        """What goes wrong on the evening of `row`."""
        return drawn(self.seed, row, self.market_data.bars.shape[1])

    def _cut(self, until: MarketData, first: int) -> MarketData:
        return replace(
            until,
            bars=until.bars.between(first, until.bars.shape[0]),
            actions=until.actions.between(first, until.bars.shape[0]),
            vix=until.vix[first:],
            origin=Origin("recorded", "rehearsal", Prose("a rehearsal")),
            members=None if until.members is None else until.members[first:],
            benchmark=None if until.benchmark is None else until.benchmark[first:],
            risk_free=None if until.risk_free is None else until.risk_free[first:],
        )


def killed(call: Callable[..., object], words: tuple[object, ...], seconds: float) -> bool:
    """Whether `call` of `words`, made in a forked child, was still at it after so many `seconds`, and was killed there (SIGKILL).

    The child is forked from a process that has no threads, which a library of numbers would have left in this one.
    """
    clean = multiprocessing.get_context("forkserver")
    clean.set_forkserver_preload([call.__module__])
    child = clean.Process(target=call, args=words)
    child.start()
    child.join(seconds)
    alive = child.is_alive()
    child.kill()
    child.join()
    return alive
