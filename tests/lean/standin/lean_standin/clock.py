"""Whose seconds are these: the engine's or the algorithm's? Calls nest both ways."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

ENGINE, ALGORITHM = 0, 1


class Clock:
    """`seconds[ENGINE]` and `seconds[ALGORITHM]` add up to the run."""

    def __init__(self) -> None:
        self.seconds = [0.0, 0.0]
        self._who = [ENGINE]
        self._since = 0.0

    def start(self) -> None:
        self._since = perf_counter()

    @contextmanager
    def of(self, who: int) -> Iterator[None]:
        self.switch()
        self._who.append(who)
        try:
            yield
        finally:
            self.switch()
            self._who.pop()

    def switch(self) -> None:
        now = perf_counter()
        self.seconds[self._who[-1]] += now - self._since
        self._since = now
