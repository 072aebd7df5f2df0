"""Who hears of the desk: messages on the channels of the file of keys, and a sign of life."""

from datetime import datetime

from springback.alerting.alert_settings import Alerts
from springback.alerting.channels import Channels, Message
from springback.alerting.notices import News, Notices, notify
from springback.data.sources.keys import read_table
from springback.errors import SpringbackError
from springback.market.prose import Prose
from springback.project import named
from springback.state.rows import Incident
from springback.state.state import State

CAUSE = "alerts.channel"
TEST = Message(Prose("Springback: a test"), Prose("This channel works. Nothing is to be done."))


def channels() -> Channels:
    """The channels of the file of keys; none where it names none. Raises `InputError`, which shows none."""
    return Channels(read_table("alerts", named("keys")))


def alert(state: State, account: str, settings: Alerts, at: datetime, news: News | None = None, alive: bool = True) -> Notices:
    """Says what is due at the instant `at`, with the `news` of a decided session, and gives a sign of life unless the evening failed.

    It never raises: what could not be delivered is a fault, an incident of its own for those who can be reached, and due at the next call.
    """
    try:
        mine = channels()
        beaten = mine.beat(settings.timeout) if alive else ()
        notices = notify(state, account, mine, settings, at, news)
        faults = (*beaten, *notices.faults)
        if faults:
            state.open_incident(account, Incident(CAUSE, at, None, Prose("; ".join(faults)), "springback alert"))
        elif notices.sent or len(mine) == 0:
            state.close_incident(account, CAUSE, at)
    except SpringbackError as error:
        return Notices(0, (Prose(str(error)),))
    return Notices(notices.sent, faults)


def try_channels(settings: Alerts) -> tuple[Channels, tuple[Prose, ...]]:
    """The channels, each of which was given a message, and the clock a sign of life; what went wrong. Raises `InputError`."""
    mine = channels()
    return mine, (*mine.beat(settings.timeout), *mine.send(TEST, settings.timeout).faults)
