"""A desk with ten years of evenings and five thousand fills: one evening's decision, dated back; and the same at a broker, with an order
journal of five thousand orders, the steps of every day and its attribution.
"""

import json
import os
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

from springback.data.sessions import exchange_days
from springback.market.prose import Prose
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import ACCOUNT, DECISION, FORECASTS, ORDERS
from springback.state.chain import EMPTY, seal
from springback.state.database import add
from springback.state.order_rows import OrderEvent, OrderFill, OrderHead, OrderIntent, with_body
from springback.state.rows import Attempt, BookEvent, Halt, Incident, Row
from springback.state.state import State
from springback.state.tables import TABLE_OF
from springback.state.trading_rows import Attribution, Reconciliation, Snapshot, Step
from springback.workflow.evening import HEAD
from tests.web.homes import attributed

LAST = "2022-12-29"


def grow(desk: Path, years: int = 10) -> int:
    """Puts so many years of sessions before those of `desk`, two fills each; how many sessions it has then."""
    folder = DeskFolder(desk)
    template = desk / folder.sessions()[0]
    told = json.loads((template / DECISION).read_text())
    for k, day in enumerate(map(str, exchange_days(f"{2022 - years}-12-24", LAST))):
        place = desk / day
        place.mkdir()
        for name in (ORDERS, FORECASTS, ACCOUNT):
            os.link(template / name, place / name)
        equity = 1e6 + 100.0 * k + 5000.0 * ((k * 7919) % 13 - 6)
        fills = [
            {"session": day, "order_id": 2 * k + n, "symbol": f"SYM{(k + n) % 97}", "quantity": 100 - 200 * n, "price": 50.0 + k % 40}
            | {"fee": 1.0, "slippage": 7.5, "reason": ("entry", "time_stop")[n], "assumed": True}
            for n in (0, 1)
        ]
        regime = {"vix": 15.0 + k % 11, "mean": 15.0 + k % 7, "bear": k % 40 < 6}
        daily = told["daily"] | {"equity": equity, "fees": 2.0, "slippage": 15.0, "n_long": 9.0, "long_value": 4e5 + 1e4 * (k % 20)}
        new = told | {"session": day, "equity": equity, "fills": fills, "regime": regime, "daily": daily, "book_event": 0}
        (place / DECISION).write_text(json.dumps(new))
    return len(folder.sessions())


NUMBER = "PA3DECADE"


def traded(desk: Path) -> int:
    """Puts an account at a broker into `desk`, with its evenings and all that a trader leaves in so many years; how many orders it sent."""
    folder = desk / NUMBER
    state, sessions = State(folder / "state.sqlite"), DeskFolder(desk).sessions()
    for session in sessions:
        (folder / session).mkdir()
        for file in (desk / session).iterdir():
            os.link(file, folder / session / file.name)
    state.record(NUMBER, BookEvent(_at(sessions[0], 8), date.fromisoformat(sessions[0]), "cash", "", 1e6, None, "tests"))
    kinds = (OrderIntent, OrderEvent, OrderFill, Step, Snapshot, Reconciliation, Attribution, Attempt, Halt, Incident)
    rows: dict[type[Row], list[Row]] = {kind: [] for kind in kinds}
    head = EMPTY
    for k, session in enumerate(sessions):
        day = date.fromisoformat(session)
        for number, side in enumerate(("buy", "sell")):
            head = _order(
                rows, head, OrderIntent(f"sb-{k}-{number}", day, f"SYM{(k + number) % 97}", side, "entry", 1, Decimal(100), 50.0, "entry")
            )
        for hour, step in enumerate(("decide", "send", "reconcile", "check", "page", "collect")):
            rows[Step].append(Step(day, step, _at(session, 14 + hour), 0, '{"facts": {}, "reasons": []}'))
            rows[Snapshot].append(
                Snapshot(day, step, _at(session, 14 + hour), Decimal("1e6"), Decimal("5e5"), Decimal("2e6"), '{"SYM1": "100"}')
            )
        body = {"venue": {"broker": "alpaca", "mode": "paper"}}
        rows[Reconciliation].append(Reconciliation(day, "morning", _at(session, 15), 0, json.dumps(body)))
        rows[Attempt].append(Attempt("governance", _at(session, 22), day, "done"))
        if k % 5 == 0:
            rows[Halt].append(Halt("entries", "drawdown", Prose("a bad day"), "guard", _at(session, 14), "", "Ann", _at(session, 20)))
            rows[Incident].append(Incident("daily.waiting", _at(session, 14), day, Prose("late"), "springback daily", _at(session, 20)))
            rows[Attempt].append(Attempt("act resume", _at(session, 20), day, "done", Prose("1 halt is lifted")))
        rows[Attribution].append(attributed(day, Decimal(40 * (k % 5) - 50), False))
    for kind, told in rows.items():
        with state._writing() as connection:
            numbered = [{**vars(one), "account": NUMBER} | ({"n": n} if "n" in vars(one) else {}) for n, one in enumerate(told, 1)]
            connection.execute(TABLE_OF[kind].insert(), numbered)
    with state._writing() as connection:
        add(connection, NUMBER, head)
    (folder / HEAD).write_text(json.dumps({"account": NUMBER, "count": head.count, "hash": head.hash}))
    return len(rows[OrderIntent])


def _order(rows: dict[type[Row], list[Row]], head: OrderHead, intent: OrderIntent) -> OrderHead:
    """What became of an order, from its plan to its fill."""
    at, name = _at(str(intent.session), 23), intent.client_id
    fill = OrderFill(f"x{name}", name, at, intent.quantity, Decimal("50.05"), Decimal(1))
    told = [with_body(OrderEvent(at, name, "planned"), {}, intent), OrderEvent(at, name, "sending"), OrderEvent(at, name, "accepted", "b")]
    for event in (*told, with_body(OrderEvent(at, name, "fill"), {}, fills=[fill])):
        sealed = seal(NUMBER, event, head)
        rows[OrderEvent].append(sealed)
        head = OrderHead(sealed.n, sealed.hash)
    rows[OrderIntent].append(intent)
    rows[OrderFill].append(fill)
    return head


def _at(session: str, hour: int) -> datetime:
    return datetime.combine(date.fromisoformat(session), time(hour), UTC)
