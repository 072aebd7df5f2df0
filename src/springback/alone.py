"""One at a time: a place that two processes would write is held by one of them, and the other is told by whom."""

import fcntl
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from springback.errors import Taken, Unwritable

PATIENCE = 1.0
"""Seconds that a holder is waited for before the place is refused: whoever only clears up is done by then."""
PAUSE = 0.05
BUSY = "{place} is being written"
LONGEST = 200  # characters of a command
Wait = Callable[[str], None] | None
_MINE = threading.local()


@contextmanager
def alone(place: Path, again: bool = True, busy: str = BUSY, wait: Wait = None, patience: float = PATIENCE) -> Iterator[None]:
    """Nobody else at work in `place` while the block runs; with `again` the same thread may ask a second time.

    The lock `.NAME.lock` lies beside `place`, so that a folder can be replaced, or in it where its parent cannot be written. It is the
    kernel's: a process that dies holds nothing. Folders made for it go with it where they stayed empty. With `wait` the holder is
    waited for, and told once; else it raises `Taken`, in the words of `busy`. Raises `Unwritable` where no lock can be made.
    """
    place = Path(place)
    home, name = place.absolute().parent, f".{place.absolute().name}.lock"
    if place.is_dir() and not os.access(home, os.W_OK):
        home = place.absolute()
    lock = home / name
    mine: set[str] = _MINE.__dict__.setdefault("held", set())
    key = os.path.realpath(home) + "/" + lock.name
    if again and key in mine:
        yield
        return
    made = _make(home, place)
    try:
        handle = _take(lock, place, busy, wait, patience)
        mine.add(key)
        try:
            yield
        finally:
            mine.discard(key)
            lock.unlink(missing_ok=True)
            os.close(handle)
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def _make(home: Path, place: Path) -> list[Path]:
    """Makes `home`; the folders that were made for it, the innermost first."""
    missing = [one for one in (home, *home.parents) if not one.exists()]
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(place, error) from None
    return missing


def _take(lock: Path, place: Path, busy: str, wait: Wait, patience: float) -> int:
    """The open lock file, once it is ours."""
    deadline, told = time.monotonic() + patience, False
    while True:
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # another holder cleared the empty folder away
            _make(lock.parent, place)
            continue
        except OSError as error:
            raise _refused(place, error) from None
        if _locked(handle, lock):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(_self()).encode(), 0)
            return handle
        os.close(handle)
        if time.monotonic() > deadline and (wait is None or not told):
            told, said = True, f"{busy.format(place=place)} by {holder(lock)}"
            if wait is None:
                raise Taken(f"{said}: wait until it is done, or give another folder")
            wait(f"{said}: waiting for it")
        time.sleep(PAUSE)


def _locked(handle: int, lock: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), lock.stat())  # not one that its holder has just taken away
    except OSError:
        return False


def _self() -> dict[str, str | int]:
    words = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    command = words if len(words) <= LONGEST else f"{words[: LONGEST - 3]}..."
    since = datetime.now(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00") + " UTC"
    return {"pid": os.getpid(), "host": socket.gethostname(), "command": command, "since": since}


def holder(lock: Path) -> str:
    """Who has a lock, in words."""
    try:
        told = json.loads(lock.read_text(encoding="utf-8"))
        return f"process {told['pid']} on {told['host']} since {told['since']} ('{told['command']}')"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _refused(place: Path, error: OSError) -> Unwritable:
    return Unwritable(f"{place} cannot be written ({error.strerror or error}): choose another place or free it")
