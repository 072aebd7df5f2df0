"""What of a broker's account is ours, case by case, worked by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from springback.state.order_rows import OrderFill, OrderIntent
from springback.state.trading_rows import Adoption, Booking
from springback.trading.booked import Change, Receivable
from springback.trading.journal import Order
from springback.trading.own_account import Beginning, Event, Held, OwnAccount, Sources, own_account

START = datetime(2026, 3, 2, 22, tzinfo=UTC)
MONDAY = date(2026, 3, 2)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def order(number: int, side: str, shares: str, price: str, decided: int = 0, symbol: str = "AAA") -> Order:
    """An order that was decided `decided` days after Monday, and filled at once for a dollar."""
    intent = OrderIntent(f"sb-{number}", day(decided), symbol, side, "entry", 1, Decimal(shares), None, "")
    fill = OrderFill(f"e{number}", intent.client_id, START, Decimal(shares), Decimal(price), Decimal(1))
    return Order(intent, "filled", START, fills=(fill,), history=(fill,))


def booking(kind: str, symbol: str, amount: str, after: int, quantity: str = "0", **more: str) -> Booking:
    at = START + timedelta(days=after)
    return Booking(f"{kind}-{after}-{amount}", kind, kind, symbol, Decimal(quantity), Decimal(amount), at, at, **more)


def account(until: int, *orders: Order, **sources: object) -> OwnAccount:
    return own_account(Beginning(Decimal(10_000), START), Sources(orders, **sources), day(until), lambda one: one + timedelta(days=1))  # type: ignore[arg-type]


BOUGHT = order(1, "buy", "100", "50.25")


def test_fills_move_cash_and_shares_from_the_session_of_their_order_on() -> None:
    assert account(0, BOUGHT) == OwnAccount(Decimal(10_000), {}, ())
    assert account(1, BOUGHT) == OwnAccount(Decimal("4974.00"), {"AAA": Held(100, Decimal("50.25"), day(1))}, ())
    more, less = order(2, "buy", "300", "54.25", 1), order(3, "sell", "150", "60", 2)
    assert account(3, BOUGHT, more, less).positions == {"AAA": Held(250, Decimal("53.25"), day(1))}
    out = order(4, "sell", "250", "60", 3)
    assert account(4, BOUGHT, more, less, out) == OwnAccount(Decimal(10_000) - 5025 - 16275 + 9000 + 15000 - 4, {}, ())


def test_a_short_is_negative_and_turns_into_nothing() -> None:
    sold = order(1, "sell", "100", "50")
    assert account(1, sold) == OwnAccount(Decimal(14_999), {"AAA": Held(-100, Decimal(50), day(1))}, ())
    assert account(2, sold, order(2, "buy", "100", "40", 1)).positions == {}


def test_a_busted_fill_was_never_there() -> None:
    assert account(5, replace(BOUGHT, fills=())) == OwnAccount(Decimal(10_000), {}, ())


def test_a_split_comes_before_the_fills_of_its_day() -> None:
    events = (Event(day(2), "AAA", "split", 1 / 3),)
    assert account(2, BOUGHT, events=events).positions["AAA"].quantity == 300
    two = order(2, "buy", "30", "16.75", 1)
    assert account(2, BOUGHT, two, events=events).positions["AAA"].quantity == 330
    three = Event(day(2), "AAA", "split", 3.0)
    assert account(2, BOUGHT, events=(three,)).positions["AAA"] == Held(33, Decimal("150.75"), day(1))
    assert account(2, order(1, "buy", "2", "50"), events=(three,)).positions == {}
    assert account(2, order(1, "sell", "100", "50"), events=(three,)).positions["AAA"].quantity == -33


def test_a_dividend_is_receivable_until_it_is_booked() -> None:
    events = (Event(day(1), "AAA", "dividend", 9.0), Event(day(2), "AAA", "dividend", 0.5), Event(day(4), "AAA", "dividend", 0.25))
    before = account(4, BOUGHT, events=events)
    assert before.receivables == (Receivable(day(2), "AAA", Decimal("50.0")), Receivable(day(4), "AAA", Decimal("25.00")))
    paid = (booking("dividend", "AAA", "49.99", 5),)
    assert account(4, BOUGHT, events=events, bookings=paid) == before
    after = account(5, BOUGHT, events=events, bookings=paid)
    assert [one.day for one in after.receivables] == [day(4)]
    assert after.cash_and_receivables == Decimal("4974.00") + Decimal("49.99") + 25
    short = account(2, order(1, "sell", "100", "50"), events=events[1:])
    assert short.cash_and_receivables == 14_999 - 50


def test_what_was_booked_counts_once_it_stands_and_is_ours() -> None:
    booked = (
        booking("interest", "", "-3.5", 1),
        booking("transfer", "", "1000", 1),
        booking("fee", "", "-0.25", -1),
        booking("dividend", "ZZZ", "70", 1),
        booking("fee", "AAA", "-0.5", 2, status="canceled"),
    )
    assert account(2, BOUGHT, bookings=booked).cash == Decimal("4974.00") + Decimal("996.5")


def test_shares_go_with_a_delisting_and_come_with_an_adoption() -> None:
    gone = booking("reorganisation", "AAA", "4000", 2, "-100")
    assert account(2, BOUGHT, bookings=(gone,)) == OwnAccount(Decimal("8974.00"), {}, ())
    ours = Adoption("BBB", "ours", Decimal(-40), 12.5, day(-3), START, "a tester")
    assert account(0, adoptions=(ours,)).positions == {"BBB": Held(-40, Decimal("12.5"), day(-3))}
    foreign = Adoption("AAA", "foreign", Decimal(7), None, None, START, "a tester")
    found = account(2, BOUGHT, adoptions=(foreign,), bookings=(booking("dividend", "AAA", "70", 1),))
    assert found.positions["AAA"].quantity == 100 and found.cash == Decimal("4974.00")


def change(one: Booking, quantity: str, arrival: bool = False) -> Change:
    """What a reconciliation read in a booking."""
    return Change(one.activity_id, one.symbol, one.kind, Decimal(quantity), one.amount or Decimal(0), arrival=arrival)


def test_a_fraction_that_a_split_left_is_no_position_and_its_sale_leaves_the_rest() -> None:
    split = Event(day(2), "AAA", "split", 8.0)
    rest = order(2, "sell", "0.5", "60", 2)
    rest = replace(rest, intent=replace(rest.intent, purpose="exit", reason="fraction"))
    for sources in ({}, {"bookings": (one := booking("split", "AAA", "0", 2, "-87.5"),), "changes": (change(one, "-87.5"),)}):
        found = account(2, BOUGHT, events=(split,), **sources)
        assert found.positions == {"AAA": Held(12, Decimal("402.00"), day(1))} and found.apart == {"AAA": Decimal("0.5")}
        assert account(3, BOUGHT, rest, events=(split,), **sources) == replace(found, cash=found.cash + 30 - 1, apart={})


def test_a_split_is_what_the_broker_booked_once_that_is_known() -> None:
    up = booking("split", "AAA", "0", 3, "-87")
    events = (Event(day(2), "AAA", "split", 8.0),)
    assert account(3, BOUGHT, events=events).positions["AAA"].quantity == 12
    assert account(3, BOUGHT, events=events, bookings=(up,), changes=(change(up, "-87"),)).positions["AAA"].quantity == 13
    alone = account(3, BOUGHT, bookings=(up,), changes=(change(up, "-50"),)).positions["AAA"]
    assert alone == Held(50, Decimal("100.50"), day(1))


def test_a_name_that_ended_on_the_day_of_its_split_had_not_split() -> None:
    """The broker took away what there was before the split; a share of the split must not stay, nor a dividend of that day."""
    events = (Event(day(2), "AAA", "split", 3.0), Event(day(2), "AAA", "dividend", 1.0))
    gone, later = booking("reorganisation", "AAA", "4000", 2, "-100"), booking("reorganisation", "AAA", "4000", 2, "-33")
    for changes in ((), (change(gone, "-100"),)):
        assert account(2, BOUGHT, events=events, bookings=(gone,), changes=changes) == OwnAccount(Decimal("8974.00"), {}, ())
    split = booking("split", "AAA", "0", 2, "-67")
    both = {"bookings": (split, later), "changes": (change(split, "-67"), change(later, "-33"))}
    assert account(2, BOUGHT, events=events[:1], **both).positions == {}


def test_two_splits_of_a_week_are_each_booked_once() -> None:
    """The booking of the second is within reach of the first one too: each is of the nearest."""
    events = (Event(day(2), "AAA", "split", 0.5), Event(day(3), "AAA", "split", 0.5))
    first, second = booking("split", "AAA", "0", 2, "100"), booking("split", "AAA", "0", 3, "200")
    for known in ((), (first,), (second,), (first, second)):
        changes = tuple(change(one, "100" if one is first else "200") for one in known)
        assert account(4, BOUGHT, events=events, bookings=known, changes=changes).positions["AAA"].quantity == 400


def test_seven_for_one_is_seven_times_as_many() -> None:
    assert account(2, BOUGHT, events=(Event(day(2), "AAA", "split", 1 / 7),)).positions["AAA"].quantity == 700


def test_what_came_by_booking_is_no_position_and_a_renamed_name_goes_on_under_its_new_one() -> None:
    spun = booking("spin_off", "KID", "0", 2, "25.5")
    more = {"bookings": (spun,), "changes": (change(spun, "25.5", arrival=True),), "names": {"AAA": "NEW"}}
    assert account(2, BOUGHT, **more).positions == {"NEW": Held(100, Decimal("50.25"), day(1))}
    sold = order(2, "sell", "25.5", "10", 2, "KID")
    sold = replace(sold, intent=replace(sold.intent, purpose="exit", reason="fraction"))
    entered, out = order(3, "buy", "7", "10", 3, "KID"), order(4, "sell", "40", "60", 3, "NEW")
    assert account(3, BOUGHT, sold, **more).positions == {"NEW": Held(100, Decimal("50.25"), day(1))}
    last = account(4, BOUGHT, sold, entered, out, **more).positions
    assert last == {"KID": Held(7, Decimal(10), day(4)), "NEW": Held(60, Decimal("50.25"), day(1))}


def test_a_dividend_of_which_tax_is_withheld_settles_itself_alone() -> None:
    events = (Event(day(2), "AAA", "dividend", 0.5), Event(day(4), "AAA", "dividend", 0.5))
    lines = (booking("dividend", "AAA", "50", 5), booking("dividend", "AAA", "-15", 5))
    assert [one.day for one in account(5, BOUGHT, events=events, bookings=lines).receivables] == [day(4)]
    parts = (booking("dividend", "AAA", "30", 5), booking("dividend", "AAA", "20", 5))
    assert [one.day for one in account(5, BOUGHT, events=events, bookings=parts).receivables] == [day(4)]
    late = (*lines, booking("dividend", "AAA", "-2", 6))
    assert [one.day for one in account(6, BOUGHT, events=events, bookings=late).receivables] == [day(4)]
    both = (booking("dividend", "AAA", "50", 5), booking("dividend", "AAA", "50.00", 5))
    assert account(5, BOUGHT, events=events, bookings=both).receivables == ()
    other = (events[0], Event(day(4), "AAA", "dividend", 0.25))
    assert [one.day for one in account(5, BOUGHT, events=other, bookings=(booking("dividend", "AAA", "25", 5),)).receivables] == [day(2)]
