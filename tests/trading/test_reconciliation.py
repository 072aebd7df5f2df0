"""The account beside the journal: every booking that Alpaca makes explains what it did, and nothing else is explained."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from springback.brokers.alpaca_words import activity_of
from springback.state.order_rows import OrderFill, OrderIntent
from springback.state.state import State
from springback.state.trading_rows import Adoption, Booking, Reconciliation
from springback.trading.accounted import Held, Memory, Ours, Reconciled, Seen, Traded, memory_of, ours_of
from springback.trading.booked import Change
from springback.trading.journal import Order
from springback.trading.reconciliation import reconciled
from springback.workflow.reconcile import _kept_memory, remembered

AT = datetime(2026, 3, 3, 14, 30, tzinfo=UTC)
NUMBERS = count(1)


def booking(kind: str, sub: str, symbol: str, quantity: object = None, amount: object = "0", **more: str) -> Booking:
    """An activity as Alpaca tells it, kept as a row."""
    record: dict[str, Any] = {"id": f"a::{next(NUMBERS)}", "activity_type": kind, "activity_sub_type": sub, "symbol": symbol}
    record |= {"qty": None if quantity is None else str(quantity), "net_amount": str(amount), "status": "executed"}
    one = activity_of(record | {"created_at": "2026-03-04T07:00:00Z"} | more)
    assert one.at is not None
    return Booking(one.activity_id, one.kind, one.word, one.symbol, one.quantity, one.amount, one.at, AT, one.status)


def order(
    symbol: str, signed: int, price: object = 10, state: str = "filled", filled: int | None = None, history: tuple[OrderFill, ...] = ()
) -> Order:
    """An order of ours that filled `filled` shares."""
    side, name = ("buy" if signed > 0 else "sell"), f"sb-{symbol}-{next(NUMBERS)}"
    intent = OrderIntent(name, date(2026, 3, 2), symbol, side, "entry", 1, Decimal(abs(signed)), 10.0, "entry")
    whole = abs(signed) if filled is None else filled
    fills = (OrderFill(f"{name}/1", name, AT, Decimal(whole), Decimal(str(price)), Decimal(0)),) if whole else ()
    return Order(intent, state, AT, fills=fills, history=history or fills)


def seen(
    positions: Mapping[str, object], cash: object, *bookings: Booking, traded: tuple[Traded, ...] = (), ids: Mapping[str, str] | None = None
) -> Seen:
    held = tuple(Held((ids or {}).get(symbol, f"id-{symbol}"), symbol, Decimal(str(q))) for symbol, q in positions.items())
    return Seen(held, None if cash is None else Decimal(str(cash)), traded, bookings)


def after_buying(**shares: int) -> tuple[Ours, Memory, Decimal]:
    """An account of 100,000 dollars that bought or sold `shares` at 10 dollars, and was reconciled before and after."""
    empty = reconciled(ours_of(()), seen({}, 100_000))
    ours = ours_of([order(symbol, quantity) for symbol, quantity in shares.items()])
    found = reconciled(ours, seen(shares, 100_000 + ours.cash), empty.memory)
    assert found.whole and not found.halts and {one.code for one in found.lines} <= {"equal"}
    return ours, memory_of(found.memory.plain()), 100_000 + ours.cash


def code(found: Reconciled, symbol: str) -> str:
    return next(one.code for one in found.lines if one.symbol == symbol)


def test_a_forward_split_is_explained_by_its_booking_once() -> None:
    ours, memory, cash = after_buying(AAA=10)
    split = booking("SPLIT", "FSPLIT", "AAA", 30)
    found = reconciled(ours, seen({"AAA": 40}, cash, split), memory)
    assert (code(found, "AAA"), found.ours, found.whole) == ("split", {"AAA": 40}, True)
    again = reconciled(ours, seen({"AAA": 40}, cash, split), found.memory)
    assert (code(again, "AAA"), again.ours, again.fractions) == ("equal", {"AAA": 40}, {})


@pytest.mark.parametrize("told", [(30,), (40,), (-10, 40)], ids=["change", "total", "out and in"])
def test_a_split_is_read_however_the_broker_counts_it(told: tuple[int, ...]) -> None:
    ours, memory, cash = after_buying(AAA=10)
    found = reconciled(ours, seen({"AAA": 40}, cash, *(booking("SPLIT", "FSPLIT", "AAA", one) for one in told)), memory)
    assert (code(found, "AAA"), found.ours) == ("split", {"AAA": 40})


def test_a_reverse_split_leaves_a_fraction_for_the_sender() -> None:
    ours, memory, cash = after_buying(AAA=15)
    found = reconciled(ours, seen({"AAA": "1.5"}, cash, booking("SPLIT", "RSPLIT", "AAA", "-13.5")), memory)
    assert (code(found, "AAA"), found.ours, found.fractions) == ("fraction", {"AAA": Decimal("1.5")}, {"AAA": Decimal("0.5")})
    sold = ours_of([order("AAA", 15), order("AAA", -1, 100, filled=1)])
    assert sold.shares == {"AAA": 14}


def test_cash_in_lieu_explains_shares_and_dollars() -> None:
    ours, memory, cash = after_buying(AAA=15)
    paid = booking("SPLIT", "RSPLIT", "AAA", -14, "48.50")
    found = reconciled(ours, seen({"AAA": 1}, cash + Decimal("48.50"), paid), memory)
    assert (code(found, "AAA"), found.fractions, found.whole) == ("cash_in_lieu", {}, True)
    assert [(one.code, one.amount) for one in found.cash] == [("cash_in_lieu", Decimal("48.50"))]


def test_a_split_that_the_broker_has_done_and_not_booked_is_explained_by_market_data() -> None:
    ours, memory, cash = after_buying(AAA=15)
    found = reconciled(ours, seen({"AAA": "1.5"}, cash), memory, splits={"AAA": Decimal(10)})
    assert (code(found, "AAA"), found.ours) == ("fraction", {"AAA": Decimal("1.5")})
    late = reconciled(ours, seen({"AAA": "1.5"}, cash, booking("SPLIT", "RSPLIT", "AAA", "-13.5")), found.memory)
    assert (late.ours, late.whole) == ({"AAA": Decimal("1.5")}, True)
    assert reconciled(ours, seen({"AAA": 2}, cash), memory, splits={"AAA": Decimal(10)}).halts == ("AAA",)


def test_a_renamed_name_is_followed_by_its_asset_id_and_not_by_its_symbol() -> None:
    ours, memory, cash = after_buying(OLD=10)
    told = booking("NC", "SNC", "NEW", 10)
    found = reconciled(ours, seen({"NEW": 10}, cash, told, ids={"NEW": "id-OLD"}), memory)
    assert (code(found, "OLD"), found.ours, found.whole) == ("name_change", {"OLD": 10}, True)
    again = reconciled(ours, seen({"NEW": 10}, cash, told, ids={"NEW": "id-OLD"}), found.memory)
    assert (code(again, "OLD"), again.ours) == ("equal", {"OLD": 10})
    reused = reconciled(ours, seen({"NEW": 10, "OLD": 7}, cash, told, ids={"NEW": "id-OLD", "OLD": "id-other"}), found.memory)
    assert reused.ours == {"OLD": 10} and reused.halts == ("OLD@id-other",)


def test_a_name_change_with_a_new_id_is_followed_by_its_booking() -> None:
    ours, memory, cash = after_buying(OLD=10)
    found = reconciled(ours, seen({"NEW": 10}, cash, booking("NC", "SCNC", "NEW", 10)), memory)
    assert (code(found, "OLD"), found.ours, found.halts) == ("name_change", {"OLD": 10}, ())
    assert reconciled(ours, seen({"NEW": 10}, cash), memory).halts == ("NEW", "OLD")


def test_mergers_for_cash_for_stock_and_for_both() -> None:
    ours, memory, cash = after_buying(TGT=10)
    sold = reconciled(ours, seen({}, cash + 150, booking("MA", "CMA", "TGT", -10, 150)), memory)
    assert (code(sold, "TGT"), sold.ours, sold.whole) == ("merger", {}, True)
    out, into = booking("MA", "SMA", "TGT", -10), booking("MA", "SMA", "ACQ", "5")
    swapped = reconciled(ours, seen({"ACQ": 5}, cash, out, into), memory)
    assert (code(swapped, "TGT"), code(swapped, "ACQ")) == ("merger", "merger")
    assert (swapped.ours, swapped.fractions, swapped.whole) == ({"ACQ": 5}, {"ACQ": 5}, True)
    both = reconciled(
        ours, seen({"ACQ": "2.5"}, cash + 40, booking("MA", "SCMA", "TGT", -10, 40), booking("MA", "SCMA", "ACQ", "2.5")), memory
    )
    assert (both.ours, both.fractions, both.whole) == ({"ACQ": Decimal("2.5")}, {"ACQ": Decimal("2.5")}, True)


def test_a_spin_off_is_counted_told_and_left_to_be_sold() -> None:
    ours, memory, cash = after_buying(PAR=100)
    booked = booking("SPIN", "", "KID", 25)
    found = reconciled(ours, seen({"PAR": 100, "KID": 25}, cash, booked), memory)
    assert (code(found, "KID"), found.ours, found.fractions) == ("spin_off", {"PAR": 100, "KID": 25}, {"KID": 25})
    sold = ours_of([order("PAR", 100), order("KID", -25, 4)])
    after = reconciled(sold, seen({"PAR": 100}, 100_000 + sold.cash, booked), found.memory)
    assert (after.ours, after.fractions, after.whole, after.halts) == ({"PAR": 100}, {}, True, ())


def test_dividends_on_longs_and_substitute_payments_on_shorts_explain_cash_and_no_shares() -> None:
    ours, memory, cash = after_buying(AAA=10, BBB=-20)
    paid, owed = booking("DIV", "CDIV", "AAA", 10, "2.50"), booking("DIV", "SPD", "BBB", -20, "-6")
    found = reconciled(ours, seen({"AAA": 10, "BBB": -20}, cash + Decimal("-3.5"), paid, owed), memory)
    assert {one.code: one.amount for one in found.cash} == {"dividend": Decimal("2.5"), "substitute": Decimal(-6)}
    assert found.whole and found.ours == {"AAA": 10, "BBB": -20}


def test_a_stock_dividend_moves_shares() -> None:
    ours, memory, cash = after_buying(AAA=10)
    found = reconciled(ours, seen({"AAA": 11}, cash, booking("DIV", "SDIV", "AAA", 1)), memory)
    assert (code(found, "AAA"), found.ours) == ("dividend", {"AAA": 11})


def test_a_delisting_takes_the_shares_away() -> None:
    ours, memory, cash = after_buying(AAA=10)
    for told in (-10, 10):
        found = reconciled(ours, seen({}, cash, booking("REORG", "WRM", "AAA", told)), memory)
        assert (code(found, "AAA"), found.ours, found.whole) == ("delisting", {}, True)


def test_a_buy_in_is_explained_where_a_booking_says_so_and_not_shorted_again() -> None:
    ours, memory, cash = after_buying(AAA=-20)
    recalled = booking("JNLS", "", "AAA", 8)
    found = reconciled(ours, seen({"AAA": -12}, cash, recalled), memory)
    assert (code(found, "AAA"), found.ours, found.not_short, found.halts) == ("recall", {"AAA": -12}, {"AAA"}, ())
    silent = reconciled(ours, seen({"AAA": -12}, cash), memory)
    assert (code(silent, "AAA"), silent.halts, silent.whole, silent.unexplained) == ("unexplained", ("AAA",), False, 1)


def test_busts_and_corrections_are_told_and_a_position_may_follow_late() -> None:
    _, memory, _ = after_buying(AAA=10)
    first = OrderFill("x/1", "x", AT, Decimal(10), Decimal(10), Decimal(0))
    bust = OrderFill("x/2", "x", AT + timedelta(hours=5), Decimal(0), Decimal(0), Decimal(0), "x/1")
    undone = ours_of([order("AAA", 10, state="cancelled", filled=0, history=(first, bust))])
    gone = reconciled(undone, seen({}, 100_000), memory)
    assert (code(gone, "AAA"), gone.ours, gone.whole) == ("bust", {}, True)
    late = reconciled(undone, seen({"AAA": 10}, 99_900), memory)
    assert (code(late, "AAA"), late.halts, late.ours, late.whole) == ("unbooked", (), {}, False)


def test_an_order_that_is_unknown_or_live_makes_a_difference_in_flight_within_its_shares() -> None:
    _, memory, _ = after_buying()
    ours = ours_of([order("AAA", 10, state="unknown", filled=0)])
    assert code(reconciled(ours, seen({"AAA": 10}, 99_900), memory), "AAA") == "unbooked"
    assert code(reconciled(ours, seen({"AAA": 11}, 99_890), memory), "AAA") == "unexplained"
    assert code(reconciled(ours, seen({"AAA": -1}, 100_010), memory), "AAA") == "unexplained"


def test_shares_at_first_contact_are_halted_until_a_person_says_whose_they_are() -> None:
    first = reconciled(ours_of(()), seen({"AAA": 50}, 1000))
    assert (first.halts, first.ours) == (("AAA",), {})
    foreign = Adoption("AAA", "foreign", Decimal(50), None, None, AT, "me", n=1)
    after = reconciled(ours_of(()), seen({"AAA": 50}, 1000), first.memory, [foreign])
    assert (code(after, "AAA"), after.halts, after.ours, after.foreign) == ("foreign", (), {}, {"AAA"})
    mine = Adoption("BBB", "ours", Decimal(5), 10.0, date(2026, 3, 2), AT, "me", n=2)
    both = reconciled(ours_of((), [mine]), seen({"AAA": 50, "BBB": 5}, 1000), after.memory, [foreign, mine])
    assert (both.ours, both.halts) == ({"BBB": 5}, ())


def test_another_hands_orders_are_foreign_and_never_ours() -> None:
    ours, memory, cash = after_buying(AAA=10)
    bought = Traded("m-1", "AAA", Decimal(7), Decimal(11))
    found = reconciled(ours, seen({"AAA": 17}, cash - 77, traded=(bought,)), memory)
    assert (code(found, "AAA"), found.ours, found.halts, found.whole) == ("foreign", {"AAA": 10}, (), True)
    again = reconciled(ours, seen({"AAA": 17}, cash - 77, traded=(bought,)), found.memory)
    assert (again.ours, again.whole, again.foreign) == ({"AAA": 10}, True, {"AAA"})
    split = reconciled(ours, seen({"AAA": 34}, cash - 77, booking("SPLIT", "FSPLIT", "AAA", 17)), found.memory)
    assert split.ours == {"AAA": 20} and split.memory.foreign == {"AAA": 14}


def test_another_hand_that_sells_our_shares_halts_the_name() -> None:
    ours, memory, cash = after_buying(AAA=10)
    found = reconciled(ours, seen({}, cash + 110, traded=(Traded("m-1", "AAA", Decimal(-10), Decimal(11)),)), memory)
    assert (code(found, "AAA"), found.halts, found.unexplained) == ("foreign", ("AAA",), 0)


def test_shares_that_come_by_transfer_or_from_foreign_shares_are_not_ours() -> None:
    ours, memory, cash = after_buying(AAA=10)
    moved = reconciled(ours, seen({"AAA": 10, "ZZZ": 3}, cash, booking("ACATS", "", "ZZZ", 3)), memory)
    assert (code(moved, "ZZZ"), moved.ours, moved.halts) == ("foreign", {"AAA": 10}, ())
    spun = reconciled(ours, seen({"AAA": 10, "ZZZ": 3, "KID": 1}, cash, booking("SPIN", "", "KID", 1)), moved.memory)
    assert (code(spun, "KID"), spun.ours, spun.halts) == ("unexplained", {"AAA": 10}, ("KID",))
    fresh = reconciled(ours_of(()), seen({"KID": 1}, 1000, booking("SPIN", "", "KID", 1)))
    assert (code(fresh, "KID"), fresh.ours) == ("unexplained", {})


def test_cash_that_nobody_explains_makes_the_day_unreconciled_until_a_booking_does() -> None:
    ours, memory, cash = after_buying(AAA=10)
    found = reconciled(ours, seen({"AAA": 10}, cash - 3), memory)
    assert (found.unexplained, found.whole, found.halts) == (1, False, ())
    assert [(one.code, one.amount) for one in found.cash] == [("unexplained", -3)]
    told = reconciled(ours, seen({"AAA": 10}, cash - 3, booking("FEE", "REG", "", None, -3)), found.memory)
    assert told.whole and told.memory.drift == 0
    deposit = reconciled(ours, seen({"AAA": 10}, cash + 500, booking("CSD", "", "", None, 500)), memory)
    assert deposit.whole and [(one.code, one.amount) for one in deposit.cash] == [("foreign", 500)]
    assert not reconciled(ours, seen({"AAA": 10}, None), memory).whole


def test_nothing_is_counted_from_a_cash_with_executions_that_were_not_told() -> None:
    """The first reconciliation after a fill that is told late: its dollars are no difference when it comes."""
    first = reconciled(ours_of([order("AAA", 10, state="accepted", filled=0)]), seen({"AAA": 10}, 99_900))
    assert (code(first, "AAA"), first.whole, first.unexplained, first.memory.base) == ("unbooked", False, 0, None)
    told = reconciled(ours_of([order("AAA", 10)]), seen({"AAA": 10}, 99_900), first.memory)
    assert told.whole and told.memory.base == 100_000


def test_a_booking_that_is_taken_back_or_changed_is_read_again() -> None:
    ours, memory, cash = after_buying(AAA=10)
    split = booking("SPLIT", "FSPLIT", "AAA", 30)
    found = reconciled(ours, seen({"AAA": 40}, cash, split), memory)
    back = Booking(**{**vars(split), "status": "canceled"})
    assert reconciled(ours, seen({"AAA": 10}, cash, back), found.memory).ours == {"AAA": 10}
    changed = Booking(**{**vars(split), "quantity": Decimal(20)})
    assert reconciled(ours, seen({"AAA": 30}, cash, changed), found.memory).ours == {"AAA": 30}


def test_a_kind_of_booking_that_nobody_knows_halts_the_name() -> None:
    ours, memory, cash = after_buying(AAA=10)
    assert reconciled(ours, seen({"AAA": 12}, cash, booking("VOF", "VRGT", "AAA", 2)), memory).halts == ("AAA",)


@given(some.dictionaries(some.sampled_from("ABCD"), some.tuples(some.integers(-50, 50), some.integers(-50, 50), some.integers(-60, 60))))
def test_a_difference_is_explained_by_a_booking_of_just_that_size_or_not_at_all(names: dict[str, tuple[int, int, int]]) -> None:
    """Whatever is booked, ours and foreign shares that are explained are the broker's, and all that is unexplained is halted."""
    held = {name: own for name, (own, _, _) in names.items() if own}
    ours, memory, cash = after_buying(**held)
    positions = {name: own + moved for name, (own, moved, _) in names.items() if own + moved}
    bookings = [booking("SPLIT", "FSPLIT", name, told) for name, (_, _, told) in names.items() if told]
    found = reconciled(ours, seen(positions, cash, *bookings), memory)
    for one in found.lines:
        if one.halts:
            assert one.code == "unexplained" and one.ours + one.foreign != one.broker
        else:
            assert one.ours + one.foreign == one.broker
            assert one.difference == 0 or one.activities
    assert memory_of(found.memory.plain()) == found.memory


def test_an_exit_under_the_new_name_ends_what_was_bought_under_the_old_one() -> None:
    ours, memory, cash = after_buying(OLD=10)
    ids = {"NEW": "id-OLD"}
    found = reconciled(ours, seen({"NEW": 10}, cash, booking("NC", "SNC", "NEW", 10), ids=ids), memory)
    assert found.memory.renamed == {"OLD": "NEW"}
    kept, both = memory_of(found.memory.plain()), ours_of([order("OLD", 10), order("NEW", -4, 4)])
    names = {"OLD": ("id-OLD", "OLD"), "NEW": ("id-OLD", "NEW")}
    after = reconciled(both, replace(seen({"NEW": 6}, cash + 40 - 24, ids=ids), names=names), kept)
    assert (after.ours, after.halts, code(after, "OLD")) == ({"OLD": 6}, (), "equal")
    assert memory_of(after.memory.plain()).renamed == {"OLD": "NEW"}


def test_the_space_in_a_brokers_spelling_of_a_class_is_no_new_name() -> None:
    ours, memory, cash = after_buying(**{"BRK.B": 10})
    found = reconciled(ours, seen({"BRK B": 10}, cash, ids={"BRK B": "id-BRK.B"}), memory)
    assert (code(found, "BRK.B"), found.memory.renamed) == ("equal", {})


def test_an_odd_split_that_is_not_booked_yet_is_explained() -> None:
    ours, memory, cash = after_buying(AAA=100)
    found = reconciled(ours, seen({"AAA": 700}, cash), memory, splits={"AAA": Decimal(repr(1 / 7))})
    assert (code(found, "AAA"), found.ours) == ("split", {"AAA": 700})


def test_a_name_that_came_by_booking_and_was_sold_is_a_candidate_like_any_other() -> None:
    ours, memory, cash = after_buying(PAR=100)
    booked = booking("SPIN", "", "KID", 25)
    found = reconciled(ours, seen({"PAR": 100, "KID": 25}, cash, booked), memory)
    sold = order("KID", -25, 4)
    sold = replace(sold, intent=replace(sold.intent, reason="fraction"))
    again = ours_of([order("PAR", 100), sold, order("KID", 7, 4)])
    after = reconciled(again, seen({"PAR": 100, "KID": 7}, 100_000 + again.cash, booked), found.memory)
    assert (after.ours, after.fractions) == ({"PAR": 100, "KID": 7}, {})


def test_a_row_keeps_what_is_other_than_in_the_last_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows must not grow with all that was ever booked; what is remembered is all of it, also what is told anew or was taken back."""
    monkeypatch.setattr("springback.workflow.reconcile.FEW", 10)
    monkeypatch.setattr("springback.workflow.reconcile.ROWS", 5)
    state, changes, sizes = State(tmp_path / "state.sqlite"), [], []
    for k in range(40):
        changes.append(Change(f"a::{k}", "AAA", "fee", Decimal(0), Decimal(k), content=f"AAA None {k} executed"))
        if k % 7 == 3:
            del changes[k // 2]
        if k % 5 == 4:
            changes.append(replace(changes.pop(1), amount=Decimal(-k), content=f"AAA None {-k} correct"))
        memory, last = Memory(changes=tuple(changes), base=Decimal(1000)), state.newest("PA1", Reconciliation)
        kept = _kept_memory(state, "PA1", last, memory)
        sizes.append(len(kept["changes"]))
        body = json.dumps({"memory": kept})
        state.keep("PA1", Reconciliation(AT.date(), "night", AT + timedelta(hours=k), 0, body))
        assert remembered(state, "PA1") == memory
    assert sizes[-1] < 15 < len(changes) and sum(one > 20 for one in sizes) <= 6
