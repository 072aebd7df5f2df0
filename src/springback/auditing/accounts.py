"""The account is kept again from its fills alone: who ordered them, when, at what price, and what cash is left."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.auditing.audit_finding import CheckResult, judged
from springback.auditing.case import Case
from springback.backtest.result import Result
from springback.market.actions import SPLIT
from springback.market.market_data import TRADING, MarketData
from springback.strategy.rule import RESTING_STOP

CENT = 1e-8
"""Dollars, for each dollar at the start, by which two sums of the same money may differ: a cent in a million."""


@dataclass(frozen=True)
class Fill:
    """One fill as the audit reads it; `raw` is the price before slippage, `k` its place in the table."""

    k: int
    order: int
    row: int
    name: int
    quantity: int
    price: float
    raw: float
    fee: float
    midnight: bool


def fills(case: Case) -> CheckResult:
    """Each fill has an order, comes after the session that decided it, at the next real bar's open; a stop through a gap at the open."""
    result = case.base.result
    account_fills = read(result)
    fault = next((found for one in account_fills if (found := fill_fault(case.sample, result, one))), None)
    return judged(fault, f"{len(account_fills):,} fills of {len(result.orders['row']):,} orders", "each at the open of the next real bar")


def money(case: Case) -> CheckResult:
    """Cash and holdings, kept again from the fills, give the equity of every session."""
    result = case.base.result
    fault = cash_fault(case.sample, result, read(result))
    return judged(fault, f"{len(result.sessions):,} sessions, {len(result.fills['row']):,} fills", "cash + holdings = equity on each")


def read(result: Result) -> list[Fill]:
    """The fills in order."""
    columns = result.fills
    rows = []
    for k in range(len(columns["row"])):
        quantity = int(columns["quantity"][k])
        price = float(columns["price"][k])
        raw = price - float(columns["slippage"][k]) / quantity if quantity else price
        midnight = bool(columns["midnight"][k])
        order, row, name = (int(columns[key][k]) for key in ("order_id", "row", "name"))
        rows.append(Fill(k, order, row, name, quantity, price, raw, float(columns["fee"][k]), midnight))
    return rows


def fill_fault(market_data: MarketData, result: Result, fill: Fill) -> str | None:
    """None, or what is wrong with one fill."""
    who = f"fill of {market_data.bars.symbols[fill.name]} on {market_data.bars.sessions[fill.row]}"
    if fill.midnight:
        gone = market_data.last[fill.name] == fill.row and market_data.ending[fill.name] != TRADING
        return None if gone else f"{who}: closed as delisted, and it was not"
    at = np.flatnonzero(result.orders["order_id"] == fill.order)
    if len(at) != 1 or int(result.orders["name"][at[0]]) != fill.name:
        return f"{who}: no order of that name has the number {fill.order}"
    decided, ordered = int(result.orders["row"][at[0]]), int(result.orders["quantity"][at[0]])
    if fill.row <= decided:
        return f"{who}: filled in the session that decided it, {market_data.bars.sessions[decided]}, at {fill.raw:.4f}"
    splits = _splits(market_data, fill.name, decided + 1, fill.row)
    for factor in splits:
        ordered = int(ordered / factor)
    if ordered != fill.quantity:
        return f"{who}: {fill.quantity:+,} shares, ordered were {ordered:+,}"
    if int(result.orders["reason"][at[0]]) == RESTING_STOP:
        return _stop_fault(market_data, fill, float(result.orders["level"][at[0]]), bool(splits), who)
    return _open_fault(market_data, fill, decided, who)


def _open_fault(market_data: MarketData, fill: Fill, decided: int, who: str) -> str | None:
    opens = market_data.bars.printed("open")[:, fill.name]
    first = decided + 1 + int(np.argmax(~np.isnan(opens[decided + 1 : fill.row + 1])))
    if first != fill.row:
        return f"{who}: the next real bar was {market_data.bars.sessions[first]}"
    if not np.isclose(fill.raw, opens[fill.row], rtol=1e-9, atol=0):
        return f"{who}: at {fill.raw:.4f} before costs, the open was {opens[fill.row]:.4f}"
    return None


def _stop_fault(market_data: MarketData, fill: Fill, level: float, split: bool, who: str) -> str | None:
    open_, high, low = (float(getattr(market_data.bars, name)[fill.row, fill.name]) for name in ("open", "high", "low"))
    if not market_data.bars.traded[fill.row, fill.name]:
        return f"{who}: a stop filled on a row that nobody traded"
    gapped = open_ <= level if fill.quantity < 0 else open_ >= level
    due = open_ if gapped else level
    if split:
        return None if low - 0.01 <= fill.raw <= high + 0.01 else f"{who}: stop at {fill.raw:.4f}, the bar was {low:.4f} to {high:.4f}"
    if not np.isclose(fill.raw, due, rtol=1e-9, atol=0):
        why = "the bar opened beyond the stop" if gapped else "the stop's level is due"
        return f"{who}: stop filled at {fill.raw:.4f} before costs, due was {due:.4f}: {why}"
    return None if low <= level <= high or gapped else f"{who}: the bar never reached the stop at {level:.4f}"


def cash_fault(market_data: MarketData, result: Result, account_fills: list[Fill]) -> str | None:
    """None, or the first session whose equity is not cash plus holdings."""
    daily = result.daily
    for k, cash, shares, marks in kept(market_data, result, account_fills):
        worth = float(np.sum(shares[shares != 0] * marks[shares != 0]))
        for what, mine, stated in (("cash", cash, daily["cash"][k]), ("equity", cash + worth, daily["equity"][k])):
            if not abs(mine - stated) <= CENT * max(1.0, abs(result.cash)):
                return f"{what} of {result.sessions[k]}: the account says {stated:,.2f}, its fills give {mine:,.2f}"
    return None


def kept(
    market_data: MarketData, result: Result, account_fills: list[Fill]
) -> Iterator[tuple[int, float, NDArray[np.int64], NDArray[np.float64]]]:
    """(place of the session, cash, shares held (N,), last closes (N,)) after each close, from the fills and events alone.

    The profile `realistic` values with every row, `lean` with bars alone.
    """
    shares, marks = np.zeros(market_data.bars.shape[1], np.int64), np.full(market_data.bars.shape[1], np.nan)
    closes = market_data.bars.close if result.profile == "realistic" else market_data.bars.printed("close")
    cash, daily = result.cash, result.daily
    by_row: dict[tuple[bool, int], list[Fill]] = {}
    for fill in account_fills:
        by_row.setdefault((fill.midnight, fill.row), []).append(fill)
    for k in range(len(result.sessions)):
        row = result.first + k
        cash -= float(daily["borrow"][k] + daily["financing"][k])
        for fill in by_row.get((True, row - 1), ()):
            cash -= _settled(fill, shares)
        cash += _midnight_cash(market_data, row, shares, marks)
        for fill in by_row.get((False, row), ()):
            cash -= _settled(fill, shares)
        marks = np.where(np.isnan(closes[row]), marks, closes[row])
        yield k, cash, shares, marks


def _settled(fill: Fill, shares: NDArray[np.int64]) -> float:
    shares[fill.name] += fill.quantity
    return fill.quantity * fill.price + fill.fee


def _midnight_cash(market_data: MarketData, row: int, shares: NDArray[np.int64], marks: NDArray[np.float64]) -> float:
    """Dividends on what is held, and fractions of splits, of session `row`; puts holdings on the scale after the splits."""
    actions, paid = market_data.actions, 0.0
    for k in np.flatnonzero(actions.row == row):
        name, value = int(actions.name[k]), float(actions.value[k])
        if actions.kind[k] != SPLIT:
            paid += float(shares[name] * value)
            continue
        whole = int(shares[name] / value)
        marks[name] *= value
        if shares[name]:
            paid += float((shares[name] / value - whole) * marks[name])
        shares[name] = whole
    return paid


def _splits(market_data: MarketData, name: int, first: int, last: int) -> list[float]:
    """Split factors of `name` that take effect in the rows `first..last`."""
    actions = market_data.actions
    own = (actions.name == name) & (actions.kind == SPLIT) & (actions.row >= first) & (actions.row <= last)
    return [float(one) for one in actions.value[own]]
