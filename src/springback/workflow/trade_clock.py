"""What time it is for who trades, and the waiting: the system's clock, or one that begins elsewhere and jumps over waits."""

from datetime import UTC, datetime, timedelta
from threading import Event

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
