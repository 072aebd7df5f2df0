"""What the tests of the evening share: a store and a trained pair, made once for all workers."""

import shutil
from pathlib import Path

import pytest

from tests.once import made_once
from tests.operation.live import Live, make


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store up to the evening before the first and its models, to be copied."""
    return made_once(tmp_path_factory, "begun", make)


@pytest.fixture
def live(begun: Path, tmp_path: Path) -> Live:
    """A desk with cash and no evening yet."""
    return Live(shutil.copytree(begun, tmp_path / "home")).begin()
