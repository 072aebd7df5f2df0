"""The stand-in's brokerages: when they take orders for the open, when their day orders end; its object store, and a start within a day."""
# ruff: noqa: DTZ001 - LEAN shows naive times of New York

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from AlgorithmImports import BrokerageName, OrderProperties, QCAlgorithm, TimeInForce, TradeBar
from lean_standin.host import ObjectStore

from tests.lean.test_standin import FLAT, RISE, fills, run, statuses, world

PAPER, IB, ALPACA = BrokerageName.DEFAULT, BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, BrokerageName.ALPACA


@pytest.mark.parametrize(
    ("brokerage", "clock", "taken"),
    [
        (PAPER, "16:31", True),
        (IB, "15:30", False),
        (IB, "16:31", True),
        (ALPACA, "16:31", False),
        (ALPACA, "18:59", False),
        (ALPACA, "19:05", True),
        (ALPACA, "08:30", True),
        (ALPACA, "09:29", False),
    ],
)
def test_a_brokerage_takes_orders_for_the_open_in_its_window(brokerage: Any, clock: str, taken: bool) -> None:
    steps = {f"2024-01-03 {clock}": lambda a: a.market_on_open_order("A", 10)}
    result = run(world({"A": RISE}), steps, brokerage=brokerage)
    assert statuses(result, 1)[0] == ("SUBMITTED" if taken else "INVALID")


def rest(a: QCAlgorithm) -> None:
    properties = OrderProperties()
    properties.time_in_force = TimeInForce.DAY
    a.stop_market_order("A", -10, 9.5, order_properties=properties)


@pytest.mark.parametrize(("brokerage", "price"), [(PAPER, None), (IB, 9.5), (ALPACA, 9.5)])
def test_a_day_order_ends_at_the_close_and_on_leans_own_account_before_its_daily_bar(brokerage: Any, price: float | None) -> None:
    result = run(world({"A": [FLAT, FLAT, FLAT]}), {"2024-01-03 08:30": rest}, brokerage=brokerage)
    assert [(when, paid) for _, when, _, paid in fills(result)] == ([] if price is None else [("01-03 16:00", price)])
    assert statuses(result, 1)[-1] == ("CANCELED" if price is None else "FILLED")
    unfilled = run(world({"A": [FLAT, (10, 11, 9.6, 10), FLAT]}), {"2024-01-03 08:30": rest}, brokerage=brokerage)
    assert fills(unfilled) == [] and statuses(unfilled, 1) == ["SUBMITTED", "CANCELED"]


def test_what_is_saved_is_on_the_disk_when_its_path_is_asked_for(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    store.save("a/b.txt", "one")
    assert store.read("a/b.txt") == "one" and store.contains_key("a/b.txt") and not (tmp_path / "a").exists()
    assert Path(store.get_file_path("a/b.txt")).read_text() == "one"


def test_a_live_run_starts_and_stops_within_a_day() -> None:
    seen: list[str] = []
    steps = {f"2024-01-0{day} {clock}": lambda a: seen.append(f"{a.time:%d %H:%M}") for day in (3, 4) for clock in ("08:30", "17:00")}
    result = run(world({"A": RISE}), steps, live=True, first=datetime(2024, 1, 3, 12), last=datetime(2024, 1, 4, 15))
    assert seen == ["03 17:00", "04 08:30"]
    assert [f"{data.time:%d %H:%M}" for data in result.algorithm.slices] == ["03 16:00"]


def test_without_a_price_no_order_is_taken_and_a_given_price_is_one() -> None:
    def send(a: QCAlgorithm) -> None:
        a.market_on_open_order("A", 10)

    def given(a: QCAlgorithm) -> None:
        (bars,) = a.history[TradeBar]([a.symbol("A")], 1)
        a.securities["A"].set_market_price(bars[a.symbol("A")])
        send(a)

    start = {"live": True, "first": datetime(2024, 1, 3, 8)}
    assert run(world({"A": RISE}), {"2024-01-03 08:30": send}, **start).orders.empty
    assert len(run(world({"A": RISE}), {"2024-01-03 08:30": given}, **start).orders) == 1
