"""What a person reads of a step, of an account and of the journal: one thing once, in words."""

from types import SimpleNamespace
from typing import Any

import pytest

from springback.operation.frozen_decision import Reason
from springback.verbs import order_journal
from springback.verbs.console import Console
from springback.verbs.trade_spoken import say
from springback.workflow.order_journal import Listing
from springback.workflow.trade_clock import lasting
from springback.workflow.trade_outcome import HALTED, NO_DECISION, TradeOutcome

ACCOUNT: Any = SimpleNamespace(mode="paper", live=SimpleNamespace(name="PA1"), journal=SimpleNamespace(orders=lambda: ()))


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (TradeOutcome("page", "2026-03-03"), ["look for unknown orders for 2026-03-03: done"]),
        (TradeOutcome("decide", "2026-03-03"), ["decide for 2026-03-03: done", "2026-03-03 is decided: nothing is due"]),
        (
            TradeOutcome("decide", "2026-03-03", NO_DECISION, reasons=(Reason("bars", "no bars yet"),)),
            ["decide for 2026-03-03: no frozen decision yet", "  no bars yet"],
        ),
        (
            TradeOutcome("reconcile", "2026-03-03", HALTED, {"phase": "night", "unexplained": 3, "names": ["AAA", "BBB"]}),
            [
                "reconcile for 2026-03-03: halted",
                "  what the broker booked overnight: nobody explains 2 names, which are halted and the cash",
            ],
        ),
        (
            TradeOutcome("reconcile", "2026-03-03", HALTED, {"phase": "morning", "unexplained": 1, "names": []}),
            ["reconcile for 2026-03-03: halted", "  what the open made of it: nobody explains the cash"],
        ),
    ],
)
def test_a_step_says_what_it_came_to(outcome: TradeOutcome, told: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    say(Console(False, False), ACCOUNT, outcome)
    first, *rest = told
    assert capsys.readouterr().out.splitlines() == [f"PAPER PA1, {first}", *rest]


def test_a_reason_names_its_name_once() -> None:
    assert Reason("no_borrow", "AAA is hard to borrow", "AAA").line == "AAA is hard to borrow"
    assert Reason("unexplained", "the broker has 3 shares", "AAA").line == "AAA: the broker has 3 shares"
    assert Reason("pause", "a person paused the account").line == "a person paused the account"


def test_a_span_is_told_in_the_unit_that_tells_it() -> None:
    assert [lasting(one) for one in (90, 600, 7200, 3 * 86400)] == ["90 s", "10 minutes", "2 hours", "3 days"]


def test_a_long_reason_breaks_no_other_column_of_the_journal(capsys: pytest.CaptureFixture[str]) -> None:
    order: dict[str, Any] = dict.fromkeys(order_journal.COLUMNS, "filled") | {
        "client_id": "sb-ATED-20231010-VIQI-exit-1",
        "reason": "why " * 40,
    }
    order_journal._say(Console(False, False), Listing("PA1", (order,), None))
    told = capsys.readouterr().out
    assert all(name in told for name in (*order_journal.COLUMNS, order["client_id"])) and "…" not in told
