"""A process that sends one order after the other, as long as nobody kills it: `python -m tests.trading.faults.sender FOLDER COUNT`.

The wire is a file with a line for each order that went out. What was not sent when the switch was found is taken back in the journal.
"""

import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from springback.operation.desk_folder import DeskFolder
from springback.state.state import State
from springback.trading.journal import Answer
from springback.trading.order_journal import Plan
from springback.workflow.evening import LiveAccount
from springback.workflow.halting import killed
from springback.workflow.order_journal import journal_of
from springback.workflow.settings import Settings

DAY = date(2026, 3, 3)


def send(folder: Path, count: int) -> None:
    """Plans `count` orders and sends them."""
    state = State(folder / "state.sqlite")
    account = LiveAccount(folder.name, DeskFolder(folder), Settings(), state, folder / "store", folder / "models")
    journal, wire = journal_of(folder, folder.name, state), folder / "wire"
    names = [journal.plan(Plan(DAY, f"A{k:03d}", "buy", "entry", Decimal(5), 10.0), now()).client_id for k in range(count)]
    with state.lease(account.name, "the sender") as lease:
        for name in names:
            if killed(account):
                journal.record(name, Answer("cancelled", code="kill"), now())
                continue
            journal.send(name, now(), lease)
            with wire.open("a") as out:
                out.write(name + "\n")
            journal.record(name, Answer("accepted", broker_id=f"b-{name}"), now())
            time.sleep(0.02)


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)


if __name__ == "__main__":
    send(Path(sys.argv[1]), int(sys.argv[2]))
