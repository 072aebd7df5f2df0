"""What every broker keeps, whoever it is: an order once, a verdict apart from a question, fills that add up to positions."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from springback.brokers.broker import counted
from springback.errors import Disagrees, Refused
from tests.brokers.broker_cases import SINCE, Case, alpaca_case, at, simulated_case
from tests.brokers.executions import net_shares
from tests.brokers.ib_cases import ib_case

CASES = {"alpaca": alpaca_case, "simulated": simulated_case, "ib": ib_case}
PLAIN = (str, bool, int, Decimal, date, datetime, type(None), float)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    """Each broker with the same market."""
    with CASES[request.param]() as one:
        yield one


def test_an_order_is_there_under_its_id(case: Case) -> None:
    answer = case.submit("sb-1", purpose="entry")
    assert answer.order.client_id == "sb-1" and answer.order.live and not answer.duplicate
    (order,) = case.events().orders
    assert (order.client_id, order.side, order.quantity, order.filled_quantity) == ("sb-1", "buy", Decimal(10), Decimal(0))
    assert order.broker_id == answer.order.broker_id and order.state == "accepted" and order.time_in_force == "opg"


def test_the_same_order_twice_is_one_order(case: Case) -> None:
    first, second = case.submit("sb-1"), case.submit("sb-1")
    assert second.duplicate and second.order.broker_id == first.order.broker_id
    assert len(case.events().orders) == 1


@pytest.mark.parametrize("other", [("sell", "10"), ("buy", "11"), ("buy", "10", "BRK.B")])
def test_another_order_under_the_id_halts(case: Case, other: tuple[str, ...]) -> None:
    case.submit("sb-1")
    with pytest.raises(Disagrees, match="sb-1"):
        case.submit("sb-1", *other)
    assert len(case.events().orders) == 1


def test_an_id_is_never_free_again(case: Case) -> None:
    case.submit("sb-1")
    assert case.broker.cancel("sb-1").order.state == "cancelled"
    again = case.submit("sb-1")
    assert again.duplicate and again.order.state == "cancelled"


def test_an_order_for_the_open_fills_at_the_open(case: Case) -> None:
    case.submit("sb-1", "buy", "10", "AAA")
    case.submit("sb-2", "sell", "5", "BRK.B")
    assert not case.events().fills and not case.held()
    case.move_to("2026-03-04 09:31")
    events = case.events()
    assert {one.client_id: (one.state, one.filled_quantity) for one in events.orders} == {
        "sb-1": ("filled", Decimal(10)),
        "sb-2": ("filled", Decimal(5)),
    }
    assert {(one.client_id, one.side, one.quantity, float(one.price)) for one in events.fills} == {
        ("sb-1", "buy", Decimal(10), 51.0),
        ("sb-2", "sell", Decimal(5), 202.0),
    }
    assert case.held() == {"AAA": Decimal(10), "BRK.B": Decimal(-5)}
    assert all(one.at == at("2026-03-04 09:30") for one in events.fills)


def test_fills_add_up_to_the_order_and_the_position(case: Case) -> None:
    case.submit("sb-1", "buy", "10")
    case.move_to("2026-03-04 09:31")
    case.submit("sb-2", "sell", "4", purpose="exit", time_in_force="day")
    case.move_to("2026-03-04 16:30")
    events = case.events()
    shares = net_shares((*events.fills, *case.events().fills))
    assert {one.client_id: shares[one.broker_id] for one in events.orders} == {"sb-1": Decimal(10), "sb-2": Decimal(-4)}
    assert case.held() == {"AAA": Decimal(6)} and len(counted((*events.fills, *events.fills))) == 2


def test_a_cancelled_order_never_fills(case: Case) -> None:
    case.submit("sb-1")
    assert case.broker.cancel("sb-1").order.state == "cancelled"
    case.move_to("2026-03-04 09:31")
    events = case.events()
    assert not events.fills and [one.state for one in events.orders] == ["cancelled"] and not case.held()


def test_a_cancellation_that_comes_late_is_told_of_the_fill(case: Case) -> None:
    case.submit("sb-1")
    case.move_to("2026-03-04 09:31")
    answer = case.broker.cancel("sb-1")
    assert (answer.order.state, answer.order.filled_quantity) == ("filled", Decimal(10))


def test_what_is_not_there_cannot_be_cancelled(case: Case) -> None:
    with pytest.raises(Refused):
        case.broker.cancel("sb-never")


def test_absence_is_a_word_of_the_broker(case: Case) -> None:
    case.submit("sb-1")
    events = case.events("sb-1", "sb-never")
    assert events.absent == {"sb-never"} and [one.client_id for one in events.orders] == ["sb-1"]


def test_an_order_from_before_is_found_by_its_id(case: Case) -> None:
    case.submit("sb-1")
    case.move_to("2026-03-05 08:00")
    later = at("2026-03-05 07:00")
    assert not case.broker.events(later).orders
    (order,) = case.broker.events(later, ["sb-1"]).orders
    assert order.state == "filled" and not case.broker.events(later).fills


def test_an_open_order_is_told_however_old(case: Case) -> None:
    case.submit("sb-1")
    assert [one.client_id for one in case.broker.events(at("2026-03-03 20:00")).orders] == ["sb-1"]


def test_a_short_without_borrow_is_refused_with_a_code(case: Case) -> None:
    order = case.order("sb-1", "sell", "5", "HARD")
    with pytest.raises(Refused) as refused:
        case.broker.submit(order)
    assert refused.value.code and refused.value.words and case.events("sb-1").absent == {"sb-1"}


def test_an_order_beyond_the_buying_power_is_refused(case: Case) -> None:
    with pytest.raises(Refused):
        case.submit("sb-1", "buy", "100000")
    assert not case.events().orders


def test_an_exit_beyond_the_position_is_refused(case: Case) -> None:
    case.submit("sb-1", "buy", "10")
    case.move_to("2026-03-04 20:00")
    with pytest.raises(Refused):
        case.submit("sb-2", "sell", "11", purpose="exit")
    case.submit("sb-3", "sell", "10", purpose="exit")
    with pytest.raises(Refused):
        case.submit("sb-4", "sell", "1", purpose="exit")


def test_names_resolve_to_one_asset(case: Case) -> None:
    assets = case.broker.state(("AAA", "BRK-B", "HARD", "NONE")).assets
    assert set(assets) == {"AAA", "BRK-B", "HARD"} and assets["BRK-B"].broker_symbol in {"BRK.B", "BRK B"}
    assert len({one.asset_id for one in assets.values()}) == 3 and all(one.tradable for one in assets.values())
    assert (assets["AAA"].borrow, assets["HARD"].borrow) == ("easy", "hard")


def test_the_account_says_what_it_is(case: Case) -> None:
    state = case.broker.state()
    assert state.account.number and state.account.currency == "USD" and state.account.mode == case.mode
    assert state.account.cash == state.account.equity == Decimal(100_000) and not state.account.blocked
    assert state.time == at("2026-03-03 19:05") and state.next_open == at("2026-03-04 09:30") and not state.assets


def test_a_resting_stop_fills_when_it_is_elected_and_not_otherwise(case: Case) -> None:
    case.submit("sb-1", "buy", "10")
    case.move_to("2026-03-04 20:00")
    stop = {"purpose": "stop", "time_in_force": "day", "type": "stop"}
    case.submit("sb-2", "sell", "10", stop_price=Decimal("10.00"), **stop)
    case.move_to("2026-03-05 16:30")
    (order,) = [one for one in case.events().orders if one.client_id == "sb-2"]
    assert order.state in {"expired", "cancelled"} and case.held() == {"AAA": Decimal(10)}


def test_a_vendors_types_stay_at_home(case: Case) -> None:
    case.submit("sb-1")
    case.move_to("2026-03-04 09:31")
    for value in (case.events("sb-1"), case.broker.state(("AAA",))):
        assert_plain(value)


def assert_plain(value: Any) -> None:
    """Only our own frozen values and plain ones, instants aware and in UTC."""
    if dataclasses.is_dataclass(value):
        assert type(value).__module__ == "springback.brokers.broker"
        for one in dataclasses.fields(value):
            assert_plain(getattr(value, one.name))
    elif isinstance(value, dict):
        assert_plain(list(value.items()))
    elif isinstance(value, tuple | list | frozenset):
        for one in value:
            assert_plain(one)
    else:
        assert isinstance(value, PLAIN), type(value)
        assert not isinstance(value, datetime) or value.utcoffset() == UTC.utcoffset(None)


def test_since_is_an_instant(case: Case) -> None:
    case.submit("sb-1")
    case.move_to("2026-03-04 09:31")
    assert len(case.broker.events(at(SINCE)).fills) == 1 and not case.broker.events(at("2026-03-04 09:30:30")).fills
