"""The simulated broker behind a bad line and among bad people: faults are armed by name, and each strikes once."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import numpy as np

from springback.brokers.broker import Answer, Events, OrderRequest, State
from springback.brokers.simulated import Simulated
from springback.errors import Refused, Unreachable
from springback.market.book import FILLED, Event, apply

SENDING = ("silence_before", "storm", "silence_after", "gateway_after", "refused", "dropped")
HEARING = ("no_answer", "fills_twice", "fills_late", "fills_shuffled", "state_silent", "clock_ahead")
HANDS = ("cancel_by_hand", "order_by_hand", "bust", "borrow_lost")
HAND = "by-hand"


@dataclass(eq=False)
class RoughBroker:
    """`inner` is the truth. `sent` is asked of every order before it goes there; `strokes` count the faults that struck."""

    inner: Simulated
    sent: Callable[[OrderRequest], None]
    draw: np.random.Generator
    armed: list[str] = field(default_factory=list)
    strokes: Counter[str] = field(default_factory=Counter)
    takes: Counter[str] = field(default_factory=Counter)
    hard: set[str] = field(default_factory=set)
    hand: dict[str, int] = field(default_factory=dict)
    name: str = "ib"  # neither spared as the simulated broker nor bound to Alpaca's evening

    def submit(self, order: OrderRequest) -> Answer:
        """See `Broker`."""
        self.sent(order)
        if self.strikes("silence_before") or self.strikes("storm"):
            raise Unreachable("no answer, and nothing arrived")
        if self.strikes("refused") or (order.symbol in self.hard and order.purpose == "entry" and order.side == "sell"):
            raise Refused("the broker does not want it", "40310000", "not wanted")
        answer = self.inner.submit(order)
        self.takes[order.client_id] += not answer.duplicate
        if not answer.order.filled_quantity and self.strikes("dropped"):  # what traded is not forgotten
            del self.inner.orders[order.client_id], self.inner.requests[order.client_id]
            self.takes[order.client_id] -= 1
        if self.strikes("silence_after") or self.strikes("gateway_after"):
            raise Unreachable("no answer, and it arrived")
        return answer

    def cancel(self, client_id: str) -> Answer:
        """See `Broker`."""
        if self.strikes("silence_before"):
            raise Unreachable("no answer, and nothing arrived")
        answer = self.inner.cancel(client_id)
        if self.strikes("silence_after"):
            raise Unreachable("no answer, and it arrived")
        return answer

    def events(self, since: object, client_ids: Collection[str] = ()) -> Events:
        """See `Broker`."""
        if self.strikes("no_answer"):
            raise Unreachable("no answer")
        events = self.inner.events(since, client_ids)  # type: ignore[arg-type]
        fills = list(events.fills)
        if fills and self.strikes("fills_twice"):
            fills += fills
        if fills and self.strikes("fills_late"):
            fills = fills[: len(fills) // 2]
        if fills and self.strikes("fills_shuffled"):
            fills = [fills[k] for k in self.draw.permutation(len(fills))]
        return replace(events, fills=tuple(fills))

    def state(self, symbols: Sequence[str] = ()) -> State:
        """See `Broker`."""
        if self.strikes("state_silent"):
            raise Unreachable("no answer")
        state = self.inner.state(symbols)
        assets = {symbol: replace(one, borrow="hard") if one.symbol in self.hard else one for symbol, one in state.assets.items()}
        time = state.time + timedelta(minutes=3) if self.strikes("clock_ahead") else state.time
        return replace(state, assets=assets, time=time)

    def strikes(self, fault: str) -> bool:
        """Whether `fault` is armed and strikes now."""
        if fault not in self.armed:
            return False
        self.armed.remove(fault)
        self.strokes[fault] += 1
        return True

    # What other hands do.

    def act(self, fault: str, ours: Collection[str]) -> None:
        """A fault of `HANDS`, if there is anything that it can be done to; `ours` are the client ids of our orders."""
        done = {
            "cancel_by_hand": self._cancel,
            "order_by_hand": self._order,
            "bust": self._bust,
            "borrow_lost": self._borrow,
        }[fault](ours)
        self.strokes[fault] += done

    def _cancel(self, ours: Collection[str]) -> bool:
        live = [name for name in sorted(ours) if name in self.inner.orders and self.inner.orders[name].live]
        if live:
            self.inner.cancel(str(self.draw.choice(live)))
        return bool(live)

    def _order(self, _: Collection[str]) -> bool:
        symbol = str(self.draw.choice(self.inner.symbols))
        return self._by_hand(symbol, "buy", "entry", Decimal(int(self.draw.integers(1, 20))))

    def sell_by_hand(self) -> None:
        """The other hand sells what it bought."""
        for symbol, shares in self.hand_shares().items():
            self._by_hand(symbol, "sell", "exit", Decimal(shares))

    def hand_shares(self) -> dict[str, int]:
        """Shares of the other hand by symbol."""
        shares: Counter[str] = Counter()
        for one in self.inner.fills:
            if one.client_id.startswith(HAND):
                shares[one.symbol] += int(one.quantity) * (1 if one.side == "buy" else -1)
        return {symbol: held for symbol, held in shares.items() if held}

    def _by_hand(self, symbol: str, side: str, purpose: str, shares: Decimal) -> bool:
        name = f"{HAND}-{len(self.hand) + 1}"
        try:
            self.inner.submit(OrderRequest(name, symbol, symbol, side, shares, purpose))  # type: ignore[arg-type]
        except Refused:
            return False
        self.hand[name] = 1
        return True

    def _bust(self, ours: Collection[str]) -> bool:
        """The exchange undoes one of today's executions of ours."""
        today, undone = self.inner.clock().date(), {one.previous_id for one in self.inner.fills}
        fills = [one for one in self.inner.fills if one.at is not None and one.at.date() == today and one.client_id in ours]
        fills = [one for one in fills if one.execution == "fill" and one.execution_id not in undone]
        if not fills:
            return False
        one = fills[int(self.draw.integers(len(fills)))]
        signed = int(one.quantity) * (1 if one.side == "buy" else -1)
        column = self.inner.columns[one.symbol]
        apply(self.inner.market.book, Event(FILLED, column, -signed, float(one.price), -float(one.fee or 0)))
        bust = replace(one, execution_id=f"{one.execution_id}-bust", execution="bust", previous_id=one.execution_id, at=self.inner.clock())
        self.inner.fills.append(bust)
        return True

    def _borrow(self, ours: Collection[str]) -> bool:
        """The shares of a name cannot be borrowed any more: shorts that wait end without a word."""
        symbol = str(self.draw.choice(self.inner.symbols))
        self.hard = {symbol}
        for name, one in list(self.inner.orders.items()):
            if name in ours and one.live and one.symbol == symbol and self.inner.requests[name].purpose == "entry" and one.side == "sell":
                self.inner._end(name, "cancelled")
        return True
