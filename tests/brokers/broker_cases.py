"""Brokers as the contract suite asks for them: a broker, its market and its clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from springback.brokers.alpaca import Alpaca
from springback.brokers.broker import Answer, Broker, Events, OrderRequest
from springback.brokers.broker_settings import Brokers
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

    def order(self, client_id: str, side: str = "buy", shares: str = "10", symbol: str = "AAA", **more: Any) -> OrderRequest:
        """A request in the words of the broker."""
        if symbol not in self.ids:
            self.ids |= {one.broker_symbol: one.asset_id for one in self.broker.state(("AAA", "BRK.B", "HARD")).assets.values()}
        words = {"purpose": "entry", **more}
        return OrderRequest(client_id, self.ids[symbol], symbol, side, Decimal(shares), **words)  # type: ignore[arg-type]

    def submit(self, client_id: str, *order: Any, **more: Any) -> Answer:
        """The order is sent."""
        return self.broker.submit(self.order(client_id, *order, **more))

    def events(self, *client_ids: str) -> Events:
        """What happened since the morning before."""
        return self.broker.events(at(SINCE), client_ids)

    def move_to(self, text: str) -> None:
        """The market's clock goes on to New York's `text`."""
        self.market.move_to(at(text))


class Maker(Protocol):
    """How a case is made."""

    def __call__(self) -> Any: ...


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
