"""What a check found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["PASS", "FAIL", "WARN", "MEASURED", "SKIPPED"]


@dataclass(frozen=True)
class Finding:
    """`check` by its key, what it `does` in words, what was `tried` with counts, and what is `said` of it in one line; `figures` are the
    numbers behind it.

    FAIL: the pipeline, or the data, deceive. WARN: they may. MEASURED: no verdict is due. SKIPPED: the data cannot answer.
    """

    check: str
    does: str
    verdict: Verdict
    tried: str
    said: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """A finding before it is given its name."""

    verdict: Verdict
    tried: str
    said: str
    figures: Mapping[str, float] = field(default_factory=dict)


def judged(fault: str | None, tried: str, said: str) -> Outcome:
    """FAIL with the first `fault`, or PASS with what is `said` otherwise."""
    return Outcome("PASS", tried, said) if fault is None else Outcome("FAIL", tried, fault)


def failed(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that say FAIL."""
    return tuple(one for one in findings if one.verdict == "FAIL")
