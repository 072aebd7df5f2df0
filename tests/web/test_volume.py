"""Ten years and five thousand trades: pages stay small, ask the database a few times and read what is frozen once."""

import gc
import shutil
import tracemalloc
from pathlib import Path

import pytest

from springback.state.database import Database
from springback.web.contents import PAGES
from springback.workflow import history
from tests.once import made_once
from tests.web.decade import grow
from tests.web.homes import Browser, browser_at, make

MOST_BYTES = 300_000
MOST_QUESTIONS = 16
"""Of the database, for the dearest page."""


@pytest.fixture(scope="module")
def decade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def fill(home: Path) -> None:
        make(home)
        assert grow(home / "desk") > 2500

    return made_once(tmp_path_factory, "decade", fill)


@pytest.fixture
def operator(decade: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Somebody at a desk of ten years."""
    home = shutil.copytree(decade, tmp_path / "home", copy_function=shutil.copy2)
    monkeypatch.chdir(home)
    browser = browser_at(home)
    browser.enter()
    return browser


def test_pages_stay_small_and_ask_little(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    reading = Database._reading
    monkeypatch.setattr(Database, "_reading", lambda self: (asked.append("?"), reading(self))[1])
    read: list[Path] = []
    line_of = history.read
    monkeypatch.setattr(history, "read", lambda place: (read.append(place), line_of(place))[1])
    for page in PAGES:
        operator.get(f"/a/desk/{page}?symbol=SYM5")
        asked.clear()
        read.clear()
        answer = operator.get(f"/a/desk/{page}?symbol=SYM5")
        assert answer.status_code == 200 and "This cannot be shown" not in answer.text, page
        assert len(answer.content) < MOST_BYTES, f"{page}: {len(answer.content):,} bytes"
        assert len(asked) <= MOST_QUESTIONS, f"{page} asks {len(asked)} times"
        assert read == [], f"{page} reads {len(read)} decisions again"


def test_a_csv_file_has_every_row(operator: Browser) -> None:
    lines = operator.get("/a/desk/costs/costs-by-session.csv").text.splitlines()
    assert len(lines) > 2500 and lines[0] == "Session,Fees,Slippage,Fills,Of equity"


@pytest.mark.slow
def test_memory_is_flat(operator: Browser) -> None:
    for page in PAGES:
        operator.get(f"/a/desk/{page}")
    tracemalloc.start()
    for _ in range(3):
        operator.get("/a/desk/today")
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for k in range(60):
        operator.get(("/a/desk/today", "/a/desk/regime", "/a/desk/incidents", f"/a/desk/orders?session=2020-03-{k % 28 + 1:02d}")[k % 4])
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 1_500_000, f"{after - before:,} bytes more after 60 requests"
