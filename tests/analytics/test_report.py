"""The page as text: complete, escaped, self-contained, the same bytes each time."""

import hashlib
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from springback.analytics import picture, report
from springback.analytics.page import BUNDLE
from springback.analytics.report_data import ReportData
from springback.analytics.summary import summarise
from tests.analytics.materials import account, empty_account, report_data

SOURCE = Path(report.__file__).parents[1]
BARE = dict.fromkeys(("benchmark", "scores", "quarters", "reliability", "importance", "cost_sweep", "ablations", "funnel"))


def page(told: ReportData) -> str:
    return report.page(told, summarise(told))


@cache
def full() -> str:
    return page(report_data())


def visible(text: str) -> str:
    """The page without its scripts and styles."""
    return re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "action", "data", "poster", "srcset")]


def test_nothing_is_fetched() -> None:
    links = Links()
    links.feed(full())
    assert [link for link in links.found if not link.startswith("#")] == ["data:,"]
    assert "@import" not in full() and "url(" not in re.findall(r"<style>.*?</style>", full(), re.S)[0]


def test_every_section_is_there() -> None:
    shown = visible(full())
    for heading in ("Success gates", "By year", "By regime", "Long and short apart", "Best trades", "Worst trades", "Entry funnel",
                    "The same run under each cost profile", "What each part changed", "Figures defined twice", "Exposure", "Slots used",
                    "AUC by quarter", "Reliability", "Feature importance", "Annual return by cost a side", "Turnover a month"):  # fmt: skip
        assert heading in shown, heading
    assert "without 2020" in shown and "27.4\u00a0%" in shown and "0.50 to 0.53" in shown
    assert "0: did nothing" in shown and "&#39;ADV cap&#39; was due and changed no decision" in shown


def test_every_text_is_escaped() -> None:
    nasty = "<script>alert(1)</script> & \"'"
    told = report_data(
        origin=nasty, universe=nasty, models=nasty, biases=(nasty,), findings=(nasty,), command=nasty, settings={nasty: nasty}
    )
    assert "alert(1)" not in re.sub(r"&lt;script&gt;alert\(1\)", "", visible(page(told)))
    quarters = told.quarters
    assert quarters is not None
    inside = page(replace(told, quarters=quarters.assign(quarter=nasty)))
    assert inside.count("</script>") == full().count("</script>")


def test_the_flag_is_the_first_text_of_the_page() -> None:
    told = page(report_data(in_sample=True))
    body = re.sub(r"<[^>]+>", " ", visible(told.split("<body>")[1])).split()
    assert body[0] == "IN-SAMPLE:"


def test_a_reason_in_words_of_lean_is_shown_in_ours() -> None:
    told = report_data()
    delisted = told.headline.trades.assign(reason="Liquidate from delisting")
    shown = visible(page(replace(told, accounts=(replace(told.headline, trades=delisted), *told.accounts[1:]))))
    assert "Liquidate" not in shown and shown.count("delisting") >= 1 + len(delisted.head(8))


def test_what_is_missing_is_explained_once() -> None:
    told = page(report_data(**BARE, missing={"overlays": "A fixed file of forecasts: nothing to take away."}))
    shown = visible(told)
    assert shown.count(report.UNKNOWN_MODELS) == 1
    assert "nothing to take away" in shown and report.WHY_MISSING["cost_sweep"] in shown and report.WHY_MISSING["benchmark"] in shown


def test_an_empty_run_explains_itself(tmp_path: Path) -> None:
    told = report_data(accounts=(empty_account(),))
    shown = visible(page(told))
    assert "Nothing was traded" in shown and "The entry funnel says where the names went" in shown
    picture.picture(told, summarise(told), tmp_path / "report.png")
    assert (tmp_path / "report.png").stat().st_size > 10_000


@pytest.mark.parametrize("count", [1, 2, 40])
def test_short_runs_are_drawn(tmp_path: Path, count: int) -> None:
    one = account(count=60, trades=4)
    short = replace(one, daily=one.daily.head(count))
    report.draw(report_data(accounts=(short,), **BARE), summarise(report_data(accounts=(short,), **BARE)), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"report.html", "report.png"}


def test_the_golden_columns_alone_are_enough() -> None:
    one = account()
    lean = ["date", "equity", "cash", "n_long", "n_short", "bear", "vix", "vix_sma15"]
    assert "By year" in page(report_data(accounts=(replace(one, daily=one.daily[lean]),), **BARE))


def test_the_same_material_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        report.draw(report_data(), summarise(report_data()), tmp_path / name)
    for file in ("report.html", "report.png"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_title_follows_the_band() -> None:
    def title(drift: float) -> str:
        daily = account().daily
        steady = daily.assign(equity=1e6 * (1 + drift) ** pd.Series(range(1, len(daily) + 1)) * (1 + 0.001 * (daily.index % 3)))
        return summarise(report_data(accounts=(replace(account(), daily=steady),))).verdict[0]

    assert title(0.001) == "It earned more than luck explains"
    assert title(-0.001) == "It lost money"


def test_the_bundle_is_its_authors_file_under_its_licence() -> None:
    """plotly-basic.min.js of plotly.js-basic-dist-min 2.35.2, to the byte; what its licence asks for lies beside it."""
    folder = files("springback.analytics") / "vendor"
    digest = hashlib.sha256((folder / BUNDLE).read_bytes()).hexdigest()
    assert digest == "138c2e81014b979dc00867a93da55b7605a17495ee78dd7afb433b7f021dfcfa"
    assert (folder / "plotly-LICENSE").read_text(encoding="utf-8").startswith("The MIT License (MIT)\n\nCopyright (c)")
    assert "v2.35.2" in full() and "MIT" in full(), "a page that carries it says so"


def test_no_table_has_a_column_without_a_head() -> None:
    """The browser sees it of the pages that the tests draw; this sees it of every table that could be drawn."""
    headless = re.compile(r"""(?<!Venue = )\(["']{2}, (True|False)\)|(?<!["'\\\w])["']{2}, (text|day)\)|_heads\(["']{2}""")
    found = [
        f"{file.name}: {line.strip()}"
        for file in SOURCE.rglob("*.py")
        for line in file.read_text("utf-8").splitlines()
        if headless.search(line)
    ]
    assert found == []
