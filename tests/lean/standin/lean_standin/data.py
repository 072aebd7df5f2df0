"""What arrives in a slice: symbols, bars, splits, dividends, delistings and custom data."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import total_ordering
from typing import Any, Generic, NamedTuple, TypeVar

from lean_standin.names import DelistingType, FileFormat, SecurityType, SplitType, SubscriptionTransportMedium

Value = TypeVar("Value")


@total_ordering
class Symbol:
    """Identity of a security. Compares and hashes by its id; `str` and `.value` give the ticker."""

    __slots__ = ("_hash", "id", "security_type", "value")

    def __init__(self, value: str, security_type: SecurityType = SecurityType.EQUITY) -> None:
        object.__setattr__(self, "value", value.upper())
        object.__setattr__(self, "security_type", security_type)
        object.__setattr__(self, "id", SecurityIdentifier(value.upper(), security_type))
        object.__setattr__(self, "_hash", hash(self.id))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Symbol cannot be changed: {name}")

    @staticmethod
    def create(ticker: str, security_type: SecurityType, market: str) -> "Symbol":  # noqa: ARG004
        return Symbol(ticker, security_type)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Symbol):
            return self.id == other.id
        return isinstance(other, str) and other.upper() in (self.value, str(self.id))

    def __lt__(self, other: "Symbol") -> bool:
        return self.value < other.value

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return self.value

    def __reduce__(self) -> tuple[Any, ...]:
        return Symbol, (self.value, self.security_type)


class SecurityIdentifier(NamedTuple):
    """The part of LEAN's SecurityIdentifier an algorithm prints or sorts by."""

    symbol: str
    security_type: SecurityType

    def __str__(self) -> str:
        return f"{self.symbol} R735QTJ8XC9X" if self.security_type == SecurityType.EQUITY else f"{self.symbol} 2S"


class BaseData:
    """A datum with a start, an end and a value."""

    def __init__(self) -> None:
        self.symbol: Symbol | None = None
        self.time: datetime = datetime.min  # noqa: DTZ901 - LEAN's times are naive, in the algorithm's zone
        self._end_time: datetime | None = None
        self.value: float = 0.0
        self.is_fill_forward = False

    @property
    def end_time(self) -> datetime:
        return self._end_time if self._end_time is not None else self.time

    @end_time.setter
    def end_time(self, moment: datetime) -> None:
        self._end_time = moment

    @property
    def price(self) -> float:
        return self.value


class TradeBar:
    """A daily bar: 09:30 to the close of the session (lean.md §1)."""

    __slots__ = ("close", "end_time", "high", "is_fill_forward", "low", "open", "symbol", "time", "volume")

    def __init__(
        self,
        symbol: Symbol,
        time: datetime,
        end_time: datetime,
        open: float,  # noqa: A002
        high: float,
        low: float,
        close: float,
        volume: float,
        is_fill_forward: bool,
    ) -> None:
        self.symbol = symbol
        self.time = time
        self.end_time = end_time
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.is_fill_forward = is_fill_forward

    @property
    def value(self) -> float:
        return self.close

    @property
    def price(self) -> float:
        return self.close

    @property
    def period(self) -> timedelta:
        return self.end_time - self.time


class Split(BaseData):
    """`split_factor` is old shares per new share: 0.25 for a 4-for-1."""

    def __init__(self, symbol: Symbol, date: datetime, price: float, split_factor: float, type: SplitType) -> None:  # noqa: A002
        super().__init__()
        self.symbol, self.time, self.value = symbol, date, price
        self.split_factor = split_factor
        self.reference_price = price
        self.type = type


class Dividend(BaseData):
    """`distribution` is dollars a share."""

    def __init__(self, symbol: Symbol, date: datetime, distribution: float, reference_price: float) -> None:
        super().__init__()
        self.symbol, self.time, self.value = symbol, date, distribution
        self.distribution = distribution
        self.reference_price = reference_price


class Delisting(BaseData):
    """A warning at midnight of the last trading day, DELISTED at the midnight after it."""

    def __init__(self, symbol: Symbol, date: datetime, price: float, type: DelistingType) -> None:  # noqa: A002
        super().__init__()
        self.symbol, self.time, self.value = symbol, date, price
        self.type = type
        self.ticket = None


class SubscriptionDataSource:
    """Where the lines of a custom type come from."""

    def __init__(
        self,
        source: str,
        transport_medium: SubscriptionTransportMedium = SubscriptionTransportMedium.LOCAL_FILE,
        format: FileFormat = FileFormat.CSV,  # noqa: A002
    ) -> None:
        self.source = source
        self.transport_medium = transport_medium
        self.format = format


class SubscriptionDataConfig(NamedTuple):
    """What `get_source` and `reader` are told about the subscription."""

    symbol: Symbol
    resolution: int
    type: type

    @property
    def mapped_symbol(self) -> str:
        return self.symbol.value


class PythonData(BaseData):
    """Base of custom types: subclasses give `get_source` and `reader`; extra fields go in by `data["Name"] = x`."""

    def __init__(self) -> None:
        super().__init__()
        self._fields: dict[str, Any] = {}

    def get_source(self, config: SubscriptionDataConfig, date: datetime, is_live_mode: bool) -> SubscriptionDataSource:
        raise NotImplementedError("a custom type needs get_source")

    def reader(self, config: SubscriptionDataConfig, line: str, date: datetime, is_live_mode: bool) -> BaseData | None:
        raise NotImplementedError("a custom type needs reader")

    def __setitem__(self, name: str, value: Any) -> None:
        self._fields[name.lower()] = value

    def __getitem__(self, name: str) -> Any:
        return self._fields[name.lower()]

    def __getattr__(self, name: str) -> Any:
        """A field set by name reads as an attribute too."""
        fields = self.__dict__.get("_fields", {})
        if name.lower() not in fields:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return fields[name.lower()]

    def get_property(self, name: str) -> Any:
        return self._fields[name.lower()]

    def _columns(self) -> dict[str, Any]:
        """What `history` makes columns of."""
        return {**self._fields, "value": self.value}


class DataDictionary(dict[Symbol, Value], Generic[Value]):
    """LEAN's dictionary by symbol: python's, and `contains_key`, `count`, `try_get_value`; a ticker finds its symbol."""

    def _key(self, key: Any) -> Symbol:
        return key if isinstance(key, Symbol) else Symbol(key)

    def __getitem__(self, key: Any) -> Value:
        return super().__getitem__(self._key(key))

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self._key(key))

    def get(self, key: Any, default_value: Any = None) -> Any:
        return super().get(self._key(key), default_value)

    def contains_key(self, key: Any) -> bool:
        return key in self

    def try_get_value(self, key: Any) -> tuple[bool, Value | None]:
        return (True, self[key]) if key in self else (False, None)

    @property
    def count(self) -> int:
        return len(self)


class TradeBars:
    """The bars of one slice by symbol; they are made when one is asked for."""

    def __init__(self, columns: dict[Symbol, int], read: Callable[[list[int]], list[tuple[Any, ...]]]) -> None:
        self._symbols = columns
        self._read = read
        self._made: dict[Symbol, TradeBar] | None = None

    def _key(self, key: Any) -> Symbol:
        return key if isinstance(key, Symbol) else Symbol(key)

    @property
    def _bars(self) -> "dict[Symbol, TradeBar]":
        if self._made is None:
            values = self._read(list(self._symbols.values()))
            self._made = {symbol: TradeBar(symbol, *fields) for symbol, fields in zip(self._symbols, values, strict=True)}
        return self._made

    def __getitem__(self, key: Any) -> TradeBar:
        symbol = self._key(key)
        if self._made is not None:
            return self._made[symbol]
        return TradeBar(symbol, *self._read([self._symbols[symbol]])[0])

    def get(self, key: Any, default_value: Any = None) -> Any:
        return self[key] if self._key(key) in self._symbols else default_value

    def __contains__(self, key: object) -> bool:
        return self._key(key) in self._symbols

    def contains_key(self, key: Any) -> bool:
        return key in self

    def __len__(self) -> int:
        return len(self._symbols)

    def __iter__(self) -> Iterator[Symbol]:
        return iter(self._symbols)

    @property
    def count(self) -> int:
        return len(self._symbols)

    def keys(self) -> list[Symbol]:
        return list(self._symbols)

    def values(self) -> list[TradeBar]:
        return list(self._bars.values())

    def items(self) -> list[tuple[Symbol, TradeBar]]:
        return list(self._bars.items())


NO_BARS = TradeBars({}, lambda _columns: [])


class Slice:
    """Everything that arrives at one moment."""

    def __init__(self, time: datetime, utc_time: datetime, bars: TradeBars = NO_BARS) -> None:
        self.time = time
        self.utc_time = utc_time
        self.bars = bars
        self.splits: DataDictionary[Split] = DataDictionary()
        self.dividends: DataDictionary[Dividend] = DataDictionary()
        self.delistings: DataDictionary[Delisting] = DataDictionary()
        self._custom: DataDictionary[Any] = DataDictionary()

    @property
    def has_data(self) -> bool:
        return bool(len(self.bars) or self.splits or self.dividends or self.delistings or self._custom)

    @property
    def count(self) -> int:
        return len(self.bars) + len(self._custom)

    def contains_key(self, key: Any) -> bool:
        return key in self

    def __contains__(self, key: object) -> bool:
        return key in self.bars or key in self._custom

    def __getitem__(self, key: Any) -> Any:
        found = self.get(key)
        if found is None:
            raise KeyError(f"'{key}' wasn't found in the Slice object, likely because there was no-data at this point in time")
        return found

    def get(self, key: Any, symbol: Any = None) -> Any:
        """`get(symbol)` is a bar or custom datum or None; `get(Type)` all of a type by symbol; `get(Type, symbol)` one of them."""
        if isinstance(key, type):
            found = self._of_type(key)
            return found if symbol is None else found.get(symbol)
        return self.bars.get(key) if key in self.bars else self._custom.get(key)

    def _of_type(self, kind: type) -> Any:
        named = {TradeBar: self.bars, Split: self.splits, Dividend: self.dividends, Delisting: self.delistings}
        if kind in named:
            return named[kind]
        return DataDictionary({symbol: datum for symbol, datum in self._custom.items() if isinstance(datum, kind)})

    def keys(self) -> list[Symbol]:
        return [*self.bars, *self._custom]
