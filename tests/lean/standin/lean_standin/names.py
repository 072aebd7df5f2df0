"""The enumerations and small constants of LEAN that a Python algorithm names, with LEAN's numbers."""

from enum import IntEnum
from typing import ClassVar


class Resolution(IntEnum):
    TICK = 0
    SECOND = 1
    MINUTE = 2
    HOUR = 3
    DAILY = 4


class DataNormalizationMode(IntEnum):
    RAW = 0
    ADJUSTED = 1
    SPLIT_ADJUSTED = 2
    TOTAL_RETURN = 3
    FORWARD_PANAMA_CANAL = 4
    BACKWARDS_PANAMA_CANAL = 5
    BACKWARDS_RATIO = 6
    SCALED_RAW = 7


class SecurityType(IntEnum):
    BASE = 0
    EQUITY = 1
    OPTION = 2
    COMMODITY = 3
    FOREX = 4
    FUTURE = 5
    CFD = 6
    CRYPTO = 7
    FUTURE_OPTION = 8
    INDEX = 9
    INDEX_OPTION = 10
    CRYPTO_FUTURE = 11


class SplitType(IntEnum):
    WARNING = 0
    SPLIT_OCCURRED = 1


class DelistingType(IntEnum):
    WARNING = 0
    DELISTED = 1


class OrderStatus(IntEnum):
    NEW = 0
    SUBMITTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 5
    NONE = 6
    INVALID = 7
    CANCEL_PENDING = 8
    UPDATE_SUBMITTED = 9


CLOSED = (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.INVALID)


class OrderType(IntEnum):
    MARKET = 0
    LIMIT = 1
    STOP_MARKET = 2
    STOP_LIMIT = 3
    MARKET_ON_OPEN = 4
    MARKET_ON_CLOSE = 5


class BrokerageName(IntEnum):
    """Those whose windows and expiries the stand-in knows, see broker.py; LEAN knows more."""

    DEFAULT = 0
    INTERACTIVE_BROKERS_BROKERAGE = 2
    ALPACA = 9
    TRADE_STATION = 29


class TimeInForce(IntEnum):
    GOOD_TIL_CANCELED = 0
    DAY = 1


class OrderDirection(IntEnum):
    BUY = 0
    SELL = 1
    HOLD = 2


class OrderField(IntEnum):
    LIMIT_PRICE = 0
    STOP_PRICE = 1
    TRIGGER_PRICE = 2


class AccountType(IntEnum):
    MARGIN = 0
    CASH = 1


class SubscriptionTransportMedium(IntEnum):
    LOCAL_FILE = 0
    REMOTE_FILE = 1
    REST = 2
    STREAMING = 3
    OBJECT_STORE = 4


class FileFormat(IntEnum):
    CSV = 0
    BINARY = 1
    ZIP_ENTRY_NAME = 2
    UNFOLDING_COLLECTION = 3
    INDEX = 4
    FOLDING_COLLECTION = 5


class Market:
    USA = "usa"
    CBOE = "cboe"


class TimeZones:
    NEW_YORK = "America/New_York"
    UTC = "UTC"


class Globals:
    """`Globals.data_folder` is set by the engine to the folder it was given, with LEAN's trailing slash."""

    data_folder: ClassVar[str] = "./"
