"""The evening as a person hears of it: what stopped entries, that it failed or waits too long, that it is decided."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from springback.alerting.notices import News
from springback.data.hours import NEW_YORK
from springback.errors import SpringbackError, Taken
from springback.market.prose import Prose
from springback.operation.frozen_decision import FrozenDecision
from springback.state.rows import Incident
from springback.workflow.alerts import alert
from springback.workflow.daily import DailyOutcome
from springback.workflow.evening import LiveAccount

FAILED, WAITING, STOPPED = "daily.failed", "daily.waiting", "entries."
"""Causes; the last is followed by the code of what stopped entries."""
NOTICES = ("membership_age", "alarm", "late")
"""Codes of reasons that stop nothing."""
VERBS = {
    "pause": "springback resume",
    "no_members": "springback daily --members FILE",
    "membership_old": "springback daily --members FILE",
    "no_model": "springback doctor",
    "models_stale": "springback retrain",
    "names_failed": "springback data check",
    "restated": "springback data check",
}
"""What resolves a stop, by its code; what is not here ends by itself with the data, and 'springback orders' shows it."""


class Watch:
    """One call of the evening: the `outcome` that it had, set by whoever made it, and the `faults` of telling people, known afterwards."""

    outcome: DailyOutcome | None = None
    faults: tuple[Prose, ...] = ()


@contextmanager
def watched(account: LiveAccount, now: datetime) -> Iterator[Watch]:
    """Whoever is on a channel hears of the evening in the block, also where it raises; a lease that another holds is no incident.

    What is said comes from the newest frozen decision and the state, so that a call that was killed before it spoke is made up for.
    It raises what the block raises and nothing of its own.
    """
    watch = Watch()
    try:
        yield watch
    except Taken:
        raise
    except Exception as error:
        watch.faults = _tell(account, now, failure=Prose(str(error)))
        raise
    watch.faults = _tell(account, now, watch.outcome)


def _tell(account: LiveAccount, now: datetime, outcome: DailyOutcome | None = None, failure: Prose | None = None) -> tuple[Prose, ...]:
    """Opens and closes the incidents of the evening and says what is due; what went wrong with that."""
    state, settings, news = account.state, account.settings.alerts, None
    try:
        if failure is not None:
            state.open_incident(account.name, Incident(FAILED, now, None, failure, "springback daily"))
            return alert(state, account.name, settings, now, alive=False).faults
        state.close_incident(account.name, FAILED, now)
        if outcome is not None:
            _waiting(account, outcome, now)
        if account.folder.sessions():
            newest = account.folder.decision()
            _stopped(account, newest, now)
            news = News(date.fromisoformat(newest.session), _news(newest))
    except SpringbackError as error:
        return (Prose(str(error)),)
    return alert(state, account.name, settings, now, news).faults


def _waiting(account: LiveAccount, outcome: DailyOutcome, now: datetime) -> None:
    """Data that have not come by midnight in New York are an incident: until then vendors are often late."""
    session = date.fromisoformat(outcome.session)
    if not outcome.waits:
        account.state.close_incident(account.name, WAITING, now)
    elif now.astimezone(NEW_YORK).date() > session:
        words = Prose("; ".join(one.text for one in outcome.waits))
        account.state.open_incident(account.name, Incident(WAITING, now, session, words, "springback daily"))


def _stopped(account: LiveAccount, decision: FrozenDecision, now: datetime) -> None:
    """What stops entries in the newest decision is open, and whatever stopped an earlier one is over."""
    stops = [
        one for one in decision.reasons if decision.exits_only and decision.kind != "late" and not one.symbol and one.code not in NOTICES
    ]
    causes = {f"{STOPPED}{one.code}": one for one in stops}
    for incident in account.state.incidents(account.name):
        if incident.cause.startswith(STOPPED) and incident.cause not in causes:
            account.state.close_incident(account.name, incident.cause, now)
    for cause, one in causes.items():
        words, verb = Prose(f"no entries: {one.text}"), VERBS.get(one.code, "springback orders")
        account.state.open_incident(account.name, Incident(cause, now, date.fromisoformat(decision.session), words, verb))


def _news(decision: FrozenDecision) -> Prose:
    if decision.kind == "late":
        return Prose(f"recorded late, without orders: equity ${decision.equity:,.0f}")
    entries = decision.orders()["reason"] == "entry"
    counts = f"{int(entries.sum())} entries, {int((~entries).sum())} exits"
    return Prose(f"{counts}{', EXITS ONLY' if decision.exits_only else ''}: equity ${decision.equity:,.0f}")
