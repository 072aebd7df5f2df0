"""One step at the broker while it holds the account: orders are planned, sent, and ended, each written before it is acted on."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from springback.brokers.broker import Order as BrokerOrder
from springback.brokers.broker import OrderRequest, Position, identity_of
from springback.errors import (
    Disagrees,
    MissingData,
    Refused,
    SpringbackError,
    StateError,
    Taken,
    Unauthorized,
    Unreachable,
    Unwritable,
    WrongAccount,
)
from springback.market.prose import Prose
from springback.operation.frozen_decision import FrozenDecision, Reason
from springback.state.lease import Lease
from springback.state.rows import Halt
from springback.trading.journal import SENDINGS, Answer, Order
from springback.trading.order_journal import Plan
from springback.trading.timetable import Timetable
from springback.workflow.broker_events import ASSET, WHO, Heard, halted_name, heard
from springback.workflow.broker_words import answers
from springback.workflow.daily import Clock
from springback.workflow.halting import KILL, killed
from springback.workflow.progress import Progress
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_guard import Forbidden, before_batch, before_order
from springback.workflow.trade_outcome import (
    DONE,
    EXITS_ONLY,
    FAILED,
    HALTED,
    NO_DECISION,
    UNKNOWN,
    UNREACHABLE,
    TradeOutcome,
)
from springback.workflow.trade_targets import Target, in_force, table_of
from springback.workflow.trading_account import TradingAccount, holding

SYMBOL = "broker_symbol"
"""Of an order's identity: how the broker spells the name."""
MISSED = "missed"
"""Code of what was turned away because it came too late."""
WASH = "wash_trade"
"""Code of what the broker takes for both sides of one trade."""
CODES: Mapping[type[SpringbackError], tuple[int, str]] = {
    MissingData: (NO_DECISION, "no_decision"),
    Unreachable: (UNREACHABLE, "unreachable"),
    StateError: (HALTED, "journal"),
    Unwritable: (FAILED, "unwritable"),
}
"""What keeps a step from its end: exit code, and the reason's code."""
TimeInForce = Literal["opg", "day"]


@dataclass
class Batch:
    """What a step knows and does: the `decision` and its timetable, what was `hearing` last, what is `forbidden`, and why orders were not
    sent.
    """

    account: TradingAccount
    clock: TradeClock
    lease: Lease
    decision: FrozenDecision
    table: Timetable
    step: str
    progress: Progress
    hearing: Heard
    reasons: list[Reason] = field(default_factory=list)
    forbidden: Forbidden = field(default_factory=lambda: Forbidden((), {}))

    @property
    def session(self) -> date:
        """The decision's."""
        return self.table.session

    @property
    def opening(self) -> TimeInForce:
        """How orders for the open are sent: to its auction, or as day orders after it."""
        word = self.account.live.settings.execution.open
        market = word == "market" or (word == "auto" and self.account.mode == "paper")
        return "day" if market else "opg"

    def hear(self, symbols: Iterable[str] = ()) -> Heard:
        """Asks the broker again."""
        self.hearing = heard(self.account, self.clock, self.step, {*symbols, *self.hearing.state.assets})
        return self.hearing

    def judge(self, orders: list[Target]) -> None:
        """Asks guard and account about the orders of a batch."""
        self.forbidden = before_batch(self.account, self.decision, orders, self.hearing, self.clock.jumps)

    @property
    def held(self) -> bool:
        """Whether everything waits: what is planned stays planned. The kill switch ends it, which is no waiting."""
        return bool(self.forbidden.everything) and not any(one.code == KILL for one in self.forbidden.everything)

    def order_of(self, target: Target) -> Order | None:
        """The newest order of this decision for the target; None where none was planned."""
        own = [one for one in self.hearing.of(self.session) if (one.intent.symbol, one.intent.purpose) == target.key]
        return max(own, key=lambda one: one.intent.number, default=None)

    def plan(self, target: Target, shares: Decimal, another: bool = False) -> Order:
        """The order for `shares` of the target, kept."""
        plan = Plan(self.session, target.symbol, target.side, target.purpose, shares, target.reference_close, target.reason)
        return self.known(self.account.journal.plan(plan, self.clock.now(), another))

    def known(self, order: Order) -> Order:
        """The order, as the batch knows it from now on."""
        self.hearing = replace(self.hearing, orders={**self.hearing.orders, order.client_id: order})
        return order

    def record(self, order: Order, answer: Answer) -> Order:
        """The order after an answer."""
        return self.known(self.account.journal.record(order.client_id, answer, self.clock.now()))

    def drop(self, order: Order, reason: Reason) -> Order:
        """An order that was never sent, or is proven absent, is over; the rule does not look for another in its place."""
        self.reasons.append(Reason(reason.code, reason.text, order.intent.symbol))
        return self.record(order, Answer("cancelled", code=reason.code, why=Prose(reason.text)))

    def miss(self, order: Order) -> Order:
        """It is too late for an order."""
        self.reasons.append(Reason(MISSED, "the window for it has closed", order.intent.symbol))
        return self.record(order, Answer("missed", code=MISSED, why=Prose("the window for it has closed")))

    def may_send(self) -> bool:
        """Whether anything may be sent or cancelled at this instant."""
        return self.table.phase(self.clock.now()) != "quiet"

    def send(self, target: Target, order: Order, time_in_force: TimeInForce, level: Decimal | None = None) -> Order:
        """The order after it was sent once; as it was where it may not go out now, the reason is kept.

        Raises `Unauthorized` where the broker takes the keys for wrong: then nothing more is asked.
        """
        if order.sendings >= SENDINGS or self.held or not self.may_send():
            return order if order.sendings < SENDINGS else self.miss(order)
        reason = before_order(self.account, replace(target, quantity=order.sign * int(order.intent.quantity)), self.forbidden)
        if reason is not None:
            return self.drop(order, reason)
        if (target.purpose == "entry" and self.hearing.unknown) or self._waits(target, order):
            return order
        asset_id, spelling = self.identity(target.symbol)
        request = _request(order, asset_id, spelling, time_in_force, level)
        try:
            identity = {ASSET: asset_id, SYMBOL: spelling, **identity_of(self.account.broker, order.client_id, dict(order.identity))}
            order = self.known(self.account.journal.send(order.client_id, self.clock.now(), self.lease, **identity))
        except Unauthorized:
            raise
        except (Disagrees, Unreachable) as error:  # another order of the name is unknown, or the broker gives no number: nothing went out
            self.reasons.append(Reason("waits", str(error), target.symbol))
            return order
        try:
            return self._submitted(order, request)
        except Refused as verdict:
            order = self._refused(order, verdict)
            again = self._out_of_the_way(target, order, verdict.opposite) if verdict.opposite else None
            return order if again is None else self.send(target, again, time_in_force, level)

    def _submitted(self, order: Order, request: OrderRequest) -> Order:
        """Raises `Refused` and `Unauthorized`; all else is kept."""
        try:
            there = self.account.broker.submit(request).order
        except Refused:
            raise
        except Disagrees as error:
            halted_name(self.account, order.intent.symbol, "disagrees", error, self.clock.now())
            self.reasons.append(Reason("disagrees", str(error), order.intent.symbol))
            return self.record(order, Answer("unknown", code="disagrees", why=Prose(str(error))))
        except Unauthorized as error:
            self.record(order, Answer("unknown", code="unauthorized", why=Prose(str(error))))
            raise
        except Unreachable as error:
            return self.record(order, Answer("unknown", code="silence", why=Prose(str(error))))
        return self.answered(order, there)

    def _refused(self, order: Order, verdict: Refused) -> Order:
        late = order.intent.purpose != "stop" and verdict.at is not None and self.table.quiet <= verdict.at < self.table.opens
        code = MISSED if late else verdict.code or "refused"
        self.reasons.append(Reason(code, verdict.words or str(verdict), order.intent.symbol))
        return self.record(order, Answer("refused", code=code, why=Prose(verdict.words or str(verdict))))

    def _out_of_the_way(self, target: Target, order: Order, opposite: str) -> Order | None:
        """The order that takes the place of `order`, once ours of the other side (`opposite`, the broker's id), which the broker takes for
        the half of a wash trade, is proven over; None where it is not ours, is not over, or was over before.
        """
        names = [one.client_id for one in self.hear().events.orders if one.broker_id == opposite]
        ours = next((self.hearing.orders[one] for one in names if one in self.hearing.orders), None)
        if ours is None:
            words = f"the order {opposite} of the other side is not ours and stays: no order of {target.symbol} goes out against it"
            self.reasons.append(Reason(WASH, words, target.symbol))
            return None
        if ours.closed or not self.end([ours], WASH, f"it is in the way of {order.client_id}")[ours.client_id].closed:
            return None
        shares = order.intent.quantity if target.purpose == "entry" else min(order.intent.quantity, self.closable(target))
        return self.plan(target, shares, another=True) if shares > 0 else None

    def answered(self, order: Order, there: BrokerOrder) -> Order:
        """The order after what the broker said of it."""
        for answer in answers(there, order, there.word):
            order = self.record(order, answer)
        return order

    def end(self, orders: Iterable[Order], code: str, why: str) -> dict[str, Order]:
        """Ends orders: what was not sent is dropped, what is at the market is cancelled, and its end proven; none is ever replaced.

        How they stand then by client id: one may have filled, and where the broker does not say, it is still live.
        """
        asked = list(orders)
        for one in asked:
            if one.state in {"planned", "absent"}:
                self.drop(one, Reason(code, why))
            elif one.state not in {"sending", "unknown"} and one.live:
                self._cancel(one, code, why)
        names = [one.client_id for one in asked]
        self._proven(names)
        return {name: self.hearing.orders[name] for name in names}

    def _cancel(self, order: Order, code: str, why: str) -> None:
        order = self.record(order, Answer("cancelling", code=code, why=Prose(why)))
        try:
            there = self.account.broker.cancel(order.client_id).order
        except Refused as verdict:
            self.record(order, Answer("cancel_refused", code=verdict.code or "refused", why=Prose(verdict.words or str(verdict))))
        except Disagrees as error:
            halted_name(self.account, order.intent.symbol, "disagrees", error, self.clock.now())
        except Unauthorized:
            raise
        except Unreachable:
            return
        else:
            self.answered(order, there)

    def _proven(self, names: list[str]) -> None:
        """Asks how the orders stand until each is over, for as long as a proof takes."""
        rules = self.account.live.settings.execution
        patience = self.clock.now() + timedelta(seconds=rules.settle)
        self.hear()
        while any(self.hearing.orders[one].state == "cancelling" for one in names) and self.clock.now() < patience:
            self.clock.wait(rules.poll)
            self.hear()

    def identity(self, symbol: str) -> tuple[str, str]:
        """The broker's id and spelling of a name; empty where it resolves to none."""
        asset, held = self.hearing.state.assets.get(symbol), self.hearing.holdings.get(symbol)
        if asset is not None:
            return asset.asset_id, asset.broker_symbol
        return (held.asset_id, held.symbol) if held is not None else ("", "")

    def closable(self, target: Target) -> Decimal:
        """Shares that an exit of `target` may close: what the broker holds on that side, less what its open orders close already."""
        held = self.hearing.holdings.get(target.symbol)
        if held is None or held.quantity * target.quantity >= 0:
            return Decimal(0)
        closing = [one for one in self.hearing.events.orders if one.live and one.asset_id == held.asset_id and one.side == target.side]
        free = abs(held.quantity) - sum(((one.quantity or abs(held.quantity)) - (one.filled_quantity or 0) for one in closing), Decimal(0))
        return max(Decimal(0), min(free, _available(held)))

    def others(self, symbol: str, own: str = "") -> tuple[Order, ...]:
        """Our orders of the name, but for `own`, that may be at the market: nothing else is sent before they are over."""
        return tuple(one for one in self.hearing.live if one.intent.symbol == symbol and one.client_id != own)

    def _waits(self, target: Target, order: Order) -> bool:
        others = self.others(target.symbol, order.client_id)
        if others:
            self.reasons.append(Reason("waits", f"{order.client_id} waits for the end of {others[0].client_id}", target.symbol))
        return bool(others)

    def outcome(self, **facts: object) -> TradeOutcome:
        """What the step came to."""
        stopped = [one for one in self.reasons if one.code == KILL] or list(self.forbidden.everything)
        entries = {one.code for one in self.forbidden.verdicts if one.scope == "entries"} & {one.code for one in self.reasons}
        halts = self.account.live.state.halts(self.account.live.name)
        entries |= {one.code for one in halts if one.scope == "entries"} & {one.code for one in self.reasons}
        code = HALTED if stopped else UNKNOWN if self.hearing.unknown else EXITS_ONLY if entries else DONE
        states: dict[str, list[str]] = {}
        for one in self.hearing.of(self.session):
            states.setdefault(one.state, []).append(one.client_id)
        reasons = tuple(dict.fromkeys((*self.reasons, *self.forbidden.everything)))
        foreign = [one.client_id or one.broker_id for one in self.hearing.foreign_orders]
        return TradeOutcome(self.step, str(self.session), code, {"orders": states, "foreign_orders": foreign, **facts}, reasons)


def _available(position: Position) -> Decimal:
    return abs(position.quantity) if position.available is None else abs(position.available)


def _request(order: Order, asset_id: str, spelling: str, time_in_force: TimeInForce, level: Decimal | None) -> OrderRequest:
    intent = order.intent
    return OrderRequest(
        client_id=order.client_id,
        asset_id=asset_id,
        symbol=spelling,
        side=intent.side,  # type: ignore[arg-type]  # one of SIDES, which the intent checks
        quantity=intent.quantity,
        purpose=intent.purpose,  # type: ignore[arg-type]
        time_in_force=time_in_force,
        type="market" if level is None else "stop",
        stop_price=level,
    )


Act = Callable[[Batch], TradeOutcome]


def step(
    name: str,
    account: TradingAccount,
    clock: TradeClock,
    act: Act,
    session: date | None,
    progress: Progress,
    ahead: bool = False,
) -> TradeOutcome:
    """Does `act` for the decision in force while the account is held, and keeps what came of it.

    Raises `Taken` where another holds the account, `InputError` where `session` is not the decision in force, `BadTable`.
    """
    outcome = _done(name, account, clock, act, session, progress, ahead)
    with suppress(Unwritable, StateError):
        account.live.state.keep(account.live.name, outcome.row(clock.now(), account.rehearsal))
    return outcome


def _done(
    name: str, account: TradingAccount, clock: TradeClock, act: Act, session: date | None, progress: Progress, ahead: bool
) -> TradeOutcome:
    def batch() -> TradeOutcome:
        account.journal.check()  # first: after a restored backup the folder holds decisions that the state does not know
        decision = in_force(account, clock.now(), session, ahead)
        table = table_of(account, date.fromisoformat(decision.session))
        with holding(account) as lease:
            hearing = heard(account, clock, name, {str(one) for one in decision.orders()["symbol"]} | _symbols(decision))
            return act(Batch(account, clock, lease, decision, table, name, progress, hearing))

    return coded(account, clock, name, session, batch)


def coded(account: TradingAccount, clock: Clock, name: str, session: date | None, act: Callable[[], TradeOutcome]) -> TradeOutcome:
    """What `act` came to, or what kept it from its end as an exit code; another account than the one that is meant is a halt, which a
    person lifts. Raises `Taken` and `InputError`, which are no outcome of a step.
    """
    try:
        return act()
    except Taken:
        raise
    except WrongAccount as error:
        with suppress(Unwritable, StateError):
            account.live.state.halt(account.live.name, Halt("all", "wrong_account", Prose(str(error)), WHO, clock.now()))
        return TradeOutcome(name, str(session or ""), HALTED, reasons=(Reason("wrong_account", str(error)),))
    except tuple(CODES) as error:
        code, word = next(pair for kind, pair in CODES.items() if isinstance(error, kind))
        return TradeOutcome(name, str(session or ""), code, reasons=(Reason(word, str(error)),))


def _symbols(decision: FrozenDecision) -> frozenset[str]:
    state = decision.state()
    return frozenset() if state is None else state.symbols


def cancel_entries(batch: Batch) -> dict[str, Order]:
    """Where the kill switch is on, entries that wait at the broker are cancelled while that is allowed; exits and stops stay.

    How the entries that were open stand then, by client id.
    """
    own = [one for one in batch.hearing.orders.values() if one.intent.purpose == "entry" and not one.closed]
    if own and killed(batch.account.live) and batch.may_send():
        return batch.end(own, KILL, "the kill switch is on")
    return {one.client_id: one for one in own}
