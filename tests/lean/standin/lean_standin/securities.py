"""Securities, holdings and the account, exact in decimals inside and floats at the surface, as LEAN's Python bridge gives them."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from lean_standin.data import Symbol
from lean_standin.hours import SecurityExchangeHours
from lean_standin.names import SecurityType

if TYPE_CHECKING:
    from lean_standin.feed import Feed

Value = TypeVar("Value")
LEVERAGE = Decimal(2)  # equities at the default brokerage model (lean.md §3)
ZERO = Decimal(0)


class KeyValuePair:
    """What iterating one of LEAN's dictionaries yields; it does not unpack."""

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value


class ManagedDictionary(Generic[Value]):
    """A read-only dictionary of LEAN: `items()`, `keys()`, `values()`, and pairs when iterated. A ticker finds its symbol."""

    def __init__(self, data: dict[Any, Value]) -> None:
        self._data = data

    def _key(self, key: Any) -> Any:
        if isinstance(key, Symbol):
            return key
        return next((symbol for symbol in self._data if symbol == key), key)

    def __getitem__(self, key: Any) -> Value:
        found = self._data.get(self._key(key))
        if found is None:
            raise KeyError(f"'{key}' wasn't found: was it added?")
        return found

    def get(self, key: Any, default_value: Any = None) -> Any:
        return self._data.get(self._key(key), default_value)

    def __contains__(self, key: object) -> bool:
        return self._key(key) in self._data

    def contains_key(self, key: Any) -> bool:
        return key in self

    def __iter__(self) -> Iterator[KeyValuePair]:
        return iter([KeyValuePair(key, value) for key, value in self._data.items()])

    def __len__(self) -> int:
        return len(self._data)

    @property
    def count(self) -> int:
        return len(self._data)

    def keys(self) -> list[Any]:
        return list(self._data)

    def values(self) -> list[Value]:
        return list(self._data.values())

    def items(self) -> list[tuple[Any, Value]]:
        return list(self._data.items())


class SecurityExchange:
    """The exchange of a security at this moment."""

    def __init__(self, feed: "Feed") -> None:
        self._feed = feed
        self.hours = SecurityExchangeHours()

    @property
    def exchange_open(self) -> bool:
        return self.hours.is_open(self._feed.now)

    @property
    def local_time(self) -> datetime:
        return self._feed.now

    def date_is_open(self, date_to_check: datetime, extended_market_hours: bool = False) -> bool:
        return self.hours.is_date_open(date_to_check)

    def date_time_is_open(self, date_time: datetime) -> bool:
        return self.hours.is_open(date_time)


class SecurityHolding:
    """The position in one security."""

    def __init__(self, security: "Security") -> None:
        self._security = security
        self._quantity = ZERO
        self._average = ZERO
        self._fees = ZERO

    @property
    def symbol(self) -> Symbol:
        return self._security.symbol

    @property
    def quantity(self) -> float:
        return float(self._quantity)

    @property
    def absolute_quantity(self) -> float:
        return abs(self.quantity)

    @property
    def average_price(self) -> float:
        return float(self._average)

    @property
    def price(self) -> float:
        return self._security.price

    @property
    def invested(self) -> bool:
        return self._quantity != 0

    @property
    def is_long(self) -> bool:
        return self._quantity > 0

    @property
    def is_short(self) -> bool:
        return self._quantity < 0

    @property
    def holdings_value(self) -> float:
        return float(self._value())

    @property
    def absolute_holdings_value(self) -> float:
        return abs(self.holdings_value)

    @property
    def holdings_cost(self) -> float:
        return float(self._quantity * self._average)

    @property
    def unrealized_profit(self) -> float:
        return float(self._quantity * (self._security._price() - self._average))

    @property
    def total_fees(self) -> float:
        return float(self._fees)

    def _value(self) -> Decimal:
        return self._quantity * self._security._price()


class Security:
    """A subscribed name. Prices are 0 until its first bar arrived (lean.md §9)."""

    def __init__(self, symbol: Symbol, feed: "Feed", column: int | None) -> None:
        self.symbol = symbol
        self.exchange = SecurityExchange(feed)
        self.holdings = SecurityHolding(self)
        self.is_delisted = False
        self.is_tradable = symbol.security_type == SecurityType.EQUITY
        self.leverage = 2.0 if symbol.security_type == SecurityType.EQUITY else 1.0
        self._feed = feed
        self._column = column
        self._last: Any = None

    @property
    def type(self) -> SecurityType:
        return self.symbol.security_type

    @property
    def invested(self) -> bool:
        return self.holdings.invested

    def _price(self) -> Decimal:
        if self._column is None:
            return ZERO if self._last is None else Decimal(repr(float(self._last.value)))
        return self._feed.price(self._column)

    @property
    def price(self) -> float:
        return float(self._price())

    @property
    def close(self) -> float:
        return self.price

    def set_market_price(self, data: Any) -> None:
        """A price before the first bar: without one no order is taken."""
        assert self._column is not None, "the stand-in sets prices of names only"
        self._feed.given[self._column] = Decimal(repr(float(data.close)))
        self._feed._prices.pop(self._column, None)

    @property
    def has_data(self) -> bool:
        return self.get_last_data() is not None

    @property
    def open(self) -> float:
        return self._field("open")

    @property
    def high(self) -> float:
        return self._field("high")

    @property
    def low(self) -> float:
        return self._field("low")

    @property
    def volume(self) -> float:
        """The last volume that was not 0: neither a copy of the last bar nor a real bar of volume 0 moves it (lean.md, bridge)."""
        return self._field("volume") if self._column is None else self._feed.volume(self._column)

    def _field(self, name: str) -> float:
        last = self.get_last_data()
        return 0.0 if last is None else float(getattr(last, name))

    @property
    def local_time(self) -> datetime:
        return self._feed.now

    def get_last_data(self) -> Any:
        """The last bar, a filled-forward copy included; None before the first."""
        return self._last if self._column is None else self._feed.bar(self.symbol, self._column)


class SecurityManager(ManagedDictionary[Security]):
    """`algorithm.securities`."""


class SecurityChanges(NamedTuple):
    """What was added and removed; custom data is filtered out."""

    added_securities: list[Security]
    removed_securities: list[Security]


class SecurityPortfolioManager(ManagedDictionary[SecurityHolding]):
    """The account. Values are taken at the last prices; cached until something moves."""

    def __init__(self, securities: dict[Symbol, Security]) -> None:
        super().__init__({})
        self._securities = securities
        self._cash = Decimal(100_000)
        self._fees = ZERO
        self._worth: tuple[Decimal, Decimal] | None = None
        self._held: dict[Symbol, SecurityHolding] = {}

    def _hold(self, security: Security) -> None:
        self._data[security.symbol] = security.holdings

    def _set(self, holding: SecurityHolding, quantity: Decimal, average: Decimal) -> None:
        """The only way a position changes."""
        holding._quantity, holding._average = quantity, average
        if quantity:
            self._held[holding.symbol] = holding
        else:
            self._held.pop(holding.symbol, None)
        self._moved()

    def _moved(self) -> None:
        """A price, a holding or the cash changed."""
        self._worth = None

    def _values(self) -> tuple[Decimal, Decimal]:
        """Signed and absolute value of all holdings."""
        if self._worth is None:
            values = [holding._value() for holding in self._held.values()]
            self._worth = sum(values, ZERO), sum(map(abs, values), ZERO)
        return self._worth

    def _total(self) -> Decimal:
        return self._cash + self._values()[0]

    def _margin_used(self) -> Decimal:
        return self._values()[1] / LEVERAGE

    @property
    def cash(self) -> float:
        return float(self._cash)

    @property
    def total_portfolio_value(self) -> float:
        return float(self._total())

    @property
    def total_holdings_value(self) -> float:
        return float(self._values()[1])

    @property
    def total_absolute_holdings_cost(self) -> float:
        return float(sum((abs(holding._quantity * holding._average) for holding in self._held.values()), ZERO))

    @property
    def total_unrealized_profit(self) -> float:
        return sum(holding.unrealized_profit for holding in self._held.values())

    @property
    def total_margin_used(self) -> float:
        return float(self._margin_used())

    @property
    def margin_remaining(self) -> float:
        return float(self._total() - self._margin_used())

    @property
    def total_fees(self) -> float:
        return float(self._fees)

    @property
    def invested(self) -> bool:
        return bool(self._held)
