"""Ten years and five thousand trades: pages stay small, ask the database a few times, read what is frozen once, and ask no broker."""

import gc
import os
import shutil
import socket
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine

from springback.market.prose import Prose
from springback.state import database, orders, trading
from springback.state.rows import Halt
from springback.state.state import State
from springback.state.tables import HALT, INCIDENT
from springback.web.acts import DEEDS
from springback.web.contents import PAGES
from springback.workflow import history
from tests.once import made_once
from tests.web.decade import NUMBER, grow, traded
from tests.web.homes import NOW, PASSWORD, Browser, browser_at, make

MOST_BYTES = 300_000
MOST_QUESTIONS = {"desk": 16, NUMBER: 28}
"""Of the database, for the dearest page."""
MOST_GROWN = 24 * 2**20
"""Bytes in nine thousand requests."""


@pytest.fixture(scope="module")
def decade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def fill(home: Path) -> None:
        make(home)
        assert grow(home / "desk") > 2500 and traded(home / "desk") > 5000

    return made_once(tmp_path_factory, "decade", fill)


@pytest.fixture
def operator(decade: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Somebody at a desk of ten years."""
    home = shutil.copytree(decade, tmp_path / "home", copy_function=shutil.copy2)
    monkeypatch.chdir(home)
    browser = browser_at(home)
    browser.enter()
    return browser


@pytest.mark.parametrize("account", ["desk", NUMBER])
def test_pages_stay_small_and_ask_little(operator: Browser, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    found = database.found
    for module in (database, orders, trading):
        if hasattr(module, "found"):
            monkeypatch.setattr(module, "found", lambda *given: (asked.append("?"), found(*given))[1])
    opened: list[int] = []
    engine_begin = Engine.begin
    monkeypatch.setattr(Engine, "begin", lambda self: (opened.append(1), engine_begin(self))[1])
    read: list[Path] = []
    line_of = history.read
    monkeypatch.setattr(history, "read", lambda place: (read.append(place), line_of(place))[1])
    for page in PAGES:
        operator.get(f"/a/{account}/{page}?symbol=SYM5")
        asked.clear()
        read.clear()
        opened.clear()
        answer = operator.get(f"/a/{account}/{page}?symbol=SYM5")
        assert answer.status_code == 200 and "This cannot be shown" not in answer.text, page
        assert len(answer.content) < MOST_BYTES, f"{page}: {len(answer.content):,} bytes"
        assert len(asked) <= MOST_QUESTIONS[account], f"{page} asks {len(asked)} times"
        assert len(opened) <= 2, f"{page} opens {len(opened)} connections: it is read in one moment (and what it acts on in another)"
        assert read == [], f"{page} reads {len(read)} decisions again"


def test_what_is_frozen_is_read_ahead(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anybody asks, so that the first page waits for no ten years."""
    operator.dashboard.desks.read_ahead()
    read: list[Path] = []
    line_of = history.read
    monkeypatch.setattr(history, "read", lambda place: (read.append(place), line_of(place))[1])
    for account in ("desk", NUMBER):
        assert operator.get(f"/a/{account}/today").status_code == operator.get(f"/a/{account}/live").status_code == 200
    assert read == []


def test_a_page_reads_one_moment(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written while it is made is in none of it, or in all."""
    state = State(Path("desk") / "state.sqlite")
    halts, count = State.halts, iter(range(99))

    def seen(self: State, *given: object, **more: object) -> object:
        if next(count) == 1:
            state.halt("desk", Halt("entries", "late", Prose("the news of a moment"), "somebody", NOW))
        return halts(self, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(State, "halts", seen)
    assert "the news of a moment" not in operator.get("/a/desk/incidents").text
    assert "the news of a moment" in operator.get("/a/desk/incidents").text


def test_no_page_and_no_act_waits_for_a_broker(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every broker hangs, and nobody dials: a connection that is tried at all is a fault."""

    def dialled(_: object, address: object) -> None:
        raise AssertionError(f"somebody dialled {address}")

    with socket.socket() as deaf:  # accepts, and never answers
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        knobs = f'[brokers]\naccount = "{NUMBER}"\nalpaca_url = "http://127.0.0.1:{port}"\nib_port = {port}\n'
        Path("springback.toml").write_text(knobs)
        monkeypatch.setattr(socket.socket, "connect", dialled)
        monkeypatch.setattr(socket.socket, "connect_ex", dialled)
        for page in PAGES:
            assert operator.get(f"/a/{NUMBER}/{page}?symbol=SYM5").status_code == 200, page
        csrf = operator.csrf(f"/a/{NUMBER}/today")
        for name in DEEDS:
            given = {"csrf": csrf, "password": PASSWORD, "why": "x", "by": "Ann", "only": "all of them", "known": "1", "word": NUMBER}
            assert operator.post(f"/a/{NUMBER}/act/{name}", given).status_code in (303, 409), name
        assert operator.post(f"/a/{NUMBER}/kill", {"csrf": csrf, "word": "KILL"}).status_code == 200


def test_what_is_open_is_not_lost_among_years_of_what_is_over(operator: Browser) -> None:
    state = State(Path("desk") / NUMBER / "state.sqlite")
    with state._writing() as connection:
        for table in (HALT, INCIDENT):
            connection.execute(table.update().where(table.c.n == 7).values({"lifted_by": ""} if table is HALT else {"closed_at": None}))
    text = operator.get(f"/a/{NUMBER}/incidents").text
    first = [text.partition(f'id="{name}"')[2].partition("<tbody>")[2].partition("</tr>")[0] for name in ("incidents", "halts")]
    assert all(">7</td>" in one for one in first) and "1 incident" in text


def test_a_csv_file_has_every_row(operator: Browser) -> None:
    lines = operator.get("/a/desk/costs/costs-by-session.csv").text.splitlines()
    assert len(lines) > 2500 and lines[0] == "Session,Fees,Slippage,Fills,Of equity"


@pytest.mark.slow
def test_memory_is_flat(operator: Browser) -> None:
    """Ten thousand requests, of many addresses: what is kept of pages is bounded by their number, not by how many are asked for."""
    names = [f"/a/{account}/{page}" for account in ("desk", NUMBER) for page in PAGES]
    for address in names * 2:
        operator.get(address)
    process = psutil.Process(os.getpid())
    sizes = []
    for k in range(10_000):
        if k % 1000 == 0:
            gc.collect()
            sizes.append(process.memory_info().rss)
        light = ("today", "incidents", "symbol", "models")[k % 4]
        address = names[k % len(names)] if k % 10 == 0 else f"/a/desk/{light}?symbol=SYM{k % 97}&n={k}"
        assert operator.get(address).status_code == 200
    gc.collect()
    grown = process.memory_info().rss - sizes[1]
    assert grown < MOST_GROWN, f"{grown:,} bytes more than after the first thousand requests: {[one // 2**20 for one in sizes]} MB"
