"""The report in a real browser: every plot drawn, every law of a page kept, results that are very small among them."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import springback
from springback.analytics import report, run_folder
from springback.analytics.summary import summarise
from tests.analytics.materials import account, report_data
from tests.browser import MOST_BYTES, in_browser, opened

PLOTS = 12
SOURCE = Path(springback.__file__).parent


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "run"
    run_folder.write(folder, report_data())
    return folder / "report.html"


@in_browser
def test_it_opens_offline_and_draws_everything(page_file: Path, width: int, scheme: str) -> None:
    with opened(page_file, width, scheme) as page:
        assert page.locator(".drawing svg.main-svg:first-of-type").count() == PLOTS
        assert page.locator("section#gates tbody tr").count() == 6
        assert page.locator("section#luck tbody tr").count() == 8
        assert page.locator("section#course figure", has_text="By year").locator("tbody tr").count() == 6
        assert page.locator("h1").inner_text()


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that bought one share now and then: its returns are some millionths, its exposure some thousandths."""
    one = account()
    daily = one.daily.assign(equity=one.cash * (1 + (one.daily["equity"] / one.cash - 1) * 1e-4))
    held = daily[["long_value", "short_value", "traded"]] * 1e-5
    little = replace(one, daily=daily.assign(**held, n_long=1, n_short=0, long_candidates=1, short_candidates=0))
    sweep = pd.DataFrame({"bp": [0.0, 5.0, 10.0], "annual_return": [2e-6, 1e-6, 0.0], "sharpe": [0.001, 0.0005, 0.0]})
    bins = pd.DataFrame({"side": "long", "probability": [0.0, 0.5, 1.0], "came_true": [0.0, 0.5, 1.0], "rows": [90, 9000, 90_000]})
    folder = tmp_path_factory.mktemp("small") / "run"
    run_folder.write(folder, report_data(accounts=(little,), benchmark=None, cost_sweep=sweep, reliability=bins))
    return folder / "report.html"


@in_browser
def test_small_results_have_axes_that_tell_them_apart_and_whole_dots(small_file: Path, width: int, scheme: str) -> None:
    with opened(small_file, width, scheme) as page:
        ticks = page.locator("#plot-equity .ytick text").all_text_contents()
        assert len(set(ticks)) == len(ticks) > 2 and ticks.count("1") == 1


def test_ten_years_stay_under_a_megabyte_and_a_half() -> None:
    told = report_data(accounts=(account(count=2520, trades=4000), account("lean", count=2520, trades=4000)))
    assert len(report.page(told, summarise(told)).encode()) < MOST_BYTES


def test_no_axis_fixes_its_decimals() -> None:
    """Written with the three formats of `charts`, labels have the decimals that they need; `.2f` would say 1.00 1.00 1.00."""
    fixed = [
        f"{file.name}:{number}: {line.strip()}"
        for file in SOURCE.rglob("*.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"""["']?tickformat["']?\s*[=:]\s*["']""", line) or "PercentFormatter" in line
    ]
    assert fixed == []
