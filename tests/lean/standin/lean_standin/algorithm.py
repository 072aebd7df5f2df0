"""QCAlgorithm as far as a daily equity algorithm uses it. It only asks the engine; what is not here raises AttributeError."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, overload

from lean_standin.data import Slice, Symbol
from lean_standin.history import History
from lean_standin.host import (
    AlgorithmSettings,
    DateRules,
    ObjectStore,
    ScheduleManager,
    SecurityTransactionManager,
    TimeRules,
    UniverseSettings,
)
from lean_standin.hours import MIDNIGHT
from lean_standin.names import BrokerageName, DataNormalizationMode, Resolution
from lean_standin.orders import OrderEvent, OrderProperties, OrderTicket
from lean_standin.securities import ManagedDictionary, Security, SecurityChanges, SecurityManager, SecurityPortfolioManager

if TYPE_CHECKING:
    from lean_standin.engine import Engine


class QCAlgorithm:
    """Base of an algorithm. The engine binds itself before `initialize` runs."""

    _engine: "Engine"

    # What the engine calls; subclasses replace them.

    def initialize(self) -> None:
        raise NotImplementedError("an algorithm needs initialize")

    def on_data(self, slice: Slice) -> None:  # noqa: A002
        pass

    def on_order_event(self, order_event: OrderEvent) -> None:
        pass

    def on_securities_changed(self, changes: SecurityChanges) -> None:
        pass

    def on_splits(self, splits: Any) -> None:
        pass

    def on_dividends(self, dividends: Any) -> None:
        pass

    def on_delistings(self, delistings: Any) -> None:
        pass

    def on_margin_call_warning(self) -> None:
        pass

    def on_margin_call(self, requests: list[Any]) -> list[Any]:
        return requests

    def on_warmup_finished(self) -> None:
        pass

    def on_end_of_algorithm(self) -> None:
        pass

    # Set-up.

    @overload
    def set_start_date(self, year: int, month: int, day: int) -> None: ...
    @overload
    def set_start_date(self, year: date) -> None: ...
    def set_start_date(self, year: int | date, month: int = 0, day: int = 0) -> None:
        self._engine.set_start(_as_date(year, month, day))

    @overload
    def set_end_date(self, year: int, month: int, day: int) -> None: ...
    @overload
    def set_end_date(self, year: date) -> None: ...
    def set_end_date(self, year: int | date, month: int = 0, day: int = 0) -> None:
        self._engine.set_end(_as_date(year, month, day))

    def set_cash(self, starting_cash: float) -> None:
        self._engine.set_cash(starting_cash)

    def set_time_zone(self, time_zone: str) -> None:
        if time_zone != "America/New_York":
            raise NotImplementedError("the stand-in keeps New York time only, LEAN's default")

    def set_name(self, name: str) -> None:
        self._engine.name = name

    def set_benchmark(self, benchmark: Any) -> None:
        """Taken and left: a benchmark changes statistics, nothing that trades."""

    def set_brokerage_model(self, brokerage: Any, account_type: Any = None) -> None:
        raise NotImplementedError("the stand-in knows the default brokerage model only")

    def set_warm_up(self, *arguments: Any) -> None:
        raise NotImplementedError("the stand-in has no warm-up: ask history")

    def get_parameter(self, name: str, default_value: Any = None) -> Any:
        """The parameter as the type of its default: text without one, None if it is not set."""
        said = self._engine.parameters.get(name)
        if said is None:
            return default_value
        return type(default_value)(said) if isinstance(default_value, int | float) else said

    def get_parameters(self) -> ManagedDictionary[str]:
        return ManagedDictionary(dict(self._engine.parameters))

    # Subscriptions.

    def add_equity(
        self,
        ticker: str,
        resolution: Resolution | None = None,
        market: str | None = None,
        fill_forward: bool = True,
        leverage: float = 0.0,
        extended_market_hours: bool = False,
        data_normalization_mode: DataNormalizationMode | None = None,
    ) -> Security:
        chosen = self.universe_settings.resolution if resolution is None else resolution
        mode = self.universe_settings.data_normalization_mode if data_normalization_mode is None else data_normalization_mode
        if (chosen, mode, fill_forward, leverage or 2.0) != (Resolution.DAILY, DataNormalizationMode.RAW, True, 2.0):
            raise NotImplementedError("the stand-in has daily, raw, filled-forward equities at leverage 2 only")
        return self._engine.add_equity(ticker)

    def add_data(
        self,
        type: type,  # noqa: A002
        ticker: str,
        resolution: Resolution | None = None,
        time_zone: Any = None,
        fill_forward: bool = False,
    ) -> Security:
        if fill_forward or time_zone not in (None, "America/New_York") or resolution not in (None, Resolution.DAILY):
            raise NotImplementedError("the stand-in has daily custom data in New York time, without fill-forward")
        return self._engine.add_data(type, ticker)

    def add_index(
        self, ticker: str, resolution: Resolution | None = None, market: str | None = None, fill_forward: bool = True
    ) -> Security:
        if resolution != Resolution.DAILY:
            raise NotImplementedError("the stand-in has daily indices only")
        return self._engine.add_index(ticker)

    def remove_security(self, symbol: Symbol | str, tag: str | None = None) -> bool:
        return self._engine.remove_security(self.symbol(symbol))

    def symbol(self, ticker: Symbol | str) -> Symbol:
        """The symbol of a ticker that was added."""
        return ticker if isinstance(ticker, Symbol) else self.securities[ticker].symbol

    @property
    def history(self) -> History:
        """`history([type,] symbols, periods | timedelta | start, end [, resolution])`, `history[type](...)`: see history.py."""
        return self._engine.history

    # Orders; the third argument of each is `asynchronous`, as in LEAN since 2025.

    def market_on_open_order(self, symbol: Any, quantity: float, asynchronous: bool = False, tag: str = "") -> OrderTicket:
        return self._engine.broker.market_on_open(symbol, quantity, _flag(asynchronous), tag)

    def market_on_close_order(self, symbol: Any, quantity: float, asynchronous: bool = False, tag: str = "") -> OrderTicket:
        return self._engine.broker.market_on_close(symbol, quantity, _flag(asynchronous), tag)

    def market_order(self, symbol: Any, quantity: float, asynchronous: bool = False, tag: str = "") -> OrderTicket:
        return self._engine.broker.market(symbol, quantity, _flag(asynchronous), tag)

    def stop_market_order(
        self,
        symbol: Any,
        quantity: float,
        stop_price: float,
        asynchronous: bool = False,
        tag: str = "",
        order_properties: OrderProperties | None = None,
    ) -> OrderTicket:
        return self._engine.broker.stop_market(symbol, quantity, stop_price, _flag(asynchronous), tag, order_properties)

    def liquidate(self, symbol: Any = None, asynchronous: bool = False, tag: str | None = None) -> list[OrderTicket]:
        return self._engine.broker.liquidate(symbol, _flag(asynchronous), "Liquidated" if tag is None else tag)

    # Output.

    def plot(self, chart: str, series: Any, value: float | None = None) -> None:
        self._engine.plot(chart, series, value)

    def log(self, message: Any) -> None:
        self._engine.note("log", message)

    def debug(self, message: Any) -> None:
        self._engine.note("debug", message)

    def error(self, message: Any) -> None:
        self._engine.note("error", message)

    def set_runtime_statistic(self, name: str, value: Any) -> None:
        self._engine.statistics[name] = str(value)

    def set_summary_statistic(self, name: str, value: Any) -> None:
        self._engine.statistics[name] = str(value)

    def quit(self, message: str = "") -> None:
        self._engine.quit(message)

    # State.

    @property
    def time(self) -> datetime:
        return self._engine.feed.now

    @property
    def utc_time(self) -> datetime:
        return self._engine.utc_now

    @property
    def start_date(self) -> datetime:
        return datetime.combine(self._engine.start, MIDNIGHT)

    @property
    def end_date(self) -> datetime:
        return datetime.combine(self._engine.end, MIDNIGHT) + timedelta(days=1, microseconds=-1)

    @property
    def live_mode(self) -> bool:
        return self._engine.live

    @property
    def brokerage_name(self) -> BrokerageName:
        return self._engine.brokerage

    @property
    def is_warming_up(self) -> bool:
        return False

    @property
    def algorithm_id(self) -> str:
        return self._engine.name

    @property
    def settings(self) -> AlgorithmSettings:
        return self._engine.settings

    @property
    def universe_settings(self) -> UniverseSettings:
        return self._engine.universe_settings

    @property
    def securities(self) -> SecurityManager:
        return self._engine.security_manager

    @property
    def portfolio(self) -> SecurityPortfolioManager:
        return self._engine.portfolio

    @property
    def transactions(self) -> SecurityTransactionManager:
        return self._engine.transactions

    @property
    def object_store(self) -> ObjectStore:
        return self._engine.object_store

    @property
    def schedule(self) -> ScheduleManager:
        return self._engine.schedule_manager

    @property
    def date_rules(self) -> DateRules:
        return DateRules()

    @property
    def time_rules(self) -> TimeRules:
        return TimeRules()

    @property
    def current_slice(self) -> Slice:
        return self._engine.current_slice


def _flag(asynchronous: bool) -> bool:
    if not isinstance(asynchronous, bool):
        raise TypeError(f"No method matches given arguments: asynchronous is a bool, was {asynchronous!r}; name the tag")
    return asynchronous


def _as_date(year: int | date, month: int, day: int) -> date:
    if isinstance(year, datetime):
        return year.date()
    return year if isinstance(year, date) else date(year, month, day)
