"""A page that many look at is made once for all of them: after a write every open page asks anew in the same moment."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

MOST = 64
"""Pages that are kept."""
OLD = 5.0
"""Seconds after which a page is made anew whatever was written: it tells of times, and of files that no event tells of."""


@dataclass(frozen=True)
class _Kept:
    version: int | None
    at: float
    number: int
    value: Any


class Shared:
    """Keeps what was made under a key for one `version` of what it was made of. Of those who ask at once one makes it, and the others wait:
    without a version for one that was begun after they asked, so that nobody is told less than was true then.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        self._begun = 0

    def of(self, key: Hashable, version: int | None, make: Callable[[], Any]) -> Any:
        """What `make` gives, or gave for this version; without a version what was begun after this call."""
        with self._lock:
            own, asked = self._locks.setdefault(key, threading.Lock()), self._begun
        with own:
            known = self._kept.get(key)
            if known is not None and (known.number > asked or _holds(known, version)):
                return known.value
            with self._lock:
                self._begun += 1
                number = self._begun
            known = _Kept(version, time.monotonic(), number, make())
            self._keep(key, known)
            return known.value

    def _keep(self, key: Hashable, page: _Kept) -> None:
        with self._lock:
            self._kept[key] = page
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._locks.pop(self._kept.popitem(last=False)[0], None)


def _holds(known: _Kept, version: int | None) -> bool:
    return version is not None and known.version == version and time.monotonic() - known.at <= OLD
