"""A page in a real browser, without a network, held to the laws that every page of the product obeys."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MOST_BYTES = 1_500_000
WIDTHS = (1400, 390)
LAWS = Path(__file__).with_name("page_laws.js")


def in_browser(test: Callable[..., None]) -> Callable[..., None]:
    """A test of `width` and `scheme`: wide and narrow, by day and by night; skipped where there is no browser."""
    for mark in (
        pytest.mark.browser,
        pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
        pytest.mark.parametrize("width", WIDTHS),
        pytest.mark.parametrize("scheme", ["light", "dark"]),
    ):
        test = mark(test)
    return test


@contextmanager
def opened(file: Path, width: int, scheme: str) -> Iterator[Any]:
    """The page, drawn; nothing was said to the console, nothing was asked of anyone, and no law of `page_laws.js` is broken."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    assert file.stat().st_size < MOST_BYTES
    said: list[str] = []
    asked: list[str] = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.set_default_timeout(60_000)
        page.goto(file.as_uri())
        page.wait_for_function("[...document.querySelectorAll('.drawing')].every(one => one.querySelector('svg .trace'))")
        faults = page.evaluate(LAWS.read_text(encoding="utf-8"))
        assert faults == [], f"{file.name}, {width} px, {scheme}:\n" + "\n".join(faults)
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(22, 26, 32)" if scheme == "dark" else "rgb(251, 250, 247)")
        yield page
        browser.close()
