"""What is to be said and when: one message an incident with its end, one a day that all is well, and no cause too often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from springback.alerting.alert_settings import Alerts
from springback.alerting.channels import Channels, Message
from springback.market.prose import Prose
from springback.state.rows import Attempt, Incident
from springback.state.state import State

DAILY = "daily message"
"""The kind of attempt that a session's message is."""


@dataclass(frozen=True)
class News:
    """What a session's message says beside the incidents: the `session` that is decided, and `words` on it."""

    session: date
    words: Prose


@dataclass(frozen=True)
class Notices:
    """How many messages were delivered, and what went wrong."""

    sent: int = 0
    faults: tuple[Prose, ...] = ()


def due(incidents: Sequence[Incident], at: datetime, quiet: timedelta) -> tuple[tuple[Incident, str], ...]:
    """The incidents of which somebody must hear at the instant `at`, with what: their "opening" or their "end".

    A cause that was told of less than `quiet` ago waits; the end of what was told does not. What ended before it was told is told as one
    message, unless that is longer ago than `quiet` or the cause has come back.
    """
    last = {one.cause: one.notified_at for one in sorted(incidents, key=lambda one: one.notified_at or at) if one.notified_at}
    found = []
    for one in reversed(incidents):  # the newest of a cause speaks for those before it
        if one.heard == "opening" and one.closed_at is not None:
            found.append((one, "end"))
        elif not one.heard and at - last.get(one.cause, at - quiet) >= quiet >= at - (one.closed_at or at):
            last[one.cause] = at
            found.append((one, "end" if one.closed_at else "opening"))
    return tuple(reversed(found))


def notify(state: State, account: str, channels: Channels, settings: Alerts, at: datetime, news: News | None = None) -> Notices:
    """Sends what is due and keeps that it was delivered; what was not is due again at the next call."""
    sent, faults = 0, dict[Prose, None]()
    if not len(channels):
        return Notices()
    for incident, part in due(state.incidents(account, history=True), at, timedelta(hours=settings.quiet_hours)):
        delivery = channels.send(_of_incident(account, incident, part), settings.timeout)
        faults |= dict.fromkeys(delivery.faults)
        if delivery.heard:
            state.notify(account, incident.n, part, at)
            sent += 1
    if news and settings.daily and not any(one.session == news.session for one in state.attempts(account, DAILY)):
        delivery = channels.send(_of_day(account, news, state.incidents(account)), settings.timeout)
        faults |= dict.fromkeys(delivery.faults)
        if delivery.heard:
            state.attempt(account, Attempt(DAILY, at, news.session, "delivered"))
            sent += 1
    return Notices(sent, tuple(faults))


def _of_incident(account: str, incident: Incident, part: str) -> Message:
    about = f"Springback, account {account}: {incident.cause}"
    session = f"\nsession: {incident.session}" if incident.session else ""
    if part == "opening":
        since = f"since {_instant(incident.opened_at)}"
        return Message(Prose(about), Prose(f"{incident.words}\n{since}{session}\nwhat resolves it: {incident.verb}"))
    end = f"from {_instant(incident.opened_at)} to {_instant(incident.closed_at or incident.opened_at)}"
    return Message(Prose(f"{about} is over"), Prose(f"{incident.words}\n{end}{session}\nnothing is to be done any more"))


def _of_day(account: str, news: News, incidents: Sequence[Incident]) -> Message:
    count = len(incidents)
    verdict = f"{count} incidents are open" if count else "all is well"
    lines = [str(news.words), *(f"{one.cause}, since {_instant(one.opened_at)}: {one.words} ({one.verb})" for one in incidents)]
    return Message(Prose(f"Springback, account {account}, {news.session}: {verdict}"), Prose("\n".join(lines)))


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
