"""Brokers as the contract suite asks for them: a broker, its market and its clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from springback.backtest.fills import delisting_price, paid_price, stop_trigger
from springback.brokers.alpaca import Alpaca
from springback.brokers.broker import Answer, Broker, Events, OrderRequest
from springback.brokers.broker_settings import Brokers
from springback.brokers.simulated import Hours, Simulated, Terms
from springback.brokers.simulated_market import Law
from springback.market.actions import Actions
from springback.market.bars import Bars, Dates
from springback.market.costs import Costs, Profile, charges
from springback.market.market_data import TRADING, MarketData
from tests.brokers.fake_alpaca import KEYS, FakeAlpaca, running

NEW_YORK = ZoneInfo("America/New_York")
EVENING, SINCE = "2026-03-03 19:05", "2026-03-03 09:00"
QUICK = Brokers(timeout=0.15, attempts=4, pause=0.005, patience=2.0)
"""Time-outs of a test, seconds."""


def at(text: str) -> datetime:
    """New York's clock as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


@dataclass
class Case:
    """A broker with the names AAA at $50, BRK.B at $200 and HARD at $30, which cannot be borrowed; it is the evening of 3 March 2026, the
    next open prints 51, 202 and 30.
    """

    broker: Broker
    market: Any
    ids: dict[str, str] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)
    mode: str = "rehearsal"

    def order(self, client_id: str, side: str = "buy", shares: str = "10", symbol: str = "AAA", **more: Any) -> OrderRequest:
        """A request in the words of the broker."""
        if symbol not in self.ids:
            for name, one in self.broker.state(("AAA", "BRK.B", "HARD")).assets.items():
                self.ids[name], self.spellings[name] = one.asset_id, one.broker_symbol
        words = {"purpose": "entry", **more}
        return OrderRequest(client_id, self.ids[symbol], self.spellings.get(symbol, symbol), side, Decimal(shares), **words)  # type: ignore[arg-type]

    def held(self) -> dict[str, Decimal]:
        """Signed shares by our symbol."""
        names = {identity: symbol for symbol, identity in self.ids.items()}
        return {names[one.asset_id]: one.quantity for one in self.broker.state().positions}

    def submit(self, client_id: str, *order: Any, **more: Any) -> Answer:
        """The order is sent."""
        return self.broker.submit(self.order(client_id, *order, **more))

    def events(self, *client_ids: str) -> Events:
        """What happened since the morning before."""
        return self.broker.events(at(SINCE), client_ids)

    def move_to(self, text: str) -> None:
        """The market's clock goes on to New York's `text`."""
        self.market.move_to(at(text))


def fake_market() -> FakeAlpaca:
    """The three names on the fake server, not yet running."""
    fake = FakeAlpaca(at(EVENING))
    for symbol, price, opening in (("AAA", "50", "51"), ("BRK.B", "200", "202"), ("HARD", "30", "30")):
        fake.enlist(symbol, price, borrow="hard_to_borrow" if symbol == "HARD" else "easy_to_borrow")
        fake.auction(symbol, opening)
    return fake


def alpaca(fake: FakeAlpaca, **knobs: Any) -> Alpaca:
    """The client of a running fake server, with its account pinned."""
    values = {**QUICK.__dict__, "alpaca_url": fake.url, "account": fake.number, **knobs}
    return Alpaca(Brokers(**values), KEYS)


@contextmanager
def alpaca_case() -> Iterator[Case]:
    """Alpaca's client against the fake server, which judges it by Alpaca's document at the end."""
    with running(fake_market()) as fake:
        yield Case(alpaca(fake), fake)
    assert not fake.violations, fake.violations


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime

    def __call__(self) -> datetime:
        """What time it is."""
        return self.now

    def move_to(self, instant: datetime) -> None:
        """It is `instant`."""
        self.now = instant


def law(profile: Profile = "lean") -> Law:
    """The backtest's own."""
    return Law(charges(Costs(), profile), stop_trigger, paid_price, delisting_price)


def hours(sessions: Dates) -> list[Hours]:
    """From 9:30 to 16:00 on each of `sessions` (T,)."""
    return [(at(f"{day} 09:30"), at(f"{day} 16:00")) for day in sessions]


def small_market() -> MarketData:
    """The three names on the weekdays to 6 March 2026; the closes of 3 March and the opens of 4 March are those of the fake server."""
    days = np.arange(np.datetime64("2026-01-20"), np.datetime64("2026-03-07"))
    sessions = days[np.is_busday(days)]
    rows = len(sessions)
    close = np.tile([50.0, 200.0, 30.0], (rows, 1))
    open_ = close.copy()
    open_[sessions == np.datetime64("2026-03-04")] = [51.0, 202.0, 30.0]
    volume = np.tile([1e6, 1e6, 100.0], (rows, 1))
    bars = Bars(sessions, ("AAA", "BRK.B", "HARD"), open_, np.fmax(open_, close), np.fmin(open_, close), close, volume)
    last, ending = np.full(3, rows - 1), np.full(3, TRADING, np.int8)
    return MarketData(bars, Actions.none(), np.full(rows, 15.0), last, ending, risk_free=np.zeros(rows))


def simulated(clock: Clock, file: Any = None, **terms: Any) -> Simulated:
    """The simulated broker on the small market; under $1,000,000 a day there is nothing to borrow."""
    market_data = small_market()
    floor = replace(law(), charges=law().charges._replace(no_short_dollar_volume=1e6))
    market = {"cash": 100_000.0, **terms}
    return Simulated(market_data, hours(market_data.bars.sessions), clock, floor, Terms(**market), file)


@contextmanager
def simulated_case() -> Iterator[Case]:
    """The simulated broker."""
    clock = Clock(at(EVENING))
    yield Case(simulated(clock), clock)
