"""Entries that do not fill are taken back, whatever LEAN reports about them and whenever, and across a restart."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lean import replays
from tests.lean.small import DAYS, Case, table_of, tape_of

GAPS = Case(
    tape_of(("GAPS", "NEXT"), {}, {}, {"GAPS": [31, 32, 34]}),
    frozenset({(30, "GAPS"), (33, "GAPS"), (34, "NEXT")}),
    entry_life=2,
)
"""GAPS is ordered on session 30, halted on 31 and 32, when its order dies, and ordered anew on 33; NEXT wants the only slot on 34."""


@pytest.mark.parametrize("delay", [1, 2, 3, 4, 5])
def test_a_late_report_of_a_dead_order_does_not_touch_the_new_one(delay: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report comes when its own decision ends, in the middle of the next one while the new order is sent, or after it."""
    replays.load()
    from lean_standin import broker

    monkeypatch.setattr(broker, "DELAYS", (delay,))
    result, (orders, fills) = GAPS.run(GAPS.store(tmp_path)), GAPS.ours()
    assert table_of(result) == (orders, fills)
    entries = [(str(day), name) for day, name, _, reason in orders if reason == "entry"]
    assert entries == [(str(DAYS[30]), "GAPS"), (str(DAYS[33]), "GAPS")]  # NEXT found the slot taken
    assert [event.status.name for event in result.events if event.order_id == 1] == ["SUBMITTED", "CANCEL_PENDING", "CANCELED"]
    assert not [line for _, kind, line in result.logs if kind == "error"]


@pytest.mark.parametrize("entry_life", [1, 2, 3])
@pytest.mark.parametrize("stopped", [30, 31, 32])
def test_a_restart_does_not_lengthen_the_life_of_a_waiting_entry(entry_life: int, stopped: int, tmp_path: Path) -> None:
    """Stopped after any session, started again with the same object store and account: the orders are those of one life."""
    one = Case(tape_of(("DEAD", "NEXT"), {}, {"DEAD": 60}, {"DEAD": list(range(31, 60))}), frozenset({(30, "DEAD")}), entry_life=entry_life)
    one = replace(one, fires=one.fires | {(row, "NEXT") for row in range(31, 36)})
    orders, _ = one.ours()
    store, days = one.store(tmp_path), [day.astype(object) for day in DAYS]
    first = one.run(store, live=True, first=days[29], last=days[stopped])
    kept = json.loads((store / "springback" / "book.json").read_text())["positions"].get("DEAD")
    dead = stopped - 30 >= entry_life
    assert (kept is None) if dead else (kept["waiting"] > 0 and kept["waited"] == stopped - 30)
    second = one.run(store, live=True, first=days[stopped + 1], last=days[40], account=first.account)
    entries = [row for result in (first, second) for row in table_of(result)[0] if row[3] == "entry"]
    assert entries == [row for row in orders if row[3] == "entry" and row[0] <= days[40]]
    assert entries[1][0] == days[30 + entry_life]  # NEXT takes the slot when the order dies, not a session later
    assert not [line for _, kind, line in second.logs if kind == "error"]
