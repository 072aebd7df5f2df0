"""A page that is open hears of a write within a second, whoever made it; and no more follow than may."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import pytest

from springback.market.prose import Prose
from springback.state.rows import Halt
from springback.state.state import State
from springback.workflow.web_settings import Web
from tests.web.homes import NOW, PASSWORD
from tests.web.served import served

HEADERS = {"sec-fetch-site": "same-origin"}


@contextmanager
def entered(address: str) -> Iterator[httpx.Client]:
    """Somebody who has signed in."""
    with httpx.Client(base_url=address, timeout=10) as client:
        csrf = client.get("/sign-in").text.partition('name="csrf" value="')[2].partition('"')[0]
        answer = client.post("/sign-in", data={"csrf": csrf, "password": PASSWORD}, headers={"origin": address})
        assert answer.status_code == 303
        yield client


def pause(home: Path, code: str) -> None:
    State(home / "desk" / "state.sqlite").halt("desk", Halt("entries", code, Prose("why"), "somebody", NOW))


def told(lines: Iterator[str], event: str) -> float:
    """When the event came."""
    for line in lines:
        if line == f"event: {event}":
            return time.monotonic()
    raise AssertionError(f"the stream ended without {event}")


def test_a_write_is_heard_within_a_second(home: Path) -> None:
    with served(home) as (_, address), entered(address) as client, client.stream("GET", "/events/desk", headers=HEADERS) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream") and answer.headers["cache-control"] == "no-store"
        lines = answer.iter_lines()
        told(lines, "hello")
        for code in ("one", "two", "three"):
            time.sleep(0.3)
            writing = threading.Thread(target=pause, args=(home, code))
            writing.start()
            writing.join()
            began = time.monotonic()
            assert told(lines, "changed") - began < 1


def test_a_new_decision_is_heard(home: Path) -> None:
    with served(home) as (_, address), entered(address) as client, client.stream("GET", "/events/desk", headers=HEADERS) as answer:
        lines = answer.iter_lines()
        told(lines, "hello")
        time.sleep(0.7)
        (home / "desk" / str(date(2023, 2, 1))).mkdir()
        began = time.monotonic()
        assert told(lines, "changed") - began < 1.5


def test_the_stream_ends_with_the_session(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(home) as (dashboard, address), entered(address) as client, client.stream("GET", "/events/desk", headers=HEADERS) as answer:
        lines = answer.iter_lines()
        told(lines, "hello")
        dashboard.access.set_password("reader", "another one for looking")
        time.sleep(0.3)
        pause(home, "one")
        told(lines, "changed")
        assert not [line for line in lines if line.startswith("event")], "nothing more comes"


def test_no_more_follow_than_may(home: Path) -> None:
    with served(home, web=Web(readers=2)) as (dashboard, address), entered(address) as client:
        with client.stream("GET", "/events/desk", headers=HEADERS) as one, client.stream("GET", "/events/desk", headers=HEADERS) as other:
            assert one.status_code == other.status_code == 200
            lines = one.iter_lines(), other.iter_lines()
            assert all(told(each, "hello") for each in lines)
            assert client.get("/events/desk", headers=HEADERS).status_code == 503
        for _ in range(50):
            if dashboard.watchers.count == 0:
                break
            pause(home, f"so that they notice {_}")
            time.sleep(0.1)
        assert dashboard.watchers.count == 0, "who leaves makes room"
        time.sleep(1.5)
        assert not [one for one in threading.enumerate() if one.name.startswith("changes of")], "and nobody watches for nobody"
