"""The stand-in for LEAN against lean.md, case by case by hand, and against the recorded orders of the real engine's runs.

Section numbers are those of lean.md. Each case is a tiny script of orders on bars one can work out on paper.
"""
# ruff: noqa: DTZ001, DTZ007 - LEAN shows naive times of New York

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from AlgorithmImports import (
    BaseData,
    DataNormalizationMode,
    Dividend,
    Globals,
    Order,
    OrderEvent,
    OrderStatus,
    OrderTicket,
    OrderType,
    PythonData,
    QCAlgorithm,
    Resolution,
    Slice,
    Split,
    SplitType,
    SubscriptionDataConfig,
    SubscriptionDataSource,
    SubscriptionTransportMedium,
    Symbol,
    TradeBar,
)
from lean_standin import Account, Cancel, Engine, OpenOrder, Partial, Refuse, Result, Wait, World

from tests.lean import recorded, replays

DAYS = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10")
FLAT = (10.0, 11.0, 9.0, 10.0)
Bar = tuple[float, float, float, float] | None
Step = Callable[[QCAlgorithm], Any]


def world(names: Mapping[str, list[Bar]], events: list[tuple[str, str, str, float]] = (), **options: Any) -> World:
    """Bars (open, high, low, close) on the first sessions of 2024, None for a halt; LAST trades throughout."""
    count = max(map(len, names.values()))
    rows = [
        (day, name, *bar, 1000.0)
        for name, bars in {**names, "LAST": [FLAT] * count}.items()
        for day, bar in zip(DAYS, bars, strict=False)
        if bar is not None
    ]
    bars = pd.DataFrame(rows, columns=["date", "symbol", "open", "high", "low", "close", "volume"])
    return World(bars, pd.DataFrame(events, columns=["date", "symbol", "event", "value"]), **options)


class Script(QCAlgorithm):
    """Runs steps by moment ("2024-01-02 16:30") and hands order events on; keeps what it saw."""

    steps: Mapping[str, Step]
    hears: Callable[[QCAlgorithm, OrderEvent], Any] | None
    cash: float

    def initialize(self) -> None:
        self.set_start_date(2024, 1, 2)
        self.set_end_date(2024, 1, 31)
        self.set_cash(self.cash)
        for name in self._engine.world.symbols:
            self.add_equity(name, Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW)
        for clock in {moment.split()[1] for moment in self.steps if " " in moment}:
            hour, minute = map(int, clock.split(":"))
            self.schedule.on(self.date_rules.every_day("LAST"), self.time_rules.at(hour, minute), self._scheduled)
        self.slices: list[Slice] = []
        self.events: list[OrderEvent] = []

    def _scheduled(self) -> None:
        step = self.steps.get(f"{self.time:%Y-%m-%d %H:%M}")
        if step is not None:
            step(self)

    def on_data(self, data: Slice) -> None:
        self.slices.append(data)
        step = self.steps.get(f"{self.time:%Y-%m-%d}") if data.bars.count else None
        if step is not None:
            step(self)

    def on_order_event(self, event: OrderEvent) -> None:
        self.events.append(event)
        if self.hears is not None:
            self.hears(self, event)


def run(
    market: World,
    steps: Mapping[str, Step],
    hears: Callable[[Any, OrderEvent], Any] | None = None,
    cash: float = 100_000,
    **options: Any,
) -> Result:
    kind = type("Case", (Script,), {"steps": steps, "hears": staticmethod(hears) if hears else None, "cash": cash})
    return Engine(market, **options).run(kind)


def fills(result: Result) -> list[tuple[int, str, int, float]]:
    """(order id, moment, shares, price) of every fill."""
    return [(f.order_id, f"{f.time:%m-%d %H:%M}", f.quantity, f.price) for f in result.fills.itertuples()]


def statuses(result: Result, order_id: int) -> list[str]:
    return [event.status.name for event in result.events if event.order_id == order_id]


RISE: list[Bar] = [(10, 11, 9, 10.5), (12, 13, 11, 12.5), (14, 15, 13, 14.5), (16, 17, 15, 16.5)]


# §2: when an order fills.


@pytest.mark.parametrize(
    ("moment", "order", "expected"),
    [
        ("2024-01-02", lambda a: a.market_on_open_order("A", 10), ("01-03 16:00", 12.0)),
        ("2024-01-02", lambda a: a.market_order("A", 10), ("01-03 16:00", 12.0)),
        ("2024-01-02", lambda a: a.market_on_close_order("A", 10), ("01-03 16:00", 12.5)),
        ("2024-01-02 16:30", lambda a: a.market_on_open_order("A", 10), ("01-03 16:00", 12.0)),
        ("2024-01-03 08:00", lambda a: a.market_order("A", 10), ("01-03 16:00", 12.0)),
        ("2024-01-03 12:00", lambda a: a.market_order("A", 10), ("01-03 16:00", 12.5)),
        ("2024-01-03 12:00", lambda a: a.market_on_open_order("A", 10), ("01-04 16:00", 14.0)),
        ("2024-01-03 15:50", lambda a: a.market_order("A", 10), ("01-04 16:00", 14.0)),
        ("2024-01-02", lambda a: a.stop_market_order("A", 10, 12.25), ("01-03 16:00", 12.25)),
        ("2024-01-02", lambda a: a.stop_market_order("A", 10, 11.5), ("01-03 16:00", 12.0)),
        ("2024-01-02", lambda a: a.stop_market_order("A", -10, 11.5), ("01-03 16:00", 11.5)),
        ("2024-01-02", lambda a: a.stop_market_order("A", -10, 12.0), ("01-03 16:00", 12.0)),
        ("2024-01-02", lambda a: a.stop_market_order("A", -10, 12.5), ("01-03 16:00", 12.0)),
        ("2024-01-02", lambda a: a.stop_market_order("A", 10, 14.0), ("01-04 16:00", 14.0)),
        ("2024-01-03 12:00", lambda a: a.stop_market_order("A", 10, 11.5), ("01-03 16:00", 12.0)),
    ],
)
def test_an_order_fills_where_the_table_says(moment: str, order: Step, expected: tuple[str, float]) -> None:
    result = run(world({"A": RISE}), {moment: order})
    assert [(when, price) for _, when, _, price in fills(result)] == [expected]


def test_a_market_on_close_order_comes_fifteen_minutes_before_the_close_or_not_at_all() -> None:
    result = run(world({"A": RISE}), {"2024-01-03 15:50": lambda a: setattr(a, "late", a.market_on_close_order("A", 10))})
    assert result.algorithm.late.status == OrderStatus.INVALID and result.events == []


def test_a_stop_sent_on_the_fill_is_blind_on_the_day_of_entry() -> None:
    bars: list[Bar] = [FLAT, (10, 10, 5, 10), (10, 10, 9, 10), (10, 10, 5, 10)]

    def protect(a: QCAlgorithm, event: OrderEvent) -> None:
        if event.status == OrderStatus.FILLED and event.fill_quantity > 0:
            a.stop_market_order("A", -10, 8.0)

    result = run(world({"A": bars}), {"2024-01-02 16:30": lambda a: a.market_on_open_order("A", 10)}, protect)
    assert fills(result) == [(1, "01-03 16:00", 10, 10.0), (2, "01-05 16:00", -10, 8.0)]


def test_a_stop_sent_with_the_entry_fills_right_after_it() -> None:
    def both(a: QCAlgorithm) -> None:
        a.market_on_open_order("A", 10)
        a.stop_market_order("A", -10, 8.0)

    result = run(world({"A": [FLAT, (10, 10, 5, 10), FLAT]}), {"2024-01-02 16:30": both})
    assert fills(result) == [(1, "01-03 16:00", 10, 10.0), (2, "01-03 16:00", -10, 8.0)]


def test_a_stop_left_alive_opens_the_reverse_position() -> None:
    def both(a: QCAlgorithm) -> None:
        a.market_on_open_order("A", 10)
        a.stop_market_order("A", -10, 8.0)

    steps = {"2024-01-02 16:30": both, "2024-01-03 16:30": lambda a: a.market_on_open_order("A", -10)}
    result = run(world({"A": [FLAT, FLAT, FLAT, (10, 10, 7, 9)]}), steps)
    assert result.account.positions["A"] == (Decimal(-10), Decimal("8.00"))


@pytest.mark.parametrize(("level", "kept"), [(8.005, 8.0), (8.015, 8.02), (8.0151, 8.02), (0.98765, 0.9876)])
def test_stops_are_rounded_to_the_cent_and_under_a_dollar_to_a_hundredth_of_it(level: float, kept: float) -> None:
    result = run(world({"A": [FLAT] * 2}), {"2024-01-02 16:30": lambda a: a.stop_market_order("A", -10, level)})
    assert result.orders["stop_price"].tolist() == [kept]


def test_fills_come_by_number_and_a_cancel_between_them_counts() -> None:
    def cancel_second(a: QCAlgorithm, event: OrderEvent) -> None:
        if event.status == OrderStatus.FILLED:
            a.transactions.get_order_ticket(2).cancel("enough")

    def send(a: QCAlgorithm) -> None:
        for name in ("A", "A", "LAST"):
            a.market_on_open_order(name, 10, tag="mine")

    result = run(world({"A": RISE}), {"2024-01-02 16:30": send}, cancel_second)
    assert [order_id for order_id, *_ in fills(result)] == [1, 3]
    assert statuses(result, 2) == ["SUBMITTED", "CANCEL_PENDING", "CANCELED"]
    assert result.order[2].tag == "enough" and result.order[1].tag == "mine"


@pytest.mark.parametrize("moment", ["2024-01-02", "2024-01-02 16:30"])
def test_a_cancel_counts_at_once_and_a_second_one_fails(moment: str) -> None:
    def change_mind(a: QCAlgorithm) -> None:
        ticket = a.market_on_open_order("A", 10)
        assert ticket.cancel().is_success
        assert ticket.status == (OrderStatus.CANCEL_PENDING if " " in moment else OrderStatus.CANCELED)
        assert ticket.cancel().is_error

    result = run(world({"A": RISE}), {moment: change_mind})
    assert fills(result) == [] and statuses(result, 1) == ["SUBMITTED", "CANCEL_PENDING", "CANCELED"]


def test_from_a_scheduled_event_the_report_comes_late_and_in_the_middle_of_the_code() -> None:
    """lean.md §2: from LEAN's own thread, in the middle of the event's code or after it."""
    heard: list[tuple[str, int, str]] = []
    here = "before"

    def hear(a: QCAlgorithm, event: OrderEvent) -> None:
        if event.status == OrderStatus.CANCELED:
            heard.append((here, event.order_id, f"{a.time:%d %H:%M}"))

    def change_mind(a: QCAlgorithm) -> None:
        nonlocal here
        tickets = [a.market_on_open_order("A", 10) for _ in range(3)]
        here = "inside"
        for ticket in tickets:
            ticket.cancel()
        a.market_on_open_order("LAST", 1)
        here = "after"

    run(world({"A": RISE}), {"2024-01-02 16:30": change_mind}, hear)
    # One in the middle of the decision, one when it has ended, one so late that another session may have begun.
    assert [(where, number) for where, number, _ in heard] == [("inside", 1), ("after", 2), ("after", 3)]


def test_a_halted_name_waits_for_its_next_real_bar() -> None:
    result = run(world({"A": [FLAT, None, None, (12, 13, 11, 12)]}), {"2024-01-02 16:30": lambda a: a.market_on_open_order("A", 10)})
    assert fills(result) == [(1, "01-05 16:00", 10, 12.0)]


def test_liquidate_cancels_the_open_orders_and_sends_one_order() -> None:
    def enter(a: QCAlgorithm) -> None:
        a.market_on_open_order("A", 10)
        a.stop_market_order("A", -10, 5.0)

    result = run(world({"A": [FLAT] * 4}), {"2024-01-02 16:30": enter, "2024-01-03 16:30": lambda a: a.liquidate("A")})
    assert statuses(result, 2)[-1] == "CANCELED"
    assert fills(result)[-1] == (3, "01-04 16:00", -10, 10.0) and result.order[3].tag == "Liquidated"


def test_the_third_argument_is_not_the_tag() -> None:
    with pytest.raises(TypeError, match="asynchronous"):
        run(world({"A": RISE}), {"2024-01-02 16:30": lambda a: a.market_on_open_order("A", 10, "entry")})


# §2 and §3: what is refused.


def test_no_price_no_order_and_less_than_a_share_no_order() -> None:
    def send(a: QCAlgorithm) -> None:
        tickets = [a.market_on_open_order("B", 10), a.market_on_open_order("A", 0.5), a.market_on_open_order("A", 0)]
        assert all(ticket.status == OrderStatus.INVALID and ticket.order_id < 0 for ticket in tickets)
        assert a.securities["B"].price == 0 and not a.securities["B"].has_data
        assert a.market_on_open_order("A", 2.9).quantity == 2

    result = run(world({"A": RISE, "B": [None, FLAT, FLAT]}), {"2024-01-02 16:30": send})
    assert result.orders["order_id"].tolist() == [1]  # the refused ones used up no number


def test_margin_is_checked_at_submission_and_again_at_the_fill() -> None:
    def send(a: QCAlgorithm) -> None:
        assert a.market_on_open_order("A", 20_100).status == OrderStatus.INVALID
        for _ in range(5):
            assert a.market_on_open_order("A", 5_000).status == OrderStatus.SUBMITTED

    result = run(world({"A": [FLAT] * 3}), {"2024-01-02 16:30": send})
    assert statuses(result, 1) == ["INVALID"]  # 100,500 and fee wanted of 100,000; it used up a number
    assert [statuses(result, number)[-1] for number in range(2, 7)] == ["FILLED"] * 3 + ["INVALID"] * 2


@pytest.mark.parametrize(("exit_first", "entered"), [(True, 4), (False, 2)])
def test_a_rotation_needs_its_exits_first(exit_first: bool, entered: int) -> None:
    def rotate(a: QCAlgorithm) -> None:
        orders = [("A", -13_000), *[("LAST", 3_250)] * 4]
        for name, shares in orders if exit_first else orders[::-1]:
            assert a.market_on_open_order(name, shares).status == OrderStatus.SUBMITTED

    # 65,000 of the 99,935 are bound by A; each entry wants 16,250 more, and none counts the others before the fill.
    steps = {"2024-01-02 16:30": lambda a: a.market_on_open_order("A", 13_000), "2024-01-03 16:30": rotate}
    positions = run(world({"A": [FLAT] * 4}), steps).account.positions
    assert {name: int(shares) for name, (shares, _) in positions.items()} == {"LAST": 3_250 * entered}


def test_a_reversal_may_use_the_margin_of_what_it_closes() -> None:
    steps = {
        "2024-01-02 16:30": lambda a: a.market_on_open_order("A", 15_000),
        "2024-01-03 16:30": lambda a: a.market_on_open_order("A", -30_000),
    }
    result = run(world({"A": [FLAT] * 4}), steps)
    assert result.account.positions["A"] == (Decimal(-15_000), Decimal("10.0"))


@pytest.mark.parametrize(
    ("shares", "bar", "stop", "fee"),
    [
        (100, (10, 10, 10, 10), None, 1.0),  # the minimum
        (1000, (10, 10, 10, 10), None, 5.0),  # half a cent a share
        (1000, (0.5, 0.5, 0.5, 0.5), None, 2.5),  # at most half a percent ...
        (100, (0.05, 0.05, 0.05, 0.05), None, 1.0),  # ... but the minimum wins
        (1000, (0.5, 0.9, 0.5, 0.6), None, 3.0),  # of the close, not of the fill
        (-1000, (0.5, 0.5, 0.4, 0.4), 0.45, 2.25),  # a sell stop: of the larger of level and close
        (1000, (0.4, 0.6, 0.4, 0.6), 0.5, 2.5),  # a buy stop: of the smaller
    ],
)
def test_the_fee_is_interactive_brokers(shares: int, bar: tuple[float, float, float, float], stop: float | None, fee: float) -> None:
    def send(a: QCAlgorithm) -> None:
        if stop is None:
            a.market_on_open_order("A", shares)
        else:
            a.stop_market_order("A", shares, stop)

    assert run(world({"A": [bar, bar]}), {"2024-01-02 16:30": send}).fills["fee"].tolist() == [fee]


def test_negative_cash_is_fine_and_shorts_bring_cash() -> None:
    def send(a: QCAlgorithm) -> None:
        a.market_on_open_order("A", 11_000)
        a.market_on_open_order("LAST", -2_000)

    result = run(world({"A": [FLAT] * 2}), {"2024-01-02 16:30": send})
    assert result.account.cash == 100_000 - 110_000 - 55 + 20_000 - 10


# §1: what arrives when.


def test_a_day_of_slices() -> None:
    result = run(world({"A": [FLAT, None, FLAT]}), {})
    first, second, third = result.algorithm.slices
    assert (first.time, first.utc_time) == (datetime(2024, 1, 2, 16), datetime(2024, 1, 2, 21))
    bar = second.bars["A"]
    assert (bar.is_fill_forward, bar.volume, bar.close, bar.time, bar.end_time) == (
        *(True, 0, 10.0),
        *(datetime(2024, 1, 3, 9, 30), datetime(2024, 1, 3, 16)),
    )
    assert not third["A"].is_fill_forward and third["A"].volume == 1000
    assert "B" not in first.bars and first.get("B") is None and first.bars.contains_key("LAST")
    with pytest.raises(KeyError):
        first["B"]


def test_half_days_end_at_one() -> None:
    rows = [(day, "A", *FLAT, 1.0) for day in ("2023-11-22", "2023-11-24", "2023-11-27")]
    bars = pd.DataFrame(rows, columns=["date", "symbol", "open", "high", "low", "close", "volume"])

    class Watch(QCAlgorithm):
        def initialize(self) -> None:
            self.set_start_date(2023, 11, 22)
            self.add_equity("A", Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW)
            self.times: list[datetime] = []

        def on_data(self, data: Slice) -> None:
            self.times.append(self.time)
            assert not self.securities["A"].exchange.exchange_open

    times = Engine(World(bars)).run(Watch).algorithm.times
    assert [f"{time:%d %H:%M}" for time in times] == ["22 16:00", "24 13:00", "27 16:00"]


class Vix(PythonData):
    """A custom feed as an algorithm would write it."""

    def get_source(self, config: SubscriptionDataConfig, date: datetime, is_live_mode: bool) -> SubscriptionDataSource:
        return SubscriptionDataSource(f"{Globals.data_folder}vix.csv", SubscriptionTransportMedium.LOCAL_FILE)

    def reader(self, config: SubscriptionDataConfig, line: str, date: datetime, is_live_mode: bool) -> BaseData | None:
        if not line[:1].isdigit():
            return None
        day, close = line.split(",")
        datum = Vix()
        datum.symbol = config.symbol
        datum.time = datetime.strptime(day, "%Y-%m-%d")
        datum.end_time = datum.time + timedelta(hours=16, minutes=15)
        datum.value = float(close)
        return datum


def test_bars_then_the_vix_then_the_schedule_and_nothing_after_the_last_slice(tmp_path: Path) -> None:
    (tmp_path / "vix.csv").write_text("date,close\n2023-12-29,12\n2024-01-02,13\n2024-01-03,14\n")

    class Watch(QCAlgorithm):
        def initialize(self) -> None:
            self.set_start_date(2024, 1, 2)
            self.equity = self.add_equity("A", Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW).symbol
            self.vix = self.add_data(Vix, "VIX", Resolution.DAILY).symbol
            self.schedule.on(self.date_rules.every_day(self.equity), self.time_rules.at(16, 30), self.decide)
            self.seen: list[tuple[str, Any]] = []

        def on_data(self, data: Slice) -> None:
            what = data.get(self.vix).value if data.contains_key(self.vix) else data.bars.count
            self.seen.append((f"{self.time:%d %H:%M}", what))

        def decide(self) -> None:
            self.seen.append((f"{self.time:%d %H:%M}", self.securities[self.vix].price))
            self.known = self.history(Vix, self.vix, 30, Resolution.DAILY)

    result = Engine(world({"A": [FLAT] * 2}), data_folder=tmp_path).run(Watch)
    assert result.algorithm.seen == [("02 16:00", 1), ("02 16:15", 13.0), ("02 16:30", 13.0), ("03 16:00", 1), ("03 16:15", 14.0)]
    assert result.algorithm.known["value"].tolist() == [12.0, 13.0]  # the second decision would be after the last slice
    assert result.algorithm.known.index.get_level_values("time")[-1] == datetime(2024, 1, 2, 16, 15)


def test_inside_a_slice_fills_come_before_the_schedule_and_that_before_on_data() -> None:
    seen = []

    def enter(a: QCAlgorithm) -> None:
        a.market_on_open_order("A", 10)

    def hear(a: QCAlgorithm, event: OrderEvent) -> None:
        if event.status == OrderStatus.FILLED:
            seen.append(("fill", a.time.hour, event.utc_time.hour, len(a.slices)))

    steps = {"2024-01-02": enter, "2024-01-03 16:00": lambda _: seen.append("schedule"), "2024-01-03": lambda _: seen.append("data")}
    run(world({"A": RISE}), steps, hear)
    assert seen == [("fill", 16, 21, 1), "schedule", "data"]


def test_a_slice_that_is_kept_does_not_change() -> None:
    slices = run(world({"A": RISE}), {}).algorithm.slices
    assert [data.bars["A"].open for data in slices] == [10, 12, 14, 16]


# §4: corporate actions.


def test_a_dividend_is_paid_at_midnight_and_shorts_pay_it() -> None:
    def send(a: QCAlgorithm) -> None:
        a.market_on_open_order("A", 100)
        a.market_on_open_order("LAST", -100)

    events = [("2024-01-04", "A", "dividend", 0.13), ("2024-01-04", "LAST", "dividend", 0.05)]
    result = run(world({"A": [FLAT] * 4}, events), {"2024-01-02 16:30": send})
    assert result.daily["cash"].tolist() == [100_000, 99_998, 100_006, 100_006]
    night = result.algorithm.slices[2]
    assert night.time == datetime(2024, 1, 4) and night.bars.count == 0 and night.dividends["A"].distribution == 0.13


def test_a_split_truncates_shares_pays_the_fraction_and_moves_open_orders() -> None:
    bars: list[Bar] = [FLAT, FLAT, (30, 31, 29, 30), (30, 31, 29, 30)]

    def send(a: QCAlgorithm) -> None:
        a.market_on_open_order("A", 100)

    def more(a: QCAlgorithm) -> None:
        a.stop_market_order("A", -100, 9.0)
        a.market_on_open_order("A", 50)

    seen = []
    steps = {"2024-01-02 16:30": send, "2024-01-03 16:30": more, "2024-01-04 08:00": lambda a: seen.append(a.securities["A"].price)}
    result = run(world({"A": bars}, [("2024-01-04", "A", "split", 3.0)]), steps)
    # 33 shares of 100 / 3 at an average of 30; a third of a share is paid at 10 * 3. Fifty become int(16.67).
    assert result.fills["quantity"].tolist() == [100, 16]
    assert result.account.cash.quantize(Decimal("1e-9")) == Decimal(100_000 - 1000 - 1 + 10 - 16 * 30 - 1)
    assert result.account.positions["A"] == (Decimal(49), Decimal(30))
    stop = result.account.open_orders[0]
    assert (stop.quantity, stop.stop_price) == (Decimal(-33), Decimal("27.00"))
    assert statuses(result, 2) == ["SUBMITTED", "UPDATE_SUBMITTED"] and seen == [30.0]
    kinds = [(f"{data.time:%d}", data.splits["A"].type.name) for data in result.algorithm.slices if data.splits]
    assert kinds == [("03", "WARNING"), ("04", "SPLIT_OCCURRED")]


@pytest.mark.parametrize("side", [1, -1])
def test_a_delisted_position_leaves_at_midnight_after_its_last_bar(side: int) -> None:
    bars: list[Bar] = [FLAT, FLAT, (8, 9, 7, 8.5)]
    steps = {
        "2024-01-02 16:30": lambda a: a.market_on_open_order("A", side * 100),
        "2024-01-03 16:30": lambda a: a.stop_market_order("A", -side * 100, 10.0 - side * 9.0 + 0.5),
        "2024-01-04 16:30": lambda a: a.market_on_open_order("LAST", 1),
        "2024-01-05 16:30": lambda a: setattr(a, "late", a.market_on_open_order("A", 1)),
    }
    result = run(world({"A": [*bars, None, None], "B": [FLAT] * 5}), steps)
    assert fills(result)[1:] == [(4, "01-05 00:00", -side * 100, 8.5), (3, "01-05 16:00", 1, 10.0)]
    assert result.fills["fee"].tolist() == [1.0, 0.0, 1.0] and result.order[4].tag == "Liquidate from delisting"
    assert statuses(result, 2)[-1] == "CANCELED" and statuses(result, 4) == ["FILLED"]
    assert result.algorithm.late.status == OrderStatus.INVALID and result.algorithm.securities["A"].is_delisted
    kinds = [(f"{data.time:%d %H}", data.delistings["A"].type.name) for data in result.algorithm.slices if data.delistings]
    assert kinds == [("04 00", "WARNING"), ("05 00", "DELISTED")]
    assert not result.algorithm.slices[-1].bars.contains_key("A")


# History (§9).


def test_history_ends_with_the_bar_of_the_day_and_fills_forward_from_the_first_bar_in_the_span() -> None:
    def ask(a: QCAlgorithm) -> None:
        symbols = [a.symbol("A"), a.symbol("LAST")]
        a.found = a.history(symbols, 3, Resolution.DAILY)
        a.bare = a.history(symbols, 3, Resolution.DAILY, fill_forward=False)
        a.dated = a.history(symbols, datetime(2024, 1, 3), datetime(2024, 1, 5), Resolution.DAILY)

    result = run(world({"A": [FLAT, None, RISE[0], None, None, FLAT]}), {"2024-01-08": ask})
    found, bare, dated = result.algorithm.found, result.algorithm.bare, result.algorithm.dated
    assert list(found.columns) == ["close", "high", "low", "open", "volume"] and found.index.names == ["symbol", "time"]
    a = found.loc[result.algorithm.symbol("A")]
    assert a["close"].tolist() == [10.5] * 3 and a["volume"].tolist() == [1000, 0, 0]
    assert a.index[-1] == datetime(2024, 1, 8, 16)
    assert len(bare.loc[result.algorithm.symbol("A")]) == 1
    assert [f"{time:%d}" for time in dated.loc[result.algorithm.symbol("LAST")].index] == ["03", "04"]


def test_history_in_the_morning_ends_with_the_day_before() -> None:
    def ask(a: QCAlgorithm) -> None:
        a.found = a.history(a.symbol("A"), 10, Resolution.DAILY)

    assert run(world({"A": RISE}), {"2024-01-04 08:00": ask}).algorithm.found["close"].tolist() == [10.5, 12.5]


def test_history_knows_the_splits_and_dividends_up_to_now() -> None:
    def ask(a: QCAlgorithm) -> None:
        a.splits = a.history(Split, [a.symbol("A"), a.symbol("LAST")], 10)
        a.dividends = a.history(Dividend, a.symbol("A"), datetime(2024, 1, 1), datetime(2024, 1, 31))

    events = [("2024-01-04", "A", "split", 0.5), ("2024-01-05", "A", "dividend", 0.1), ("2024-01-09", "A", "split", 4.0)]
    result = run(world({"A": [FLAT] * 7}, events), {"2024-01-05": ask})
    assert result.algorithm.splits["splitfactor"].tolist() == [0.5, 0.5]
    assert result.algorithm.splits["type"].tolist() == [SplitType.WARNING, SplitType.SPLIT_OCCURRED]
    assert result.algorithm.dividends["distribution"].tolist() == [0.1]


def test_typed_history_gives_dictionaries_of_bars_with_copies_of_volume_nothing() -> None:
    def ask(a: QCAlgorithm) -> None:
        symbols = [a.symbol("A"), a.symbol("LAST")]
        a.found = list(a.history[TradeBar](symbols, 3, Resolution.DAILY))
        a.bare = a.history[TradeBar](symbols, 3, Resolution.DAILY, fill_forward=False)

    result = run(world({"A": [FLAT, None, RISE[0], None, None, FLAT]}), {"2024-01-08": ask})
    a = result.algorithm.symbol("A")
    assert [(f"{bars[a].end_time:%d %H}", bars[a].close, bars[a].volume) for bars in result.algorithm.found] == [
        ("04 16", 10.5, 1000),
        ("05 16", 10.5, 0),
        ("08 16", 10.5, 0),
    ]
    assert [a in bars for bars in result.algorithm.bare] == [True, False, False]


def test_a_security_keeps_the_last_volume_that_was_not_nothing() -> None:
    """Neither the copy of a halted name nor a real bar of volume 0 moves it; both have a copy or a bar in the slice."""
    market = world({"A": [FLAT, None, FLAT, FLAT, FLAT], "NEW": [None, None, None, FLAT, FLAT]})
    market.volume[2, market.column["A"]] = 0.0
    market.volume[3, market.column["A"]] = 7.0
    market.last_traded = market.traded()
    seen: list[tuple[float, float, bool]] = []

    def look(a: QCAlgorithm) -> None:
        bar = a.current_slice.bars.get(a.symbol("A"))
        seen.append((a.securities["A"].volume, bar.volume, bar.is_fill_forward))
        assert (a.current_slice.bars.get(a.symbol("NEW")) is None) == (a.securities["NEW"].volume == 0)

    run(market, dict.fromkeys(DAYS[:5], look))
    assert seen == [(1000, 1000, False), (1000, 0, True), (1000, 0, False), (7, 7, False), (1000, 1000, False)]


# What a live broker does, and restarts.


def test_a_broker_can_refuse_cancel_and_fill_in_parts() -> None:
    def interfere(order: Order, moment: str) -> Refuse | Cancel | Partial | Wait | None:
        today = engine.feed.now.day
        answers = {
            (1, "submit"): Refuse("no shares to borrow"),
            (2, "submit"): Cancel(),
            (3, "fill"): Refuse("halted"),
            (4, "fill"): Cancel(),
            (5, "fill"): (Partial(4) if order.price == 0 else Wait()) if today == 3 else None,
        }
        return answers.get((order.id, moment))

    def send(a: QCAlgorithm) -> None:
        for _ in range(5):
            a.market_on_open_order("A", 10)

    kind = type("Case", (Script,), {"steps": {"2024-01-02 16:30": send}, "hears": None, "cash": 100_000})
    engine = Engine(world({"A": RISE}), interfere=interfere)
    result = engine.run(kind)
    assert [statuses(result, number) for number in range(1, 6)] == [
        ["INVALID"],
        ["SUBMITTED", "CANCELED"],
        ["SUBMITTED", "INVALID"],
        ["SUBMITTED", "CANCELED"],
        ["SUBMITTED", "PARTIALLY_FILLED", "FILLED"],
    ]
    assert fills(result)[0] == (5, "01-03 16:00", 4, 12.0) and sum(result.fills["quantity"]) == 10
    assert result.fills["fee"].tolist() == [0.0, 1.0]  # the fee comes with the completing fill


def test_a_restart_finds_cash_positions_and_open_orders_but_no_tags(tmp_path: Path) -> None:
    class Keeper(QCAlgorithm):
        def initialize(self) -> None:
            self.add_equity("A", Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW)
            assert not self.portfolio.invested and not self.transactions.get_open_orders()
            self.schedule.on(self.date_rules.every_day("A"), self.time_rules.at(16, 30), self.decide)
            self.lives = int(self.object_store.read("lives")) if self.object_store.contains_key("lives") else 0
            self.object_store.save("lives", str(self.lives + 1))

        def on_warmup_finished(self) -> None:
            self.found = [(order.id, order.quantity, order.tag) for order in self.transactions.get_open_orders()]
            self.held = self.portfolio["A"].quantity, self.portfolio["A"].average_price, self.portfolio.total_portfolio_value

        def decide(self) -> None:
            if self.lives == 0:
                self.market_on_open_order("A", 10, tag="first" if self.time.day == 2 else "second")
                if self.time.day == 2:
                    self.stop_market_order("A", -10, 5.0, tag="stop")

    market = world({"A": RISE})
    first = Engine(market, object_store=tmp_path, live=True, first=date(2024, 1, 2), last=date(2024, 1, 3)).run(Keeper)
    assert first.orders["tag"].tolist() == ["first", "stop", "second"]  # live, the last evening decides too
    assert first.account.open_orders == (
        OpenOrder("A", OrderType.STOP_MARKET, Decimal(-10), Decimal("5.00")),
        OpenOrder("A", OrderType.MARKET_ON_OPEN, Decimal(10), None),
    )
    second = Engine(market, object_store=tmp_path, live=True, first=date(2024, 1, 4), account=first.account).run(Keeper)
    assert second.algorithm.lives == 1 and second.algorithm.live_mode
    assert second.algorithm.found == [(1, -10.0, ""), (2, 10.0, "")]
    assert second.algorithm.held == (10.0, 12.0, float(first.account.cash) + 10 * 12.5)
    assert fills(second) == [(2, "01-04 16:00", 10, 14.0)] and second.account.positions["A"] == (Decimal(20), Decimal(13))


def test_it_starts_with_an_account_of_its_own_choosing() -> None:
    account = Account(Decimal(500), {"A": (Decimal(7), Decimal(9))})
    kind = type("Case", (Script,), {"steps": {}, "hears": None, "cash": 1})
    result = Engine(world({"A": RISE}), live=True, first=date(2024, 1, 3), last=date(2024, 1, 3), account=account).run(kind)
    assert result.daily["equity"].tolist() == [500 + 7 * 12.5]


# The surface.


def test_parameters_take_the_type_of_their_default_and_unknown_names_are_errors() -> None:
    class Ask(QCAlgorithm):
        def initialize(self) -> None:
            assert self.get_parameter("slots", 20) == 5 and self.get_parameter("stop", 0.1) == 0.05
            assert self.get_parameter("slots") == "5" and self.get_parameter("none") is None
            assert {pair.key: pair.value for pair in self.get_parameters()} == {"slots": "5", "stop": "0.05"}
            self.add_equity("A", Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW)
            for name in ("set_leverage", "Portfolio", "rolling"):
                with pytest.raises(AttributeError):
                    getattr(self, name)
            with pytest.raises(AttributeError):
                self.settings.daily_precise_time = True
            with pytest.raises(AttributeError):
                self.securities["A"].sector  # noqa: B018
            with pytest.raises(NotImplementedError):
                self.add_equity("B")  # adjusted minute bars
            assert self.market_on_open_order("A", 1).status == OrderStatus.INVALID
            self.quit("seen enough")

    result = Engine(world({"A": RISE}), parameters={"slots": "5", "stop": "0.05"}).run(Ask)
    assert result.quit_message == "seen enough" and result.daily.empty


def test_calendar_questions() -> None:
    def ask(a: QCAlgorithm) -> None:
        hours = a.securities["A"].exchange.hours
        assert hours.get_next_trading_day(datetime(2024, 1, 12)) == datetime(2024, 1, 16)  # over Martin Luther King's day
        assert not hours.is_date_open(datetime(2024, 1, 15)) and hours.is_date_open(date(2024, 1, 16))
        assert a.securities["A"].exchange.exchange_open

    run(world({"A": RISE}), {"2024-01-03 12:00": ask})


def test_the_index_comes_at_a_quarter_past_four() -> None:
    class Watch(QCAlgorithm):
        def initialize(self) -> None:
            self.set_start_date(2024, 1, 2)
            self.vix = self.add_index("VIX", Resolution.DAILY).symbol
            self.seen: list[tuple[str, float]] = []

        def on_data(self, data: Slice) -> None:
            if data.contains_key(self.vix):
                self.seen.append((f"{self.time:%d %H:%M}", data[self.vix].close))

    vix = pd.Series([13.0, 14.0], index=pd.to_datetime(DAYS[:2]))
    assert Engine(world({"A": RISE[:2]}, vix=vix)).run(Watch).algorithm.seen == [("02 16:15", 13.0), ("03 16:15", 14.0)]


def test_names_come_and_go() -> None:
    class Watch(QCAlgorithm):
        def initialize(self) -> None:
            self.set_start_date(2024, 1, 2)
            self.add_equity("LAST", Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW)
            self.schedule.on(self.date_rules.every_day("LAST"), self.time_rules.at(16, 30), self.decide)
            self.changes: list[tuple[int, list[str], list[str]]] = []
            self.counts: list[int] = []

        def decide(self) -> None:
            if self.time.day == 2:
                self.add_equity("A", Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW)
                assert self.securities["A"].price == 0  # its first bar is tomorrow's
            elif self.time.day == 4:
                self.remove_security("A")

        def on_securities_changed(self, changes: Any) -> None:
            added, removed = ([s.symbol.value for s in some] for some in (changes.added_securities, changes.removed_securities))
            self.changes.append((self.time.day, added, removed))

        def on_data(self, data: Slice) -> None:
            self.counts.append(data.bars.count)

    seen = Engine(world({"A": RISE})).run(Watch).algorithm
    assert seen.counts == [1, 2, 2, 1]
    assert seen.changes == [(2, ["LAST"], []), (3, ["A"], []), (5, [], ["A"])]


def test_a_margin_call_is_warned_of_and_not_passed_over() -> None:
    class Deep(Script):
        warned = 0

        def on_margin_call_warning(self) -> None:
            self.warned += 1

    steps = {"2024-01-02 16:30": lambda a: a.market_on_open_order("A", 19_900)}
    kind = type("Case", (Deep,), {"steps": steps, "hears": None, "cash": 100_000})
    assert Engine(world({"A": [FLAT] * 3})).run(kind).algorithm.warned > 0
    with pytest.raises(NotImplementedError, match="margin call"):
        Engine(world({"A": [FLAT, FLAT, (5, 5, 5, 5.2)]})).run(kind)


# The recorded orders of the real engine, sent again: the same fills and the same account.


class Replay(QCAlgorithm):
    """Sends recorded orders on their days; a recorded resting stop when its entry fills. It decides nothing."""

    said: Mapping[str, Any]
    decided: Mapping[str, list[tuple[int, str, str]]]
    stops: Mapping[tuple[str, str], tuple[int, float]]

    def initialize(self) -> None:
        self.set_start_date(date.fromisoformat(self.said["start"]))
        self.set_end_date(date.fromisoformat(self.said["end"]))
        self.set_cash(self.said["cash"])
        for name in self._engine.world.symbols:
            self.add_equity(name, Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW)
        self.schedule.on(self.date_rules.every_day(name), self.time_rules.at(16, 30), self.decide)
        self.resting: dict[Symbol, OrderTicket] = {}
        self.entries: list[OrderTicket] = []
        self.account: list[tuple[str, float, float]] = []

    def decide(self) -> None:
        today = f"{self.time:%Y-%m-%d}"
        self.account.append((today, self.portfolio.total_portfolio_value, self.portfolio.cash))
        for ticket in self.entries if self.said["entry_life"] else ():
            ticket.cancel()
        self.entries = []
        for quantity, name, reason in self.decided.get(today, ()):
            symbol = self.symbol(name)
            if reason == "time_stop" and symbol in self.resting:
                self.resting.pop(symbol).cancel()
            ticket = self.market_on_open_order(symbol, quantity, tag=reason)
            self.entries += [ticket] * (reason == "entry")

    def on_order_event(self, event: OrderEvent) -> None:
        if event.status != OrderStatus.FILLED:
            return
        tag = self.transactions.get_order_by_id(event.order_id).tag
        stop = self.stops.get((event.symbol.value, f"{self.time:%Y-%m-%d}"))
        if tag == "entry" and stop is not None:
            self.resting[event.symbol] = self.stop_market_order(event.symbol, *stop, tag="stop_loss")
        elif event.symbol in self.resting and event.order_id == self.resting[event.symbol].order_id:
            del self.resting[event.symbol]


@pytest.mark.parametrize("name", recorded.EVERY)
def test_recorded_orders_give_the_recorded_fills_and_account(name: str) -> None:
    known = recorded.recorded(name)
    orders = known.table("orders")
    decided: dict[str, list[tuple[int, str, str]]] = {}
    stops = {}
    for order in orders.itertuples():
        if order.reason.startswith("resting_stop@"):
            stops[order.symbol, order.decided] = (order.quantity, float(order.reason.removeprefix("resting_stop@")))
        else:
            decided.setdefault(order.decided, []).append((order.quantity, order.symbol, order.reason))
    result = Engine(replays.golden_world(name)).run(type("Recorded", (Replay,), {"said": known.said, "decided": decided, "stops": stops}))

    sent = result.orders[result.orders["tag"] != "Liquidate from delisting"]
    assert sent["order_id"].tolist() == orders["order_id"].tolist()
    assert "INVALID" not in set(sent["status"])

    expected = known.table("fills", parse_dates=["time"])
    for column in ("order_id", "symbol", "quantity", "time"):
        assert result.fills[column].tolist() == expected[column].tolist(), column
    assert result.fills["tag"].tolist() == expected["reason"].tolist()
    for column in ("price", "fee"):
        assert np.abs(result.fills[column] - expected[column]).max() <= 1e-9, column

    account, rows = pd.DataFrame(result.algorithm.account, columns=["date", "equity", "cash"]), known.table("daily")
    assert account["date"].tolist() == rows["date"].tolist()
    for column in ("equity", "cash"):
        assert np.abs(account[column] - rows[column]).max() <= 1e-6, column
