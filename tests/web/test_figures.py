"""Figures that must agree do: between the pages of one account, and between a page and what is stored."""

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import pytest

from springback.operation.attribution_study import AttributionDay
from springback.web.pages.live import _row
from tests.web.homes import Browser, browser_at

Rows = list[dict[str, str]]


@pytest.fixture
def trader(walked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """An operator over a project with an account at the simulated broker, which is only read."""
    monkeypatch.chdir(walked)
    browser = browser_at(walked)
    browser.enter()
    return browser


def table(browser: Browser, address: str, key: str) -> Rows:
    """A table as its CSV file has it."""
    return list(csv.DictReader(io.StringIO(browser.get(f"/a/SIMULATED/{address}/{key}.csv").text)))


def tile(browser: Browser, page: str, head: str) -> str:
    """What a tile of a page says."""
    found = re.search(rf"<dt>{head}</dt><dd[^>]*>([^<]*)</dd>", browser.get(f"/a/SIMULATED/{page}").text)
    assert found is not None, f"{page} has no tile {head}"
    return found[1]


def test_today_and_positions_say_the_same(trader: Browser) -> None:
    listed = table(trader, "positions", "positions")
    held = [one for one in listed if one["Opened"]]
    sides = [sum(one["Side"] == side for one in held) for side in ("long", "short")]
    assert tile(trader, "today", "Held") == f"{sides[0]} long, {sides[1]} short" and sum(sides) == len(held)
    assert f"{len(held)} positions after" in trader.get("/a/SIMULATED/positions").text
    sent = {one["Symbol"]: one["State"] for one in table(trader, "orders", "journal") if one["Decided"] == "2023-01-12"}
    ordered = {one["Symbol"]: one["Note"] for one in listed if not one["Opened"]}
    assert set(ordered.values()) == {"refused", "waits for the open"}
    assert {name: note == "refused" for name, note in ordered.items()} == {name: sent[name] == "refused" for name in ordered}
    for head in ("Equity", "Cash"):
        assert tile(trader, "today", head) == tile(trader, "positions", head)


def test_every_fill_is_one_of_an_order_and_costs_what_costs_says(trader: Browser) -> None:
    sent, fills = table(trader, "orders", "journal"), table(trader, "orders", "fills")
    filled = {one["Symbol"]: 0.0 for one in fills}
    for one in sent:
        if one["Symbol"] in filled and one["Decided"] == "2023-01-11":
            filled[one["Symbol"]] += (1 if one["Side"] == "buy" else -1) * float(one["Filled"])
    assert filled == {one["Symbol"]: float(one["Shares"]) for one in fills}
    (day,) = (one for one in table(trader, "costs", "costs-by-session") if one["Session"] == "2023-01-12")
    assert int(day["Fills"]) == len(fills)
    for head in ("Fee", "Slippage"):
        assert sum(float(one[head]) for one in fills) == pytest.approx(float(day["Fees" if head == "Fee" else head]))


def test_what_an_order_came_to_is_told_alike(trader: Browser) -> None:
    """An order that the broker refused is nowhere one that was cancelled, and its way does not go back."""
    sent, ended = table(trader, "orders", "journal"), table(trader, "orders", "ended")
    states = {one["Symbol"]: one["State"] for one in sent if one["Decided"] == "2023-01-11" and one["For"] == "entry"}
    assert ended and {one["What became of it"] for one in ended} >= {"refused"}
    assert {one["Symbol"]: one["What became of it"] for one in ended} == {one["Symbol"]: states[one["Symbol"]] for one in ended}
    assert all(one["Its way"].count("accepted") <= 1 for one in sent)
    assert "Assumed" not in trader.get("/a/SIMULATED/orders").text, "a broker tells its fills"


def test_the_funnel_ends_at_what_was_entered(trader: Browser) -> None:
    page, rows = trader.get("/a/SIMULATED/why-not").text, table(trader, "why-not", "funnel")
    begun = int(re.search(r"Of (\d+) names", page)[1])  # type: ignore[index]
    bought, short = map(int, re.search(r", (\d+) (?:were|was) to be bought and (\d+)", page).groups())  # type: ignore[union-attr]
    left = {side: begun - sum(int(one["Names"]) for one in rows if one["Side"] == side) for side in ("long", "short")}
    assert left == {"long": bought, "short": short}


def test_of_a_session_that_is_not_known_nothing_is_said() -> None:
    assert _row(AttributionDay("2023-01-11", None, None, Decimal(0), False, (), {}, ()))["residual"] is None


def test_times_are_new_yorks_on_every_page(trader: Browser) -> None:
    assert " UTC" not in re.sub(r"<[^>]*>", "", trader.get("/a/SIMULATED/data").text)
    card = trader.get("/a/SIMULATED/models").text
    assert "Trained, New York" in card and "+00:00</dd>" not in card


def test_a_number_of_rows_is_no_ratio(trader: Browser) -> None:
    page = trader.get("/a/SIMULATED/runs?run=2023-01-10_09-00-00&beside=2023-01-11_09-00-00").text
    assert "strategy.slots" in page and not re.search(r"long fired</td><td[^>]*>[\d,]+\.\d", page)


def test_shares_are_written_as_shares_where_a_run_passes_its_gates(trader: Browser) -> None:
    page = trader.get("/a/SIMULATED/runs?run=2023-01-10_09-00-00").text
    assert re.search(r"Maximum drawdown</td>.*?>50\.0%<", page, re.DOTALL)


def test_the_regime_is_laid_beside_the_whole_rule(trader: Browser) -> None:
    assert table(trader, "regime", "worth")[0]["Without"] == "nothing: the whole rule"


def test_no_column_is_without_a_head(trader: Browser) -> None:
    for page in ("today", "orders", "live", "costs", "runs?run=2023-01-10_09-00-00", "review"):
        assert not re.search(r"<th[^>]*></th>", trader.get(f"/a/SIMULATED/{page}").text), page


def test_events_of_a_project_whose_settings_are_broken_are_refused_in_one_line(operator: Browser, home: Path) -> None:
    (home / "springback.toml").write_text("[strategy]\nno_such_knob = 1\n")
    told = operator.get("/events/desk", sec_fetch_site="same-origin")
    assert told.status_code == 503 and "no_such_knob" in told.text and told.text.count("\n") == 1
