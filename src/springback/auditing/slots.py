"""Who holds the slots, counted again: positions from the fills, living entries from the orders."""

import numpy as np

from springback.auditing.accounts import Fill, kept, read
from springback.auditing.audit_finding import CheckResult
from springback.auditing.case import Case
from springback.backtest.result import Result
from springback.backtest.state import CANCELLED, DELISTED_AWAY, DROPPED, FILLED, WAITING
from springback.market.market_data import MarketData
from springback.strategy.rule import ENTRY


def slots(case: Case) -> CheckResult:
    """Each session's positions and waiting entries are what fills and orders say; a warning where entries held slots while they waited."""
    result = case.base.result
    entry = result.orders["reason"] == ENTRY
    fates = {code: int((entry & (result.orders["status"] == code)).sum()) for code in (FILLED, CANCELLED, DROPPED, WAITING)}
    tried = f"{int(entry.sum()):,} entries, {len(result.sessions):,} sessions"
    if (fault := slot_fault(case.sample, result, read(result))) is not None:
        return CheckResult("FAIL", tried, fault)
    waited = result.daily["long_waiting"] + result.daily["short_waiting"]
    said = (
        f"{fates[FILLED]:,} filled, {fates[CANCELLED]:,} taken back, {fates[DROPPED]:,} dropped, {fates[WAITING]:,} waiting at the end; "
        + (
            f"{int(waited.sum()):,} times a slot was held by an order, at most {int(waited.max())} at once"
            if waited.any()
            else "no slot waited"
        )
    )
    return CheckResult("WARN" if waited.any() else "PASS", tried, said, {"slots_waiting": float(waited.sum())})


def slot_fault(market_data: MarketData, result: Result, account_fills: list[Fill]) -> str | None:
    """None, or the first session whose counts are not those of fills and orders."""
    orders, daily = result.orders, result.daily
    entry = orders["reason"] == ENTRY
    for k, _, shares, _ in kept(market_data, result, account_fills):
        row = result.first + k
        goes_tonight = (orders["ended"] == row) & (orders["why"] == DELISTED_AWAY)
        lives = entry & (orders["row"] < row) & ((orders["ended"] > row) | (orders["status"] == WAITING) | goes_tonight)
        for sign, side in ((1, "long"), (-1, "short")):
            mine = int(np.sum(sign * shares > 0)), int(np.sum(sign * orders["quantity"][lives] > 0))
            told = int(daily[f"{side}_positions"][k]), int(daily[f"{side}_waiting"][k])
            if mine != told:
                what = f"{told[0]} {side} positions and {told[1]} waiting entries"
                return f"{result.sessions[k]}: the account counts {what}, fills and orders give {mine[0]} and {mine[1]}"
    return None
