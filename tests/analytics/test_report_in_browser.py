"""The report in a real browser: every plot drawn, every law of a page kept, results that are very small among them."""

from pathlib import Path

import pytest

from springback.analytics import run_folder
from tests.analytics.materials import material
from tests.browser import in_browser, opened

PLOTS = 10


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "run"
    run_folder.write(folder, material())
    return folder / "report.html"


@in_browser
def test_it_opens_offline_and_draws_everything(page_file: Path, width: int, scheme: str) -> None:
    with opened(page_file, width, scheme) as page:
        assert page.locator(".drawing svg.main-svg:first-of-type").count() == PLOTS
        assert page.locator("section#gates tbody tr").count() == 6
        assert page.locator("section#luck tbody tr").count() == 8
        assert page.locator("section#course figure", has_text="By year").locator("tbody tr").count() == 6
        assert page.locator("h1").inner_text()
