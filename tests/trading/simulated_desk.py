"""An account at the simulated broker, session by session on a drawn market: its journal, bookings, reconciliations and chain of worlds."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import numpy as np

from springback.backtest.run import Backtest
from springback.brokers.broker import Activity, OrderRequest
from springback.brokers.simulated import Simulated, Terms
from springback.errors import Refused
from springback.market.actions import DIVIDEND
from springback.market.costs import Costs, Profile
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, WorkingOrder, opening
from springback.operation.evening import FREE, play
from springback.operation.evening import Terms as EveningTerms
from springback.operation.outcomes import Holding, OrderOutcome, Outcomes
from springback.operation.own_session import Own
from springback.operation.window import sessions_needed, window
from springback.operation.worlds import Seeing, View, Worlds, played
from springback.state.order_rows import OrderFill, OrderIntent
from springback.state.trading_rows import Booking
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.rule import ENTRY, REASONS, RESTING_STOP
from springback.strategy.universe import Universe
from springback.trading.accounted import Held, Memory, Reconciled, Seen, Traded, ours_of
from springback.trading.attribution import Chain, chain, exact
from springback.trading.booked import NOTHING, Receivable
from springback.trading.journal import Order
from springback.trading.reconciliation import NEW, reconciled
from springback.trading.session_books import (
    Calendar,
    Foreign,
    Move,
    Reading,
    at_close,
    counted,
    foreign_at,
    moves,
    receivables,
    shares_at,
    total,
    worth,
)
from tests.backtest.worlds import random_forecasts
from tests.brokers.broker_cases import Clock, at, hours, law

BUSY = Strategy(qpi_low=40.0, qpi_high=60.0, probability=0.5, slots=3)


@dataclass
class SimulatedDesk:
    """A host of its own: what the trader and the attribution do, without store, state and clock."""

    market_data: MarketData
    profile: Profile = "lean"
    strategy: Strategy = BUSY
    partial: float = 0.0
    refusal: float = 0.0
    seed: int = 0
    cash: float = 100_000.0
    orders: dict[str, Order] = field(default_factory=dict)
    bookings: list[Booking] = field(default_factory=list)
    memory: Memory = NEW
    found: list[Reconciled] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    pairs: int = 0
    foreign: Foreign = field(default_factory=Foreign)

    def __post_init__(self) -> None:
        self.days: list[date] = [one.item() for one in self.market_data.bars.sessions]
        self.clock = Clock(at(f"{self.days[0]} 09:00"))
        terms = Terms(cash=self.cash, leverage=1000.0, seed=self.seed, partial=self.partial, refusal=self.refusal)
        self.broker = Simulated(self.market_data, hours(self.market_data.bars.sessions), self.clock, law(self.profile), terms)
        self.terms = EveningTerms(self.strategy, Regime(), Costs(), Backtest(cash=self.cash, profile=self.profile))
        self.said = random_forecasts(self.seed, self.market_data)
        self.calendar = Calendar(lambda day: next(one for one in [*self.days, date.max] if one >= day), self._next)
        self.readings: dict[date, Reading] = {}
        self.owed: tuple[Receivable, ...] = ()

    def _next(self, day: date) -> date:
        return next(one for one in [*self.days, date.max] if one > day)

    def run(self) -> None:
        """Every session of the market, from the second on."""
        state, worlds = opening(self.cash), Worlds.of(opening(self.cash))
        for row in range(1, len(self.days)):
            self.clock.move_to(at(f"{self.days[row]} 16:30"))
            self._hear()
            if row == 1:
                state, worlds = (start := opening(float(self.reading.cash))), Worlds.of(start)
            worlds_before, before = worlds, state
            view = self._view(row, worlds.symbols | state.symbols)
            state = self._decided(state, view, row)
            seeing = Seeing(view, view, view, FREE, self.equity)
            worlds, made = played(worlds_before, seeing)
            if before.session:
                self._attribute(before, view, made)
            if row + 1 < len(self.days):
                self.clock.move_to(at(f"{self.days[row + 1]} 08:30"))
                self._send(state, row)

    def _view(self, row: int, names: frozenset[str]) -> View:
        length = sessions_needed(self.strategy, Regime(), Universe())
        seen = window(self.market_data, row + 1, length, names)
        column = [self.market_data.bars.symbols.index(one) for one in seen.bars.symbols]
        first = max(0, row + 1 - length)
        panels = (self.said.qpi, self.said.p_long, self.said.p_short, self.said.adv)
        return View(seen, Forecasts(*(panel[first : row + 1, column] for panel in panels)), self.terms)

    def _hear(self) -> None:
        """Fills, bookings and the account, and the account beside the journal."""
        events = self.broker.events(at("1990-01-01 00:00"))
        for name, order in self.orders.items():
            fills = tuple(
                OrderFill(one.execution_id, name, one.at or self.clock(), one.quantity, one.price, one.fee or NOTHING)
                for one in events.fills
                if one.client_id == name
            )
            theirs = self.broker.orders[name]
            over = "filled" if theirs.state == "filled" else "cancelled" if not theirs.live else "accepted"
            self.orders[name] = replace(order, fills=fills, history=fills, state=over)
        self.bookings = [
            Booking(*_facts(one), one.at or self.clock(), heard_at=self.clock(), status=one.status) for one in events.activities
        ]
        state = self.broker.state()
        positions = tuple(Held(one.asset_id, one.symbol, one.quantity) for one in state.positions)
        traded = tuple(
            Traded(one.execution_id, one.symbol, one.quantity if one.side == "buy" else -one.quantity, one.price, one.fee or NOTHING)
            for one in events.fills
            if one.client_id not in self.orders
        )
        account = Seen(positions, state.account.cash, traded, tuple(self.bookings))
        result = reconciled(ours_of(self.orders.values()), account, self.memory)
        self.memory = result.memory
        self.found.append(result)
        self.read_at = self.clock()
        self.reading = Reading(self.clock(), state.account.cash or NOTHING, {one.symbol: one.quantity for one in positions})

    def _decided(self, state: AccountState, view: View, row: int) -> AccountState:
        """The account's own evening: told what was filled, and how it stands."""
        told = self._moves()
        own = Own(state, view, told, self._purposes()) if state.session else None
        ours = shares_at(told, self.days[row])
        held = {symbol: Holding(int(quantity)) for symbol, quantity in ours.items() if int(quantity)}
        if own is None:
            evening = play(state, view.market_data, view.forecasts, view.terms)
        else:
            numbered = zip(own.outcomes, own.session.pairs, strict=True)
            fills = {number: OrderOutcome(int(one.quantity), float(one.price), float(one.fee)) for number, one in numbered}
            cash = float(self.reading.cash - self.memory.others_cash)
            evening = play(state, view.market_data, view.forecasts, view.terms, FREE, outcomes=Outcomes(fills, cash, held))
        self.equity = float(evening.daily["equity"])
        return evening.after

    def _moves(self) -> tuple[Move, ...]:
        return moves(self.orders.values(), self.memory.changes, self.bookings, (), self.calendar)

    def _purposes(self) -> dict[str, tuple[str, str]]:
        return {name: (one.intent.symbol, one.intent.purpose) for name, one in self.orders.items()}

    def _attribute(self, before: AccountState, view: View, made: tuple[Decimal, ...]) -> None:
        told = self._moves()
        own = Own(before, view, told, self._purposes())
        held = shares_at(told, own.session.before)
        declared = [Receivable(own.day, symbol, held[symbol] * value) for symbol, value in own.dividends() if symbol in held]
        owed = self.owed, receivables(self.owed, declared, told, own.day)
        self.owed = owed[1]
        foreign = foreign_at(Foreign(self.memory.foreign, self.memory.others_cash), told, own.day, self.read_at)
        counts = counted(own.session, told, (total(owed[0]), total(owed[1])), (self.foreign, foreign))
        first, last = self.readings[own.session.before], at_close(self.reading, told, own.day)
        change = last.cash + worth(last.shares, own.session.closes) + total(owed[1])
        change -= first.cash + worth(first.shares, own.session.first_closes) + total(owed[0])
        self.foreign, self.readings[own.day] = foreign, last
        self.pairs += len(own.session.pairs)
        self.chains.append(chain((*made, own.made), counts, change))

    def _send(self, state: AccountState, row: int) -> None:
        """The orders that are at the market, for as many shares as the splits of the night leave of them."""
        self.readings.setdefault(self.days[row], self.reading)
        for one in state.working:
            self._one(one, state, row)

    def _one(self, one: WorkingOrder, state: AccountState, row: int) -> None:
        held = state.lines[one.symbol].quantity if one.symbol in state.lines else 0
        stop = one.reason == REASONS[RESTING_STOP]
        purpose = "stop" if stop else "entry" if one.reason == REASONS[ENTRY] or held * one.quantity > 0 else "exit"
        quantity, level = one.quantity, one.level
        actions, name = self.market_data.actions, self.market_data.bars.symbols.index(one.symbol)
        for k in np.flatnonzero((actions.row == row + 1) & (actions.name == name) & (actions.kind != DIVIDEND)):
            quantity, level = int(quantity / actions.value[k]), level * float(actions.value[k])
        if not quantity:
            return
        side = "buy" if quantity > 0 else "sell"
        client_id = f"sb-{row}-{one.symbol}-{purpose}-{one.order_id}"
        request = OrderRequest(
            client_id,
            one.symbol,
            one.symbol,
            side,
            Decimal(abs(quantity)),
            purpose,  # type: ignore[arg-type]
            "day" if stop else "opg",
            "stop" if stop else "market",
            exact(round(level, 2)) if stop else None,
        )
        intent = OrderIntent(client_id, self.days[row], one.symbol, side, purpose, one.order_id, Decimal(abs(quantity)), None, one.reason)
        try:
            self.broker.submit(request)
        except Refused:
            return
        self.orders[client_id] = Order(intent, "accepted", self.clock())


def _facts(one: Activity) -> tuple[str, str, str, str, Decimal | None, Decimal | None]:
    return one.activity_id, one.kind, one.word, one.symbol, one.quantity, one.amount
