"""How a task that takes a while says how far it is: to a terminal, a web page, or nobody."""

from collections.abc import Callable
from typing import Protocol

Step = Callable[[int, int, str], None]
"""Takes how much is done, of how much, and what it is busy with."""


class Progress(Protocol):
    """Whoever follows a task."""

    def step(self, step: str, /) -> Step:
        """The steps of one part of the task, by the part's name."""

    def say(self, text: str, /) -> None:
        """One line that cannot wait for the end of the task, as whom it waits for."""


class Silent:
    """Follows nothing."""

    def step(self, _: str, /) -> Step:
        """Steps that nobody sees."""
        return _unseen

    def say(self, _: str, /) -> None:
        """A line that nobody reads."""


def _unseen(count: int, total: int, text: str) -> None:
    """Nobody follows."""


SILENT = Silent()


def counter(step: Step, total: int) -> Callable[[str], None]:
    """Counts the calls of what it returns as steps of `total`; each is told what it is busy with."""
    done = 0

    def count(text: str) -> None:
        nonlocal done
        step(done, total, text)
        done += 1

    return count
