"""A sender that is killed at every step of its journal, and its broker: run by `python -m tests.journal.kills URL FOLDER`.

It imports only journal and state. A parent forks a child for each checkpoint, which dies there of SIGKILL; the next one begins anew and
ends the evening. Checkpoints lie before and after each commit, each head that is written, each request and each answer. Prints one JSON
line: how many there were, and each different end state.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from springback.state import orders
from springback.state.database import Database
from springback.state.state import State
from springback.trading.journal import Answer, Order
from springback.trading.order_journal import OrderJournal
from tests.journal.samples import BUY, NUMBER, execution, later, proof

PLANS = (BUY, replace(BUY, symbol="AAPL", side="sell", purpose="exit", quantity=Decimal(7)))
SURVIVES = -1


class Steps:
    """Counts the checkpoints, and dies at one of them."""

    def __init__(self, death: int) -> None:
        self.death, self.count = death, 0

    def __call__(self) -> None:
        if self.count == self.death:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1


class Broker:
    """A broker that outlives its client: a line for each order it accepted, however often one id came. It fills what it has."""

    def __init__(self, file: Path, step: Steps) -> None:
        self.file, self.step = file, step
        self.file.touch()

    def submit(self, order: Order) -> str:
        self.step()
        with self.file.open("a") as out:
            out.write(order.client_id + "\n")
        self.step()
        return f"b-{order.client_id}"

    def has(self, name: str) -> bool:
        return name in self.file.read_text().split()


def evening(journal: OrderJournal, broker: Broker, at: datetime) -> None:
    """What a sender does from its start on: ask what became of what, send what is planned, collect."""
    with journal.state.lease(journal.account, "sender") as lease:
        for one in journal.recover(at):
            if broker.has(one.client_id):
                journal.record(one.client_id, Answer("accepted", f"b-{one.client_id}"), at)
            else:
                journal.absent(one.client_id, proof(at), at)
        for plan in PLANS:
            order = journal.plan(plan, at)
            if order.state in {"planned", "absent"}:
                order = journal.send(order.client_id, at, lease)
                journal.record(order.client_id, Answer("accepted", broker.submit(order)), at)
        for one in journal.orders():
            half = one.intent.quantity // 2
            for k, quantity in enumerate((half, one.intent.quantity - half)):
                journal.fill(execution(k, quantity, one.client_id), at)


def watched(step: Steps) -> None:
    """Checkpoints around each commit and each head."""
    writing, head = Database._writing, orders.write_head

    @contextmanager
    def _writing(self: Database) -> Iterator[Any]:
        with writing(self) as connection:
            yield connection
            step()
        step()

    def write_head(*words: Any) -> None:
        head(*words)
        step()

    Database._writing = _writing  # type: ignore[method-assign]
    orders.write_head = write_head  # type: ignore[attr-defined]


def child(url: str, folder: Path, account: str, death: int, seconds: float) -> int:
    """Forks a sender that dies at checkpoint `death`; its exit code, negative where it was killed."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            step = Steps(death)
            journal = OrderJournal(State(url), account, folder / f"{account}.head", NUMBER)
            broker = Broker(folder / f"{account}.broker", step)
            watched(step)
            evening(journal, broker, later(seconds))
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def end(url: str, folder: Path, account: str) -> str:
    """How it ended: the orders, what the broker holds, whether the chain is whole."""
    journal = OrderJournal(State(url), account, folder / f"{account}.head", NUMBER)
    states = [(one.client_id, one.state, str(one.filled_quantity), one.broker_id, len(one.history)) for one in journal.orders()]
    return json.dumps([states, sorted((folder / f"{account}.broker").read_text().split()), list(journal.verify())])


def main(url: str, folder: Path) -> None:
    State(url)
    ends: dict[str, list[int]] = {}
    deaths, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        account = f"desk{deaths}"
        code = child(url, folder, account, deaths, 0)
        if code == -signal.SIGKILL:
            again = child(url, folder, account, SURVIVES, 1000)
            assert again == 0, f"the sender after death {deaths} ended with {again}"
        ends.setdefault(end(url, folder, account), []).append(deaths)
        deaths += 1
    heavy = sorted({"numpy", "pandas", "numba", "springback.market.book"} & set(sys.modules))
    sys.stdout.write(json.dumps({"code": code, "deaths": deaths - 1, "ends": ends, "heavy": heavy}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
