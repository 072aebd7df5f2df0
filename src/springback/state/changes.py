"""Hearing that something was written: by this process or another, on this machine or, with PostgreSQL, on any."""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy.exc import DBAPIError

from springback.state.database import CHANNEL, Database

PAUSE = 0.1
"""Seconds between two looks at a file's version."""


class Changes:
    """Waits for the next write into a state database, within its block and in one thread."""

    def __init__(self, state: Database) -> None:
        self.state = state
        self._listener: Any = None
        self._reader: sqlite3.Connection | None = None
        self._seen = (0, 0)

    def __enter__(self) -> Self:
        if self.state.url.get_backend_name() == "sqlite":
            self._seen = self._version()
        else:
            with suppress(self._lost, DBAPIError):  # `wait` tries again
                self._listen()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leave()

    @property
    def _lost(self) -> type[Exception]:
        """What the driver raises where the server is gone."""
        found: type[Exception] = self.state._engine.dialect.loaded_dbapi.Error
        return found

    def wait(self, seconds: float) -> bool:
        """Whether something was written within so many seconds; returns as soon as it was. A database that is back has changed."""
        if self.state.url.get_backend_name() == "sqlite":
            return self._watch(seconds)
        try:
            if self._listener is None:
                self._listen()
                return True
            return any(True for _ in self._listener.notifies(timeout=seconds, stop_after=1))
        except (self._lost, DBAPIError):
            self._leave()
            time.sleep(seconds)
            return False

    def _watch(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while True:
            found = self._version()
            if found != self._seen:
                self._seen = found
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(min(PAUSE, seconds))

    def _version(self) -> tuple[int, int]:
        """Which file it is, and how often it was written as this reader sees it."""
        file = Path(self.state.name)
        try:
            which = file.stat().st_ino
            if self._reader is None or which != self._seen[0]:
                self._leave()
                self._reader = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            return which, int(self._reader.execute("PRAGMA data_version").fetchone()[0])
        except (OSError, sqlite3.Error):
            self._leave()
            return 0, 0

    def _listen(self) -> None:
        fresh = self.state._engine.raw_connection()
        self._listener = fresh.driver_connection
        fresh.detach()
        self._listener.autocommit = True
        self._listener.execute(f"LISTEN {CHANNEL}")

    def _leave(self) -> None:
        for one in (self._reader, self._listener):
            if one is not None:
                one.close()
        self._reader = self._listener = None
