"""A page that is open hears of a write within a second, whoever made it; and no more follow than may."""

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median

import httpx
import psycopg
import pytest

from springback.market.prose import Prose
from springback.state.order_rows import OrderFill
from springback.state.rows import Halt
from springback.state.state import State
from springback.trading.journal import Answer
from springback.trading.order_journal import OrderJournal, Plan
from springback.web import dashboard as dashboard_module
from springback.workflow.order_journal import journal_of
from springback.workflow.web_settings import Web
from tests.postgres import address
from tests.state.conftest import postgres  # noqa: F401 (a fixture)
from tests.web.homes import NOW, PASSWORD
from tests.web.served import served

ACCOUNT = "PA3FOLLOWED"
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
        waits = []
        for code in ("one", "two", "three"):
            time.sleep(0.3)
            writing = threading.Thread(target=pause, args=(home, code))
            writing.start()
            writing.join()
            began = time.monotonic()
            waits.append(told(lines, "changed") - began)
        assert median(waits) < 1, waits  # one of them may meet a machine that is busy


@pytest.fixture(params=["sqlite", "postgresql"])
def broker(request: pytest.FixtureRequest, home: Path) -> OrderJournal:
    """The journal of an account at a broker that has an order there; its state is a file, or a server's."""
    folder = home / "desk" / ACCOUNT
    newest = max(place.name for place in (home / "desk").glob("20*"))
    shutil.copytree(home / "desk" / newest, folder / newest)
    if request.param == "postgresql":
        place = request.getfixturevalue("postgres")
        with psycopg.connect(address(place, "postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE followed")
        (home / "springback.toml").write_text(f'[paths]\nstate = "{address(place, "followed")}"\n')
    journal = replace(journal_of(folder, ACCOUNT), settle=0.0)
    plan = Plan(date.fromisoformat(newest), "AAPL", "buy", "entry", Decimal(10), 150.0, "entry")
    order = journal.plan(plan, NOW)
    with journal.state.lease(ACCOUNT, "the trader") as lease:
        journal.send(order.client_id, NOW, lease, asset_id="x")
    journal.record(order.client_id, Answer("accepted", "b1"), NOW)
    return journal


def test_a_fill_is_seen_within_a_second_of_its_row(home: Path, broker: OrderJournal) -> None:
    """By an open page, in a file and in a server's database; the page that is asked for then has it."""
    (order,) = broker.orders()
    orders = f"/a/{ACCOUNT}/orders"
    with served(home) as (_, at), entered(at) as client, client.stream("GET", f"/events/{ACCOUNT}", headers=HEADERS) as answer:
        lines = answer.iter_lines()
        told(lines, "hello")
        time.sleep(1)
        before = client.get(orders).text
        assert "accepted" in before and "→ fill" not in before
        waits = []
        for k in range(3):
            fill = OrderFill(f"e{k}", order.client_id, NOW, Decimal(2), Decimal("150.5"), Decimal(0))
            broker.fill(fill, NOW)
            written = time.monotonic()
            waits.append(told(lines, "changed") - written)
            assert client.get(orders).text.count("→ fill") == k + 1
            time.sleep(0.5)
        assert median(waits) < 1, waits


def test_fifty_who_follow_are_told_and_shown_what_was_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One write, fifty open pages: each asks anew, and the page is made a few times for all of them."""
    made: list[str] = []
    build = dashboard_module.built
    monkeypatch.setattr(dashboard_module, "built", lambda *given: (made.append("?"), build(*given))[1])

    async def one(client: httpx.AsyncClient, ready: asyncio.Semaphore) -> str:
        async with client.stream("GET", "/events/desk", headers=HEADERS) as answer:
            async for line in answer.aiter_lines():
                if line == "event: hello":
                    ready.release()
                if line == "event: changed":
                    return (await client.get("/a/desk/today")).text
        raise AssertionError("the stream ended")

    async def all_of_them(address: str, cookies: httpx.Cookies) -> list[str]:
        ready = asyncio.Semaphore(0)
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=address, cookies=cookies, limits=limits, timeout=60) as client:
            following = [asyncio.create_task(one(client, ready)) for _ in range(50)]
            for _ in following:
                await ready.acquire()
            await client.get("/a/desk/today")
            made.clear()
            await asyncio.to_thread(pause, home, "of one moment")
            return list(await asyncio.gather(*following))

    with served(home) as (_, at), entered(at) as client:
        texts = asyncio.run(all_of_them(at, client.cookies))
    assert len(texts) == 50 and all("OF ONE MOMENT" in text for text in texts) and len(made) <= 5


def test_a_new_decision_is_heard(home: Path) -> None:
    with served(home) as (_, address), entered(address) as client, client.stream("GET", "/events/desk", headers=HEADERS) as answer:
        lines = answer.iter_lines()
        told(lines, "hello")
        waits = []
        for day in (1, 2, 3):
            time.sleep(0.7)
            (home / "desk" / str(date(2023, 2, day))).mkdir()
            began = time.monotonic()
            waits.append(told(lines, "changed") - began)
        assert median(waits) < 1.5, waits


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
