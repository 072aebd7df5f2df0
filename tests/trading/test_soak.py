"""Sessions of a simulated account under random faults: every share, order and row is accounted for after each, and memory stays flat."""

import gc
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from springback.market.book import FILLED, Event, apply
from tests.trading.soak import FAULTS, Life, dying

SESSIONS = 50
"""Of a life."""
MEMORY = Path("/dev/shm")
GROWTH = 40.0
"""Megabytes that the process may grow by once it has lived two lives."""


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where the machine offers that: what is synced there costs nothing."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None, prefix="soak-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def resident() -> float:
    """Megabytes of the process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def lived(folder: Path, seeds: range) -> tuple[Counter[str], list[float]]:
    """How often each fault struck in the lives of `seeds`, the laws held after each session, and the megabytes after each life."""
    strokes: Counter[str] = Counter()
    sizes = []
    for seed in seeds:
        life = Life(folder / str(seed), seed, SESSIONS + 1)
        with dying(life):
            life.run()
        strokes += life.broker.strokes
        strokes["sendings"] += life.sends
        strokes["orders"] += len(life.journal.orders())
        shutil.rmtree(life.home)
        sizes.append(resident())
        told = f"{len(sizes) * SESSIONS:,} sessions, seeds {seeds[0]} to {seed}, {sizes[-1]:.0f} MB:"
        print(told, dict(sorted(strokes.items())), flush=True)
    return strokes, sizes


def sound(strokes: Counter[str], sizes: list[float]) -> None:
    """Every kind of fault struck, and the process did not grow."""
    assert set(FAULTS) <= set(strokes), set(FAULTS) - set(strokes)
    assert max(sizes[2:]) - sizes[1] < GROWTH, sizes


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_five_hundred_faulty_sessions_leave_every_share_and_order_accounted_for(memory: Path) -> None:
    sound(*lived(memory, range(10)))


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("first", range(0, 204, 51))
def test_ten_thousand_faulty_sessions_leave_every_share_and_order_accounted_for(memory: Path, first: int) -> None:
    sound(*lived(memory, range(first, first + 51)))


@pytest.mark.slow
def test_the_laws_notice_a_share_too_many(memory: Path) -> None:
    life = Life(memory / "one", 0, 6, rate=0.0)
    with dying(life):
        life.session(1)
        apply(life.broker.inner.market.book, Event(FILLED, 0, 1, 30.0, 0.0))
        with pytest.raises(AssertionError):
            life.session(2)
