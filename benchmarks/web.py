"""How long the dashboard's pages take with ten years of evenings and five thousand fills, one reader and many, and what memory does.

Pages are asked one after the other as a browser does, behind the door, without a network: of the desk's own account, and of one at a broker
with the order journal, steps and attributions of those years. Beside the wall's time stands the processor's, which others at work on the
machine change less. The ratio is that of a page's processor time to the 100 ms that one may take. Then the server is at work on a port, and
readers in a process of their own ask it at once: some without a live page, and the same with one, all of whom hear of the same write.
Run: python benchmarks/web.py [--years 10] [--readers 50] [--requests 10000]
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "src")]

from springback.market.prose import Prose  # noqa: E402
from springback.state.rows import Halt  # noqa: E402
from springback.state.state import State  # noqa: E402
from springback.web.contents import PAGES  # noqa: E402
from tests.web.decade import NUMBER, grow, traded  # noqa: E402
from tests.web.homes import NOW, RUNNER, Browser, browser_at, make  # noqa: E402
from tests.web.served import served  # noqa: E402

LIMIT = 100.0
ACCOUNTS = ("desk", NUMBER)
SPAWN = multiprocessing.get_context("spawn")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--requests", type=int, default=10_000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="springback-web-") as name:
        home = Path(name)
        make(home)
        print(f"{grow(home / 'desk', told.years):,} sessions, {traded(home / 'desk'):,} orders; load {os.getloadavg()[0]:.1f}")
        os.chdir(home)
        browser = browser_at(home)
        browser.enter()
        for account in ACCOUNTS:
            pages(browser, account)
        many(home, browser.cookie, told.readers)
        memory(browser, told.requests)
        os.chdir("/")
    RUNNER.close()


def pages(browser: Browser, account: str) -> None:
    """Each page by itself, the first look apart."""
    print(f"{account:<12}{'first, ms':>10}{'median':>8}{'95 %':>8}{'cpu, ms':>9}{'kB':>7}{'ratio':>7}")
    for page in PAGES:
        first = timed(browser, account, page)
        began = time.process_time()
        later = [timed(browser, account, page) for _ in range(15)]
        cpu = 1000 * (time.process_time() - began) / len(later)
        size = len(browser.get(f"/a/{account}/{page}").content) / 1000
        middle, high = np.percentile(later, [50, 95])
        print(f"{page:<12}{first:>10.0f}{middle:>8.0f}{high:>8.0f}{cpu:>9.0f}{size:>7.0f}{cpu / LIMIT:>7.2f}")


def timed(browser: Browser, account: str, page: str) -> float:
    """Milliseconds of one look."""
    began = time.perf_counter()
    assert browser.get(f"/a/{account}/{page}?symbol=SYM5").status_code == 200
    return 1000 * (time.perf_counter() - began)


def many(home: Path, cookie: str, readers: int) -> None:
    """So many readers who ask for Today at once, without and with a live page."""
    with served(home) as (dashboard, address):
        name = dashboard.place.cookie
        for following in (False, True):
            ready, go, results = SPAWN.Event(), SPAWN.Event(), SPAWN.Queue()
            asking = SPAWN.Process(target=readers_at, args=(address, f"{name}={cookie}", readers, following, ready, go, results))
            asking.start()
            ready.wait()
            began = time.process_time()
            if following:
                State(home / "desk" / "state.sqlite").halt("desk", Halt("entries", "one", Prose("why"), "bench", NOW))
            go.set()
            times = results.get()
            asking.join()
            cpu = 1000 * (time.process_time() - began) / readers
            how = "who follow, all told of one write" if following else "at once"
            print(f"{readers} readers {how}: median {np.median(times):.0f} ms, slowest {max(times):.0f} ms; server's cpu {cpu:.1f} ms each")


def readers_at(address: str, cookie: str, readers: int, following: bool, ready: Any, go: Any, results: Any) -> None:
    """In a process of its own: the milliseconds of each reader."""
    headers = {"cookie": cookie, "sec-fetch-site": "same-origin"}

    async def one(client: httpx.AsyncClient, count: list[int], begun: asyncio.Event) -> float:
        if not following:
            count[0] += 1
            await begun.wait()
            return await page(client)
        async with client.stream("GET", "/events/desk") as answer:
            lines = answer.aiter_lines()
            await told(lines, "hello")
            count[0] += 1
            await told(lines, "changed")
            return await page(client)

    async def page(client: httpx.AsyncClient) -> float:
        began = time.perf_counter()
        answer = await client.get("/a/desk/today")
        assert answer.status_code == 200
        return 1000 * (time.perf_counter() - began)

    async def told(lines: Any, event: str) -> None:
        async for line in lines:
            if line == f"event: {event}":
                return

    async def all_of_them() -> list[float]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=60) as client:
            await page(client)  # what is read once is read
            count, begun = [0], asyncio.Event()
            asking = [asyncio.create_task(one(client, count, begun)) for _ in range(readers)]
            while count[0] < readers:
                await asyncio.sleep(0.01)
            ready.set()
            await asyncio.to_thread(go.wait)
            begun.set()
            return list(await asyncio.gather(*asking))

    results.put(asyncio.run(all_of_them()))


def memory(browser: Browser, requests: int) -> None:
    """Resident memory after the first tenth of the requests and after all."""
    process, names = psutil.Process(), [(account, page) for account in ACCOUNTS for page in PAGES]
    early = 0.0
    for k in range(requests):
        account, page = names[k % len(names)]
        browser.get(f"/a/{account}/{page}")
        if k == requests // 10:
            early = process.memory_info().rss / 1e6
    late = process.memory_info().rss / 1e6
    print(f"{requests:,} requests: {early:.0f} MB after a tenth of them, {late:.0f} MB after all, {late / early:.2f} times as much")


if __name__ == "__main__":
    main()
