"""The universe of an old session holds names that are gone by now."""

import numpy as np

from springback.auditing.audit_finding import CheckResult
from springback.auditing.case import Case

SESSIONS = 252
LEAST, USUAL = 0.01, (0.05, 0.08)
"""Names that leave a year: under LEAST nearly none does; USUAL is a broad US index, mergers included, and fewer is no pass."""
SURE = 1.645
"""Standard errors below the fewest expected: what one honest index in twenty shows by chance."""
NEEDED = 5.0
"""Names that must be expected to leave before none is a finding."""


def survivors(case: Case) -> CheckResult:
    """How many of the names of the earliest universe have no bar at the end of the market data."""
    market_data = case.whole
    sessions = market_data.bars.shape[0]
    eligible = case.pipeline.eligible(market_data)
    ranked = np.flatnonzero(eligible.any(axis=1))
    if len(ranked) == 0:
        return CheckResult("SKIPPED", f"{market_data.bars.shape[1]:,} names", "no name is ever in the universe")
    first = int(ranked[0])
    names = np.flatnonzero(eligible[first : first + 63].any(axis=0))
    years = (sessions - 1 - first) / SESSIONS
    left = int(np.sum(market_data.last[names] < sessions - 6))
    rate = 1 - (1 - left / len(names)) ** (1 / years) if years > 0 else 0.0
    low, high = (len(names) * (1 - (1 - one) ** years) for one in USUAL)
    tried = f"{len(names):,} names of {market_data.bars.sessions[first]}, followed for {years:.1f} years"
    figures = {"names": len(names), "years": years, "left": left, "left_a_year": rate}
    said = f"{left:,} leave, {100 * rate:.1f} % a year; an index loses 5 to 8 %, here {low:,.0f} to {high:,.0f}"
    if len(names) * (1 - (1 - 0.03) ** years) < NEEDED:
        return CheckResult("SKIPPED", tried, f"too few names and years to tell; {said}", figures)
    if left == 0:
        return CheckResult(
            "FAIL", tried, f"looks like survivors only: none of them ever leaves; {low:,.0f} to {high:,.0f} of an index would", figures
        )
    doubts = []
    share = low / len(names)
    if left < low - SURE * np.sqrt(low * (1 - share)):
        doubts.append("nearly survivors only" if rate < LEAST else "fewer leave than an index loses, and survivors flatter")
    if market_data.members is None:
        doubts.append("no membership is known, a proxy stands in")
    if doubts:
        return CheckResult("WARN", tried, f"{', and '.join(doubts)}: {said}", figures)
    return CheckResult("PASS", tried, said, figures)
