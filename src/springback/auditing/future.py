"""Nothing that comes after a session may change a bit of what was known on it."""

from springback.auditing import counterfactuals
from springback.auditing.audit_finding import CheckResult, judged
from springback.auditing.case import Case
from springback.auditing.difference import Tally, compare, panel_fault
from springback.auditing.pipeline import run_pipeline


def truncated(case: Case) -> CheckResult:
    """The market data ends after a session; so does what is known."""
    tally = Tally()
    for row in case.at:
        case.tell(f"the data end on {case.sample.bars.sessions[row]}")
        other = run_pipeline(case.pipeline, case.sample.until(row + 1))
        compare(case.base, other, row, row, case.pipeline.named, tally)  # the last session of market data takes no decision
    return judged(tally.fault, _tried(case, tally), "all equal to the last bit")


def corrupted(case: Case) -> CheckResult:
    """What comes after a session is garbage; the session's own decision is the same."""
    tally = Tally()
    for k, row in enumerate(case.at):
        case.tell(f"garbage after {case.sample.bars.sessions[row]}")
        other = run_pipeline(case.pipeline, counterfactuals.other_future(case.sample, row, case.draw(1, k)))
        compare(case.base, other, row, row + 1, case.pipeline.named, tally)
    return judged(tally.fault, _tried(case, tally), "all equal to the last bit, retrained models too")


def universe(case: Case) -> CheckResult:
    """The universe of all names, on truncated and on corrupted futures."""
    bars = case.whole.bars
    base = case.pipeline.eligible(case.whole)
    sessions = [bars.row(case.sample.bars.sessions[row]) for row in case.at]
    fault = None
    for k, row in enumerate(sessions):
        case.tell(f"all names, {bars.sessions[row]}")
        for other in (case.whole.until(row + 1), counterfactuals.other_future(case.whole, row, case.draw(2, k))):
            fault = fault or panel_fault("universe", base[: row + 1], case.pipeline.eligible(other)[: row + 1], bars)
    tried = f"{len(sessions)} sessions, both futures, {bars.shape[1]:,} names"
    return judged(fault, tried, "the same names on every session")


def _tried(case: Case, tally: Tally) -> str:
    count = len(case.at)
    return f"{count} session{'' if count == 1 else 's'}, {case.sample.bars.shape[1]:,} names: {tally.text()}"
