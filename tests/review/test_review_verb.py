"""`springback review` as a user types it: an account of one quarter on the demo market, the document, and signing it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from springback.data.store.store import Store
from springback.ledger.book import Ledger
from springback.ledger.contest_entry import ContestEvent
from springback.market.prose import Prose
from springback.operation.frozen_decision import DECISION, ORDERS
from springback.project import FILE
from springback.state.rows import Incident
from springback.workflow import record
from springback.workflow.state_place import open_state
from tests.review.desks import Drawn, write_desk
from tests.terminal import TINY, done, springback

ASKED = ("review", "--quarter", "2020Q3", *TINY, "--set", "review.history=63", "--set", "review.episodes=1")


@pytest.fixture(scope="module")
def home(trained_home: Path) -> Path:
    """A folder with store and models, and an account that traded from May to October 2020; it was reviewed once, and what was said is in
    said.txt."""
    market_data = Store(trained_home / "store").open()[0]
    rows = (market_data.bars.row(day) for day in ("2020-05-04", "2020-10-16"))
    write_desk(trained_home / "desk", Drawn(market_data, False, lambda _, draw: 30.0 + float(draw.normal(0, 3))), *rows)
    (trained_home / FILE).write_text("# mine\n")
    done(springback(trained_home, "backtest", *TINY, "--quiet"))
    opened = datetime(2020, 8, 3, 21, tzinfo=UTC)
    open_state(trained_home / "desk").open_incident("desk", Incident("vix", opened, None, Prose("VIX is late"), "daily"))
    happened = ("won", "2020Q3", "2020Q2", "c" * 64, "d" * 64, "2020-05-01", "2020-08-03", 0.5, "{}", 252, 0.01)
    contest = ContestEvent(*happened, record.market_of(market_data, Store(trained_home / "store").open()[1]), "data", "", "better")
    Ledger(trained_home / "ledger.sqlite").note((contest,), "1")
    (trained_home / "said.txt").write_text(done(springback(trained_home, *ASKED)).stdout)
    return trained_home


def told(home: Path) -> dict[str, Any]:
    return dict(json.loads((home / "runs" / "review" / "2020Q3" / "review.json").read_text()))


def figure(review: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    (section,) = [one for one in review["sections"] if one["key"] == key]
    (found,) = [one for one in section["figures"] if one["name"] == name]
    return dict(found)


def test_it_says_where_each_section_stands_and_leaves_three_files(home: Path) -> None:
    said, review = (home / "said.txt").read_text(), told(home)
    assert sorted(path.name for path in (home / "runs" / "review" / "2020Q3").iterdir()) == ["review.html", "review.json", "review.md"]
    assert said.splitlines()[1].startswith("Demo market with a planted edge") and f"Risk review 2020Q3: {review['state']}." in said
    assert said.rstrip().endswith("page: runs/review/2020Q3/review.html")
    assert (review["quarter"], review["first"], review["last"], review["account"]) == ("2020Q3", "2020-07-01", "2020-09-30", "paper-1")
    assert len(review["sections"]) == 14 and review["version"] is None
    states = {one["key"]: one["state"] for one in review["sections"]}
    assert figure(review, "incidents", "Incidents that stand")["value"] == figure(review, "contests", "Events of contests")["value"] == 1
    assert figure(review, "threshold", "Trials that this added or repeated")["value"] == 9
    assert states["threshold"] in ("green", "amber") and states["outcome"] in ("green", "amber", "red") and states["costs"] == "amber"
    assert figure(review, "incidents", "Without any record")["value"] == 0 and figure(review, "incidents", "Sessions due")["value"] == 64


def test_each_source_is_named_with_its_hash(home: Path) -> None:
    sources = {one["name"]: one["hash"] for one in told(home)["sources"]}
    assert sources["store, read from store"] == Store(home / "store").open()[1]
    assert len([hash_ for name, hash_ in sources.items() if name.startswith("desk/DATE/decision.json") and len(hash_) == 64]) == 1
    assert any(name.startswith("ledger.sqlite, row") and len(hash_) == 64 for name, hash_ in sources.items())


def test_each_threshold_is_a_trial_once(home: Path) -> None:
    """Eight thresholds, one of them that of the backtest before; and no regime. The same review again adds none, and prints one
    object that the file holds too."""
    trials = json.loads(done(springback(home, "ledger", "--json")).stdout)["ledger"]["trials"]
    tried = [one["settings"].get("regime.multiple", 1.15) for one in trials if one["last"] == "2020-09-30"]
    assert sorted(tried) == [1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1e9]
    printed = json.loads(done(springback(home, *ASKED, "--json")).stdout)
    assert printed["review"] == told(home)
    again = json.loads(done(springback(home, "ledger", "--json")).stdout)["ledger"]["trials"]
    assert len(again) == len(trials)


def test_forecasts_that_ripened_are_judged_and_slippage_is_found(home: Path) -> None:
    review = told(home)
    assert figure(review, "outcome", "Rank IC by day")["low"] > 0
    measured = figure(review, "costs", "Slippage, raw")
    assert measured["low"] < 30 < measured["high"]
    assert [one["knob"] for one in review["proposals"]] == ["strategy.slots", "costs.half_spread_bp"]


def test_a_decision_that_is_not_what_was_frozen_is_told_and_not_used(home: Path) -> None:
    file = home / "desk" / "2020-08-03" / ORDERS
    before = file.read_text()
    file.write_text(before.replace("entry", "exit", 1))
    try:
        printed = json.loads(done(springback(home, *ASKED, "--out", "damaged", "--json")).stdout)["review"]
    finally:
        file.write_text(before)
    assert figure(printed, "incidents", "Decisions that are not what was frozen")["value"] == 1
    assert figure(printed, "incidents", "Decisions frozen in time")["value"] == 63
    assert {one["key"]: one["state"] for one in printed["sections"]}["incidents"] == "red"
    assert (home / "desk" / "2020-08-03" / DECISION).is_file()


def test_signing_writes_a_version_that_every_later_run_takes(home: Path) -> None:
    refused = springback(home, "review", "--quarter", "2020Q3", "--apply", "--by", "Ann", "--out", "nowhere")
    assert refused.returncode == 2 and "run 'springback review' first" in refused.stderr
    for words in (("--set", "strategy.slots=9"), ("--models-dir", "models"), ("--store", "store")):
        refused = springback(home, "review", "--quarter", "2020Q3", "--apply", "--by", "Ann", *words)
        assert refused.returncode == 2 and f"{words[0]} goes with the review itself" in refused.stderr
    sign = ("review", "--quarter", "2020Q3", "--apply", "--by", "Ann", "--only", "strategy.slots", "--json")
    signed = json.loads(done(springback(home, *sign)).stdout)["settings_version"]
    assert signed == {"number": "0001", "file": "settings/versions/0001.toml", "by": "Ann", "changed": ["strategy.slots"]}
    assert (home / FILE).read_text() == '# mine\n\n[settings]\nversion = "0001"\n'
    checks = {one["thing"]: one for one in json.loads(springback(home, "doctor", "--json").stdout)["doctor"]}
    assert checks["settings"]["state"] == "found" and "version 0001, signed by Ann" in checks["settings"]["found"]
    again = json.loads(done(springback(home, *ASKED, "--out", "signed", "--json")).stdout)["review"]
    assert again["version"] == "0001" and [one["knob"] for one in again["proposals"]] == ["costs.half_spread_bp"]
    refused = springback(home, *sign)
    assert refused.returncode == 2 and "in force is 33" in refused.stderr
    (home / "settings" / "versions" / "0001.toml").unlink()
    broken = springback(home, "doctor", "--json")
    assert broken.returncode == 1 and "bring it back" in broken.stdout


def test_nothing_at_all_is_reviewed_too(tmp_path: Path) -> None:
    said = done(springback(tmp_path, "review", "--quarter", "2026Q3")).stdout
    assert "no market data" in said and "no frozen decision" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]
