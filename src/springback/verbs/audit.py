"""What `springback audit` does: every check of the pipeline on a sample of the data, the table and the page."""

from pathlib import Path
from typing import Any

from springback.auditing.audit_finding import failed
from springback.auditing.audit_page import Audit, title
from springback.market.market_data import MarketData
from springback.verbs.console import Console, table
from springback.workflow import audit as workflow
from springback.workflow.audit import PAGE, Effort
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings

__all__ = ["Effort"]


def audit(console: Console, settings: Settings, market_data: MarketData, effort: Effort, out: Path, record: Recorder) -> bool:
    """Whether no check fails; audit.json and audit.html in `out`, and the table. The run on the sample goes into the trial ledger."""
    result = workflow.audit(settings, market_data, effort, console, record)
    console.payload["audit"] = workflow.write(result, out)
    console.payload["page"] = str(out / PAGE)
    _say(console, result, out)
    return not failed(result.findings)


def _say(console: Console, result: Audit, out: Path) -> None:
    for flag in result.flags:
        console.say(flag)
    console.say(result.sampled)
    shown: Any = table("", "check", "", "found", "tried")
    for column in shown.columns[1:]:
        column.justify, column.style = "left", ""
    for column in shown.columns[2:]:
        column.no_wrap, column.overflow = False, "fold"
    for one in result.findings:
        shown.add_row(one.check, one.verdict, one.statement, one.tried)
    console.show(shown)
    console.say(f"{title(result.findings)}; {result.seconds:.0f} s")
    console.say(f"page: {out / PAGE}")
