"""What time it is for who trades, and the waiting: the system's clock, or one that begins elsewhere and jumps over waits."""

from datetime import UTC, datetime, timedelta
from threading import Event

from springback.data.hours import NEW_YORK
from springback.errors import InputError
from springback.workflow.daily import Clock


class Ended(BaseException):
    """Whoever runs the program has asked for its end, and it was waiting: nothing is half done."""


class TradeClock(Clock):
    """The system's clock; with a `start` it begins there, runs on, and jumps over waits. Once `over` is set no wait comes to its end."""

    def __init__(self, start: datetime | None = None, over: Event | None = None) -> None:
        super().__init__(start)
        self.jumps, self.over = start is not None, over or Event()
        self.offset = timedelta(0) if start is None else start - datetime.now(UTC)

    def now(self) -> datetime:
        """This instant, UTC."""
        return datetime.now(UTC) + self.offset

    def wait(self, seconds: float) -> None:
        """So much later, by a clock that only runs forward. Raises `Ended` where the program is to end."""
        if self.jumps:
            self.offset += timedelta(seconds=max(0.0, seconds))
        if self.over.wait(0.0 if self.jumps else max(0.0, seconds)):
            raise Ended


def instant(name: str, text: str | None) -> datetime | None:
    """The instant of the option `name`, UTC; one without a zone is New York's, as everywhere. Raises `InputError` on what is none."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} must be an instant such as 2026-11-27T17:00-05:00, was '{text}'", value=text) from None
    return (found if found.tzinfo else found.replace(tzinfo=NEW_YORK)).astimezone(UTC)


def by_new_york(at: datetime) -> str:
    """The instant in words, by New York's clock."""
    return f"{at.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M} New York"


def lasting(seconds: float) -> str:
    """A span of time in words, in the unit that tells it."""
    if seconds < 120:
        return f"{seconds:,.0f} s"
    unit, length = next(((unit, length) for unit, length in (("days", 86400), ("hours", 3600)) if seconds >= 2 * length), ("minutes", 60))
    return f"{seconds / length:,.0f} {unit}"
