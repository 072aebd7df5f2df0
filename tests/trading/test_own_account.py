"""What of a broker's account is ours, case by case, worked by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from springback.state.order_rows import OrderFill, OrderIntent
from springback.state.trading_rows import Adoption, Booking
from springback.trading.journal import Order
from springback.trading.own_account import Beginning, Event, Held, OwnAccount, Receivable, Sources, own_account

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


def test_a_fraction_that_is_sold_moves_cash_alone() -> None:
    rest = order(2, "sell", "0.5", "60", 1)
    assert account(2, BOUGHT, rest) == OwnAccount(Decimal("4974.00") + 30 - 1, {"AAA": Held(100, Decimal("50.25"), day(1))}, ())
