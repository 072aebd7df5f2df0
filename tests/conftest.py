"""What every test shares: how hypothesis draws, a header that says which half of the suite can run here, and that this half does run."""

import os
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"

# A compiled kernel's first call takes seconds, so an example has no deadline; CI draws the same examples each time.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background: what a test starts must still hear a Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """One line on whether the recorded LEAN runs and the real bars are at hand."""
    return f"golden LEAN runs and real bars: {'at hand' if SHARED.is_dir() else 'absent, their tests are skipped'}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip that is a proof not made is a failure: of a test that needs ../shared where the folder is there, and in CI of a page that no
    browser opened. The tests of a real engine alone may skip: no package brings it.
    """
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and not item.get_closest_marker("engine"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if SHARED.is_dir() and (item.get_closest_marker("golden") or "shared" in reason):
            report.outcome, report.longrepr = "failed", f"skipped although {SHARED.name} is there beside the checkout: {reason}"
        elif os.environ.get("CI") and item.get_closest_marker("browser"):
            report.outcome, report.longrepr = "failed", f"no page goes unseen in CI: {reason}"
    return report


@pytest.fixture(scope="session", autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder of its own: what a test runs is written into a trial ledger there, never into the checkout."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("elsewhere")
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store and the models of the small market, fixed and walk-forward: made once for all workers, to be read alone."""
    from tests.once import made_once
    from tests.terminal import TINY, done, springback

    def make(folder: Path) -> None:
        for verb in ("train", "forecast"):
            done(springback(folder, verb, *TINY, "--quiet"))

    return made_once(tmp_path_factory, "trained", make)


@pytest.fixture(scope="module")
def trained_home(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `trained` that the tests of one module may write in."""
    return shutil.copytree(trained, tmp_path_factory.mktemp("home") / "home")
