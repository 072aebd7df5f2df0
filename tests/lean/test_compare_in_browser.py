"""The page of a comparison in a real browser, without a network: drawn, silent, no sideways scrolling, by day and by night."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from springback.analytics import run_folder
from springback.lean import compare_page
from springback.lean.compare import Tolerance, compare
from springback.lean.compare_statistics import statistics
from springback.lean.sides import read_sides
from tests.lean import runs

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")]
START, END = "2020-01-01", "2020-05-05"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of two equal runs, and of two that differ in everything."""
    folder = tmp_path_factory.mktemp("pages")
    made = runs.ours(folder / "ours", runs.random_result(3, "intraday"), START, END)
    runs.imported(folder / "equal", runs.theirs(folder / "lean", made, START, END))
    runs.ours(folder / "other", runs.random_result(8, "close"), START, END)
    shutil.copytree(folder / "equal", folder / "planted")
    orders = run_folder.read_frame(folder / "planted" / "orders.csv").drop(index=12)
    (folder / "planted" / "orders.csv").write_text(run_folder.table_text(orders, tuple(orders.columns)))
    for name in ("equal", "other", "planted"):
        found = compare(*read_sides(folder / "ours", folder / name), Tolerance())
        compare_page.write(folder / f"{name}.html", found, statistics(found))
    return {name: folder / f"{name}.html" for name in ("equal", "other", "planted")}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["equal", "planted", "other"])
def test_it_opens_offline_and_draws_everything(browser: Any, pages: dict[str, Path], name: str, width: int, scheme: str) -> None:
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(60_000)
    page.goto(pages[name].as_uri())
    page.wait_for_selector(".drawing svg .trace")
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.locator("h1").inner_text() == ("The two runs are equal" if name == "equal" else "The two runs differ")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.querySelector('.drawing').getBoundingClientRect().height") > 300
    assert page.locator("section#statistics tbody tr").count() > 50
    assert page.locator("table.orders tr.strong").count() == {"equal": 0, "planted": 1}.get(
        name, page.locator("table.orders tr.strong").count()
    )
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(22, 26, 32)" if scheme == "dark" else "rgb(251, 250, 247)")
    context.close()
