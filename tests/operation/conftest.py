"""What the tests of the evening share: a store and a trained pair, made once for all workers."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from tests.operation.live import Live, make


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store up to the evening before the first and its models, to be copied."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder = root / "begun"
    with (root / "begun.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not folder.is_dir():
            making = tmp_path_factory.mktemp("begin")
            make(making)
            making.rename(folder)
    return folder


@pytest.fixture
def live(begun: Path, tmp_path: Path) -> Live:
    """A desk with cash and no evening yet."""
    return Live(shutil.copytree(begun, tmp_path / "home")).begin()
