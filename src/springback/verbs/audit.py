"""What `springback audit` does: every check of the pipeline on a sample of the data, the table and the page."""

from pathlib import Path
from typing import Any

from springback.auditing.audit_finding import failed
from springback.auditing.audit_page import Audit, title
from springback.market.tape import Tape
from springback.verbs.console import Voice, table
from springback.workflow import audit as workflow
from springback.workflow.audit import PAGE, Effort
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings

__all__ = ["Effort"]


def audit(voice: Voice, chosen: Settings, tape: Tape, effort: Effort, out: Path, record: Recorder) -> bool:
    """Whether no check fails; audit.json and audit.html in `out`, and the table. The run on the sample goes into the trial ledger."""
    made = workflow.audit(chosen, tape, effort, voice, record)
    voice.told["audit"] = workflow.write(made, out)
    voice.told["page"] = str(out / PAGE)
    _say(voice, made, out)
    return not failed(made.findings)


def _say(voice: Voice, made: Audit, out: Path) -> None:
    for flag in made.flags:
        voice.say(flag)
    voice.say(made.sampled)
    shown: Any = table("", "check", "", "found", "tried")
    for column in shown.columns[1:]:
        column.justify, column.style = "left", ""
    for column in shown.columns[2:]:
        column.no_wrap, column.overflow = False, "fold"
    for one in made.findings:
        shown.add_row(one.check, one.verdict, one.said, one.tried)
    voice.show(shown)
    voice.say(f"{title(made.findings)}; {made.seconds:.0f} s")
    voice.say(f"page: {out / PAGE}")
