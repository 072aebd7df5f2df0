"""What the tests of the dashboard share: a project, made once for all workers."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.once import made_once
from tests.web.homes import RUNNER, Browser, browser_at, make, make_walked


@pytest.fixture(scope="session", autouse=True)
def loop() -> Iterator[None]:
    """Ends the visitors' loop with the tests."""
    yield
    RUNNER.close()


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project to be copied."""
    return made_once(tmp_path_factory, "decided", make)


@pytest.fixture(scope="session")
def walked(decided: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with something on every page, to be copied or only read."""
    return made_once(tmp_path_factory, "walked", partial(make_walked, decided))


@pytest.fixture
def home(decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a project of this test alone."""
    found = shutil.copytree(decided, tmp_path / "home")
    monkeypatch.chdir(found)
    return found


@pytest.fixture
def browser(home: Path) -> Browser:
    """Somebody who has not signed in."""
    return browser_at(home)


@pytest.fixture
def operator(browser: Browser) -> Browser:
    """An operator."""
    browser.enter()
    return browser


@pytest.fixture
def reader(browser: Browser) -> Browser:
    """A reader."""
    browser.enter("reader")
    return browser
