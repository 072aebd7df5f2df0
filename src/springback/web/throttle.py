"""How often a password may be tried: some times a minute, then after a wait that doubles with each one that is wrong."""

import threading
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
    """Wrong passwords by visitor; `clock` counts seconds. `attempts` are free within a minute, and forgotten after one without a fault.

    A right one takes its own try back and no other: whoever knows one password does not guess at another by it.
    """

    def __init__(self, attempts: int, clock: Callable[[], float] = monotonic) -> None:
        self.attempts, self.clock = attempts, clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def tried(self, visitor: str) -> float:
        """Counts a try, as wrong until `right` takes it back, and gives 0; or the seconds that `visitor` must wait before the next one.

        It is counted before the password is looked at, so that a hundred tries at once are no more than one after the other.
        """
        with self._lock:
            now, known = self.clock(), self._tries.get(visitor, _Tries(0, 0.0))
            wait = known.last + self._pause(known.count) - now
            if known.count >= self.attempts and wait > 0:
                return wait
            over = now - known.last > 2 * max(MINUTE, self._pause(known.count))
            self._keep(visitor, _Tries(1 if over else known.count + 1, now))
            return 0.0

    def right(self, visitor: str) -> None:
        """Takes one try back."""
        with self._lock:
            known = self._tries.get(visitor)
            if known is not None:
                self._keep(visitor, _Tries(max(0, known.count - 1), known.last))

    def _keep(self, visitor: str, tries: _Tries) -> None:
        self._tries[visitor] = tries
        self._tries.move_to_end(visitor)
        while len(self._tries) > MOST:
            self._tries.popitem(last=False)

    def _pause(self, count: int) -> float:
        return 0.0 if count < self.attempts else min(LONGEST, MINUTE * 2.0 ** min(count - self.attempts, 10))
