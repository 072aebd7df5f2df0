"""How often a password may be tried: some times a minute, then after a wait that doubles with each one that is wrong."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

MINUTE = 60.0
LONGEST = 3600.0
"""Seconds that anybody waits at most."""
MOST = 1000
"""Visitors who are remembered; the oldest is forgotten first."""


@dataclass(frozen=True)
class _Tries:
    count: int
    last: float


class Throttle:
    """Wrong passwords by visitor; `clock` counts seconds. `attempts` are free within a minute, and forgotten after one without a fault."""

    def __init__(self, attempts: int, clock: Callable[[], float] = monotonic) -> None:
        self.attempts, self.clock = attempts, clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, visitor: str) -> float:
        """Seconds that `visitor` must wait before the next try; 0: none."""
        known = self._tries.get(visitor)
        if known is None or known.count < self.attempts:
            return 0.0
        return max(0.0, known.last + self._pause(known.count) - self.clock())

    def wrong(self, visitor: str) -> None:
        """Remembers a wrong password."""
        now, known = self.clock(), self._tries.pop(visitor, _Tries(0, 0.0))
        over = now - known.last > 2 * max(MINUTE, self._pause(known.count))
        self._tries[visitor] = _Tries(1 if over else known.count + 1, now)
        while len(self._tries) > MOST:
            self._tries.popitem(last=False)

    def right(self, visitor: str) -> None:
        """Forgets the wrong ones."""
        self._tries.pop(visitor, None)

    def _pause(self, count: int) -> float:
        return 0.0 if count < self.attempts else min(LONGEST, MINUTE * 2.0 ** min(count - self.attempts, 10))
