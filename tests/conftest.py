"""What every test shares: how hypothesis draws, a header that says which half of the suite can run here, and that this half does run."""

import os
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
    """A test that needs ../shared may skip only where the folder is absent: where it is there, a skip is a proof that was not made."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and SHARED.is_dir():
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if item.get_closest_marker("golden") or "shared" in reason:
            report.outcome, report.longrepr = "failed", f"skipped although {SHARED.name} is there beside the checkout: {reason}"
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
