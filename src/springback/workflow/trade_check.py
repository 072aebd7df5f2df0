"""The morning before the open: what the night changed is taken back or rescaled, resting stops are placed; nothing is ever entered anew."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from springback.errors import SpringbackError
from springback.market.prose import Prose
from springback.operation.frozen_decision import Reason
from springback.strategy.rule import round_price
from springback.trading.journal import Answer, Order
from springback.workflow.broker_words import RESTRICTED
from springback.workflow.progress import SILENT, Progress
from springback.workflow.trade_batch import Batch, cancel_entries, step
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_guard import before_order, moved
from springback.workflow.trade_outcome import TradeOutcome
from springback.workflow.trade_send import CUSHION, sent_out, split_names, unfit, worth
from springback.workflow.trade_targets import Target, targets
from springback.workflow.trader import TradingAccount

SHORT_SALE = 0.9
"""Of the close before: a low there or under it restricts short sales for the rest of the session and the next one (Reg SHO, rule 201)."""


def check(account: TradingAccount, clock: TradeClock, session: date | None = None, progress: Progress = SILENT) -> TradeOutcome:
    """Looks again at what waits for the open: splits, names that changed, borrow, buying power, halts; with `strategy.stop_mode` "intraday"
    the stops of the day are placed. Raises as `step` does.
    """
    return step("check", account, clock, _check, session, progress, ahead=True)


def _check(batch: Batch) -> TradeOutcome:
    phase = batch.table.phase(batch.clock.now())
    if phase != "sending":
        batch.reasons.append(Reason(phase, "nothing is sent or cancelled at this time"))
        return batch.outcome()
    batch.judge([])
    if batch.forbidden.everything:
        cancel_entries(batch)
        return batch.outcome()
    factors = split_names(batch)
    aims = [scaled(one, factors.get(one.symbol, 1.0)) for one in targets(batch.decision)]
    restricted = _restricted(batch, aims)
    restated = moved(batch.account, batch.decision, [one for one in targets(batch.decision) if one.purpose == "entry"])
    for target in aims:
        if target.purpose == "entry":
            _doubted(batch, target, restated.get(target.symbol))
    _rescaled(batch, [one for one in aims if one.symbol in factors and one.purpose != "stop"])
    _afforded(batch, [one for one in aims if one.purpose == "entry"])
    stops = _stops(batch, aims)
    return batch.outcome(splits=factors, short_sale_restricted=restricted, stops=stops)


def scaled(target: Target, factor: float) -> Target:
    """The target after a split of `factor` old shares per new one: whole shares, the stop's level on its own grid of prices."""
    if factor == 1.0:
        return target
    level = None if target.level is None else float(round_price(target.level * factor))
    close = None if target.reference_close is None else target.reference_close * factor
    volume = None if target.adv_limit is None else target.adv_limit / factor
    return replace(target, quantity=int(target.quantity / factor), level=level, reference_close=close, adv_limit=volume)


def _rescaled(batch: Batch, aims: list[Target]) -> None:
    """Orders of names that split: one of other shares is cancelled and proven so, another goes out; one that was held back goes now."""
    again = []
    for target in aims:
        order = batch.order_of(target)
        shares = Decimal(abs(target.quantity))
        if target.purpose != "entry":
            shares = min(shares, batch.closable(target) + (order.rest if order is not None and order.live else 0))
        if order is not None and (order.intent.quantity == shares or (order.closed and order.code != "split")):
            continue
        if order is not None and not order.closed:
            order = batch.end([order], "split", f"{target.symbol} splits at the open")[order.client_id]
        if order is not None and (not order.closed or order.fills):
            continue
        if shares >= 1:
            again.append((target, batch.plan(target, Decimal(int(shares)), another=order is not None)))
    if batch.opening == "opg":
        sent_out(batch, again)


def _doubted(batch: Batch, target: Target, restated: Reason | None) -> None:
    """An entry whose name is in doubt, or whose close was `restated`, is cancelled."""
    order = batch.order_of(target)
    if order is None or order.closed:
        return
    reason = restated or unfit(batch, target) or before_order(batch.account, target, batch.forbidden)
    if reason is not None:
        batch.reasons.append(Reason(reason.code, reason.text, target.symbol))
        batch.end([order], reason.code, reason.text)


def _restricted(batch: Batch, aims: list[Target]) -> list[str]:
    """Names of short entries that may not be sold short at the open by our own bars; the broker ends such an order without a word."""
    shorts = [one for one in aims if one.purpose == "entry" and one.quantity < 0]
    if not shorts:
        return []
    try:
        bars = batch.account.live.window(batch.decision.session, {one.symbol for one in shorts}).market_data.bars
    except SpringbackError as error:
        batch.reasons.append(Reason("no_bars", f"the short-sale restriction is not known: {error}"))
        return []
    low, close = bars.low[-1], bars.close[-2]
    names = {bars.symbols[k] for k in np.flatnonzero(low <= SHORT_SALE * close)}
    for target in shorts:
        order = batch.order_of(target)
        if target.symbol in names and order is not None and not order.closed and order.code != RESTRICTED:
            batch.record(order, Answer("note", code=RESTRICTED, why=Prose("it fell by a tenth: it may not be sold short at the open")))
    return sorted(names & {one.symbol for one in shorts})


def _afforded(batch: Batch, entries: list[Target]) -> None:
    """Where no buying power is left, entries are cancelled from the last one in rank until the rest is covered."""
    theirs = batch.hearing.state.account
    if theirs.buying_power is None or theirs.buying_power > 0 or theirs.equity is None:
        return
    held = sum((abs(one.quantity) * (one.market_price or 0) for one in batch.hearing.holdings.values()), Decimal(0))
    room = (theirs.multiplier or Decimal(1)) * theirs.equity - held
    for target in entries:
        order = batch.order_of(target)
        if order is None or order.closed:
            continue
        cost = order.rest * worth(target.reference_close) * CUSHION
        if cost > room:
            text = f"${cost:,.0f} are needed and ${room:,.0f} left"
            batch.reasons.append(Reason("buying_power", text, target.symbol))
            batch.end([order], "buying_power", text)
            room = Decimal(0)
        room -= cost if cost <= room else Decimal(0)


def _stops(batch: Batch, aims: list[Target]) -> list[str]:
    """Places the day's stops of what was held overnight and is not closing; the names that have one now."""
    if batch.account.live.settings.strategy.stop_mode != "intraday":
        return []
    closing, found = {one.symbol for one in aims if one.purpose == "exit"}, []
    for target in (one for one in aims if one.purpose == "stop" and one.symbol not in closing):
        order = _stop(batch, target)
        if order is not None and order.live:
            found.append(target.symbol)
        else:
            batch.reasons.append(Reason("no_stop", f"the stop of {target.symbol} does not rest at the market", target.symbol))
    return found


def _stop(batch: Batch, target: Target) -> Order | None:
    order = batch.order_of(target)
    if order is None:
        shares = Decimal(int(min(Decimal(abs(target.quantity)), batch.closable(target))))
        if not shares:
            return None
        order = batch.plan(target, shares)
    if order.state in {"planned", "absent"} and target.level is not None:
        order = batch.send(target, order, "day", Decimal(repr(target.level)))
    return order
