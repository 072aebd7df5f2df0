"""`@compiled`: machine code where numba is installed, the same lines in plain Python where it is not.

Only functions on numbers and arrays carry it. Nothing here may differ between the two: `test_compiled_and_plain_agree` holds them together.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    import numba
except ImportError:  # LEAN's cloud and the bundle run without it
    numba = None

COMPILED = numba is not None


def compiled(function: Function) -> Function:
    """`function` compiled for one core, cached on disk beside the module."""
    if numba is None:
        return function
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


def compiled_parallel(function: Function) -> Function:
    """`function` compiled with its `prange` loops spread over all cores; a plain loop without numba."""
    if numba is None:
        return function
    return numba.njit(cache=True, nogil=True, parallel=True, error_model="numpy")(function)  # type: ignore[no-any-return]


prange = range if numba is None else numba.prange
