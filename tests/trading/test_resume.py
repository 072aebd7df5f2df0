"""Fills in parts, refusals, and a restart that finds the broker ahead of the book."""

import json

import numpy as np
import pytest

from springback.market.book import line_of
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe
from springback.trading.day_forecasts import FileForecasts
from springback.trading.desk import Decision, Desk
from springback.trading.resume import Holding, read, restore, state_of

NAMES = ("AAA", "BBB", "CCC")
DAY = np.datetime64("2024-03-04")


def desk(strategy: Strategy | None = None) -> Desk:
    days = np.repeat(DAY + np.arange(8), 2)
    quiet = FileForecasts(days, ["AAA", "BBB"] * 8, np.tile([5.0, 0.9, 0.1, 1e6], (16, 1)))
    return Desk(NAMES, quiet, strategy or Strategy(slots=2), Regime(), Universe())


def session(one: Desk, day: np.datetime64, close: float = 10.0) -> list[tuple[str, int, str]]:
    one.close(day, np.full(3, close), np.full(3, 1e6))
    decision = one.decide(15.0, 1_000_000.0)
    return [(order.symbol, order.quantity, order.reason) for order in decision.orders]


def test_an_entry_filled_in_parts_is_one_position_at_its_mean_price() -> None:
    one = desk(Strategy(slots=2, entry_life=0))
    assert session(one, DAY) == [("AAA", 50_000, "entry"), ("BBB", 50_000, "entry")]
    one.fill("AAA", 20_000, 10.0)
    assert one.held() == {"AAA": 20_000}
    assert one.book.waiting[0] == 30_000
    one.fill("AAA", 30_000, 10.5)
    assert one.held() == {"AAA": 50_000}
    assert one.book.entry_price[0] == (20_000 * 10 + 30_000 * 10.5) / 50_000
    assert one.book.waiting[0] == 0
    assert session(one, DAY + 1) == []  # both slots are taken, one of them by an order


def test_an_exit_filled_in_parts_stays_closing_until_it_is_done() -> None:
    one = desk()
    session(one, DAY)
    one.fill("AAA", 50_000, 10.0)
    one.drop("BBB", 50_000)
    assert session(one, DAY + 1, close=9.0)[0] == ("AAA", -50_000, "stop_loss")
    one.fill("AAA", -20_000, 9.0)
    assert one.book.closing[0]
    assert one.held() == {"AAA": 30_000}
    one.fill("AAA", -30_000, 9.0)
    assert one.held() == {}


def test_a_refused_exit_is_sent_again_and_a_refused_entry_frees_its_slot() -> None:
    one = desk()
    session(one, DAY)
    one.fill("AAA", 50_000, 10.0)
    one.drop("BBB", 50_000)
    assert [order[0] for order in session(one, DAY + 1, close=9.0)] == ["AAA", "BBB"]
    one.drop("AAA", -50_000)
    assert session(one, DAY + 2, close=9.0)[0] == ("AAA", -50_000, "stop_loss")


def test_a_change_of_size_that_is_taken_back_leaves_the_exit_that_took_its_place() -> None:
    one = desk()
    session(one, DAY)
    one.fill("AAA", 50_000, 10.0)
    one.drop("BBB", 50_000)
    assert session(one, DAY + 1, close=9.0)[0] == ("AAA", -50_000, "stop_loss")
    one.drop("AAA", -45_000)  # an earlier order over a part, cancelled by the exit
    assert one.book.closing[0]
    assert "AAA" not in [order[0] for order in session(one, DAY + 2, close=9.0)]


def test_without_vix_exits_are_decided_and_entries_are_not() -> None:
    one = desk()
    session(one, DAY)
    one.fill("AAA", 50_000, 10.0)
    one.drop("BBB", 50_000)
    one.close(DAY + 1, np.full(3, 9.0), np.full(3, 1e6))
    decision = one.decide(float("nan"), 1_000_000.0)
    assert [(order.symbol, order.reason) for order in decision.orders] == [("AAA", "stop_loss")]
    assert not decision.bear


def test_a_restart_goes_on_where_it_was_and_counts_the_sessions_it_missed() -> None:
    before = desk()
    session(before, DAY)
    before.fill("AAA", 50_000, 10.0)
    session(before, DAY + 1)
    state = json.loads(json.dumps(state_of(before)))
    after = desk()
    after.rolling.fill(DAY + np.arange(4), np.full((4, 3), 10.0), np.full((4, 3), 1e6))
    said = restore(after, state, {"AAA": Holding(50_000, 10.01, 10.2)}, ["BBB"])
    assert said == []
    assert after.held() == {"AAA": 50_000}
    assert after.book.entry_price[0] == 10.0  # the fill price, not the broker's rounded average
    assert line_of(after.book, 0).age == 1 + 2
    assert after.book.waiting[1] == 50_000
    assert list(after.vix) == [15.0, 15.0]


def test_of_our_names_the_broker_is_followed_and_every_difference_is_said() -> None:
    before = desk()
    session(before, DAY)
    before.fill("AAA", 50_000, 10.0)
    state = state_of(before)
    after = desk()
    after.rolling.fill(DAY + np.arange(1), np.full((1, 3), 10.0), np.full((1, 3), 1e6))
    said = restore(after, state, {"AAA": Holding(40_000, 10.5, 10.2), "CCC": Holding(-7, 3.0, 3.1), "ZZZ": Holding(1, 1.0, 1.0)}, [])
    assert [line.split(":")[0].split(" ")[0] for line in said] == ["AAA", "BBB", "CCC", "ZZZ"]
    assert after.held() == {"AAA": 40_000}  # CCC and ZZZ are not ours
    assert after.is_foreign("CCC") and not after.is_foreign("AAA")
    assert after.book.entry_price[0] == 10.5
    assert after.book.waiting[1] == 0


def test_a_cool_down_and_the_regime_outlive_a_restart() -> None:
    """Stopped in the second session with 4 sessions to rest; two pass before the restart, one without the desk: two are left."""
    resting = Strategy(slots=2, cool_down=4, entry_life=0)
    before = desk(resting)
    session(before, DAY)
    before.fill("AAA", 50_000, 10.0)
    before.drop("BBB", 50_000)
    assert session(before, DAY + 1, close=9.0)[0] == ("AAA", -50_000, "stop_loss")
    before.fill("AAA", -50_000, 9.0)
    session(before, DAY + 2)
    state = json.loads(json.dumps(state_of(before)))
    assert state["cooling"] == {"AAA": [1, None]} and state["bear"] is False
    after = desk(resting)
    after.rolling.fill(DAY + np.arange(4), np.full((4, 3), 10.0), np.full((4, 3), 1e6))
    restore(after, state, {}, ["BBB"])
    assert after.was_bear is False
    entered = [[order[0] for order in session(after, DAY + 4 + k)] for k in range(3)]
    assert entered == [[], [], ["AAA"]]


def test_a_position_that_went_while_nobody_looked_cools_down_too() -> None:
    resting = Strategy(slots=2, cool_down=1, entry_life=0)
    before = desk(resting)
    session(before, DAY)
    before.fill("AAA", 50_000, 10.0)
    after = desk(resting)
    after.rolling.fill(DAY + np.arange(1), np.full((1, 3), 10.0), np.full((1, 3), 1e6))
    restore(after, state_of(before), {}, ["BBB"])
    assert session(after, DAY + 1) == []
    assert session(after, DAY + 2) == [("AAA", 50_000, "entry")]


def decided(one: Desk, day: np.datetime64, last: bool = False) -> Decision:
    one.close(day, np.full(3, 10.0), np.full(3, 1e6))
    return one.decide(15.0, 1_000_000.0, last)


def test_a_dead_entry_is_told_to_the_host_and_its_slot_goes_in_the_same_decision() -> None:
    one = desk(Strategy(slots=1))
    assert decided(one, DAY).orders[0].symbol == "AAA"
    again = decided(one, DAY + 1)
    assert again.cancelled == ("AAA",) and [order.symbol for order in again.orders] == ["AAA"]  # it is the first of the ranking again
    assert (again.n_long, again.positions) == (0, (0, 0))
    one.fill("AAA", 50_000, 10.0)
    last = decided(one, DAY + 2, last=True)
    assert (last.cancelled, last.orders, last.n_long, last.positions) == ((), (), 1, (1, 0))


def test_the_last_session_takes_step_0_alone() -> None:
    one = desk()
    decided(one, DAY)
    last = decided(one, DAY + 1, last=True)
    assert (last.cancelled, last.orders, last.n_long) == (("AAA", "BBB"), (), 0)


def test_without_vix_dead_entries_are_taken_back_too() -> None:
    one = desk()
    decided(one, DAY)
    one.close(DAY + 1, np.full(3, 10.0), np.full(3, 1e6))
    assert one.decide(float("nan"), 1_000_000.0).cancelled == ("AAA", "BBB")


def test_an_entry_is_as_old_after_a_restart_as_before_and_missed_sessions_age_it() -> None:
    """Three openings of life: one passed before the restart, one without the desk; the next decision is the third."""
    patient = Strategy(slots=1, entry_life=3)
    before = desk(patient)
    decided(before, DAY)
    assert decided(before, DAY + 1).cancelled == ()
    state, damaged = read(json.dumps(state_of(before)))
    assert state["positions"]["AAA"]["waited"] == 1 and damaged == []
    after = desk(patient)
    after.rolling.fill(DAY + np.arange(3), np.full((3, 3), 10.0), np.full((3, 3), 1e6))
    assert restore(after, state, {}, ["AAA"]) == []
    assert decided(after, DAY + 3).cancelled == ("AAA",)


def test_a_book_that_does_not_tell_ages_is_read_and_they_begin_anew() -> None:
    state = json.loads(remembered())
    for one in state["positions"].values():
        del one["waited"]
    found, damaged = read(json.dumps(state))
    assert damaged == [] and {one["waited"] for one in found["positions"].values()} == {0}


def test_the_rest_of_an_entry_comes_back_with_its_age_and_is_taken_back() -> None:
    before = desk(Strategy(slots=2, entry_life=2))
    decided(before, DAY)
    before.fill("AAA", 20_000, 10.0)
    state = state_of(before)
    after = desk(Strategy(slots=2, entry_life=2))
    after.rolling.fill(DAY + np.arange(1), np.full((1, 3), 10.0), np.full((1, 3), 1e6))
    restore(after, state, {"AAA": Holding(20_000, 10.0, 10.0)}, ["AAA", "BBB"])
    assert after.book.waiting[0] == 30_000
    assert decided(after, DAY + 1).cancelled == ()
    assert decided(after, DAY + 2).cancelled == ("AAA", "BBB")
    assert after.held() == {"AAA": 20_000} and after.book.waiting[0] == 0


def remembered() -> str:
    one = desk(Strategy(slots=2, cool_down=3))
    one.see_vix([15.0, 16.5])
    session(one, DAY)
    one.fill("AAA", 50_000, 10.0)
    return json.dumps(state_of(one))


def test_what_was_remembered_is_read_as_it_was() -> None:
    assert read(remembered()) == (json.loads(remembered()), [])
    unknown = remembered().replace("16.5", "NaN")
    assert np.isnan(read(unknown)[0]["vix"]).any(), "a session without a VIX close"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{", ""),
        ('"2024-03-04"', '"soon"'),
        ("16.5", '"x"'),
        ("16.5", "Infinity"),
        ("16.5", "true"),
        ('"quantity": 50000', '"quantity": "50000"'),
        ('"waited": 0', '"waited": "0"'),
        ('"quantity": 50000', '"quantity": 5e4'),
        ('"entry_price": 10.0', '"entry_price": -1'),
        ('"closing": false', '"closing": 0'),
        ('"positions"', '"position"'),
        ('"bear": false', '"bear": 2'),
        ('"cooling": {', '"cooling": {"CCC": [1], '),
    ],
)
def test_a_damaged_book_is_told_and_what_the_broker_holds_is_not_taken_over(old: str, new: str) -> None:
    text = remembered()
    assert old in text
    if new.endswith("], ") and '"cooling": {}' in text:
        new = new.removesuffix(", ")
    state, said = read(text.replace(old, new, 1))
    assert state == {} and len(said) == 1 and said[0].startswith("the book of the last run cannot be read")
    one = desk()
    assert restore(one, state, {"AAA": Holding(50_000, 10.0, 10.5)}, []) != []
    assert one.held() == {} and one.is_foreign("AAA")


def test_a_name_with_shares_or_orders_that_are_not_ours_is_no_candidate() -> None:
    one = desk()
    one.rolling.fill(DAY + np.arange(1), np.full((1, 3), 10.0), np.full((1, 3), 1e6))
    said = restore(one, state_of(one), {"AAA": Holding(7, 1.0, 1.0)}, ["CCC"])
    assert said == [
        "AAA: the broker holds 7 shares, the book knows of none: not ours, never sold by us, and the name is no candidate",
        "CCC: an order is at the broker, the book knows of none: not ours, never sold by us, and the name is no candidate",
    ]
    assert [order[0] for order in session(one, DAY + 1)] == ["BBB"]
