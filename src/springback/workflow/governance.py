"""After the decision: the contests judged by what was frozen in time, and a challenger trained where a period begins."""

import time
from dataclasses import dataclass, replace
from datetime import date, datetime

from springback.data.store.store import Store
from springback.errors import SpringbackError
from springback.forecasting.archive import read_timeline
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.operation.frozen_decision import ACCOUNT, FrozenDecision, Reason
from springback.state.rows import Attempt
from springback.workflow import retrain
from springback.workflow.champions import Registry
from springback.workflow.evening import LiveAccount, trusted
from springback.workflow.inputs import Inputs, Loaded, stored
from springback.workflow.prepare import prepare_world
from springback.workflow.progress import SILENT, Progress
from springback.workflow.record import market_of
from springback.workflow.watch import noted, watch

RETRAINING, GOVERNED, CONTESTS, WATCH = "retraining", "governance", "contests", "watch"


@dataclass(frozen=True)
class Governed:
    """What became of the models after an evening: who is champion from the next session on (empty: nobody yet), the name of a `challenger`
    that was trained (empty: none was), the seconds that took, and what failed.
    """

    champion: str = ""
    challenger: str = ""
    seconds: float = 0.0
    faults: tuple[Reason, ...] = ()


def governed(
    account: LiveAccount, decision: FrozenDecision, now: datetime, progress: Progress = SILENT, window: MarketData | None = None
) -> tuple[Governed, ...]:
    """Scores what has ripened by the session of `decision`, judges the contests, and trains a challenger where one is due; once. What fails
    is told and stops no evening. Nothing after a decision without data, or where it was done before. `window` (T, N) is what the
    evening was played on, where it is at hand.
    """
    session = date.fromisoformat(decision.session)
    if ACCOUNT not in decision.files or any(one.session == session for one in account.state.attempts(account.name, GOVERNED)):
        return ()
    faults: list[Reason] = []
    name, seconds, champion = "", 0.0, ""
    for code, step in ((CONTESTS, _scored), (WATCH, _watched)):
        try:
            window = account.window(decision.session, frozenset()).market_data if window is None else window
            step(account, decision, window, now)
        except SpringbackError as error:
            faults.append(Reason(code, str(error)))
    try:
        if retrain.due(account.settings, read_timeline(account.models), decision.session):
            name, seconds, fault = _retrained(account, decision, now, progress)
            faults += fault
        timeline = read_timeline(account.models)
        champion = timeline.champion if timeline else ""
    except SpringbackError as error:
        faults.append(Reason(RETRAINING, str(error)))
    account.state.attempt(account.name, Attempt(GOVERNED, now, session, "failed" if faults else "done"))
    return (Governed(champion, name, seconds, tuple(faults)),)


def _registry(account: LiveAccount) -> Registry:
    return Registry(account.models, account.settings.retraining, account.store, ledger_file=account.ledger)


def _watched(account: LiveAccount, decision: FrozenDecision, window: MarketData, now: datetime) -> None:
    """The watch over the champion at the close of the decision's session."""
    found = watch(account.settings, account.folder.path, window, account.models, lambda: _known(account, decision.session).market_data)
    noted(account.state, account.name, found, now)


@dataclass(frozen=True)
class _TrustedDesk:
    """The decisions of an account as its state database vouches for them."""

    account: LiveAccount

    def sessions(self) -> tuple[str, ...]:
        return self.account.folder.sessions()

    def decision(self, session: str) -> FrozenDecision:
        return trusted(self.account, session)


def _scored(account: LiveAccount, decision: FrozenDecision, window: MarketData, _: datetime) -> None:
    """The contests at the close of the decision's session, by what was frozen in time."""
    if read_timeline(account.models) is None:
        return
    horizon = account.settings.training.horizon
    retrain.score(_registry(account), _TrustedDesk(account), window, horizon, decision.session)


def _retrained(account: LiveAccount, decision: FrozenDecision, now: datetime, progress: Progress) -> tuple[str, float, list[Reason]]:
    """The name of the challenger that was trained, the seconds it took, and what failed; the attempt stands in the state database."""
    began = time.monotonic()
    try:
        name, outcome, words, faults = _challenger(account, decision.session, progress), "trained", "", []
    except SpringbackError as error:
        name, outcome, words, faults = "", "failed", str(error), [Reason(RETRAINING, str(error))]
    session = date.fromisoformat(decision.session)
    account.state.attempt(account.name, Attempt(RETRAINING, now, session, outcome, Prose(words or name)))
    return name, time.monotonic() - began, faults


def _challenger(account: LiveAccount, session: str, progress: Progress) -> str:
    """A challenger by all that was known at the close of `session`."""
    loaded = _known(account, session)
    registry = replace(_registry(account), market=market_of(loaded.market_data, loaded.hash), data_hash=loaded.hash)
    return retrain.retrain(registry, prepare_world(loaded.market_data, account.settings), account.settings, progress).name


def _known(account: LiveAccount, session: str) -> Loaded:
    """All that was known at the close of `session`."""
    as_of = Store(account.store).first_told(session).isoformat() if account.as_known else None
    loaded = stored(Inputs(store=account.store, as_of=as_of))
    return replace(loaded, market_data=loaded.market_data.until(loaded.market_data.bars.row(session) + 1))
