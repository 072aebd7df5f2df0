"""Faults between the desk and Alpaca, those that need no journal: what the client makes of each, and that no order is ever there twice."""

import logging
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import httpx
import pytest

from springback.brokers import alpaca as module
from springback.brokers.alpaca import Alpaca
from springback.brokers.alpaca_line import _reset
from springback.brokers.broker import counted
from springback.brokers.broker_settings import Brokers
from springback.errors import BrokerError, Disagrees, Refused, Unauthorized, Unreachable, WrongAccount
from tests.brokers.alpaca_contract import contract
from tests.brokers.broker_cases import Case, alpaca, alpaca_case, at
from tests.brokers.executions import net_shares
from tests.brokers.fake_alpaca import KEYS, Fault

OPEN, AFTER = "2026-03-04 09:31", "2026-03-04 20:00"


@pytest.fixture
def case() -> Iterator[Case]:
    """Alpaca's client against the fake server."""
    with alpaca_case() as one:
        one.order("sb-0")  # the names are resolved: what follows are the requests of the test
        one.broker.submit(one.order("sb-0", symbol="BRK.B"))
        one.market.requests.clear()
        yield one


def posts(case: Case) -> int:
    """Orders sent over the wire."""
    return sum(method == "POST" for method, _, _ in case.market.requests)


def holding(case: Case) -> Case:
    """The case on the next evening, ten AAA held."""
    case.submit("sb-1")
    case.move_to(AFTER)
    return case


@pytest.mark.parametrize("kind", ["silence_after", "cut_after", "gateway_after", "garbled"])
def test_rows_1_and_3_an_order_taken_in_silence_is_found_by_its_id(case: Case, kind: str) -> None:
    case.market.faults = [Fault(kind)]
    with pytest.raises(Unreachable):
        case.submit("sb-1")
    assert posts(case) == 1 and len(case.market.of("sb-1")) == 1
    (order,) = [one for one in case.events("sb-1").orders if one.client_id == "sb-1"]
    assert order.live and case.submit("sb-1").duplicate and len(case.market.of("sb-1")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("silence_before"),
        Fault("answer", status=503),
        Fault("storm"),
        Fault("answer", status=403, content="<html>Forbidden</html>"),
        Fault("answer", status=403, content={"message": "forbidden."}),
        Fault("answer", status=302, content=""),
        Fault("answer", status=404, content={"message": "not found"}),
    ],
    ids=["silence", "503", "429", "page of a proxy", "no code", "elsewhere", "404"],
)
def test_row_2_what_is_no_verdict_is_a_question_and_absence_is_proven(case: Case, fault: Fault) -> None:
    case.market.faults = [Fault(**vars(fault))]
    with pytest.raises(Unreachable):
        case.submit("sb-1")
    assert posts(case) == 1 and case.events("sb-1").absent == {"sb-1"}
    assert not case.submit("sb-1").duplicate and len(case.market.of("sb-1")) == 1


def test_absence_is_no_word_of_a_page_on_the_way(case: Case) -> None:
    case.market.faults = [Fault("answer", "GET", "/v2/orders:by", times=9, status=404, content="<html>Not Found</html>")]
    with pytest.raises(Unreachable):
        case.events("sb-never")


@pytest.mark.parametrize("changes", [{"side": "sell"}, {"qty": "11"}, {"asset_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415"}])
def test_row_4_an_id_that_is_taken_is_ours_only_if_the_order_is(case: Case, changes: dict[str, str]) -> None:
    case.submit("sb-1")
    case.market.faults = [Fault("change", "GET", "/v2/orders:by", change=lambda body: body | changes)]
    with pytest.raises(Disagrees):
        case.submit("sb-1")
    assert case.submit("sb-1").duplicate and len(case.market.of("sb-1")) == 1


def test_row_4_the_code_of_a_taken_id_without_an_order_is_a_refusal(case: Case) -> None:
    """40010001 has also been the answer to a bad position_intent."""
    case.market.faults = [Fault("answer", status=422, content={"code": 40010001, "message": "invalid position_intent"})]
    with pytest.raises(Refused) as refused:
        case.submit("sb-1")
    assert refused.value.code == "40010001" and case.events("sb-1").absent == {"sb-1"}


def test_row_4_a_taken_id_that_cannot_be_looked_up_stays_a_question(case: Case) -> None:
    case.submit("sb-1")
    case.market.faults = [Fault("answer", "GET", "/v2/orders:by", times=9)]
    with pytest.raises(Unreachable):
        case.submit("sb-1")


def test_rows_7_and_8_an_execution_counts_once_however_often_it_is_told(case: Case) -> None:
    case.submit("sb-1")
    case.move_to(OPEN)
    case.market.activities += [dict(one) for one in case.market.activities]
    events = case.events()
    (order,) = [one for one in events.orders if one.client_id == "sb-1"]
    assert len(events.fills) == 4 and net_shares((*events.fills, *case.events().fills))[order.broker_id] == Decimal(10)


def test_row_9_a_fill_before_the_answer_is_counted(case: Case) -> None:
    case.move_to(OPEN)
    case.market.faults = [Fault("silence_after")]
    with pytest.raises(Unreachable):
        case.submit("sb-1", time_in_force="day")
    events = case.events("sb-1")
    assert [one.quantity for one in events.fills if one.client_id == "sb-1"] == [Decimal(10)]
    assert [one.state for one in events.orders if one.client_id == "sb-1"] == ["filled"]


def test_row_9_a_fill_after_the_word_cancelled_is_counted(case: Case) -> None:
    case.submit("sb-1")
    case.market.auction("AAA", "51", shares="4")
    case.move_to(OPEN)
    events = case.events()
    (order,) = [one for one in events.orders if one.client_id == "sb-1"]
    assert (order.state, order.filled_quantity) == ("cancelled", Decimal(4)) and net_shares(events.fills)[order.broker_id] == Decimal(4)


@pytest.mark.parametrize("word", ["pending_review", "a_word_of_next_year", "", None, 7])
def test_row_10_an_order_whose_word_is_not_known_is_live(case: Case, word: Any) -> None:
    case.submit("sb-1")
    case.market.faults = [Fault("change", "GET", times=9, change=lambda body: _each(body, lambda one: {**one, "status": word}))]
    (order,) = [one for one in case.events("sb-1").orders if one.client_id == "sb-1"]
    assert order.live and order.word == ("" if word is None else str(word)) and order.record["status"] == word


def test_row_10_a_stream_of_nonsense_breaks_nothing(case: Case) -> None:
    case.submit("sb-1")
    case.move_to(OPEN)
    odd = '{"at": "2026-03-04T15:00:00Z", "activity_type": "NEW", "details": null}'
    case.market.noise = f"event: x\n\ndata: null\n\ndata: not json\n\ndata: [1]\n\ndata: {odd}\n\n: heartbeat\n\n"
    events = case.events()
    assert events.corrections and len(counted(events.fills)) == 2


@pytest.mark.parametrize("noise", [": internal server error\n\n", ": you are reading too slowly, dropped 10000 messages\n\n"])
def test_corrections_that_were_lost_are_said_to_be(case: Case, noise: str) -> None:
    assert case.events().corrections
    case.market.noise = noise
    assert not case.events().corrections
    case.market.noise, case.market.stream_there = "", False
    assert not case.events().corrections


def test_row_32_a_bust_takes_the_execution_back(case: Case) -> None:
    case.submit("sb-1")
    case.move_to(OPEN)
    (fill,) = [one for one in case.events().fills if one.client_id == "sb-1"]
    case.market.bust(fill.execution_id)
    events = case.events()
    (bust,) = [one for one in events.fills if one.execution == "bust"]
    assert bust.previous_id == fill.execution_id and bust.client_id == "sb-1"
    assert [one.client_id for one in counted(events.fills)] == ["sb-0"]
    assert {one.symbol for one in case.broker.state().positions} == {"BRK.B"}


def test_row_34_another_account_is_refused_before_anything_is_sent(case: Case) -> None:
    for number in ("PA3OTHER", ""):
        broker = alpaca(case.market, account=number)
        with pytest.raises(WrongAccount):
            broker.submit(case.order("sb-1"))
        with pytest.raises(WrongAccount):
            broker.cancel("sb-0")
    assert {method for method, _, _ in case.market.requests} == {"GET"} and not case.market.of("sb-1")
    with pytest.raises(WrongAccount):
        alpaca(case.market, account="PA3OTHER").state()


def test_row_34_an_account_may_be_named_by_its_id(case: Case) -> None:
    assert alpaca(case.market, account=case.market.identity).submit(case.order("sb-1")).order.live


def test_row_34_keys_of_another_host_send_nothing(case: Case) -> None:
    broker = Alpaca(Brokers(alpaca_url=case.market.url, account=case.market.number), ("AKLIVEKEY", "other"))
    with pytest.raises(Unauthorized):
        broker.submit(case.order("sb-1"))
    assert posts(case) == 0


def test_row_34_live_is_meant_or_it_is_not() -> None:
    live = Brokers(alpaca_url="https://api.alpaca.markets", account="123456789")
    with pytest.raises(WrongAccount, match="--live"):
        Alpaca(live, KEYS)
    with pytest.raises(WrongAccount, match="live"):
        Alpaca(Brokers(), KEYS, live=True)
    assert Alpaca(live, KEYS, live=True).mode == "live" and Alpaca(Brokers(), KEYS).mode == "paper"


def test_row_35_revoked_keys_stop_everything(case: Case) -> None:
    case.market.faults = [Fault("answer", after=2, status=401, content={"message": "unauthorized"})]
    case.submit("sb-1")
    case.submit("sb-2")
    with pytest.raises(Unauthorized):
        case.submit("sb-3")
    before = len(case.market.requests)
    for act in (lambda: case.submit("sb-4"), case.events, lambda: case.broker.cancel("sb-1"), case.broker.state):
        with pytest.raises(Unauthorized):
            act()
    assert len(case.market.requests) == before
    assert alpaca(case.market).events(at("2026-03-03 09:00"), ["sb-3"]).absent == {"sb-3"}


@pytest.mark.parametrize("reset", [-30.0, 0.1])
def test_row_36_a_storm_is_waited_out(case: Case, reset: float) -> None:
    case.market.faults = [Fault("storm", "GET", "/v2/orders:by", times=3, reset=reset)]
    assert case.events("sb-0").orders
    case.market.faults = [Fault("storm", reset=reset)]
    with pytest.raises(Unreachable):
        case.submit("sb-1")
    assert case.events("sb-1").absent == {"sb-1"} and case.submit("sb-1").order.live
    assert posts(case) == 2 and len(case.market.of("sb-1")) == 1


def test_row_36_who_says_when_to_come_again_is_not_asked_before() -> None:
    """Retry-After, which a gateway on the way gives without Alpaca's own header; a date in it is no number."""
    response = partial(httpx.Response, 429)
    assert _reset(response(headers={"Retry-After": "7"})) == 7
    assert _reset(response(headers={"Retry-After": "7", "X-RateLimit-Reset": str(time.time() + 30)})) == pytest.approx(30, abs=1)
    for told in (
        {},
        {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"},
        {"Retry-After": "-1"},
        {"Retry-After": "nan"},
        {"Retry-After": "inf"},
    ):
        assert _reset(response(headers=told)) is None


def test_row_36_a_storm_without_end_is_a_question(case: Case) -> None:
    case.market.faults = [Fault("storm", "GET", "/v2/", times=99)]
    with pytest.raises(Unreachable):
        case.events()
    assert len(case.market.requests) == 4  # brokers.attempts


@pytest.mark.parametrize("fault", [Fault("storm", "GET", "/v2/orders:by", times=9, reset=30.0), Fault("answer", "GET", "/v2/orders:by", 9)])
def test_row_36_no_wait_is_longer_than_patience(case: Case, fault: Fault) -> None:
    """A 503 bears the reset of the rate limit too, which is a minute away, and has nothing to do with it."""
    before, case.market.faults = time.monotonic(), [Fault(**vars(fault))]
    with pytest.raises(Unreachable):
        alpaca(case.market, patience=0.3).events(at("2026-03-03 09:00"), ["sb-0"])
    assert time.monotonic() - before < 2


def test_nothing_is_sent_while_alpaca_takes_no_requests(case: Case) -> None:
    case.market.limit = len(case.market.window)
    with pytest.raises(Unreachable):
        alpaca(case.market, attempts=1, patience=0.05).submit(case.order("sb-1"))
    assert not case.market.of("sb-1")


def without(*names: str) -> Callable[[Any], Any]:
    """An answer in which these fields are gone."""
    return lambda body: _each(body, lambda one: {name: value for name, value in one.items() if name not in names})


def null(name: str) -> Callable[[Any], Any]:
    """An answer in which the field is null."""
    return lambda body: _each(body, lambda one: {**one, name: None})


def retyped(name: str) -> Callable[[Any], Any]:
    """An answer in which a text is a number and a number a text."""
    return lambda body: _each(body, lambda one: {**one, name: _other(one.get(name))})


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return {"value": value}


def _each(body: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    return [change(one) for one in body] if isinstance(body, list) else change(body)


ORDER = ("client_order_id", "symbol", "asset_id", "qty", "filled_qty", "side", "status", "type", "time_in_force", "submitted_at")
FILL = ("symbol", "side", "transaction_time", "cum_qty", "type", "order_status")
HOLDING = ("qty_available", "avg_entry_price", "side", "current_price", "exchange", "market_value")
ACCOUNT = ("account_number", "equity", "cash", "buying_power", "multiplier", "shorting_enabled", "currency", "status", "pattern_day_trader")
ASSET = ("borrow_status", "shortable", "class", "exchange", "marginable", "status", "tradable")


@pytest.mark.parametrize("change", [without, null])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        *(("/v2/orders", name) for name in ORDER),
        *(("/v2/account/activities", name) for name in FILL),
        *(("/v2/positions", name) for name in HOLDING),
        *(("/v2/account", name) for name in ACCOUNT),
        *(("/v2/assets", name) for name in ASSET),
    ],
)
def test_row_47_an_exit_works_without_a_field(case: Case, path: str, name: str, change: Callable[[str], Any]) -> None:
    order = holding(case).order("sb-2", "sell", "10", purpose="exit")
    case.market.number = case.market.identity if name == "account_number" else case.market.number
    case.market.faults = [Fault("change", method, path, times=99, change=change(name)) for method in ("GET", "POST")]
    broker = alpaca(case.market)
    state = broker.state(("AAA",))
    assert not state.account.blocked and "AAA" in state.assets
    assert next(one.quantity for one in state.positions if one.symbol == "AAA") == 10
    assert broker.submit(order).order.live
    assert len(broker.events(at("2026-03-03 09:00"), ["sb-2"]).orders) == 3
    assert len(case.market.of("sb-2")) == 1


@pytest.mark.parametrize("name", ["qty", "filled_qty", "limit_price", "extended_hours", "a_new_field"])
def test_row_47_a_number_may_be_a_text_and_a_text_a_number(case: Case, name: str) -> None:
    order = holding(case).order("sb-2", "sell", "10", purpose="exit")
    case.market.faults = [Fault("change", method, "/v2/orders", times=99, change=retyped(name)) for method in ("GET", "POST")]
    answer = case.broker.submit(order)
    assert (answer.order.quantity, answer.order.filled_quantity) == (Decimal(10), Decimal(0))
    assert {one.client_id: one.filled_quantity for one in case.events().orders}["sb-1"] == Decimal(10)


def test_row_47_an_order_without_an_id_is_a_question_and_no_order_more(case: Case) -> None:
    case.market.faults = [Fault("change", change=without("id"))]
    with pytest.raises(Unreachable):
        case.submit("sb-1")
    assert case.submit("sb-1").duplicate and len(case.market.of("sb-1")) == 1


def test_borrow_that_the_broker_does_not_tell_is_not_easy(case: Case) -> None:
    def borrow(**how: Any) -> str:
        case.market.enlist("XXX", "10", **how)
        return case.broker.state(("XXX",)).assets["XXX"].borrow

    assert borrow(borrow=None) == "unknown" and borrow(borrow="hard_to_borrow") == "hard" and borrow(shortable=False) == "hard"
    assert borrow(borrow="easy_to_borrow", older=True) == "easy" and borrow(borrow="easy_to_borrow") == "easy"
    case.market.faults = [Fault("change", "GET", "/v2/assets", change=without("borrow_status"))]
    assert borrow(older=True) == "easy"


@pytest.mark.parametrize("clock", ["2026-03-04 09:28:00", "2026-03-04 12:00:00", "2026-03-04 16:31:00", "2026-03-04 18:59:59"])
def test_row_49_an_order_outside_the_window_is_refused_with_the_brokers_time(case: Case, clock: str) -> None:
    order = case.order("sb-1")
    case.market.now = at(clock)
    with pytest.raises(Refused) as refused:
        case.broker.submit(order)
    assert refused.value.code == "40310000" and refused.value.at == at(clock) and not case.market.of("sb-1")


@pytest.mark.parametrize("clock", ["2026-03-04 09:27:59", "2026-03-04 19:00:00"])
def test_row_49_an_order_within_the_window_is_taken(case: Case, clock: str) -> None:
    order = case.order("sb-1")
    case.market.now = at(clock)
    assert case.broker.submit(order).order.live


def test_row_31_an_order_that_the_broker_forgets_is_absent_and_can_be_sent_again(case: Case) -> None:
    case.market.faults = [Fault("dropped")]
    assert case.submit("sb-1").order.live
    assert case.events("sb-1").absent == {"sb-1"} and not case.submit("sb-1").duplicate


def test_rows_25_and_26_a_resting_stop_holds_its_shares_until_it_is_cancelled(case: Case) -> None:
    stop = {"purpose": "stop", "time_in_force": "day", "type": "stop"}
    holding(case)
    with pytest.raises(Refused) as refused:
        case.submit("sb-2", "sell", "10", stop_price=Decimal("45.005"), **stop)
    assert refused.value.code == "42210000"
    case.submit("sb-2", "sell", "10", stop_price=Decimal("45.00"), **stop)
    assert [one.available for one in case.broker.state().positions if one.symbol == "AAA"] == [Decimal(0)]
    for other in (case.order("sb-3", "sell", "10", purpose="exit"), case.order("sb-4", "buy", "1")):
        with pytest.raises(Refused) as refused:
            case.broker.submit(other)
        assert refused.value.code == "40310000"
    assert case.broker.cancel("sb-2").order.state == "cancelled"
    assert case.submit("sb-3", "sell", "10", purpose="exit").order.live


def test_an_elected_stop_is_a_fill_like_another(case: Case) -> None:
    holding(case)
    case.submit("sb-2", "sell", "10", purpose="stop", time_in_force="day", type="stop", stop_price=Decimal("45.00"))
    case.move_to("2026-03-05 10:00")
    case.market.trade("AAA", "46")
    assert {one.symbol for one in case.broker.state().positions} == {"AAA", "BRK.B"}
    case.market.trade("AAA", "44.9")
    (fill,) = [one for one in case.events().fills if one.client_id == "sb-2"]
    assert fill.price == Decimal("44.9") and {one.symbol for one in case.broker.state().positions} == {"BRK.B"}


def test_rows_13_and_21_a_cancellation_that_is_refused_or_came_by_itself(case: Case) -> None:
    case.submit("sb-1")
    case.market.end("sb-0")
    assert case.broker.cancel("sb-0").order.state == "cancelled"
    case.market.now = at("2026-03-04 09:29")
    with pytest.raises(Refused):
        case.broker.cancel("sb-1")
    case.market.faults = [Fault("silence_before", "DELETE", "/v2/orders/")]
    with pytest.raises(Unreachable):
        case.broker.cancel("sb-1")
    assert [one.live for one in case.events("sb-1").orders if one.client_id == "sb-1"] == [True]


def test_lists_are_read_to_their_ends(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        case.submit(f"sb-{number}", "buy", "1")
    case.move_to(OPEN)
    monkeypatch.setattr(module, "MOST_ORDERS", 2)
    monkeypatch.setattr(module, "MOST_ACTIVITIES", 2)
    events = case.events()
    assert {one.client_id for one in events.orders} == {one.client_id for one in events.fills} == {f"sb-{k}" for k in range(6)}


def test_actions_are_told_with_what_they_moved(case: Case) -> None:
    holding(case)
    asset = case.market.assets["AAA"].id
    case.market.dividend("AAA", "0.5")
    case.market.split("AAA", "0.25")
    case.market.rename("AAA", "AAB")
    told = {one.kind: (one.symbol, one.quantity, one.amount) for one in case.events().activities}
    assert told["dividend"] == ("AAA", Decimal(10), Decimal(5)) and told["split"] == ("AAA", Decimal(30), Decimal(0))
    assert "name_change" in told and [one.quantity for one in case.broker.state().positions if one.asset_id == asset] == [Decimal(40)]


def test_keys_are_shown_nowhere(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(case.broker), repr(vars(case.broker)), repr(vars(case.broker.line)), repr(case.broker.settings)]  # type: ignore[attr-defined]
    for fault in (Fault("silence_before"), Fault("cut_after"), Fault("storm"), Fault("answer", status=401, content={"message": "no"})):
        case.market.faults = [fault]
        with pytest.raises(BrokerError) as error:
            case.submit(f"sb-{fault.kind}")
        said += [str(error.value), repr(error.value), repr(vars(error.value))]
    text = "\n".join((*said, caplog.text))
    assert caplog.text and not any(key in text for key in KEYS)


@pytest.mark.skipif(contract() is None, reason="Alpaca's OpenAPI document is absent: ../shared/vendors")
def test_the_document_judges_client_and_server(case: Case) -> None:
    """The witness can fail: a field that Alpaca does not know is a violation, and refused."""
    with pytest.raises(Refused):
        case.broker.line.send("POST", "/v2/orders", {"symbol": "AAA", "client_order_id": "x", "quantity": "1"})  # type: ignore[attr-defined]
    found = list(case.market.violations)
    case.market.violations.clear()
    assert any("unknown field quantity" in one for one in found) and any("'type' is a required property" in one for one in found)
