"""The attribution at work: evenings that were frozen, a journal and an account that did what they said, and one that did not."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from springback.data.hours import NEW_YORK, hours_of
from springback.errors import MissingData
from springback.market.actions import DIVIDEND
from springback.operation.attribution_study import ENOUGH
from springback.operation.frozen_decision import FrozenDecision
from springback.state.order_rows import OrderFill, digits
from springback.state.trading_rows import Attribution, Booking, Reconciliation, Snapshot
from springback.trading.accounted import Held, Seen, ours_of
from springback.trading.attribution import TERMS, exact
from springback.trading.journal import Answer
from springback.trading.order_journal import OrderJournal, Plan
from springback.trading.reconciliation import reconciled
from springback.workflow.attribute import attribute
from springback.workflow.attribution import attribution, write_page
from springback.workflow.order_journal import journal_of
from springback.workflow.reconcile import remembered
from tests.operation.conftest import begun, live
from tests.operation.live import DAYS, Live, restated

__all__ = ["begun", "live"]
NUMBER = "desk"


def instant(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=NEW_YORK)


class Mirror:
    """An account at a broker that does what the evenings assume: every fill in the journal, what moved the cash as a booking, and what the
    broker says of it in the evening and at night. `worse` dollars a share are paid more on every fill.
    """

    def __init__(self, live: Live, worse: str = "0") -> None:
        self.live, self.worse = live, Decimal(worse)
        self.account = live.account
        self.journal: OrderJournal = journal_of(self.account.folder.path, NUMBER, self.account.state)
        self.extra = Decimal(0)
        self.booked: dict[str, object] = {"statement": True, "until": None}

    def play(self, sessions: list[str]) -> None:
        before: FrozenDecision | None = None
        for session in sessions:
            decision = self.live.evening(session)
            if before is not None:
                self._night(before, session)
                self._open(before, decision)
                self._book(before, decision)
            self._snapshot(decision)
            before = decision

    def _open(self, before: FrozenDecision, decision: FrozenDecision) -> None:
        state, at = before.state(), hours_of(date.fromisoformat(decision.session)).opens
        assert state is not None
        working = {one.order_id: one for one in state.working}
        with self.account.state.lease(self.account.name, "a test") as lease:
            for fill in decision.fills:
                one, quantity = working[fill["order_id"]], int(fill["quantity"])
                held = state.lines[one.symbol].quantity if one.symbol in state.lines else 0
                purpose = "entry" if one.reason == "entry" or held * quantity > 0 else "exit"
                side = "buy" if quantity > 0 else "sell"
                plan = Plan(date.fromisoformat(before.session), one.symbol, side, purpose, Decimal(abs(quantity)), None, one.reason)
                name = self.journal.plan(plan, at).client_id
                self.journal.send(name, at, lease)
                self.journal.record(name, Answer("accepted", f"b-{name}"), at)
                price = exact(fill["price"]) + (self.worse if quantity > 0 else -self.worse)
                self.journal.fill(OrderFill(f"x-{name}", name, at, Decimal(abs(quantity)), price, exact(fill["fee"])), at)
                self.extra -= self.worse * abs(quantity)

    def _book(self, before: FrozenDecision, decision: FrozenDecision) -> None:
        """What the midnight before the session moved."""
        market_data, daily, at = self.live.tape, decision.daily, instant(decision.session, "02:30")
        assert market_data is not None
        charged = exact(daily["borrow"] or 0.0) + exact(daily["financing"] or 0.0)
        rows = [Booking(f"i-{decision.session}", "interest", "INT/MGN", "", None, -charged, at, at, "executed")] if charged else []
        state, actions, row = before.state(), market_data.actions, market_data.bars.row(decision.session)
        assert state is not None
        for k in np.flatnonzero((actions.row == row) & (actions.kind == DIVIDEND)):
            symbol = market_data.bars.symbols[int(actions.name[k])]
            if symbol in state.positions:
                quantity = Decimal(state.positions[symbol].quantity)
                paid = quantity * exact(float(actions.value[k]))
                rows.append(Booking(f"d-{decision.session}-{symbol}", "dividend", "DIV/CDIV", symbol, quantity, paid, at, at, "executed"))
        self.account.state.book(self.account.name, *rows)

    def _shares(self, decision: FrozenDecision) -> dict[str, Decimal]:
        return {one["symbol"]: Decimal(one["quantity"]) for one in decision.book["before"] if one["quantity"]}

    def _snapshot(self, decision: FrozenDecision) -> None:
        self.cash = exact(decision.cash) + self.extra
        self.shares, day = self._shares(decision), decision.session
        told = json.dumps({symbol: digits(one) for symbol, one in self.shares.items()})
        row = Snapshot(date.fromisoformat(day), "decide", instant(day, "17:05"), None, self.cash, None, told)
        self.account.state.keep(self.account.name, row)
        if not self.account.state.kept(self.account.name, Reconciliation):
            self._reconcile(day, instant(day, "17:06"))

    def _night(self, before: FrozenDecision, session: str) -> None:
        """Three in the morning before `session`."""
        self._reconcile(before.session, instant(session, "03:00"))

    def _reconcile(self, session: str, at: datetime) -> None:
        state, name = self.account.state, self.account.name
        held = tuple(Held(symbol, symbol, quantity) for symbol, quantity in self.shares.items())
        known = [one for one in state.bookings(name) if one.at < at]
        found = reconciled(ours_of(self.journal.orders()), Seen(held, self.cash, (), tuple(known)), remembered(state, name))
        body = json.dumps(json.loads(found.body) | {"booked": self.booked})
        state.keep(name, Reconciliation(date.fromisoformat(session), "night", at, found.unexplained, body))

    def attributed(self, now: datetime):  # type: ignore[no-untyped-def]
        return attribute(self.account, self.journal, now)


@pytest.fixture
def tomorrow() -> datetime:
    return instant(DAYS[8], "12:00")


def test_an_account_that_did_what_the_backtest_does_is_the_backtest_to_the_cent(live: Live, tomorrow: datetime, tmp_path: Path) -> None:
    mirror = Mirror(live)
    mirror.play(list(DAYS[:5]))
    found = mirror.attributed(tomorrow)
    assert [one.session for one in found] == list(DAYS[1:5])
    for one in found:
        assert one.chain is not None and one.chain.residual == 0, one
        assert {name: value for name, value in one.chain.terms.items() if value and name != "backtest"} == {}, one
    assert [one.final for one in found] == [True] * 3 + [False] and sum(len(one.pairs) for one in found) > 0
    assert not mirror.attributed(tomorrow)[:-1], "what is final is not worked out again"
    study = attribution(live.account, tomorrow)
    assert study.change == sum(study.terms.values()) and {one.state for one in study.days} == {"reconciled", "provisional"}
    write_page(study, tmp_path / "page.html")
    assert "Explained to the cent" in (tmp_path / "page.html").read_text()
    with pytest.raises(MissingData, match="no attribution"):
        attribution(live.account, tomorrow, "1999-01-04")


def test_worse_prices_are_the_price_term_and_the_verdict_waits_for_thirty(live: Live, tomorrow: datetime) -> None:
    mirror = Mirror(live, "0.05")
    mirror.play(list(DAYS[:5]))
    found = mirror.attributed(tomorrow)
    shares = sum((abs(pair.quantity) for one in found for pair in one.pairs), Decimal(0))
    price = sum((one.chain.terms["price"] for one in found if one.chain), Decimal(0))
    assert all(one.whole for one in found) and price == -shares * Decimal("0.05")
    study = attribution(live.account, tomorrow)
    assert (study.shadow.mean is None) == (study.shadow.count < ENOUGH)
    few = replace(study, days=study.days[:1])
    assert few.shadow.count < ENOUGH and few.shadow.mean is None and "No verdict" in few.shadow.sentence


def test_cash_that_is_gone_without_a_booking_is_the_residual(live: Live, tomorrow: datetime) -> None:
    mirror = Mirror(live)
    mirror.play(list(DAYS[:4]))
    mirror.extra -= 7
    mirror.play([DAYS[4]])
    found = {one.session: one for one in mirror.attributed(tomorrow)}
    last = found[DAYS[4]]
    assert last.chain is not None and not last.whole and found[DAYS[3]].whole


def test_a_session_in_which_nobody_read_the_account_is_not_worked_out_for_ever(
    live: Live, tomorrow: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = Mirror(live)
    mirror.play(list(DAYS[:2]))
    with monkeypatch.context() as away:
        away.setattr(mirror, "_snapshot", lambda _: None)
        mirror.play([DAYS[2]])
    mirror.play(list(DAYS[3:5]))
    evening = instant(DAYS[2], "17:30")
    found = {one.session: one for one in mirror.attributed(tomorrow)}
    assert found[DAYS[2]].chain is None and [one.code for one in found[DAYS[2]].doubts] == ["no_snapshot"]
    assert not {DAYS[2], DAYS[3]} & {one.session for one in mirror.attributed(tomorrow)}, "no later day can tell of it"
    assert DAYS[2] in {one.session for one in mirror.attributed(evening)}, "before the next open it can still be read"


def test_row_46_a_restated_bar_changes_no_decision_and_is_the_data_term(live: Live, tomorrow: datetime) -> None:
    mirror = Mirror(live)
    mirror.play(list(DAYS[:4]))
    before = live.decision(DAYS[3]).hash
    assert live.tape is not None
    held = [one["symbol"] for one in live.decision(DAYS[3]).book["before"] if one["quantity"]]
    live.bring(DAYS[3], restated(live.tape, DAYS[3], held[:2], 1.01))
    found = {one.session: one for one in mirror.attributed(tomorrow)}
    last = found[DAYS[3]]
    assert last.chain is not None and last.whole and last.chain.terms["data"] and live.decision(DAYS[3]).hash == before
    assert not any(last.chain.terms[name] for name in TERMS[2:])


def test_a_late_booking_re_versions_its_day(live: Live, tomorrow: datetime) -> None:
    mirror = Mirror(live)
    mirror.play(list(DAYS[:5]))
    mirror.attributed(tomorrow)
    state, name = live.account.state, live.account.name
    late = tomorrow + timedelta(hours=1)
    state.book(name, Booking("late", "fee", "FEE/REG", "", None, Decimal("-1.25"), instant(DAYS[2], "23:00"), late, "executed"))
    mirror.cash -= Decimal("1.25")
    mirror._reconcile(DAYS[4], late)
    mirror.attributed(late + timedelta(minutes=1))
    rows = state.kept(name, Attribution, date.fromisoformat(DAYS[2]))
    assert len(rows) == 2 and Decimal(json.loads(rows[-1].body)["terms"]["fees"]) == Decimal("-1.25")
    assert rows[-1].residual == 0 and len(state.kept(name, Attribution, date.fromisoformat(DAYS[1]))) == 1


def test_a_day_is_final_once_a_statement_tells_what_was_booked_on_it(live: Live, tomorrow: datetime) -> None:
    mirror = Mirror(live)
    mirror.booked = {"statement": False, "until": None}
    mirror.play(list(DAYS[:4]))
    assert [(one.session, one.final) for one in mirror.attributed(tomorrow)] == [(day, False) for day in DAYS[1:4]]
    mirror.booked = {"statement": True, "until": DAYS[1]}
    mirror._reconcile(DAYS[3], instant(DAYS[4], "03:00"))
    assert [(one.session, one.final) for one in mirror.attributed(tomorrow)] == [(DAYS[1], True), (DAYS[2], False), (DAYS[3], False)]
