"""Who writes what was looked at into the trial ledger: bound once to its place, the data and the command, then handed in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback import __version__
from springback.backtest.result import Result
from springback.data.store.content_hash import content_hash
from springback.ledger.book import Ledger
from springback.ledger.entry import Days, NewEntry, Numbers
from springback.market.market_data import MarketData
from springback.settings import flat
from springback.statistics.returns import account_excess, sharpe
from springback.workflow import record
from springback.workflow.settings import MOVED, Settings, dated


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
        """Writes down what `simulate` gave under `settings`, with `flat_bp` basis points a side on top.

        An account that never traded, or was lost, has no Sharpe ratio.
        """
        settings = dated(settings, market_data)
        knobs = _deciding(settings) | ({"backtest.flat_bp": flat_bp} if flat_bp else {})
        excess = account_excess(result, market_data)
        ratio = sharpe(excess) if result.daily["traded"].any() else float("nan")
        self._write(market_data, knobs, settings.backtest.profile, result.sessions, excess, ratio if np.isfinite(ratio) else None)

    def validation(self, market_data: MarketData, settings: Settings, days: Days, by_day: NDArray[np.float64]) -> None:
        """Writes down a look that has no account: `by_day` (S,) is a figure of each of the sessions `days` (S,), such as the rank IC.

        A validation of settings that are backtested too is the same trial; of others it is one more.
        """
        replace(self, kind="validate", hold_out_start="")._write(market_data, _deciding(settings), "none", days, by_day, None)

    def _write(
        self, market_data: MarketData, knobs: Mapping[str, Any], profile: str, days: Days, excess: Numbers, ratio: float | None
    ) -> None:
        entry = NewEntry(
            kind=self.kind,
            market=record.market_of(market_data, self.hash_of(market_data)),
            data_hash=self.hash_of(market_data),
            profile=profile,
            settings=knobs,
            days=days,
            excess=excess,
            sharpe=ratio,
            command=self.command,
            models=self.models,
            hold_out_start=self.hold_out_start,
        )
        Ledger(record.place(self.store)).record(entry, __version__)

    def standing(self, market_data: MarketData, days: Days) -> record.Standing:
        """Where a run over the sessions `days` stands, once it has been written down."""
        return record.standing(market_data, self.hash_of(market_data), days, self.store)


def _deciding(settings: Settings) -> dict[str, Any]:
    """The knobs, flat, without those that move nothing: two runs that differ in them alone are one trial."""
    return {name: value for name, value in flat(settings).items() if MOVED[name] != "nothing"}
