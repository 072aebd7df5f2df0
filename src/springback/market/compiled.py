"""Kept while rooms move to `springback.compiled`."""

from springback.compiled import COMPILED, compiled, compiled_parallel, prange

__all__ = ["COMPILED", "compiled", "compiled_parallel", "prange"]
