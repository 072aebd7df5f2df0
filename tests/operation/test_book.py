"""The book without a broker: what a person says of it is known from the next decision on, and nothing else changes."""

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from springback.data.hours import hours_of
from springback.errors import BadTable, InputError, MissingData
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData
from springback.operation.frozen_decision import FrozenDecision
from springback.workflow import book
from springback.workflow.book import Word
from springback.workflow.halting import resumed
from tests.operation.live import BEFORE, DAYS, WORD, Live


def held(decision: FrozenDecision, when: str = "before") -> dict[str, dict[str, Any]]:
    return {line["symbol"]: line for line in decision.book[when] if line["quantity"]}


def stranger(live: Live, decision: FrozenDecision) -> str:
    """A name that the book knows nothing of, which trades."""
    known = {line["symbol"] for line in decision.book["after"]}
    assert live.tape is not None
    return next(one for one in live.tape.bars.symbols if one not in known)


def split(market_data: MarketData, session: str, symbol: str) -> MarketData:
    """`market_data` in which `symbol` gives four shares for one and half a dollar a new share at the open of `session`."""
    bars, old = market_data.bars, market_data.actions
    row, column = bars.row(session), bars.symbols.index(symbol)
    panels = {name: getattr(bars, name).copy() for name in FIELDS}
    for name, panel in panels.items():
        panel[row:, column] *= 4.0 if name == "volume" else 0.25
    names = ("row", "name", "kind", "value")
    more = dict(zip(names, ([row, row], [column, column], [SPLIT, DIVIDEND], [0.25, 0.5]), strict=True))
    joined = {name: np.append(getattr(old, name), more[name]).astype(getattr(old, name).dtype) for name in names}
    order = np.argsort(joined["row"], kind="stable")
    actions = Actions(*(joined[name][order] for name in names))
    return replace(market_data, bars=Bars(bars.sessions, bars.symbols, **panels), actions=actions)


def before_open(session: str) -> Word:
    return Word("a tester", hours_of(date.fromisoformat(session)).opens - timedelta(hours=2), "a test")


def after_open(session: str) -> Word:
    return Word("a tester", hours_of(date.fromisoformat(session)).opens + timedelta(hours=2), "a test")


def twin(live: Live) -> Live:
    """The same desk once more, to be left alone."""
    return Live(shutil.copytree(live.home, live.home.parent / "twin"), live.settings, live.tape)


def test_an_account_is_opened_once_and_with_money(live: Live) -> None:
    with pytest.raises(InputError, match="was opened before"):
        book.opened(live.account, 5.0, WORD)
    with pytest.raises(InputError, match="above 0 dollars"):
        book.opened(replace(live.account, name="other"), 0.0, WORD)
    with pytest.raises(MissingData, match="book init"):
        book.standing(replace(live.account, name="other"), BEFORE)
    live.evening(DAYS[0])
    assert live.decision(DAYS[0]).equity == 1_000_000.0


def test_an_order_that_waits_has_no_price_yet_and_is_told_as_json(live: Live) -> None:
    live.evening(DAYS[0])
    lines = book.standing(live.account, after_open(DAYS[0]).at).lines
    assert any(one["waiting"] for one in lines) and all(one["entry_price"] is None for one in lines if not one["quantity"])
    json.dumps(lines, allow_nan=False)


def test_what_is_assumed_is_marked_until_a_person_says_it(live: Live) -> None:
    live.evenings(DAYS[:2])
    lines = held(live.decision(DAYS[1]))
    assert lines and all(line["assumed"] for line in lines.values()) and all(one["assumed"] for one in live.decision(DAYS[1]).fills)
    symbol = next(iter(lines))
    book.position_set(live.account, symbol, lines[symbol]["quantity"], 12.5, None, before_open(DAYS[2]))
    line = held(live.evening(DAYS[2]))[symbol]
    assert not line["assumed"] and line["entry_price"] == 12.5


@pytest.mark.parametrize("early", [True, False])
def test_a_position_is_as_old_as_one_that_was_filled_in_its_session(live: Live, early: bool) -> None:
    """The time stop of a corrected position comes when it would have come."""
    live.evenings(DAYS[:4])
    word = (before_open if early else after_open)(DAYS[4])
    other = twin(live)
    lines = held(live.decision(DAYS[3]), "after")
    same = {symbol: line for symbol, line in lines.items() if not line["closing"]}
    for symbol, line in same.items():
        book.position_set(live.account, symbol, line["quantity"], line["entry_price"], date.fromisoformat(line["opened"]), word)
    ours, theirs = held(live.evening(DAYS[4])), held(other.evening(DAYS[4]))
    assert {symbol: ours[symbol]["age"] for symbol in same} == {symbol: theirs[symbol]["age"] for symbol in same}
    assert len({line["age"] for line in theirs.values()}) > 1
    for day in DAYS[5:9]:
        ours_, theirs_ = live.evening(day).orders(), other.evening(day).orders()
        exits = [
            frame[(frame["reason"] == "time_stop") & frame["symbol"].isin(list(same))]["symbol"].tolist() for frame in (ours_, theirs_)
        ]
        assert exits[0] == exits[1]


@pytest.mark.parametrize("early", [True, False])
def test_a_new_position_without_an_opening_counts_from_the_session_of_the_next_decision(live: Live, early: bool) -> None:
    live.evening(DAYS[0])
    fresh = stranger(live, live.decision(DAYS[0]))
    book.position_set(live.account, fresh, 100, 20.0, None, (before_open if early else after_open)(DAYS[1]))
    second = held(live.evening(DAYS[1]))
    filled = {one["symbol"] for one in live.decision(DAYS[1]).fills}
    assert (second[fresh]["age"], second[fresh]["opened"]) == (1, DAYS[1])
    assert {second[one]["age"] for one in filled} == {1}, "as what was filled in that session"


def test_more_or_fewer_shares_leave_a_position_as_old_as_it_is(live: Live) -> None:
    live.evenings(DAYS[:3])
    symbol, line = next((one, line) for one, line in held(live.decision(DAYS[2]), "after").items() if not line["closing"])
    book.position_set(live.account, symbol, line["quantity"] + 1, None, None, before_open(DAYS[3]))
    after = held(live.evening(DAYS[3]))[symbol]
    assert (after["age"], after["opened"], after["entry_price"]) == (line["age"] + 1, line["opened"], line["entry_price"])
    assert after["quantity"] == line["quantity"] + 1


def test_a_correction_before_the_open_goes_before_its_fills_and_one_after_it_behind_them(live: Live) -> None:
    live.evening(DAYS[0])
    symbol, *others = live.decision(DAYS[0]).orders()["symbol"]
    other = twin(live)
    book.position_set(live.account, symbol, 7, 10.0, None, before_open(DAYS[1]))
    book.position_set(other.account, symbol, 7, 10.0, None, after_open(DAYS[1]))
    early, late = live.evening(DAYS[1]), other.evening(DAYS[1])
    assert symbol not in {one["symbol"] for one in early.fills} and symbol in {one["symbol"] for one in late.fills}
    for decision in (early, late):
        assert held(decision)[symbol]["quantity"] == 7 and not held(decision)[symbol]["assumed"]
        assert set(others) <= {one["symbol"] for one in decision.fills}
    assert early.cash > late.cash or held(late)[symbol]["quantity"] < 0


def test_a_correction_of_the_cash_is_the_cash(live: Live) -> None:
    live.evenings(DAYS[:2])
    book.cash_set(live.account, 123_456.0, after_open(DAYS[2]))
    decision = live.evening(DAYS[2])
    assert decision.cash == 123_456.0
    assert decision.equity == pytest.approx(123_456.0 + sum(one["quantity"] * one["mark"] for one in held(decision).values()))


def test_an_exit_that_did_not_fill_leaves_the_position_as_it_was(live: Live) -> None:
    """The assumed fill sold it; who says that it is still held need not know price and age."""
    live.knobs(strategy={"holding_sessions": 2})
    live.evenings(DAYS[:3])
    decision = live.decision(DAYS[2])
    symbol = next(one["symbol"] for one in decision.orders().to_dict("records") if one["reason"] == "time_stop")
    line = held(decision)[symbol]
    book.position_set(live.account, symbol, line["quantity"], None, None, after_open(DAYS[3]))
    after = live.evening(DAYS[3])
    assert symbol in {one["symbol"] for one in after.fills}
    again = held(after)[symbol]
    assert (again["entry_price"], again["age"], again["opened"]) == (line["entry_price"], line["age"] + 1, line["opened"])
    assert after.orders().set_index("symbol")["reason"][symbol] == "time_stop", "it is to be sold again"
    assert np.isfinite(after.equity) and after.equity == pytest.approx(
        after.cash + sum(v["quantity"] * v["mark"] for v in held(after).values())
    )


@pytest.mark.parametrize("early", [True, False])
def test_splits_and_dividends_of_a_corrected_position(live: Live, early: bool) -> None:
    """Before the open the shares are those of the evening before, after it they are those of the day."""
    live.evening(DAYS[0])
    symbol = stranger(live, live.decision(DAYS[0]))
    live.tape = split(live.tape, DAYS[1], symbol)  # type: ignore[arg-type]
    shares, price, word = (100, 40.0, before_open(DAYS[1])) if early else (400, 10.0, after_open(DAYS[1]))
    other = twin(live)
    book.position_set(live.account, symbol, shares, price, None, word)
    decision = live.evening(DAYS[1])
    line = held(decision)[symbol]
    assert (line["quantity"], line["entry_price"]) == (400, 10.0)
    assert decision.daily["dividends"] == (pytest.approx(200.0) if early else 0.0)
    bars = live.tape.bars
    assert line["mark"] == bars.close[bars.row(DAYS[1]), bars.symbols.index(symbol)]
    assert decision.cash - other.evening(DAYS[1]).cash == pytest.approx(200.0 if early else 0.0, abs=1e-6)


def test_a_file_is_all_that_is_held(live: Live, tmp_path: Path) -> None:
    live.evenings(DAYS[:2])
    lines = held(live.decision(DAYS[1]), "after")
    kept = next(iter(lines))
    fresh = stranger(live, live.decision(DAYS[1]))
    file = tmp_path / "positions.csv"
    file.write_text(f"symbol,quantity,entry_price,opened\n{kept},{lines[kept]['quantity']},11.5,\n{fresh},-30,20.25,{DAYS[0]}\n")
    events = book.imported(live.account, file, after_open(DAYS[2]))
    assert {one.symbol for one in events if one.quantity == 0} >= set(lines) - {kept}
    after = live.evening(DAYS[2])
    assert set(held(after)) == {kept, fresh}, "also what the orders of the evening before are assumed to have bought"
    assert (held(after)[kept]["age"], held(after)[kept]["opened"]) == (lines[kept]["age"] + 1, lines[kept]["opened"])
    assert (held(after)[fresh]["quantity"], held(after)[fresh]["age"], held(after)[fresh]["entry_price"]) == (-30, 3, 20.25)


def test_a_file_before_the_open_leaves_the_orders_that_wait_for_it(live: Live, tmp_path: Path) -> None:
    live.evenings(DAYS[:2])
    lines, orders = held(live.decision(DAYS[1]), "after"), live.decision(DAYS[1]).orders()
    entered = set(orders[orders["reason"] == "entry"]["symbol"])
    file = tmp_path / "positions.csv"
    rows = "".join(f"{symbol},{line['quantity']},{line['entry_price']!r}\n" for symbol, line in lines.items())
    file.write_text(f"symbol,quantity,entry_price\n{rows}")
    book.imported(live.account, file, before_open(DAYS[2]))
    assert entered and entered <= {one["symbol"] for one in live.evening(DAYS[2]).fills}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("symbol,quantity,entry_price\nABC,1.5,2\n", "whole shares"),
        ("symbol,quantity,entry_price\nABC,1,0\n", "price above 0"),
        ("symbol,quantity,entry_price\nABC,1,2\nABC,1,2\n", "twice"),
        ("symbol,quantity\nABC,1\n", "entry_price"),
        ("symbol,quantity,entry_price,opened\nABC,1,2,2031-01-02\n", "2031-01-02"),
    ],
)
def test_a_file_that_cannot_be_is_refused_whole(live: Live, tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "positions.csv"
    file.write_text(text)
    with pytest.raises((BadTable, InputError), match=words):
        book.imported(live.account, file, after_open(DAYS[0]))
    assert len(live.state.book_events("desk")) == 1


def test_nothing_is_said_of_tomorrow(live: Live) -> None:
    with pytest.raises(InputError, match="lies after"):
        book.position_set(live.account, "ABC", 10, 5.0, date.fromisoformat(DAYS[5]), after_open(DAYS[0]))
    with pytest.raises(InputError, match="give --price"):
        book.position_set(live.account, "ABC", 10, None, None, after_open(DAYS[0]))
    with pytest.raises(InputError, match="above 0 dollars"):
        book.position_set(live.account, "ABC", 10, -1.0, None, after_open(DAYS[0]))


def test_a_correction_made_after_a_late_session_waits_for_the_next_one(live: Live) -> None:
    """Late records are of their day: what was said two days later is not known in them."""
    live.evenings(DAYS[:2])
    symbol = stranger(live, live.decision(DAYS[1]))
    book.position_set(live.account, symbol, 50, 10.0, None, after_open(DAYS[4]))
    live.bring(DAYS[4])
    decisions = live.call(live.at(DAYS[4])).decisions
    assert [symbol in held(one) for one in decisions] == [False, False, True]
    assert held(decisions[-1])[symbol]["age"] == 1


def test_a_correction_is_known_once(live: Live) -> None:
    live.evening(DAYS[0])
    symbol = stranger(live, live.decision(DAYS[0]))
    book.position_set(live.account, symbol, 50, 10.0, None, before_open(DAYS[1]))
    assert book.standing(live.account, before_open(DAYS[1]).at).pending == 1
    live.evening(DAYS[1])
    assert live.decision(DAYS[1]).book_event == 2 and book.standing(live.account, after_open(DAYS[2]).at).pending == 0
    live.evenings(DAYS[2:4])
    assert held(live.decision(DAYS[3]))[symbol]["quantity"] == 50


def test_a_halt_and_a_restriction_say_why_and_end_by_hand(live: Live) -> None:
    silent = Word("a tester", datetime.now(WORD.at.tzinfo))
    with pytest.raises(InputError, match="says why"):
        book.paused(live.account, silent)
    with pytest.raises(InputError, match="says why"):
        book.restricted(live.account, "ABC", date(2023, 1, 3), None, silent)
    with pytest.raises(InputError, match="not restricted"):
        book.unrestricted(live.account, "ABC", WORD)
    first = book.paused(live.account, WORD)
    assert book.paused(live.account, replace(WORD, why="again")) == first
    assert len(resumed(live.account, WORD)) == 1 and resumed(live.account, WORD) == ()
    with pytest.raises(InputError, match="--by"):
        Word("  ", WORD.at)
