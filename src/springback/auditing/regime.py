"""The regime of a decision knows the VIX close of its own session and of none after it."""

from dataclasses import replace

import numpy as np

from springback.auditing.audit_finding import CheckResult, judged
from springback.auditing.case import Case, draw_sessions
from springback.auditing.difference import account_fault, orders_fault
from springback.market.forecasts import Forecasts

CALM, PANIC = 5.0, 95.0


def vix_timing(case: Case) -> CheckResult:
    """VIX after a decision is set to panic and to calm: the regime and the orders of the session stay. Its own VIX does move the regime."""
    base, market_data = case.base.result, case.sample
    end = base.first + len(base.sessions)
    rows = draw_sessions(case.draw(8), base.first + 1, end - 2, 4 * len(case.at))
    fault, moved = None, 0
    for row in rows:
        seen = set()
        for level in (PANIC, CALM):
            case.tell(f"VIX of {level:.0f} after {market_data.bars.sessions[row]}")
            after = case.pipeline.backtest(
                replace(market_data, vix=np.where(np.arange(len(market_data.vix)) > row, level, market_data.vix)), _said(case)
            )
            fault = fault or account_fault(base, after, row) or orders_fault(base, after, row + 1)
            own = case.pipeline.backtest(
                replace(market_data, vix=np.where(np.arange(len(market_data.vix)) == row, level, market_data.vix)), _said(case)
            )
            seen.add(float(own.daily["bear"][row - base.first]))
        moved += len(seen) == 2
    tried = f"{len(rows)} sessions, VIX of {PANIC:.0f} and of {CALM:.0f} from the next one on"
    if fault is None and moved == 0:
        return CheckResult("WARN", tried, "the session's own VIX never moves the regime: it is not applied")
    return judged(fault and f"VIX of later sessions was used: {fault}", tried, f"regime and orders stay; its own VIX moves it in {moved}")


def _said(case: Case) -> Forecasts:
    return case.base.learned.forecasts
