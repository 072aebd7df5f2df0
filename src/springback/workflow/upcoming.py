"""What an account waits for next: an evening that is due, the open of what was decided, or the next close."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from springback.data.hours import following, newest_closed
from springback.operation.desk_folder import DeskFolder
from springback.workflow.settings import Settings

What = Literal["decide", "open", "close"]


@dataclass(frozen=True)
class Upcoming:
    """The next thing: `what` ("decide": the evening of `session`; "open": its orders meet the market; "close": `session` ends), at which
    instant, and whether that has passed.
    """

    what: What
    session: str
    at: datetime
    overdue: bool = False


def upcoming(folder: DeskFolder, settings: Settings, now: datetime) -> Upcoming:
    """What comes next for the account in `folder` at `now`, an aware instant."""
    closed, known = settings.calendar.closed, folder.sessions()
    after = timedelta(minutes=settings.daily.earliest)
    last = newest_closed(now, timedelta(0), closed)
    if not known or known[-1] < str(last.day):
        due = last.closes + after
        return Upcoming("decide", str(last.day), due, now >= due)
    coming = following(last.day, closed)
    if now < coming.opens:
        return Upcoming("open", known[-1], coming.opens)
    return Upcoming("close", str(coming.day), coming.closes)
