"""Who writes what was looked at into the trial ledger: bound once to its place, the data and the command, then handed in."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback.backtest.result import Result
from springback.data.store.content_hash import content_hash
from springback.ledger.entry import Days
from springback.market.market_data import MarketData
from springback.settings import flat
from springback.workflow import record
from springback.workflow.settings import Settings, dated


@dataclass(frozen=True)
class Recorder:
    """Writes into the ledger beside `store`, or in the working folder where there is none.

    `data_hash` names the data; empty: each market data is named by its own content. `command` and `models` say in words what was run,
    `kind` is one of `ledger.entry.KINDS`; `hold_out_start` is the first day of the held-back period that is looked at, empty where none is.
    """

    store: Path | None = None
    data_hash: str = ""
    command: str = ""
    models: str = ""
    kind: str = "backtest"
    hold_out_start: str = ""

    def ready(self) -> None:
        """Nothing, if a row can be written: asked before the work. Raises `Unwritable`, `LedgerError`."""
        record.ready(self.store)

    def of(self, models: str, kind: str = "backtest", hold_out_start: str = "") -> "Recorder":
        """The same for runs of `kind` by `models`."""
        return replace(self, models=models, kind=kind, hold_out_start=hold_out_start)

    def on(self, market_data: MarketData) -> "Recorder":
        """The same, bound to the data of `market_data` where to none so far: what is cut from them is of the same data."""
        return replace(self, data_hash=self.hash_of(market_data))

    def hash_of(self, market_data: MarketData) -> str:
        """What the data of `market_data` are called in the ledger."""
        return self.data_hash or content_hash(market_data)

    def backtest(self, market_data: MarketData, settings: Settings, result: Result, flat_bp: float = 0.0) -> None:
        """Writes down what `simulate` gave under `settings`, with `flat_bp` a side on top."""
        settings = dated(settings, market_data)
        knobs = flat(settings) | ({"backtest.flat_bp": flat_bp} if flat_bp else {})
        words = self.kind, self.command, self.models
        record.note(
            market_data, self.hash_of(market_data), knobs, settings.backtest.profile, result, *words, self.store, self.hold_out_start
        )

    def validation(self, market_data: MarketData, settings: Settings, days: Days, by_day: NDArray[np.float64]) -> None:
        """Writes down a look that has no account: `by_day` is a figure of each of the sessions `days`."""
        words = {"command": self.command, "models": self.models}
        record.note_validation(market_data, self.hash_of(market_data), flat(settings), days, by_day, **words, store=self.store)

    def standing(self, market_data: MarketData, days: Days) -> record.Standing:
        """Where a run over the sessions `days` stands, once it has been written down."""
        return record.standing(market_data, self.hash_of(market_data), days, self.store)
