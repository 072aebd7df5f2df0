"""Who writes what was looked at into the trial ledger: bound once to its place, the data and the command, then handed in."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback.backtest.result import Result
from springback.data.store.content_hash import content_hash
from springback.ledger.look import Days
from springback.market.tape import Tape
from springback.settings import flat
from springback.workflow import record
from springback.workflow.settings import Settings, dated


@dataclass(frozen=True)
class Recorder:
    """Writes into the ledger beside `store`, or in the working folder where there is none.

    `data_hash` names the data; empty: each tape is named by its own content. `command` and `models` say in words what was run, `kind` is
    one of `ledger.look.KINDS`; `hold_out_start` is the first day of the held-back period that is looked at, empty where none is.
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

    def on(self, tape: Tape) -> "Recorder":
        """The same, bound to the data of `tape` where to none so far: what is cut from them is of the same data."""
        return replace(self, data_hash=self.hash_of(tape))

    def hash_of(self, tape: Tape) -> str:
        """What the data of `tape` are called in the ledger."""
        return self.data_hash or content_hash(tape)

    def backtest(self, tape: Tape, settings: Settings, result: Result, flat_bp: float = 0.0) -> None:
        """Writes down what `simulate` gave under `settings`, with `flat_bp` a side on top."""
        settings = dated(settings, tape)
        knobs = flat(settings) | ({"backtest.flat_bp": flat_bp} if flat_bp else {})
        words = self.kind, self.command, self.models
        record.note(tape, self.hash_of(tape), knobs, settings.backtest.profile, result, *words, self.store, self.hold_out_start)

    def validation(self, tape: Tape, settings: Settings, days: Days, by_day: NDArray[np.float64]) -> None:
        """Writes down a look that has no account: `by_day` is a figure of each of the sessions `days`."""
        words = {"command": self.command, "models": self.models}
        record.note_validation(tape, self.hash_of(tape), flat(settings), days, by_day, **words, store=self.store)

    def standing(self, tape: Tape, days: Days) -> record.Standing:
        """Where a run over the sessions `days` stands, once it has been written down."""
        return record.standing(tape, self.hash_of(tape), days, self.store)
