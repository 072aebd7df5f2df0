"""A server of processes that are killed: `python -m tests.trading.faults.killed` imports once, and forks a child for each line it is told.

A line is JSON: the account's `home`, the `url` and `number` of the fake broker, the `step`, when its clock begins, and the `point` at which
the child kills itself (-1: never). Points lie before and after each row of the journal within its transaction, each head that is written
beside it, and each request that changes something. The answer is whether it was killed, the step's exit code and the points it passed.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from springback.brokers.alpaca import Alpaca
from springback.brokers.broker_settings import Brokers
from springback.operation.desk_folder import DeskFolder
from springback.state import orders
from springback.state.orders import Page
from springback.state.state import State
from springback.workflow.evening import LiveAccount
from springback.workflow.order_journal import journal_of
from springback.workflow.settings import Settings
from springback.workflow.trade_check import check
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_collect import collect
from springback.workflow.trade_send import send
from springback.workflow.trading_account import TradingAccount
from tests.brokers.fake_alpaca import KEYS

STEPS = {"send": send, "check": check, "collect": collect}
SETTLE = 0.05


def settings(url: str, number: str) -> Settings:
    """Those of the account: stops rest, what is silent is asked for at once."""
    plain = Settings()
    return replace(
        plain,
        execution=replace(plain.execution, open="opg", settle=SETTLE, poll=60),
        strategy=replace(plain.strategy, stop_mode="intraday"),
        brokers=Brokers(alpaca_url=url, account=number, timeout=1.0, attempts=2, pause=0.005, patience=2.0),
    )


@dataclass
class Points:
    """The points that a process has passed; at number `last` it dies."""

    last: int
    passed: list[str] = field(default_factory=list)

    def at(self, name: str) -> None:
        """The process is here."""
        self.passed.append(name)
        if len(self.passed) - 1 == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: Callable[..., str], act: Callable[..., Any]) -> Callable[..., Any]:
        """`act` with a point before and after it."""

        def acting(*arguments: Any) -> Any:
            words = name(*arguments)
            self.at(f"before {words}")
            result = act(*arguments)
            self.at(f"after {words}")
            return result

        return acting


def work(words: dict[str, Any]) -> tuple[int, list[str]]:
    """Exit code of the step, and the points that were passed."""
    points, own = Points(words["point"]), settings(words["url"], words["number"])
    Page.append = points.around(lambda _, event, *__: f"the row '{event.kind}'", Page.append)  # type: ignore[method-assign]
    orders.write_head = points.around(lambda *_: "the head of the journal", orders.write_head)
    broker = Alpaca(own.brokers, KEYS)
    broker.submit = points.around(lambda order: f"the request of a {order.purpose}", broker.submit)  # type: ignore[method-assign]
    broker.cancel = points.around(lambda _: "the request of an end", broker.cancel)  # type: ignore[method-assign]
    folder, name = Path(words["home"]) / words["number"], words["number"]
    state = State(folder / "state.sqlite")
    live = LiveAccount(name, DeskFolder(folder), own, state, folder / "store", folder / "models")
    account = TradingAccount(live, broker, replace(journal_of(folder, name, state), settle=SETTLE), "rehearsal", False)
    outcome = STEPS[words["step"]](account, TradeClock(datetime.fromisoformat(words["clock"])))
    return outcome.code, points.passed


def serve() -> None:
    """A child for each line, until there are no more."""
    for line in sys.stdin:
        out, there = os.pipe()
        child = os.fork()
        if not child:
            os.close(out)
            os.write(there, json.dumps(work(json.loads(line))).encode())
            os._exit(0)
        os.close(there)
        with os.fdopen(out) as told:
            answer = told.read()
        _, status = os.waitpid(child, 0)
        code, passed = json.loads(answer) if answer else (None, [])
        end = {"killed": os.WIFSIGNALED(status), "code": code, "points": passed}
        sys.stdout.write(json.dumps(end) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
