"""What a backtest gives: orders, fills, account, trades and the funnel, as columns and as frames."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.backtest.state import STATUSES, WAITING, WHYS, Floats
from springback.market.bars import Dates
from springback.market.costs import Profile
from springback.strategy.decide import FUNNEL, OPTIONAL
from springback.strategy.rule import DELISTING, REASONS, RESTING_STOP

Columns = dict[str, Floats]
OPEN, CLOSE, MIDNIGHT = 9 * 60 + 30, 16 * 60, 24 * 60
"""Minutes of New York's day at which fills are stamped."""
RECORDED = tuple("Liquidate from delisting" if reason == REASONS[DELISTING] else reason for reason in REASONS)
"""The reasons as files have them: of a delisting the words of LEAN, whose recordings were the first."""


@dataclass(frozen=True, eq=False)
class Result:
    """One run, charged by `profile`. `sessions` (S,), `symbols` (N,), `first` the row of the market data its first session has.

    `orders`, `fills`, `trades`, `daily` and `positions` (open at the end) are columns of equal length, named as in `state.py`; `row`
    columns count from the start of the market data. `funnel` (S, 2, len(FUNNEL)) counts what became of the names beyond the QPI threshold,
    long and short."""

    sessions: Dates
    symbols: tuple[str, ...]
    first: int
    cash: float
    profile: Profile
    orders: Columns
    fills: Columns
    trades: Columns
    daily: Columns
    positions: Columns
    funnel: NDArray[np.int64]


def orders_frame(result: Result) -> pd.DataFrame:
    """order_id, decided, symbol, quantity, reason: the orders as they were sent; a resting stop reads `resting_stop@LEVEL`.

    Then what became of each: `status` (`state.STATUSES`), the session in which it `ended` (NaT: it waits) and `why` it was not filled.
    """
    columns = result.orders
    reasons = [reason_of(code, level) for code, level in zip(columns["reason"].astype(int), columns["level"], strict=True)]
    waiting = columns["status"] == WAITING  # of no session yet
    return pd.DataFrame(
        {
            "order_id": columns["order_id"].astype(np.int64),
            "decided": _days(result, columns["row"]),
            "symbol": _symbols(result, columns["name"]),
            "quantity": columns["quantity"].astype(np.int64),
            "reason": reasons,
            "status": [STATUSES[code] for code in columns["status"].astype(int)],
            "ended": _days(result, np.where(waiting, columns["row"], columns["ended"])).where(~waiting),
            "why": [WHYS[code] for code in columns["why"].astype(int)],
        }
    )


def reason_of(code: int, level: float) -> str:
    """The reason of an order as the tables name it, with the `level` in dollars of a resting stop."""
    return f"resting_stop@{float(level)}" if code == RESTING_STOP else RECORDED[code]


def fills_frame(result: Result) -> pd.DataFrame:
    """order_id, time, symbol, quantity, price, fee, reason, slippage, in the order of the orders.

    `time` is New York's: 09:30 for what fills at the open; 16:00 for a resting stop at its level, whose moment within the session is not
    known; 00:00 after the last session for a delisting.
    """
    columns = result.fills
    days = pd.DatetimeIndex(_days(result, columns["row"]))
    minutes = np.select([columns["midnight"] == 1, columns["at_level"] == 1], [MIDNIGHT, CLOSE], OPEN)
    times = days + pd.to_timedelta(minutes, unit="min")
    return pd.DataFrame(
        {
            "order_id": columns["order_id"].astype(np.int64),
            "time": times,
            "symbol": _symbols(result, columns["name"]),
            "quantity": columns["quantity"].astype(np.int64),
            "price": columns["price"],
            "fee": columns["fee"],
            "reason": [RECORDED[code] for code in columns["reason"].astype(int)],
            "slippage": columns["slippage"],
        }
    )


def daily_frame(result: Result) -> pd.DataFrame:
    """date and the account's columns, one row a session, as it stood at 16:30 before new orders."""
    sides = [f"{side}_{what}" for side in ("long", "short") for what in ("candidates", "entries", "positions", "waiting")]
    counts = ("n_long", "n_short", "bear", *sides)
    frame = pd.DataFrame({"date": pd.DatetimeIndex(result.sessions), **result.daily})
    return frame.astype(dict.fromkeys(counts, np.int64))


def trades_frame(result: Result) -> pd.DataFrame:
    """One row a closed position, in the order of closing; `profit` is net of all costs, `return` is profit over what was put in.

    A trade whose shares were split is told on the scale of its end; one that a reverse split paid out whole, reason `split`, on its own.
    """
    columns = result.trades
    value = columns["value"]
    return pd.DataFrame(
        {
            "symbol": _symbols(result, columns["name"]),
            "side": np.where(columns["side"] == 0, "long", "short"),
            "entry_date": _days(result, columns["entry_row"]),
            "exit_date": _days(result, columns["exit_row"]),
            "quantity": columns["quantity"].astype(np.int64),
            "entry_price": columns["entry_price"],
            "exit_price": columns["exit_price"],
            "sessions": (columns["exit_row"] - columns["entry_row"]).astype(np.int64),
            "reason": [RECORDED[code] for code in columns["reason"].astype(int)],
            "fees": columns["fees"],
            "slippage": columns["slippage"],
            "dividends": columns["dividends"],
            "borrow": columns["borrow"],
            "profit": columns["profit"],
            "return": np.divide(columns["profit"], value, out=np.full(len(value), np.nan), where=value > 0),
            "bear": columns["bear"].astype(np.int64),
            "probability": columns["probability"],
            "qpi": columns["qpi"],
        }
    )


def positions_frame(result: Result) -> pd.DataFrame:
    """One row a position that is open at the end: symbol, side, entry_date, quantity, entry_price, last_close, sessions, value (dollars at
    the last close, short negative), profit (dollars at the last close, net of costs so far), return (over what was put in), and whether
    an exit waits.
    """
    columns = result.positions
    at_end = result.first + len(result.sessions) - 1
    return pd.DataFrame(
        {
            "symbol": _symbols(result, columns["name"]),
            "side": np.where(columns["quantity"] > 0, "long", "short"),
            "entry_date": _days(result, columns["entry_row"]),
            "quantity": np.abs(columns["quantity"]).astype(np.int64),
            "entry_price": columns["entry_price"],
            "last_close": columns["mark"],
            "sessions": (at_end - columns["entry_row"]).astype(np.int64),
            "value": columns["quantity"] * columns["mark"],
            "profit": columns["profit"],
            "return": columns["profit"] / columns["value"],
            "closing": columns["closing"].astype(bool),
        }
    )


def funnel_frame(result: Result) -> pd.DataFrame:
    """One row a side, one column a stage of `FUNNEL`: counts over the whole run; a stage of a variant only where names left there."""
    frame = pd.DataFrame(result.funnel.sum(axis=0), index=["long", "short"], columns=list(FUNNEL))
    return frame.drop(columns=[stage for stage in OPTIONAL if not frame[stage].any()])


def _days(result: Result, rows: Floats) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(result.sessions[rows.astype(np.int64) - result.first])


def _symbols(result: Result, columns: Floats) -> list[str]:
    return [result.symbols[column] for column in columns.astype(np.int64)]
