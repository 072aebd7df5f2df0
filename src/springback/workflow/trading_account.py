"""An account at a broker as every step takes it: held by one at a time, and hung up by whoever made it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from springback.alone import alone
from springback.brokers.broker import Broker, Mode
from springback.state.lease import Lease
from springback.trading.order_journal import OrderJournal
from springback.workflow.evening import LiveAccount

LEASE = 60.0
"""Seconds after which an account is free for another machine where this one has died."""


@dataclass(frozen=True, eq=False)
class TradingAccount:
    """An account at a `broker`, as its evenings see it (`live`), and the `journal` of its orders; `rehearsal` marks all that is written.

    A broker that holds a line is hung up where `with` ends.
    """

    live: LiveAccount
    broker: Broker
    journal: OrderJournal
    mode: Mode
    rehearsal: bool

    @property
    def folder(self) -> Path:
        """`desk/ACCOUNT`."""
        return self.live.folder.path

    def __enter__(self) -> "TradingAccount":
        """The account."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hangs up."""
        close = getattr(self.broker, "close", None)
        if close is not None:
            close()


@contextmanager
def holding(account: TradingAccount) -> Iterator[Lease]:
    """The account, held alone. Raises `Taken`."""
    with alone(account.folder), account.live.state.lease(account.live.name, socket.gethostname(), LEASE) as lease:
        yield lease
