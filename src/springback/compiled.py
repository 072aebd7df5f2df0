"""`@compiled`: machine code where numba is installed, the same lines in plain Python where it is not.

Only functions on numbers and arrays carry it. Nothing here may differ between the two: tests hold them together.

Numba keeps machine code on disk, but notices only changes of the function's own file, not of the functions it calls: after an edit of
the rule, an unchanged loop would go on with the old rule. So the cache folder is named after the sources of all compiled rooms.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
ROOMS = ("market", "features", "strategy", "backtest", "forecasting", "training")

try:
    import numba
except ImportError:  # LEAN's cloud and the bundle run without it
    numba = None

COMPILED = numba is not None


def cache_folder(package: Path) -> Path:
    """Folder for the machine code of exactly these sources, beside the package or, where that is read-only, in the temporary folder."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for source in sorted((package / room).glob("*.py")):
            digest.update(source.read_bytes())
    name = f"numba-{digest.hexdigest()[:16]}"
    beside = package / "__pycache__"
    writable = os.access(beside if beside.exists() else package, os.W_OK)
    return beside / name if writable else Path(tempfile.gettempdir()) / f"springback-{os.getuid()}" / name


if numba is not None and "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(cache_folder(Path(__file__).parent))


def compiled(function: Function) -> Function:
    """`function` compiled for one core, cached on disk."""
    if numba is None:
        return function
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


def compiled_parallel(function: Function) -> Function:
    """`function` compiled with its `prange` loops spread over all cores; a plain loop without numba."""
    if numba is None:
        return function
    return numba.njit(cache=True, nogil=True, parallel=True, error_model="numpy")(function)  # type: ignore[no-any-return]


prange = range if numba is None else numba.prange
