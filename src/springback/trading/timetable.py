"""The instants of one decision, from its session's close to the morning after its open, and which act is due at any of them. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from springback.trading.execution_settings import Execution

NEW_YORK = ZoneInfo("America/New_York")
MORNING = timedelta(minutes=30)
"""After the open, when what was filled is laid beside the journal."""
Phase = Literal["early", "sending", "quiet", "session"]
ActName = Literal["decide", "send", "night", "check", "page", "collect", "morning"]


@dataclass(frozen=True)
class Act:
    """What is to be done from the instant `start` on, and is too late at `end`."""

    name: ActName
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Timetable:
    """The decision of `session`, instants in UTC: decided, sent, reconciled with what the broker booked (`night`), checked, a person paged
    for what is unknown, `quiet` until it `opens`, collected until `collected`, reconciled again (`morning`), and over at `end`, when the
    next one is decided.
    """

    session: date
    decide: datetime
    send: datetime
    night: datetime
    check: datetime
    page: datetime
    quiet: datetime
    opens: datetime
    collected: datetime
    morning: datetime
    end: datetime

    def phase(self, now: datetime) -> Phase:
        """What may be done with orders for the open: nothing yet, sending, nothing any more, or what the session allows."""
        if now < self.send:
            return "early"
        return "sending" if now < self.quiet else "quiet" if now < self.opens else "session"

    def collecting(self, now: datetime) -> bool:
        """Whether exits are still brought to their end."""
        return self.opens <= now < self.collected

    def acts(self) -> Iterator[Act]:
        """What is to be done, in its order; fills are still heard of when nothing is sent any more."""
        yield Act("decide", self.decide, self.quiet)
        yield Act("send", self.send, self.quiet)
        yield Act("night", self.night, self.check)
        yield Act("check", self.check, self.quiet)
        yield Act("page", self.page, self.quiet)
        yield Act("collect", self.opens, self.end)
        yield Act("morning", self.morning, self.end)

    def due(self, now: datetime, past: Collection[str] = ()) -> Act | None:
        """The first act that is due and not `past`; None where nothing is."""
        return next((one for one in self.acts() if one.name not in past and one.start <= now < one.end), None)

    def following(self, now: datetime, past: Collection[str] = ()) -> Act | None:
        """The first act that comes after `now`; None where the timetable is over."""
        return min((one for one in self.acts() if one.name not in past and one.start > now), key=lambda one: one.start, default=None)


def timetable(
    session: date, closes: datetime, opens: datetime, ends: datetime, execution: Execution, earliest: int, at_once: bool
) -> Timetable:
    """The timetable of the decision of `session`, which `closes` and whose orders are for the market that `opens` next and `ends`.

    It is decided `earliest` minutes after the close; orders go out `at_once`, or in the evening of the session's day.
    """
    decide, day = closes + timedelta(minutes=earliest), opens.astimezone(NEW_YORK).date()
    evening = _at(closes.astimezone(NEW_YORK).date(), execution.send_at)
    return Timetable(
        session=session,
        decide=decide,
        send=decide if at_once else max(decide, evening),
        night=_at(day, execution.reconcile_at),
        check=_at(day, execution.check_at),
        page=_at(day, execution.page_at),
        quiet=opens - timedelta(minutes=execution.quiet),
        opens=opens,
        collected=opens + timedelta(minutes=execution.collect),
        morning=opens + max(MORNING, timedelta(minutes=execution.collect)),
        end=ends + timedelta(minutes=earliest),
    )


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)
