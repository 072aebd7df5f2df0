"""What `from AlgorithmImports import *` gives on LEAN, as far as a daily equity algorithm uses it.

Only names LEAN has are here, so a name that is missing has to be looked up there first.
"""
# ruff: noqa: F401, F403

import json
import math
import os
import sys
from datetime import date, datetime, time, timedelta
from typing import *

import numpy as np
import pandas as pd
from lean_standin.algorithm import QCAlgorithm
from lean_standin.data import (
    BaseData,
    Delisting,
    Dividend,
    PythonData,
    SecurityIdentifier,
    Slice,
    Split,
    SubscriptionDataConfig,
    SubscriptionDataSource,
    Symbol,
    TradeBar,
    TradeBars,
)
from lean_standin.host import AlgorithmSettings, ObjectStore, ScheduledEvent, UniverseSettings
from lean_standin.names import (
    AccountType,
    BrokerageName,
    DataNormalizationMode,
    DelistingType,
    FileFormat,
    Globals,
    Market,
    OrderDirection,
    OrderField,
    OrderStatus,
    OrderType,
    Resolution,
    SecurityType,
    SplitType,
    SubscriptionTransportMedium,
    TimeInForce,
    TimeZones,
)
from lean_standin.orders import Order, OrderEvent, OrderFee, OrderProperties, OrderResponse, OrderTicket, UpdateOrderFields
from lean_standin.securities import (
    Security,
    SecurityChanges,
    SecurityExchange,
    SecurityHolding,
    SecurityManager,
    SecurityPortfolioManager,
)
