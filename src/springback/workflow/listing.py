"""What lies in a folder, listed once for each time that it changed: a desk of ten years has thousands of entries."""

import os
import threading
import time
from collections import OrderedDict
from pathlib import Path

SETTLED = 2 * 10**9
"""Nanoseconds after which a change is old: what came within one tick of a listing would bear the same time."""
MOST = 64
_KEPT: OrderedDict[str, tuple[tuple[int, int], tuple[str, ...]]] = OrderedDict()
_LOCK = threading.Lock()


def names(folder: Path) -> tuple[str, ...]:
    """The names in `folder`, in order. Raises `OSError` where it is none."""
    place, told = os.path.abspath(folder), os.stat(folder)  # noqa: PTH100, PTH116 (the plain calls are the fast ones)
    stamp = told.st_ino, told.st_mtime_ns
    known = _KEPT.get(place)
    if known is not None and known[0] == stamp:
        return known[1]
    found = tuple(sorted(os.listdir(folder)))  # noqa: PTH208
    if abs(time.time_ns() - told.st_mtime_ns) > SETTLED:
        with _LOCK:
            _KEPT[place] = stamp, found
            while len(_KEPT) > MOST:
                _KEPT.popitem(last=False)
    return found
