"""The journal's two databases, which are the state's, and a folder in memory: a commit there waits for no disk."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.state.conftest import new, postgres, url

__all__ = ["memory", "new", "postgres", "url"]
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="springback-", dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as folder:
        yield Path(folder)
