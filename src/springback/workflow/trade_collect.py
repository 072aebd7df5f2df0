"""After the open: fills are collected, and exits that the open left are brought to their end; entries are never bought later."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from springback.errors import Unauthorized, Unreachable
from springback.operation.frozen_decision import Reason
from springback.state.trading_rows import Reconciliation
from springback.trading.booked import FRACTION
from springback.trading.journal import Order
from springback.workflow.broker_words import ELSEWHERE
from springback.workflow.progress import SILENT, Progress
from springback.workflow.reconcile import fractions
from springback.workflow.trade_batch import Batch, cancel_entries, step
from springback.workflow.trade_clock import TradeClock, by_new_york
from springback.workflow.trade_outcome import TradeOutcome
from springback.workflow.trade_send import SENDABLE, fitting, planned, sent_out
from springback.workflow.trade_targets import Target, targets
from springback.workflow.trader import TradingAccount

FINAL = frozenset((ELSEWHERE, "kill"))
"""Codes of exits that are not sent again today: another hand ended them, or everything was stopped."""


def collect(account: TradingAccount, clock: TradeClock, session: date | None = None, progress: Progress = SILENT) -> TradeOutcome:
    """Asks the broker until every order of the decision is over, or `execution.collect` minutes have passed since the open.

    Day market orders go out meanwhile: the rest of exits by `execution.unfilled`, and by `execution.open` "market" all orders. Raises as
    `step` does.
    """
    return step("collect", account, clock, _collect, session, progress)


def _collect(batch: Batch) -> TradeOutcome:
    if batch.clock.now() < batch.table.opens:
        batch.reasons.append(Reason("early", f"the market opens at {by_new_york(batch.table.opens)}"))
        return batch.outcome()
    aims = [one for one in targets(batch.decision) if one.purpose != "stop"]
    opened = False
    while batch.table.collecting(batch.clock.now()):
        cancel_entries(batch)
        opened = opened or _opened(batch, aims)
        if opened:
            _finished(batch, aims)
        if batch.account.broker.name == "simulated" or (opened and not _due(batch)):
            break
        batch.clock.wait(batch.account.live.settings.execution.poll)
        try:
            batch.hear()
        except Unauthorized:
            raise
        except Unreachable:
            if not batch.table.collecting(batch.clock.now()):
                raise
    for order in _due(batch):
        if order.state in SENDABLE:
            batch.miss(order)
    return batch.outcome(filled=_filled(batch), foreign_fills=len(batch.hearing.foreign_fills))


def _opened(batch: Batch, aims: list[Target]) -> bool:
    """Orders that are for the session itself go out now; one for the auction that did not is missed. False: everything is halted yet."""
    if batch.opening == "opg":
        for one in [one for one in batch.hearing.of(batch.session) if one.state in SENDABLE]:
            batch.miss(one)
        batch.judge([])
        return not batch.held
    batch.judge([one for one in aims if (order := batch.order_of(one)) is None or order.state in SENDABLE])
    if batch.held:
        return False
    due = [one for one in aims if one.purpose != "entry" or batch.order_of(one) is not None]
    sent_out(batch, fitting(batch, planned(batch, due)), batch.table.collected)
    return True


def _finished(batch: Batch, aims: list[Target]) -> None:
    """Sends fractions that actions left, and the rest of exits unless the next decision has them, as day market orders."""
    market = batch.account.live.settings.execution.unfilled == "market"
    exits = [one for one in aims if one.purpose == "exit"] if market else []
    rests = [(one, order) for one in exits if (order := _rest(batch, one)) is not None]
    for target, order in (*rests, *_fractions(batch)):
        if order.state in SENDABLE and batch.table.collecting(batch.clock.now()):
            batch.send(target, order, "day")


def _rest(batch: Batch, target: Target) -> Order | None:
    """The order for what is left of an exit; None where nothing is, or its order may still fill."""
    own = [one for one in batch.hearing.of(batch.session) if (one.intent.symbol, one.intent.purpose) == target.key]
    last = max(own, key=lambda one: one.intent.number, default=None)
    if last is not None and (not last.closed or last.code in FINAL):
        return last if last.state in SENDABLE else None
    if len(own) > TRIES:
        return None
    left = min(Decimal(abs(target.quantity)) if last is None else last.rest, batch.closable(target))
    return batch.plan(target, left, another=last is not None) if left > 0 else None


TRIES = 3
"""Day orders after the one for the open: what the broker refuses so often stays for the next decision."""


def _fractions(batch: Batch) -> Iterator[tuple[Target, Order]]:
    """The orders that end what the newest reconciliation has of fractions, each once; none while an exit of the name may still fill."""
    known = [one for one in batch.hearing.orders.values() if one.intent.reason == FRACTION]
    last = batch.account.live.state.newest(batch.account.live.name, Reconciliation)
    for symbol, part in fractions(batch.account.live).items():
        target = Target(symbol, "exit", -1 if part > 0 else 1, FRACTION)
        exits = [one for one in batch.hearing.of(batch.session) if (one.intent.symbol, one.intent.purpose) == target.key]
        done = [one for one in known if one.intent.symbol == symbol and (one in exits or (last and one.sent_at and one.sent_at > last.at))]
        shares = min(abs(part), batch.closable(target))
        if done:
            yield from ((target, one) for one in done if one in exits)
        elif shares > 0 and all(one.closed for one in exits):
            yield target, batch.plan(target, shares, another=bool(exits))


def _due(batch: Batch) -> list[Order]:
    """The decision's orders that may still fill or are to be sent; stops rest for themselves."""
    return [one for one in batch.hearing.of(batch.session) if one.intent.purpose != "stop" and not one.closed]


def _filled(batch: Batch) -> dict[str, float]:
    """Signed shares of the decision's orders by symbol and purpose."""
    found: dict[str, float] = {}
    for one in batch.hearing.of(batch.session):
        key = f"{one.intent.symbol} {one.intent.purpose}"
        found[key] = found.get(key, 0.0) + one.sign * float(one.filled_quantity)
    return found
