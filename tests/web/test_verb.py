"""`springback web`: where it listens, which accounts it shows, at which time, and what it says."""

import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from springback.cli.main import main
from springback.web import server
from springback.web.access import FILE
from springback.web.dashboard import Dashboard

Say = Callable[..., tuple[int, str, list[tuple[Dashboard, tuple[Any, ...]]]]]


@pytest.fixture
def say(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """The verb with some words: exit code, what it printed, and what would have been served where."""

    def said(*words: str) -> tuple[int, str, list[tuple[Dashboard, tuple[Any, ...]]]]:
        served: list[tuple[Dashboard, tuple[Any, ...]]] = []

        def serve(dashboard: Dashboard, at: socket.socket) -> None:
            served.append((dashboard, at.getsockname()))
            at.close()

        monkeypatch.setattr(server, "serve", serve)
        monkeypatch.setattr(sys, "argv", ["springback", "web", *words])
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out + told.err, served

    return said


def free() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def test_it_listens_where_it_is_told(say: Say) -> None:
    port = free()
    code, text, served = say("--port", port)
    assert code == 0 and f"dashboard: http://127.0.0.1:{port}" in text and "token" not in text
    (dashboard, at), *_ = served
    assert at == ("127.0.0.1", int(port)) and [one.name for one in dashboard.desks.all()] == ["desk"]
    code, text, served = say("--port", port, "--host", "localhost")
    assert code == 0 and f"http://localhost:{port}" in text
    assert say("--port", port, "--set", "web.hours=2")[2][0][0].access.hours == 2


def test_a_folder_without_an_account_is_said(say: Say) -> None:
    assert "no account lies in nowhere yet" in say("--port", free(), "--desk", "nowhere")[1]
    assert "no account" not in say("--port", free())[1]


def test_it_is_not_for_the_world(say: Say) -> None:
    code, text, served = say("--host", "0.0.0.0", "--port", free())
    assert code == 2 and "nothing is encrypted" in text and not served
    assert say("--set", "web.port=0")[0] == 2


def test_the_first_start_says_the_token(say: Say, home: Path) -> None:
    (home / FILE).unlink()
    _, text, served = say("--port", free())
    assert f"one-time token, to set the first password: {served[0][0].access.token}" in text


def test_it_shows_the_desks_that_are_named(say: Say, home: Path) -> None:
    (home / "desk").rename(home / "other")
    assert say("--port", free())[2][0][0].desks.all() == ()
    shown = say("--port", free(), "--desk", "other", "--desk", "none")[2][0][0].desks.all()
    assert [one.name for one in shown] == ["other"]


def test_a_drawn_market_may_have_its_time(say: Say) -> None:
    now = say("--port", free(), "--clock", "2023-01-11T17:00-05:00")[2][0][0].desks.now()
    begun = datetime(2023, 1, 11, 22, tzinfo=UTC)
    assert begun <= now < begun + timedelta(minutes=1)
    assert say("--clock", "yesterday")[0] == 2


def test_without_its_libraries_it_is_one_line(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.startswith("springback.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "argon2", None)
    code, text, _ = say()
    assert code == 2 and "pip install 'springback[web]'" in text and text.count("\n") <= 2
