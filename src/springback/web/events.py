"""What a page hears while it is open: that something was written, by whomever, within a second."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from springback.errors import Taken
from springback.state.changes import Changes
from springback.state.state import State

LOOK = 0.5
"""Seconds between two looks at the folder."""
PING = 15.0
"""Seconds of silence after which a line says that the connection lives."""
REST = 0.1
"""Seconds in which what follows a write is told with it."""
HELLO, CHANGED, ALIVE = "retry: 2000\nevent: hello\ndata: 1\n\n", "event: changed\ndata: 1\n\n", ": alive\n\n"


class Watcher:
    """Hears of writes into one account's `state` and `folder`, by one thread, for as long as somebody follows."""

    def __init__(self, state: State, folder: Path) -> None:
        self.state, self.folder = state, folder
        self._followers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._running = False
        self._count = 0

    @property
    def version(self) -> int | None:
        """How often something was heard; None while nobody listens, for then nothing is."""
        return self._count if self._running else None

    @contextmanager
    def followed(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set at each write; whoever waits for it clears it."""
        event = asyncio.Event()
        with self._lock:
            self._followers[event] = asyncio.get_running_loop()
            if not self._running:
                self._running = True
                threading.Thread(target=self._watch, name=f"changes of {self.folder.name}", daemon=True).start()
        try:
            yield event
        finally:
            with self._lock:
                self._followers.pop(event, None)

    def _watch(self) -> None:
        with Changes(self.state) as changes:
            seen = self._stamp()
            while self._wanted():
                heard, now = changes.wait(LOOK), self._stamp()
                if heard or now != seen:
                    seen = now
                    self._tell()

    def _wanted(self) -> bool:
        with self._lock:
            self._running = bool(self._followers)
            return self._running

    def _tell(self) -> None:
        with self._lock:
            self._count += 1
            for event, loop in self._followers.items():
                with suppress(RuntimeError):  # a loop that has ended hears nothing
                    loop.call_soon_threadsafe(event.set)

    def _stamp(self) -> int:
        """Which decisions, switches and other files there are; those of the database come and go with whoever reads it."""
        try:
            names = [*os.listdir(self.folder), *(f"../{one}" for one in os.listdir(self.folder.parent))]  # noqa: PTH208
        except OSError:
            return 0
        return hash(frozenset(one for one in names if "sqlite" not in one and "/." not in one and not one.startswith(".")))


class Watchers:
    """The watchers of all accounts, and how many follow them: at most `most`."""

    def __init__(self, most: int) -> None:
        self.most, self.count = most, 0
        self._known: dict[Path, Watcher] = {}

    def version(self, folder: Path) -> int | None:
        """How often something was heard of a folder; None while nobody listens."""
        known = self._known.get(folder)
        return None if known is None else known.version

    def of(self, state: State, folder: Path) -> Watcher:
        """The one of a folder."""
        known = self._known.get(folder)
        if known is None or known.state is not state:
            known = self._known[folder] = Watcher(state, folder)
        return known

    @contextmanager
    def place(self) -> Iterator[None]:
        """One more who follows. Raises `Taken` where there are too many."""
        if self.count >= self.most:
            raise Taken(f"{self.most} readers follow the events already (web.readers)", value=self.count, limit=self.most)
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


async def stream(watcher: Watcher, watchers: Watchers, allowed: Callable[[], bool]) -> AsyncIterator[str]:
    """Server-sent events of `watcher`, until the visitor is no longer `allowed` or leaves; none where the last place has just gone."""
    if watchers.count >= watchers.most:
        return
    with watchers.place(), watcher.followed() as event:
        yield HELLO
        while allowed():
            try:
                await asyncio.wait_for(event.wait(), PING)
            except TimeoutError:
                yield ALIVE
                continue
            await asyncio.sleep(REST)
            event.clear()
            yield CHANGED
