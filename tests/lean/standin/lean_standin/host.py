"""What an algorithm finds around it: settings, the object store, the schedule, the orders."""

from array import array
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lean_standin.data import Symbol
from lean_standin.hours import MIDNIGHT, OPENING, SecurityExchangeHours, closing
from lean_standin.names import DataNormalizationMode, Resolution
from lean_standin.orders import Order, OrderTicket

if TYPE_CHECKING:
    from lean_standin.engine import Engine

DateRule = Callable[[date], bool]
TimeRule = Callable[[date], datetime]
HOURS = SecurityExchangeHours()


class Settings:
    """Attributes that exist and no others: a mistyped setting is an error, as it is in LEAN."""

    def __setattr__(self, name: str, value: object) -> None:
        if not hasattr(type(self), name):
            raise AttributeError(f"{type(self).__name__} has no {name}")
        object.__setattr__(self, name, value)


class AlgorithmSettings(Settings):
    daily_precise_end_time = True
    seed_initial_prices = False
    free_portfolio_value_percentage = 0.0025
    free_portfolio_value: float | None = None
    minimum_order_margin_portfolio_percentage = 0.001
    stale_price_time_span = timedelta(hours=1)
    liquidate_enabled = True
    trading_days_per_year: int | None = None
    automatic_indicator_warm_up = False


class UniverseSettings(Settings):
    resolution = Resolution.MINUTE
    leverage = 2.0
    fill_forward = True
    extended_market_hours = False
    minimum_time_in_universe = timedelta(days=1)
    data_normalization_mode = DataNormalizationMode.ADJUSTED
    asynchronous: bool | None = None


class ObjectStore:
    """Files of a folder by key. `read_bytes` gives an array of bytes that must be made `bytes`, as LEAN's does.

    What is saved stays in memory until the engine writes it, as LEAN's timer does, or a path is asked for
    (LocalObjectStore.cs): a run that crashes between the two leaves the older file.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._pending: dict[str, bytes] = {}

    def _persist(self) -> None:
        """Writes what is pending."""
        for path, contents in self._pending.items():
            self._path(path).parent.mkdir(parents=True, exist_ok=True)
            self._path(path).write_bytes(contents)
        self._pending.clear()

    def _path(self, key: str) -> Path:
        if self._folder is None:
            raise ValueError("the engine was given no folder for its object store")
        return self._folder / key

    def _existing(self, key: str) -> Path:
        if not self._path(key).is_file():
            raise KeyError(f"Object with path '{key}' was not found in the current project")
        return self._path(key)

    @property
    def keys(self) -> list[str]:
        if self._folder is None:
            return []
        self._persist()
        return sorted(str(path.relative_to(self._folder)) for path in self._folder.rglob("*") if path.is_file())

    def contains_key(self, path: str) -> bool:
        return path in self._pending or (self._folder is not None and self._path(path).is_file())

    def read(self, path: str) -> str:
        return self._pending[path].decode() if path in self._pending else self._existing(path).read_text()

    def read_bytes(self, path: str) -> "array[int]":
        return array("B", self._pending[path] if path in self._pending else self._existing(path).read_bytes())

    def save(self, path: str, text: str) -> bool:
        return self.save_bytes(path, text.encode())

    def save_bytes(self, path: str, contents: bytes) -> bool:
        self._path(path)
        self._pending[path] = bytes(contents)
        return True

    def delete(self, path: str) -> bool:
        found = self.contains_key(path)
        self._pending.pop(path, None)
        self._path(path).unlink(missing_ok=True)
        return found

    def get_file_path(self, path: str) -> str:
        self._persist()
        return str(self._existing(path))


class DateRules:
    """`every_day()` is every calendar day, `every_day(symbol)` every session of its exchange."""

    def every_day(self, symbol: Symbol | str | None = None, extended_market_hours: bool = False) -> DateRule:
        return (lambda _: True) if symbol is None else HOURS.is_date_open

    def on(self, year: int, month: int, day: int) -> DateRule:
        return lambda other: other == date(year, month, day)


class TimeRules:
    """Moments of a day, New York."""

    def at(self, hour: int, minute: int, second: int = 0) -> TimeRule:
        return lambda day: datetime.combine(day, MIDNIGHT) + timedelta(hours=hour, minutes=minute, seconds=second)

    @property
    def midnight(self) -> TimeRule:
        return self.at(0, 0)

    def after_market_close(self, symbol: Symbol | str, minutes_after_close: float = 0) -> TimeRule:
        return lambda day: closing(day) + timedelta(minutes=minutes_after_close)

    def before_market_close(self, symbol: Symbol | str, minutes_before_close: float = 0) -> TimeRule:
        return lambda day: closing(day) - timedelta(minutes=minutes_before_close)

    def after_market_open(self, symbol: Symbol | str, minutes_after_open: float = 0) -> TimeRule:
        return lambda day: datetime.combine(day, OPENING) + timedelta(minutes=minutes_after_open)


class ScheduledEvent:
    """One entry of the schedule."""

    def __init__(self, name: str, dates: DateRule, times: TimeRule, callback: Callable[[], Any], since: datetime) -> None:
        self.name = name
        self.dates = dates
        self.times = times
        self.callback = callback
        self.since = since


class ScheduleManager:
    """`schedule.on(date_rule, time_rule, callback)`, with a name in front if wanted."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    def on(self, *arguments: Any) -> ScheduledEvent:
        name, dates, times, callback = arguments if len(arguments) == 4 else ("event", *arguments)
        return self._engine.schedule(ScheduledEvent(name, dates, times, callback, self._engine.feed.now))

    def remove(self, scheduled_event: ScheduledEvent) -> None:
        self._engine.unschedule(scheduled_event)


class SecurityTransactionManager:
    """Orders and tickets by id or symbol."""

    def __init__(self, engine: "Engine") -> None:
        self._broker = engine.broker

    def get_order_by_id(self, order_id: int) -> Order | None:
        return self._broker.orders.get(order_id)

    def get_order_ticket(self, order_id: int) -> OrderTicket | None:
        return self._broker.tickets.get(order_id)

    def get_order_tickets(self, filter: Callable[[OrderTicket], bool] | None = None) -> list[OrderTicket]:  # noqa: A002
        return [ticket for ticket in self._broker.tickets.values() if filter is None or filter(ticket)]

    def get_open_orders(self, symbol: Symbol | str | Callable[[Order], bool] | None = None) -> list[Order]:
        return [order for order in self._broker.open.values() if _wanted(order, symbol)]

    def get_open_order_tickets(self, symbol: Symbol | str | Callable[[OrderTicket], bool] | None = None) -> list[OrderTicket]:
        tickets = [self._broker.tickets[number] for number in self._broker.open]
        return [ticket for ticket in tickets if _wanted(ticket, symbol)]

    def cancel_order(self, order_id: int, order_tag: str | None = None) -> OrderTicket:
        ticket = self._broker.tickets[order_id]
        ticket.cancel(order_tag)
        return ticket

    def cancel_open_orders(self, symbol: Symbol | str | None = None, tag: str | None = None) -> list[OrderTicket]:
        tickets = self.get_open_order_tickets(symbol)
        for ticket in tickets:
            ticket.cancel(tag)
        return tickets

    @property
    def last_order_id(self) -> int:
        return self._broker.last_id

    @property
    def orders_count(self) -> int:
        return len(self._broker.orders)


def _wanted(order: Any, chosen: Any) -> bool:
    if chosen is None:
        return True
    return bool(chosen(order)) if callable(chosen) else order.symbol == chosen
