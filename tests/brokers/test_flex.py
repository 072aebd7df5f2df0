"""IB's booked truth: statements are asked for with patience and once a day, and what they tell is whole, or a question."""

import logging
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from springback.brokers.broker import counted
from springback.brokers.flex import Flex
from springback.brokers.flex_words import statement_of
from springback.errors import Unauthorized, Unreachable, WrongAccount
from tests.brokers.broker_cases import at
from tests.brokers.fake_flex import QUERY, TOKEN, FakeFlex, serving
from tests.brokers.ib_cases import client, gateway, ib_case, settings

DAY = date(2026, 3, 4)
TODAY = date(2026, 3, 5)
MORNING = "2026-03-05 08:00"


@pytest.fixture
def service() -> Iterator[FakeFlex]:
    """The service on the morning of 5 March, ten AAA were bought on the 4th."""
    with ib_case() as case:
        case.submit("sb-1")
        case.move_to(MORNING)
        with serving(FakeFlex(case.market)) as one:
            yield one


@pytest.fixture
def flex(service: FakeFlex) -> Iterator[Flex]:
    """Its client."""
    one = Flex(settings(service.tws, flex_url=service.url), TOKEN, QUERY)
    yield one
    one.client.close()


def row(**words: str) -> tuple[date, dict[str, str]]:
    """A booking of 4 March."""
    return DAY, {"dateTime": "20260304;202500", **words}


def test_what_was_booked_is_told_with_its_kind_and_sign(flex: Flex, service: FakeFlex) -> None:
    service.cash = [
        row(type="Dividends", symbol="AAA", amount="12.5", transactionID="1", levelOfDetail="DETAIL"),
        row(type="Dividends", symbol="AAA", amount="12.5", transactionID="", levelOfDetail="SUMMARY"),
        row(type="Payment In Lieu Of Dividends", symbol="HARD", amount="-3", transactionID="2"),
        row(type="Withholding Tax", symbol="AAA", amount="-1.875", transactionID="3"),
        row(type="Broker Interest Paid", symbol="", amount="-4.2", transactionID="4"),
        row(type="Other Fees", symbol="", amount="-1", transactionID="5"),
        row(type="Deposits/Withdrawals", symbol="", amount="1000", transactionID="6", currency="EUR", fxRateToBase="1.1"),
        row(type="A type of next year", symbol="", amount="7", transactionID="7"),
    ]
    service.actions = [
        row(type="FS", symbol="AAA", quantity="30", proceeds="0", transactionID="8"),
        row(type="TC", symbol="BRK B", quantity="-10", proceeds="2000", transactionID="9"),
    ]
    service.transfers = [row(type="ACATS", direction="IN", symbol="AAA", quantity="5", cashTransfer="0", transactionID="10")]
    found = flex.booked(TODAY)
    assert found is not None and (found.start, found.end) == (date(2026, 2, 26), DAY)
    told = {one.activity_id: (one.kind, one.symbol, one.quantity, one.amount) for one in found.activities}
    assert told == {
        "1": ("dividend", "AAA", None, Decimal("12.5")),
        "2": ("dividend", "HARD", None, Decimal(-3)),
        "3": ("dividend", "AAA", None, Decimal("-1.875")),
        "4": ("interest", "", None, Decimal("-4.2")),
        "5": ("fee", "", None, Decimal(-1)),
        "6": ("transfer", "", None, Decimal(1100)),
        "7": ("other", "", None, Decimal(7)),
        "8": ("split", "AAA", Decimal(30), Decimal(0)),
        "9": ("merger", "BRK B", Decimal(-10), Decimal(2000)),
        "10": ("transfer", "AAA", Decimal(5), Decimal(0)),
    }
    assert all(one.at == at("2026-03-04 20:25") for one in found.activities)
    (fill,) = found.fills
    assert (fill.client_id, fill.side, fill.quantity, fill.price, fill.fee) == ("sb-1", "buy", 10, 51, 1)
    assert fill.at == at("2026-03-04 09:30") and fill.execution_id == service.tws.executions[0]["execId"]


def test_a_statement_is_fetched_once_a_day_and_again_while_the_last_weekday_lacks(flex: Flex, service: FakeFlex) -> None:
    for _ in range(3):
        flex.booked(TODAY)
    assert [act for act, _ in service.requests] == ["SendRequest", "GetStatement"]
    flex.quiet_until = 0.0
    for _ in range(2):
        flex.booked(date(2026, 3, 6))  # the service is late: its statement still ends on the 4th
    assert len(service.requests) == 4
    flex.quiet_until = 0.0
    service.tws.move_to(at("2026-03-07 08:00"))
    found = flex.booked(date(2026, 3, 7))
    assert found is not None and found.end == date(2026, 3, 6) and len(service.requests) == 6
    assert flex.booked(date(2026, 3, 8)) is found and flex.booked(date(2026, 3, 9)) is found


@pytest.mark.parametrize("code", ["1018", "1019", "1009", "1021"])
def test_a_statement_in_the_making_is_asked_for_again(flex: Flex, service: FakeFlex, code: str) -> None:
    service.answers = [("SendRequest", code), ("GetStatement", code), ("GetStatement", code)]
    assert flex.booked(TODAY) is not None
    assert [act for act, _ in service.requests] == ["SendRequest"] * 2 + ["GetStatement"] * 3


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("1012", Unauthorized, "expired"),
        ("1015", Unauthorized, "token is invalid"),
        ("1013", Unauthorized, "another address"),
        ("1014", Unreachable, "IB_FLEX_QUERY"),
        ("1020", Unreachable, "1020"),
        ("<html>", Unreachable, "no XML"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", Unreachable, "no statement"),
        ("<other/>", Unreachable, "format"),
    ],
)
def test_what_is_no_statement_is_said(flex: Flex, service: FakeFlex, code: str, error: type[Exception], words: str) -> None:
    service.answers = [("SendRequest", code)] * 4
    with pytest.raises(error, match=words):
        flex.booked(TODAY)
    count = len(service.requests)
    assert flex.booked(TODAY) is None and len(service.requests) == count, "it is left in peace for a while"


def test_a_query_without_a_section_is_named(flex: Flex, service: FakeFlex) -> None:
    service.lacking = "CorporateActions"
    with pytest.raises(Unreachable, match="section CorporateActions"):
        flex.booked(TODAY)


def test_a_statement_of_another_account_is_refused(service: FakeFlex) -> None:
    other = Flex(settings(service.tws, flex_url=service.url, account="DU7654321"), TOKEN, QUERY)
    with pytest.raises(WrongAccount, match="DU1234567"):
        other.booked(TODAY)
    other.client.close()


def test_a_bust_and_a_correction_are_told_of_the_execution_that_they_change(flex: Flex, service: FakeFlex) -> None:
    first = service.tws.executions[0]["execId"]
    trade = {"assetCategory": "STK", "symbol": "AAA", "dateTime": "20260304;093000", "orderReference": "sb-1", "ibOrderID": "900001"}
    undo = {
        **trade,
        "buySell": "BUY (Ca.)",
        "quantity": "-10",
        "tradePrice": "51",
        "transactionType": "TradeCancel",
        "transactionID": "t-2",
    }
    service.trades = [(DAY, {**undo, "origTransactionID": f"t-{first}"})]
    found = flex.booked(TODAY)
    assert found is not None and [(one.execution, one.previous_id) for one in found.fills] == [("fill", ""), ("bust", first)]
    assert counted(found.fills) == ()
    anew = {**trade, "buySell": "BUY", "quantity": "10", "tradePrice": "50.5", "transactionID": "t-3", "ibExecID": first}
    service.trades.append((DAY, anew))
    flex.statement, flex.quiet_until = None, 0.0
    found = flex.booked(TODAY)
    assert found is not None and [(one.quantity, one.price) for one in counted(found.fills)] == [(10, Decimal("50.5"))]


@pytest.mark.parametrize("broken", [{"quantity": "many"}, {"dateTime": "03/04/2026"}, {"buySell": "EXCHANGE"}, {"ibExecID": ""}])
def test_a_trade_that_cannot_be_read_is_a_question(flex: Flex, service: FakeFlex, broken: dict[str, str]) -> None:
    service.trades = [(DAY, {**service._trade(service.tws.executions[0])[1], "transactionID": "x", **broken})]
    with pytest.raises(Unreachable, match="not the known one"):
        flex.booked(TODAY)


def test_the_token_is_shown_nowhere(flex: Flex, service: FakeFlex, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    flex.booked(TODAY)
    service.answers = [("SendRequest", "1012")]
    flex.statement, flex.quiet_until = None, 0.0
    with pytest.raises(Unauthorized) as error:
        flex.booked(TODAY)
    shown = "\n".join((caplog.text, repr(flex), repr(vars(flex)), repr(vars(flex.client)), str(error.value), repr(vars(error.value))))
    assert "SendRequest" in caplog.text and TOKEN not in shown and all(query["t"] == TOKEN for _, query in service.requests)


def test_an_order_of_yesterday_is_told_by_the_statement_and_its_fill_once() -> None:
    with ib_case() as case:
        case.submit("sb-1")
        case.move_to("2026-03-04 20:00")
        today = case.events("sb-1")
        assert not today.booked(DAY) and today.booked(date(2026, 3, 3))
        case.move_to(MORNING)
        case.broker.flex.quiet_until = 0.0  # type: ignore[attr-defined]
        case.broker.line.ear.__init__(1)  # type: ignore[attr-defined]  # the process is another: nothing is remembered
        later = case.events("sb-1")
        assert later.booked(DAY) and [one.execution_id for one in later.fills] == [one.execution_id for one in today.fills]
        (order,) = later.orders
        assert (order.state, order.filled_quantity, order.average_price) == ("filled", 10, 51)


def test_without_a_statement_nothing_is_booked_and_that_is_said() -> None:
    with ib_case() as case:
        bare = client(case.market, ib_client_id=2)
        events = bare.events(at("2026-03-03 09:00"))
        bare.close()
        assert not events.statement and events.activities == () and not events.booked(DAY)


def test_a_service_that_does_not_answer_stops_nothing() -> None:
    with ib_case(flex_url="http://127.0.0.1:9") as case:
        case.submit("sb-1")
        events = case.events("sb-1")
        assert not events.statement and [one.client_id for one in events.orders] == ["sb-1"]


def test_a_token_that_has_expired_is_said_until_there_is_a_statement(flex: Flex, service: FakeFlex) -> None:
    service.answers = [("SendRequest", "1012")]
    with pytest.raises(Unauthorized):
        flex.booked(TODAY)
    assert "the token has expired" in flex.refusal
    assert flex.booked(TODAY) is None and "the token has expired" in flex.refusal  # nobody is asked so soon again
    flex.quiet_until = 0.0
    assert flex.booked(TODAY) is not None and flex.refusal == ""
    with ib_case() as case:
        case.broker.flex.refusal = "the token has expired"  # type: ignore[attr-defined]
        case.broker.flex.quiet_until = time.monotonic() + 60  # type: ignore[attr-defined]
        assert case.events("sb-1").silence == "the token has expired"


def test_two_statements_are_none() -> None:
    fake = FakeFlex(gateway())
    root = ET.fromstring(fake.answer("GetStatement", {"t": TOKEN}))
    root[0].append(root[0][0])
    with pytest.raises(ValueError, match="one statement"):
        statement_of(root)
