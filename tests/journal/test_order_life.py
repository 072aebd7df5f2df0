"""The life of an order as a fold: what may follow what, how fills count, and what a book makes of it."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.errors import Disagrees, InputError
from springback.market.book import empty_book
from springback.market.book import fold as fold_book
from springback.market.prose import Prose
from springback.state.order_rows import OrderEvent, OrderFill, OrderIntent, with_body
from springback.trading.journal import (
    ANSWERS,
    CLOSED,
    LIVE,
    SENDINGS,
    STATES,
    TRANSITIONS,
    Answer,
    Order,
    after,
    client_id,
    fold,
    id_parts,
    line,
    next_number,
)
from springback.trading.journal_book import book_events
from tests.journal.samples import AT, BUY, FRIDAY, NAME, execution, later, proof

INTENT = OrderIntent(client_id=NAME, number=1, **vars(BUY))
PLANNED = with_body(OrderEvent(AT, NAME, "planned"), {}, INTENT)


def event(kind: str, seconds: float = 0, fills: Sequence[OrderFill] = (), broker_id: str = "", **body: object) -> OrderEvent:
    return with_body(OrderEvent(later(seconds), NAME, kind, broker_id), body, fills=fills)


def absent(seconds: float) -> OrderEvent:
    return event("absent", seconds, **proof(later(seconds)).body(60.0))


def played(*events: OrderEvent) -> Order:
    return fold([PLANNED, *events])[NAME]


WAYS: dict[str, tuple[OrderEvent, ...]] = {
    "planned": (),
    "sending": (event("sending"),),
    "unknown": (event("sending"), event("unknown")),
    "accepted": (event("sending"), event("accepted", broker_id="b1")),
    "partly_filled": (event("sending"), event("fill", fills=[execution(1, 40)])),
    "filled": (event("sending"), event("fill", fills=[execution(1, 100)])),
    "cancelling": (event("sending"), event("accepted"), event("cancelling")),
    "cancelled": (event("sending"), event("cancelled")),
    "expired": (event("sending"), event("expired")),
    "refused": (event("sending"), event("refused", code="40310000")),
    "absent": (event("sending"), event("unknown"), absent(60)),
    "missed": (event("missed"),),
}
ALLOWED = """
    planned: sending cancelled missed
    sending: accepted refused cancelled expired unknown fill
    unknown: accepted refused cancelled expired unknown absent fill
    accepted: accepted refused cancelled expired unknown cancelling fill
    partly_filled: accepted refused cancelled expired cancelling fill
    filled: accepted refused cancelled expired cancel_refused
    cancelling: accepted refused cancelled expired unknown cancelling cancel_refused fill
    cancelled: accepted refused cancelled expired cancel_refused reopened fill
    expired: accepted refused cancelled expired cancel_refused reopened fill
    refused: accepted refused cancelled expired cancel_refused reopened fill
    absent: sending accepted refused cancelled expired missed fill
    missed: accepted refused cancelled expired cancel_refused missed fill
"""
"""What may follow each state, written by hand beside the table; notes may follow any, corrections need an execution."""


def test_what_may_follow_what_is_the_whole_table() -> None:
    allowed = {state: set(words.split()) for state, words in (row.split(": ") for row in ALLOWED.strip().splitlines())}
    allowed = {state.strip(): kinds | {"note"} for state, kinds in allowed.items()}
    assert set(WAYS) == set(STATES) == set(allowed)
    for state, kind in itertools.product(STATES, set(TRANSITIONS) - {"correct", "bust"}):
        order = played(*WAYS[state])
        assert order.state == state
        follows = absent(60) if kind == "absent" else event(kind, 60, [execution(2, 1)] if kind == "fill" else ())
        if kind in allowed[state]:
            assert after(order, follows).state in STATES
        else:
            with pytest.raises(Disagrees, match=r"is (planned|\w+), so that|is proven|shares of 100|was sent"):
                after(order, follows)
    with pytest.raises(Disagrees, match="is never planned, so that 'sending' cannot follow"):
        fold([event("sending")])


@pytest.mark.parametrize(("state", "kind", "then"), [
    ("sending", "accepted", "accepted"), ("unknown", "accepted", "accepted"), ("absent", "accepted", "accepted"),
    ("partly_filled", "accepted", "partly_filled"), ("filled", "accepted", "filled"), ("filled", "cancelled", "filled"),
    ("cancelling", "accepted", "cancelling"), ("cancelling", "cancel_refused", "accepted"), ("partly_filled", "refused", "cancelled"),
    ("partly_filled", "expired", "expired"), ("cancelled", "reopened", "accepted"), ("absent", "sending", "sending"),
    ("planned", "cancelled", "cancelled"), ("cancelled", "accepted", "cancelled"),
])  # fmt: skip
def test_the_state_that_follows(state: str, kind: str, then: str) -> None:
    assert after(played(*WAYS[state]), event(kind, 60)).state == then


def test_states_are_live_or_closed_or_may_be_sent() -> None:
    assert LIVE | CLOSED | {"planned", "absent"} == set(STATES) and not LIVE & CLOSED
    assert {"unknown"} <= LIVE


def test_an_order_is_absent_only_by_proof() -> None:
    unknown = played(*WAYS["unknown"])
    with pytest.raises(Disagrees, match="lookup, open_orders, closed_orders, fills read within 60 s"):
        after(unknown, absent(59.9))
    for name in ("lookup", "open_orders", "closed_orders", "fills"):
        early = json.loads(absent(60).body)["proof"] | {name: later(59).isoformat()}
        with pytest.raises(Disagrees, match=f"not proven absent: {name} read within 60 s of its sending"):
            after(unknown, event("absent", 70, proof=early, settle=60.0))
        with pytest.raises(Disagrees, match=r"cannot be read \(KeyError\)"):
            after(unknown, event("absent", 70, proof={key: value for key, value in early.items() if key != name}, settle=60.0))
    assert after(unknown, absent(60)).state == "absent"
    reported = after(unknown, event("unknown", 1, reported="5"))
    with pytest.raises(Disagrees, match="shares of it were filled"):
        after(reported, absent(60))
    busted = played(*WAYS["partly_filled"], event("bust", fills=[execution(2, 0, corrects=f"{NAME}/1")]))
    assert busted.state == "accepted"
    with pytest.raises(Disagrees, match="shares of it were filled"):
        after(after(busted, event("unknown")), absent(60))


def test_an_order_that_never_arrives_is_sent_four_times_in_all() -> None:
    order = played()
    for k in range(SENDINGS):
        order = after(order, event("sending", 100 * k))
        assert order.sendings == k + 1 and order.sent_at == later(100 * k)
        order = after(after(order, event("unknown", 100 * k)), absent(100 * k + 60))
    with pytest.raises(Disagrees, match="was sent 4 times and never arrived"):
        after(order, event("sending", 1000))
    assert after(order, event("missed", 1000)).closed


def test_a_fill_counts_once_however_often_and_early_it_is_told() -> None:
    before = played(event("sending"), event("fill", fills=[execution(1, 40)]), event("accepted", 1, broker_id="b1"))
    assert (before.state, before.filled_quantity, before.broker_id) == ("partly_filled", 40, "b1")
    twice = after(before, event("fill", fills=[execution(1, 40)]))
    assert twice == before
    with pytest.raises(Disagrees, match="was told before with other numbers"):
        after(before, event("fill", fills=[execution(1, 41)]))
    ended = after(before, event("cancelled", 2))
    late = after(ended, event("fill", 3, [execution(2, 25, price="491.5")]))
    assert (late.state, late.filled_quantity, late.rest, late.closed_at) == ("cancelled", 65, 35, later(2))
    assert late.average_price == (40 * Decimal(490) + 25 * Decimal("491.5")) / 65
    whole = after(late, event("fill", 4, [execution(3, 35)]))
    assert whole.state == "filled"
    with pytest.raises(Disagrees, match="101 shares of 100 were filled"):
        after(whole, event("fill", 5, [execution(4, 1)]))


def test_corrections_and_busts_keep_both() -> None:
    whole = played(*WAYS["filled"])
    corrected = after(whole, event("correct", fills=[execution(2, 90, price=480, corrects=f"{NAME}/1")]))
    assert (corrected.state, corrected.filled_quantity, corrected.average_price) == ("cancelled", 90, 480)
    assert [one.quantity for one in corrected.history] == [100, 90] and len(corrected.fills) == 1
    busted = after(corrected, event("bust", fills=[execution(3, 0, corrects=f"{NAME}/2")]))
    assert (busted.state, busted.filled_quantity, busted.average_price, len(busted.history)) == ("cancelled", 0, None, 3)
    with pytest.raises(Disagrees, match="none of its own in force"):
        after(busted, event("bust", fills=[execution(4, 0, corrects=f"{NAME}/2")]))
    again = after(corrected, event("correct", fills=[execution(5, 100, corrects=f"{NAME}/2")]))
    assert again.state == "filled"


def test_what_is_reported_and_not_told_is_known_to_lack() -> None:
    order = played(event("sending"), event("cancelled", reported="60"), event("fill", fills=[execution(1, 40)]))
    assert (order.state, order.untold) == ("cancelled", 20)
    assert after(order, event("fill", fills=[execution(2, 20)])).untold == 0


def test_a_new_number_only_after_a_verdict() -> None:
    assert next_number([]) == 1
    for state, way in WAYS.items():
        order = played(*way)
        if state in CLOSED:
            assert next_number([order]) == 2
        else:
            with pytest.raises(Disagrees, match=f"is {state}: only an order that is over is followed"):
                next_number([order])
    two = replace(played(*WAYS["refused"]), intent=replace(INTENT, number=2))
    assert next_number([two, played(*WAYS["refused"])]) == 3


def test_client_ids_are_made_the_same_way_and_read_back() -> None:
    assert client_id("PA3XYZ1234", FRIDAY, "BRK.B", "entry", 1) == NAME
    assert id_parts(NAME) == ("1234", FRIDAY, "BRK.B", "entry", 1)
    assert id_parts(client_id("U-1", FRIDAY, "A-B-C", "stop", 12)) == ("U1", FRIDAY, "A-B-C", "stop", 12)
    for foreign in ("", "sb", "sb-1", "my order", "sb-1234-2026-X-entry-1", "sb-1234-20261127-X-entry-one", f"{NAME} ", f"x{NAME}"):
        assert id_parts(foreign) is None
    with pytest.raises(InputError, match="at most 48 characters"):
        client_id("1234", FRIDAY, "A" * 24, "entry", 1)
    with pytest.raises(InputError, match="must have an account"):
        client_id("--", FRIDAY, "A", "entry", 1)


@given(
    st.text("ABC0123xyz", min_size=1), st.dates(date(2000, 1, 1)), st.text("ABZ.-/", min_size=1, max_size=12), st.integers(1, 99),
    st.sampled_from(("entry", "exit", "stop")),
)  # fmt: skip
def test_a_client_id_is_read_back_as_it_was_made(number: str, session: date, symbol: str, count: int, purpose: str) -> None:
    name = client_id(number, session, symbol, purpose, count)
    assert len(name) <= 48 and id_parts(name) == (number[-4:], session, symbol, purpose, count)


def test_the_fixed_names_of_a_line() -> None:
    order = played(*WAYS["partly_filled"], event("expired", 9, broker_id="b7", code="window", why="after 09:28"))
    assert line(order) == {
        "client_id": NAME, "session": "2026-11-27", "symbol": "BRK.B", "side": "buy", "purpose": "entry", "quantity": 100,
        "filled_quantity": 40, "average_price": 490.0, "state": "expired", "broker_id": "b7", "reason": "after 09:28",
    }  # fmt: skip
    assert line(played())["reason"] == "entry" and line(played())["average_price"] is None
    assert json.loads(json.dumps(line(order))) == line(order)


def test_an_answer_is_one_of_the_words() -> None:
    with pytest.raises(InputError, match="an answer must be one of accepted"):
        Answer("fill")
    assert "unknown" in ANSWERS and "sending" not in ANSWERS
    assert Answer("refused", code="403", why=Prose("no"), reported=Decimal("1.50")).body() == {
        "code": "403",
        "why": "no",
        "reported": "1.5",
    }


kinds = st.sampled_from(sorted(set(TRANSITIONS) - {"planned"}))
parts = st.integers(0, 60)


@given(st.lists(st.tuples(kinds, parts, st.integers(0, 5)), max_size=25))
def test_whatever_is_told_what_is_over_stays_so_and_no_share_is_lost(words: list[tuple[str, int, int]]) -> None:
    """Events in any order: those that cannot follow raise and change nothing; a closed order opens only by a correction."""
    order, told = played(), {}
    for k, (kind, quantity, of) in enumerate(words):
        seconds = 61.0 * k
        fills = []
        if kind in {"fill", "correct", "bust"}:
            corrects = "" if kind == "fill" else f"{NAME}/{of}"
            if kind != "bust" and not quantity:
                continue
            fills = [execution(k if kind != "fill" else of, 0 if kind == "bust" else quantity, corrects=corrects)]
        one = absent(seconds) if kind == "absent" else event(kind, seconds, fills)
        try:
            changed = after(order, one)
        except Disagrees:
            continue
        told |= {fill.execution_id: fill for fill in fills}
        if order.closed and not changed.closed:
            assert kind == "reopened"
        assert changed.sendings <= SENDINGS and (kind != "sending" or order.state in {"planned", "absent"})
        order = changed
    gone = {one.corrects for one in told.values()}
    assert {one.execution_id: one for one in order.history} == told
    assert order.filled_quantity == sum(one.quantity for name, one in told.items() if name not in gone) <= 100
    assert (order.state == "filled") == (order.rest == 0)
    assert order.state != "absent" or not order.history


def test_a_book_is_what_the_orders_in_force_did() -> None:
    columns = {"BRK.B": 1}
    fills = [execution(1, 40, fee="0.5"), execution(2, 30, price=480), execution(3, 0, corrects=f"{NAME}/2")]
    bought = played(*WAYS["accepted"], *(event(kind, fills=[one]) for kind, one in zip(("fill", "fill", "bust"), fills, strict=True)))
    book = fold_book(empty_book(2, 100_000.0), (one for _, one in book_events([bought], columns)))
    assert book.quantity.tolist() == [0, 40] and book.waiting[1] == 60 and book.entry_price[1] == 490
    assert book.cash[0] == 100_000 - 40 * 490 - 0.5
    ended = after(bought, event("cancelled", 500))
    book = fold_book(empty_book(2), (one for _, one in book_events([ended], columns)))
    assert book.waiting[1] == 0 and book.quantity[1] == 40, "the rest of an entry is not waited for"

    name = NAME.replace("entry", "exit")
    intent = replace(INTENT, client_id=name, side="sell", purpose="exit", quantity=Decimal(40))
    sold = [replace(one, client_id=name) for one in (with_body(PLANNED, {}, intent), event("sending", 600))]
    waits = fold([replace(sold[0], at=later(550)), sold[1]])[name]
    book = fold_book(empty_book(2), (one for _, one in book_events([waits, ended], columns)))
    assert book.closing[1] and book.quantity[1] == 40
    refused = after(waits, replace(event("refused", 700), client_id=name))
    book = fold_book(empty_book(2), (one for _, one in book_events([ended, refused], columns)))
    assert not book.closing[1] and book.quantity[1] == 40, "a refused exit can be sent again"


@given(st.lists(st.decimals(Decimal("0.001"), 20, places=3), max_size=5), st.sampled_from(("buy", "sell")), st.booleans())
def test_fractions_of_shares_are_charged_to_the_cent(parts: list[Decimal], side: str, stop: bool) -> None:
    intent = replace(INTENT, side=side, purpose="stop" if stop else "exit")
    order = fold(
        [with_body(PLANNED, {}, intent), event("sending"), *(event("fill", fills=[execution(k, one)]) for k, one in enumerate(parts))]
    )
    book = fold_book(empty_book(1), (one for _, one in book_events(order.values(), {"BRK.B": 0})))
    sign, total = (1 if side == "buy" else -1), sum(parts, Decimal(0))
    assert book.quantity[0] == sign * int(total) and np.isclose(book.cash[0], -sign * float(total) * 490, atol=1e-6)
