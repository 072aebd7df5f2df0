"""Questions are put again, with pauses, as long as the settings have patience; what may change something is never in here."""

from collections.abc import Callable
from typing import TypeVar

import stamina
import stamina.instrumentation

from springback.brokers.broker_settings import Brokers
from springback.errors import Unreachable

stamina.instrumentation.set_on_retry_hooks([])  # its own note of each pause would go to the user's terminal
Value = TypeVar("Value")


class Later(Unreachable):
    """No answer yet, perhaps the next time; `after` seconds where the broker named them."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


def asked(settings: Brokers, question: Callable[[], Value]) -> Value:
    """What `question` answers, put again while it raises `Later`. Raises the last of these, and at once whatever else it raises."""
    for attempt in stamina.retry_context(
        on=_pause,
        attempts=settings.attempts,
        timeout=settings.patience or None,
        wait_initial=settings.pause,
        wait_max=settings.patience or 60.0,
        wait_jitter=settings.pause,
    ):
        with attempt:
            return question()
    raise AssertionError("unreachable: the last attempt returns or raises")


def _pause(error: Exception) -> bool | float:
    """Whether to ask again, or after how many seconds."""
    if not isinstance(error, Later):
        return False
    return True if error.after is None else error.after
