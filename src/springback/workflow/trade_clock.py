"""What time it is for who trades, and the waiting: the system's clock, or one that begins elsewhere and jumps over waits."""

import time
from datetime import UTC, datetime, timedelta

from springback.workflow.daily import Clock


class TradeClock(Clock):
    """The system's clock; with a `start` it begins there, runs on, and jumps over waits."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__(start)
        self.jumps = start is not None
        self.offset = timedelta(0) if start is None else start - datetime.now(UTC)

    def now(self) -> datetime:
        """This instant, UTC."""
        return datetime.now(UTC) + self.offset

    def wait(self, seconds: float) -> None:
        """So much later; a suspend of the machine counts as well."""
        if self.jumps:
            self.offset += timedelta(seconds=seconds)
        elif seconds > 0:
            time.sleep(seconds)
