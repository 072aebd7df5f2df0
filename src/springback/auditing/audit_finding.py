"""What a check found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["PASS", "FAIL", "WARN", "MEASURED", "SKIPPED"]


@dataclass(frozen=True)
class AuditFinding:
    """`check` by its key, what it `does` in words, what was `tried` with counts, and the `statement` of it in one line; `figures` are the
    numbers behind it.

    FAIL: the pipeline, or the data, deceive. WARN: they may. MEASURED: no verdict is due. SKIPPED: the data cannot answer.
    """

    check: str
    does: str
    verdict: Verdict
    tried: str
    statement: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckResult:
    """A finding before it is given its name."""

    verdict: Verdict
    tried: str
    statement: str
    figures: Mapping[str, float] = field(default_factory=dict)


def judged(fault: str | None, tried: str, statement: str) -> CheckResult:
    """FAIL with the first `fault`, or PASS with the `statement` otherwise."""
    return CheckResult("PASS", tried, statement) if fault is None else CheckResult("FAIL", tried, fault)


def failed(findings: tuple[AuditFinding, ...]) -> tuple[AuditFinding, ...]:
    """Those that say FAIL."""
    return tuple(one for one in findings if one.verdict == "FAIL")
