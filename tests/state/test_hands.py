"""Many hands at once, and hands that die: numbers are given once, what was kept stays, and nothing is half there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from springback.errors import Unwritable
from springback.state import database
from springback.state.rows import BookEvent
from springback.state.state import State
from tests.state.samples import ME, event

EVENTS = 15
WRITER = f"""
import sys
from springback.market.prose import Prose
from springback.state.rows import Incident
from springback.state.state import State
from tests.state.samples import AT, FRIDAY, ME, WHY, event
url, who = sys.argv[1:]
state = State(url)
for k in range({EVENTS}):
    state.record(ME, event(by=who, symbol=str(k)), event(by=who, symbol=str(k)))
    state.open_incident(ME, Incident("data.late", AT, FRIDAY, WHY, who))
"""
OPENED = """
import sys
from springback.state.state import State
print(flush=True)
State(sys.argv[1])
"""
KILLED = """
import sys
from springback.state.state import State
from tests.state.samples import ME, event
state = State(sys.argv[1])
for k in range(10**6):
    state.record(ME, *[event(quantity=float(k)) for _ in range(7)])
    print(k, flush=True)
"""


def child(script: str, *words: str, repository: Path, out: int | None = None) -> subprocess.Popen[str]:
    """A Python of its own that runs `script`."""
    path = os.pathsep.join((str(repository / "src"), str(repository)))
    return subprocess.Popen([sys.executable, "-c", script, *words], env=os.environ | {"PYTHONPATH": path}, stdout=out, text=True)


def test_writers_of_a_new_database_lose_nothing(url: str, repository: Path) -> None:
    """They also make it together: each of them finds it empty or half a moment old."""
    writers = [child(WRITER, url, f"w{k}", repository=repository) for k in range(4)]
    assert [one.wait() for one in writers] == [0] * 4
    state = State(url)
    events = state.book_events(ME)
    assert [one.n for one in events] == list(range(1, 4 * 2 * EVENTS + 1))
    for k in range(4):
        mine = [one for one in events if one.by == f"w{k}"]
        assert [one.symbol for one in mine] == [str(j) for j in range(EVENTS) for _ in range(2)]
        assert all(second.n == first.n + 1 for first, second in zip(mine[::2], mine[1::2], strict=True)), "two of one call have one place"
    assert len(state.incidents(ME, history=True)) == 1


def test_who_is_killed_while_writing_leaves_all_of_a_call_or_nothing(url: str, repository: Path) -> None:
    state = State(url)
    for k in range(6):
        before = len(state.book_events(ME))
        with child(KILLED, url, repository=repository, out=subprocess.PIPE) as process:
            assert process.stdout is not None
            said = [process.stdout.readline()]
            time.sleep(0.004 * k)
            process.send_signal(signal.SIGKILL)
            said += process.stdout.read().split()
        events = state.book_events(ME)
        written = len(events) - before
        assert written % 7 == 0 and written // 7 >= len(said), "what was said to be kept is kept, and no call by halves"
        assert written // 7 <= len(said) + 1
        assert [one.n for one in events] == list(range(1, len(events) + 1))
        state.record(ME, event())  # nobody holds the lock of the dead


def test_who_is_killed_while_making_a_database_leaves_one_that_opens(new: Callable[[str], str], repository: Path) -> None:
    for kind in ("sqlite", "postgresql"):
        url = new(kind)
        for k in range(5):
            with child(OPENED, url, repository=repository, out=subprocess.PIPE) as process:
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(0.01 * k)
                process.send_signal(signal.SIGKILL)
        assert State(url).record(ME, event())[0].n == 1


def test_a_reader_sees_one_moment_while_another_writes(url: str) -> None:
    reader, writer = State(url), State(url)
    writer.record(ME, event())
    with reader._reading() as connection:
        first = database.found(connection, BookEvent, ME)
        writer.record(ME, event())
        assert database.found(connection, BookEvent, ME) == first
    assert len(reader.book_events(ME)) == 2


def test_a_writer_that_holds_on_is_said(new: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("sqlite", "postgresql"):
        monkeypatch.setattr(database, "PATIENCE", 1)
        url = new(kind)
        state = State(url)
        other = State(url)
        with state._writing(), pytest.raises(Unwritable, match="is held by another process for 1 s"):
            other.record(ME, event())
        assert other.record(ME, event())[0].n == 1
