"""A desk with ten years of evenings and five thousand fills: one evening's decision, dated back."""

import json
import os
from pathlib import Path

from springback.data.sessions import exchange_days
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import ACCOUNT, DECISION, FORECASTS, ORDERS

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
