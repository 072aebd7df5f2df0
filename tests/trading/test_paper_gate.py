"""The paper gate: sessions on end at one broker, account and version, each explained and reconciled, and fills enough in them."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from springback import settings as toml
from springback.errors import InputError, SettingsError
from springback.state.state import State
from springback.trading.order_journal import OrderJournal
from springback.trading.paper_gate import Gate, PaperDay, PaperProgress, Venue, capital_share, gate, paper_progress
from springback.trading.paper_settings import Paper
from springback.workflow.champion_verdict import champion_verdict
from springback.workflow.settings import Settings, moving
from tests.journal.samples import AT

VENUE = Venue("alpaca", "PA1", "0.1.0")
RULES = Paper(sessions=21, fills=42)
FIRST = date(2026, 3, 2)
GOOD = PaperDay(FIRST, VENUE, True, True, True, 2)


def days(count: int, **changes: Any) -> list[PaperDay]:
    """So many good sessions; `changes` of the fields of single ones by `_N`, its place."""
    found = [replace(GOOD, session=FIRST + timedelta(days=k)) for k in range(count)]
    for name, value in changes.items():
        field, _, place = name.rpartition("_")
        found[int(place)] = replace(found[int(place)], **{field: value})
    return found


def progress(told: list[PaperDay], missed: int | None = None, now: Venue | None = None) -> PaperProgress:
    sessions = [one.session for one in told]
    known = [one for k, one in enumerate(told) if k != missed]
    return paper_progress(known, sessions, RULES, now)


def test_enough_good_sessions_and_fills_open_it_and_one_less_does_not() -> None:
    assert progress(days(21)).passed and not progress(days(20)).passed
    assert not progress(days(21, fills_3=1)).passed
    assert progress(days(21)).since == FIRST


def test_sessions_of_a_rehearsal_are_no_sessions_on_paper() -> None:
    """As its fills are none: both counts stand beside each other."""
    found = progress([replace(one, genuine=False, fills=0) for one in days(30)])
    assert (found.sessions, found.fills, found.since, found.passed) == (0, 0, None, False) and "it never passes" in found.sentence


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"explained_10": False}, "unexplained"),
        ({"reconciled_10": False}, "unreconciled"),
        ({"venue_10": replace(VENUE, version="0.2.0")}, "venue"),
        ({"venue_10": replace(VENUE, account="PA2")}, "venue"),
        ({"venue_10": replace(VENUE, broker="ib")}, "venue"),
    ],
)
def test_a_doubtful_session_or_another_venue_begins_it_anew(change: dict[str, Any], code: str) -> None:
    found = progress(days(30, **change))
    assert (found.sessions, found.began, found.passed) == (19, code, False)
    assert progress(days(33, **change)).passed is (33 - 11 >= 21)


def test_a_session_that_was_missed_begins_it_anew() -> None:
    found = progress(days(30), missed=10)
    assert (found.sessions, found.began) == (19, "missed")


def test_a_new_major_version_begins_it_anew_and_a_small_one_does_not() -> None:
    assert progress(days(21), now=replace(VENUE, version="0.1.9")).passed
    assert progress(days(21), now=replace(VENUE, version="0.2.0")).sessions == 0
    assert Venue("a", "b", "2.7.1").major == "2"


def test_an_account_that_was_ever_rehearsed_never_passes() -> None:
    found = progress(days(60, genuine_0=False))
    assert not found.passed and found.rehearsed and "never passes" in found.sentence


@given(some.lists(some.tuples(some.booleans(), some.booleans(), some.integers(0, 5)), max_size=60))
def test_what_passed_has_no_doubtful_session_in_what_was_counted(told: list[tuple[bool, bool, int]]) -> None:
    found = [
        replace(GOOD, session=FIRST + timedelta(days=k), explained=one, reconciled=two, fills=fills)
        for k, (one, two, fills) in enumerate(told)
    ]
    counted = progress(found)
    tail = found[len(found) - counted.sessions :]
    assert all(one.explained and one.reconciled for one in tail) and counted.fills == sum(one.fills for one in tail)
    before = found[: len(found) - counted.sessions]
    assert not before or not (before[-1].explained and before[-1].reconciled)


def test_the_gate_is_open_with_both_or_by_a_typed_override_and_never_after_a_rehearsal() -> None:
    passed, short = progress(days(21)), progress(days(3))
    assert gate([short, passed], ()) == Gate(True)
    closed = gate([short], [("audit", short.sentence)])
    assert not closed.open and [code for code, _ in closed.reasons] == ["paper", "audit"]
    assert gate([short], (), "me: I know").open and gate([passed], (), "me: I know").override == ""
    assert not gate([passed], (), "me: I know", rehearsed=True).open
    assert gate([], ()).reasons[0][0] == "paper"


def test_live_begins_small_unless_a_capital_is_named() -> None:
    assert [capital_share(0.0, count) for count in (0, 19, 20)] == [0.10, 0.10, 1.0]
    assert capital_share(50_000.0, 0) == 1.0


def test_paper_is_no_shorter_than_a_month() -> None:
    with pytest.raises(SettingsError, match=r"paper\.sessions must be 21"):
        Paper(sessions=20)


def test_the_settings_that_are_shipped_for_paper_and_live_load_and_differ_where_they_must(repository: Path) -> None:
    paper, live = (toml.load(Settings, [repository / "settings" / f"{name}.toml"]) for name in ("paper", "live"))
    assert paper.brokers.alpaca_url == Settings().brokers.alpaca_url != live.brokers.alpaca_url
    assert (paper.brokers.keys, live.brokers.keys) == ("paper", "live")
    assert paper.brokers.account == live.brokers.account == ""
    assert paper.paper == Settings().paper and live.guard == Settings().guard


def test_an_override_is_kept_in_the_chain_and_signed(tmp_path: Path) -> None:
    journal = OrderJournal(State(str(tmp_path / "state.sqlite")), "PA1", tmp_path / "journal.head", "PA1")
    with pytest.raises(InputError, match="signed"):
        journal.override({"gate": "live"}, "me", " ", AT)
    journal.override({"gate": "live", "major": "0.1"}, "me", "I know", AT)
    assert journal.overrides() == ({"gate": "live", "major": "0.1", "by": "me", "why": "I know"},)
    assert not journal.verify() and not journal.orders() and not journal.recover(AT)


def verdicts(folder: Path, low: float, auc: float, failed: list[str], **knobs: str) -> None:
    """What validation and audit leave in `folder`."""
    import json

    side = {name: {"value": auc} for name in ("auc", "accuracy")}
    settings = {name: str(value) for name, value in moving(Settings(), "forecasts").items()} | knobs
    told = {"whole": {"rank_ic": {"low": low}, "long": side, "short": side}, "settings": settings}
    for name, content in (("validation", told), ("audit", {"failed": failed, "findings": [{"check": "x"}]})):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{name}.json").write_text(json.dumps(content))


def test_the_champion_needs_both_and_under_todays_settings(tmp_path: Path) -> None:
    settings = Settings()
    assert champion_verdict(settings, "pair", tmp_path).validation == "missing"
    verdicts(tmp_path, 0.01, 0.7, [])
    assert champion_verdict(settings, "pair", tmp_path).passed
    assert not champion_verdict(settings, "", tmp_path).passed
    verdicts(tmp_path, -0.01, 0.7, [])
    assert champion_verdict(settings, "pair", tmp_path).validation == "failed"
    verdicts(tmp_path, 0.01, 0.55, ["future"])
    found = champion_verdict(settings, "pair", tmp_path)
    assert (found.validation, found.audit) == ("failed", "failed") and len(found.reasons) == 2
    verdicts(tmp_path, 0.01, 0.7, [], **{"training.trees": "7"})
    assert champion_verdict(settings, "pair", tmp_path).validation == "other"
