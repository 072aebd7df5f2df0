"""How long the dashboard's pages take with ten years of evenings and five thousand fills, one reader and many, and what memory does.

Pages are asked one after the other as a browser does, behind the door, without a network. The ratio is that of a page to the 100 ms that
one may take. Run: python benchmarks/web.py [--years 10] [--readers 50] [--requests 10000]
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "src")]

from springback.web.contents import PAGES  # noqa: E402
from tests.web.decade import grow  # noqa: E402
from tests.web.homes import RUNNER, Browser, browser_at, make  # noqa: E402

LIMIT = 100.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--requests", type=int, default=10_000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="springback-web-") as name:
        home = Path(name)
        make(home)
        print(f"{grow(home / 'desk', told.years):,} sessions")
        os.chdir(home)
        browser = browser_at(home)
        browser.enter()
        pages(browser)
        many(browser, told.readers)
        memory(browser, told.requests)
        os.chdir("/")
    RUNNER.close()


def pages(browser: Browser) -> None:
    """Each page by itself, the first look apart."""
    print(f"{'page':<12}{'first, ms':>10}{'median':>8}{'95 %':>8}{'kB':>7}{'ratio':>7}")
    for page in PAGES:
        first = timed(browser, page)
        later = [timed(browser, page) for _ in range(15)]
        size = len(browser.get(f"/a/desk/{page}").content) / 1000
        middle, high = np.percentile(later, [50, 95])
        print(f"{page:<12}{first:>10.0f}{middle:>8.0f}{high:>8.0f}{size:>7.0f}{middle / LIMIT:>7.2f}")


def timed(browser: Browser, page: str) -> float:
    """Milliseconds of one look."""
    began = time.perf_counter()
    assert browser.get(f"/a/desk/{page}?symbol=SYM5").status_code == 200
    return 1000 * (time.perf_counter() - began)


def many(browser: Browser, readers: int) -> None:
    """So many readers who ask for Today at once."""

    async def asked() -> float:
        began = time.perf_counter()
        answer = await browser.client.get("/a/desk/today")
        assert answer.status_code == 200
        return 1000 * (time.perf_counter() - began)

    async def all_of_them() -> list[float]:
        return list(await asyncio.gather(*(asked() for _ in range(readers))))

    began = time.perf_counter()
    times = RUNNER.run(all_of_them())
    whole = time.perf_counter() - began
    print(f"{readers} readers at once: median {np.median(times):.0f} ms, slowest {max(times):.0f} ms, {readers / whole:.0f} pages a second")


def memory(browser: Browser, requests: int) -> None:
    """Resident memory after the first tenth of the requests and after all."""
    process, names = psutil.Process(), list(PAGES)
    early = 0.0
    for k in range(requests):
        browser.get(f"/a/desk/{names[k % len(names)]}")
        if k == requests // 10:
            early = process.memory_info().rss / 1e6
    late = process.memory_info().rss / 1e6
    print(f"{requests:,} requests: {early:.0f} MB after a tenth of them, {late:.0f} MB after all, {late / early:.2f} times as much")


if __name__ == "__main__":
    main()
