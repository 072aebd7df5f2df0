"""An account at a broker as every step takes it."""

from dataclasses import dataclass
from pathlib import Path

from springback.brokers.broker import Broker, Mode
from springback.trading.order_journal import OrderJournal
from springback.workflow.evening import LiveAccount


@dataclass(frozen=True, eq=False)
class TradingAccount:
    """An account at a `broker`, as its evenings see it (`live`), and the `journal` of its orders; `rehearsal` marks all that is written."""

    live: LiveAccount
    broker: Broker
    journal: OrderJournal
    mode: Mode
    rehearsal: bool

    @property
    def folder(self) -> Path:
        """`desk/ACCOUNT`."""
        return self.live.folder.path
