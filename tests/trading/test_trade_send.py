"""The evening's sending: each order once, exits first, bounded by what the broker holds, and nothing where something forbids it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from shutil import copytree

import pytest

from springback.errors import BadTable, InputError
from springback.market.prose import Prose
from springback.state.rows import Halt
from springback.state.state import State
from springback.workflow.evening import HEAD
from springback.workflow.progress import SILENT
from springback.workflow.settings import Settings
from springback.workflow.trade_outcome import DONE, EXITS_ONLY, HALTED, NO_DECISION, TradeOutcome
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_send import send
from springback.workflow.trade_service import evening
from springback.workflow.trade_targets import targets
from tests.brokers.broker_cases import Case, at
from tests.trading.broker_desks import SESSION, BrokerDesk, broker_desk, hold


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BrokerDesk]:
    """A desk that sends for the opening auction."""
    settings = Settings()
    settings = replace(settings, execution=replace(settings.execution, open="opg", settle=0.05, poll=0.05))
    with broker_desk(tmp_path, settings) as one:
        yield one


def run(desk: BrokerDesk, **more: object) -> TradeOutcome:
    """The step."""
    return send(desk.account, desk.clock, **more)  # type: ignore[arg-type]


def test_exits_go_out_before_entries_and_each_once(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "10")
    desk.decide(("BRK.B", 3, "entry"), ("AAA", -10, "time_stop"), held={"AAA": 10})
    outcome = run(desk)
    assert outcome.code == DONE and desk.states() == {"AAA-exit-1": "accepted", "BRK.B-entry-1": "accepted"}
    sent = [body for method, _, body in desk.fake.requests if method == "POST"]
    assert [(one["symbol"], one["time_in_force"], one["position_intent"]) for one in sent] == [
        *(("AAA", "opg", "sell_to_close"), ("BRK.B", "opg", "buy_to_open")),
    ]
    assert run(desk).code == DONE and desk.posts() == 2


def test_row_48_a_decision_whose_open_has_passed_is_not_sent(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"), session="2026-03-02")
    assert run(desk).code == NO_DECISION and not desk.posts()


def test_row_48_another_session_than_the_newest_is_refused(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"), session="2026-03-02")
    desk.decide(("AAA", 10, "entry"))
    with pytest.raises(InputError, match="2026-03-02"):
        run(desk, session=date(2026, 3, 2))
    assert not desk.posts()


def test_row_48_yesterday_s_file_in_the_place_of_today_s_is_refused(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"), session="2026-03-02")
    (desk.folder / "2026-03-02").rename(desk.folder / "2026-03-03")
    with pytest.raises(BadTable, match="nobody froze"):
        run(desk)
    assert not desk.posts()


def test_without_a_decision_there_is_nothing_to_send(desk: BrokerDesk) -> None:
    assert run(desk).code == NO_DECISION


def test_before_the_window_nothing_goes_out(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.clock.instant = desk.fake.now = at("2026-03-03 18:00")
    outcome = run(desk)
    assert outcome.code == DONE and [one.code for one in outcome.reasons] == ["early"] and not desk.states()


def test_in_the_quiet_before_the_open_orders_are_missed(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    desk.move_to("2026-03-04 09:26")
    assert run(desk).code == DONE and desk.states() == {"AAA-entry-1": "missed"} and not desk.posts()


def test_an_exit_is_bounded_by_what_the_broker_holds_and_does_not_close_already(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "7")
    Case(desk.broker, desk.fake).submit("by-hand", "sell", "3", purpose="exit")
    desk.decide(("AAA", -10, "time_stop"), ("BRK.B", -5, "time_stop"), held={"AAA": 10, "BRK.B": 5})
    outcome = run(desk)
    (order,) = desk.journal.orders()
    assert order.intent.quantity == Decimal(4) and order.state == "accepted"
    assert ("nothing_to_close", "BRK.B") in [(one.code, one.symbol) for one in outcome.reasons]
    assert outcome.facts["foreign_orders"] == ["by-hand"]


def test_entries_are_cut_in_rank_where_buying_power_ends_and_exits_never(desk: BrokerDesk) -> None:
    hold(desk, "AAA", "10")
    desk.fake.cash = Decimal(500)  # with the shares $1,500 of buying power; $1,664 are needed for the first
    desk.decide(("BRK.B", 8, "entry"), ("HARD", 1, "entry"), ("AAA", -10, "time_stop"), held={"AAA": 10})
    outcome = run(desk)
    assert desk.states() == {"AAA-exit-1": "accepted", "BRK.B-entry-1": "cancelled", "HARD-entry-1": "cancelled"}
    assert {one.code for one in outcome.reasons} >= {"buying_power"}


def test_a_name_without_borrow_identity_or_trading_is_recorded_and_nothing_takes_its_place(desk: BrokerDesk) -> None:
    desk.fake.assets["BRK.B"].tradable = False
    desk.decide(("HARD", -5, "entry"), ("GONE", 5, "entry"), ("BRK.B", 1, "entry"), ("AAA", 1, "entry"))
    run(desk)
    codes = {one.intent.symbol: (one.state, one.code) for one in desk.journal.orders()}
    assert codes == {
        "HARD": ("cancelled", "no_borrow"),
        "GONE": ("cancelled", "no_identity"),
        "BRK.B": ("cancelled", "not_tradable"),
        "AAA": ("accepted", ""),
    }


@pytest.mark.parametrize(
    ("scope", "symbol", "code", "sent"),
    [("entries", "", EXITS_ONLY, {"AAA-exit-1"}), ("name", "BRK.B", DONE, {"AAA-exit-1"}), ("all", "", HALTED, set())],
)
def test_halts_stop_what_their_scope_says(desk: BrokerDesk, scope: str, symbol: str, code: int, sent: set[str]) -> None:
    hold(desk, "AAA", "10")
    desk.decide(("AAA", -10, "time_stop"), ("BRK.B", 1, "entry"), held={"AAA": 10})
    desk.state.halt(desk.live.name, Halt(scope, "pause", Prose("a test"), "a tester", desk.clock.now(), symbol))
    assert run(desk).code == code
    assert {name for name, state in desk.states().items() if state == "accepted"} == sent


def test_the_kill_file_stops_everything(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    (desk.folder / "KILL").write_text("")
    assert run(desk).code == HALTED and desk.states() == {"AAA-entry-1": "cancelled"} and not desk.posts()


def test_on_a_paper_account_orders_are_planned_for_the_session(desk: BrokerDesk) -> None:
    desk.settings = replace(desk.settings, execution=replace(desk.settings.execution, open="auto"))
    desk.mode = desk.broker.mode = "paper"  # type: ignore[attr-defined]
    desk.decide(("AAA", 10, "entry"))
    assert run(desk).code == DONE and desk.states() == {"AAA-entry-1": "planned"} and not desk.posts()


def test_purposes_follow_the_reason_and_what_is_held(desk: BrokerDesk) -> None:
    decision = desk.decide(
        *(("AAA", 5, "regime"), ("BRK.B", -2, "regime"), ("HARD", -3, "stop_loss"), ("X", 4, "entry"), ("Y", -1, "resting_stop", 9.5)),
        held={"AAA": 10, "BRK.B": 10, "HARD": 3, "Y": 1},
    )
    assert [(one.symbol, one.purpose, one.level) for one in targets(decision)] == [
        *(("BRK.B", "exit", None), ("HARD", "exit", None), ("AAA", "entry", None), ("X", "entry", None), ("Y", "stop", 9.5)),
    ]


def test_a_folder_that_is_ahead_of_a_restored_state_is_halted_by_its_journal(desk: BrokerDesk) -> None:
    """What nobody froze is not sent; but the first word is of the journal, which a person makes good."""
    desk.decide(("AAA", 10, "entry"))
    run(desk)
    (desk.folder / HEAD).write_text("{}")
    copytree(desk.folder / SESSION, desk.folder / "2026-03-04")
    desk.state = State(desk.folder / "state.sqlite")
    outcome = run(desk)
    assert outcome.code == HALTED and [one.code for one in outcome.reasons] == ["journal"] and desk.posts() == 1


def test_keys_of_another_account_are_a_halt_that_a_person_lifts(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"))
    meant, number = desk.account, desk.fake.number
    desk.fake.number = "PA9OTHER"
    assert send(meant, desk.clock).code == HALTED
    desk.fake.number = number
    assert [(one.scope, one.code) for one in desk.state.halts(desk.live.name)] == [("all", "wrong_account")]
    assert run(desk).code == HALTED and not desk.posts()


def test_a_decision_of_another_session_is_not_taken_for_the_one_that_is_asked_for(desk: BrokerDesk) -> None:
    desk.decide(("AAA", 10, "entry"), session="2026-03-02")
    asked = partial(evening, desk.account, desk.clock, None, SILENT)
    decided = asked(session=date(2026, 3, 2))
    assert (decided.code, decided.session) == (DONE, "2026-03-02")
    early = asked(session=date(2026, 3, 4))
    assert early.code == NO_DECISION and [one.code for one in early.reasons] == ["early"]
    with pytest.raises(InputError, match="2026-02-27 is over and 2026-03-03 is the newest"):
        asked(session=date(2026, 2, 27))


def test_cash_that_nobody_explains_is_said_with_its_dollars(desk: BrokerDesk) -> None:
    assert reconcile(desk.account, desk.clock).code == DONE
    desk.fake.cash += 12
    outcome = reconcile(desk.account, desk.clock)
    assert outcome.code == HALTED and [one.code for one in outcome.reasons] == ["cash"]
    assert "$+12.00" in str(outcome.reasons[0].text)


def test_every_reconciliation_reads_the_whole_chain_again(desk: BrokerDesk) -> None:
    """A service that runs for months has read the old rows long ago: what is changed in them is found in the night."""
    desk.decide(("AAA", 10, "entry"))
    run(desk)
    assert reconcile(desk.account, desk.clock).code == DONE
    with closing(sqlite3.connect(desk.folder / "state.sqlite")) as database, database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f"drop trigger {name}")
        database.execute("update order_event set body = replace(body, 'AAA', 'AAB') where n = 1")
    outcome = reconcile(desk.account, desk.clock)
    assert outcome.code == HALTED and [one.code for one in outcome.reasons] == ["journal"]
