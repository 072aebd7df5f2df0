"""A live desk over a store that is filled evening by evening: a drawn market, a champion that learned from its past, and a clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from springback.data.hours import NEW_YORK, following, hours_of
from springback.data.store.store import Store
from springback.forecasting import model_store
from springback.forecasting.archive import Archive, write_timeline
from springback.forecasting.timeline import Timeline
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData, last_rows
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import FrozenDecision
from springback.state.state import State
from springback.workflow.book import Word, opened
from springback.workflow.daily import Clock, DailyOutcome, Fetch, daily
from springback.workflow.evening import LiveAccount
from springback.workflow.settings import Settings
from tests.operation.desks import LEARNED, SETTINGS, market, pair

DAYS = tuple(str(one) for one in market().bars.sessions[market().bars.row(LEARNED) + 1 :])
"""The sessions after what the models learned from."""
BEFORE = datetime(2022, 12, 31, 12, tzinfo=NEW_YORK)
"""When the account is opened."""
WORD = Word("a tester", BEFORE, "a test")


def make(folder: Path) -> None:
    """The store up to LEARNED and the models in `folder`."""
    Store(folder / "store").write(market().until(market().bars.row(LEARNED) + 1))
    kept = Archive(folder / "models").save(pair())
    model_store.save(pair(), folder / "models")
    hashes = {kept.card.name: kept.card.hash}
    write_timeline(folder / "models", Timeline(hashes=hashes, tried=LEARNED).begun(kept.card.name, LEARNED, "a test", "the first"))


def without(market_data: MarketData, session: str, names: Sequence[str] | None = None, vix: bool = True) -> MarketData:
    """`market_data` without the bars of `names` (None: of nobody's, all are gone where it is empty) and, unless `vix`, without its VIX."""
    row, bars = market_data.bars.row(session), market_data.bars
    panels = {field: getattr(bars, field).copy() for field in FIELDS}
    if names is not None:
        columns = [bars.symbols.index(one) for one in names]
        for panel in panels.values():
            panel[row, columns] = np.nan
    series = market_data.vix.copy()
    series[row] = series[row] if vix else np.nan
    made = Bars(bars.sessions, bars.symbols, **panels)
    return replace(market_data, bars=made, vix=series, last=last_rows(made.close))


def restated(market_data: MarketData, session: str, names: Sequence[str], factor: float = 1.001) -> MarketData:
    """`market_data` with other prices of `names` on `session`."""
    row, bars = market_data.bars.row(session), market_data.bars
    panels = {field: getattr(bars, field).copy() for field in FIELDS}
    columns = [bars.symbols.index(one) for one in names]
    for field in ("open", "high", "low", "close"):
        panels[field][row, columns] *= factor
    return replace(market_data, bars=Bars(bars.sessions, bars.symbols, **panels))


@dataclass(eq=False)
class Live:
    """An account in `home`, its settings, and the market that its vendor will tell."""

    home: Path
    settings: Settings = SETTINGS
    tape: MarketData | None = None
    fetch: Fetch | None = None

    def __post_init__(self) -> None:
        self.tape = self.tape or market()
        self.state = State(str(self.home / "desk" / "state.sqlite"))

    @property
    def account(self) -> LiveAccount:
        return LiveAccount("desk", DeskFolder(self.home / "desk"), self.settings, self.state, self.home / "store", self.home / "models")

    def knobs(self, **tables: dict[str, Any]) -> "Live":
        """With other settings, by table."""
        self.settings = replace(self.settings, **{name: replace(getattr(self.settings, name), **values) for name, values in tables.items()})
        return self

    def begin(self, cash: float = 1_000_000.0) -> "Live":
        opened(self.account, cash, WORD)
        return self

    def bring(self, session: str, market_data: MarketData | None = None) -> None:
        """The store as it is with everything up to `session`."""
        market_data = market_data or self.tape
        assert market_data is not None
        Store(self.home / "store").write(market_data.until(market_data.bars.row(session) + 1), accept_restatement=True)

    def at(self, session: str, clock: str = "17:00", days: int = 0) -> Clock:
        """New York's `clock` on the day of `session` or `days` later."""
        day = datetime.fromisoformat(session) + timedelta(days=days)
        hours, minutes = (int(one) for one in clock.split(":"))
        return Clock(day.replace(hour=hours, minute=minutes, tzinfo=NEW_YORK))

    def morning(self, session: str, minutes: int = -60) -> Clock:
        """So many minutes from the open after `session`."""
        return Clock(following(hours_of(datetime.fromisoformat(session).date()).day).opens + timedelta(minutes=minutes))

    def call(self, clock: Clock, dry: bool = False) -> DailyOutcome:
        return daily(self.account, clock, self.fetch, dry)

    def evening(self, session: str, clock: str = "17:00") -> FrozenDecision:
        """The decision of `session`, whose data come in time."""
        self.bring(session)
        outcome = self.call(self.at(session, clock))
        assert [one.session for one in outcome.decisions] == [session], outcome.waits
        return outcome.decisions[0]

    def evenings(self, sessions: Sequence[str]) -> list[FrozenDecision]:
        return [self.evening(one) for one in sessions]

    def decision(self, session: str) -> FrozenDecision:
        return self.account.folder.decision(session)


def codes(decision: FrozenDecision) -> set[str]:
    return {one.code for one in decision.reasons}
