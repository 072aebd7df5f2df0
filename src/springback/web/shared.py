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
    version: int
    at: float
    value: Any


class Shared:
    """Keeps what was made under a key for one `version` of what it was made of; of those who ask at once one makes it, the others wait."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, key: Hashable, version: int | None, make: Callable[[], Any]) -> Any:
        """What `make` gives, or gave for this version; without a version it is always made."""
        if version is None:
            return make()
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            known = self._kept.get(key)
            if known is None or known.version != version or time.monotonic() - known.at > OLD:
                known = _Kept(version, time.monotonic(), make())
                self._keep(key, known)
            return known.value

    def _keep(self, key: Hashable, page: _Kept) -> None:
        with self._lock:
            self._kept[key] = page
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._locks.pop(self._kept.popitem(last=False)[0], None)
