"""Lives of an account under random faults: sessions from the decision to the morning after it, with laws that hold after each."""

import json
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback.backtest.run import Backtest
from springback.brokers.broker import OrderRequest
from springback.brokers.broker_settings import Brokers
from springback.brokers.simulated import Simulated, Terms
from springback.data.sessions import exchange_days
from springback.errors import Taken, Unreachable
from springback.market.actions import DIVIDEND
from springback.market.bars import Bars
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.operation.account_state import AccountState, opening
from springback.operation.desk_folder import DeskFolder
from springback.operation.evening import Curbs, play
from springback.operation.frozen_decision import FrozenDecision, freeze
from springback.operation.morning import SplitCheck
from springback.operation.order_table import orders_frame
from springback.operation.window import sessions_needed, window
from springback.state import orders as order_pages
from springback.state.orders import Page
from springback.state.rows import BookEvent, Evening
from springback.state.state import State
from springback.state.trading_rows import Reconciliation
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe
from springback.trading.own_account import Event as OwnEvent
from springback.workflow import trade_reconcile, trade_send
from springback.workflow.broker_events import WHO
from springback.workflow.evening import CASH, LiveAccount
from springback.workflow.journal_trader import JournalTrader
from springback.workflow.order_journal import journal_of
from springback.workflow.settings import Settings, plain_settings
from springback.workflow.trade_check import check
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_collect import collect
from springback.workflow.trade_outcome import UNKNOWN, UNREACHABLE
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_send import send
from springback.workflow.trade_targets import table_of
from springback.workflow.trading_account import TradingAccount
from tests.backtest.worlds import random_forecasts, random_tape
from tests.brokers.broker_cases import hours, law
from tests.trading.rough_broker import HAND, HANDS, HEARING, SENDING, RoughBroker

NAME, CASH_AT_FIRST = "SIMULATED", 100_000.0
PROCESS = ("kill", "restart", "lost_lease")
FAULTS = (*SENDING, *HEARING, *HANDS, *PROCESS)
OTHER = "another machine"
FIRST_DAY, LAST_DAY = "2016-01-04", "2025-12-31"


class Killed(BaseException):
    """The process is dead."""


class SoakClock(TradeClock):
    """The life's own clock: it moves when somebody waits."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self.instant = start

    def now(self) -> datetime:
        """This instant."""
        return self.instant

    def wait(self, seconds: float) -> None:
        """So much later."""
        self.instant += timedelta(seconds=seconds)

    def reach(self, instant: datetime) -> None:
        """It is `instant`, or later."""
        self.instant = max(self.instant, instant)


class MemoryTrader(JournalTrader):
    """The trader of a life, whose splits and dividends come from its market, not from a store."""

    market_data: MarketData

    def _events(self, names: Any, since: date) -> list[OwnEvent]:
        bars, actions = self.market_data.bars, self.market_data.actions
        found = []
        for row, name, kind, value in zip(actions.row, actions.name, actions.kind, actions.value, strict=True):
            day, symbol = bars.sessions[row].item(), bars.symbols[name]
            if symbol in names and day > since:
                found.append(OwnEvent(day, symbol, "dividend" if kind == DIVIDEND else "split", float(value)))
        return found


def market_of(seed: int, sessions: int, names: int) -> MarketData:
    """A random market on days of the exchange."""
    tape = random_tape(seed, sessions, names)
    days = exchange_days(FIRST_DAY, LAST_DAY)[:sessions]
    return replace(tape, bars=replace_days(tape.bars, days))


def replace_days(bars: Bars, days: Any) -> Bars:
    """The bars on other days."""
    return Bars(days, bars.symbols, bars.open, bars.high, bars.low, bars.close, bars.volume)


@dataclass(eq=False)
class Life:
    """An account from its first session on; `rate` is the number of faults that a session meets in the mean."""

    home: Path
    seed: int
    sessions: int = 60
    names: int = 8
    rate: float = 3.0
    countdown: int = 0
    leased: int = 0
    touched: set[str] = field(default_factory=set)
    sends: int = 0
    steps: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.draw = np.random.default_rng([self.seed, 1])
        self.market = market_of(self.seed, self.sessions + 2, self.names)
        self.said = random_forecasts(self.seed, self.market)
        self.days = [one.item() for one in self.market.bars.sessions]
        strategy = Strategy(qpi_low=40.0, qpi_high=60.0, probability=0.5, slots=3, stop_mode="intraday" if self.seed % 2 else "close")
        plain = Settings()
        self.settings = replace(
            plain,
            strategy=strategy,
            backtest=Backtest(cash=CASH_AT_FIRST, profile="lean"),
            execution=replace(plain.execution, open="opg", settle=60.0, poll=30.0, unfilled=("market", "wait")[self.seed % 3 == 0]),
            brokers=Brokers(account=NAME),
        )
        self.folder = self.home / NAME
        self.clock = SoakClock(hours(self.market.bars.sessions[:1])[0][1] + timedelta(minutes=20))
        terms = Terms(cash=CASH_AT_FIRST, leverage=4.0, seed=self.seed, partial=0.1, refusal=0.05)
        inner = Simulated(self.market, hours(self.market.bars.sessions), self.clock.now, law("lean"), terms)
        self.broker = RoughBroker(inner, self._asked, self.draw)
        self.restart()
        self.keeper = sqlite3.connect(self.folder / "state.sqlite")
        self.keeper.execute("SELECT count(*) FROM order_event").fetchone()  # while one is open the log need not be made anew each time
        first = BookEvent(self.clock.now(), self.days[0], CASH, "", CASH_AT_FIRST, None, WHO, Prose("the broker's cash"))
        self.state.record(NAME, first)

    def restart(self) -> None:
        """A new process."""
        self.countdown = self.leased = 0
        self.state = State(self.folder / "state.sqlite")
        self.journal = journal_of(self.folder, NAME, self.state)
        live = LiveAccount(NAME, DeskFolder(self.folder), self.settings, self.state, self.home / "store", self.home / "models")
        trader = MemoryTrader(TradingAccount(live, self.broker, self.journal, "rehearsal", False), self.clock)
        trader.market_data = self.market
        self.live = replace(live, trader=trader)
        trader.account = TradingAccount(self.live, self.broker, self.journal, "rehearsal", False)
        self.account, self.trader = trader.account, trader

    # The laws.

    def _asked(self, order: OrderRequest) -> None:
        """No order goes out without its row, and as it says."""
        self.sends += 1
        known = {one.client_id: one for one in self.journal.orders(self.days[max(self.row - 3, 0)])}
        ours = known[order.client_id]
        assert (ours.state, ours.intent.side, ours.intent.quantity) == ("sending", order.side, order.quantity), ours
        others = [one.client_id for one in known.values() if one.live and one.intent.symbol == ours.intent.symbol]
        assert others == [order.client_id], others

    def check(self) -> None:
        """What holds after every session."""
        orders, inner = self.journal.orders(), self.broker.inner
        assert max(self.broker.takes.values(), default=0) <= 1
        executions = self._executions()
        for one in orders:
            there = inner.orders.get(one.client_id)
            assert executions.get(one.client_id, 0) == one.sign * one.filled_quantity, (one, there)
            assert (there is not None and there.live) == one.live, (one, there)
        row = self.state.newest(NAME, Reconciliation)
        assert row is not None
        found = self.lines(row)
        for symbol, (ours, foreign, code) in found.items():
            assert ours + foreign == int(inner.market.book.quantity[inner.columns[symbol]]) or symbol in self.touched, (
                symbol,
                ours,
                foreign,
            )
            assert code != "unexplained" or symbol in self.touched, (symbol, code)
        own = self.trader.own(self.days[self.row + 1]).positions
        for symbol in {*own, *found} - self.touched:
            assert (own[symbol].quantity if symbol in own else 0) == int(found.get(symbol, (Decimal(0),))[0]), symbol
        assert not row.unexplained or self.touched, row.body

    def lines(self, row: Reconciliation) -> dict[str, tuple[Decimal, Decimal, str]]:
        """Our shares, foreign ones and the code of each name."""
        return {one["symbol"]: (Decimal(one["ours"]), Decimal(one["foreign"]), one["code"]) for one in json.loads(row.body)["lines"]}

    def _executions(self) -> dict[str, Decimal]:
        """Signed shares by client id that stand at the broker."""
        fills = self.broker.inner.fills
        undone = {one.previous_id for one in fills if one.execution == "bust"}
        found: dict[str, Decimal] = {}
        for one in fills:
            if one.execution == "fill" and one.execution_id not in undone and not one.client_id.startswith(HAND):
                found[one.client_id] = found.get(one.client_id, Decimal(0)) + one.quantity * (1 if one.side == "buy" else -1)
        return found

    # A session.

    def run(self) -> None:
        """Every session."""
        for row in range(1, self.sessions):
            self.session(row)

    def session(self, row: int) -> None:
        """From the decision after the close of `row` to the morning after the next open."""
        self.row = row
        table = table_of(self.account, self.days[row])
        self.clock.reach(table.decide + timedelta(minutes=1))
        faults = self._drawn()
        self.broker.hard.clear()
        self._step("decide", self.decide)
        self.clock.reach(table.send)
        self._arm(faults)
        self._step("send", lambda: send(self.account, self.clock))
        self._hands(faults)
        self.clock.reach(table.night)
        self._step("night", lambda: reconcile(self.account, self.clock))
        self.clock.reach(table.check)
        self._step("check", lambda: check(self.account, self.clock))
        self.clock.reach(table.opens + timedelta(seconds=20))
        self._step("collect", lambda: collect(self.account, self.clock))
        if "bust" in faults:
            self.broker.act("bust", {one.client_id for one in self.journal.orders(self.days[row])})
        self.clock.reach(table.morning)
        self._step("morning", lambda: reconcile(self.account, self.clock))
        self.calm()
        self.check()
        self._person()

    def calm(self) -> None:
        """The faults are over, and the account is reconciled until nothing is unknown; the day's stops have their close."""
        self.broker.armed.clear()
        self.countdown = self.leased = 0
        self.clock.reach(hours(self.market.bars.sessions[self.row + 1 : self.row + 2])[0][1] + timedelta(minutes=5))
        for _ in range(4):
            self.clock.wait(90)
            reconcile(self.account, self.clock, self.days[self.row])
            if not any(one.live or one.untold for one in self.journal.orders(self.days[max(self.row - 2, 0)])):
                break

    def decide(self) -> FrozenDecision | None:
        """The evening, played on what the broker says, and frozen once."""
        day, folder = self.days[self.row], self.live.folder
        if str(day) in folder.sessions():
            decision = folder.decision(str(day))
        else:
            self.trader.hear()
            decision = self._decided(day, folder)
        if self.state.evening(NAME, day) is None:
            self.state.freeze(NAME, Evening(day, "frozen", decision.hash, datetime.fromisoformat(decision.frozen_at)))
        return decision

    def _decided(self, day: date, folder: DeskFolder) -> FrozenDecision:
        before = folder.sessions()[-1:]
        state = folder.decision(before[0]).state() if before else opening(CASH_AT_FIRST)
        assert state is not None
        view, said = self._view(state)
        outcomes = self.trader.outcomes(str(day), state) if before else None
        limits = self.trader.limits(str(day), self.market.bars.symbols)
        halts = self.state.halts(NAME)
        barred = {one.symbol for one in limits.barred} | {one.symbol for one in halts if one.scope == "name"}
        entries = not limits.entries and not any(one.scope != "name" for one in halts)
        curbs = Curbs(entries, frozenset(barred), not_short=frozenset(one.symbol for one in limits.not_short))
        evening = play(state, view, said, self.live.terms, curbs, outcomes=outcomes)
        self._as_known(evening.after, day)
        plain = self._plain(day, float(evening.daily["equity"]), float(evening.daily["cash"]))
        return freeze(plain, folder.place(str(day)), orders_frame(evening, view, said, self.live.terms), pd.DataFrame(), evening.after)

    def _as_known(self, state: AccountState, day: date) -> None:
        """The decision stands on what the journal holds."""
        own = self.trader.own(day).positions
        assert {symbol: one.quantity for symbol, one in state.positions.items()} == {symbol: one.quantity for symbol, one in own.items()}

    def _view(self, state: AccountState) -> tuple[MarketData, Forecasts]:
        length = sessions_needed(self.settings.strategy, Regime(), Universe())
        seen = window(self.market, self.row + 1, length, state.symbols)
        columns = [self.market.bars.symbols.index(one) for one in seen.bars.symbols]
        first = max(0, self.row + 1 - length)
        said = (self.said.qpi, self.said.p_long, self.said.p_short, self.said.adv)
        return seen, Forecasts(*(panel[first : self.row + 1, columns] for panel in said))

    def _plain(self, day: date, equity: float, cash: float) -> FrozenDecision:
        table = table_of(self.account, day)
        at, opens = (one.astimezone(UTC).isoformat(timespec="seconds") for one in (self.clock.now(), table.opens))
        empty: dict[str, Any] = {name: {} for name in ("hashes", "book", "daily", "funnel")}
        lists: dict[str, Any] = dict.fromkeys(("reasons", "halts", "restricted", "challengers", "fills", "ended"), ())
        regime = {"vix": 15.0, "mean": 15.0, "bear": False}
        return FrozenDecision(
            session=str(day), kind="frozen", frozen_at=at, next_open=opens, account=NAME, profile="lean", regime=regime, equity=equity,
            cash=cash, exits_only=False, alarm_factor=1.0, settings=plain_settings(self.settings), settings_version=None, champion="",
            **empty, **lists,
        )  # fmt: skip

    def _step(self, name: str, act: Callable[[], Any]) -> None:
        """A step, begun again where the process died, the lease was lost, or the broker left something open."""
        for _ in range(5):
            try:
                outcome = act()
            except Killed:
                self.restart()
                continue
            except Taken:
                self.state._give_back(NAME, OTHER)
                continue
            except Unreachable:
                self.clock.wait(90)
                continue
            self.steps[name] += 1
            if getattr(outcome, "code", 0) not in {UNKNOWN, UNREACHABLE} or name in {"collect", "night", "morning"}:
                return
            self.clock.wait(90)

    def _drawn(self) -> list[str]:
        return [str(one) for one in self.draw.choice(FAULTS, self.draw.poisson(self.rate))]

    def _arm(self, faults: list[str]) -> None:
        self.broker.armed += [one for one in faults if one in {*SENDING, *HEARING}]
        if "kill" in faults:
            self.countdown = int(self.draw.integers(1, 60))
        if "restart" in faults:
            self.broker.strokes["restart"] += 1
            self.restart()
        if "lost_lease" in faults:
            self.leased = int(self.draw.integers(1, 20))

    def _hands(self, faults: list[str]) -> None:
        ours = {one.client_id for one in self.journal.orders(self.days[self.row])}
        for one in faults:
            if one in HANDS and one != "bust":
                self.broker.act(one, ours)
        if self.draw.random() < 0.3:
            self.broker.sell_by_hand()
        self.touched |= {one.symbol for name, one in self.broker.inner.orders.items() if name.startswith(HAND)}

    def _person(self) -> None:
        """A person looks at what is halted, and lifts it."""
        for one in self.state.halts(NAME):
            self.state.lift(NAME, one.n, "a person", self.clock.now())

    def point(self) -> None:
        """Something is written: here the process may die."""
        self.countdown -= 1
        if not self.countdown:
            self.broker.strokes["kill"] += 1
            raise Killed

    def committed(self) -> None:
        """Something was written: here another machine may take the account."""
        self.leased -= 1
        if not self.leased:
            self.broker.strokes["lost_lease"] += 1
            self.state._give_back(NAME, socket.gethostname())
            self.state.take(NAME, OTHER, 60)


@contextmanager
def dying(life: Life) -> Iterator[None]:
    """Each row and each head that the journal writes is a point of the life."""
    append, write_head = Page.append, order_pages.write_head

    def appended(self: Page, *arguments: Any) -> Any:
        life.point()
        return append(self, *arguments)

    def written(*arguments: Any) -> None:
        life.point()
        write_head(*arguments)
        life.committed()
        life.point()

    def splits(decision: FrozenDecision, *_: Any) -> SplitCheck:
        row = life.market.bars.row(decision.session) + 1
        actions = life.market.actions
        own = np.flatnonzero((actions.row == row) & (actions.kind != DIVIDEND))
        return SplitCheck(
            str(life.days[row]), "a vendor", True, {life.market.bars.symbols[actions.name[k]]: float(actions.value[k]) for k in own}
        )

    kept = [(Page, "append", append), (order_pages, "write_head", write_head)]
    kept += [(one, "split_check", one.split_check) for one in (trade_send, trade_reconcile)]  # type: ignore[attr-defined]
    Page.append, order_pages.write_head = appended, written  # type: ignore[method-assign, assignment]
    trade_send.split_check = trade_reconcile.split_check = splits  # type: ignore[attr-defined, assignment]
    try:
        yield
    finally:
        life.keeper.close()
        for place, name, value in kept:
            setattr(place, name, value)
