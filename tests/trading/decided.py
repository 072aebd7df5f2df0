"""A plain sender: every order that a decision has at the market goes to the simulated broker through the journal, and no more is done."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from springback.brokers.broker import OrderRequest
from springback.data.hours import Hours, following
from springback.data.store.store import Store
from springback.errors import Refused
from springback.market.market_data import MarketData
from springback.operation.account_state import WorkingOrder
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.outcomes import purpose_of
from springback.strategy.rule import round_price
from springback.trading.journal import Answer
from springback.trading.order_journal import Plan
from springback.workflow.daily import Clock
from springback.workflow.settings import Settings
from springback.workflow.trade_decide import decide
from springback.workflow.trade_outcome import TradeOutcome
from springback.workflow.trader import TradingAccount, trading_account


@dataclass
class Sender:
    """An account at the simulated broker on a store that has the whole market, and the clock that a test moves."""

    home: Path
    settings: Settings
    start: datetime
    hindsight: bool = True

    def __post_init__(self) -> None:
        self.clock = Clock(self.start)
        made = trading_account(self.home / "desk", self.settings, "simulated", False, self.clock, self.home / "store", self.home / "models")
        live = replace(made.live, hindsight=self.hindsight)
        self.account: TradingAccount = replace(made, live=live)
        live.trader.account = self.account  # type: ignore[union-attr]
        self.market: MarketData = Store(self.home / "store").read()

    def evening(self, session: Hours) -> TradeOutcome:
        """The session is decided half an hour after its close, and sent: what splits overnight and what rests in the morning alone."""
        self.clock.fixed = session.closes + timedelta(minutes=30)
        outcome = decide(self.account, self.clock)
        decision = self.account.live.folder.decision()
        if decision.session == str(session.day):
            self.send(decision)
        return outcome

    def send(self, decision: FrozenDecision) -> None:
        """Every order at the market of `decision`, for the open after it."""
        state = decision.state()
        assert state is not None
        after = following(date.fromisoformat(decision.session))
        late: list[tuple[WorkingOrder, int, str]] = []
        for one in state.working:
            purpose = purpose_of(one, state.lines[one.symbol].quantity)
            if purpose == "stop" or self.factors(one.symbol, after.day):
                late.append((one, one.quantity, purpose))
            else:
                self.order(decision, one.symbol, one.quantity, purpose)
        self.clock.fixed = after.opens - timedelta(hours=1)
        for one, shares, purpose in late:
            quantity, level = shares, one.level
            for factor in self.factors(one.symbol, after.day):
                quantity, level = int(quantity / factor), round_price(level * factor)
            if quantity:
                self.order(decision, one.symbol, quantity, purpose, level)

    def factors(self, symbol: str, day: date) -> list[float]:
        """Old shares per new one of the splits before the open of `day`."""
        bars, actions = self.market.bars, self.market.actions
        if str(day) > str(bars.sessions[-1]):
            return []
        own = (actions.row == bars.row(str(day))) & (actions.name == bars.symbols.index(symbol)) & (actions.kind == 1)
        return [float(one) for one in actions.value[own]]

    def order(self, decision: FrozenDecision, symbol: str, quantity: int, purpose: str, level: float = float("nan")) -> None:
        """One order, kept before it is sent; a refusal is kept too."""
        journal, state, now = self.account.journal, self.account.live.state, self.clock.now()
        side, shares = "buy" if quantity > 0 else "sell", Decimal(abs(quantity))
        plan = Plan(date.fromisoformat(decision.session), symbol, side, purpose, shares)
        order = journal.plan(plan, now)
        with state.lease(self.account.live.name, "a tester") as lease:
            journal.send(order.client_id, now, lease, asset_id=symbol)
        stop = not np.isnan(level)
        more = {"time_in_force": "day", "type": "stop", "stop_price": Decimal(repr(level))} if stop else {}
        try:
            answer = self.account.broker.submit(OrderRequest(order.client_id, symbol, symbol, side, shares, purpose, **more))  # type: ignore[arg-type]
        except Refused as refused:
            journal.record(order.client_id, Answer("refused", code=refused.code), now)
        else:
            journal.record(order.client_id, Answer("accepted", answer.order.broker_id), now)
