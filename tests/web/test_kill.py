"""Kill: an operator's session and a typed word, the file first, whatever else is broken; and never a password or a wait."""

import asyncio
import json
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from springback.errors import StateError
from springback.state.state import State
from springback.web import kill
from springback.web.access import csrf_of
from springback.web.contents import PAGES
from springback.web.page import Page
from springback.workflow.accounts import account_of
from springback.workflow.halting import killed
from springback.workflow.settings import Settings
from springback.workflow.state_place import open_state
from springback.workflow.trade_service import HEARTBEAT
from tests.web.homes import NOW, RUNNER, Browser

ACCOUNT = "DU123"
PAGE = f"/a/{ACCOUNT}/kill"


@pytest.fixture
def desk(home: Path) -> Path:
    """A broker's account beside the desk's own book."""
    folder = home / "desk" / ACCOUNT
    folder.mkdir()
    State(folder / "state.sqlite")
    return folder


def pull(browser: Browser, word: str = "KILL", **fields: str) -> tuple[int, str]:
    answer = browser.post(PAGE, {"csrf": csrf_of(browser.cookie), "word": word} | fields)
    return answer.status_code, answer.text


def test_a_typed_word_kills(operator: Browser, desk: Path) -> None:
    code, text = pull(operator, why="it runs wild")
    assert code == 200 and "nothing more is sent" in text and (desk / "KILL").exists()
    halt = State(desk / "state.sqlite").halts(ACCOUNT)[0]
    assert (halt.scope, halt.code, str(halt.why)) == ("all", "kill", "it runs wild")
    assert killed(account_of(desk, Settings(), begins=True))
    assert "KILLED" in operator.get(f"/a/{ACCOUNT}/today").text


@pytest.mark.parametrize("word", ["", "yes", "KIL"])
def test_another_word_kills_nothing(operator: Browser, desk: Path, word: str) -> None:
    assert pull(operator, word)[0] == 400 and not (desk / "KILL").exists()


def test_a_reader_or_nobody_kills_nothing(home: Path, desk: Path, reader: Browser) -> None:
    assert pull(reader)[0] == 403 and not (desk / "KILL").exists()
    reader.client.cookies.clear()
    answer = reader.post(PAGE, {"csrf": reader.csrf(), "word": "KILL"})
    assert answer.status_code == 303 and not (desk / "KILL").exists()


def test_a_form_of_elsewhere_kills_nothing(operator: Browser, desk: Path) -> None:
    fields = {"csrf": operator.csrf(PAGE), "word": "KILL"}
    assert operator.post(PAGE, fields, origin="http://evil.example").status_code == 403
    assert operator.post(PAGE, fields | {"csrf": "x"}).status_code == 403 and not (desk / "KILL").exists()


def test_it_is_never_throttled(operator: Browser, desk: Path) -> None:
    for _ in range(20):
        operator.post("/a/desk/act/pause", {"csrf": operator.csrf(PAGE), "password": "wrong wrong wrong"})
    assert operator.enter().status_code == 429
    for _ in range(20):
        assert pull(operator, "no")[0] == 400
    assert pull(operator)[0] == 200 and (desk / "KILL").exists()


def test_a_locked_database_stops_nothing(operator: Browser, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there at once, and the row follows when the other lets go."""
    monkeypatch.setattr(kill, "PATIENCE", 0.2)
    other = sqlite3.connect(desk / "state.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    code, text = pull(operator)
    assert code == 200 and "its row follows" in text and (desk / "KILL").exists() and time.monotonic() - began < 5
    other.execute("COMMIT")
    other.close()
    for _ in range(100):
        if State(desk / "state.sqlite").halts(ACCOUNT):
            break
        time.sleep(0.1)
    assert State(desk / "state.sqlite").halts(ACCOUNT)


def test_a_broken_database_stops_nothing(operator: Browser, desk: Path) -> None:
    for one in desk.glob("state.sqlite*"):
        one.write_bytes(b"no database at all" * 100)
    code, text = pull(operator)
    assert code == 200 and (desk / "KILL").exists() and "its row follows" in text
    assert "KILLED" in operator.get(f"/a/{ACCOUNT}/today").text, "and every page says so"


def test_the_row_follows_a_database_that_was_down(operator: Browser, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trader on another machine sees the row alone."""
    monkeypatch.setattr(kill, "AGAIN", 0.1)
    down = threading.Event()

    def opened(folder: Path, patience: int | None = None) -> State:
        if not down.is_set():
            raise StateError("the server is down")
        return open_state(folder, patience)

    monkeypatch.setattr(kill, "open_state", opened)
    code, text = pull(operator, why="odd")
    assert code == 200 and "its row follows" in text and (desk / "KILL").exists() and not State(desk / "state.sqlite").halts(ACCOUNT)
    time.sleep(0.3)
    down.set()
    for _ in range(100):
        if halts := State(desk / "state.sqlite").halts(ACCOUNT):
            break
        time.sleep(0.1)
    assert [(one.code, str(one.why)) for one in halts] == [("kill", "odd")]


def test_no_row_follows_once_the_file_was_taken_away(operator: Browser, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill, "AGAIN", 0.2)
    monkeypatch.setattr(kill, "open_state", lambda *_: (_ for _ in ()).throw(StateError("the server is down")))
    pull(operator)
    (desk / "KILL").unlink()
    monkeypatch.setattr(kill, "open_state", open_state)
    for _ in range(100):
        if not [one for one in threading.enumerate() if one.name.startswith("row of the kill")]:
            break
        time.sleep(0.1)
    assert not State(desk / "state.sqlite").halts(ACCOUNT)


def test_pages_that_hang_keep_nobody_from_killing(operator: Browser, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every thread of pages waits, for a database say; the switch has its own."""
    go = threading.Event()

    def hangs(_: object) -> Page:
        go.wait(60)
        return Page("It hung", "", ())

    monkeypatch.setitem(PAGES, "today", replace(PAGES["today"], page=hangs))
    told = {"csrf": csrf_of(operator.cookie), "word": "KILL"}
    headers = {"origin": operator.origin, "sec-fetch-site": "same-origin"}

    async def all_of_them() -> tuple[str, list[int]]:
        pages = [asyncio.create_task(operator.client.get(f"/a/desk/today?n={k}")) for k in range(60)]
        await asyncio.sleep(0.5)
        asked = await asyncio.wait_for(operator.client.get(PAGE), 30)
        killed = await asyncio.wait_for(operator.client.post(PAGE, data=told, headers=headers), 30)
        assert asked.status_code == 200 and not any(one.done() for one in pages)
        go.set()
        return killed.text, [one.status_code for one in await asyncio.gather(*pages)]

    text, codes = RUNNER.run(all_of_them())
    assert "nothing more is sent" in text and (desk / "KILL").exists() and codes == [200] * 60


def test_it_says_who_takes_entries_back(operator: Browser, desk: Path) -> None:
    assert "No trader runs here" in operator.get(PAGE).text and f"springback kill --account {ACCOUNT}" in pull(operator)[1]
    (desk / HEARTBEAT).write_text(json.dumps({"at": NOW.isoformat(), "pid": 1, "act": ""}))
    assert "The trader takes open entries back within seconds" in pull(operator)[1]


def test_the_page_needs_no_script_and_no_database(operator: Browser, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise AssertionError("the page asked the database")

    monkeypatch.setattr(State, "_reading", gone)
    text = operator.get(PAGE).text
    assert '<form method="post"' in text and "hx-" not in text.partition("<main")[2]


def test_without_a_broker_nothing_is_there_to_kill(operator: Browser, home: Path) -> None:
    assert "has no broker" in operator.get("/a/desk/kill").text
    answer = operator.post("/a/desk/kill", {"csrf": operator.csrf(), "word": "KILL"})
    assert answer.status_code == 404 and not (home / "desk" / "KILL").exists()
