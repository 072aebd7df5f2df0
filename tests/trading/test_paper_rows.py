"""The paper gate out of an account's rows: what the reconciliations, attributions and the journal of a folder come to."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from springback import __version__
from springback.data.hours import between, following
from springback.state.order_rows import OrderFill
from springback.state.trading_rows import Attribution, Reconciliation, Step
from springback.trading.journal import Answer
from springback.trading.order_journal import Plan
from springback.trading.paper_settings import Paper
from springback.workflow.champion_verdict import ChampionVerdict
from springback.workflow.order_journal import journal_of
from springback.workflow.paper import accounts, live_gate, override_facts, progress_of
from springback.workflow.settings import Settings
from springback.workflow.state_place import open_state

SETTINGS = replace(Settings(), paper=Paper(sessions=21, fills=21))
GOOD = ChampionVerdict("pair", "passed", "passed")
DAYS = [one.day for one in between(date(2026, 3, 2), date(2026, 4, 30), ())]


def traded(desk: Path, count: int, mode: str = "paper", doubtful: int | None = None, residual: int | None = None) -> Path:
    """The folder of an account that was traded so many sessions, an order for the open filled in each."""
    folder = desk / "PA3TEST"
    state, venue = open_state(folder), {"broker": "alpaca", "account": "PA3TEST", "mode": mode, "version": __version__}
    journal = journal_of(folder, "PA3TEST", state)
    with state.lease("PA3TEST", "a test") as lease:
        for k, day in enumerate(DAYS[:count]):
            opens = following(day).opens
            name = journal.plan(Plan(day, "AAA", "buy", "entry", Decimal(1)), opens).client_id
            journal.send(name, opens, lease)
            journal.record(name, Answer("accepted", f"b-{k}"), opens)
            journal.fill(OrderFill(f"x-{k}", name, opens, Decimal(1), Decimal(10), Decimal(0)), opens)
            lines = [{"code": "unexplained" if k == doubtful else "equal"}]
            body = json.dumps({"lines": lines, "venue": venue})
            state.keep("PA3TEST", Reconciliation(day, "night", opens, int(k == doubtful), body))
            left = Decimal(1) if k == residual else Decimal(0)
            state.keep("PA3TEST", Attribution(following(day).day, opens + timedelta(days=1), True, left))
    return folder


def test_rows_of_enough_good_sessions_open_the_gate(tmp_path: Path) -> None:
    folder = traded(tmp_path, 21)
    found = progress_of(folder, SETTINGS)
    assert (found.sessions, found.fills, found.passed, found.since) == (21, 21, True, DAYS[1]) and accounts(tmp_path) == (folder,)
    live = tmp_path / "LIVE1"
    assert live_gate(tmp_path, SETTINGS, live, "alpaca", GOOD).open
    assert not live_gate(tmp_path, SETTINGS, live, "ib", GOOD).open
    assert not live_gate(tmp_path, SETTINGS, live, "alpaca", replace(GOOD, audit="missing")).open


@pytest.mark.parametrize(("bad", "code"), [({"doubtful": 3}, "unexplained"), ({"residual": 3}, "unreconciled")])
def test_a_doubtful_row_begins_it_anew(tmp_path: Path, bad: dict[str, int], code: str) -> None:
    found = progress_of(traded(tmp_path, 21, **bad), SETTINGS)  # type: ignore[arg-type]
    assert (found.sessions, found.began, found.passed) == (17, code, False)


def test_rows_on_this_machine_or_of_a_set_clock_never_pass(tmp_path: Path) -> None:
    assert progress_of(traded(tmp_path / "loopback", 25, "rehearsal"), SETTINGS).rehearsed
    folder = traded(tmp_path / "clock", 25)
    assert progress_of(folder, SETTINGS).passed
    open_state(folder).keep("PA3TEST", Step(DAYS[0], "send", datetime.fromisoformat("2026-03-02T19:05-05:00"), 0, rehearsal=True))
    assert not progress_of(folder, SETTINGS).passed


def test_an_override_opens_it_for_one_champion_alone(tmp_path: Path) -> None:
    live = tmp_path / "LIVE1"
    journal = journal_of(live, "LIVE1")
    journal.override(override_facts("alpaca", "LIVE1", "pair"), "me", "I know what I do", following(DAYS[0]).opens)
    found = live_gate(tmp_path, SETTINGS, live, "alpaca", GOOD)
    assert found.open and found.override == "me: I know what I do" and [code for code, _ in found.reasons] == ["paper"]
    assert not live_gate(tmp_path, SETTINGS, live, "alpaca", replace(GOOD, champion="other")).open
