"""In the night and after the open: the broker's account laid beside the journal, and halted where nobody can say whose shares they are."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

from springback.data.hours import newest_closed
from springback.errors import StateError, Unwritable
from springback.market.prose import Prose
from springback.operation.frozen_decision import FrozenDecision, Reason
from springback.state.rows import Incident
from springback.trading.accounted import Reconciled
from springback.workflow.attribute import attribution_faults
from springback.workflow.broker_events import Heard, heard
from springback.workflow.progress import SILENT, Progress
from springback.workflow.reconcile import reconcile as laid_beside
from springback.workflow.split_check import split_check
from springback.workflow.trade_batch import coded
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_outcome import DONE, HALTED, UNKNOWN, TradeOutcome
from springback.workflow.trade_targets import table_of
from springback.workflow.trading_account import TradingAccount, holding

STEP = "reconcile"
NO_STATEMENT = "trade.no_statement"
"""Cause of the incident of statements that are refused."""


def reconcile(account: TradingAccount, clock: TradeClock, session: date | None = None, progress: Progress = SILENT) -> TradeOutcome:
    """Asks the broker and explains its account by our orders, its bookings and what persons adopted; before the first decision too.

    Exit code 6 where shares are left that nobody explains: their names are halted until a person says whose they are. Raises `Taken`.
    """
    progress.step(STEP)(0, 1, account.live.name)
    outcome = coded(account, clock, STEP, session, lambda: _reconciled(account, clock, session, progress))
    with suppress(Unwritable, StateError):
        account.live.state.keep(account.live.name, outcome.row(clock.now(), account.rehearsal))
    return outcome


def _reconciled(account: TradingAccount, clock: TradeClock, session: date | None, progress: Progress) -> TradeOutcome:
    live, now = account.live, clock.now()
    newest = live.folder.sessions()[-1:]
    decision = live.folder.decision(newest[0]) if newest else None
    day = session or (date.fromisoformat(newest[0]) if newest else newest_closed(now, now - now, live.closed).day)
    with holding(account):
        account.journal.check(anew=True)  # a service that runs for months has read it long ago
        hearing = heard(account, clock, STEP, frozenset() if decision is None else set(decision.orders()["symbol"]))
        phase = "night" if now < table_of(account, day).opens else "morning"
        found = laid_beside(account, hearing, day, phase, _splits(account, decision, clock))
        outcome = _outcome(day, phase, found, hearing)
        _incident(account, day, hearing)
        faults = attribution_faults(live, account.journal, clock.now(), progress)
        return replace(outcome, reasons=(*outcome.reasons, *faults))


def _incident(account: TradingAccount, day: date, hearing: Heard) -> None:
    """An incident while the broker's statements are refused: without them no day is reconciled, and nobody else would say so."""
    live, why = account.live, hearing.events.silence
    if why:
        live.state.open_incident(live.name, Incident(NO_STATEMENT, hearing.at, day, Prose(why), "springback trade reconcile"))
    elif hearing.events.statement:
        live.state.close_incident(live.name, NO_STATEMENT, hearing.at)


def _splits(account: TradingAccount, decision: FrozenDecision | None, clock: TradeClock) -> dict[str, Decimal]:
    """Old shares per new one by symbol, effective at the decision's open."""
    if decision is None:
        return {}
    factors = split_check(decision, account.live.settings, account.live.store, clock.now()).factors
    return {symbol: Decimal(repr(one)) for symbol, one in factors.items()}


def _outcome(day: date, phase: str, result: Reconciled, hearing: Heard) -> TradeOutcome:
    halted = [one for one in result.lines if one.halts]
    reasons = tuple(Reason(one.code, f"the broker has {one.broker} shares, ours are {one.ours}", one.symbol) for one in halted)
    unexplained = sum((one.amount for one in result.cash if one.code == "unexplained"), Decimal(0))
    if unexplained:
        words = f"the broker's cash and what orders and bookings explain are ${unexplained:+,.2f} apart: the day is unreconciled"
        reasons = (*reasons, Reason("cash", words))
    if not hearing.events.booked(day):
        why = f" ({hearing.events.silence})" if hearing.events.silence else ""
        words = f"the broker has not told what was booked on {day}: the day is unreconciled until its statement comes{why}"
        reasons = (*reasons, Reason("no_statement", words))
    code = HALTED if result.unexplained else UNKNOWN if hearing.unknown else DONE
    return TradeOutcome(STEP, str(day), code, {"phase": phase, "unexplained": result.unexplained, "names": list(result.halts)}, reasons)
