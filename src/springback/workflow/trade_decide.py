"""The step that decides: the evening of a broker's account, taken on what the journal and the broker say."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from springback.brokers.broker import Account
from springback.data.hours import newest_closed
from springback.errors import InputError, StateError, Unreachable
from springback.market.prose import Prose
from springback.operation.frozen_decision import Reason
from springback.state.rows import BookEvent
from springback.state.trading_rows import Adoption
from springback.trading.accounted import ours_of
from springback.trading.booked import NOTHING
from springback.workflow import daily as evening
from springback.workflow.attribute import attribution_faults
from springback.workflow.broker_events import WHO, Heard
from springback.workflow.catch_up import Fetched
from springback.workflow.daily import Clock, DailyOutcome, Fetch, daily, deadline, due
from springback.workflow.evening import CASH
from springback.workflow.journal_trader import JournalTrader
from springback.workflow.progress import SILENT, Progress
from springback.workflow.trade_outcome import DONE, EXITS_ONLY, HALTED, NO_DECISION, UNREACHABLE, TradeOutcome
from springback.workflow.trading_account import TradingAccount

STEP = "decide"
CODES = {evening.DONE: DONE, evening.WAITING: NO_DECISION, evening.EXITS_ONLY: EXITS_ONLY}


def decide(account: TradingAccount, clock: Clock, fetch: Fetch | None = None, progress: Progress = SILENT) -> TradeOutcome:
    """Brings the account up to the newest session that is over, as `daily` does, after the journal was recovered and the broker heard.

    A broker that does not answer is waited for until the deadline; then exits alone are decided from what is known. The caller holds the
    account's lease. Raises as `daily` and `heard` do, `InputError` where the account was opened by hand.
    """
    trader = cast(JournalTrader, account.live.trader)
    outcome = _decided(account, replace(trader, clock=clock), clock, fetch, progress)
    if outcome.facts.get("decisions"):
        faults = attribution_faults(account.live, account.journal, clock.now(), progress)
        outcome = replace(outcome, reasons=(*outcome.reasons, *faults))
    account.live.state.keep(account.live.name, outcome.row(clock.now(), account.rehearsal))
    return outcome


def _decided(account: TradingAccount, trader: JournalTrader, clock: Clock, fetch: Fetch | None, progress: Progress) -> TradeOutcome:
    live = replace(account.live, trader=trader)

    def asking(names: frozenset[str]) -> Fetched:
        """The source, and after it the broker, whose market may be the store's."""
        assert fetch is not None
        found = fetch(names)
        trader.hear()
        return found

    session = newest_closed(clock.now(), timedelta(minutes=live.settings.daily.earliest), live.closed)
    try:
        strange = _met(account, trader.hear())
        if strange:
            return TradeOutcome(STEP, str(session.day), HALTED, reasons=strange)
        return _told(daily(live, clock, asking if fetch else None, progress=progress))
    except Unreachable as error:
        waits = not live.state.book_events(live.name) or not due(live, clock.now()) or clock.now() < deadline(live, session)
        if waits:
            return TradeOutcome(STEP, str(session.day), UNREACHABLE, reasons=(Reason("unreachable", str(error)),))
        trader.silence = error
        return _told(daily(live, clock, fetch, progress=progress))


def _told(outcome: DailyOutcome) -> TradeOutcome:
    newest = outcome.decisions[-1] if outcome.decisions else None
    facts: dict[str, Any] = {"decisions": [one.session for one in outcome.decisions]}
    if newest is not None:
        facts |= {"equity": newest.equity, "sized_on": newest.sized_on, "orders": len(newest.orders())}
    reasons = (*outcome.waits, *(newest.reasons if newest else ()))
    return TradeOutcome(STEP, outcome.session, CODES[outcome.code], facts, reasons)


def _met(account: TradingAccount, hearing: Heard) -> tuple[Reason, ...]:
    """Begins the account with the broker's cash at the first contact; the names of whose shares nobody has said whose they are.

    Raises `InputError` where the account was opened by hand, `StateError` where the broker does not say what cash there is.
    """
    state, name, known = account.live.state, account.live.name, account.live.state.book_events(account.live.name)
    if known:
        if known[0].by != WHO:
            raise InputError(f"account {name} was opened by {known[0].by}, not at its broker: name another folder with --desk")
        return ()
    said, ours = {one.symbol for one in state.kept(name, Adoption)}, ours_of(hearing.orders.values())  # a rebuilt journal has orders
    held = {symbol: quantity - ours.shares.get(symbol, NOTHING) for symbol, quantity in hearing.positions.items()}
    strange = sorted(symbol for symbol, quantity in held.items() if quantity and symbol not in said)
    if strange:
        words = "the account held shares of {0} before the first order: say whose they are with 'springback adopt {0} --as foreign|ours'"
        return tuple(Reason("unadopted", words.format(one), one) for one in strange)
    state.record(name, _first_cash(account, hearing.state.account, ours.cash, hearing.at))
    return ()


def _first_cash(account: TradingAccount, theirs: Account, moved: Decimal, at: datetime) -> BookEvent:
    """The cash that the account begins with: the broker's, less what orders of ours had `moved` before."""
    if theirs.cash is None:
        raise StateError(f"the broker does not say what cash account {account.live.name} has: it cannot begin")
    session = newest_closed(at, timedelta(0), account.live.closed).day
    return BookEvent(at, session, CASH, "", float(theirs.cash - moved), None, WHO, Prose("the broker's cash at the first contact"))
