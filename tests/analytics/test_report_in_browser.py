"""The page in a real browser, without a network: every plot drawn, no error, nothing asked of anyone, no sideways scrolling."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from springback.analytics import run_folder
from tests.analytics.materials import material

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")]
PLOTS = 10


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "run"
    run_folder.write(folder, material())
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_offline_and_draws_everything(browser: Any, page_file: Path, width: int) -> None:
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(60_000)
    page.goto(page_file.as_uri())
    page.wait_for_function(f"[...document.querySelectorAll('.drawing')].filter(one => one.querySelector('svg .trace')).length === {PLOTS}")
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.locator(".drawing").count() == page.locator(".drawing.js-plotly-plot").count() == PLOTS
    assert page.locator("section#gates tbody tr").count() == 6
    assert page.locator("section#luck tbody tr").count() == 8
    assert page.locator("section#course tbody tr").count() == 6
    assert page.locator("h1").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    empty = page.evaluate("[...document.querySelectorAll('.js-plotly-plot')].filter(p => p.getBoundingClientRect().height < 150).length")
    assert empty == 0
    context.close()
