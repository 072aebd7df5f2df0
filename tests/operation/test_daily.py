"""The evening's command: what it waits for, what it freezes and never again, what bars entries, and what a person said of the account."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from springback.errors import BadTable, InputError, StateError
from springback.forecasting.archive import read_timeline, write_timeline
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData, last_rows
from springback.operation.spoken import ModelsInUse
from springback.state.state import State
from springback.workflow.book import paused, restricted
from springback.workflow.catch_up import Fetched
from springback.workflow.curbs import DataFaults, Forbidden, curbs_of
from springback.workflow.daily import DONE, EXITS_ONLY, WAITING, data_faults, due
from springback.workflow.halting import resumed
from springback.workflow.models_in_use import models_in_use
from springback.workflow.retrain import stale
from tests.operation.desks import LEARNED
from tests.operation.live import DAYS, WORD, Live, codes, restated, without


def part(market_data: MarketData, rows: Sequence[int]) -> MarketData:
    """The `rows` of a market alone."""
    bars = market_data.bars
    moved = np.full(bars.shape[0], -1)
    moved[rows] = np.arange(len(rows))
    actions = market_data.actions
    own = moved[actions.row] >= 0
    made = Bars(bars.sessions[rows], bars.symbols, **{field: getattr(bars, field)[rows] for field in FIELDS})
    more = {name: getattr(market_data, name) for name in ("members", "benchmark", "risk_free")}
    return replace(
        market_data,
        bars=made,
        actions=Actions(moved[actions.row[own]], actions.name[own], actions.kind[own], actions.value[own]),
        vix=market_data.vix[rows],
        last=last_rows(made.close),
        **{name: None if one is None else one[rows] for name, one in more.items()},
    )


def test_a_session_is_decided_once_its_bars_and_vix_are_there(live: Live) -> None:
    day = DAYS[0]
    outcome = live.call(live.at(day))
    assert outcome.code == WAITING and [one.code for one in outcome.waits] == ["bars"] and day in outcome.waits[0].text
    assert live.tape is not None
    live.bring(day, without(live.tape, day, vix=False))
    outcome = live.call(live.at(day, "17:10"))
    assert outcome.code == WAITING and [one.code for one in outcome.waits] == ["vix"]
    live.bring(day)
    outcome = live.call(live.at(day, "17:20"))
    assert outcome.code == DONE and [one.kind for one in outcome.decisions] == ["frozen"]
    assert not live.decision(day).exits_only and len(live.decision(day).orders()) > 0
    again = live.call(live.at(day, "17:30"))
    assert again.code == DONE and again.decisions == () and live.account.folder.sessions() == (day,)


@pytest.mark.parametrize(
    ("session", "clock", "due"),
    [
        *(("2023-01-03", "16:29", False), ("2023-01-03", "16:30", True)),
        *(("2023-03-10", "16:29", False), ("2023-03-10", "16:30", True)),  # before the clocks change
        *(("2023-03-13", "16:29", False), ("2023-03-13", "16:30", True)),
    ],
)
def test_nothing_is_due_before_half_an_hour_after_the_close(live: Live, session: str, clock: str, due: bool) -> None:
    assert (str(live_due(live, session, clock)[-1]) == session) == due


def live_due(live: Live, session: str, clock: str) -> list[date]:
    return [one.day for one in due(live.account, live.at(session, clock).now())]


def test_a_half_day_is_due_three_hours_earlier(live: Live) -> None:
    assert [str(live_due(live, "2026-11-27", clock)[0]) for clock in ("13:29", "13:30")] == ["2026-11-25", "2026-11-27"]


def test_the_first_evening_is_the_newest_session(live: Live) -> None:
    live.bring(DAYS[2])
    outcome = live.call(live.at(DAYS[2]))
    assert [one.session for one in outcome.decisions] == [DAYS[2]]


def test_at_the_deadline_exits_alone_are_decided_and_never_redecided(live: Live) -> None:
    """The orders that were frozen without data are those that are played when the data have come."""
    live.knobs(strategy={"holding_sessions": 2})
    live.evenings(DAYS[:3])
    day = DAYS[3]
    assert live.call(live.morning(day, -91)).code == WAITING
    outcome = live.call(live.morning(day, -90))
    blind = outcome.decisions[0]
    assert outcome.code == EXITS_ONLY and blind.kind == "deadline" and blind.exits_only and codes(blind) == {"deadline", "closure"}
    assert blind.champion == "" and blind.state() is None and len(blind.forecasts()) == 0
    due_now = {line["symbol"] for line in live.decision(DAYS[2]).book["after"] if line["quantity"] and line["age"] == 1}
    assert due_now and set(blind.orders()["symbol"]) == due_now and set(blind.orders()["reason"]) == {"time_stop"}
    live.bring(day)
    assert live.call(live.morning(day, -30)).decisions == () and live.decision(day).hash == blind.hash
    after = live.evening(DAYS[4])
    filled = {one["symbol"]: one for one in after.fills}
    assert due_now <= set(filled)
    sent = {line["symbol"]: line["order_id"] for line in blind.orders().to_dict("records")}
    assert {symbol: filled[symbol]["order_id"] for symbol in sent} == sent
    assert after.kind == "frozen" and not after.exits_only


def test_two_evenings_without_data_are_two_decisions(live: Live) -> None:
    live.knobs(strategy={"holding_sessions": 2})
    live.evenings(DAYS[:3])
    first = live.call(live.morning(DAYS[3])).decisions[0]
    waits = live.call(live.at(DAYS[4]))
    assert waits.code == WAITING and waits.decisions == ()
    second = live.call(live.morning(DAYS[4])).decisions[0]
    assert (second.session, second.kind) == (DAYS[4], "deadline")
    ids = [*first.orders()["order_id"], *second.orders()["order_id"]]
    assert len(set(ids)) == len(ids) and not set(first.orders()["symbol"]) & set(second.orders()["symbol"])
    after = live.evening(DAYS[5])
    filled = [one["order_id"] for one in after.fills]
    assert after.kind == "frozen" and set(second.orders()["order_id"]) <= set(filled)
    held = {line["symbol"] for line in after.book["before"] if line["quantity"]}
    assert not held & {*first.orders()["symbol"], *second.orders()["symbol"]}


@pytest.mark.parametrize("missing", [3, 8])
def test_a_name_has_not_ended_because_nobody_told_of_the_sessions(live: Live, missing: int) -> None:
    live.evenings(DAYS[:2])
    held = {line["symbol"]: line["quantity"] for line in live.decision(DAYS[1]).book["before"] if line["quantity"]}
    assert held
    for day in DAYS[2 : 2 + missing]:
        last = live.call(live.morning(day)).decisions[0]
        assert last.fills == ()
    assert held.items() <= {line["symbol"]: line["quantity"] for line in last.book["before"]}.items()


def test_missed_evenings_are_recorded_late_without_orders_and_the_newest_is_decided(live: Live) -> None:
    live.evenings(DAYS[:2])
    live.bring(DAYS[5])
    outcome = live.call(live.at(DAYS[5]))
    assert [(one.session, one.kind) for one in outcome.decisions] == [(one, "late") for one in DAYS[2:5]] + [(DAYS[5], "frozen")]
    late = outcome.decisions[0]
    assert len(late.orders()) == 0 and len(late.forecasts()) > 0 and late.state() is not None and codes(late) == {"late"}
    assert {one["order_id"] for one in late.fills} <= set(live.decision(DAYS[1]).orders()["order_id"])
    assert late.book["before"] == late.book["after"] and outcome.code == DONE


def test_a_missed_evening_without_bars_holds_up_the_next_one_until_its_deadline(live: Live) -> None:
    """A vendor's hole, or a closure that nobody announced: the question is asked, and in the end time alone decides."""
    live.evenings(DAYS[:2])
    assert live.tape is not None
    rows = [k for k, one in enumerate(live.tape.bars.sessions.astype(str)) if one != DAYS[2]]
    live.bring(DAYS[3], part(live.tape, rows))
    outcome = live.call(live.at(DAYS[3]))
    assert outcome.code == WAITING and outcome.waits[0].code == "closure"
    assert DAYS[2] in outcome.waits[0].text and "calendar.closed" in outcome.waits[0].text
    outcome = live.call(live.morning(DAYS[3]))
    assert [(one.session, one.kind) for one in outcome.decisions] == [(DAYS[2], "late"), (DAYS[3], "deadline")]
    assert outcome.decisions[0].state() is None and "closure" in codes(outcome.decisions[0])
    live.knobs(calendar={"closed": (DAYS[2],)})
    live.bring(DAYS[4], part(live.tape, rows))
    outcome = live.call(live.at(DAYS[4]))
    assert [(one.session, one.kind) for one in outcome.decisions] == [(DAYS[4], "frozen")]


def test_a_closure_that_was_decided_on_keeps_its_orders(live: Live) -> None:
    """No bar at the deadline: exits by time. Then a person says that the exchange was closed: they fill at the open after it."""
    live.knobs(strategy={"holding_sessions": 2})
    live.evenings(DAYS[:3])
    blind = live.call(live.morning(DAYS[3])).decisions[0]
    assert len(blind.orders())
    live.knobs(calendar={"closed": (DAYS[3],)})
    assert live.tape is not None
    live.bring(DAYS[4], part(live.tape, [k for k, one in enumerate(live.tape.bars.sessions.astype(str)) if one != DAYS[3]]))
    after = live.call(live.at(DAYS[4])).decisions[0]
    assert after.kind == "frozen" and set(blind.orders()["order_id"]) <= {one["order_id"] for one in after.fills}


def test_a_calendar_session_without_any_bar_is_no_session_though_its_vix_is_there(live: Live) -> None:
    live.evenings(DAYS[:2])
    assert live.tape is not None
    live.bring(DAYS[2], without(live.tape, DAYS[2], live.tape.bars.symbols))
    outcome = live.call(live.at(DAYS[2]))
    assert outcome.code == WAITING and outcome.waits[0].code == "bars"
    assert "closure" in codes(live.call(live.morning(DAYS[2])).decisions[0])


def test_an_evening_waits_while_the_source_has_told_of_some_names_only(live: Live) -> None:
    day = DAYS[0]
    live.evening(day)
    assert live.tape is not None
    few = live.tape.bars.symbols[3:]
    live.bring(DAYS[1], without(live.tape, DAYS[1], few))
    outcome = live.call(live.at(DAYS[1]))
    assert outcome.code == WAITING and [one.code for one in outcome.waits] == ["names_failed"]
    live.bring(DAYS[1], without(live.tape, DAYS[1], few[:3]))
    outcome = live.call(live.morning(DAYS[1]))
    assert outcome.code == EXITS_ONLY and outcome.decisions[0].kind == "frozen" and codes(outcome.decisions[0]) == {"names_failed"}


def test_one_name_without_a_bar_stops_nobody(live: Live) -> None:
    live.evening(DAYS[0])
    assert live.tape is not None
    live.bring(DAYS[1], without(live.tape, DAYS[1], live.tape.bars.symbols[5:6]))
    assert live.call(live.at(DAYS[1])).code == DONE


def test_a_held_name_without_a_bar_has_its_time_stop_ordered_and_its_stop_not_judged(live: Live) -> None:
    live.knobs(strategy={"holding_sessions": 3, "stop_loss": 0.0001})
    live.evenings(DAYS[:2])
    first = next(line for line in live.decision(DAYS[1]).book["before"] if line["quantity"] > 0)
    symbol = first["symbol"]
    live.tape = without(live.tape, DAYS[2], [symbol])  # type: ignore[arg-type]
    live.tape = without(live.tape, DAYS[3], [symbol])
    second = live.evening(DAYS[2])
    assert symbol not in set(second.orders()["symbol"]), "its stop is not judged"
    third = live.evening(DAYS[3])
    assert third.orders().set_index("symbol")["reason"][symbol] == "time_stop"


def test_a_vix_that_is_missing_within_the_window_means_exits_only_and_no_regime(live: Live) -> None:
    live.evening(DAYS[0])
    whole = live.tape
    assert whole is not None
    live.tape = without(whole, DAYS[1], vix=False)
    live.bring(DAYS[1])
    at_deadline = live.call(live.morning(DAYS[1])).decisions[0]
    assert codes(at_deadline) == {"vix_missing"} and at_deadline.regime["bear"] is None and at_deadline.kind == "frozen"
    window = live.settings.regime.window
    for day in DAYS[2 : window + 1]:
        decision = live.evening(day)
        assert decision.exits_only and codes(decision) == {"vix_missing"} and decision.regime["bear"] is None
        assert not (decision.orders()["reason"] == "entry").any()
    assert not live.evening(DAYS[window + 1]).exits_only
    live.tape = whole
    live.bring(DAYS[window + 1])


def test_a_late_vix_in_its_place_gives_the_regime_back(live: Live) -> None:
    live.evening(DAYS[0])
    whole = live.tape
    live.tape = without(whole, DAYS[1], vix=False)  # type: ignore[arg-type]
    live.bring(DAYS[1])
    live.call(live.morning(DAYS[1]))
    live.tape = whole
    decision = live.evening(DAYS[2])
    assert not decision.exits_only and isinstance(decision.regime["bear"], bool) and "restated" not in codes(decision)


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_restated_closes_are_taken_and_above_the_limit_nothing_is_entered(live: Live, share: float) -> None:
    """Counted against what the store held when the account decided last, whoever fetched it, and however often."""
    live.evenings(DAYS[:2])
    before = live.decision(DAYS[1])
    names = live.tape.bars.symbols[: round(share * 60)]  # type: ignore[union-attr]
    live.tape = restated(live.tape, DAYS[1], names) if names else live.tape  # type: ignore[arg-type]
    live.bring(DAYS[2], without(live.tape, DAYS[2], vix=False))  # type: ignore[arg-type]
    assert live.call(live.at(DAYS[2])).code == WAITING
    decision = live.evening(DAYS[2], "17:10")
    assert ("restated" in codes(decision)) == decision.exits_only == bool(names)
    assert live.decision(DAYS[1]).hash == before.hash
    assert not live.evening(DAYS[3]).exits_only


def test_a_names_error_bars_its_entries_alone(live: Live) -> None:
    """A close above the high of its day is an error of the gate."""
    free = shutil.copytree(live.home, live.home.parent / "free")
    orders = Live(free).evening(DAYS[0]).orders()
    symbol = orders[orders["reason"] == "entry"]["symbol"].iloc[0]
    tape = live.tape
    assert tape is not None
    high = tape.bars.high.copy()
    column, row = tape.bars.symbols.index(symbol), tape.bars.row(DAYS[0])
    high[row, column] = tape.bars.low[row, column] * 0.5
    live.tape = replace(tape, bars=replace(tape.bars, high=high))
    decision = live.evening(DAYS[0])
    assert [(one.code, one.symbol) for one in decision.reasons] == [("name_fault", symbol)] and not decision.exits_only
    left = set(decision.orders()["symbol"])
    assert symbol not in left and len(left) > 0


def test_names_that_failed_lose_their_entries_and_too_many_stop_all(live: Live) -> None:
    live.bring(DAYS[0])
    loaded = live.account.window(DAYS[0], ())
    few = Fetched(loaded, *(date.fromisoformat(DAYS[0]),) * 2, (), {"XYZ": "renamed"}, 0.01, (), (), 0.0, 1, ())
    faults = data_faults(live.account, loaded, few)
    assert faults.barred == {"XYZ": "the source: renamed"} and faults.failed_share == 0.01
    for share, stops in ((0.02, False), (0.021, True)):
        told = replace(faults, failed_share=share)
        curbs, reasons = curbs_of(loaded.market_data, live.settings, ModelsInUse("one"), told, Forbidden())
        assert curbs.entries != stops and ("names_failed" in {one.code for one in reasons}) == stops
        assert curbs.barred == {"XYZ"}


@pytest.mark.parametrize(
    ("age", "members", "code", "stops"),
    [
        *((31, 500, "", False), (32, 500, "membership_age", False), (100, 500, "membership_age", False)),
        *((101, 500, "membership_old", True), (1, 0, "no_members", True)),
    ],
)
def test_an_old_membership_is_a_notice_and_then_stops_entries(live: Live, age: int, members: int, code: str, stops: bool) -> None:
    loaded = live.account.window(LEARNED, ())
    faults = DataFaults({}, membership_age=age, members=members)
    curbs, reasons = curbs_of(loaded.market_data, live.settings, ModelsInUse("one"), faults, Forbidden())
    assert {one.code for one in reasons} == ({code} if code else set()) and curbs.entries != stops


def test_a_model_that_is_missing_or_fails_its_hash_means_exits_only(live: Live) -> None:
    live.evening(DAYS[0])
    pickle = next((live.home / "models" / "archive").glob("*/*.pkl"))
    content = pickle.read_bytes()
    pickle.write_bytes(content[:-1] + b"x")
    decision = live.evening(DAYS[1])
    assert decision.exits_only and codes(decision) == {"no_model"} and decision.champion == ""
    shutil.rmtree(pickle.parent)
    assert codes(live.evening(DAYS[2])) == {"no_model"}


def test_a_damaged_timeline_stops_entries_and_no_evening(live: Live) -> None:
    live.evening(DAYS[0])
    file = live.home / "models" / "timeline.json"
    file.write_text("{")
    for day in DAYS[1:3]:
        decision = live.evening(day)
        assert decision.exits_only and codes(decision) == {"no_model"}


def test_models_that_nobody_retrained_for_one_and_a_half_intervals_enter_nothing(live: Live) -> None:
    timeline = read_timeline(live.home / "models")
    assert timeline is not None
    day = np.datetime64(DAYS[0])
    months = live.settings.retraining.months
    limit = int(1.5 * months * 365.25 / 12)
    for ago, old in ((limit, False), (limit + 1, True)):
        write_timeline(live.home / "models", replace(timeline, tried=str(day - ago)))
        use = models_in_use(live.home / "models", DAYS[0])
        assert stale(live.settings, use.tried, DAYS[0]) == old and use.champion
    decision = live.evening(DAYS[0])
    assert decision.exits_only and codes(decision) == {"models_stale"} and decision.champion
    never = replace(live.settings, walk_forward=replace(live.settings.walk_forward, policy="never"))
    assert not stale(never, str(day - limit - 1), DAYS[0])


def test_a_desk_that_never_retrains_goes_on_with_the_pair_it_was_given(live: Live) -> None:
    (live.home / "models" / "timeline.json").unlink()
    live.knobs(walk_forward={"policy": "never"})
    live.bring(DAYS[0])
    outcome = live.call(live.at(DAYS[0]))
    assert outcome.decisions[0].champion and [one.faults for one in outcome.governed] == [()]


def test_dry_run_freezes_nothing_and_tells_exits_only(live: Live) -> None:
    live.bring(DAYS[0])
    outcome = live.call(live.at(DAYS[0]), dry=True)
    assert outcome.code == DONE and outcome.dry is not None and len(outcome.dry.evening.orders)
    paused(live.account, replace(WORD, why="a holiday"))
    assert live.call(live.at(DAYS[0]), dry=True).code == EXITS_ONLY
    assert live.account.folder.sessions() == () and live.state.evenings("desk") == ()


@pytest.mark.parametrize("name", ["decision.json", "orders.csv", "account.json", "forecasts.parquet"])
def test_a_decision_whose_file_was_changed_is_told_and_never_used(live: Live, name: str) -> None:
    live.evening(DAYS[0])
    file = live.home / "desk" / DAYS[0] / name
    file.write_bytes(file.read_bytes() + b" ")
    live.bring(DAYS[1])
    with pytest.raises(BadTable, match=f"{DAYS[0]}.*not what was frozen"):
        live.call(live.at(DAYS[1]))
    assert live.account.folder.sessions() == (DAYS[0],)


def test_a_decision_that_is_gone_is_never_taken_again(live: Live) -> None:
    live.evenings(DAYS[:2])
    shutil.move(live.home / "desk" / DAYS[1], live.home / "elsewhere")
    with pytest.raises(StateError, match=f"{DAYS[1]} is gone"):
        live.call(live.at(DAYS[1], "18:00"))
    assert live.account.folder.sessions() == (DAYS[0],)


def test_a_state_that_forgot_the_book_is_refused(live: Live) -> None:
    live.evening(DAYS[0])
    live.state = State(str(live.home / "other.sqlite"))
    live.bring(DAYS[1])
    with pytest.raises(StateError, match="no event 1 of the book"):
        live.call(live.at(DAYS[1]))


def test_a_kill_between_folder_and_row_is_made_up_for(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    live.bring(DAYS[0])
    with monkeypatch.context() as patch:
        patch.setattr(State, "freeze", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            live.call(live.at(DAYS[0]))
    assert live.account.folder.sessions() == (DAYS[0],) and live.state.evenings("desk") == ()
    assert live.call(live.at(DAYS[0], "17:10")).decisions == ()
    row = live.state.evening("desk", date.fromisoformat(DAYS[0]))
    assert row is not None and row.hash == live.decision(DAYS[0]).hash


def test_a_source_that_refuses_is_an_error_until_the_deadline_and_then_a_reason(live: Live) -> None:
    def refuse(names: frozenset[str]) -> Fetched:
        raise InputError("the key was refused")

    live.evening(DAYS[0])
    live.fetch = refuse
    with pytest.raises(InputError, match="refused"):
        live.call(live.at(DAYS[1]))
    outcome = live.call(live.morning(DAYS[1]))
    assert outcome.code == EXITS_ONLY and codes(outcome.decisions[0]) == {"deadline", "bars", "source"}


def test_a_pause_and_what_is_restricted_stand_in_the_decision(live: Live) -> None:
    account = live.account
    orders = Live(shutil.copytree(live.home, live.home.parent / "free")).evening(DAYS[0]).orders()
    symbol = orders["symbol"].iloc[0]
    restricted(account, symbol, date.fromisoformat(DAYS[1]), date.fromisoformat(DAYS[1]), WORD)
    first = live.evening(DAYS[0])
    assert symbol in first.restricted and symbol not in set(first.orders()["symbol"]), "it would be bought in a restricted session"
    assert symbol in live.evening(DAYS[1]).restricted and symbol not in live.evening(DAYS[2]).restricted
    paused(account, replace(WORD, why="a holiday"))
    third = live.evening(DAYS[3])
    assert third.exits_only and codes(third) == {"pause"} and [one["why"] for one in third.halts] == ["a holiday"]
    assert not (third.orders()["reason"] == "entry").any()
    assert [one.code for one in resumed(account, WORD)] == ["pause"]
    assert not live.evening(DAYS[4]).exits_only


def test_what_of_yesterday_did_not_fill_is_listed(live: Live) -> None:
    first = live.evening(DAYS[0])
    orders = first.orders()
    symbol = orders["symbol"].iloc[0]
    for day in DAYS[1:4]:
        live.tape = without(live.tape, day, [symbol])  # type: ignore[arg-type]
    unfilled = {}
    for day in DAYS[1:4]:
        unfilled[day] = live.evening(day)
    assert symbol not in {one["symbol"] for one in unfilled[DAYS[1]].fills}
    ended = [one for one in unfilled.values() for one in one.ended if one["symbol"] == symbol]
    waiting = [line for line in unfilled[DAYS[1]].book["before"] if line["symbol"] == symbol]
    assert [one["order_id"] for one in ended] == [int(orders["order_id"].iloc[0])] or waiting
    assert ended and ended[0]["status"] == "cancelled"
