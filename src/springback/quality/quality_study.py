"""What the gate hands to the page, the file and the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from springback.market.market_data import MarketData
from springback.market.quarantine import Span, inside
from springback.quality.gate import standing, verdict
from springback.quality.quality_finding import QualityFinding


@dataclass(frozen=True, eq=False)
class QualityStudy:
    """`market_data` is None where the door refused the files; `facts` are label and text."""

    findings: tuple[QualityFinding, ...]
    market_data: MarketData | None
    spans: tuple[Span, ...]
    facts: Mapping[str, str]

    @property
    def flags(self) -> tuple[str, ...]:
        """What must be known before the verdict."""
        return ("Demo market: every price is invented.",) if self.market_data is not None and self.market_data.origin.demo else ()

    @property
    def verdict(self) -> str:
        """One line."""
        return verdict(self.findings, self.spans)

    @property
    def usable(self) -> bool:
        """Whether no error stands."""
        return not standing(self.findings, "error")


def as_json(study: QualityStudy) -> dict[str, Any]:
    """All of it as plain values, in one order."""
    return {
        "verdict": study.verdict,
        "usable": study.usable,
        "facts": dict(study.facts),
        "findings": [
            {
                "check": one.check,
                "severity": one.severity,
                "count": one.count,
                "names": one.names,
                "share": one.share,
                "said": one.sentence,
                "left": one.left,
                "rows": [list(row) for row in one.rows],
            }
            for one in study.findings
        ],
        "quarantine": {"spans": len(study.spans), "names": len({span.symbol for span in study.spans}), "bars": bars_out(study)},
    }


def bars_out(study: QualityStudy) -> int:
    """Bars that the quarantine leaves out."""
    if study.market_data is None or not study.spans:
        return 0
    return int((inside(study.market_data.bars, study.spans) & ~np.isnan(study.market_data.bars.close)).sum())
