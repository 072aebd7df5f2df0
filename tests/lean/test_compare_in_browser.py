"""The page of a comparison in a real browser, without a network: drawn, silent, no sideways scrolling, by day and by night."""

import shutil
from pathlib import Path

import pytest

from springback.analytics import run_folder
from springback.comparison import comparison_page
from springback.comparison.compare import Tolerance, compare
from springback.comparison.comparison_statistics import statistics
from springback.comparison.sides import read_sides
from tests.browser import in_browser, opened
from tests.lean import runs

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
        comparison_page.write(folder / f"{name}.html", found, statistics(found))
    return {name: folder / f"{name}.html" for name in ("equal", "other", "planted")}


@in_browser
@pytest.mark.parametrize("name", ["equal", "planted", "other"])
def test_it_opens_offline_and_draws_everything(pages: dict[str, Path], name: str, width: int, scheme: str) -> None:
    with opened(pages[name], width, scheme) as page:
        assert page.locator("h1").inner_text() == ("The two runs are equal" if name == "equal" else "The two runs differ")
        assert page.evaluate("document.querySelector('.drawing').getBoundingClientRect().height") > 300
        assert page.locator("section#statistics tbody tr").count() > 50
        strong = page.locator("table.orders tr.strong").count()
        assert name == "other" or strong == {"equal": 0, "planted": 1}[name]
