"""The document: whole without any source, no NaN, nothing unescaped, the same values on page and in Markdown."""

import dataclasses
import json
import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from springback.errors import InputError
from springback.grammar import agree
from springback.market.costs import Costs
from springback.review.build import Materials, build
from springback.review.document import Quarter, Review, Source, quarter_from, quarter_of
from springback.review.review_page import cells, markdown, page
from springback.review.review_settings import ReviewRules
from springback.strategy.knobs import Strategy
from springback.workflow.review import as_json, usual_quarter
from tests.review.desks import Drawn, frames_of, nobody, quiet_tape, write_desk
from tests.review.test_threshold import tried

Q1 = Quarter(2021, 1)
ODD = '<script>alert("1")</script>|`x`'
TITLES = (
    *("On one page", "Inventory", "Outcome against expectation", "Attribution", "Limits", "Concentration", "Stress of today's book"),
    *("Trading costs", "VIX threshold", "Capacity", "Incidents", "Contests and decisions", "Assumptions that failed", "Signature"),
)


def materials(place: Path | None = None) -> Materials:
    """Of nothing; or of an account with odd names in `place`."""
    empty = Materials(Q1, nobody(), ReviewRules(), Strategy(), Costs())
    if place is None:
        return empty
    tape = quiet_tape()
    first, last = tape.bars.row("2020-12-15"), tape.bars.row("2021-04-01") - 1
    odd: dict[int, dict[str, Any]] = {
        first + 20: {"champion": ODD, "halts": ({"why": ODD},), "account": ODD},
        last: {"account": ODD, "champion": ODD},
    }
    odd[first + 30] = {"equity": None, "cash": None, "regime": {"vix": None, "mean": None, "bear": None}, "alarm_factor": 0.5}
    blind = {"symbol": "N00", "quantity": 100, "age": 1, "entry_price": None, "mark": None, "assumed": True, "waiting": 0, "closing": False}
    odd[first + 40] = {"book": {"before": [blind], "after": [blind]}, "daily": {"fees": None}}
    drawn = Drawn(tape, False, lambda *_: 30.0)
    return dataclasses.replace(
        empty,
        desk=frames_of(write_desk(place / "desk", drawn, first, last, odd)),
        market_data=tape,
        market_source=Source("store", "3" * 64),
        tried=dataclasses.replace(tried((0.0,) * 5)),
        calendar=tape.bars.sessions[first + 13 : last + 1],
        flags=(ODD,),
        facts={"Command": ODD},
    )


@pytest.fixture(scope="module")
def empty() -> Review:
    return build(materials())


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return build(materials(tmp_path_factory.mktemp("full")))


def words_of(text: str) -> str:
    """A page without its scripts and styles."""
    return re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)


def test_a_review_without_any_source_is_whole_and_says_what_is_missing(empty: Review) -> None:
    assert tuple(one.title for one in empty.sections) == TITLES
    shown = unescape(words_of(page(empty)))
    for section in empty.sections:
        for one in section.absent:
            assert one.words in shown and one.words in markdown(empty).replace("\\", "")
    lacking = {one.key: [absence.what for absence in one.absent] for one in empty.sections}
    assert lacking["attribution"] == ["account", "broker"] and lacking["threshold"] == ["models"] and lacking["costs"] == ["market"]
    assert {key for key, found in lacking.items() if not found} == {"summary", "assumptions", "signature"}
    assert empty.first == "" and empty.version is None


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Review:
    """The account, none of whose decisions knows its equity or the mark of what it holds."""
    whole = materials(tmp_path_factory.mktemp("blind"))
    days, lines = whole.desk.days.assign(equity=float("nan")), whole.desk.lines.assign(mark=float("nan"))
    return build(dataclasses.replace(whole, desk=dataclasses.replace(whole.desk, days=days, lines=lines)))


@pytest.mark.parametrize("which", ["empty", "full", "blind"])
def test_no_page_holds_a_nan_or_a_thing_unescaped(which: str, request: pytest.FixtureRequest) -> None:
    review = request.getfixturevalue(which)
    whole = page(review)
    shown, text = words_of(whole), markdown(review)
    for told in (shown, text):
        assert not re.search(r"\b(nan|NaN|inf|None|NaT)\b", told), re.search(r".{40}\b(nan|NaN|inf|None|NaT)\b.{40}", told, re.DOTALL)
    assert ODD not in whole and "<script>alert" not in text
    (figures,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', whole, re.DOTALL)
    json.loads(figures, parse_constant=lambda name: pytest.fail(f"{name} in a picture"))
    assert json.loads(json.dumps(as_json(review), allow_nan=False))["quarter"] == "2021Q1"


def test_what_is_unknown_is_not_green(blind: Review) -> None:
    states = {one.key: one.state for one in blind.sections}
    assert {states[key] for key in ("outcome", "limits", "concentration", "stress", "capacity")} == {"unknown"}
    assert [one.what for one in blind.sections[2].absent] == ["equity", "ledger", "forecasts"]


def test_odd_names_are_shown_as_they_are(full: Review) -> None:
    assert full.account == ODD
    assert "&lt;script&gt;alert(" in words_of(page(full))
    rows = [line for line in markdown(full).splitlines() if "alert" in line and line.startswith("| ")]
    assert rows and all(r"\|\`x\`" in row for row in rows)


def test_page_and_markdown_tell_the_same_figures(full: Review) -> None:
    shown, text = unescape(words_of(page(full))).replace("\u00a0", " "), unescape(markdown(full).replace("\\", ""))
    for section in full.sections:
        for figure in section.figures:
            name, value, band, *_ = cells(figure)
            assert f"| {agree(name)} | {value} | {band} |" in text
            assert value in shown and band in shown


def test_every_figure_has_its_source_and_an_interval_or_the_word_for_none(full: Review) -> None:
    for section in full.sections:
        for figure in section.figures:
            assert figure.source.name, figure
            if figure.interval == "estimated":
                assert figure.low is not None and figure.high is not None and figure.low <= figure.value <= figure.high, figure
            else:
                assert figure.low is None and figure.high is None, figure
    assert Source("store", "3" * 64) in full.sources


def test_what_is_proposed_stands_on_the_first_page_and_is_an_open_action(full: Review) -> None:
    knobs = {one.knob for one in full.proposals}
    assert {"costs.half_spread_bp", "strategy.slots"} <= knobs
    summary, signature = full.sections[0], full.sections[-1]
    assert {row[0] for row in summary.grids[1].rows} == knobs
    assert {row[0] for row in signature.grids[0].rows} >= {f"decide on {knob}" for knob in knobs}
    assert full.sections[-2].state == "red" and summary.state == "red"


def test_the_same_materials_give_the_same_bytes(full: Review, tmp_path: Path) -> None:
    again = build(materials(tmp_path))
    assert page(again) == page(full) and markdown(again) == markdown(full)


def test_quarters_are_read_and_follow_one_another() -> None:
    assert str(quarter_from("2026q3")) == "2026Q3" and quarter_of(date(2026, 11, 27)) == Quarter(2026, 4)
    assert Quarter(2026, 4).next == Quarter(2027, 1) and Quarter(2027, 1).previous == Quarter(2026, 4)
    assert Quarter(2026, 2).first == date(2026, 4, 1) and Quarter(2026, 2).holds(date(2026, 6, 30))
    for wrong in ("2026", "2026Q5", "26Q1", "Q1", "2026Q", "2026Q1x", "xxxxQ1"):
        with pytest.raises(InputError, match="2026Q3"):
            quarter_from(wrong)


def test_the_usual_quarter_is_the_newest_that_is_complete() -> None:
    today = date(2026, 11, 28)
    assert usual_quarter((), today) == Quarter(2026, 3)
    assert usual_quarter(("2026-07-01", "2026-09-30"), today) == Quarter(2026, 3)
    assert usual_quarter(("2026-07-01", "2026-11-27"), today) == Quarter(2026, 3)
    assert usual_quarter(("2026-10-05", "2026-11-27"), today) == Quarter(2026, 4)
