"""Who waits for the state hears of the next write, whoever makes it, within a second; and of nothing where there is none."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from springback.market.prose import Prose
from springback.state.changes import Changes
from springback.state.rows import Halt
from springback.state.state import State

AT = datetime(2024, 3, 1, 12, tzinfo=UTC)


def pause(state: State, code: str = "pause") -> None:
    state.halt("desk", Halt("entries", code, Prose("why"), "somebody", AT))


def test_nothing_is_heard_where_nothing_is_written(url: str) -> None:
    state = State(url)
    pause(state)
    with Changes(state) as changes:
        state.halts("desk")
        began = time.monotonic()
        assert not changes.wait(0.3)
        assert 0.25 < time.monotonic() - began < 2


def test_a_write_of_another_is_heard_within_a_second(url: str) -> None:
    state = State(url)
    pause(state)
    with Changes(state) as changes:
        for code in ("other", "third", "fourth"):
            other = threading.Timer(0.2, pause, (State(url), code))
            other.start()
            began = time.monotonic()
            assert changes.wait(5)
            assert time.monotonic() - began < 1.2, "of which 0.2 s before it is written"
            other.join()


def test_a_file_that_is_replaced_is_followed(new: Callable[[str], str]) -> None:
    file = Path(new("sqlite"))
    pause(State(file))
    with Changes(State(file)) as changes:
        for one in file.parent.glob(f"{file.name}*"):
            one.unlink()
        assert changes.wait(1), "it is gone"
        pause(State(file))
        assert changes.wait(1), "it is back"
        assert not changes.wait(0.2)
        pause(State(file), "other")
        assert changes.wait(1), "the new one is heard"
