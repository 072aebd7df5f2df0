"""What a step of trading came to: its exit code, its facts and its reasons."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from springback.operation.frozen_decision import Reason
from springback.state.trading_rows import Step

DONE, FAILED, USAGE, NO_DECISION, EXITS_ONLY, UNREACHABLE, HALTED, UNKNOWN = range(8)
"""Exit codes: done or nothing due; failed; usage; no frozen decision yet; exits only; the broker is unreachable; halted; orders are left of
which nobody knows what became.
"""
ENDS = {
    DONE: "done",
    FAILED: "failed",
    USAGE: "wrong usage",
    NO_DECISION: "no frozen decision yet",
    EXITS_ONLY: "exits only",
    UNREACHABLE: "the broker is unreachable",
    HALTED: "halted",
    UNKNOWN: "orders are left of which nobody knows what became",
}
"""What they mean."""


@dataclass(frozen=True)
class TradeOutcome:
    """One call of a `step` (decide, send, check, collect, reconcile) for the decision of `session` (ISO date; empty: there is none):
    `facts` are plain values for a program, `reasons` say why it is not done.
    """

    step: str
    session: str
    code: int = DONE
    facts: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()

    def row(self, at: datetime, rehearsal: bool) -> Step:
        """As the state keeps it; of a step without a session that of the day of `at`."""
        body = {"facts": dict(self.facts), "reasons": [asdict(one) for one in self.reasons]}
        day = date.fromisoformat(self.session) if self.session else at.date()
        return Step(day, self.step, at, self.code, json.dumps(body, sort_keys=True), rehearsal)
