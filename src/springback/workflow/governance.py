"""After the decision: the contests judged by what was frozen in time, and a challenger trained where a period begins."""

import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from springback.errors import SpringbackError
from springback.forecasting.archive import read_timeline
from springback.market.prose import Prose
from springback.operation.frozen_decision import FrozenDecision, Reason
from springback.state.rows import Attempt
from springback.workflow import retrain
from springback.workflow.champions import Registry
from springback.workflow.evening import LiveAccount
from springback.workflow.inputs import Inputs, stored
from springback.workflow.prepare import prepare_world
from springback.workflow.progress import SILENT, Progress
from springback.workflow.record import market_of

RETRAINING = "retraining"


@dataclass(frozen=True)
class Governed:
    """What became of the models after an evening: who is champion from the next session on (empty: nobody yet), the name of a challenger that
    was trained (empty: none was), the seconds that took, and what failed.
    """

    champion: str = ""
    trained: str = ""
    seconds: float = 0.0
    faults: tuple[Reason, ...] = ()


def governed(account: LiveAccount, decision: FrozenDecision, now: datetime, progress: Progress = SILENT) -> Governed:
    """Scores what has ripened by the session of `decision`, judges the contests, and trains a challenger where one is due. What fails is told
    and stops no evening.
    """
    faults: list[Reason] = []
    registry = Registry(account.models, account.settings.retraining, account.store)
    if read_timeline(account.models) is not None:
        try:
            _scored(account, registry, decision)
        except SpringbackError as error:
            faults.append(Reason("contests", str(error)))
    name, seconds = "", 0.0
    if retrain.due(account.settings, read_timeline(account.models), decision.session):
        name, seconds, fault = _retrained(account, registry, decision, now, progress)
        faults += fault
    timeline = read_timeline(account.models)
    return Governed(timeline.champion if timeline else "", name, seconds, tuple(faults))
