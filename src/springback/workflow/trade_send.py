"""The evening: the orders of the newest frozen decision go to the broker, each once, exits first."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from springback.operation.frozen_decision import Reason
from springback.trading.journal import Order
from springback.workflow.progress import SILENT, Progress, counter
from springback.workflow.split_check import split_check
from springback.workflow.trade_batch import Batch, cancel_entries, step
from springback.workflow.trade_clock import TradeClock, by_new_york
from springback.workflow.trade_outcome import DONE, EXITS_ONLY, UNKNOWN, TradeOutcome
from springback.workflow.trade_targets import Target, targets
from springback.workflow.trader import TradingAccount

CUSHION = Decimal("1.04")
"""What a broker takes a market order for, of its last price, when it looks at buying power."""
SENDABLE = frozenset(("planned", "absent"))


def send(account: TradingAccount, clock: TradeClock, session: date | None = None, progress: Progress = SILENT) -> TradeOutcome:
    """Sends what the newest decision wants at the market and is not there; what was sent before is not sent again.

    Orders for the open that are market orders (`execution.open`) are planned only: they go out after it. Raises as `step` does.
    """
    return step("send", account, clock, _send, session, progress, ahead=True)


def _send(batch: Batch) -> TradeOutcome:
    phase = batch.table.phase(batch.clock.now())
    if phase == "early":
        batch.reasons.append(Reason("early", f"the broker takes these orders from {by_new_york(batch.table.send)} on"))
        return batch.outcome()
    wanted = [one for one in targets(batch.decision) if one.purpose != "stop"]
    if phase == "quiet":
        return too_late(batch, wanted)
    batch.judge([bounded for one in wanted if (bounded := _bounded(batch, one))])
    cancel_entries(batch)
    if batch.held:
        return batch.outcome()
    withheld = split_names(batch)
    chosen = fitting(batch, planned(batch, [one for one in wanted if one.symbol not in withheld]))
    if batch.opening == "opg":
        sent_out(batch, chosen)
    outcome = batch.outcome(withheld=sorted(withheld))
    left = [order for _, order in chosen if batch.hearing.orders[order.client_id].state in SENDABLE]
    waits = batch.opening == "opg" and left and outcome.code in {DONE, EXITS_ONLY}
    return replace(outcome, code=UNKNOWN) if waits else outcome


def split_names(batch: Batch) -> dict[str, float]:
    """Old shares per new one of the names that split at the coming open: their orders wait for the morning's check."""
    live = batch.account.live
    found = split_check(batch.decision, live.settings, live.store, batch.clock.now())
    if found.fault is not None:
        batch.reasons.append(Reason("split_check", str(found.fault)))
    return dict(found.factors)


def _bounded(batch: Batch, target: Target) -> Target | None:
    """The target as it is to be judged: an exit of what can be closed; None where nothing is, or its order is there already."""
    order = batch.order_of(target)
    if order is not None and order.state not in SENDABLE:
        return None
    if target.purpose == "entry":
        return target
    shares = int(min(Decimal(abs(target.quantity)), batch.closable(target)))
    return None if not shares else Target(**{**vars(target), "quantity": shares if target.quantity > 0 else -shares})


def planned(batch: Batch, aims: list[Target]) -> list[tuple[Target, Order]]:
    """The orders of `aims` that are to go out, kept; what the account cannot do is kept as cancelled, with the reason."""
    found = []
    for target in aims:
        order = batch.order_of(target)
        if order is None:
            order = _planned(batch, target)
        reason = None if order is None or order.state not in SENDABLE else unfit(batch, target)
        if order is not None and reason is not None:
            order = batch.drop(order, reason)
        if order is not None and order.state in {*SENDABLE, "unknown"}:
            found.append((target, order))
    return found


def _planned(batch: Batch, target: Target) -> Order | None:
    shares = Decimal(abs(target.quantity))
    others = [one for one in batch.others(target.symbol) if one.intent.session != batch.session or one.intent.purpose == "stop"]
    if others:
        batch.end(others, "way", f"the way is cleared for the {target.purpose} of {target.symbol}")
    if target.purpose != "entry":
        shares = Decimal(int(min(shares, batch.closable(target))))
    if shares:
        return batch.plan(target, shares)
    batch.reasons.append(Reason("nothing_to_close", f"the broker holds no shares of {target.symbol} to close", target.symbol))
    return None


def unfit(batch: Batch, target: Target) -> Reason | None:
    """Why the broker's account cannot do this order: the name has no identity, is not tradable, or cannot be borrowed."""
    asset = batch.hearing.state.assets.get(target.symbol)
    if not batch.identity(target.symbol)[0]:
        return Reason("no_identity", f"{target.symbol} is no name of the broker's, or of more than one asset", target.symbol)
    if target.purpose != "entry":
        return None
    if asset is None or not asset.tradable:
        return Reason("not_tradable", f"{target.symbol} is not tradable", target.symbol)
    if target.side == "sell" and asset.borrow != "easy":
        return Reason("no_borrow", f"the shares of {target.symbol} cannot be borrowed ({asset.borrow})", target.symbol)
    return None


def fitting(batch: Batch, orders: list[tuple[Target, Order]]) -> list[tuple[Target, Order]]:
    """`orders` without the entries that buying power does not suffice for: cut from the last one in rank, exits never."""
    power = batch.hearing.state.account.buying_power
    if power is None:
        return orders
    waiting = [one for one in batch.hearing.live if one.intent.purpose == "entry"]
    room = power - sum((one.rest * worth(one.intent.reference_close) for one in waiting), Decimal(0))
    found, cut = [], False
    for target, order in orders:
        costs = target.purpose == "entry" and not order.live
        cost = order.intent.quantity * worth(target.reference_close) * CUSHION if costs else Decimal(0)
        cut = cut or cost > room
        if cut and costs:
            batch.drop(order, Reason("buying_power", f"${cost:,.0f} are needed and ${room:,.0f} left", target.symbol))
            continue
        room -= cost
        found.append((target, order))
    return found


def worth(price: float | None) -> Decimal:
    return Decimal(0) if price is None else Decimal(repr(price))


def sent_out(batch: Batch, orders: list[tuple[Target, Order]], until: datetime | None = None) -> None:
    """Sends `orders`, and again what is proven absent, until each has its answer or it is too late (`until`, else the quiet).

    While one is unknown no entry goes out; what nobody knows of when the patience ends stays unknown.
    """
    rules, end = batch.account.live.settings.execution, until or batch.table.quiet
    for _ in range(ROUNDS):
        count = counter(batch.progress.step(batch.step), len(orders))
        for target, order in orders:
            count(order.client_id)
            now = batch.order_of(target) or order
            if now.state in SENDABLE and batch.clock.now() < end:
                batch.send(target, now, "opg" if until is None else "day")
        left = [batch.order_of(target) or order for target, order in orders]
        if not any(one.state in {*SENDABLE, "unknown"} for one in left) or batch.clock.now() >= end:
            break
        batch.clock.wait(rules.settle)
        batch.hear()
    if batch.clock.now() >= end:
        _missed(batch, [batch.order_of(target) or order for target, order in orders])


ROUNDS = 12
"""How often a batch looks again: four sendings, each of which two readings prove absent, and as many that wait for them."""


def too_late(batch: Batch, aims: list[Target]) -> TradeOutcome:
    """Nothing is sent or cancelled any more: what did not go out is missed, unless it was for the session itself."""
    if batch.opening == "opg":
        for target in aims:
            if batch.order_of(target) is None:
                shares = Decimal(abs(target.quantity)) if target.purpose == "entry" else Decimal(int(batch.closable(target)))
                if shares:
                    batch.plan(target, min(shares, Decimal(abs(target.quantity))))
        _missed(batch, [order for one in aims if (order := batch.order_of(one)) is not None])
    return batch.outcome()


def _missed(batch: Batch, orders: list[Order]) -> None:
    for one in orders:
        now = batch.hearing.orders[one.client_id]
        if now.state in SENDABLE:
            batch.miss(now)
