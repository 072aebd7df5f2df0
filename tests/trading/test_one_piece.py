"""The steps of trading as one: decided, sent, collected, reconciled and attributed session by session, at the simulated broker and at the
fake Alpaca.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from springback.brokers.broker import Broker
from springback.data.hours import following, hours_of
from springback.data.store.store import Store
from springback.errors import StoreError
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData, last_rows
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import FrozenDecision
from springback.state.trading_rows import Attribution, Reconciliation
from springback.workflow import attribute
from springback.workflow.evening import LiveAccount
from springback.workflow.journal_trader import JournalTrader
from springback.workflow.order_journal import journal_of
from springback.workflow.reconcile import fractions, names_now
from springback.workflow.settings import Settings
from springback.workflow.state_place import open_state
from springback.workflow.trade_check import check
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_collect import collect
from springback.workflow.trade_decide import decide
from springback.workflow.trade_outcome import DONE, TradeOutcome
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_send import send
from springback.workflow.trader import trading_account
from springback.workflow.trading_account import TradingAccount
from tests.brokers.broker_cases import alpaca, at
from tests.brokers.fake_alpaca import FakeAlpaca, Holding, running
from tests.operation.conftest import begun
from tests.operation.desks import SETTINGS, market
from tests.operation.live import DAYS
from tests.terminal import springback

__all__ = ["begun"]
STEPS = {"decide": decide, "send": send, "check": check, "collect": collect, "reconcile": reconcile}


class Hand(TradeClock):
    """A clock that the test moves, and the market with it."""

    def __init__(self, start: datetime, fake: Any = None) -> None:
        super().__init__(start)
        self.fake, self.fixed = fake, start

    def now(self) -> datetime:
        """This instant."""
        assert self.fixed is not None
        return self.fixed

    def wait(self, seconds: float) -> None:
        """It goes on."""
        self.move_to(self.now() + timedelta(seconds=seconds))

    def move_to(self, instant: datetime) -> None:
        """It is `instant`."""
        self.fixed = max(self.now(), instant)
        if self.fake is not None:
            self.fake.move_to(self.fixed)


@dataclass
class Desk:
    """An account, its clock, and what its market does at the open."""

    account: TradingAccount
    clock: Hand
    fake: FakeAlpaca | None = None

    @property
    def live(self) -> LiveAccount:
        """Its evenings."""
        return self.account.live

    def step(self, name: str, text: str) -> TradeOutcome:
        """A step at New York's `text`."""
        self.clock.move_to(at(text))
        outcome: TradeOutcome = STEPS[name](self.account, self.clock)  # type: ignore[operator]
        return outcome

    def evening(self, day: str) -> FrozenDecision:
        """Decided and sent."""
        outcome = self.step("decide", f"{day} 16:35")
        assert outcome.code == DONE, outcome.reasons
        assert self.step("send", f"{day} 19:05").code == DONE
        return self.live.folder.decision(day)

    def morning(self, day: str) -> TradeOutcome:
        """Reconciled at night, checked, collected at the open, reconciled again."""
        self.step("reconcile", f"{day} 03:00")
        assert self.step("check", f"{day} 08:30").code == DONE
        if self.fake is not None:
            prices(self.fake, market(), day, "open")
        assert self.step("collect", f"{day} 09:30").code == DONE
        return self.step("reconcile", f"{day} 10:00")

    def chains(self) -> dict[str, Attribution]:
        """The newest attribution of each session."""
        return {str(one.session): one for one in self.live.state.kept(self.live.name, Attribution)}


def prices(fake: FakeAlpaca, tape: MarketData, day: str, panel: str) -> None:
    """The fake's last prices, and the prints of its next auction."""
    row = tape.bars.printed(panel)[tape.bars.row(day)]
    for symbol, price in zip(tape.bars.symbols, row, strict=True):
        if np.isfinite(price):
            fake.prices[symbol] = Decimal(f"{price:.2f}")
            fake.auction(symbol, f"{price:.2f}")


def home_of(begun: Path, tmp_path: Path) -> Path:
    """A copy of the models, with a store of the whole market."""
    home = shutil.copytree(begun, tmp_path / "home")
    Store(home / "store").write(market())
    return home


@pytest.fixture
def simulated(begun: Path, tmp_path: Path) -> Desk:
    """An account at the simulated broker."""
    home, clock = home_of(begun, tmp_path), Hand(hours_of(date.fromisoformat(DAYS[0])).opens)
    return Desk(trading_account(home / "desk", SETTINGS, "simulated", False, clock, home / "store", home / "models"), clock)


@pytest.fixture
def paper(begun: Path, tmp_path: Path) -> Iterator[Desk]:
    """An account at the fake Alpaca, as if that were Alpaca's paper host."""
    home, start = home_of(begun, tmp_path), hours_of(date.fromisoformat(DAYS[0])).opens
    fake = FakeAlpaca(start, Decimal(1_000_000), limit=100_000)
    for symbol in market().bars.symbols:
        fake.enlist(symbol, "50", borrow="easy_to_borrow")
    prices(fake, market(), DAYS[0], "close")
    with running(fake):
        broker = alpaca(fake)
        broker.mode = "paper"
        settings = replace(SETTINGS, brokers=broker.settings)
        yield Desk(account_at(home, broker, settings, clock := Hand(start, fake)), clock, fake)
    assert not fake.violations, fake.violations


def account_at(home: Path, broker: Broker, settings: Settings, clock: Hand) -> TradingAccount:
    """The account as `trading_account` makes it, at a given broker."""
    folder = home / "desk" / settings.brokers.account
    state = open_state(folder)
    live = LiveAccount(folder.name, DeskFolder(folder), settings, state, home / "store", home / "models")
    made = TradingAccount(live, broker, replace(journal_of(folder, folder.name, state), settle=0.05), "paper", False)
    return replace(made, live=replace(live, trader=JournalTrader(made, clock)))


def test_six_sessions_at_the_simulated_broker_are_attributed_to_the_cent(simulated: Desk) -> None:
    filled = 0
    for day in DAYS[:7]:
        if day != DAYS[0]:
            simulated.morning(day)
        filled += len(simulated.evening(day).fills)
    chains = simulated.chains()
    assert list(chains) == list(DAYS[1:7]) and filled > 5
    for day, row in chains.items():
        body = json.loads(row.body)
        assert body["terms"] is not None and row.residual == 0, (day, body)
    assert [row.final for row in chains.values()][:5] == [True] * 5


def test_what_goes_wrong_in_the_attribution_is_told_and_stops_no_step(simulated: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise StoreError("the store is gone")

    monkeypatch.setattr(attribute, "attribute", broken)
    told = simulated.step("decide", f"{DAYS[0]} 16:35")
    assert told.code == DONE and [one.code for one in told.reasons] == ["attribution"]
    night = simulated.step("reconcile", f"{DAYS[1]} 03:00")
    assert night.code == DONE and [one.code for one in night.reasons] == ["attribution"]


def test_two_sessions_on_paper_are_counted(paper: Desk) -> None:
    for day in DAYS[:4]:
        if day != DAYS[0]:
            paper.morning(day)
        prices(paper.fake, market(), day, "close")  # type: ignore[arg-type]
        paper.evening(day)
    last = str(following(date.fromisoformat(DAYS[3])).day)
    assert paper.step("reconcile", f"{last} 03:00").code == DONE
    rows = paper.live.state.kept(paper.live.name, Reconciliation)
    assert not any(one.unexplained for one in rows)
    told = springback(paper.account.folder.parents[1], "paper", "--json")
    (found,) = json.loads(told.stdout)["accounts"]
    assert found["sessions"] == 3 and found["fills"] > 3 and not found["rehearsed"] and found["began"] == "", found


def booked(fake: FakeAlpaca, kind: str, sub: str, symbol: str, shares: str) -> None:
    """Shares that come or go by booking."""
    fake.holdings.setdefault(fake.assets[symbol].id, Holding()).quantity += Decimal(shares)
    fake._activity(kind, sub, symbol, Decimal(shares), Decimal(0))


def renamed(tape: MarketData, symbol: str, name: str, day: str) -> MarketData:
    """`tape` in which `symbol` is called `name` from `day` on."""
    bars, row = tape.bars, tape.bars.row(day)
    column, panels = bars.symbols.index(symbol), {}
    for field in FIELDS:
        panel = getattr(bars, field)
        panels[field] = np.column_stack([panel, panel[:, column]])
        panels[field][row:, column] = np.nan
        panels[field][:row, -1] = np.nan
    made = Bars(bars.sessions, (*bars.symbols, name), **panels)
    ending, members = np.append(tape.ending, tape.ending[column]), tape.members
    wider = None if members is None else np.column_stack([members, members[:, column]])
    sectors = None if tape.sectors is None else (*tape.sectors, tape.sectors[column])
    return replace(tape, bars=made, last=last_rows(made.close), ending=ending, members=wider, sectors=sectors)


def book_of(decision: FrozenDecision) -> dict[str, Decimal]:
    """Signed shares that a decision stands on."""
    return {one["symbol"]: Decimal(one["quantity"]) for one in decision.book["before"] if one["quantity"]}


def test_actions_over_two_evenings_are_one_truth_of_decision_reconciliation_and_broker(paper: Desk) -> None:
    fake, store = paper.fake, paper.live.store
    assert fake is not None
    for day in DAYS[:3]:
        if day != DAYS[0]:
            paper.morning(day)
        prices(fake, market(), day, "close")
        paper.evening(day)
    longs = [(shares, symbol) for symbol, shares in book_of(paper.live.folder.decision(DAYS[2])).items() if shares > 0]
    (count, split), (gone, merged), (_, old) = sorted(longs, key=lambda one: -(one[0] % 8))[:3]
    paper.clock.move_to(at(f"{DAYS[3]} 02:00"))
    fake.split(split, "8")
    fake.enlist("KID", "12"), fake.enlist("ACQ", "30")
    booked(fake, "SPIN", "", "KID", "25"), booked(fake, "MA", "SMA", merged, f"-{gone}"), booked(fake, "MA", "SMA", "ACQ", "7.5")
    fake.rename(old, "ZZZZ")
    tape = renamed(market(), old, "ZZZZ", DAYS[3])
    shutil.rmtree(store)
    Store(store).write(tape)
    night = paper.step("reconcile", f"{DAYS[3]} 03:00")
    assert night.code == DONE and not night.facts["names"], night.reasons
    assert fractions(paper.live) == {"KID": 25, "ACQ": Decimal("7.5"), split: count / 8 % 1} and count % 8
    for day in DAYS[3:5]:
        assert paper.morning(day).code == DONE
        prices(fake, tape, day, "close")
        decision = paper.evening(day)
        assert not {one.code for one in decision.reasons} & {"foreign", "arrival"}
        row = paper.live.state.newest(paper.live.name, Reconciliation)
        assert row is not None
        body = json.loads(row.body)
        names = names_now(paper.live)
        ours = {names.get(one["symbol"], one["symbol"]): Decimal(one["ours"]) for one in body["lines"] if Decimal(one["ours"])}
        parts = fractions(paper.live)
        whole = book_of(decision)
        together = {symbol: whole.get(symbol, Decimal(0)) + parts.get(symbol, Decimal(0)) for symbol in whole.keys() | parts.keys()}
        spelled = {one.id: symbol for symbol, one in fake.assets.items()}
        theirs = {spelled[key]: held.quantity for key, held in fake.holdings.items() if held.quantity}
        assert together == ours == theirs, day
        assert not parts and "KID" not in theirs and "ACQ" not in theirs and merged not in theirs
        assert day != DAYS[3] or ("ZZZZ" in ours and ours[split] == count // 8)
    chains = paper.chains()
    assert list(chains) == list(DAYS[1:5])
    for day, chain in chains.items():
        told = json.loads(chain.body)
        assert told["terms"] is not None and chain.residual == 0, (day, told)
