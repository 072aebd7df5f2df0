"""A desk at the fake Alpaca: an account with its state, journal and decisions, and one clock for it and the market."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from springback.brokers.broker import Broker, Mode
from springback.data.hours import following, hours_of
from springback.market.book import Line
from springback.operation.account_state import AccountState, WorkingOrder
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import ORDER_COLUMNS, FrozenDecision, freeze
from springback.state.rows import Evening
from springback.state.state import State
from springback.trading.order_journal import OrderJournal
from springback.workflow.evening import LiveAccount
from springback.workflow.order_journal import journal_of
from springback.workflow.settings import Settings, plain_settings
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trading_account import TradingAccount
from tests.brokers.broker_cases import EVENING, alpaca, at, fake_market
from tests.brokers.fake_alpaca import FakeAlpaca, Holding, running

SESSION = "2026-03-03"
SETTLE = 0.05
"""Seconds before absence can be proven, in a test."""


class MarketClock(TradeClock):
    """The clock of a fake market: waiting moves both."""

    def __init__(self, fake: Any, start: datetime) -> None:
        super().__init__(start)
        self.fake, self.instant = fake, start

    def now(self) -> datetime:
        """This instant."""
        return self.instant

    def wait(self, seconds: float) -> None:
        """The market goes on with the clock."""
        self.move_to(self.instant + timedelta(seconds=seconds))

    def move_to(self, instant: datetime) -> None:
        """It is `instant`, everywhere."""
        self.instant = max(instant, self.instant)
        self.fake.move_to(self.instant)


@dataclass
class BrokerDesk:
    """An account at a fake market."""

    home: Path
    fake: FakeAlpaca
    broker: Broker
    clock: MarketClock
    settings: Settings
    mode: Mode = "rehearsal"
    rehearsal: bool = False
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.home / self.fake.number
        self.state = State(self.folder / "state.sqlite")

    @property
    def live(self) -> LiveAccount:
        """The account of its evenings."""
        return LiveAccount(self.fake.number, DeskFolder(self.folder), self.settings, self.state, self.home / "store", self.home / "models")

    @property
    def journal(self) -> OrderJournal:
        """Its orders."""
        made = journal_of(self.folder, self.fake.number, self.state, self.rehearsal)
        return replace(made, settle=SETTLE)

    @property
    def account(self) -> TradingAccount:
        """What the steps are called with."""
        return TradingAccount(self.live, self.broker, self.journal, self.mode, self.rehearsal)

    def move_to(self, text: str) -> None:
        """It is New York's `text`."""
        self.clock.move_to(at(text))

    def decide(self, *orders: tuple[Any, ...], session: str = SESSION, held: dict[str, int] | None = None) -> FrozenDecision:
        """The frozen decision of `session`: each order is (symbol, signed shares, reason[, stop level])."""
        numbered = [
            WorkingOrder(k, symbol, quantity, reason, session, *level) for k, (symbol, quantity, reason, *level) in enumerate(orders, 1)
        ]
        lines = {symbol: line(quantity) for symbol, quantity in (held or {}).items()}
        state = AccountState(session, 100_000.0, len(numbered), lines, {}, tuple(numbered))
        decision = freeze(plain_decision(self, session), self.live.folder.place(session), frame(self, numbered), pd.DataFrame(), state)
        frozen_at = datetime.fromisoformat(decision.frozen_at)
        self.state.freeze(self.live.name, Evening(date.fromisoformat(session), "frozen", decision.hash, frozen_at))
        return decision

    def states(self) -> dict[str, str]:
        """State of each order by its client id without the account and the day."""
        return {one.client_id.split("-", 3)[3]: one.state for one in self.journal.orders()}

    def posts(self) -> int:
        """Orders sent over the wire."""
        return sum(method == "POST" for method, _, _ in self.fake.requests)

    def body(self, step: str) -> dict[str, Any]:
        """The facts of the newest row of a step."""
        from springback.state.trading_rows import Step

        rows = [one for one in self.state.kept(self.live.name, Step) if one.step == step]
        return dict(json.loads(rows[-1].body))


def hold(desk: BrokerDesk, symbol: str, shares: str) -> None:
    """Shares that the account holds from before."""
    desk.fake.holdings[desk.fake.assets[symbol].id] = Holding(Decimal(shares), desk.fake.prices[symbol])


def line(quantity: int) -> Line:
    """A line of the book with a position."""
    values = dict.fromkeys(Line._fields, 0)
    return Line(**{**values, "quantity": quantity, "entry_price": 50.0, "mark": 50.0, "age": 1})  # type: ignore[arg-type]


def frame(desk: BrokerDesk, orders: Sequence[WorkingOrder]) -> pd.DataFrame:
    """The table of orders that is frozen; resting stops are not in it."""
    rows = [
        (
            one.order_id,
            one.decided,
            one.symbol,
            one.quantity,
            one.reason,
            "long",
            float(desk.fake.prices.get(one.symbol, 0)),
            100_000,
            one.order_id,
            1.0,
        )
        for one in orders
    ]
    return pd.DataFrame(rows, columns=list(ORDER_COLUMNS))


def plain_decision(desk: BrokerDesk, session: str) -> FrozenDecision:
    """A decision of that session, without its files."""
    hours = hours_of(date.fromisoformat(session))
    opens = following(hours.day).opens
    frozen_at = hours.closes + timedelta(minutes=31)
    return FrozenDecision(
        session=session,
        kind="frozen",
        frozen_at=frozen_at.astimezone(UTC).isoformat(timespec="seconds"),
        next_open=opens.astimezone(UTC).isoformat(timespec="seconds"),
        account=desk.fake.number,
        profile="lean",
        regime={"vix": 15.0, "mean": 15.0, "bear": False},
        equity=100_000.0,
        cash=100_000.0,
        exits_only=False,
        reasons=(),
        halts=(),
        restricted=(),
        alarm_factor=1.0,
        settings=plain_settings(desk.settings),
        settings_version=None,
        champion="",
        challengers=(),
        hashes={},
        book={},
        fills=(),
        ended=(),
        daily={},
        funnel={},
    )


@contextmanager
def broker_desk(home: Path, settings: Settings | None = None, **knobs: Any) -> Iterator[BrokerDesk]:
    """A desk on the evening of 3 March 2026, at a fake Alpaca that judges the client by Alpaca's document at the end."""
    with running(fake_market()) as fake:
        broker = alpaca(fake, **knobs)
        chosen = replace(settings or Settings(), brokers=broker.settings)
        yield BrokerDesk(home, fake, broker, MarketClock(fake, at(EVENING)), chosen)
    assert not fake.violations, fake.violations
